/* /api/primaries: primaries that are kept by themselves, and named by zones. */
#include "web/api.h"
#include "web/handlers.h"
#include "web/json.h"
#include "web/list.h"
#include "web/pass.h"
#include "web/zone_in.h"
#include "web/zone_out_primaries.h"

/* {name, …} with the settings as those of a zone's primary. */
static json_t *out(json_t *primary) {
	json_t *settings = json_object_get(primary, "settings"), *all = json_camel(primary);
	json_t *shown = zone_primary_out(settings ? settings : primary);
	json_object_del(all, "settings");
	json_object_del(all, "created"); /* the status tells */
	json_object_update_missing(all, shown);
	json_decref(shown);
	return all;
}

static void on_primary(struct exchange *x, json_t *result) {
	json_t *inner = json_object_get(result, "primary");
	exchange_json(x, json_is_true(json_object_get(result, "created")) ? 201 : 200,
	              out(inner ? inner : result));
}

void primary_get(struct exchange *x) {
	api_ask(x, pass_request(x), on_primary);
}

static void on_list(struct exchange *x, json_t *result) {
	json_t *rows = list_rows(result, "primaries"), *list = json_array(), *primary;
	size_t i;
	json_array_foreach(rows, i, primary) {
		json_array_append_new(list, out(primary));
	}
	exchange_json(x, 200, list);
}

void primary_list(struct exchange *x) {
	api_ask(x, pass_request(x), on_list);
}

void primary_put(struct exchange *x) {
	struct faults faults = { 0 };
	json_t *account = json_object_get(x->body, "account"), *request = api_request(x, x->route->request);
	if (account) json_object_set(request, "account", account);
	json_object_del(x->body, "account");
	json_t *settings = zone_in_primary(x->body, "", &faults);
	if (json_is_string(settings)) { /* an address alone: here it is a section of its own */
		json_t *section = json_pack("{s:o}", "address", settings);
		settings = section;
	}
	json_object_set_new(request, "name", json_string(x->params[0]));
	json_object_set_new(request, "settings", settings);
	if (api_faults(x, &faults))
		json_decref(request);
	else
		api_ask(x, request, on_primary);
}

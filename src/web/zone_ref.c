#include "web/zone_ref.h"

#include <string.h>

#include "web/api.h"
#include "web/names.h"
#include "web/site.h"
#include "web/zone_out.h"

json_t *zone_ref_request(struct exchange *x, const char *name) {
	char canonical[NAMES_TEXT_MAX], fault[NAMES_FAULT_MAX];
	bool by_name = strstr(x->route->pattern, "{name}") != NULL;
	if (by_name && names_canonical(x->params[0], canonical, fault) != OK) {
		exchange_error(x, 404, "%s", fault);
		return NULL;
	}
	json_t *request = api_request(x, name);
	if (by_name)
		json_object_set_new(request, "zone", json_string(canonical));
	else
		json_object_set_new(request, "id", json_string(x->params[0]));
	return request;
}

json_t *zone_ref_row(struct exchange *x, json_t *zone) {
	return zone_out(x->site->schemas, zone);
}

static void copy(struct exchange *x, json_t *request, const char *from, const char *to) {
	const char *value = target_query(&x->target, from);
	if (value) json_object_set_new(request, to, json_string(value));
}

void zone_ref_filter(struct exchange *x, json_t *request) {
	copy(x, request, "q", "text");
	copy(x, request, "status", "state");
	copy(x, request, "health", "health");
	copy(x, request, "reason", "reason");
	copy(x, request, "origin", "origin");
	copy(x, request, "account", "account");
}

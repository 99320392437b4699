/* What users are told of the service and of themselves. */
#include <string.h>

#include "web/api.h"
#include "web/handlers.h"
#include "web/json.h"
#include "web/pass.h"

/* "192.0.2.1,2001:db8::1": as SecondDNS's installers read it. */
static json_t *joined(json_t *list) {
	char text[1024] = "";
	size_t i, len = 0;
	json_t *item;
	json_array_foreach(list, i, item) {
		const char *one = json_string_value(item);
		size_t bare = one ? strcspn(one, "@") : 0;
		if (bare == 0 || len + bare + 2 > sizeof(text)) continue;
		if (len > 0) text[len++] = ',';
		memcpy(text + len, one, bare);
		len += bare;
		text[len] = '\0';
	}
	return json_string(text);
}

/* Of rows with a name, or of names. */
static json_t *names_of(json_t *list) {
	json_t *out = json_array(), *item;
	size_t i;
	json_array_foreach(list, i, item) {
		json_t *name = json_is_object(item) ? json_object_get(item, "name") : item;
		if (json_is_string(name)) json_array_append(out, name);
	}
	return out;
}

/* An account that has names of its own for this server delegates to these. */
static void on_server_info(struct exchange *x, json_t *result) {
	json_t *out = json_camel(result), *servers = json_object_get(result, "name_servers");
	json_t *own = names_of(json_object_get(result, "own_name_servers"));
	json_object_set_new(out, "dnsIps", joined(json_object_get(result, "addresses")));
	if (json_array_size(own) > 0) servers = own;
	json_object_set_new(out, "nameservers", json_is_array(servers) ? json_incref(servers) : json_array());
	json_decref(own);
	json_object_del(out, "nameServers");
	exchange_json(x, 200, out);
}

void server_info(struct exchange *x) {
	api_ask(x, pass_request(x), on_server_info);
}

/* The only time that the key itself is shown. */
static void on_key(struct exchange *x, json_t *result) {
	json_t *out = json_camel(result), *key = json_object_get(result, "token");
	if (key) json_object_set(out, "key", key);
	json_object_del(out, "token");
	exchange_json(x, 201, out);
}

void keys_add(struct exchange *x) {
	api_ask(x, pass_request(x), on_key);
}

#include "web/zone_out_primaries.h"

#include <string.h>

#include "base/addr.h"
#include "web/json.h"

/* {address, port}, without port where none is given; NULL: text is none. */
static json_t *endpoint_out(const char *text) {
	char bare[ADDR_TEXT_MAX];
	struct addr a;
	if (addr_parse(text, 0, &a) != OK) return NULL;
	unsigned port = a.port;
	a.port = 0;
	json_t *out = json_pack("{s:s}", "address", addr_text(&a, bare));
	if (port != 0) json_object_set_new(out, "port", json_integer((json_int_t)port));
	return out;
}

static json_t *text_out(const char *text) {
	json_t *out = endpoint_out(text);
	return out ? out : json_pack("{s:s}", "name", text);
}

static json_t *addresses_out(json_t *list) {
	json_t *out = json_array(), *item;
	size_t i;
	json_array_foreach(list, i, item) {
		if (json_is_string(item)) json_array_append_new(out, text_out(json_string_value(item)));
	}
	return out;
}

static json_t *mapping_out(json_t *primary) {
	json_t *list = json_object_get(primary, "addresses"), *tls = json_object_get(primary, "tls");
	const char *address = json_string_value(json_object_get(primary, "address"));
	const char *ixfr = json_string_value(json_object_get(primary, "request-ixfr"));
	if (!address && json_array_size(list) == 1) address = json_string_value(json_array_get(list, 0));
	json_t *out = address ? text_out(address) : json_object();
	if (!address) json_object_set_new(out, "addresses", addresses_out(list));
	if (json_object_get(primary, "key"))
		json_object_set(out, "tsigKeyId", json_object_get(primary, "key"));
	if (json_object_get(primary, "source"))
		json_object_set(out, "source", json_object_get(primary, "source"));
	if (ixfr) json_object_set_new(out, "requestIxfr", json_boolean(strcmp(ixfr, "yes") == 0));
	if (tls) json_object_set_new(out, "tls", json_camel(tls));
	return out;
}

json_t *zone_primary_out(json_t *primary) {
	if (json_is_string(primary)) return text_out(json_string_value(primary));
	return json_is_object(primary) ? mapping_out(primary) : json_object();
}

json_t *zone_primaries_out(json_t *list) {
	json_t *out = json_array(), *item;
	size_t i;
	json_array_foreach(list, i, item) {
		json_array_append_new(out, zone_primary_out(item));
	}
	return out;
}

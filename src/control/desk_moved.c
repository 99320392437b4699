/* A zone whose primary has another address: what else is known of the primary stays. */
#include <stdio.h>

#include "base/addr.h"
#include "control/desk_parts.h"

#define ENDPOINT_MAX (ADDR_TEXT_MAX + 8)

/* The port of the former address stays.  old: an address, with or without one. */
static json_t *endpoint(const char *old, const char *address) {
	struct addr former;
	char text[ENDPOINT_MAX];
	bool has_port = old && addr_parse(old, 0, &former) == OK && former.port != 0;
	if (!has_port || snprintf(text, sizeof(text), "%s@%u", address, former.port) >= (int)sizeof(text))
		return json_string(address);
	return json_string(text);
}

/* NULL: it is a name, or has several addresses. */
static json_t *primary_moved(const json_t *old, const char *address) {
	struct addr former;
	const char *text = json_string_value(old),
		   *inner = json_string_value(json_object_get(old, "address"));
	if (text) return addr_parse(text, 0, &former) == OK ? endpoint(text, address) : NULL;
	if (!inner) return NULL;
	json_t *moved = json_copy((json_t *)(uintptr_t)old); /* it is not changed */
	if (moved) (void)json_object_set_new(moved, "address", endpoint(inner, address)); /* or as it was */
	return moved;
}

json_t *desk_primaries_moved(const json_t *old, const char *address) {
	json_t *one = json_array_size(old) == 1 ? primary_moved(json_array_get(old, 0), address) : NULL;
	if (!one) one = json_string(address);
	return json_pack("[o]", one);
}

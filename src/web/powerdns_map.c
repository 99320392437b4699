#include "web/powerdns_map.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "web/zone_out.h"
#include "web/zone_out_primaries.h"

#define MASTER_MAX 128

/* -- names ------------------------------------------------------------------------------------------------------------ */

static int digit(char c) {
	if (c >= '0' && c <= '9') return c - '0';
	if (c >= 'A' && c <= 'F') return c - 'A' + 10;
	return -1;
}

enum err powerdns_zone_name(const char *id, char out[static NAMES_TEXT_MAX]) {
	char name[NAMES_TEXT_MAX], fault[NAMES_FAULT_MAX];
	size_t len = 0;
	for (; *id && len < sizeof(name) - 1; id++) {
		bool escape = *id == '=' && digit(id[1]) >= 2 && digit(id[2]) >= 0;
		if (!escape) {
			name[len++] = *id;
			continue;
		}
		name[len++] = (char)(digit(id[1]) << 4 | digit(id[2]));
		id += 2;
	}
	name[len] = '\0';
	return names_canonical(name, out, fault);
}

static json_t *dotted(const char *name) {
	return json_sprintf("%s%s", name, strcmp(name, ".") == 0 ? "" : ".");
}

/* What may not stand in a path as it is, as "=2F". */
static void id_of(const char *name, char out[static POWERDNS_ID_MAX]) {
	size_t len = 0;
	for (; *name && len < POWERDNS_ID_MAX - 8; name++) {
		bool plain = isalnum((unsigned char)*name) || strchr("-_.", *name);
		if (plain)
			out[len++] = *name;
		else
			len += (size_t)snprintf(out + len, 4, "=%02X", (unsigned char)*name);
	}
	if (len == 1 && out[0] == '.')
		len = (size_t)snprintf(out, 4, "=2E");
	else
		out[len++] = '.';
	out[len] = '\0';
}

/* -- zones ------------------------------------------------------------------------------------------------------------ */

/* {address, port} as "192.0.2.1:5300", "[2001:db8::1]:5300". */
static json_t *master_out(json_t *primary) {
	const char *address = json_string_value(json_object_get(primary, "address"));
	json_int_t port = json_integer_value(json_object_get(primary, "port"));
	if (!address) address = json_string_value(json_object_get(primary, "name"));
	if (!address) return NULL;
	if (port == 0 || port == 53) return json_string(address);
	return json_sprintf(strchr(address, ':') ? "[%s]:%lld" : "%s:%lld", address, (long long)port);
}

static void set_masters(json_t *out, json_t *settings) {
	json_t *primaries = zone_primaries_out(json_object_get(settings, "primaries")), *primary;
	json_t *masters = json_array(), *keys = json_array();
	size_t i;
	json_array_foreach(primaries, i, primary) {
		json_t *master = master_out(primary);
		const char *key = json_string_value(json_object_get(primary, "tsigKeyId"));
		if (master) json_array_append_new(masters, master);
		if (key && json_array_size(keys) == 0) json_array_append_new(keys, dotted(key));
	}
	json_object_set_new(out, "masters", masters);
	json_object_set_new(out, "slave_tsig_key_ids", keys);
	json_decref(primaries);
}

static json_int_t integer_of(json_t *object, const char *name) {
	return json_integer_value(json_object_get(object, name));
}

json_t *powerdns_zone_out(json_t *zone) {
	const char *name = json_string_value(json_object_get(zone, "name"));
	const char *account = json_string_value(json_object_get(zone, "account_name"));
	json_t *status = json_object_get(zone, "status");
	json_int_t serial = integer_of(status, "serial");
	char id[POWERDNS_ID_MAX];
	id_of(name ? name : ".", id);
	json_t *out = json_pack(
		"{s:s, s:o, s:s, s:o, s:s, s:I, s:I, s:I, s:I, s:b, s:b, s:s, s:s, s:[], s:b, s:s, s:s}",
		"id", id, "name", dotted(name ? name : "."), "type", "Zone", "url",
		json_sprintf("%s/zones/%s", POWERDNS_SERVER, id), "kind", "Slave", "serial", serial,
		"notified_serial", serial, "edited_serial", serial, "last_check",
		integer_of(status, "checked_at"), "dnssec", 0, "presigned", 0, "account",
		account ? account : "", "catalog", "", "master_tsig_key_ids", "api_rectify", 0, "soa_edit",
		"", "soa_edit_api", "");
	set_masters(out, json_object_get(zone, "settings"));
	return out;
}

/* -- bodies ------------------------------------------------------------------------------------------------------------ */

void powerdns_check_kind(json_t *body, struct faults *faults) {
	static const char *const kinds[] = { "Slave", "Secondary", "Consumer" };
	const char *kind = json_string_value(json_object_get(body, "kind"));
	for (size_t i = 0; kind && i < 2; i++) {
		if (strcasecmp(kind, kinds[i]) == 0) return;
	}
	if (kind) faults_add(faults, "kind", "this is a secondary server: expected Slave or Secondary");
}

/* "192.0.2.1", "192.0.2.1:5300", "2001:db8::1", "[2001:db8::1]:5300" as "address@port"; NULL: none of them. */
static json_t *master_in(const char *text) {
	char copy[MASTER_MAX], out[ADDR_TEXT_MAX];
	struct addr a;
	snprintf(copy, sizeof(copy), "%s", text);
	char *colon = strrchr(copy, ':'), *address = copy;
	bool bracket = copy[0] == '[' && colon && colon > copy && colon[-1] == ']';
	bool port = bracket || (colon && strchr(copy, ':') == colon);
	if (port) {
		*colon = '@';
		if (bracket) {
			memmove(colon - 1, colon, strlen(colon) + 1);
			address = copy + 1;
		}
	}
	if (strlen(text) >= sizeof(copy) || addr_parse(address, 0, &a) != OK) return NULL;
	return json_string(addr_text(&a, out));
}

/* The key of the body for its masters, without final dot; NULL: none. */
static const char *key_in(json_t *body, char out[static NAMES_TEXT_MAX]) {
	json_t *keys = json_object_get(body, "slave_tsig_key_ids");
	const char *key = json_string_value(json_array_get(keys, 0));
	return key && powerdns_zone_name(key, out) == OK ? out : NULL;
}

json_t *powerdns_settings(json_t *body, struct faults *faults) {
	char key_name[NAMES_TEXT_MAX];
	const char *key = key_in(body, key_name);
	json_t *masters = json_object_get(body, "masters"), *primaries = json_array(), *master;
	size_t i;
	json_array_foreach(masters, i, master) {
		const char *text = json_string_value(master);
		json_t *address = text ? master_in(text) : NULL;
		if (!address)
			faults_add(faults, "masters",
			           "%.60s is not an address, address:port or [address]:port",
			           text ? text : "an item");
		else if (key)
			json_array_append_new(primaries,
			                      json_pack("{s:o, s:s}", "address", address, "key", key));
		else
			json_array_append_new(primaries, address);
	}
	if (json_array_size(masters) > 0) return json_pack("{s:o}", "primaries", primaries);
	if (key) faults_add(faults, "slave_tsig_key_ids", "expected together with masters");
	json_decref(primaries);
	return json_object();
}

json_t *powerdns_key_out(json_t *key) {
	const char *name = json_string_value(json_object_get(key, "name"));
	const char *algorithm = json_string_value(json_object_get(key, "algorithm"));
	const char *secret = json_string_value(json_object_get(key, "secret"));
	char id[POWERDNS_ID_MAX];
	id_of(name ? name : "", id);
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "name", name ? name : "", "algorithm",
	                 algorithm ? algorithm : "", "key", secret ? secret : "", "type", "TSIGKey");
}

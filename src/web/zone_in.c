#include "web/zone_in.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "web/schema.h"

#define FIELD_MAX 160
#define TEXT_MAX 128

struct place {
	struct faults *faults;
	const char *field; /* "primaries[0]", or "" */
};

static void fault(const struct place *p, const char *field, const char *text) {
	char name[FIELD_MAX];
	snprintf(name, sizeof(name), "%.80s%s%s", p->field, *field && *p->field ? "." : "", field);
	faults_add(p->faults, name, "%s", text);
}

/* "address" or "address@port". */
static json_t *endpoint(json_t *address, json_t *port) {
	char text[TEXT_MAX];
	if (json_is_integer(port))
		snprintf(text, sizeof(text), "%.80s@%lld", json_string_value(address),
		         (long long)json_integer_value(port));
	else
		snprintf(text, sizeof(text), "%.80s", json_string_value(address));
	return json_string(text);
}

static void set_word(json_t *to, const char *name, json_t *flag) {
	if (json_is_boolean(flag))
		json_object_set_new(to, name, json_string(json_is_true(flag) ? "yes" : "no"));
}

static void set(json_t *to, const char *name, json_t *value) {
	if (value && !json_is_null(value)) json_object_set(to, name, value);
}

static json_t *tls_in(json_t *tls) {
	json_t *out = json_object();
	set(out, "mode", json_object_get(tls, "mode"));
	set(out, "name", json_object_get(tls, "name"));
	set(out, "pin", json_object_get(tls, "pin"));
	set(out, "ca", json_object_get(tls, "ca"));
	set(out, "plain-port", json_object_get(tls, "plainPort"));
	return out;
}

static json_t *addresses_in(json_t *list) {
	json_t *out = json_array(), *item;
	size_t i;
	json_array_foreach(list, i, item) {
		json_array_append_new(out, endpoint(json_object_get(item, "address"),
		                                    json_object_get(item, "port")));
	}
	return out;
}

static json_t *mapping_in(json_t *primary, json_t *address, json_t *list) {
	json_t *out = json_object(), *tls = json_object_get(primary, "tls");
	if (list)
		json_object_set_new(out, "addresses", addresses_in(list));
	else
		json_object_set_new(out, "address", endpoint(address, json_object_get(primary, "port")));
	set(out, "key", json_object_get(primary, "tsigKeyId"));
	set(out, "source", json_object_get(primary, "source"));
	set_word(out, "request-ixfr", json_object_get(primary, "requestIxfr"));
	if (json_is_object(tls)) json_object_set_new(out, "tls", tls_in(tls));
	return out;
}

static json_t *given(json_t *object, const char *name) {
	json_t *value = json_object_get(object, name);
	return json_is_null(value) ? NULL : value;
}

/* One of: the name of a primary that is kept by itself; an address; several addresses of one server. */
static json_t *primary_in(json_t *primary, const struct place *p) {
	json_t *name = given(primary, "name"), *address = given(primary, "address"),
	       *list = given(primary, "addresses");
	if (!name + !address + !list != 2) fault(p, "", "expected one of address, addresses and name");
	if (name && json_object_size(primary) > 1)
		fault(p, "name", "a primary that is named has its settings there");
	if (list && given(primary, "port")) fault(p, "port", "with addresses each has its own port");
	if (name) return json_incref(name);
	bool plain = !list && !given(primary, "tsigKeyId") && !given(primary, "tls") &&
	             !given(primary, "source") && !given(primary, "requestIxfr");
	if (plain && address) return endpoint(address, json_object_get(primary, "port"));
	return mapping_in(primary, address, list);
}

json_t *zone_in_primary(json_t *primary, const char *field, struct faults *faults) {
	const struct place p = { faults, field };
	return primary_in(primary, &p);
}

static json_t *primaries_in(json_t *list, const char *prefix, struct faults *faults) {
	json_t *out = json_array(), *primary;
	size_t i;
	json_array_foreach(list, i, primary) {
		char field[FIELD_MAX];
		snprintf(field, sizeof(field), "%.80sprimaries[%zu]", prefix, i);
		json_array_append_new(out, zone_in_primary(primary, field, faults));
	}
	return out;
}

/* masterIp is short for one primary.  Beside primaries it may only say the same. */
static void set_primaries(json_t *settings, json_t *body, const char *prefix, struct faults *faults) {
	json_t *list = json_object_get(body, "primaries"), *master = given(body, "masterIp");
	json_t *first = json_object_get(json_array_get(list, 0), "address");
	char field[FIELD_MAX];
	snprintf(field, sizeof(field), "%.80smasterIp", prefix);
	if (master && json_is_array(list) && !json_equal(first, master))
		faults_add(faults, field,
		           "is not the address of the first of primaries; one of the two suffices");
	if (json_is_array(list))
		json_object_set_new(settings, "primaries", primaries_in(list, prefix, faults));
	else if (master)
		json_object_set_new(settings, "primaries", json_pack("[O]", master));
	else if (list)
		json_object_set(settings, "primaries", list);
}

/* true and false stand for the two words of the option. */
static json_t *value_in(json_t *property, json_t *value) {
	json_t *words = json_object_get(property, "x-words");
	if (!json_is_boolean(value) || !words) return json_incref(value);
	return json_incref(json_array_get(words, json_is_true(value) ? 0 : 1));
}

json_t *zone_in_settings(json_t *schemas, const char *schema, json_t *body, int nulls, struct faults *faults,
                         const char *prefix) {
	json_t *settings = json_object(), *value;
	const char *name;
	set_primaries(settings, body, prefix, faults);
	json_object_foreach(body, name, value) {
		json_t *property = schema_property(schemas, schema, name);
		const char *option = json_string_value(json_object_get(property, "x-option"));
		if (option) json_object_set_new(settings, option, value_in(property, value));
	}
	void *next;
	const char *key;
	if (nulls) return settings;
	json_object_foreach_safe(settings, next, key, value) {
		if (json_is_null(value)) json_object_del(settings, key);
	}
	return settings;
}

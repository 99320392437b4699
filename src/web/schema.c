#include "web/schema.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "web/json.h"
#include "web/target.h"

#define FIELD_MAX 160
#define REF "#/components/schemas/"

struct check {
	json_t *schemas;
	struct faults *faults;
};

static void judge(const struct check *c, json_t *schema, json_t *value, const char *field);

static json_t *resolve(json_t *schemas, json_t *schema) {
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	return ref ? json_object_get(schemas, ref + sizeof(REF) - 1) : schema;
}

/* -- types -------------------------------------------------------------------------------------------------------- */

static const struct type_name {
	const char *name, *text;
} type_names[] = {
	{ "string", "a text" },    { "integer", "a whole number" },
	{ "number", "a number" },  { "boolean", "true or false" },
	{ "object", "an object" }, { "array", "a list" },
	{ "null", "null" },
};

static const char *type_text(const char *type) {
	for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++) {
		if (strcmp(type_names[i].name, type) == 0) return type_names[i].text;
	}
	return type;
}

static bool is_type(json_t *value, const char *type) {
	switch (json_typeof(value)) {
	case JSON_STRING: return strcmp(type, "string") == 0;
	case JSON_INTEGER: return strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
	case JSON_REAL: return strcmp(type, "number") == 0;
	case JSON_TRUE:
	case JSON_FALSE: return strcmp(type, "boolean") == 0;
	case JSON_OBJECT: return strcmp(type, "object") == 0;
	case JSON_ARRAY: return strcmp(type, "array") == 0;
	case JSON_NULL: return strcmp(type, "null") == 0;
	}
	return false;
}

/* type is a name or a list of names.  false: a fault was added. */
static bool judge_type(const struct check *c, json_t *schema, json_t *value, const char *field) {
	json_t *type = json_object_get(schema, "type");
	char text[120] = "";
	size_t i, len = 0;
	json_t *one;
	if (!type) return true;
	if (json_is_string(type)) {
		if (is_type(value, json_string_value(type))) return true;
		snprintf(text, sizeof(text), "%s", type_text(json_string_value(type)));
	}
	json_array_foreach(type, i, one) {
		if (is_type(value, json_string_value(one))) return true;
		if (len < sizeof(text) - 40)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? " or " : "",
			                        type_text(json_string_value(one)));
	}
	faults_add(c->faults, field, "expected %s", text);
	return false;
}

/* -- values ------------------------------------------------------------------------------------------------------- */

static bool bound(json_t *schema, const char *name, json_int_t *out) {
	json_t *value = json_object_get(schema, name);
	if (!value) return false;
	*out = (json_int_t)json_number_value(value);
	return true;
}

/* Is n within the bounds called least and most? */
static void judge_range(const struct check *c, json_t *schema, const char *least, const char *most,
                        json_int_t n, const char *field, const char *unit) {
	json_int_t min, max;
	if (bound(schema, least, &min) && n < min)
		faults_add(c->faults, field, "at least %lld%s", (long long)min, unit);
	else if (bound(schema, most, &max) && n > max)
		faults_add(c->faults, field, "at most %lld%s", (long long)max, unit);
}

static void judge_string(const struct check *c, json_t *schema, json_t *value, const char *field) {
	const char *text = json_string_value(value);
	const char *format = json_string_value(json_object_get(schema, "format"));
	size_t len = json_string_length(value);
	struct addr address;
	int64_t time_s;
	if (strlen(text) != len ||
	    (!json_is_true(json_object_get(schema, "x-lines")) && !target_text_clean(text, len)))
		faults_add(c->faults, field, "has control characters");
	judge_range(c, schema, "minLength", "maxLength", (json_int_t)len, field, " octets");
	if (format && strcmp(format, "ip") == 0 && (addr_parse(text, 0, &address) != OK || address.port != 0))
		faults_add(c->faults, field, "expected an IPv4 or IPv6 address");
	if (format && strcmp(format, "date-time") == 0 && json_time_parse(text, &time_s) != OK)
		faults_add(c->faults, field, "expected a time as 2026-04-16T13:00:00Z");
}

static void judge_enum(const struct check *c, json_t *schema, json_t *value, const char *field) {
	json_t *list = json_object_get(schema, "enum"), *one;
	char text[200] = "";
	size_t i, len = 0;
	if (!list) return;
	json_array_foreach(list, i, one) {
		if (json_equal(one, value)) return;
		if (json_is_string(one) && len < sizeof(text) - 40)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? ", " : "",
			                        json_string_value(one));
	}
	faults_add(c->faults, field, "expected one of: %s", text);
}

static void judge_array(const struct check *c, json_t *schema, json_t *value, const char *field) {
	json_t *items = json_object_get(schema, "items"), *item;
	size_t i;
	judge_range(c, schema, "minItems", "maxItems", (json_int_t)json_array_size(value), field, " items");
	json_array_foreach(value, i, item) {
		char inner[FIELD_MAX];
		snprintf(inner, sizeof(inner), "%.120s[%zu]", field, i);
		if (items) judge(c, items, item, inner);
		if (c->faults->list && json_array_size(c->faults->list) >= FAULTS_MAX) break;
	}
}

static void inner_field(char out[static FIELD_MAX], const char *field, const char *name) {
	snprintf(out, FIELD_MAX, "%.90s%s%.60s", field, *field ? "." : "", name);
}

static void judge_object(const struct check *c, json_t *schema, json_t *value, const char *field) {
	json_t *properties = json_object_get(schema, "properties"), *required, *one;
	bool open = json_is_true(json_object_get(schema, "additionalProperties"));
	char inner[FIELD_MAX];
	const char *name;
	size_t i;
	required = json_object_get(schema, "required");
	json_array_foreach(required, i, one) {
		if (json_object_get(value, json_string_value(one))) continue;
		inner_field(inner, field, json_string_value(one));
		faults_add(c->faults, inner, "is missing");
	}
	json_object_foreach(value, name, one) {
		json_t *property = json_object_get(properties, name);
		inner_field(inner, field, name);
		if (property)
			judge(c, property, one, inner);
		else if (!open)
			faults_add(c->faults, inner, "there is no such field");
	}
}

static void judge(const struct check *c, json_t *schema, json_t *value, const char *field) {
	schema = resolve(c->schemas, schema);
	if (!judge_type(c, schema, value, field)) return;
	judge_enum(c, schema, value, field);
	if (json_is_string(value)) judge_string(c, schema, value, field);
	if (json_is_integer(value))
		judge_range(c, schema, "minimum", "maximum", json_integer_value(value), field, "");
	if (json_is_array(value)) judge_array(c, schema, value, field);
	if (json_is_object(value)) judge_object(c, schema, value, field);
}

void schema_check(json_t *schemas, const char *name, json_t *value, struct faults *faults) {
	const struct check c = { schemas, faults };
	judge(&c, json_object_get(schemas, name), value, "");
}

json_t *schema_property(json_t *schemas, const char *name, const char *property) {
	json_t *schema = json_object_get(schemas, name);
	return resolve(schemas, json_object_get(json_object_get(schema, "properties"), property));
}

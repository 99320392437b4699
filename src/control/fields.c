/* What a request has beside its name: the words of the table's column "fields", and each value as its kind. */
#include <stdio.h>
#include <string.h>

#include "control/protocol.h"
#include "control/request.h"

#define NUMBER_MAX ((json_int_t)1 << 53) /* what every reader of JSON can hold */

/* Each request may have them (zone.diff has a "from" of its own). */
static const char common[] = "request:text key:text? from:text?";

static bool is_zone(const json_t *value) {
	struct name name;
	const char *text = json_string_value(value);
	return text && *text && name_parse(text, &name) == OK;
}

static bool is_number(const json_t *value, json_int_t max) {
	return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= max;
}

static bool is_text(const json_t *value) {
	return json_is_string(value) && json_string_length(value) == strlen(json_string_value(value));
}

static bool is_texts(const json_t *value) {
	size_t i;
	json_t *item;
	json_array_foreach(value, i, item) if (!is_text(item)) return false;
	return json_is_array(value);
}

static bool is_serial(const json_t *value) {
	return is_number(value, UINT32_MAX);
}

static bool is_count(const json_t *value) {
	return is_number(value, NUMBER_MAX);
}

static bool is_flag(const json_t *value) {
	return json_is_boolean(value);
}

static bool is_object(const json_t *value) {
	return json_is_object(value);
}

static bool is_list(const json_t *value) {
	return json_is_array(value);
}

static const struct kind {
	const char *name, *expected;
	bool (*fits)(const json_t *value);
} kinds[] = {
	{ "text", "a text", is_text },        { "zone", "a domain name", is_zone },
	{ "serial", "a serial", is_serial },  { "number", "a number, 0 or more", is_count },
	{ "flag", "true or false", is_flag }, { "object", "an object", is_object },
	{ "list", "a list", is_list },        { "texts", "a list of texts", is_texts },
};

/* A word of the column. */
struct field {
	const char *name;
	size_t name_len;
	const struct kind *kind;
	bool optional;
};

static const struct kind *kind_find(const char *name, size_t len) {
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0) return &kinds[i];
	return &kinds[0]; /* never: a test reads the whole table */
}

/* The next word from *at; false: there is none. */
static bool field_read(const char **at, struct field *out_field) {
	const char *word = *at + strspn(*at, " ");
	size_t len = strcspn(word, " ");
	if (len == 0) return false;
	*at = word + len;
	const char *colon = memchr(word, ':', len);
	size_t name_len = colon ? (size_t)(colon - word) : len;
	bool optional = word[len - 1] == '?';
	*out_field = (struct field){ .name = word, .name_len = name_len, .optional = optional };
	if (colon) out_field->kind = kind_find(colon + 1, len - name_len - 1 - optional);
	return true;
}

static bool named(const struct field *f, const char *name) {
	return strlen(name) == f->name_len && memcmp(f->name, name, f->name_len) == 0;
}

static bool has_field(const char *fields, const char *name) {
	struct field f;
	while (field_read(&fields, &f)) {
		bool either = !f.kind && (strcmp(name, "zone") == 0 || strcmp(name, "id") == 0);
		if (either || named(&f, name)) return true;
	}
	return false;
}

static json_t *unknown_fault(const struct request *r) {
	const char *key;
	json_t *value;
	char text[200];
	json_object_foreach(r->fields, key, value) {
		if (has_field(common, key) || has_field(r->row->fields, key)) continue;
		snprintf(text, sizeof(text), "\"%.60s\" is not a field of the request \"%s\"", key,
		         r->row->name);
		return reply_refusal(CONTROL_CODE_REQUEST, text);
	}
	return NULL;
}

static json_t *needs(const struct request *r, const struct field *f, const char *expected) {
	char text[200];
	snprintf(text, sizeof(text), "the request \"%s\" needs the field \"%.*s\", %s", r->row->name,
	         (int)f->name_len, f->name, expected);
	return reply_refusal(CONTROL_CODE_REQUEST, text);
}

static void zone_take(struct request *r, const json_t *value) {
	if (name_parse(json_string_value(value), &r->zone) != OK) return; /* never: it fits */
	name_to_lower(&r->zone);
	r->has_zone = true;
}

/* "zone|id": exactly one of them. */
static json_t *either_fault(struct request *r) {
	static const struct field zone = { .name = "zone", .name_len = 4 },
				  id = { .name = "id", .name_len = 2 };
	const json_t *name = json_object_get(r->fields, "zone"), *number = json_object_get(r->fields, "id");
	if (number && name)
		return reply_refusal(CONTROL_CODE_REQUEST,
		                     "expected one of the fields \"zone\" and \"id\", found both");
	if (number) return is_text(number) ? NULL : needs(r, &id, "a text");
	if (!json_is_string(name)) return needs(r, &zone, "a text");
	if (!is_zone(name))
		return reply_refusal(CONTROL_CODE_REQUEST, "the zone's name is not a domain name");
	zone_take(r, name);
	return NULL;
}

static json_t *field_fault(struct request *r, const struct field *f) {
	const json_t *value = json_object_getn(r->fields, f->name, f->name_len);
	if (!f->kind) return either_fault(r);
	if (f->optional && (!value || json_is_null(value))) return NULL;
	if (!f->kind->fits(value)) return needs(r, f, f->kind->expected);
	if (f->kind->fits == is_zone && named(f, "zone")) zone_take(r, value);
	return NULL;
}

/* A request's own field takes the place of a common one. */
static json_t *common_fault(struct request *r) {
	const char *at = common;
	struct field f;
	json_t *fault = NULL;
	while (!fault && field_read(&at, &f)) {
		char name[16];
		snprintf(name, sizeof(name), "%.*s", (int)f.name_len, f.name);
		if (!has_field(r->row->fields, name)) fault = field_fault(r, &f);
	}
	return fault;
}

json_t *fields_fault(struct request *r) {
	const char *at = r->row->fields;
	struct field f;
	json_t *fault = unknown_fault(r);
	if (!fault) fault = common_fault(r);
	while (!fault && field_read(&at, &f))
		fault = field_fault(r, &f);
	return fault;
}

/* -- values ------------------------------------------------------------------------------------------------- */

json_t *asked_value(const struct request *r, const char *name) {
	json_t *value = json_object_get(r->fields, name);
	return json_is_null(value) ? NULL : value;
}

bool asked_given(const struct request *r, const char *name) {
	return asked_value(r, name) != NULL;
}

const char *asked_text(const struct request *r, const char *name) {
	return json_string_value(asked_value(r, name));
}

int64_t asked_number(const struct request *r, const char *name, int64_t fallback) {
	const json_t *value = asked_value(r, name);
	return value ? (int64_t)json_integer_value(value) : fallback;
}

bool asked_flag(const struct request *r, const char *name) {
	return json_is_true(asked_value(r, name));
}

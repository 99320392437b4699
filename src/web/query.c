#include "web/query.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 18

static json_t *schema_of(json_t *description, const struct route *r, const char *name) {
	char method[8];
	size_t i;
	json_t *parameter, *path = json_object_get(json_object_get(description, "paths"), r->pattern);
	for (i = 0; i < sizeof(method) - 1 && method_text(r->method)[i]; i++)
		method[i] = (char)tolower((unsigned char)method_text(r->method)[i]);
	method[i] = '\0';
	json_t *list = json_object_get(json_object_get(path, method), "parameters");
	json_array_foreach(list, i, parameter) {
		const char *in = json_string_value(json_object_get(parameter, "in"));
		const char *found = json_string_value(json_object_get(parameter, "name"));
		if (strcmp(in, "query") == 0 && strcmp(found, name) == 0)
			return json_object_get(parameter, "schema");
	}
	return NULL;
}

static void judge_number(json_t *schema, const struct query_param *p, struct faults *faults) {
	json_t *min = json_object_get(schema, "minimum"), *max = json_object_get(schema, "maximum");
	size_t len = strlen(p->value);
	bool digits = len > 0 && len <= DIGITS_MAX && strspn(p->value, "0123456789") == len;
	long long number = digits ? strtoll(p->value, NULL, 10) : -1;
	if (!digits)
		faults_add(faults, p->name, "expected a number");
	else if (min && number < json_integer_value(min))
		faults_add(faults, p->name, "at least %lld", (long long)json_integer_value(min));
	else if (max && number > json_integer_value(max))
		faults_add(faults, p->name, "at most %lld", (long long)json_integer_value(max));
}

static void judge_word(json_t *schema, const struct query_param *p, struct faults *faults) {
	json_t *words = json_object_get(schema, "enum"), *word;
	size_t i;
	if (!words) return;
	json_array_foreach(words, i, word) {
		if (strcmp(json_string_value(word), p->value) == 0) return;
	}
	char *text = json_dumps(words, JSON_COMPACT);
	faults_add(faults, p->name, "expected one of %s", text ? text : "a few words");
	free(text);
}

void query_check(json_t *description, const struct route *r, const struct target *t, struct faults *faults) {
	const char *unknown = route_unknown_param(r, t);
	if (unknown) faults_add(faults, unknown, "there is no such parameter");
	for (unsigned i = 0; i < t->query_count; i++) {
		json_t *schema = schema_of(description, r, t->query[i].name);
		const char *type = json_string_value(json_object_get(schema, "type"));
		if (type && strcmp(type, "integer") == 0)
			judge_number(schema, &t->query[i], faults);
		else
			judge_word(schema, &t->query[i], faults);
	}
}

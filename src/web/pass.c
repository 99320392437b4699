#include "web/pass.h"

#include <stdio.h>
#include <string.h>

#include "web/api.h"
#include "web/handlers.h"
#include "web/json.h"
#include "web/list.h"
#include "web/schema.h"
#include "web/site.h"

/* -- requests -------------------------------------------------------------------------------------------------------- */

/* What stands in the places of {…}: their names are the fields. */
static void add_params(struct exchange *x, json_t *request) {
	const char *at = x->route->pattern;
	for (unsigned i = 0; i < ROUTE_PARAMS_MAX && (at = strchr(at, '{')); i++) {
		size_t len = strcspn(++at, "}");
		json_object_setn_new(request, at, len, json_string(x->params[i]));
	}
}

static void add_query(struct exchange *x, json_t *request) {
	for (unsigned i = 0; i < x->target.query_count; i++) {
		const struct query_param *p = &x->target.query[i];
		char name[JSON_NAME_MAX];
		bool ours = strcmp(p->name, "limit") == 0 || strcmp(p->name, "cursor") == 0;
		json_plain_name(strcmp(p->name, "q") == 0 ? "text" : p->name, '_', name);
		if (!ours) json_object_set_new(request, name, json_string(p->value));
	}
}

static json_t *value_in(json_t *property, json_t *value) {
	const char *format = json_string_value(json_object_get(property, "format"));
	int64_t time_s = 0;
	bool is_time = format && strcmp(format, "date-time") == 0 && json_is_string(value);
	if (is_time && json_time_parse(json_string_value(value), &time_s) == OK) return json_integer(time_s);
	return json_incref(value);
}

/* In a change null takes something back. */
static void add_body(struct exchange *x, json_t *request) {
	bool nulls = x->route->method == METHOD_PATCH;
	const char *schema = x->route->body + (x->route->body[0] == '?'), *name;
	json_t *value;
	json_object_foreach(x->body, name, value) {
		json_t *property = schema_property(x->site->schemas, schema, name);
		const char *field = json_string_value(json_object_get(property, "x-field"));
		char plain[JSON_NAME_MAX];
		json_plain_name(name, '_', plain);
		if (nulls || !json_is_null(value))
			json_object_set_new(request, field ? field : plain, value_in(property, value));
	}
}

json_t *pass_request(struct exchange *x) {
	json_t *request = api_request(x, x->route->request);
	add_query(x, request);
	add_body(x, request);
	add_params(x, request);
	return request;
}

/* -- answers --------------------------------------------------------------------------------------------------------- */

static void on_result(struct exchange *x, json_t *result) {
	json_t *created = json_object_get(result, "created");
	int status = x->ok_status ? x->ok_status : json_is_true(created) ? 201 : 200;
	exchange_json(x, status, json_camel(result));
}

static void on_removed(struct exchange *x, json_t *result) {
	(void)result;
	exchange_json(x, 200, json_pack("{s:b}", "success", 1));
}

void pass_get(struct exchange *x) {
	api_ask(x, pass_request(x), on_result);
}

void pass_add(struct exchange *x) {
	x->ok_status = 201;
	api_ask(x, pass_request(x), on_result);
}

void pass_remove(struct exchange *x) {
	api_ask(x, pass_request(x), on_removed);
}

static void filter(struct exchange *x, json_t *request) {
	add_query(x, request);
	add_params(x, request);
}

/* A list of the daemon that has no pages. */
static void on_list(struct exchange *x, json_t *result) {
	json_t *rows = list_rows(result, "rows");
	exchange_json(x, 200, rows ? json_camel(rows) : json_array());
}

void pass_list(struct exchange *x) {
	api_ask(x, pass_request(x), on_list);
}

/* The log of changes is read from its end. */
void audit_page(struct exchange *x) {
	static const struct list list = { .rows = "rows",
		                          .cursor = "before",
		                          .cursor_number = true,
		                          .filter = filter,
		                          .begin = "[",
		                          .end = "]\n" };
	list_answer(x, &list, NULL);
}

/* What is in a zone, and what was: records, versions, differences, transfers, the zone file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/api.h"
#include "web/handlers.h"
#include "web/json.h"
#include "web/list.h"
#include "web/zone_ref.h"

static void filter_records(struct exchange *x, json_t *request) {
	static const char *const names[][2] = { { "q", "text" }, { "type", "type" } };
	json_object_set_new(request, "id", json_string(x->params[0]));
	for (int i = 0; i < 2; i++) {
		const char *value = target_query(&x->target, names[i][0]);
		if (value) json_object_set_new(request, names[i][1], json_string(value));
	}
}

void zone_records(struct exchange *x) {
	static const struct list list = {
		.rows = "records", .cursor = "after", .filter = filter_records, .begin = "[", .end = "]"
	};
	list_answer(x, &list, NULL);
}

/* -- lists that come in parts -------------------------------------------------------------------------------------- */

static void write_item(struct exchange *x, json_t *item, bool first) {
	char *text = json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(item);
	if (!text) return; /* never: what came from JSON is JSON */
	if (!first) exchange_write(x, ",", 1);
	exchange_write(x, text, strlen(text));
	free(text);
}

/* "- name 300 A 192.0.2.1" */
static json_t *change_of(json_t *line) {
	const char *text = json_string_value(line);
	if (!text) return json_camel(line);
	const char *record = text[0] ? text + 1 + strspn(text + 1, " ") : text;
	return json_pack("{s:s, s:s}", "change", text[0] == '+' ? "added" : "removed", "record", record);
}

/* A slice of a list as members of an array. */
static void on_items(struct exchange *x, json_t *result) {
	bool changes = strcmp(x->route->request, "zone.diff") == 0;
	bool first = x->stage < STAGE_ANSWERED;
	json_t *rows = list_rows(result, "rows"), *item;
	size_t i;
	if (!result) {
		exchange_write(x, "]\n", 2);
		exchange_end(x, true);
		return;
	}
	if (first) {
		exchange_stream(x, 200, "application/json");
		exchange_write(x, "[", 1);
	}
	json_array_foreach(rows, i, item) {
		bool very_first = x->job == NULL;
		x->job = x; /* a mark only: something was written */
		write_item(x, changes ? change_of(item) : json_camel(item), very_first);
	}
}

static void write_text(struct exchange *x, json_t *text, const char *end) {
	if (!json_is_string(text)) return;
	exchange_write(x, json_string_value(text), json_string_length(text));
	exchange_write(x, end, strlen(end));
}

/* A slice of lines, or of text, as it is. */
static void on_text(struct exchange *x, json_t *result) {
	json_t *line;
	size_t i;
	if (!result) {
		exchange_end(x, true);
		return;
	}
	if (x->stage < STAGE_ANSWERED) exchange_stream(x, 200, "text/plain; charset=utf-8");
	write_text(x, result, "");
	json_array_foreach(result, i, line) {
		write_text(x, line, "\n");
	}
}

void zone_versions(struct exchange *x) {
	json_t *request = zone_ref_request(x, x->route->request);
	if (request) api_ask_parts(x, request, on_items);
}

void zone_export(struct exchange *x) {
	json_t *request = zone_ref_request(x, x->route->request);
	if (request) api_ask_parts(x, request, on_text);
}

/* false: answered. */
static bool read_serial(struct exchange *x, const char *name, json_t *request) {
	json_int_t serial = -1;
	if (!api_query_number(x, name, 0, UINT32_MAX, &serial)) return false;
	if (serial < 0) {
		struct faults faults = { 0 };
		faults_add(&faults, name, "is missing: the serial of a version");
		(void)api_faults(x, &faults); /* there is one */
		return false;
	}
	json_object_set_new(request, name, json_integer(serial));
	return true;
}

void zone_diff(struct exchange *x) {
	const char *format = target_query(&x->target, "format");
	json_t *request = zone_ref_request(x, x->route->request);
	if (!request) return;
	json_object_del(request, "from"); /* here it is a serial, not whom we ask for */
	if (!read_serial(x, "from", request) || !read_serial(x, "to", request))
		json_decref(request);
	else
		api_ask_parts(x, request, format && strcmp(format, "text") == 0 ? on_text : on_items);
}

static void on_attempts(struct exchange *x, json_t *result) {
	json_t *rows = list_rows(result, "attempts");
	exchange_json(x, 200, rows ? json_camel(rows) : json_array());
}

void zone_transfers(struct exchange *x) {
	json_t *request = zone_ref_request(x, x->route->request);
	if (request) api_ask(x, request, on_attempts);
}

static void on_lines(struct exchange *x, json_t *result) {
	exchange_json(x, 200, json_camel(result));
}

/* What to write on a primary of the zone. */
void zone_primary_config(struct exchange *x) {
	const char *software = target_query(&x->target, "software"),
		   *previous = target_query(&x->target, "previous");
	json_t *request = zone_ref_request(x, x->route->request);
	if (!request) return;
	if (!software) {
		struct faults faults = { 0 };
		json_decref(request);
		faults_add(&faults, "software", "is missing: what the primary runs");
		(void)api_faults(x, &faults); /* there is one */
		return;
	}
	json_object_set_new(request, "software", json_string(software));
	if (previous) json_object_set_new(request, "previous", json_boolean(strcmp(previous, "true") == 0));
	api_ask(x, request, on_lines);
}

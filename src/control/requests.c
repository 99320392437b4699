#include "control/requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "control/protocol.h"

#define JSON_FLAGS (JSON_REJECT_DUPLICATES)
#define NESTING_MAX 16 /* a request is one flat object */

/* -- replies -------------------------------------------------------------------------------------------------- */

json_t *request_refusal(const char *code, const char *text) {
	json_t *shown = json_string(text);
	return json_pack("{s:b, s:s, s:o}", "ok", 0, "code", code, "error",
	                 shown ? shown : json_string(code));
}

static json_t *result(json_t *value, bool more) {
	if (!value) return request_refusal(CONTROL_CODE_FAILED, "out of memory");
	return json_pack("{s:b, s:o, s:b}", "ok", 1, "result", value, "more", more ? 1 : 0);
}

static json_t *no_such_zone(const struct request *r) {
	char name[NAME_TEXT_MAX], text[NAME_TEXT_MAX + 32];
	snprintf(text, sizeof(text), "there is no zone %s", name_text_short(r->zone.wire, name));
	return request_refusal(CONTROL_CODE_NOT_FOUND, text);
}

static json_t *outcome(const struct request *r, enum err e) {
	if (e == OK) return result(json_object(), false);
	return e == ERR_NOTFOUND ? no_such_zone(r) : request_refusal(CONTROL_CODE_FAILED, err_text(e));
}

/* -- handlers: one for each row of requests.def --------------------------------------------------------------- */

static json_t *request_status(struct request *r, const struct control_backend *b) {
	(void)r;
	return result(b->status(b->ctx), false);
}

static json_t *request_stats(struct request *r, const struct control_backend *b) {
	(void)r;
	return result(b->stats(b->ctx), false);
}

static json_t *request_zone_list(struct request *r, const struct control_backend *b) {
	json_t *zones = b->zone_list(b->ctx, &r->list_cursor, REQUEST_LIST_SLICE);
	bool more = zones && r->list_cursor != 0;
	r->next = more ? request_zone_list : NULL;
	return result(zones, more);
}

static json_t *request_zone_status(struct request *r, const struct control_backend *b) {
	const char *error = NULL;
	json_t *zone = b->zone_status(b->ctx, r->zone.wire, &error);
	return zone ? result(zone, false) : no_such_zone(r);
}

static json_t *request_zone_refresh(struct request *r, const struct control_backend *b) {
	return outcome(r, b->zone_refresh(b->ctx, r->zone.wire));
}

static json_t *request_zone_retransfer(struct request *r, const struct control_backend *b) {
	return outcome(r, b->zone_retransfer(b->ctx, r->zone.wire));
}

static json_t *request_zone_accept(struct request *r, const struct control_backend *b) {
	enum err e = b->zone_accept(b->ctx, r->zone.wire);
	if (e != ERR_MISMATCH) return outcome(r, e);
	return request_refusal(CONTROL_CODE_FAILED,
	                       "no version of the zone was refused, so there is none to accept");
}

static json_t *export_slice(struct request *r, const struct control_backend *b) {
	(void)b;
	char *text = try_malloc(REQUEST_EXPORT_SLICE);
	if (!text) {
		r->next = NULL;
		return request_refusal(CONTROL_CODE_FAILED, "out of memory");
	}
	struct writer out = writer_init(text, REQUEST_EXPORT_SLICE);
	bool more = export_next(r->version, &r->export, &out);
	r->next = more ? export_slice : NULL;
	json_t *reply = result(json_stringn(text, out.len), more);
	free(text);
	return reply;
}

static json_t *request_zone_export(struct request *r, const struct control_backend *b) {
	const char *error = NULL;
	r->version = b->zone_version(b->ctx, r->zone.wire);
	if (r->version) return export_slice(r, b);
	json_t *zone = b->zone_status(b->ctx, r->zone.wire, &error);
	if (!zone) return no_such_zone(r);
	json_decref(zone);
	return request_refusal(CONTROL_CODE_NOT_FOUND, "the zone has no version to export yet");
}

static json_t *request_reload(struct request *r, const struct control_backend *b) {
	json_t *faults = NULL;
	(void)r;
	if (b->reload(b->ctx, &faults) == OK) return result(json_object(), false);
	json_t *reply = request_refusal(CONTROL_CODE_FAILED,
	                                "the configuration has faults; the former one stays");
	if (reply && faults)
		(void)json_object_set_new(reply, "faults", faults); /* out of memory: without them */
	else
		json_decref(faults);
	return reply;
}

/* -- the table ------------------------------------------------------------------------------------------------ */

static const struct request_row {
	const char *name;
	json_t *(*handler)(struct request *r, const struct control_backend *backend);
	const char *argument;
} rows[] = {
#define REQUEST(name, handler, argument, text) { name, handler, argument },
#include "control/requests.def"
#undef REQUEST
};

static const struct request_row *row_find(const char *name) {
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name) == 0) return &rows[i];
	}
	return NULL;
}

/* NULL: all fields are as the row says. */
static json_t *fields_fault(struct request *r, const struct request_row *row, json_t *request) {
	const char *key;
	json_t *value;
	char text[200];
	json_object_foreach(request, key, value) {
		if (strcmp(key, "request") == 0 || strcmp(key, row->argument) == 0) continue;
		snprintf(text, sizeof(text), "\"%.60s\" is not a field of the request \"%s\"", key,
		         row->name);
		return request_refusal(CONTROL_CODE_REQUEST, text);
	}
	if (row->argument[0] == '\0') return NULL;
	const char *zone = json_string_value(json_object_get(request, row->argument));
	if (!zone) {
		snprintf(text, sizeof(text), "the request \"%s\" needs the field \"%s\", a text", row->name,
		         row->argument);
		return request_refusal(CONTROL_CODE_REQUEST, text);
	}
	if (*zone == '\0' || name_parse(zone, &r->zone) != OK)
		return request_refusal(CONTROL_CODE_REQUEST, "the zone's name is not a domain name");
	name_to_lower(&r->zone);
	return NULL;
}

/* jansson recurses by depth; so deep a text is refused before. */
static bool nested_too_deeply(const char *line, size_t len) {
	size_t open = 0;
	for (size_t i = 0; i < len; i++)
		open += line[i] == '[' || line[i] == '{';
	return open > NESTING_MAX;
}

json_t *request_begin(struct request *r, const struct control_backend *backend, const char *line,
                      size_t len) {
	json_error_t error;
	char text[200];
	json_t *request = nested_too_deeply(line, len) ? NULL : json_loadb(line, len, JSON_FLAGS, &error);
	if (!request) return request_refusal(CONTROL_CODE_REQUEST, "not a JSON object in one line");
	const char *name = json_string_value(json_object_get(request, "request"));
	const struct request_row *row = name ? row_find(name) : NULL;
	json_t *reply = NULL;
	if (!json_is_object(request) || !name) {
		reply = request_refusal(CONTROL_CODE_REQUEST,
		                        "expected an object with the field \"request\", a text");
	} else if (!row) {
		snprintf(text, sizeof(text), "there is no request \"%.60s\"", name);
		reply = request_refusal(CONTROL_CODE_REQUEST, text);
	} else {
		r->name = row->name;
		reply = fields_fault(r, row, request);
	}
	json_decref(request);
	return reply ? reply : row->handler(r, backend);
}

json_t *request_next(struct request *r, const struct control_backend *backend) {
	return r->next(r, backend);
}

void request_done(struct request *r) {
	version_unref(r->version);
	*r = (struct request){ 0 };
}

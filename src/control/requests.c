#include "control/requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "control/protocol.h"
#include "dns/text.h"

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
	if (e == ERR_REFUSED)
		return request_refusal(CONTROL_CODE_FAILED, "the zone is held; release it first");
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

static json_t *request_zone_hold(struct request *r, const struct control_backend *b) {
	return outcome(r, b->zone_hold(b->ctx, r->zone.wire));
}

static json_t *request_zone_release(struct request *r, const struct control_backend *b) {
	enum err e = b->zone_release(b->ctx, r->zone.wire);
	return e == ERR_MISMATCH ? request_refusal(CONTROL_CODE_FAILED, "the zone is not held")
	                         : outcome(r, e);
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

/* -- earlier versions -- */

static json_t *history_slice(struct request *r, const struct control_backend *b) {
	(void)b;
	json_t *slice = json_array();
	size_t count = json_array_size(r->rows);
	for (size_t n = 0; n < REQUEST_ROWS_SLICE && r->row < count; n++)
		(void)json_array_append(slice,
		                        json_array_get(r->rows, r->row++)); /* out of memory: a row less */
	r->next = r->row < count ? history_slice : NULL;
	return result(slice, r->next != NULL);
}

static json_t *request_zone_history(struct request *r, const struct control_backend *b) {
	r->rows = b->zone_history(b->ctx, r->zone.wire);
	return r->rows ? history_slice(r, b) : no_such_zone(r);
}

static json_t *past_refusal(const struct request *r, enum err e, const struct why *why) {
	if (e == ERR_NOTFOUND) return no_such_zone(r);
	const char *code = e == ERR_STALE ? CONTROL_CODE_NOT_FOUND : CONTROL_CODE_FAILED;
	return request_refusal(code, why->evidence[0] ? why->evidence : err_text(e));
}

/* "-owner TTL IN TYPE rdata", NULL if memory is short. */
static json_t *diff_line(const struct request *r, const struct change_record *record, size_t *bytes) {
	struct name owner;
	size_t cap = 1 + TEXT_RECORD_CAP(record->rdlength);
	char *text = try_malloc(cap);
	if (!text) return NULL;
	struct writer out = writer_init(text, cap);
	write_u8(&out, r->side == CHANGE_REMOVED ? '-' : '+');
	json_t *line = NULL;
	size_t len = name_len(record->owner) - 1; /* relative, without the root's label */
	if (len + r->zone.len > NAME_MAX_LEN) {   /* never: it was in the zone */
		free(text);
		return NULL;
	}
	memcpy(owner.wire, record->owner, len);
	memcpy(owner.wire + len, r->zone.wire, r->zone.len);
	owner.len = (uint8_t)(len + r->zone.len);
	if (text_record(owner.wire, record->type, record->ttl_s, record->rdata, record->rdlength, &out) == OK)
		line = json_stringn(text, out.len - 1); /* without its newline */
	*bytes += out.len;
	free(text);
	return line;
}

static json_t *diff_slice(struct request *r, const struct control_backend *b) {
	(void)b;
	json_t *lines = json_array();
	struct change_record record;
	size_t bytes = 0;
	r->next = diff_slice;
	while (bytes < REQUEST_DIFF_SLICE && r->next) {
		if (change_next(r->change, r->side, &r->walk, &record)) {
			json_t *line = diff_line(r, &record, &bytes);
			if (line) (void)json_array_append_new(lines, line); /* out of memory: a line less */
		} else if (r->side == CHANGE_REMOVED) {
			r->side = CHANGE_ADDED;
			r->walk = (struct change_walk){ 0 };
		} else {
			r->next = NULL;
		}
	}
	return result(lines, r->next != NULL);
}

static json_t *request_zone_diff(struct request *r, const struct control_backend *b) {
	struct why why = { .reason = REASON_NONE };
	enum err e = b->zone_diff(b->ctx, r->zone.wire, r->serials[0], r->serials[1], &r->change, &why);
	if (e != OK) return past_refusal(r, e, &why);
	r->side = CHANGE_REMOVED;
	return diff_slice(r, b);
}

static json_t *request_zone_rollback(struct request *r, const struct control_backend *b) {
	struct why why = { .reason = REASON_NONE };
	enum err e = b->zone_rollback(b->ctx, r->zone.wire, r->serials[0], &why);
	return e == OK ? result(json_object(), false) : past_refusal(r, e, &why);
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
	const char *fields;
} rows[] = {
#define REQUEST(name, handler, fields, text) { name, handler, fields },
#include "control/requests.def"
#undef REQUEST
};

static const struct request_row *row_find(const char *name) {
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name) == 0) return &rows[i];
	}
	return NULL;
}

/* fields is a list of words parted by blanks. */
static bool has_word(const char *fields, const char *word) {
	size_t len = strlen(word);
	for (const char *at = fields; len > 0 && (at = strstr(at, word)); at += len) {
		bool begins = at == fields || at[-1] == ' ', ends = at[len] == ' ' || at[len] == '\0';
		if (begins && ends) return true;
	}
	return false;
}

static json_t *field_missing(const struct request_row *row, const char *field, int len, const char *kind) {
	char text[200];
	snprintf(text, sizeof(text), "the request \"%s\" needs the field \"%.*s\", %s", row->name, len, field,
	         kind);
	return request_refusal(CONTROL_CODE_REQUEST, text);
}

static json_t *zone_fault(struct request *r, const struct request_row *row, const json_t *request) {
	const char *zone = json_string_value(json_object_get(request, "zone"));
	if (!zone) return field_missing(row, "zone", 4, "a text");
	if (*zone == '\0' || name_parse(zone, &r->zone) != OK)
		return request_refusal(CONTROL_CODE_REQUEST, "the zone's name is not a domain name");
	name_to_lower(&r->zone);
	return NULL;
}

/* at: the fields behind "zone". */
static json_t *serials_fault(struct request *r, const struct request_row *row, const json_t *request,
                             const char *at) {
	for (unsigned n = 0; *at == ' ' && n < REQUEST_SERIALS_MAX; n++) {
		int len = (int)strcspn(++at, " ");
		const json_t *value = json_object_getn(request, at, (size_t)len);
		json_int_t serial = json_integer_value(value);
		if (!json_is_integer(value) || serial < 0 || serial > UINT32_MAX)
			return field_missing(row, at, len, "a serial");
		r->serials[n] = (uint32_t)serial;
		at += len;
	}
	return NULL;
}

/* NULL: all fields are as the row says. */
static json_t *fields_fault(struct request *r, const struct request_row *row, json_t *request) {
	const char *key;
	json_t *value;
	char text[200];
	json_object_foreach(request, key, value) {
		if (strcmp(key, "request") == 0 || has_word(row->fields, key)) continue;
		snprintf(text, sizeof(text), "\"%.60s\" is not a field of the request \"%s\"", key,
		         row->name);
		return request_refusal(CONTROL_CODE_REQUEST, text);
	}
	if (row->fields[0] == '\0') return NULL;
	json_t *fault = zone_fault(r, row, request);
	return fault ? fault : serials_fault(r, row, request, row->fields + strlen("zone"));
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
	json_decref(r->rows);
	change_unref(r->change);
	*r = (struct request){ 0 };
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "control/handlers.h"
#include "control/protocol.h"
#include "control/request.h"

#define NESTING_MAX 16 /* settings of zones in a list have about eight */

static const struct request_row rows[] = {
#define REQUEST(name, where, who, handler, fields, text)                                                     \
	{ name, REQUEST_##where, REQUEST_##who, handler, fields },
#include "control/requests.def"
#undef REQUEST
};

static const struct request_row *row_find(const char *name) {
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name) == 0) return &rows[i];
	}
	return NULL;
}

/* -- reading -------------------------------------------------------------------------------------------------- */

/* jansson recurses by depth; so deep a text is refused before. */
static bool nested_too_deeply(const char *line, size_t len) {
	unsigned depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < len; i++) {
		char c = line[i];
		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\')
			i++;
		else if (!quoted && (c == '[' || c == '{') && ++depth > NESTING_MAX)
			return true;
		else if (!quoted && (c == ']' || c == '}') && depth > 0)
			depth--;
	}
	return false;
}

/* NULL: r->row and its fields are known. */
static json_t *understand(struct request *r, const char *line, size_t len) {
	json_error_t error;
	char text[200];
	r->fields = nested_too_deeply(line, len) ? NULL
	                                         : json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!r->fields) return reply_refusal(CONTROL_CODE_REQUEST, "not a JSON object in one line");
	const char *name = json_string_value(json_object_get(r->fields, "request"));
	if (!name)
		return reply_refusal(CONTROL_CODE_REQUEST,
		                     "expected an object with the field \"request\", a text");
	r->row = row_find(name);
	if (r->row) return fields_fault(r);
	snprintf(text, sizeof(text), "there is no request \"%.60s\"", name);
	return reply_refusal(CONTROL_CODE_REQUEST, text);
}

/* -- who may, and where it is done ------------------------------------------------------------------------------ */

static bool wants_desk(const struct request *r) {
	return r->row->where == REQUEST_DESK;
}

static json_t *on_loop(struct request *r) {
	if (json_object_get(r->fields, "id") && !r->has_zone) return reply_no_zone(r);
	return r->row->handler(r);
}

int64_t request_account(const struct request *r) {
	(void)r;
	return -1;
}

struct request *request_new(const struct control_backend *backend) {
	struct request *r = xcalloc(1, sizeof(*r));
	r->backend = backend;
	return r;
}

json_t *request_begin(struct request *r, const char *line, size_t len) {
	if (len >= REQUEST_LARGE) {
		r->line = try_malloc(len);
		if (!r->line) return reply_refusal(CONTROL_CODE_FAILED, "out of memory");
		memcpy(r->line, line, len);
		r->line_len = len;
		r->needs_desk = true;
		return NULL;
	}
	json_t *reply = understand(r, line, len);
	if (reply) return reply;
	r->needs_desk = wants_desk(r);
	return r->needs_desk ? NULL : on_loop(r);
}

void request_run(struct request *r) {
	if (r->line) r->reply = understand(r, r->line, r->line_len);
	if (!r->reply && r->row->where == REQUEST_DESK) r->reply = r->row->handler(r);
}

json_t *request_finish(struct request *r) {
	json_t *reply = r->reply;
	r->reply = NULL;
	r->needs_desk = false;
	if (r->job.skipped) return reply_refusal(CONTROL_CODE_BUSY, "the daemon is about to end");
	return reply ? reply : on_loop(r);
}

json_t *request_next(struct request *r) {
	return r->next(r);
}

void request_answer(struct request *r, enum err outcome) {
	r->outcome = outcome;
	r->wake(r);
}

static json_t *saved_or_not(struct request *r) {
	char text[200];
	if (r->outcome == OK || r->outcome == ERR_NOTFOUND) return reply_outcome(r, r->outcome);
	snprintf(text, sizeof(text), "it is done, but could not be saved (%s): a restart would undo it",
	         err_text(r->outcome));
	return reply_refusal(CONTROL_CODE_FAILED, text);
}

static void on_told(void *request, enum err e) {
	request_answer(request, e);
}

struct told request_when_saved(struct request *r) {
	r->ended = saved_or_not;
	return (struct told){ on_told, r };
}

json_t *request_answered(struct request *r) {
	return r->ended(r);
}

void request_free(struct request *r) {
	if (!r) return;
	watcher_end(&r->watcher, clock_now().wall_s);
	version_unref(r->version);
	json_decref(r->rows);
	json_decref(r->fields);
	json_decref(r->reply);
	change_unref(r->change);
	free(r->line);
	free(r);
}

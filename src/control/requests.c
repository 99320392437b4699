#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "control/admit.h"
#include "control/chosen.h"
#include "control/handlers.h"
#include "control/protocol.h"
#include "control/request.h"
#include "inventory/gate.h"

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

static bool of_a_zone(const struct request *r) {
	return strncmp(r->row->fields, "zone|id", 7) == 0;
}

/* On the loop: what is next, a reply or (NULL) a stage of the desk, or a wait. */
static json_t *go_on(struct request *r) {
	r->stage = STAGE_NONE;
	json_t *reply = r->admitted ? NULL : admit(r);
	if (reply || r->stage != STAGE_NONE) return reply;
	if (admit_wants_account(r))
		r->stage = STAGE_ACCOUNT;
	else if (r->row->where == REQUEST_DESK)
		r->stage = STAGE_WORK;
	else if (of_a_zone(r) && !r->has_zone)
		r->stage = STAGE_FIND;
	if (r->stage != STAGE_NONE) return NULL;
	if (of_a_zone(r) && !request_may_see(r, r->zone.wire)) return reply_no_zone(r);
	return r->row->handler(r);
}

struct request *request_new(const struct control_backend *backend, const struct request_from *from) {
	struct request *r = xcalloc(1, sizeof(*r));
	r->backend = backend;
	r->peer = *from;
	r->from = &r->peer;
	return r;
}

json_t *request_begin(struct request *r, const char *line, size_t len) {
	if (len >= REQUEST_LARGE) {
		r->line = try_malloc(len);
		if (!r->line) return reply_refusal(CONTROL_CODE_FAILED, "out of memory");
		memcpy(r->line, line, len);
		r->line_len = len;
		r->stage = STAGE_READ;
		return NULL;
	}
	json_t *reply = understand(r, line, len);
	return reply ? reply : go_on(r);
}

/* -- on the desk ------------------------------------------------------------------------------------------------ */

enum err request_rows(struct request *r, struct row_work *out_work, struct why *why) {
	struct row_work work = { .random = &r->random, .now_s = clock_now().wall_s, .why = why };
	enum err e = r->backend->inventory ? inventory_read(r->backend->inventory, &work.db) : ERR_CLOSED;
	if (e != OK) {
		why_set(why, REASON_INVENTORY_FAILED, "the database cannot be had");
		return e;
	}
	r->random = random_secure();
	*out_work = work;
	return OK;
}

static void zone_found(void *ctx, const struct inventory_zone *zone) {
	struct request *r = ctx;
	r->has_zone = name_parse(zone->name, &r->zone) == OK;
}

static void find_zone(struct request *r) {
	struct inventory *inv = r->backend->inventory;
	enum err e = inv ? inventory_zone_find(inv, r->account, NULL, asked_text(r, "id"), zone_found, r)
	                 : ERR_CLOSED;
	if (e == OK && r->has_zone) return;
	r->reply = e == OK || e == ERR_NOTFOUND
	                   ? reply_no_zone(r)
	                   : reply_refusal(CONTROL_CODE_UNAVAILABLE, "the database cannot be had");
}

void request_run(struct request *r) {
	switch (r->stage) {
	case STAGE_READ: r->reply = understand(r, r->line, r->line_len); break;
	case STAGE_VERIFY: admit_verify(r); break;
	case STAGE_FIND: find_zone(r); break;
	case STAGE_ACCOUNT: admit_account(r); break;
	case STAGE_WORK:
		r->again = false;
		r->reply = r->work ? r->work(r) : r->row->handler(r);
		break;
	case STAGE_YIELD:
	case STAGE_NONE: break;
	}
}

/* -- and back ----------------------------------------------------------------------------------------------------- */

static void tell_happened(const struct request *r) {
	if (!r->happened.what || !r->backend->events) return;
	events_tell(r->backend->events, r->happened.kind, r->happened.account, NULL,
	            json_pack("{s:s, s:s}", "name", r->happened.name, "what", r->happened.what),
	            clock_now().wall_s);
}

/* In public mode a zone that was wanted may have to be proven, now, or may be another's who shows less. */
static void claim(const struct request *r, json_t *reply) {
	const struct control_backend *b = r->backend;
	const char *code = json_string_value(json_object_get(reply, "code")), *zone = asked_text(r, "zone");
	if (!r->claims || !b->zone_prove) return;
	if (code && zone && strcmp(code, CONTROL_CODE_CONFLICT) == 0 && r->caller)
		b->zone_contest(b->ctx, zone, r->caller->account);
	else if (!code)
		(void)b->zone_prove(b->ctx, NULL); /* else it is looked for a little later */
}

/* What was committed is made known, whether or not anybody is there to hear the reply. */
static json_t *worked(struct request *r, json_t *reply) {
	const struct control_backend *b = r->backend;
	if (r->keys_changed && b->gate) gate_forget(b->gate, r->keys_of);
	if (r->changes.put.count > 0 || r->changes.removed.count > 0) b->changed(b->ctx, &r->changes);
	tell_happened(r);
	claim(r, reply);
	if (!r->seen || !json_is_true(json_object_get(reply, "ok"))) return reply;
	r->reply = reply;
	return r->seen(r);
}

json_t *request_finish(struct request *r) {
	json_t *reply = r->reply;
	enum request_stage stage = r->stage;
	r->reply = NULL;
	r->stage = STAGE_NONE;
	if (r->job.skipped) return reply_refusal(CONTROL_CODE_BUSY, "the daemon is about to end");
	if (stage == STAGE_WORK && r->again) r->stage = STAGE_WORK;
	if (r->stage != STAGE_NONE) return NULL;
	if (stage == STAGE_WORK) return worked(r, reply);
	if (!reply && stage == STAGE_VERIFY) reply = admit_verified(r);
	if (reply || r->stage != STAGE_NONE) return reply;
	return stage == STAGE_YIELD ? r->row->handler(r) : go_on(r);
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
	wanted_changes_done(&r->changes);
	caller_unref(r->caller);
	version_unref(r->version);
	json_decref(r->rows);
	json_decref(r->fields);
	json_decref(r->reply);
	change_unref(r->change);
	chosen_free(r->chosen);
	record_search_free(r->search);
	free(r->line);
	free(r);
}

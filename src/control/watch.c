/* The request "watch": a reply, then an event a line for as long as the client stays. */
#include "base/clock.h"
#include "control/admit.h"
#include "control/handlers.h"
#include "control/protocol.h"
#include "inventory/gate.h"

/* The stream began by a key that may be gone now, or reach elsewhere. */
static bool key_is_in_doubt(struct request *r) {
	const struct caller *c = r->caller;
	if (!c || !r->backend->gate) return false;
	if (c->expires_s && c->expires_s <= clock_now().wall_s) return true;
	uint64_t changes = gate_changes(r->backend->gate);
	if (changes == r->keys_then) return false;
	if (gate_remembered(r->backend->gate, asked_text(r, "key")) != c) return true;
	r->keys_then = changes; /* they were others' keys */
	return false;
}

static json_t *watch_next(struct request *r) {
	if (key_is_in_doubt(r)) {
		r->next = NULL;
		return reply_refusal(CONTROL_CODE_UNAUTHORIZED, "keys have changed: begin to watch again");
	}
	r->next = watch_next;
	return watcher_read(&r->watcher);
}

static void some(void *ctx) {
	struct request *r = ctx;
	r->ended = watch_next;
	request_answer(r, OK);
}

/* NULL: out_kinds is filled. */
static json_t *kinds_fault(const struct request *r, unsigned *out_kinds) {
	size_t i;
	json_t *item;
	enum watch_kind kind;
	const json_t *list = asked_value(r, "kinds");
	*out_kinds = list ? 0 : ~0U;
	json_array_foreach(list, i, item) {
		if (!watch_kind_find(json_string_value(item), &kind))
			return reply_refusal(CONTROL_CODE_REQUEST,
			                     "\"kinds\": expected events that docs/formats/control.md lists");
		*out_kinds |= 1U << kind;
	}
	return NULL;
}

/* Of a key that is bound to zones or to a primary. */
static bool is_of_the_bound(void *ctx, const uint8_t *zone) {
	const struct request *r = ctx;
	char text[NAME_TEXT_MAX];
	if (!zone || caller_is_kept_from(r->caller, name_text_short(zone, text))) return false;
	return !r->caller->has_primary || request_may_see(r, zone);
}

json_t *request_watch(struct request *r) {
	struct watcher *w = &r->watcher;
	json_t *fault = kinds_fault(r, &w->kinds);
	if (fault) return fault;
	w->account = r->account ? r->account : -1;
	w->of_one_zone = r->has_zone;
	w->zone = r->zone;
	if (r->caller && (r->caller->zones || r->caller->has_primary)) w->may_see = is_of_the_bound;
	if (r->caller && r->backend->gate) r->keys_then = gate_changes(r->backend->gate);
	w->some = some;
	w->ctx = r;
	watcher_begin(w, r->backend->events, asked_number(r, "after", -1), clock_now().wall_s);
	r->next = watch_next;
	r->streams = true;
	return reply_result(json_pack("{s:I}", "sequence", (json_int_t)events_sequence(w->events)), true);
}

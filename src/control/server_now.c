/* Requests about the server as a whole. */
#include <string.h>

#include "control/admit.h"
#include "control/handlers.h"
#include "control/protocol.h"

#define LOOK_SLICE 8192 /* zones looked at before others have their turn */

json_t *request_status(struct request *r) {
	return reply_result(r->backend->status(r->backend->ctx), false);
}

json_t *request_stats(struct request *r) {
	return reply_result(r->backend->stats(r->backend->ctx), false);
}

json_t *request_reload(struct request *r) {
	json_t *faults = NULL;
	if (r->backend->reload(r->backend->ctx, &faults) == OK) return reply_done();
	json_t *reply = reply_refusal(CONTROL_CODE_FAILED,
	                              "the configuration has faults; the former one stays");
	if (reply && faults)
		(void)json_object_set_new(reply, "faults", faults); /* out of memory: without them */
	else
		json_decref(faults);
	return reply;
}

/* -- the health of many ---------------------------------------------------------------------------------------------- */

static void count(json_t *counts, const char *word) {
	json_t *old = json_object_get(counts, word);
	(void)json_object_set_new(counts, word,
	                          json_integer(json_integer_value(old) + 1)); /* out of memory: less */
}

/* One zone after another, of those that the key is bound to, in turns.  NULL: there are zones left. */
static json_t *look_at_all(struct request *r) {
	const struct control_backend *b = r->backend;
	struct control_zone zone;
	if (!r->rows)
		r->rows = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "total", 0, "synced", 0, "stale", 0,
		                    "masterUnreachable", 0, "pending", 0, "error", 0);
	for (unsigned i = 0; i < LOOK_SLICE; i++) {
		if (!b->zone_next(b->ctx, &r->list_cursor, &zone)) return json_incref(r->rows);
		if (r->account != 0 && zone.account != r->account) continue;
		if (!request_may_see(r, zone.name)) continue;
		count(r->rows, "total");
		count(r->rows,
		      strcmp(zone.health, "master_unreachable") == 0 ? "masterUnreachable" : zone.health);
	}
	r->stage = STAGE_YIELD;
	return NULL;
}

static bool is_bound(const struct request *r) {
	return r->caller && (r->caller->zones || r->caller->has_primary);
}

/* Of the zones that the request may see.  NULL: others have their turn before it is known. */
static json_t *health_seen(struct request *r) {
	if (is_bound(r)) return look_at_all(r);
	return r->backend->health_summary(r->backend->ctx, r->account ? r->account : -1);
}

static json_t *summary_reply(struct request *r, json_t *summary) {
	return r->stage == STAGE_YIELD ? NULL : reply_result(summary, false);
}

json_t *request_health_summary(struct request *r) {
	return summary_reply(r, health_seen(r));
}

json_t *request_web_config(struct request *r) {
	return reply_result(r->backend->web_config(r->backend->ctx), false);
}

json_t *request_ready(struct request *r) {
	return reply_result(r->backend->ready(r->backend->ctx), false);
}

/* A tenant's numbers are those of its zones. */
json_t *request_metrics(struct request *r) {
	const struct control_backend *b = r->backend;
	json_t *health = health_seen(r);
	if (r->account != 0 || is_bound(r))
		return summary_reply(r, health ? json_pack("{s:{s:o}}", "zones", "states", health) : NULL);
	json_t *all = b->stats(b->ctx), *status = b->status(b->ctx);
	(void)json_object_set(all, "zones", json_object_get(status, "zones")); /* out of memory: without it */
	(void)json_object_set(all, "uptime", json_object_get(status, "uptime"));
	(void)json_object_set_new(all, "health", health);
	json_decref(status);
	return reply_result(all, false);
}

json_t *request_config_print(struct request *r) {
	return reply_result(r->backend->config_print(r->backend->ctx), false);
}

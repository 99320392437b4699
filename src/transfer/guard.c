#include "transfer/guard.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "transfer/followed.h"

void guard_begin(struct guard *g, struct followed *z) {
	const struct guard_memory *m = z->seldom ? z->seldom->guarded : NULL;
	*g = (struct guard){ .policy = followed_policy(z),
		             .former = z->version,
		             .now_s = clocks_now_s(z->transfer) };
	policy_ref(g->policy);
	if (g->former) version_ref(g->former);
	if (!m || !m->refused) return;
	g->accepted = m->accepted;
	g->accepted_mark = m->mark;
}

void guard_done(struct guard *g) {
	policy_unref(g->policy);
	version_unref(g->former);
	*g = (struct guard){ 0 };
}

static enum err mark_make(const struct zone_version *v, struct guard_mark *out_mark) {
	size_t len;
	struct guard_mark mark = { .serial = version_serial(v) };
	enum err e = zonemd_digest(v, ZONEMD_SHA384, mark.digest, &len);
	if (e == OK) *out_mark = mark;
	return e;
}

static bool same_mark(const struct guard_mark *a, const struct guard_mark *b) {
	return a->serial == b->serial && memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

/* What the operator let through of this very content. */
static enum err accepted_of(struct guard *g, const struct zone_version *next, unsigned *out_accepted) {
	*out_accepted = 0;
	if (!g->accepted || g->accepted_mark.serial != version_serial(next)) return OK;
	enum err e = mark_make(next, &g->mark);
	if (e == OK && same_mark(&g->mark, &g->accepted_mark)) *out_accepted = g->accepted;
	return e;
}

enum err guard_run(struct guard *g, const struct zone_version *next, const struct check_changes *changes,
                   struct why *why) {
	unsigned accepted = 0;
	enum err e = accepted_of(g, next, &accepted);
	if (e == OK) {
		e = zone_check(g->former, next, changes, &g->policy->checks, accepted, g->now_s, &g->report);
		if (e != OK) *why = g->report.objection;
	}
	bool wants_mark = e == ERR_REFUSED || (e == OK && g->policy->check_command);
	g->passed = accepted;
	if (wants_mark && mark_make(next, &g->mark) != OK) e = ERR_NOMEM;
	if (e == ERR_NOMEM) why_set(why, REASON_INTERNAL, "%s while the zone was checked", err_text(e));
	return e;
}

static struct guard_memory *memory_of(struct followed *z) {
	struct seldom *s = followed_seldom(z);
	if (!s->guarded) s->guarded = xcalloc(1, sizeof(*s->guarded));
	return s->guarded;
}

void guard_refused(const struct guard *g, enum check_guard by, struct followed *z) {
	struct guard_memory *m = memory_of(z);
	bool known = m->refused && same_mark(&m->mark, &g->mark);
	m->refused = true;
	m->mark = g->mark;
	m->guard = by;
	if (!known) m->accepted = 0;
}

void guard_passed(const struct guard *g, struct followed *z) {
	if (g->report.warning.reason == REASON_NONE) {
		if (!z->seldom) return;
		free(z->seldom->guarded);
		z->seldom->guarded = NULL;
		return;
	}
	*memory_of(z) = (struct guard_memory){ .warning = g->report.warning };
}

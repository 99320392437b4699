/* What is said about zones: status tells what is served, and always why a zone is not in step. */
#include <string.h>

#include "transfer/followed.h"

_Static_assert(REASON_COUNT <= UINT8_MAX, "a reason fits into an octet");

/* -- the state ------------------------------------------------------------------------------------------------ */

/* The newest serial that a primary answered with, or that a NOTIFY not yet followed told of. */
static bool newest_known(const struct follow *f, uint32_t *out_serial) {
	bool told = f->has_notify_serial;
	if (!f->has_primary_serial && !told) return false;
	*out_serial = f->has_primary_serial ? f->primary_serial : f->notify_serial;
	if (told && timers_judge_serial(*out_serial, f->notify_serial) == SERIAL_NEWER)
		*out_serial = f->notify_serial;
	return true;
}

static const struct seldom *seldom_of(const struct followed *z) {
	static const struct seldom nothing;
	return z->seldom ? z->seldom : &nothing;
}

static struct truth_facts facts_of(const struct followed *z, int64_t now_s) {
	const struct follow *f = &z->follow;
	const struct why *unserved = seldom_of(z)->unserved;
	struct truth_facts facts = {
		.now_s = now_s,
		.checked_s = f->checked_s,
		.serial = f->serial,
		.why = unserved ? unserved : follow_why(f),
		.has_version = f->has_version,
		.expired = f->expired,
		.held = f->frozen,
		.rolled_back = z->rolled_back,
		.not_served = unserved != NULL,
	};
	if (f->has_version) facts.timers = timers_bound(&f->soa, &followed_policy(z)->bounds);
	facts.has_newest = newest_known(f, &facts.newest);
	return facts;
}

static void log_state(const struct followed *z, enum truth_state former, const struct why *why) {
	char name[NAME_TEXT_MAX];
	log_event(z->transfer->log, EVENT_ZONE_STATE, LOG_STR("zone", name_text_short(z->name, name)),
	          LOG_STR("state", truth_text((enum truth_state)z->state)),
	          LOG_STR("former", truth_text(former)), LOG_STR("reason", reason_slug(why->reason)));
}

static struct zone_truth told(const struct followed *z) {
	return (struct zone_truth){ .state = (enum truth_state)z->state,
		                    .reason = (enum reason)z->reason,
		                    .has_serial = z->follow.has_version,
		                    .serial = z->follow.serial };
}

static void state_change(struct followed *z, enum truth_state state, const struct why *why) {
	enum truth_state former = (enum truth_state)z->state;
	int64_t now_s = z->transfer->last.wall_s;
	z->state = (uint8_t)state;
	z->state_s = state == TRUTH_EXPIRED ? z->follow.expire_s : now_s;
	z->transfer->counters.states[former]--;
	z->transfer->counters.states[state]++;
	log_state(z, former, why);
}

void state_update(struct followed *z) {
	const struct transfer_watcher *watcher = &z->transfer->watcher;
	struct truth_facts facts = facts_of(z, z->transfer->last.wall_s);
	struct why why = *facts.why;
	enum truth_state state = truth_judge(&facts, &why);
	bool changed = (uint8_t)state != z->state || z->state_s == 0;
	if (!changed && (uint8_t)why.reason == z->reason) return;
	struct zone_truth former = told(z);
	if (changed) state_change(z, state, &why);
	z->reason = (uint8_t)why.reason;
	if (watcher->state) watcher->state(watcher->ctx, z->name, former, told(z));
}

bool transfer_truth(const struct transfer *t, const uint8_t *name, struct zone_truth *out_truth) {
	const struct zone_entry *entry = table_find(t->table, name);
	if (!entry) return false;
	*out_truth = entry->follow ? told((const struct followed *)entry->follow)
	                           : (struct zone_truth){ .state = TRUTH_PENDING };
	return true;
}

/* -- what comes next ------------------------------------------------------------------------------------------ */

static struct zone_next next_of(const struct followed *z) {
	const struct follow *f = &z->follow;
	const struct zone_policy *policy = followed_policy(z);
	unsigned asked = z->asked, first = f->hint < policy->primary_count ? f->hint : 0;
	struct zone_next next = { .at_s = f->refresh_s };
	bool runs = f->state != FOLLOW_WAITING;
	if (f->state == FOLLOW_SAVING)
		next.action = NEXT_SAVES;
	else if (f->state == FOLLOW_COPYING)
		next.action = NEXT_COPIES;
	else if (runs)
		next.action = NEXT_AWAITS_ANSWER;
	else if (f->frozen)
		next.action = NEXT_WAITS_FOR_RELEASE;
	else if (f->has_version)
		next.action = NEXT_ASKS;
	else
		next.action = NEXT_TRANSFERS;
	unsigned primary = runs ? asked : first;
	next.has_primary = primary < policy->primary_count && next.action != NEXT_WAITS_FOR_RELEASE;
	if (next.has_primary) next.primary = policy->primaries[primary].addr;
	if (runs || f->frozen) next.at_s = 0;
	return next;
}

/* What questions get; while it is expired, what is held. */
static void fill_version(const struct followed *z, struct zone_report *r) {
	const struct zone_version *v = atomic_load(&z->entry->served);
	if (!v) v = z->version;
	if (!v) return;
	r->has_serial = true;
	r->serial = version_serial(v);
	r->soa = *version_soa(v);
	r->records = version_records(v);
	r->bytes = version_bytes(v);
}

static void fill_seldom(const struct followed *z, struct zone_report *r) {
	const struct seldom *s = seldom_of(z);
	r->notify = &s->notify;
	r->stranger_count = strangers_read(&s->strangers, r->strangers);
	if (!s->guarded) return;
	r->has_refused = s->guarded->refused;
	if (r->has_refused) r->refused_serial = s->guarded->mark.serial;
	r->warning = s->guarded->warning;
}

enum err transfer_report(struct transfer *t, const uint8_t *name, struct zone_report *out_report) {
	struct followed *z = followed_find(t, name);
	if (!z) return ERR_NOTFOUND;
	struct zone_report *r = out_report;
	memset(r, 0, sizeof(*r));
	name_copy(&r->name, z->name);
	struct truth_facts facts = facts_of(z, clocks_now_s(t));
	state_update(z);
	r->state_s = z->state_s;
	r->policy = followed_policy(z);
	r->saved = followed_state(z);
	r->saved.why = *facts.why;
	r->state = truth_text(truth_judge(&facts, &r->saved.why));
	if (r->saved.why.reason != REASON_NONE && r->saved.since_s == 0) r->saved.since_s = z->state_s;
	r->held = z->follow.frozen;
	r->rolled_back = z->rolled_back;
	r->noted = z->follow.frozen && z->follow.again;
	r->next = next_of(z);
	r->transferring = z->copy != NULL || z->follow.state == FOLLOW_SAVING;
	r->attempt_count = history_read(z->history, r->attempts);
	fill_seldom(z, r);
	fill_version(z, r);
	return OK;
}

struct zone_version *transfer_version(struct transfer *t, const uint8_t *name) {
	struct followed *z = followed_find(t, name);
	if (!z || !z->version) return NULL;
	version_ref(z->version);
	return z->version;
}

void transfer_count(const struct transfer *t, struct transfer_counters *out_counters) {
	*out_counters = t->counters;
	out_counters->zones_unread = t->unread;
	out_counters->notify_out = notifier_count(t->notifier);
}

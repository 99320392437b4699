/* Carries out what the state machine decides, and tells it what came of it. */
#include <stdlib.h>

#include "base/alloc.h"
#include "transfer/followed.h"
#include "transfer/zone_soa.h"

#define LAZY_MS 2000
#define LARGE_RECORDS 20000 /* a zone of so many gets a connection for itself */

struct follow_env steps_env(struct followed *z) {
	const struct zone_policy *policy = followed_policy(z);
	return (struct follow_env){
		.bounds = &policy->bounds,
		.primary_count = policy->primary_count,
		.primaries = policy->primaries,
		.choice = policy->choice,
		.shared_history = policy->shared_history,
		.ixfr = !policy->axfr_only,
		.full_check_s = policy->full_check_s,
		.now_s = clocks_now_s(z->transfer),
		.random = &z->transfer->random,
	};
}

/* -- serving -- */

static uint64_t *counter_of(struct transfer *t, enum zone_status status) {
	switch (status) {
	case ZONE_SERVED: return &t->counters.zones_served;
	case ZONE_EXPIRED: return &t->counters.zones_expired;
	default: return &t->counters.zones_pending;
	}
}

void steps_publish(struct followed *z, struct zone_version *v, enum zone_status status) {
	struct transfer *t = z->transfer;
	--*counter_of(t, (enum zone_status)atomic_load(&z->entry->status));
	++*counter_of(t, status);
	table_publish(t->table, z->entry, v, status);
	clocks_collect(t);
}

static void expire(struct followed *z) {
	char name[NAME_TEXT_MAX];
	steps_publish(z, NULL, ZONE_EXPIRED);
	log_event(z->transfer->log, EVENT_ZONE_EXPIRED, LOG_STR("zone", name_text_short(z->name, name)),
	          LOG_NUM("serial", z->follow.serial), LOG_NUM("checked", z->follow.checked_s),
	          LOG_STR("reason", reason_slug(follow_why(&z->follow)->reason)));
}

static void recover(struct followed *z) {
	char name[NAME_TEXT_MAX];
	if (atomic_load(&z->entry->status) != ZONE_SERVED) steps_publish(z, z->version, ZONE_SERVED);
	log_event(z->transfer->log, EVENT_ZONE_RECOVERED, LOG_STR("zone", name_text_short(z->name, name)),
	          LOG_NUM("serial", z->follow.serial));
}

static void log_current(const struct followed *z) {
	char name[NAME_TEXT_MAX];
	log_event(z->transfer->log, EVENT_ZONE_CURRENT, LOG_STR("zone", name_text_short(z->name, name)),
	          LOG_NUM("serial", z->follow.serial));
}

/* Each of the first failures in a row, then fewer and fewer: thousands of zones may fail for days. */
static bool is_worth_a_line(uint32_t failures) {
	return failures <= 4 || (failures & (failures - 1)) == 0;
}

static void log_failed(const struct followed *z) {
	char name[NAME_TEXT_MAX];
	if (!is_worth_a_line(z->follow.failures)) return;
	const struct why *why = follow_why(&z->follow);
	log_event(z->transfer->log, EVENT_ZONE_FAILED, LOG_STR("zone", name_text_short(z->name, name)),
	          LOG_STR("reason", reason_slug(why->reason)), LOG_STR("evidence", why->evidence),
	          LOG_NUM("failures", z->follow.failures),
	          LOG_NUM("retry_s", z->follow.refresh_s - z->transfer->last.wall_s));
}

/* -- states to save -- */

static bool prepare_state(struct save *s) {
	struct followed *z = *(struct followed **)(s + 1);
	z->dirty = NULL; /* what changes from here on is another save */
	s->state = followed_state(z);
	return z->entry != NULL;
}

static void state_told(struct save *s) {
	struct followed *z = *(struct followed **)(s + 1);
	/* A failure was logged by the saver; the next change saves the state again. */
	followed_unref(z);
	free(s);
}

void steps_save_dirty(struct transfer *t) {
	struct followed *z;
	while ((z = t->dirty)) {
		t->dirty = z->next;
		z->next = NULL;
		saver_add(t->saver, z->dirty);
	}
}

static void on_lazy(uv_timer_t *timer) {
	steps_save_dirty(timer->data);
}

void steps_keep(struct followed *z) {
	struct transfer *t = z->transfer;
	if (z->dirty) return;
	struct save *s = xcalloc(1, sizeof(*s) + sizeof(z));
	*(struct followed **)(s + 1) = z;
	s->kind = SAVE_STATE;
	s->name = z->name;
	s->prepare = prepare_state;
	s->told = state_told;
	z->dirty = s;
	followed_ref(z);
	z->next = t->dirty;
	t->dirty = z;
	if (!t->stopping && !uv_is_active((uv_handle_t *)&t->lazy))
		(void)uv_timer_start(&t->lazy, on_lazy, LAZY_MS, 0); /* cannot fail: it is initialised */
}

/* -- asking -- */

static struct attempt attempt_begin(const struct followed *z, const struct primary *primary) {
	struct attempt a = { .time_s = clocks_now_s(z->transfer), .primary = primary->addr };
	a.has_before = z->follow.has_version;
	a.before = z->follow.serial;
	attempt_set_key(&a, primary->key);
	return a;
}

static void record_answer(struct followed *z, const struct soa_result *r, const struct primary *primary) {
	struct attempt a = attempt_begin(z, primary);
	a.transport = r->transport;
	a.asked = RR_SOA;
	a.ok = a.has_serial = r->ok;
	a.got = r->ok ? ATTEMPT_SOA : ATTEMPT_NOTHING;
	a.serial = r->ok ? r->soa.serial : 0;
	a.messages = r->bytes > 0;
	a.records = r->ok;
	a.bytes = r->bytes;
	a.ms = r->ms;
	if (!r->ok) a.why = r->why;
	record_attempt(z, &a);
}

/* At our serial the SOA has other signatures than ours.  An answer without any tells nothing. */
static bool is_resigned(const struct followed *z, const struct soa_result *r) {
	if (!r->ok || r->signatures == 0 || !z->version) return false;
	return r->soa.serial == version_serial(z->version) &&
	       r->signatures != zone_soa_signatures_of(z->version);
}

static void on_answer(void *ctx, const struct soa_result *r) {
	struct followed *z = ctx;
	const struct primary *primary = &followed_policy(z)->primaries[z->asked];
	z->query = NULL;
	if (r->sent) record_answer(z, r, primary);
	struct follow_env env = steps_env(z);
	follow_told(&z->follow, r->has_expire ? r->expire_s : FOLLOW_NOT_TOLD, is_resigned(z, r));
	steps_apply(z, r->ok ? follow_answered(&z->follow, &env, r->soa.serial, r->transport == TRANSPORT_UDP)
	                     : follow_failed(&z->follow, &env, &r->why, r->no_tcp));
}

static void start_question(struct followed *z, const struct follow_decision *d) {
	const struct primary *primary = &followed_policy(z)->primaries[d->primary];
	struct soa_request request = { .zone = z->name,
		                       .primary = primary->addr,
		                       .source = primary->source,
		                       .tls = primary->tls,
		                       .key = primary->key,
		                       .urgency = d->urgency,
		                       .dnssec_ok = z->version && zone_soa_signatures_of(z->version) != 0,
		                       .udp_only = d->probe,
		                       .result = on_answer,
		                       .ctx = z };
	z->asked = (uint16_t)d->primary;
	z->transfer->counters.soa_queries++;
	z->query = asker_ask(z->transfer->asker, &request);
}

/* -- copying -- */

static enum attempt_got got_of(const struct copy_result *r) {
	static const enum attempt_got got[] = { [COPY_AXFR] = ATTEMPT_AXFR,
		                                [COPY_IXFR] = ATTEMPT_IXFR,
		                                [COPY_AXFR_FOR_IXFR] = ATTEMPT_AXFR_FOR_IXFR,
		                                [COPY_CURRENT] = ATTEMPT_CURRENT };
	if (!r->has_soa) return ATTEMPT_NOTHING;
	return r->undecided ? ATTEMPT_SOA : got[r->got];
}

static struct attempt attempt_of_copy(const struct followed *z, const struct copy_result *r,
                                      const struct primary *primary) {
	struct attempt a = attempt_begin(z, primary);
	a.transport = r->transport;
	a.asked = r->incremental ? RR_IXFR : RR_AXFR;
	a.got = got_of(r);
	a.has_serial = r->has_soa;
	a.serial = r->has_soa ? r->soa.serial : 0;
	a.messages = r->messages;
	a.records = r->records;
	a.bytes = r->bytes;
	a.ms = r->ms;
	return a;
}

/* The zone is not worse off, so this is no zone.failed; but somebody may want to mend it. */
static void log_instead(const struct followed *z, const struct why *why) {
	char name[NAME_TEXT_MAX];
	log_event(z->transfer->log, EVENT_ZONE_IXFR_FAILED, LOG_STR("zone", name_text_short(z->name, name)),
	          LOG_STR("reason", reason_slug(why->reason)), LOG_STR("evidence", why->evidence));
}

void steps_failed(struct followed *z, const struct why *why, bool no_tcp) {
	struct follow_env env = steps_env(z);
	struct follow_decision d = follow_failed(&z->follow, &env, why, no_tcp);
	if (d.instead) log_instead(z, why);
	steps_apply(z, d);
}

static void copy_failed(struct followed *z, const struct copy_result *r, const struct primary *primary) {
	struct attempt a = attempt_of_copy(z, r, primary);
	a.why = r->why;
	record_attempt(z, &a);
	if (r->has_soa) follow_opened(&z->follow, r->soa.serial);
	steps_failed(z, &r->why, r->no_tcp);
}

static void on_progress(void *ctx, uint32_t messages, uint64_t records, uint64_t bytes) {
	struct followed *z = ctx;
	const struct transfer_watcher *watcher = &z->transfer->watcher;
	struct transfer_progress progress = { .primary = followed_policy(z)->primaries[z->asked].addr,
		                              .messages = messages,
		                              .records = records,
		                              .bytes = bytes };
	watcher->progress(watcher->ctx, z->name, &progress);
}

static void on_copied(void *ctx, struct copy_result *r) {
	struct followed *z = ctx;
	const struct primary *primary = &followed_policy(z)->primaries[z->asked];
	z->copy = NULL;
	if (!r->ok) {
		copy_failed(z, r, primary);
		return;
	}
	struct attempt attempt = attempt_of_copy(z, r, primary);
	struct follow_env env = steps_env(z);
	follow_told(&z->follow, r->has_expire ? r->expire_s : FOLLOW_NOT_TOLD, false);
	if (r->got == COPY_CURRENT) {
		attempt.ok = true;
		record_attempt(z, &attempt);
		steps_apply(z, follow_unchanged(&z->follow, &env));
		return;
	}
	steps_apply(z, follow_copied(&z->follow, &env, r->soa.serial));
	ingest_take(z->transfer->ingest, z, r, &attempt);
}

/* The primary is known not to take connections: the next decision comes at once. */
static struct follow_decision copy_not_admitted(struct followed *z, const struct primary *primary,
                                                const struct why *found) {
	struct why why;
	struct asked asked = { .zone = z->name,
		               .primary = primary->addr,
		               .type = z->follow.incremental ? RR_IXFR : RR_AXFR,
		               .transport = primary->tls ? TRANSPORT_TLS : TRANSPORT_TCP };
	answer_blame(&asked, &why, found->reason, "as found before: %s", found->evidence);
	struct follow_env env = steps_env(z);
	return follow_failed(&z->follow, &env, &why, true);
}

static bool start_copy(struct followed *z, const struct follow_decision *d,
                       struct follow_decision *out_next) {
	struct transfer *t = z->transfer;
	const struct zone_policy *policy = followed_policy(z);
	const struct primary *primary = &policy->primaries[d->primary];
	struct peer *peer = pool_peer_on(t->pool, &primary->addr, &primary->source, primary->tls);
	struct why found;
	if (!d->instead && !peer_admits(peer, (int64_t)uv_now(t->loop), d->urgency, &found)) {
		*out_next = copy_not_admitted(z, primary, &found);
		return false;
	}
	struct copy_request request = {
		.zone = z->name,
		.primary = primary->addr,
		.source = primary->source,
		.key = primary->key,
		.urgency = d->urgency,
		.alone = z->version && version_records(z->version) >= LARGE_RECORDS,
		.has_floor = d->has_floor,
		.floor = d->floor,
		.have = d->incremental ? z->version : NULL,
		.limits = { .max_bytes = policy->max_zone_bytes, .max_records = policy->max_zone_records },
		.progress = t->watcher.progress ? on_progress : NULL,
		.result = on_copied,
		.ctx = z,
	};
	z->asked = (uint16_t)d->primary;
	z->copy = copy_start(t->pool, peer, &request);
	return true;
}

void steps_cancel(struct followed *z) {
	asker_cancel(z->transfer->asker, z->query);
	copy_cancel(z->copy);
	z->query = NULL;
	z->copy = NULL;
}

/* -- decisions -- */

static void apply_once(struct followed *z, const struct follow_decision *d) {
	if (d->expire) expire(z);
	if (d->recover) recover(z);
	if (d->confirmed) log_current(z);
	if (d->failed) log_failed(z);
	if (d->keep) steps_keep(z);
}

void steps_apply(struct followed *z, struct follow_decision d) {
	for (;;) {
		followed_tell_expiry(z);
		apply_once(z, &d);
		if (z->transfer->stopping) return;
		struct follow_decision next;
		if (d.act == FOLLOW_ASK) start_question(z, &d);
		if (d.act != FOLLOW_COPY || start_copy(z, &d, &next)) break;
		d = next;
	}
	state_update(z);
	schedule_set(&z->transfer->schedule, &z->due, follow_next_due(&z->follow));
	clocks_arm(z->transfer);
}

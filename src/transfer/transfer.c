/* Puts the parts together: start, zones that come and go, wishes, NOTIFYs, stop. */
#include "transfer/transfer.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "transfer/followed.h"
#include "transfer/merger.h"

void transfer_set_watcher(struct transfer *t, const struct transfer_watcher *watcher) {
	t->watcher = *watcher;
}

/* -- removal from the store -- */

static bool prepare_removal(struct save *s) {
	(void)s; /* the name is all there is */
	return true;
}

static void removal_told(struct save *s) {
	struct followed *z = *(struct followed **)(s + 1);
	/* A failure was logged by the saver; the zone is removed at the next start, when nobody claims it. */
	followed_unref(z);
	free(s);
}

/* Takes over the caller's reference. */
static void remove_saved(struct followed *z) {
	struct save *s = xcalloc(1, sizeof(*s) + sizeof(z));
	*(struct followed **)(s + 1) = z;
	s->kind = SAVE_REMOVE;
	s->name = z->name;
	s->prepare = prepare_removal;
	s->told = removal_told;
	saver_add(z->transfer->saver, s);
}

void transfer_claimed(struct transfer *t) {
	struct followed *z;
	t->all_claimed = true;
	if (t->load_step != LOAD_DONE) return; /* it ends with this */
	while ((z = load_pop_unclaimed(t)))
		remove_saved(z);
	free(t->unclaimed);
	t->unclaimed = NULL;
}

/* -- zones come, change and go -- */

void transfer_zone_added(struct transfer *t, const uint8_t *name, const struct zone_policy *policy) {
	struct zone_entry *entry;
	policy_ref(policy);
	if (t->stopping || table_add(t->table, name, policy, &entry) != OK) {
		policy_unref(policy); /* it is there already: the inventory gives each name once */
		return;
	}
	t->counters.zones++;
	t->counters.zones_pending++;
	t->counters.states[TRUTH_PENDING]++;
	load_begin_zone(t, entry);
}

static void release_policy(void *policy) {
	policy_unref(policy);
}

static void retire_policy(struct transfer *t, const struct zone_policy *policy) {
	epoch_retire(t->epoch, (void *)(uintptr_t)policy, release_policy);
	clocks_collect(t);
}

void transfer_zone_changed(struct transfer *t, const uint8_t *name, const struct zone_policy *policy) {
	struct followed *z = followed_find(t, name);
	if (!z || t->stopping) return;
	steps_cancel(z); /* it borrows the former policy's keys */
	policy_ref(policy);
	retire_policy(t, atomic_exchange(&z->entry->policy, policy));
	struct follow_env env = steps_env(z);
	steps_apply(z, follow_changed(&z->follow, &env));
}

static void leave_counters(struct followed *z) {
	struct transfer_counters *c = &z->transfer->counters;
	enum zone_status status = (enum zone_status)atomic_load(&z->entry->status);
	c->zones--;
	c->states[z->state]--;
	--*(status == ZONE_SERVED    ? &c->zones_served
	    : status == ZONE_EXPIRED ? &c->zones_expired
	                             : &c->zones_pending);
}

void transfer_zone_removed(struct transfer *t, const uint8_t *name) {
	struct followed *z = followed_find(t, name);
	if (!z || t->stopping) return;
	steps_cancel(z);
	if (z->seldom) {
		notifier_forget(t->notifier, &z->seldom->notify);
		strangers_forget(t->strangers, &z->seldom->strangers);
	}
	schedule_remove(&t->schedule, &z->due);
	leave_counters(z);
	const struct zone_policy *policy = followed_policy(z);
	struct zone_entry *entry = z->entry;
	z->entry = NULL;
	entry->follow = NULL;
	table_remove(t->table, entry);
	retire_policy(t, policy);
	remove_saved(z);
}

/* -- wishes and NOTIFYs -- */

static enum err wish(struct transfer *t, const uint8_t *name, bool retransfer) {
	struct followed *z = followed_find(t, name);
	if (!z || t->stopping) return ERR_NOTFOUND;
	if (z->follow.frozen) return ERR_REFUSED;
	struct follow_env env = steps_env(z);
	steps_apply(z, follow_wish(&z->follow, &env, retransfer));
	return OK;
}

void transfer_trust_changed(struct transfer *t) {
	pool_forgive_tls(t->pool);
}

enum err transfer_refresh(struct transfer *t, const uint8_t *name) {
	return wish(t, name, false);
}

enum err transfer_retransfer(struct transfer *t, const uint8_t *name) {
	return wish(t, name, true);
}

enum err transfer_accept(struct transfer *t, const uint8_t *name) {
	struct followed *z = followed_find(t, name);
	char text[NAME_TEXT_MAX];
	if (!z || t->stopping) return ERR_NOTFOUND;
	bool behind = follow_why(&z->follow)->reason == REASON_SERIAL_BEHIND;
	struct guard_memory *m = z->seldom ? z->seldom->guarded : NULL;
	if (!m || !m->refused) return behind ? wish(t, name, true) : ERR_MISMATCH;
	m->accepted |= m->guard;
	log_event(t->log, EVENT_ZONE_ACCEPTED, LOG_STR("zone", name_text_short(z->name, text)),
	          LOG_NUM("serial", m->mark.serial));
	return wish(t, name, true);
}

void transfer_notified(struct transfer *t, struct zone_entry *entry, const struct addr *peer, bool has_serial,
                       uint32_t serial) {
	inbox_put(t->inbox, entry, peer, has_serial, serial);
}

void transfer_stranger(struct transfer *t, const struct zone_entry *entry, const struct addr *peer,
                       const uint8_t *key, uint16_t tsig_error) {
	strangers_put(t->strangers, entry->name, peer, key, tsig_error);
}

static struct stranger_list *strangers_of(void *ctx, const uint8_t *name) {
	struct followed *z = followed_find(ctx, name);
	return z ? &followed_seldom(z)->strangers : NULL;
}

/* By address, not by port: a primary sends from any port. */
static uint16_t primary_of(const struct zone_policy *policy, const struct addr *peer) {
	for (unsigned i = 0; i < policy->primary_count; i++) {
		if (addr_same_ip(&policy->primaries[i].addr, peer)) return (uint16_t)i;
	}
	return FOLLOW_UNKNOWN;
}

static void on_notify(void *ctx, struct zone_entry *entry, const struct inbox_item *item) {
	struct transfer *t = ctx;
	if (t->stopping) return;
	struct followed *z = followed_at(t, entry);
	t->counters.notify_in++;
	struct follow_env env = steps_env(z);
	uint16_t primary = primary_of(followed_policy(z), &item->peer);
	steps_apply(z, follow_notified(&z->follow, &env, primary, item->has_serial, item->serial));
}

/* -- start and stop -- */

/* As the policy has it now: it may be another one since the transfer was decided on. */
static struct pace_rules pace_of(void *ctx, const uint8_t *name) {
	const struct transfer *t = ctx;
	struct zone_entry *entry = table_find(t->table, name);
	return entry && followed_of(entry) ? followed_policy(followed_of(entry))->pace
	                                   : (struct pace_rules){ 0 };
}

struct transfer *transfer_new(uv_loop_t *loop, const struct transfer_settings *settings,
                              struct zone_table *table, struct store *store, struct epoch *epoch,
                              struct log *log) {
	struct transfer *t = xcalloc(1, sizeof(*t));
	t->loop = loop;
	t->table = table;
	t->store = store;
	t->epoch = epoch;
	t->log = log;
	t->random = random_secure();
	struct pool_settings pool = { settings->transfers_max,
		                      settings->transfers_per_primary,
		                      settings->connections_per_primary,
		                      settings->collect_max_bytes,
		                      settings->trust,
		                      log,
		                      pace_of,
		                      t };
	t->pool = pool_new(loop, &pool, &t->random);
	t->asker = asker_new(loop, settings->udp_queries_max, t->pool, &t->random);
	t->saver = saver_new(loop, store, log);
	t->ingest = ingest_new(t);
	t->merger = merger_new(t);
	t->notifier = notifier_new(loop, &t->random, log);
	t->inbox = inbox_new(loop, table, on_notify, t);
	t->strangers = strangers_new(loop, strangers_of, t);
	clocks_init(t);
	watch_init(t);
	wake_init(t);
	rest_init(t);
	load_init(t);
	return t;
}

static void part_closed(void *ctx) {
	struct transfer *t = ctx;
	if (--t->to_close == 0) t->stopped(t->stopped_ctx);
}

static void timer_closed(uv_handle_t *timer) {
	part_closed(timer->data);
}

static void on_saver_idle(void *ctx) {
	struct transfer *t = ctx;
	if (t->resting) return;
	/* What was built or changed meanwhile is saved too. */
	if (!ingest_is_idle(t->ingest) || !merger_is_idle(t->merger)) return;
	steps_save_dirty(t);
	if (!saver_is_idle(t->saver) || t->to_close > 0) return;
	t->to_close = 13;
	pool_stop(t->pool, part_closed, t);
	asker_stop(t->asker, part_closed, t);
	notifier_stop(t->notifier, part_closed, t);
	inbox_close(t->inbox, part_closed, t);
	saver_close(t->saver, part_closed, t);
	strangers_close(t->strangers, part_closed, t);
	uv_close((uv_handle_t *)&t->tick, timer_closed);
	uv_close((uv_handle_t *)&t->lazy, timer_closed);
	uv_close((uv_handle_t *)&t->load, timer_closed);
	uv_close((uv_handle_t *)&t->wake, timer_closed);
	uv_close((uv_handle_t *)&t->collect, timer_closed);
	uv_close((uv_handle_t *)&t->watch, timer_closed);
	uv_close((uv_handle_t *)&t->rest, timer_closed);
}

void transfer_stop(struct transfer *t, void (*done)(void *ctx), void *ctx) {
	struct zone_entry *entry;
	size_t cursor = 0;
	t->stopping = true;
	(void)uv_timer_stop(&t->load); /* always 0 */
	t->stopped = done;
	t->stopped_ctx = ctx;
	while ((entry = table_next(t->table, &cursor))) {
		struct followed *z = followed_of(entry);
		if (!z) continue;
		steps_cancel(z);
		if (z->seldom) notifier_forget(t->notifier, &z->seldom->notify);
	}
	ingest_stop(t->ingest);
	saver_on_idle(t->saver, on_saver_idle, t);
	steps_save_dirty(t);
	if (saver_is_idle(t->saver)) on_saver_idle(t);
}

void transfer_free(struct transfer *t) {
	if (!t) return;
	struct zone_entry *entry;
	size_t cursor = 0;
	schedule_done(&t->schedule);
	strangers_free(t->strangers);
	while ((entry = table_next(t->table, &cursor))) {
		struct followed *z = followed_of(entry);
		policy_unref(atomic_load(&entry->policy));
		if (!z) continue;
		z->entry = NULL;
		entry->follow = NULL;
		followed_unref(z);
	}
	struct followed *z;
	while ((z = load_pop_unclaimed(t)))
		followed_unref(z);
	free(t->unclaimed);
	inbox_free(t->inbox);
	notifier_free(t->notifier);
	ingest_free(t->ingest);
	merger_free(t->merger);
	saver_free(t->saver);
	asker_free(t->asker);
	pool_free(t->pool);
	packed_done(&t->followed);
	packed_done(&t->versions);
	packed_done(&t->attempts);
	free(t);
}

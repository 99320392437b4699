/* The start: zones are in the table, and answered for, before what was saved of them is read.  Whoever asks is given what
 * the store has (zone/table.h); here each zone's turn comes, and from then on it is followed.
 *
 *   unread ── its record is read, or the store has none ──► followed
 *
 * A zone that somebody wants to do something to has its turn at once: followed_at.  Zones whose images are files are read
 * before the others: verifying one takes longer than a question may wait. */
#include <stdlib.h>

#include "base/alloc.h"
#include "transfer/followed.h"

#define LOAD_TURN 100  /* zones between two looks at the clock */
#define LOAD_TURN_MS 5 /* before sockets have their turn */

/* -- zones that nobody has claimed ------------------------------------------------------------------------------ */

static struct followed **unclaimed_place(struct transfer *t, const uint8_t *name) {
	uint32_t h = 2166136261U;
	for (size_t i = 0, len = name_len(name); i < len; i++)
		h = (h ^ name_lower(name[i])) * 16777619U;
	struct followed **at = &t->unclaimed[h % UNCLAIMED_BUCKETS];
	while (*at && !name_equal((*at)->name, name))
		at = &(*at)->next;
	return at;
}

static struct followed *loaded(struct transfer *t, const uint8_t *name, const struct zone_state *state,
                               struct zone_version *version) {
	struct followed *z = followed_new(t, name);
	followed_load(z, state, version);
	return z;
}

static void keep_unclaimed(void *ctx, const uint8_t *name, const struct zone_state *state,
                           struct zone_version *version) {
	struct transfer *t = ctx;
	struct followed **at = unclaimed_place(t, name);
	if (*at) {
		version_unref(version); /* the store has each name once */
		return;
	}
	*at = loaded(t, name, state, version);
	t->unclaimed_count++;
}

static struct followed *claim(struct transfer *t, const uint8_t *name) {
	if (t->unclaimed_count == 0) return NULL;
	struct followed **at = unclaimed_place(t, name), *z = *at;
	if (!z) return NULL;
	t->unclaimed_count--;
	*at = z->next;
	z->next = NULL;
	return z;
}

struct followed *load_pop_unclaimed(struct transfer *t) {
	if (t->unclaimed_count == 0) return NULL; /* the table is not even looked at */
	for (unsigned b = 0; b < UNCLAIMED_BUCKETS; b++) {
		struct followed *z = t->unclaimed[b];
		if (!z) continue;
		t->unclaimed_count--;
		t->unclaimed[b] = z->next;
		z->next = NULL;
		return z;
	}
	return NULL;
}

/* -- one zone --------------------------------------------------------------------------------------------------- */

static void follow_from_now(struct transfer *t, struct zone_entry *entry, struct followed *z) {
	z->entry = entry;
	entry->follow = &z->follow;
	struct follow_env env = steps_env(z);
	uint32_t spread_s = z->follow.has_version ? schedule_spread_s(t->load_count) : 0;
	struct follow_decision d = follow_begin(&z->follow, &env, spread_s);
	if (z->follow.has_version && !d.expire)
		steps_publish(z, z->version, ZONE_SERVED);
	else
		steps_publish(z, NULL, ZONE_PENDING);
	steps_apply(z, d);
}

/* A zone whose record is being read; entry: of the table, NULL for one that nobody wants. */
struct reading {
	struct transfer *transfer;
	struct zone_entry *entry;
};

static void on_record(void *ctx, const uint8_t *name, const struct zone_state *state,
                      struct zone_version *version) {
	const struct reading *r = ctx;
	struct transfer *t = r->transfer;
	if (!r->entry) {
		keep_unclaimed(t, name, state, version);
	} else {
		t->unread--;
		follow_from_now(t, r->entry, loaded(t, name, state, version));
	}
}

static void begin_without(struct transfer *t, struct zone_entry *entry) {
	t->unread--;
	follow_from_now(t, entry, followed_new(t, entry->name));
}

struct followed *followed_at(struct transfer *t, struct zone_entry *entry) {
	if (entry->follow) return followed_of(entry);
	struct reading r = { t, entry };
	err_ignore(store_load_one(t->store, entry->name, on_record, &r)); /* nothing comes of it: it is new */
	if (!entry->follow) begin_without(t, entry);
	return followed_of(entry);
}

struct followed *followed_find(struct transfer *t, const uint8_t *name) {
	struct zone_entry *entry = table_find(t->table, name);
	return entry ? followed_at(t, entry) : NULL;
}

void load_begin_zone(struct transfer *t, struct zone_entry *entry) {
	struct followed *z = claim(t, entry->name);
	bool may_be_saved = !z && t->load_step != LOAD_DONE && !t->all_claimed;
	if (!may_be_saved) {
		follow_from_now(t, entry, z ? z : followed_new(t, entry->name));
		return;
	}
	t->unread++;
	table_leave_unread(entry);
	if (t->load_step != LOAD_WAITS) (void)followed_at(t, entry); /* its turn may be over */
}

/* -- all zones -------------------------------------------------------------------------------------------------- */

/* What a question made a worker read is not read again.  It stays while we look: it is taken from service here only. */
static bool is_unread(void *ctx, const uint8_t *name, const struct zone_version **out_version) {
	struct reading *r = ctx;
	r->entry = table_find(r->transfer->table, name);
	if (!r->entry) return true;
	const struct zone_version *v = atomic_load_explicit(&r->entry->served, memory_order_acquire);
	if (v != &table_unread) *out_version = v;
	return !r->entry->follow;
}

static void read_stored(struct transfer *t) {
	struct reading r = { t, NULL };
	enum err e = store_load_some(t->store, &t->load_cursor, LOAD_TURN, is_unread, on_record, &r);
	if (e == OK) return;
	if (e != ERR_NOTFOUND)
		log_event(t->log, EVENT_STORE_FAILED, LOG_STR("reason", reason_slug(REASON_STORE_FAILED)),
		          LOG_STR("evidence", err_text(e)));
	t->load_step = LOAD_NEW;
	t->load_walk = 0;
}

/* The table may have grown meanwhile, and a walk have missed some: another follows until none is left. */
static void begin_new(struct transfer *t) {
	struct zone_entry *entry = NULL;
	for (unsigned n = 0; n < LOAD_TURN && (entry = table_next(t->table, &t->load_walk)); n++)
		if (!entry->follow) begin_without(t, entry);
	if (entry) return;
	t->load_walk = 0;
	if (t->unread == 0) t->load_step = LOAD_DONE;
}

static void finish(struct transfer *t) {
	t->load_count = 0; /* zones that come from now on are not part of the start */
	store_loaded(t->store);
	rest_soon(t); /* pages that were read for it */
	if (t->all_claimed) transfer_claimed(t);
}

static void on_load(uv_timer_t *timer) {
	transfer_load_on(timer->data, LOAD_TURN_MS);
}

void transfer_load_on(struct transfer *t, unsigned ms) {
	int64_t end_ms = clock_now().mono_ms + ms;
	if (t->load_step == LOAD_DONE || t->stopping) return;
	if (t->load_step == LOAD_WAITS) {
		t->load_step = LOAD_STORED;
		t->load_count = table_count(t->table);
	}
	heap_fill(&t->heap);
	while (t->load_step != LOAD_DONE && clock_now().mono_ms < end_ms) {
		if (t->load_step == LOAD_STORED)
			read_stored(t);
		else
			begin_new(t);
		heap_fill(&t->heap);
	}
	if (t->load_step == LOAD_DONE)
		finish(t);
	else
		(void)uv_timer_start(&t->load, on_load, 0, 0); /* cannot fail: it is initialised */
}

static void on_file(void *ctx, const uint8_t *name, const struct zone_state *state,
                    struct zone_version *version) {
	struct reading r = { ctx, NULL };
	r.entry = table_find(r.transfer->table, name);
	if (r.entry && r.entry->follow)
		version_unref(version); /* it was read already */
	else
		on_record(&r, name, state, version);
}

void transfer_load_begin(struct transfer *t) {
	t->unclaimed = xcalloc(UNCLAIMED_BUCKETS, sizeof(struct followed *));
	t->load_step = LOAD_WAITS;
	(void)uv_timer_start(&t->load, on_load, 0, 0); /* cannot fail: it is initialised */
}

enum err transfer_load_files(struct transfer *t) {
	return store_load_files(t->store, on_file, t);
}

void load_init(struct transfer *t) {
	t->load_step = LOAD_DONE;
	(void)uv_timer_init(t->loop, &t->load); /* always 0 */
	t->load.data = t;
}

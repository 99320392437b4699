/* Reading a zone's history from the journal: each call is one transaction, for which commits wait. */
#include <stdlib.h>

#include "base/alloc.h"
#include "store/journal.h"
#include "store/store_parts.h"

/* The zone's state; ERR_NOTFOUND: none, or none with a version. */
static enum err find_zone(struct database_txn *txn, const struct name *name, struct saved_state *out_saved) {
	struct octets value;
	enum err e = database_get(txn, TABLE_STATES, name_octets(name->wire), &value);
	if (e == OK) e = saved_state_decode(value.data, value.len, name->wire, out_saved);
	return e == OK && !out_saved->state.has_version ? ERR_NOTFOUND : e;
}

static struct name lower_name(const uint8_t *name) {
	struct name lower;
	name_copy(&lower, name);
	name_to_lower(&lower);
	return lower;
}

/* -- the list -- */

static void tell(const struct frame_facts *f, store_history_fn *each, void *ctx) {
	const struct history_step step = { .from = f->from,
		                           .to = f->to,
		                           .removed = f->count[CHANGE_REMOVED] - 1,
		                           .added = f->count[CHANGE_ADDED] - 1,
		                           .time_s = f->time_s,
		                           .bytes = journal_frame_len(f) };
	each(ctx, &step);
}

static enum err each_step(struct database_txn *txn, const struct name *name, store_history_fn *each,
                          void *ctx) {
	struct saved_state saved;
	struct frame_facts facts;
	enum err e = find_zone(txn, name, &saved);
	if (e != OK) return e == ERR_NOTFOUND ? OK : e;
	for (uint32_t i = 0; i < saved.journal.count; i++) {
		e = journal_facts(txn, name->wire, &saved.journal, i, &facts);
		if (e != OK) return e == ERR_CORRUPT || e == ERR_VERSION ? OK : e;
		tell(&facts, each, ctx);
	}
	return OK;
}

enum err store_history(struct store *s, const uint8_t *name, store_history_fn *each, void *ctx) {
	struct name lower = lower_name(name);
	struct database_txn *txn;
	struct why why; /* the code says enough to whoever asks */
	store_catch_up(s);
	enum err e = database_begin(s->db, false, &txn, &why);
	if (e != OK) return e;
	e = each_step(txn, &lower, each, ctx);
	database_abort(txn);
	return e;
}

/* -- the steps -- */

/* Frames first … last, 0 the oldest. */
struct way {
	uint32_t first, last;
};

/* The newest way: back from the newest frame to one that leads to `to`, and on to one that starts at `from`. */
static enum err find_way(struct database_txn *txn, const struct name *name, const struct journal_place *place,
                         uint32_t from, uint32_t to, struct way *out_way) {
	bool on_way = false;
	struct way way = { 0, 0 };
	for (uint32_t i = place->count; i-- > 0;) {
		struct frame_facts facts;
		enum err e = journal_facts(txn, name->wire, place, i, &facts);
		if (e != OK) return e == ERR_VERSION ? ERR_CORRUPT : e;
		if (!on_way && facts.to == to) {
			on_way = true;
			way.last = i;
		}
		way.first = i;
		if (!on_way || facts.from != from) continue;
		*out_way = way;
		return OK;
	}
	return ERR_NOTFOUND;
}

static enum err read_way(struct database_txn *txn, const struct name *name, const struct journal_place *place,
                         struct way way, uint64_t max_bytes, struct change **steps) {
	uint64_t bytes = 0;
	for (uint32_t i = way.first; i <= way.last; i++) {
		struct change **step = &steps[i - way.first];
		enum err e = journal_read(txn, name->wire, place, i, step);
		if (e != OK) return e == ERR_VERSION ? ERR_CORRUPT : e;
		bytes += change_bytes(*step);
		if (bytes > max_bytes) return ERR_LIMIT;
		if (i > way.first && step[0]->from != step[-1]->to) return ERR_CORRUPT;
	}
	return OK;
}

static enum err read_steps(struct database_txn *txn, const struct name *name, uint32_t from, uint32_t to,
                           uint64_t max_bytes, struct changes **out_changes) {
	struct saved_state saved;
	struct way way;
	enum err e = find_zone(txn, name, &saved);
	if (e == OK) e = find_way(txn, name, &saved.journal, from, to, &way);
	if (e != OK) return e;
	uint32_t count = way.last - way.first + 1;
	struct change **steps = xcalloc(count, sizeof(*steps)); /* as many as frames that we wrote */
	e = read_way(txn, name, &saved.journal, way, max_bytes, steps);
	if (e == OK) *out_changes = changes_extend(NULL, steps, count, count, UINT64_MAX);
	for (uint32_t i = 0; i < count; i++) {
		change_unref(steps[i]);
	}
	free(steps);
	return e;
}

enum err store_read_steps(struct store *s, const uint8_t *name, uint32_t from, uint32_t to,
                          uint64_t max_bytes, struct changes **out_changes) {
	struct name lower = lower_name(name);
	struct database_txn *txn;
	struct why why; /* the code says enough to whoever asks */
	store_catch_up(s);
	enum err e = database_begin(s->db, false, &txn, &why);
	if (e != OK) return e;
	e = read_steps(txn, &lower, from, to, max_bytes, out_changes);
	database_abort(txn);
	return e;
}

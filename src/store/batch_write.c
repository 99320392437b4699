/* The operations of a batch become changes of the database, all in one transaction. */
#include <string.h>

#include "base/fault.h"
#include "store/ahead.h"
#include "store/checksum.h"
#include "store/journal.h"

/* One attempt to write. */
struct attempt {
	struct store_batch *batch;
	struct database_txn *txn;
	bool tight;      /* the journal has outgrown its share of the database */
	bool has_change; /* of those that only make room */
};

/* What the database holds of the zone now, earlier operations of this batch included; all zero for
 * nothing, or for a record that can't be read: its file, if any, is an orphan of the next start. */
static enum err former_state(struct database_txn *txn, struct operation *o, struct saved_state *out_saved) {
	struct octets value;
	struct saved_state saved = { 0 };
	enum err e = database_get(txn, TABLE_STATES, name_octets(o->name.wire), &value);
	if (e != OK && e != ERR_NOTFOUND) return e;
	uint64_t found = e == OK ? checksum_of(value.data, value.len, o->name.wire, o->name.len) : 0;
	if (o->only_on_former && found != o->former) return ERR_MISMATCH;
	o->former = found;
	if (e == OK && saved_state_decode(value.data, value.len, o->name.wire, &saved) != OK)
		memset(&saved, 0, sizeof(saved));
	*out_saved = saved;
	return OK;
}

static enum err put_state(struct database_txn *txn, const struct operation *o,
                          const struct saved_state *saved) {
	uint8_t buf[SAVED_STATE_MAX];
	size_t len = saved_state_encode(saved, o->name.wire, buf);
	return database_put(txn, TABLE_STATES, name_octets(o->name.wire), (struct octets){ buf, len });
}

static enum err put_image(struct database_txn *txn, const struct operation *o) {
	struct octets key = name_octets(o->name.wire);
	if (!o->image)
		return database_delete(txn, TABLE_IMAGES,
		                       key); /* a former one, also below a state that can't be read */
	const struct layer *whole = o->image->layers[0];
	return database_put(txn, TABLE_IMAGES, key,
	                    (struct octets){ layer_octets(whole), layer_size(whole) });
}

/* -- the journal -- */

static enum err append_steps(const struct attempt *a, const struct operation *o,
                             struct journal_place *place) {
	enum err e = OK;
	for (unsigned i = 0; i < o->step_count && e == OK; i++) {
		e = journal_append(a->txn, o->name.wire, place, o->steps[i]);
	}
	return e;
}

static uint64_t steps_bytes(const struct operation *o) {
	uint64_t bytes = 0;
	for (unsigned i = 0; i < o->step_count; i++) {
		bytes += frame_len(o->steps[i]);
	}
	return bytes;
}

/* The bounds of the zone, and that no history is longer than the zone itself, if that is not tiny. */
static struct history_bounds bounds_for(const struct operation *o, uint64_t image_size) {
	struct history_bounds bounds = o->bounds;
	if (bounds.versions > HISTORY_VERSIONS_MAX) bounds.versions = HISTORY_VERSIONS_MAX;
	uint64_t most = image_size > HISTORY_BYTES_LEAST ? image_size : HISTORY_BYTES_LEAST;
	if (bounds.bytes > most) bounds.bytes = most;
	return bounds;
}

static enum err trim(const struct attempt *a, const struct operation *o, uint64_t image_size,
                     struct journal_place *place) {
	struct history_bounds bounds = bounds_for(o, image_size);
	return journal_trim(a->txn, o->name.wire, place, &bounds, o->steps[o->step_count - 1]->time_s,
	                    a->tight);
}

static bool steps_follow(const struct operation *o, const struct saved_state *former) {
	return former->state.has_version && o->steps[0]->from == former->state.serial;
}

/* Frames after a whole image was saved: all of them are history. */
static enum err keep_history(const struct attempt *a, const struct operation *o,
                             const struct saved_state *former, struct journal_place *out_place) {
	struct journal_place place = former->journal;
	struct history_bounds bounds = bounds_for(o, o->saved.image_size);
	bool keep = o->steps && o->step_count <= bounds.versions && steps_bytes(o) <= bounds.bytes;
	bool follows = keep && steps_follow(o, former);
	enum err e = follows ? OK : journal_drop_all(a->txn, o->name.wire, &place);
	if (e == OK && keep) e = append_steps(a, o, &place);
	place.behind = 0;
	place.behind_bytes = 0;
	if (e == OK && keep) e = trim(a, o, o->saved.image_size, &place);
	if (e == OK) *out_place = place;
	return e;
}

/* How many frames lead from the version with the serial to the newest one, and their octets; the newest such version
 * that is not before the saved image. */
static enum err find_version(const struct attempt *a, const struct operation *o,
                             const struct saved_state *former, uint32_t serial,
                             struct journal_place *out_place) {
	struct journal_place place = former->journal;
	uint32_t at_serial = former->state.serial, behind = 0;
	uint64_t bytes = 0;
	while (at_serial != serial) {
		struct frame_facts facts;
		if (behind == place.behind) return ERR_STALE;
		enum err e = journal_facts(a->txn, o->name.wire, &place, place.count - 1 - behind, &facts);
		if (e == ERR_CORRUPT || e == ERR_VERSION) return ERR_STALE;
		if (e != OK) return e;
		bytes += journal_frame_len(&facts);
		behind++;
		at_serial = facts.from;
	}
	place.behind = behind;
	place.behind_bytes = bytes;
	*out_place = place;
	return OK;
}

/* -- operations -- */

/* The state is new, the version and what belongs to it stay as they are. */
static enum err apply_state(const struct attempt *a, const struct operation *o,
                            const struct saved_state *former) {
	struct saved_state saved = *former;
	saved.state = o->saved.state;
	saved.state.has_version = former->state.has_version;
	saved.state.serial = former->state.serial;
	return put_state(a->txn, o, &saved);
}

static void drop_file(const struct attempt *a, const struct saved_state *saved) {
	if (saved->in_file) id_list_add(&a->batch->replaced, saved->file_id);
}

static enum err apply_put(const struct attempt *a, const struct operation *o,
                          const struct saved_state *former) {
	struct saved_state saved = o->saved;
	enum err e = put_image(a->txn, o);
	if (e == OK) e = keep_history(a, o, former, &saved.journal);
	if (e == OK) e = put_state(a->txn, o, &saved);
	if (e == OK) drop_file(a, former);
	return e;
}

static enum err apply_step(const struct attempt *a, struct operation *o, const struct saved_state *former) {
	struct saved_state saved = *former;
	o->result.error = !steps_follow(o, former) ? ERR_STALE
	                  : journal_has_room(&former->journal, former->image_size, o->step_count,
	                                     steps_bytes(o))
	                          ? OK
	                          : ERR_LIMIT;
	if (o->result.error != OK) return OK;
	saved.state = o->saved.state;
	saved.state.has_version = true;
	saved.state.serial = o->steps[o->step_count - 1]->to;
	enum err e = append_steps(a, o, &saved.journal);
	if (e == OK) e = trim(a, o, saved.image_size, &saved.journal);
	o->result.wants_image = journal_wants_image(&saved.journal, saved.image_size);
	return e == OK ? put_state(a->txn, o, &saved) : e;
}

static enum err apply_image(const struct attempt *a, struct operation *o, const struct saved_state *former) {
	struct saved_state saved = o->saved;
	saved.state = former->state;
	enum err e = former->state.has_version
	                     ? find_version(a, o, former, saved.image_serial, &saved.journal)
	                     : ERR_STALE;
	if (e == ERR_STALE) {
		o->result.error = ERR_STALE;
		drop_file(a, &o->saved);
		return OK;
	}
	if (e == OK) e = put_image(a->txn, o);
	if (e == OK) e = put_state(a->txn, o, &saved);
	if (e == OK) drop_file(a, former);
	return e;
}

static enum err apply_remove(const struct attempt *a, const struct operation *o,
                             const struct saved_state *former) {
	struct journal_place place = former->journal;
	enum err e = database_delete(a->txn, TABLE_IMAGES, name_octets(o->name.wire));
	if (e == OK) e = journal_drop_all(a->txn, o->name.wire, &place);
	if (e == OK) e = database_delete(a->txn, TABLE_STATES, name_octets(o->name.wire));
	if (e == OK) drop_file(a, former);
	return e;
}

static enum err apply(struct attempt *a, struct operation *o) {
	struct saved_state former;
	enum err e = former_state(a->txn, o, &former);
	o->result = (struct store_outcome){ .error = OK };
	if (e != OK) return e;
	switch (o->kind) {
	case OPERATION_PUT: return apply_put(a, o, &former);
	case OPERATION_STEP: return apply_step(a, o, &former);
	case OPERATION_IMAGE: return apply_image(a, o, &former);
	case OPERATION_STATE: return apply_state(a, o, &former);
	default: return apply_remove(a, o, &former);
	}
}

/* -- the transaction -- */

typedef enum err apply_fn(struct attempt *a, struct operation *o);

/* So does the first: what a killed process left in the page cache is synced with it, and then its record may be written
 * over. */
bool batch_write_ahead(struct store_batch *b, const struct store_batch *told,
                       const struct database_txn *txn) {
	if (!b->safe || !b->store->has_committed || !ahead_takes(b)) return false;
	if (ahead_write(told, b, database_transaction(txn)) != OK) return false;
	if (!told) ahead_turn(b->store);
	(void)fault_fires("ahead-told"); /* a place to die at */
	atomic_store(&b->store->is_ahead, true);
	batch_tell_outcomes(b);
	b->is_safe = true;
	b->safe(b->safe_ctx);
	b->safe = NULL;
	return true;
}

static enum err apply_each(struct attempt *a, apply_fn *each) {
	struct store_batch *b = a->batch;
	uint64_t journal_bytes;
	b->replaced.count = 0;
	enum err e = database_table_bytes(a->txn, TABLE_JOURNAL, &journal_bytes);
	if (e == OK) a->tight = journal_bytes > b->store->journal_bytes_max;
	for (size_t i = 0; i < b->count && e == OK; i++) {
		e = each(a, &b->operations[i]);
	}
	return e;
}

enum err batch_apply(struct store_batch *b, struct database_txn *txn) {
	struct attempt a = { .batch = b, .txn = txn };
	return apply_each(&a, apply);
}

/* One that changes nothing is none, and syncs nothing. */
enum err batch_commit(struct store *s, struct database_txn *txn, struct why *why) {
	uint64_t number = database_transaction(txn);
	enum err e = database_commit(txn, why);
	s->has_committed |= e == OK && database_last_transaction(s->db) == number;
	return e;
}

static enum err write_all(struct store_batch *b, struct why *why) {
	struct database_txn *txn;
	enum err e = database_begin(b->store->db, true, &txn, why);
	if (e != OK) return e;
	e = batch_apply(b, txn);
	if (e == OK) {
		(void)batch_write_ahead(b, NULL, txn); /* else the commit alone counts */
		return batch_commit(b->store, txn, why);
	}
	database_explain(txn, why);
	database_abort(txn);
	return e;
}

/* -- a full database -- */

static enum err change_state(struct attempt *a, struct operation *o, const struct saved_state *saved) {
	struct saved_state ignored;
	a->has_change = true;
	enum err e = put_state(a->txn, o, saved);
	return e == OK ? former_state(a->txn, o, &ignored) : e;
}

/* Give up what nobody needs in order to serve the zone. */
static enum err give_up_history(struct attempt *a, struct operation *o) {
	static const struct history_bounds none = { 0 };
	struct saved_state former;
	enum err e = former_state(a->txn, o, &former);
	if (e != OK || former.journal.count == former.journal.behind) return e;
	e = journal_trim(a->txn, o->name.wire, &former.journal, &none, 0, false);
	return e == OK ? change_state(a, o, &former) : e;
}

static enum err write_again(struct attempt *a, struct operation *o) {
	struct saved_state former;
	enum err e = former_state(a->txn, o, &former);
	return e == OK && former.state.has_version ? change_state(a, o, &former) : e;
}

/* A batch that was told is to follow as the transaction after txn: the record that says so counts when txn is committed,
 * the former one until then. */
static enum err commit_before(struct store_batch *b, struct database_txn *txn) {
	struct store *s = b->store;
	struct why ignored;
	uint64_t number = database_transaction(txn);
	enum err e = b->is_safe ? ahead_write(NULL, b, number + 1) : OK;
	if (e != OK) {
		database_abort(txn);
		return e;
	}
	(void)fault_fires("ahead-renewed"); /* a place to die at */
	e = database_commit(txn, &ignored);
	if (b->is_safe && database_last_transaction(s->db) == number) ahead_turn(s);
	return e;
}

static enum err make_room(struct store_batch *b, apply_fn *each) {
	struct attempt a = { .batch = b };
	struct why ignored;
	enum err e = database_begin(b->store->db, true, &a.txn, &ignored);
	if (e != OK) return e;
	e = apply_each(&a, each);
	if (e == OK && a.has_change) return commit_before(b, a.txn);
	database_abort(a.txn);
	return e;
}

/* A full database: the history of the zones in work makes room.  LMDB uses pages again that were freed two
 * transactions before, and one that changes nothing would be none. */
enum err batch_write(struct store_batch *b, struct why *why) {
	enum err e = write_all(b, why);
	if (e != ERR_LIMIT) return e;
	for (size_t i = 0; i < b->count; i++)
		b->operations[i].only_on_former = false; /* its states lose their history */
	e = make_room(b, give_up_history);
	if (e == OK) e = make_room(b, write_again);
	if (e == OK) e = write_all(b, why);
	return e == OK ? OK : ERR_LIMIT;
}

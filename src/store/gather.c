#include "store/ahead.h"
#include "store/batch_parts.h"

void gather_owe(struct store_batch *b, const struct why *why) {
	log_event(b->store->log, EVENT_STORE_FAILED, LOG_STR("evidence", why->evidence));
	b->store->owed = b;
}

enum err gather_pay(struct store *s, struct why *why) {
	if (!s->owed) return OK;
	bool is_there = database_last_transaction(s->db) >=
	                s->ahead.counts.transaction; /* and seemed to have failed */
	enum err e = is_there ? OK : batch_write(s->owed, why);
	if (e == OK) e = database_sync(s->db, why);
	if (e != OK && e != ERR_MISMATCH) return e;
	batch_free(s->owed);
	s->owed = NULL;
	return OK;
}

/* The transaction has ended. */
static void end(struct store *s, enum err e, const struct why *why) {
	s->open = NULL;
	if (s->told && e != OK) gather_owe(s->told, why);
	if (s->told && e == OK) batch_free(s->told);
	s->told = NULL;
}

/* It has not come so far. */
static void give_up(struct store *s, struct why *why) {
	database_explain(s->open, why);
	database_abort(s->open);
	end(s, ERR_IO, why);
}

static enum err commit(struct store *s, struct why *why) {
	enum err e = batch_commit(s, s->open, why);
	end(s, e, why);
	return e;
}

void gather_is_settled(struct store *s) {
	atomic_store(&s->is_ahead, false);
	committer_tell_settled(s);
}

void gather_settle(struct store *s) {
	struct why why = { .reason = REASON_NONE };
	if (!s->open) return;
	enum err e = commit(s, &why);
	if (e != OK) e = gather_pay(s, &why); /* a full database gives up history */
	if (e != OK) log_event(s->log, EVENT_STORE_FAILED, LOG_STR("evidence", why.evidence));
	gather_is_settled(s);
}

static void keep_told(struct store *s, struct store_batch *b) {
	if (!s->told) s->told = store_batch_new(s);
	s->told->is_safe = true;
	batch_move(b, s->told);
	b->is_safe = false; /* nothing of it is left to be owed */
}

static enum err join(struct store_batch *b, struct why *why) {
	struct store *s = b->store;
	enum err e = s->open ? OK : database_begin(s->db, true, &s->open, why);
	if (e != OK) return e;
	e = batch_apply(b, s->open);
	if (e != OK) {
		give_up(s, why);
		return e;
	}
	if (!batch_write_ahead(b, s->told, s->open)) return commit(s, why);
	keep_told(s, b);
	bool expects_more = committer_expects_more(s);
	if (!expects_more || !ahead_has_room(s, s->told)) gather_settle(s);
	return OK;
}

/* What fails beside others is tried again by itself, after them. */
enum err gather(struct store_batch *b, struct why *why) {
	struct store *s = b->store;
	bool was_alone = !s->told;
	enum err e = join(b, why);
	if (e == OK || (was_alone && e != ERR_LIMIT)) return e;
	e = gather_pay(s, why);
	return e == OK ? batch_write(b, why) : e;
}

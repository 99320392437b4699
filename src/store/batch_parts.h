/* What batch.c, which collects changes, and batch_write.c, which puts them into the database, share. */
#ifndef UNDERSTUDY_STORE_BATCH_PARTS_H
#define UNDERSTUDY_STORE_BATCH_PARTS_H

#include "store/store_parts.h"

enum operation_kind { OPERATION_PUT, OPERATION_STEP, OPERATION_IMAGE, OPERATION_STATE, OPERATION_REMOVE };

struct operation {
	enum operation_kind kind;
	struct name name; /* lower case */
	struct saved_state saved;
	struct zone_version *image; /* of an inline image: one reference; else NULL */
	struct change **steps;      /* owned, a reference each; NULL: none */
	unsigned step_count;
	struct history_bounds bounds; /* valid with steps */
	uint64_t former; /* checksum of the zone's record that it was applied to last; 0: there was none */
	bool only_on_former;           /* of a record that was written ahead: applied to no other */
	struct store_outcome result;   /* of the last attempt to write */
	struct store_outcome *outcome; /* the caller's; NULL: nobody asks */
};

struct id_list {
	uint64_t *ids;
	size_t count, cap;
};
void id_list_add(struct id_list *list, uint64_t id);

struct store_batch {
	struct store *store;
	struct operation *operations;
	size_t count, cap;
	struct id_list written;  /* files of this batch: removed if it fails */
	struct id_list replaced; /* files that the commit leaves without a name: removed when it succeeds */
	struct why why;          /* of the last put that failed */
	store_safe_fn *safe;     /* called when it is written ahead; NULL: not, or called */
	void *safe_ctx;
	bool is_safe; /* it was called, by this process or the one before it: nothing of the caller is touched any more */
};

struct operation *batch_add(struct store_batch *b, enum operation_kind kind, const uint8_t *name);
/* All operations but the first count. */
void batch_drop_from(struct store_batch *b, size_t count);
/* The operations of b, which has none then, become the last of to. */
void batch_move(struct store_batch *b, struct store_batch *to);
void batch_free(struct store_batch *b);
/* Those who ask hear what became of their operations; once. */
void batch_tell_outcomes(struct store_batch *b);

/* All operations in one transaction.  ERR_LIMIT: the database is full, also after history was given up.
 * ERR_MISMATCH: it was written ahead of other states than those that are there.  Passes the fault points "ahead-told" and
 * "ahead-renewed". */
MUST_CHECK enum err batch_write(struct store_batch *b, struct why *why);

/* Its parts. */
MUST_CHECK enum err batch_apply(struct store_batch *b, struct database_txn *txn);
/* All of b is in txn: written ahead, behind what was told in txn before (NULL: nothing), and told.  False: it can't be, and
 * the commit alone counts. */
bool batch_write_ahead(struct store_batch *b, const struct store_batch *told, const struct database_txn *txn);
/* As database_commit. */
MUST_CHECK enum err batch_commit(struct store *s, struct database_txn *txn, struct why *why);

/* -- several batches in one transaction (gather.c) --
 *
 * With a thread that writes (store/committer.h) a transaction in which something was told stays open for what comes next,
 * which is applied in it: LMDB's two syncs are those of all of them.  It ends when a batch can't be told before the commit, when the
 * records written ahead take as much as they may, when somebody reads, and after a time; at once, unless batches come one after
 * the other. */

/* All operations of b are in the database, or told, which leaves b with none.  As batch_write otherwise. */
MUST_CHECK enum err gather(struct store_batch *b, struct why *why);
/* What was told is put into the database, or is owed. */
void gather_settle(struct store *s);
/* It is so. */
void gather_is_settled(struct store *s);
/* What was told and is not in the database comes first. */
MUST_CHECK enum err gather_pay(struct store *s, struct why *why);
/* b was told and could not be committed: it stays to be written, and its record stays until then.  Takes b. */
void gather_owe(struct store_batch *b, const struct why *why);

#endif

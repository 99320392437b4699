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
/* Those who ask hear what became of their operations; once. */
void batch_tell_outcomes(struct store_batch *b);

/* All operations in one transaction.  ERR_LIMIT: the database is full, also after history was given up.
 * ERR_MISMATCH: it was written ahead of other states than those that are there.  Passes the fault points "ahead-told" and
 * "ahead-renewed". */
MUST_CHECK enum err batch_write(struct store_batch *b, struct why *why);

#endif

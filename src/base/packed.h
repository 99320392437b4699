/* Memory of many small objects that stay for long: one after another in blocks, so that they cost their octets and nothing
 * beside.  Blocks are pages of their own, had at once, so that what comes and goes on the heap meanwhile leaves no holes between
 * them.  A block goes when the last of its objects has gone and no more
 * can come.  What stays of others holds its block, so blocks are begun only while at least half of what they hold, but for one
 * of them, is in use: otherwise an object comes from the heap by itself.  Who adds and removes without end so holds no more
 * than twice what it had at most.
 *
 *   struct packed p = { 0 };  object = packed_take(&p, size, &place) …  packed_give(object, size, place)  packed_done(&p)
 *
 * An object keeps its place, which packed_give needs, and knows its size.
 * Thread: packed_take and packed_done: one; packed_give: any, for an object that nobody else has. */
#ifndef UNDERSTUDY_BASE_PACKED_H
#define UNDERSTUDY_BASE_PACKED_H

#include <stddef.h>
#include <stdint.h>

#define PACKED_MAX 4096 /* octets of one object */

struct packed_block;
struct packed_ledger;
/* Start with {0}. */
struct packed {
	struct packed_block *filling; /* NULL: none yet */
	struct packed_ledger *ledger; /* NULL: nothing was taken yet */
};

/* All zero, aligned as a pointer is. */
void *packed_take(struct packed *p, size_t size, uint32_t *out_place);
void packed_give(void *object, size_t size, uint32_t place);
/* No more are taken; those that were not given yet stay. */
void packed_done(struct packed *p);
/* Octets of the blocks that are there; for tests. */
size_t packed_held(const struct packed *p);

#endif

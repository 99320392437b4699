/* A block of memory that grows: from malloc while it is small, later from the system itself, on huge pages where it has
 * them, so that a large block costs few page faults.  Growing a large one moves page tables, not octets.  What was never
 * written costs address space only.
 *
 *   struct growing g = { 0 };  growing_room(&g, used, wanted) …  growing_free(&g), or growing_fit and growing_release
 *
 * Thread: one at a time. */
#ifndef UNDERSTUDY_BASE_GROWING_H
#define UNDERSTUDY_BASE_GROWING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define GROWING_PAGES_FROM ((size_t)2 << 20) /* octets from which on a block is the system's */

struct growing {
	void *at; /* NULL: nothing yet */
	size_t cap;
	bool is_pages; /* of the system: to be given back by growing_release */
};

/* Room for at least `wanted` octets; the first `used` ones stay, at the same place or at another.
 * ERR_NOMEM, also when fault point "alloc" fires: the block is as it was. */
MUST_CHECK enum err growing_room(struct growing *g, size_t used, size_t wanted);
/* The same, and all octets of it are 0.  The block must be empty ({ 0 }). */
MUST_CHECK enum err growing_zeroed(struct growing *g, size_t wanted);
/* Give back what lies behind `used` octets (at least 1); cap is `used` then. */
void growing_fit(struct growing *g, size_t used);
void growing_free(struct growing *g);
/* What growing_free does, for a block that was taken out of its struct: of size octets, fitted. */
void growing_release(void *at, size_t size, bool is_pages);

#endif

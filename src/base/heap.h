/* Pages of the C library's heap, had from the system many at once.  The first touch of a page costs a fault, which on
 * virtual machines may take tens of microseconds; a call for many of them costs a small part of it.
 *
 * Who allocates much in small pieces calls heap_fill every now and then meanwhile, and heap_rest when it is over.
 * Thread: heap_fill one for each struct; heap_rest any. */
#ifndef UNDERSTUDY_BASE_HEAP_H
#define UNDERSTUDY_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

#define HEAP_STEP (1 << 20) /* octets by which the heap grows from the first heap_fill to heap_rest */

/* Start with {0}; the first call only looks. */
struct heap {
	uintptr_t end; /* of the heap, when it was looked at last */
};
/* Have the pages that the heap has grown by since the last call. */
void heap_fill(struct heap *h);
/* Have the pages of a range that is about to be written to, of the heap or not: one call in place of a fault for each. */
void heap_have(void *at, size_t len);
/* What is free goes back to the system. */
void heap_rest(void);

#endif

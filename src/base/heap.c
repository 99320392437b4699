#include "base/heap.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

#define STEP_USUAL (128 * 1024) /* the C library's own */

void heap_fill(struct heap *h) {
	uintptr_t former = h->end, end = (uintptr_t)sbrk(0); /* of 0 octets: no call of the system */
	h->end = end;
	(void)mallopt(M_TOP_PAD, HEAP_STEP); /* fails only for values out of range */
	if (former == 0 || former >= end) return;
	/* For speed only: an older kernel does not know it, and what was given back meanwhile is not there. */
	(void)madvise((void *)former, end - former, MADV_POPULATE_WRITE);
}

void heap_have(void *at, size_t len) {
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t)at + page - 1) / page * page, end = ((uintptr_t)at + len) / page * page;
	/* As above. */
	if (begin < end) (void)madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
}

void heap_rest(void) {
	(void)mallopt(M_TOP_PAD, STEP_USUAL);
	(void)malloc_trim(0); /* how much it gave back is of no interest */
}

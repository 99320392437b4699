/* Arena: many small allocations with one end.  Has a budget in bytes; when it is spent, arena_alloc gives
 * NULL and the job ends with ERR_LIMIT.  One thread. */
#ifndef UNDERSTUDY_BASE_ARENA_H
#define UNDERSTUDY_BASE_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_block *blocks;
	size_t used_bytes;
	size_t budget_bytes;
};

struct arena arena_init(size_t budget_bytes);
/* 8-byte aligned; NULL when the budget or memory is spent. */
void *arena_alloc(struct arena *a, size_t size);
void arena_done(struct arena *a);

#endif

/* Blocks in a list, newest first; an allocation is cut from the newest block or starts a new one.  Blocks
 * double up to 1 MiB, and are never larger than what the budget still allows. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"

#define BLOCK_MIN ((size_t)4096)
#define BLOCK_MAX ((size_t)1 << 20)

struct arena_block {
	struct arena_block *next;
	size_t size; /* of data */
	size_t used;
	_Alignas(16) uint8_t data[];
};

struct arena arena_init(size_t budget_bytes) {
	return (struct arena){ .budget_bytes = budget_bytes };
}

static size_t next_block_size(const struct arena *a, size_t need) {
	size_t size = a->blocks ? a->blocks->size * 2 : BLOCK_MIN;
	size_t left = a->budget_bytes - a->used_bytes;
	if (size > BLOCK_MAX) size = BLOCK_MAX;
	if (size > left) size = left;
	return size < need ? need : size;
}

static struct arena_block *block_add(struct arena *a, size_t need) {
	size_t size = next_block_size(a, need);
	struct arena_block *b = try_malloc(sizeof(*b) + size);
	if (!b) return NULL;
	b->next = a->blocks;
	b->size = size;
	b->used = 0;
	a->blocks = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t size) {
	size_t left = a->budget_bytes - a->used_bytes;
	if (size > SIZE_MAX / 2) return NULL;
	size_t need = (size + 7) & ~(size_t)7;
	if (need > left) return NULL;
	struct arena_block *b = a->blocks;
	if (!b || need > b->size - b->used) b = block_add(a, need);
	if (!b) return NULL;
	void *p = b->data + b->used;
	b->used += need;
	a->used_bytes += need;
	return p;
}

void arena_done(struct arena *a) {
	while (a->blocks) {
		struct arena_block *b = a->blocks;
		a->blocks = b->next;
		free(b);
	}
	a->used_bytes = 0;
}

#include "base/packed.h"

#include <assert.h>
#include <sanitizer/asan_interface.h> /* says nothing in other builds */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define BLOCK_FIRST 4096 /* most owners have few objects */
#define BLOCK 65536
#define ALIGN _Alignof(int64_t)

struct packed_block {
	_Atomic uint32_t holds; /* one for each object, one while it is being filled */
	uint32_t size, used;
	_Alignas(ALIGN) uint8_t data[];
};

static void release(struct packed_block *b) {
	if (atomic_fetch_sub_explicit(&b->holds, 1, memory_order_acq_rel) != 1) return;
	ASAN_UNPOISON_MEMORY_REGION(b->data, b->size);
	free(b);
}

static struct packed_block *block_new(uint32_t size) {
	struct packed_block *b = xmalloc(sizeof(*b) + size);
	atomic_init(&b->holds, 1);
	b->size = size;
	b->used = 0;
	ASAN_POISON_MEMORY_REGION(b->data, size);
	return b;
}

void *packed_take(struct packed *p, size_t size, uint32_t *out_place) {
	assert(size <= PACKED_MAX);
	uint32_t room = (uint32_t)((size + ALIGN - 1) / ALIGN * ALIGN);
	if (!p->filling || p->filling->size - p->filling->used < room) {
		struct packed_block *next = block_new(p->filling ? BLOCK : BLOCK_FIRST);
		if (p->filling) release(p->filling);
		p->filling = next;
	}
	struct packed_block *b = p->filling;
	uint8_t *object = b->data + b->used;
	ASAN_UNPOISON_MEMORY_REGION(object, size);
	memset(object, 0, size);
	*out_place = b->used;
	b->used += room;
	atomic_fetch_add_explicit(&b->holds, 1, memory_order_relaxed);
	return object;
}

void packed_give(void *object, size_t size, uint32_t place) {
	uint8_t *data = (uint8_t *)object - place;
	struct packed_block *b = (struct packed_block *)(void *)(data - offsetof(struct packed_block, data));
	(void)size; /* only a build that watches memory asks */
	ASAN_POISON_MEMORY_REGION(object, size);
	release(b);
}

void packed_done(struct packed *p) {
	if (p->filling) release(p->filling);
	p->filling = NULL;
}

#include "zone/entries.h"

#include <sanitizer/asan_interface.h> /* says nothing in other builds */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define BLOCK_FIRST 4096 /* few servers have many zones */
#define BLOCK 65536

struct entry_block {
	_Atomic uint32_t holds; /* one for each entry, one while it is being filled */
	uint32_t size, used;
	_Alignas(struct zone_entry) uint8_t data[];
};

static void release(struct entry_block *b) {
	if (atomic_fetch_sub_explicit(&b->holds, 1, memory_order_acq_rel) != 1) return;
	ASAN_UNPOISON_MEMORY_REGION(b->data, b->size);
	free(b);
}

static struct entry_block *block_new(uint32_t size) {
	struct entry_block *b = xmalloc(sizeof(*b) + size);
	atomic_init(&b->holds, 1);
	b->size = size;
	b->used = 0;
	ASAN_POISON_MEMORY_REGION(b->data, size);
	return b;
}

struct zone_entry *entries_take(struct entries *e, size_t name_len) {
	const size_t align = _Alignof(struct zone_entry);
	uint32_t size = (uint32_t)((sizeof(struct zone_entry) + name_len + align - 1) / align * align);
	if (!e->filling || e->filling->size - e->filling->used < size) {
		struct entry_block *next = block_new(e->filling ? BLOCK : BLOCK_FIRST);
		if (e->filling) release(e->filling);
		e->filling = next;
	}
	struct entry_block *b = e->filling;
	struct zone_entry *entry = (struct zone_entry *)(void *)(b->data + b->used);
	ASAN_UNPOISON_MEMORY_REGION(entry, size);
	memset(entry, 0, size);
	entry->place = b->used;
	b->used += size;
	atomic_fetch_add_explicit(&b->holds, 1, memory_order_relaxed);
	return entry;
}

void entries_give(struct zone_entry *entry) {
	struct entry_block *b = (struct entry_block *)(void *)((uint8_t *)entry - entry->place -
	                                                       offsetof(struct entry_block, data));
	ASAN_POISON_MEMORY_REGION(entry, sizeof(*entry) + entry->name_len);
	release(b);
}

void entries_done(struct entries *e) {
	if (e->filling) release(e->filling);
	e->filling = NULL;
}

#include "zone/history_memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "zone/change.h"

struct history_memory {
	_Atomic unsigned references;
	_Atomic uint64_t used, max;
};

struct history_memory *history_memory_new(uint64_t max_bytes) {
	struct history_memory *m = xcalloc(1, sizeof(*m));
	atomic_init(&m->references, 1);
	atomic_init(&m->max, max_bytes);
	return m;
}

void history_memory_unref(struct history_memory *m) {
	if (!m || atomic_fetch_sub_explicit(&m->references, 1, memory_order_acq_rel) != 1) return;
	free(m);
}

void history_memory_set_max(struct history_memory *m, uint64_t max_bytes) {
	atomic_store_explicit(&m->max, max_bytes, memory_order_relaxed);
}

uint64_t history_memory_used(const struct history_memory *m) {
	return atomic_load_explicit(&m->used, memory_order_relaxed);
}

uint64_t history_memory_left(const struct history_memory *m) {
	uint64_t max = atomic_load_explicit(&m->max, memory_order_relaxed), used = history_memory_used(m);
	return used < max ? max - used : 0;
}

void history_memory_charge(struct history_memory *m, struct changes *c) {
	assert(!c->memory);
	atomic_fetch_add_explicit(&m->references, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&m->used, c->bytes, memory_order_relaxed);
	c->memory = m;
}

void history_memory_release(struct history_memory *m, uint64_t bytes) {
	if (!m) return;
	atomic_fetch_sub_explicit(&m->used, bytes, memory_order_relaxed);
	history_memory_unref(m);
}

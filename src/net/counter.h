/* Counters with one writing thread that any thread may read.  No locked instruction: the writer loads, adds and
 * stores. */
#ifndef UNDERSTUDY_NET_COUNTER_H
#define UNDERSTUDY_NET_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

struct counter {
	_Atomic uint64_t value;
};

static inline uint64_t counter_get(const struct counter *c) {
	return atomic_load_explicit(&c->value, memory_order_relaxed);
}

/* Owner only. */
static inline void counter_set(struct counter *c, uint64_t value) {
	atomic_store_explicit(&c->value, value, memory_order_relaxed);
}

/* Owner only. */
static inline void counter_add(struct counter *c, uint64_t more) {
	counter_set(c, counter_get(c) + more);
}

#endif

/* What happens in the next few seconds, by the millisecond: adding and taking cost constant time. */
#ifndef UNDERSTUDY_SIMULATION_WHEEL_H
#define UNDERSTUDY_SIMULATION_WHEEL_H

#include <stdint.h>

#define WHEEL_MS 16384 /* nothing lies further ahead */
#define WHEEL_NEVER INT64_MAX

/* Embedded; zeroed. */
struct wheel_item {
	struct wheel_item *next;
};
struct wheel_slot {
	struct wheel_item *first, *last;
};
struct wheel {
	struct wheel_slot slots[WHEEL_MS];
	uint64_t used[WHEEL_MS / 64]; /* a bit for each slot that is not empty */
	uint64_t count;
};

static inline void wheel_add(struct wheel *w, struct wheel_item *item, int64_t at_ms) {
	unsigned i = (unsigned)(at_ms % WHEEL_MS);
	struct wheel_slot *slot = &w->slots[i];
	item->next = NULL;
	if (slot->last)
		slot->last->next = item;
	else
		slot->first = item;
	slot->last = item;
	w->used[i / 64] |= UINT64_C(1) << (i % 64);
	w->count++;
}

/* When the next one is, from now_ms on. */
static inline int64_t wheel_next(const struct wheel *w, int64_t now_ms) {
	if (w->count == 0) return WHEEL_NEVER;
	unsigned from = (unsigned)(now_ms % WHEEL_MS);
	uint64_t word = w->used[from / 64] & (~UINT64_C(0) << (from % 64));
	for (unsigned i = from / 64;; i = (i + 1) % (WHEEL_MS / 64)) {
		if (word) {
			unsigned at = i * 64 + (unsigned)__builtin_ctzll(word);
			return now_ms + (at + WHEEL_MS - from) % WHEEL_MS;
		}
		word = w->used[(i + 1) % (WHEEL_MS / 64)];
	}
}

/* Take the oldest of this millisecond; NULL: none. */
static inline struct wheel_item *wheel_take(struct wheel *w, int64_t now_ms) {
	unsigned i = (unsigned)(now_ms % WHEEL_MS);
	struct wheel_slot *slot = &w->slots[i];
	struct wheel_item *item = slot->first;
	if (!item) return NULL;
	slot->first = item->next;
	w->count--;
	if (!slot->first) {
		slot->last = NULL;
		w->used[i / 64] &= ~(UINT64_C(1) << (i % 64));
	}
	return item;
}

#endif

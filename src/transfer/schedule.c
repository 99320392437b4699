/* A binary heap whose items know their places: heap[1] is due first, children of i are 2i and 2i + 1. */
#include "transfer/schedule.h"

#include <stdlib.h>

#include "base/alloc.h"

void schedule_done(struct schedule *s) {
	for (uint32_t i = 1; i <= s->count; i++)
		s->heap[i].item->place = 0;
	free(s->heap);
	*s = (struct schedule){ 0 };
}

static void put(struct schedule *s, uint32_t place, struct schedule_entry entry) {
	s->heap[place] = entry;
	entry.item->place = place;
}

static void sift_up(struct schedule *s, uint32_t i, struct schedule_entry entry) {
	while (i > 1 && s->heap[i / 2].due_s > entry.due_s) {
		put(s, i, s->heap[i / 2]);
		i /= 2;
	}
	put(s, i, entry);
}

static void sift_down(struct schedule *s, uint32_t i, struct schedule_entry entry) {
	for (;;) {
		uint32_t child = 2 * i;
		if (child > s->count) break;
		if (child < s->count && s->heap[child + 1].due_s < s->heap[child].due_s) child++;
		if (s->heap[child].due_s >= entry.due_s) break;
		put(s, i, s->heap[child]);
		i = child;
	}
	put(s, i, entry);
}

/* Put entry into the heap whose place i is free, up or down from there. */
static void sift(struct schedule *s, uint32_t i, struct schedule_entry entry) {
	if (i > 1 && s->heap[i / 2].due_s > entry.due_s)
		sift_up(s, i, entry);
	else
		sift_down(s, i, entry);
}

static void grow(struct schedule *s) {
	if (s->count + 1 < s->cap) return;
	s->cap = s->cap ? 2 * s->cap : 64;
	s->heap = xrealloc(s->heap, (size_t)s->cap * sizeof(*s->heap));
}

void schedule_set(struct schedule *s, struct schedule_item *item, int64_t due_s) {
	if (due_s == SCHEDULE_NEVER) {
		schedule_remove(s, item);
		return;
	}
	struct schedule_entry entry = { due_s, item };
	uint32_t place = item->place;
	item->due_s = due_s;
	if (place == 0) {
		grow(s);
		place = ++s->count;
	}
	sift(s, place, entry);
}

void schedule_remove(struct schedule *s, struct schedule_item *item) {
	if (item->place == 0) return;
	struct schedule_entry last = s->heap[s->count--];
	if (last.item != item) sift(s, item->place, last);
	item->place = 0;
}

struct schedule_item *schedule_first(const struct schedule *s) {
	return s->count > 0 ? s->heap[1].item : NULL;
}

struct schedule_item *schedule_pop(struct schedule *s, int64_t now_s) {
	struct schedule_item *first = schedule_first(s);
	if (!first || first->due_s > now_s) return NULL;
	schedule_remove(s, first);
	return first;
}

void schedule_shift(struct schedule *s, int64_t delta_s) {
	for (uint32_t i = 1; i <= s->count; i++) {
		s->heap[i].due_s += delta_s;
		s->heap[i].item->due_s += delta_s;
	}
}

uint32_t schedule_spread_s(size_t zones) {
	if (zones < SCHEDULE_SPREAD_FROM) return 0;
	size_t s = 2 + zones / SCHEDULE_SPREAD_ZONES_S;
	return s < SCHEDULE_SPREAD_MAX_S ? (uint32_t)s : SCHEDULE_SPREAD_MAX_S;
}

/* Which zone is due next: a binary heap by wall time.  Adding, moving and removing cost O(log n); a zone that waits
 * costs its place in the heap and nothing else.  Sans-IO.
 * Thread: one (transfer's). */
#ifndef UNDERSTUDY_TRANSFER_SCHEDULE_H
#define UNDERSTUDY_TRANSFER_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SCHEDULE_NEVER INT64_MAX

/* Embedded in what is scheduled; zeroed before its first use. */
struct schedule_item {
	int64_t due_s;  /* unix seconds; valid while place > 0 */
	uint32_t place; /* in the heap, from 1; 0: not scheduled */
};

/* The time beside the pointer: comparing does not touch the items, of which a million may be far apart. */
struct schedule_entry {
	int64_t due_s;
	struct schedule_item *item; /* borrowed */
};

struct schedule {
	struct schedule_entry *heap; /* owned; [0] is unused */
	uint32_t count;
	uint32_t cap;
};

void schedule_done(struct schedule *s);

/* Make item due at due_s, wherever it was before.  SCHEDULE_NEVER takes it out. */
void schedule_set(struct schedule *s, struct schedule_item *item, int64_t due_s);
void schedule_remove(struct schedule *s, struct schedule_item *item);

/* The item that is due first, left in place; NULL: none. */
struct schedule_item *schedule_first(const struct schedule *s);
/* Take out and return the first item if it is due at now_s; else NULL. */
struct schedule_item *schedule_pop(struct schedule *s, int64_t now_s);

/* The wall clock was set by delta_s: every item moves with it, so that intervals keep their length.  O(n). */
void schedule_shift(struct schedule *s, int64_t delta_s);

/* How long a start with so many zones takes to refresh what is due: 0, at once, for few; at most
 * SCHEDULE_SPREAD_MAX_S. */
#define SCHEDULE_SPREAD_FROM 200
#define SCHEDULE_SPREAD_ZONES_S 2000 /* zones a second */
#define SCHEDULE_SPREAD_MAX_S 60
uint32_t schedule_spread_s(size_t zones);

#endif

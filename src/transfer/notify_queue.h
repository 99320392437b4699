/* NOTIFYs that wait for their turn: which one is sent next, and when.  Sans-IO: the time goes in.
 *
 * Receivers take turns, so that one with thousands of zones does not hold up another with one.  Bounds: so many of one
 * receiver are without an answer at once (one that is dead holds up itself only), and so many are begun in a second over
 * all.  What is sent again is not counted: it is part of the one that was begun.
 *
 * Memory: one target for each receiver that has something waiting or under way.
 * Thread: one (the loop's). */
#ifndef UNDERSTUDY_TRANSFER_NOTIFY_QUEUE_H
#define UNDERSTUDY_TRANSFER_NOTIFY_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define NOTIFY_QUEUE_OF_ONE 16    /* of one receiver without an answer at once */
#define NOTIFY_QUEUE_PER_S 200    /* begun in a second, divides 1000 */
#define NOTIFY_QUEUE_AT_ONCE 50   /* of those, without waiting, after a rest */
#define NOTIFY_QUEUE_BUCKETS 1024 /* of targets, by address */

struct notify_target;

/* Embedded in what waits; zeroed at first. */
struct notify_item {
	struct notify_item *next, *prev;
	struct notify_target *target; /* NULL: neither waiting nor under way */
	bool is_taken;
};

struct notify_queue {
	struct notify_target *buckets[NOTIFY_QUEUE_BUCKETS];
	struct notify_target *first_ready, *last_ready; /* may send one more */
	int64_t next_ms;                                /* the next may begin */
};

/* Zeroed is empty, and nothing of it is to be freed when all items have left. */
void notify_queue_put(struct notify_queue *q, struct notify_item *item, const struct addr *receiver);
/* The next that may be sent now; NULL: none.  It is under way until notify_queue_leave. */
struct notify_item *notify_queue_take(struct notify_queue *q, int64_t now_ms);
/* When notify_queue_take has one; INT64_MAX: not before another is put or leaves. */
int64_t notify_queue_due_ms(struct notify_queue *q);
/* It is over, or not wanted any more. */
void notify_queue_leave(struct notify_queue *q, struct notify_item *item);

#endif

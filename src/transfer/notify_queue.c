#include "transfer/notify_queue.h"

#include <stdlib.h>

#include "base/alloc.h"

#define INTERVAL_MS (1000 / NOTIFY_QUEUE_PER_S)

struct notify_target {
	struct addr receiver;
	struct notify_target *next; /* in the bucket */
	struct notify_target *next_ready;
	struct notify_item *first, *last; /* waiting */
	unsigned under_way;
	bool is_ready; /* in the list of those */
};

/* -- targets -- */

static struct notify_target **bucket_of(struct notify_queue *q, const struct addr *a) {
	uint32_t h = (2166136261U ^ a->port) * 16777619U;
	for (unsigned i = 0; i < sizeof(a->ip); i++)
		h = (h ^ a->ip[i]) * 16777619U;
	return &q->buckets[(h ^ h >> 16) % NOTIFY_QUEUE_BUCKETS];
}

static struct notify_target *target_of(struct notify_queue *q, const struct addr *receiver) {
	struct notify_target **bucket = bucket_of(q, receiver);
	for (struct notify_target *t = *bucket; t; t = t->next) {
		if (addr_equal(&t->receiver, receiver)) return t;
	}
	struct notify_target *t = xcalloc(1, sizeof(*t));
	t->receiver = *receiver;
	t->next = *bucket;
	*bucket = t;
	return t;
}

static void free_if_idle(struct notify_queue *q, struct notify_target *t) {
	struct notify_target **at = bucket_of(q, &t->receiver);
	if (t->first || t->under_way > 0 || t->is_ready) return;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	free(t);
}

/* -- whose turn it is -- */

static void ready_if_it_may(struct notify_queue *q, struct notify_target *t) {
	if (t->is_ready || !t->first || t->under_way >= NOTIFY_QUEUE_OF_ONE) return;
	t->is_ready = true;
	t->next_ready = NULL;
	if (q->last_ready)
		q->last_ready->next_ready = t;
	else
		q->first_ready = t;
	q->last_ready = t;
}

static void ready_pop(struct notify_queue *q) {
	struct notify_target *t = q->first_ready;
	q->first_ready = t->next_ready;
	if (!q->first_ready) q->last_ready = NULL;
	t->is_ready = false;
}

/* The first that has something; the others, from which all was taken back, leave the list. */
static struct notify_target *first_of_ready(struct notify_queue *q) {
	struct notify_target *t;
	while ((t = q->first_ready) && !t->first) {
		ready_pop(q);
		free_if_idle(q, t);
	}
	return t;
}

/* -- items -- */

static void unlink_waiting(struct notify_item *item) {
	struct notify_target *t = item->target;
	if (item->prev)
		item->prev->next = item->next;
	else
		t->first = item->next;
	if (item->next)
		item->next->prev = item->prev;
	else
		t->last = item->prev;
	item->next = item->prev = NULL;
}

void notify_queue_put(struct notify_queue *q, struct notify_item *item, const struct addr *receiver) {
	struct notify_target *t = target_of(q, receiver);
	*item = (struct notify_item){ .target = t, .prev = t->last };
	if (t->last)
		t->last->next = item;
	else
		t->first = item;
	t->last = item;
	ready_if_it_may(q, t);
}

struct notify_item *notify_queue_take(struct notify_queue *q, int64_t now_ms) {
	struct notify_target *t = first_of_ready(q);
	if (!t || now_ms < q->next_ms) return NULL;
	int64_t rested_ms = now_ms - (NOTIFY_QUEUE_AT_ONCE - 1) * INTERVAL_MS;
	q->next_ms = (q->next_ms > rested_ms ? q->next_ms : rested_ms) + INTERVAL_MS;
	struct notify_item *item = t->first;
	ready_pop(q);
	unlink_waiting(item);
	item->is_taken = true;
	t->under_way++;
	ready_if_it_may(q, t);
	return item;
}

int64_t notify_queue_due_ms(struct notify_queue *q) {
	return first_of_ready(q) ? q->next_ms : INT64_MAX;
}

void notify_queue_leave(struct notify_queue *q, struct notify_item *item) {
	struct notify_target *t = item->target;
	if (item->is_taken)
		t->under_way--;
	else
		unlink_waiting(item);
	*item = (struct notify_item){ 0 };
	ready_if_it_may(q, t);
	/* One that is in the list of the ready is freed by whoever looks at that list next. */
	if (t->is_ready)
		(void)first_of_ready(q);
	else
		free_if_idle(q, t);
}

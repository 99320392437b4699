#include "transfer/inbox.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"

struct inbox {
	uv_async_t async;
	_Atomic(struct inbox_item *) newest; /* a stack; emptied as a whole */
	_Atomic bool closing;
	struct zone_table *table;
	void (*take)(void *ctx, struct zone_entry *entry, const struct inbox_item *item);
	void *ctx;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* True: the caller owns the zone's slot. */
static bool claim_slot(struct zone_entry *entry) {
	uint8_t was = atomic_load(&entry->notify_pending);
	for (;;) {
		uint8_t next = was == 0 ? 1 : 2;
		if (was == next) return false;
		if (atomic_compare_exchange_weak(&entry->notify_pending, &was, next)) return was == 0;
	}
}

void inbox_put(struct inbox *b, struct zone_entry *entry, const struct addr *peer, bool has_serial,
               uint32_t serial) {
	if (atomic_load(&b->closing) || !claim_slot(entry)) return;
	struct inbox_item *i = xmalloc(sizeof(*i));
	i->peer = *peer;
	i->has_serial = has_serial;
	i->serial = serial;
	name_copy(&i->zone, entry->name);
	i->next = atomic_load(&b->newest);
	while (!atomic_compare_exchange_weak(&b->newest, &i->next, i)) {
	}
	(void)uv_async_send(&b->async); /* fails only after inbox_close */
}

/* Oldest first. */
static struct inbox_item *take_all(struct inbox *b) {
	struct inbox_item *newest = atomic_exchange(&b->newest, NULL), *oldest = NULL;
	while (newest) {
		struct inbox_item *next = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	return oldest;
}

static void free_all(struct inbox_item *i) {
	while (i) {
		struct inbox_item *next = i->next;
		free(i);
		i = next;
	}
}

static void on_async(uv_async_t *async) {
	struct inbox *b = async->data;
	struct inbox_item *items = take_all(b);
	for (struct inbox_item *i = items; i; i = i->next) {
		struct zone_entry *entry = table_find(b->table, i->zone.wire);
		if (!entry) continue;
		/* From here on a new NOTIFY gets a new slot. */
		if (atomic_exchange(&entry->notify_pending, 0) > 1) i->has_serial = false;
		b->take(b->ctx, entry, i);
	}
	free_all(items);
}

struct inbox *inbox_new(uv_loop_t *loop, struct zone_table *table,
                        void (*take)(void *ctx, struct zone_entry *entry, const struct inbox_item *item),
                        void *ctx) {
	struct inbox *b = xcalloc(1, sizeof(*b));
	b->table = table;
	b->take = take;
	b->ctx = ctx;
	b->async.data = b;
	if (uv_async_init(loop, &b->async, on_async) != 0) abort(); /* no file descriptor at start */
	return b;
}

static void on_closed(uv_handle_t *handle) {
	struct inbox *b = handle->data;
	b->closed(b->closed_ctx);
}

void inbox_close(struct inbox *b, void (*closed)(void *ctx), void *ctx) {
	atomic_store(&b->closing, true);
	b->closed = closed;
	b->closed_ctx = ctx;
	uv_close((uv_handle_t *)&b->async, on_closed);
}

void inbox_free(struct inbox *b) {
	if (!b) return;
	free_all(take_all(b));
	free(b);
}

/* NOTIFYs on their way from the query workers to the transfer thread.  One slot for each zone: while one waits, later
 * ones only mark it (entry->notify_pending), so that a flood costs nothing.
 *
 * notify_pending:  0 ── first ──► 1 ── more came: its serial says nothing ──► 2 ── taken by the loop ──► 0
 *
 * Threads: inbox_put any, without a lock and without waiting; the rest the loop's. */
#ifndef UNDERSTUDY_TRANSFER_INBOX_H
#define UNDERSTUDY_TRANSFER_INBOX_H

#include <uv.h>

#include "base/addr.h"
#include "zone/table.h"

struct inbox;

/* One NOTIFY.  The zone by its name: its entry may be gone when it is read. */
struct inbox_item {
	struct inbox_item *next;
	struct addr peer;
	uint32_t serial;
	bool has_serial;
	struct name zone;
};

/* take is called on the loop for each. */
struct inbox *inbox_new(uv_loop_t *loop, struct zone_table *table,
                        void (*take)(void *ctx, struct zone_entry *entry, const struct inbox_item *item),
                        void *ctx);
/* Inside an epoch that holds entry. */
void inbox_put(struct inbox *b, struct zone_entry *entry, const struct addr *peer, bool has_serial,
               uint32_t serial);
/* Nobody calls inbox_put any more. */
void inbox_close(struct inbox *b, void (*closed)(void *ctx), void *ctx);
void inbox_free(struct inbox *b);

#endif

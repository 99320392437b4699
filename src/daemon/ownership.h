/* The prover (prover.h), connected: to the inventory on the desk, to the table of zones on the loop.
 * For server.mode: public.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_DAEMON_OWNERSHIP_H
#define UNDERSTUDY_DAEMON_OWNERSHIP_H

#include "base/log.h"
#include "daemon/prover.h"
#include "inventory/inventory.h"
#include "zone/table.h"

struct ownership;
/* All borrowed. */
struct ownership_settings {
	const struct config_server *config;
	struct desk *desk;
	struct inventory *inventory;
	struct zone_table *table;
	const struct name_rules *rules;
	struct log *log;
	/* The inventory, and with it what is to be served, has changed; takes the content. */
	void (*changed)(void *ctx, struct wanted_changes *changes);
	void *ctx;
};
struct ownership *ownership_new(uv_loop_t *loop, const struct ownership_settings *settings);
struct prover *ownership_prover(struct ownership *o);
/* As prover_stop; NULL: done is called at once. */
void ownership_stop(struct ownership *o, void (*done)(void *ctx), void *ctx);
/* After desk_stop and the end of the loop.  NULL is allowed. */
void ownership_free(struct ownership *o);

#endif

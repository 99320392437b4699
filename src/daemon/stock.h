/* The inventory as the daemon runs it: opened before the desk's thread is, which has it from then on; what is wanted of it
 * goes to the loop, and what takes time is done in turns: trying again, the copy, last uses of keys, ends of plans.
 *
 *   loop: tick --job--> desk: one turn --back--> loop: zones to wanted, gate, state
 *
 * Thread: the loop's, but for stock_open (before there is another) and what runs on the desk. */
#ifndef UNDERSTUDY_DAEMON_STOCK_H
#define UNDERSTUDY_DAEMON_STOCK_H

#include <jansson.h>
#include <uv.h>

#include "base/log.h"
#include "control/desk.h"
#include "inventory/account_plans.h"
#include "inventory/config.h"
#include "inventory/gate.h"
#include "inventory/inventory.h"
#include "inventory/names.h"

struct stock;

/* What the stock tells, on the loop. */
struct stock_watcher {
	void *ctx;
	void (*zones)(void *ctx, const struct intent_list *zones);      /* all of the database */
	void (*changes)(void *ctx, struct wanted_changes *changes);     /* takes the content */
	void (*notice)(void *ctx, const struct account_notice *notice); /* of a plan */
	void (*complete)(void *ctx);                                    /* once: the database was read */
	void (*rests)(void *ctx); /* a turn is over that had much memory */
};

/* As whoever the daemon is then.  Never fails: what is wrong is told by the log and the state. */
struct stock *stock_open(const struct config *config, const struct stock_watcher *watcher, struct log *log);
/* Its zones are in wanted; they go to the desk's first job, which mirrors them. */
void stock_mirror(struct stock *s, struct config *config);
/* Tell the watcher of the zones of the database, if it can be read: still without the desk. */
void stock_load(struct stock *s);
/* From now on the inventory is the desk's.  ERR_LIMIT: no timer. */
MUST_CHECK enum err stock_start(struct stock *s, uv_loop_t *loop, struct desk *desk);
/* The configuration was read again, and its zones, which are taken, are in wanted; the desk learns of it in its next
 * turn. */
void stock_reload(struct stock *s, struct config *config);
/* The configuration was read again, and is what it was.  Also of the database only what others have written to it since
 * is read; reads_all: everything. */
void stock_reload_same(struct stock *s, bool reads_all);
/* Rows are what the last configuration wants of them, as far as is known: it need not be given again. */
bool stock_mirrors(const struct stock *s);
void stock_stop(struct stock *s);
/* The desk has stopped, the loop has run down. */
void stock_free(struct stock *s);

struct gate *stock_gate(struct stock *s);
struct inventory *stock_inventory(struct stock *s);
const struct name_rules *stock_names(const struct stock *s); /* NULL: there are none */
/* {"state", "reason", "revision", "left_out"} as it was told last. */
json_t *stock_status(const struct stock *s);
/* Something was changed over the control socket: the copy is to be made anew. */
void stock_changed(struct stock *s);

#endif

/* What handlers on the desk have in common; for src/control only.  Thread: the desk's. */
#ifndef UNDERSTUDY_CONTROL_DESK_PARTS_H
#define UNDERSTUDY_CONTROL_DESK_PARTS_H

#include "control/admit.h"
#include "control/handlers.h"
#include "control/protocol.h"

/* Of a change that was not made.  one: it has one part, which faults need not name. */
json_t *desk_refusal(const struct inventory_result *result, bool one);
/* There is no database, or it fails. */
json_t *desk_unavailable(void);
/* Of a read that went wrong. */
json_t *desk_failed(enum err e, const char *what);
/* A zone as docs/formats/control.md has it, but for its status. */
json_t *desk_zone(const struct inventory_zone *zone);
/* Many of them; most have the same settings as the one before, which are read once.  Start with a list and zeros. */
struct desk_zones {
	json_t *list; /* a reference, the caller's */
	char *text;   /* owned, as settings: of the last one */
	json_t *settings;
};
void desk_zones_add(void *zones, const struct inventory_zone *zone); /* an inventory_zone_fn */
void desk_zones_done(struct desk_zones *zones);
/* The setting primaries with the address in place of that of the only one in old, whose key, port and other settings
 * stay; another list, or a primary that is named, is replaced.  A new reference. */
json_t *desk_primaries_moved(const json_t *old, const char *address);
/* The zone's object, by name or id; account as in who.  NULL: it is not there. */
json_t *desk_zone_now(struct request *r, int64_t account, const char *name, const char *id);
/* What the change of a key or an account does to those who are remembered, and to what is served. */
void desk_keep(struct request *r, struct inventory_result *result);

#endif

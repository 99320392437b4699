/* What should be served.  Every source of zones (configuration file today) ends in inventory_apply(): nothing
 * else adds, changes or removes a zone. */
#ifndef UNDERSTUDY_INVENTORY_INVENTORY_H
#define UNDERSTUDY_INVENTORY_INVENTORY_H

#include "inventory/policy.h"

/* One zone as a source wants it. */
struct zone_intent {
	const uint8_t *name;              /* wire form, lower case; owned by the list */
	const struct zone_policy *policy; /* a reference that the list owns */
};
/* The whole wish of one source.  Start with {0}. */
struct intent_list {
	struct zone_intent *zones; /* owned */
	size_t count;
	size_t capacity;
	struct intent_names *names; /* owned: the memory of the names */
};
/* Takes the reference; copies the name in lower case. */
void intent_list_add(struct intent_list *list, const uint8_t *name, const struct zone_policy *policy);
void intent_list_done(struct intent_list *list);

/* Called for each difference, in any order, on the thread of inventory_apply. */
struct inventory_watcher {
	void *ctx;
	void (*added)(void *ctx, const uint8_t *name, const struct zone_policy *policy);
	void (*changed)(void *ctx, const uint8_t *name, const struct zone_policy *policy);
	void (*removed)(void *ctx, const uint8_t *name);
};

struct inventory;
struct inventory *inventory_new(const struct inventory_watcher *watcher);
/* Tells the watcher nothing. */
void inventory_free(struct inventory *inv);
struct inventory_summary {
	size_t added, changed, removed, unchanged;
};
/* Make the inventory equal to the list (takes its content; list is empty afterwards).  Idempotent.  Each name
 * at most once in the list (the configuration reader reports duplicates): ERR_EXISTS, nothing is applied. */
MUST_CHECK enum err inventory_apply(struct inventory *inv, struct intent_list *list,
                                    struct inventory_summary *out_summary);
size_t inventory_count(const struct inventory *inv);

#endif

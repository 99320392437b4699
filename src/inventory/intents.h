/* Lists of zones as somebody wants them, from a few to millions.  One thread. */
#ifndef UNDERSTUDY_INVENTORY_INTENTS_H
#define UNDERSTUDY_INVENTORY_INTENTS_H

#include "inventory/policy.h"

#define INTENT_MAIN_ACCOUNT                                                                                  \
	1 /* owns the zones of the configuration, and all zones of a server for one owner */

/* One zone as a source wants it. */
struct zone_intent {
	const uint8_t *name;              /* wire form, lower case; owned by the list */
	const struct zone_policy *policy; /* a reference that the list owns; NULL: it is not to be served */
	uint64_t number;                  /* of its row in the database; 0: none is known */
	uint32_t account;                 /* whose it is */
	uint32_t settings;                /* which of its source's texts of settings is its own */
};
/* Start with {0}. */
struct intent_list {
	struct zone_intent *zones; /* owned */
	size_t count;
	size_t capacity;
	struct intent_names *names; /* owned: the memory of the names */
};
/* Takes the reference (NULL is fine); copies the name in lower case.  The zone belongs to INTENT_MAIN_ACCOUNT; what is
 * returned, to say more of it, is valid until the next call. */
struct zone_intent *intent_list_add(struct intent_list *list, const uint8_t *name,
                                    const struct zone_policy *policy);
void intent_list_done(struct intent_list *list);

#endif

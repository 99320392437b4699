/* Equal policies are made once: a million zones with the same primaries and template share one object.
 * Used while a configuration is read; the zones hold references of their own.  One thread. */
#ifndef UNDERSTUDY_INVENTORY_POLICY_POOL_H
#define UNDERSTUDY_INVENTORY_POLICY_POOL_H

#include "inventory/policy.h"

struct policy_pool {
	const struct zone_policy **slots; /* owned references */
	size_t capacity, count;
	uint64_t seed; /* of its hashes */
};

void policy_pool_done(struct policy_pool *pool);

/* A new reference to a policy equal to draft, whose arrays and keyset are borrowed and copied. */
const struct zone_policy *policy_pool_get(struct policy_pool *pool, const struct zone_policy *draft);

#endif

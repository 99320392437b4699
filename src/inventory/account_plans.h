/* Time passes for the plans of accounts, through the door of inventory.h: each step is in the audit, and when one is
 * "over", or has been prolonged after that, its zones leave or come back to what is wanted.
 * Thread: the database's. */
#ifndef UNDERSTUDY_INVENTORY_ACCOUNT_PLANS_H
#define UNDERSTUDY_INVENTORY_ACCOUNT_PLANS_H

#include "inventory/accounts.h"
#include "inventory/inventory.h"

#define PLANS_SWEEP_S 60 /* to be called so often */

/* out_notices: room for ACCOUNT_NOTICES_MAX; each is to be told as an event.  out_count 0 unless the result is
 * INVENTORY_DONE.  Cost: a pass over the accounts whose plans have an end, and over the zones of those that are over now or
 * no longer. */
void account_plans_sweep(struct inventory *inv, int64_t now_s, struct account_notice *out_notices,
                         unsigned *out_count, struct inventory_result *out_result);

/* For inventory.c: a change of an account, as the audit has it, has changed what its zones may have. */
struct inventory_work;
bool account_bounds_differ(const char *before, const char *after);
/* Then its zones get their policies anew, unless its plan is over. */
MUST_CHECK enum err account_zones_renew(struct inventory_work *w, int64_t account);

#endif

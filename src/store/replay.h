/* At load: from the saved image and the journal to the version to serve and its history in memory. */
#ifndef UNDERSTUDY_STORE_REPLAY_H
#define UNDERSTUDY_STORE_REPLAY_H

#include "store/database.h"
#include "store/store_parts.h"

/* base: the saved image, whose reference is taken.  The result, with one reference, the caller's, is the newest version that valid steps lead to, or the earlier one that an operator went back to.  When
 * not all steps are valid, why is filled and the result is the version before the first that is not. */
struct zone_version *replay(struct database_txn *txn, const struct name *name,
                            const struct saved_state *saved, struct zone_version *base,
                            struct history_memory *memory, struct why *why);

#endif

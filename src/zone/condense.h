/* Several steps as one (RFC 1995 section 5: "condensation"). */
#ifndef UNDERSTUDY_ZONE_CONDENSE_H
#define UNDERSTUDY_ZONE_CONDENSE_H

#include "zone/change.h"

/* The step that leads where `count` steps lead: records that one adds and a later one removes are in neither side; one
 * that is there before and after with another TTL or another case is removed and added.  One reference, the caller's.
 * Cost: that of hashing their records.  ERR_NOMEM, ERR_LIMIT, ERR_MALFORMED. */
MUST_CHECK enum err changes_condense(struct change *const *steps, unsigned count, struct change **out_change);

#endif

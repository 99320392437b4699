/* Inside of src/zone/: the delta image that lies over a version and makes the next one of it (image.h), from a ledger of
 * what has changed.  Cost: that of the owners in the ledger, and of their ancestors that come or go. */
#ifndef UNDERSTUDY_ZONE_DELTA_H
#define UNDERSTUDY_ZONE_DELTA_H

#include "zone/ledger.h"

/* The layer has one reference, the caller's.  ERR_UNSUPPORTED: the NSEC3 chain in use becomes another one, or comes, or
 * goes: only a whole image can tell which records are its.  ERR_BADZONE, ERR_LIMIT, ERR_NOMEM with the ledger's why. */
MUST_CHECK enum err delta_write(struct ledger *l, const struct builder_limits *limits,
                                struct layer **out_layer);

/* Which form version_apply takes. */
enum apply_form {
	APPLY_EITHER, /* its choice */
	APPLY_WHOLE,
	APPLY_DELTA /* a whole image only where delta_write does not support it; layers are not merged */
};
struct apply_job {
	enum apply_form form;
	enum apply_direction direction;
	struct change *const *steps;
	unsigned count;
	const struct builder_limits *limits;
};
/* version_apply, for tests that want a form. */
MUST_CHECK enum err version_apply_job(struct zone_version *v, const struct apply_job *job,
                                      struct zone_version **out_version, struct why *why);

/* The layers from `from` up, which is below layer_count, as one: from 0 a whole image, else a delta.  One reference, the
 * caller's.  ERR_LIMIT, ERR_NOMEM. */
MUST_CHECK enum err layers_merge(const struct zone_version *v, unsigned from, struct layer **out_layer,
                                 struct why *why);

/* Takes v, and gives it or an equal one, whose newest layers have become one where that costs little. */
MUST_CHECK enum err version_merge_newest(struct zone_version *v, struct zone_version **out_version,
                                         struct why *why);

/* Each layer on its own, and what they say together: order, ancestors, totals.  ERR_CORRUPT.  For tests. */
MUST_CHECK enum err version_check_deep(const struct zone_version *v);

#endif

/* From a version and changes to the next version, and back to changes from two versions.
 *
 * Two forms of the same result: a whole image, when the zone is small or the change is large; or a delta image laid
 * over the layers of the former version, which costs what the change costs.  Which one is apply's choice; readers
 * see no difference (zone/lookup.h).
 * Thread: any; looks only at what it is given. */
#ifndef UNDERSTUDY_ZONE_APPLY_H
#define UNDERSTUDY_ZONE_APPLY_H

#include "base/why.h"
#include "zone/builder.h"
#include "zone/change.h"

enum apply_direction {
	APPLY_FORWARD, /* steps[0].from is v's serial */
	APPLY_BACKWARD /* the last step's `to` is v's serial: undone one by one, from the last to the first */
};

/* The version after the steps, one reference, the caller's.  Its history (version->changes) is not set.
 * Strict: the SOA that a step removes must have v's serial, a record that it removes must be there (its TTL may differ),
 * one that it adds must not be.  TTLs of an RRset: the smallest of its records.
 * ERR_MISMATCH: reason IXFR_MISMATCH, evidence names serial, owner, type and what is wrong.  ERR_OUTZONE, ERR_BADZONE
 * (no NS or SOA is left at the apex), ERR_LIMIT, ERR_NOMEM: as builder.h.  why is filled on failure. */
MUST_CHECK enum err version_apply(struct zone_version *v, struct change *const *steps, unsigned count,
                                  enum apply_direction direction, const struct builder_limits *limits,
                                  struct zone_version **out_version, struct why *why);

/* What leads from a to b, as one step (their serials may be any two); time_s goes into it.  max_bytes: 0 for no bound.
 * ERR_LIMIT: more than max_bytes; ERR_NOMEM.  Two versions that are equal give a change that holds their SOAs only.
 * Cost: one walk over both; layers that they share are skipped where possible. */
MUST_CHECK enum err version_diff(const struct zone_version *a, const struct zone_version *b,
                                 uint64_t max_bytes, int64_t time_s, struct change **out_change);

/* What holds v in memory should be merged: its deltas have grown beyond their share.  version_merge makes an equal
 * version with fewer layers (all: one, a whole image); the history goes along.  Cost: one pass over what is merged;
 * meant for a thread that may take its time.  Steps that are applied to v meanwhile leave its layers as they are if
 * version_merge_keep was said on the thread that applies, so that version_rebase succeeds.  ERR_NOMEM, ERR_LIMIT. */
enum merge_need {
	MERGE_NOT,
	MERGE_DELTAS, /* the deltas into one */
	MERGE_ALL     /* a new base */
};
enum merge_need version_merge_need(const struct zone_version *v);
void version_merge_keep(struct zone_version *v);
MUST_CHECK enum err version_merge(struct zone_version *v, enum merge_need how,
                                  struct zone_version **out_version, struct why *why);
/* now is from, or has grown out of it by further deltas over from's layers. */
bool version_stands_on(const struct zone_version *now, const struct zone_version *from);
/* `merged` was made by version_merge from `from`; meanwhile `now` has grown out of `from` by further deltas.  The same
 * deltas over merged: an equal of `now` with one reference, the caller's.  NULL: now does not stand on from's layers. */
struct zone_version *version_rebase(const struct zone_version *merged, const struct zone_version *from,
                                    struct zone_version *now);
/* v is one whole image that a block of its own can hold (what the store writes). */
static inline bool version_is_whole(const struct zone_version *v) {
	return v->layer_count == 1;
}

#endif

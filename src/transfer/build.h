/* What a copy brought becomes the next version, and the steps that lead to it from the one that is held.
 *
 *   whole zone  ──► builder ──► version;  steps: the difference from the former version, if it is worth keeping
 *   differences ──► applied to the former version;  steps: the differences as they came
 *
 * Thread: any, one at a time. */
#ifndef UNDERSTUDY_TRANSFER_BUILD_H
#define UNDERSTUDY_TRANSFER_BUILD_H

#include "base/why.h"
#include "zone/apply.h"

struct build {
	/* what came: one of them; owned */
	struct builder *builder;
	struct change *
		*steps; /* step_count references in an array to be freed; of a whole zone after build_run */
	unsigned step_count;
	/* what it is for */
	struct zone_version *former; /* a reference; NULL: none is held */
	struct builder_limits limits;
	uint64_t step_max_bytes; /* a difference between whole zones that is larger is not kept */
	int64_t time_s;
	/* what it made */
	struct zone_version *version; /* a reference; NULL: failed, or not run yet */
	bool unchanged;               /* it is the former version, record by record */
};

/* ERR_MISMATCH: the differences do not fit; others as builder_finish and version_apply.  why is filled on failure. */
MUST_CHECK enum err build_run(struct build *b, struct why *why);
/* Octets that wait to be built. */
uint64_t build_waiting(const struct build *b);
void build_done(struct build *b);

#endif

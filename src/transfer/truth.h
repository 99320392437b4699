/* What is said of a zone: one state, from what is served and what is known of its primaries, and why.  The table is in
 * docs/operator/zones.md; the first row that fits decides.  Pure functions. */
#ifndef UNDERSTUDY_TRANSFER_TRUTH_H
#define UNDERSTUDY_TRANSFER_TRUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "transfer/timers.h"

enum truth_state {
	TRUTH_PENDING,
	TRUTH_ACTIVE,
	TRUTH_STALE,
	TRUTH_EXPIRED,
	TRUTH_HELD,
	TRUTH_ERROR,
	TRUTH_COUNT
};

/* What is known of a zone. */
struct truth_facts {
	int64_t now_s;
	int64_t checked_s;     /* last time a primary confirmed or sent the version */
	struct timers timers;  /* of the version, bounded; valid with has_version */
	uint32_t serial;       /* of the version; valid with has_version */
	uint32_t newest;       /* that a primary or its NOTIFY told of; valid with has_newest */
	const struct why *why; /* of the last round; REASON_NONE: it went well */
	bool has_version, has_newest;
	bool expired;
	bool held;        /* by an operator */
	bool rolled_back; /* by an operator, to an earlier version */
	bool not_served;  /* the watchdog found that questions get something else */
};

/* The state; why (not touched if there is nothing to add) is filled where the last round has no reason of its own. */
enum truth_state truth_judge(const struct truth_facts *facts, struct why *why);
/* "active" … */
const char *truth_text(enum truth_state state);
/* A version served so long without a primary that confirms it is stale: its refresh time and two retries. */
int64_t truth_late_s(const struct truth_facts *facts);
/* The failure is one that trying again does not mend: somebody has to do something. */
bool truth_needs_people(enum reason reason);

#endif

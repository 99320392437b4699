/* Whether a version that was built may be served: what no zone may hold, and what an operator asks for beyond.  A
 * version that is only odd passes; one from which we would answer wrongly, or which is not what its operator said that
 * it must be, does not.
 *
 * Looks only; reads versions through zone/lookup.h.  Thread: any, one at a time for a report. */
#ifndef UNDERSTUDY_ZONE_CHECK_H
#define UNDERSTUDY_ZONE_CHECK_H

#include "base/why.h"
#include "zone/dnssec.h"
#include "zone/version.h"
#include "zone/zonemd.h"

/* What can object; bits of check_rules.accepted. */
enum check_guard {
	GUARD_STRUCTURE =
		1, /* aliases beside other data, more than one of what there may be one of, limits */
	GUARD_SHRINK = 2,
	GUARD_ZONEMD = 4,
	GUARD_DNSSEC = 8,
	GUARD_COMMAND = 16 /* not of this folder: transfer/hook.h */
};

/* A version that loses fewer names than this is never one that shrinks too much. */
#define CHECK_SHRINK_FLOOR 10

struct check_rules {
	uint32_t max_rrset_records; /* 0: no limit */
	uint32_t max_name_types;    /* RRsets at one name; 0: no limit */
	uint32_t max_shrink;        /* percent of the names that may be lost; 0: any */
	enum zonemd_rule zonemd;
	enum dnssec_rule dnssec;
	enum dnssec_depth dnssec_depth;
};

/* The steps by which a version came from one that was checked before. */
struct check_changes {
	struct change *const *steps;
	unsigned count;
};

struct check_report {
	struct why objection;   /* REASON_NONE: it may be served */
	enum check_guard guard; /* which objected */
	struct why warning;     /* REASON_NONE: nothing is odd */
};

/* Decide whether next may take the place of former (NULL: there is none).  changes: of next only the names that they add
 * to are looked at, as far as a guard can; NULL: at all.  accepted: guards that are passed over.
 * Filled: out_report, whatever comes of it.  ERR_REFUSED: a guard objects; ERR_NOMEM (the objection tells).
 * Cost: one walk over next or over the changes, and what its rules ask for. */
MUST_CHECK enum err zone_check(const struct zone_version *former, const struct zone_version *next,
                               const struct check_changes *changes, const struct check_rules *rules,
                               unsigned accepted, int64_t now_s, struct check_report *out_report);

/* -- the guards, each by itself; why is filled when they object (ERR_REFUSED) -- */

MUST_CHECK enum err check_structure(const struct zone_version *next, const struct check_changes *changes,
                                    const struct check_rules *rules, struct why *why);
MUST_CHECK enum err check_shrink(const struct zone_version *former, const struct zone_version *next,
                                 const struct check_rules *rules, struct why *why);
/* Evidence that begins with owner and type. */
void check_blame(struct why *why, enum reason reason, const uint8_t *owner, uint16_t type, const char *format,
                 ...) __attribute__((format(printf, 5, 6)));

#endif

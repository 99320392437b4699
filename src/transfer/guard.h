/* The guards of a version on its way into service (zone/check.h), and what is remembered of one that was refused, so
 * that an operator can let it through.
 *
 *   built ──► guard_run ──► passed ──► save, publish, guard_forget
 *                 │ objection
 *                 └──► guard_refused: serial, digest and which guard are kept ── guard_accept ──► the same content
 *                      passes that guard; another content does not
 *
 * Thread: the loop's, but guard_run. */
#ifndef UNDERSTUDY_TRANSFER_GUARD_H
#define UNDERSTUDY_TRANSFER_GUARD_H

#include "inventory/policy.h"
#include "zone/check.h"

struct followed;

/* By which a content is known again. */
struct guard_mark {
	uint32_t serial;
	uint8_t digest[ZONEMD_DIGEST_MAX];
};

/* What guards had to say of a zone; its followed holds one when there is anything. */
struct guard_memory {
	bool refused; /* mark, guard and accepted hold */
	struct guard_mark mark;
	enum check_guard guard; /* which objected last */
	unsigned accepted;      /* guards that an operator has overruled for this content */
	struct why warning;     /* about the version served; REASON_NONE: none */
};

/* The check of one version. */
struct guard {
	const struct zone_policy *policy; /* a reference */
	struct zone_version *former;      /* a reference; NULL: none */
	struct guard_mark accepted_mark;
	unsigned accepted; /* of the content with that mark */
	int64_t now_s;
	/* what came of it */
	struct guard_mark mark; /* valid when a guard objected, or a command may */
	unsigned passed;        /* of this content: what was accepted */
	struct check_report report;
};

/* What the zone's policy and operator want now. */
void guard_begin(struct guard *g, struct followed *z);
/* Any thread.  changes: as zone_check.  ERR_REFUSED: why is the objection; else as zone_check. */
MUST_CHECK enum err guard_run(struct guard *g, const struct zone_version *next,
                              const struct check_changes *changes, struct why *why);
/* Guard `by` of this version's guards objected: the mark is kept. */
void guard_refused(const struct guard *g, enum check_guard by, struct followed *z);
/* The version is served now: what was refused before is history, its warning is not. */
void guard_passed(const struct guard *g, struct followed *z);
void guard_done(struct guard *g);

#endif

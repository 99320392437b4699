/* Which differences answer an IXFR request (RFC 1995 section 4). */
#ifndef UNDERSTUDY_SERVE_IXFR_OUT_H
#define UNDERSTUDY_SERVE_IXFR_OUT_H

#include "zone/version.h"

/* Steps of so many octets in all are also tried as one, which is sent if it is shorter. */
#define IXFR_CONDENSE_BYTES (256U * 1024)

/* What was condensed last, for the next client that asks for the same: a new version is told to all secondaries at once, and
 * most have the same former one.  Holds references to IXFR_KEPT lists of steps and to what became of them, so at most
 * 2 * IXFR_KEPT * IXFR_CONDENSE_BYTES, and what the lists have of pointers.  Zero-initialise.  Thread: its worker's. */
#define IXFR_KEPT 4
struct ixfr_kept {
	struct changes *steps[IXFR_KEPT];  /* as asked for; NULL: nothing yet */
	struct changes *answer[IXFR_KEPT]; /* as one step, or the same list if that is not longer */
	unsigned next;                     /* place to be used next */
};
void ixfr_kept_done(struct ixfr_kept *k);

/* The steps that lead from the serial to v, a reference for the caller; NULL: the whole zone is the answer: the serial is
 * not in the history that v keeps, or may mean two versions there, or the steps are longer than the zone.
 * Thread: any that holds v.  Cost: bounded by IXFR_CONDENSE_BYTES. */
struct changes *ixfr_choose(struct ixfr_kept *kept, const struct zone_version *v, uint32_t serial);
/* Octets of all records of the steps, about as they are sent. */
uint64_t ixfr_octets(const struct changes *changes);

#endif

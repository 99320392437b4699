/* Which differences answer an IXFR request (RFC 1995 section 4). */
#ifndef UNDERSTUDY_SERVE_IXFR_OUT_H
#define UNDERSTUDY_SERVE_IXFR_OUT_H

#include "zone/version.h"

/* Steps of so many octets in all are also tried as one, which is sent if it is shorter. */
#define IXFR_CONDENSE_BYTES (256U * 1024)

/* The steps that lead from the serial to v, a reference for the caller; NULL: the whole zone is the answer: the serial is
 * not in the history that v keeps, or may mean two versions there, or the steps are longer than the zone.
 * Thread: any that holds v.  Cost: bounded by IXFR_CONDENSE_BYTES. */
struct changes *ixfr_choose(const struct zone_version *v, uint32_t serial);
/* Octets of all records of the steps, about as they are sent. */
uint64_t ixfr_octets(const struct changes *changes);

#endif

/* All records of a version in canonical form and order, as digests of a zone want them (RFC 8976 section 3.3.1): owners
 * in the order of RFC 4034 section 6.1, at each owner types by number with RRSIG at its place, records of a type by
 * rdata; each record as owner, type, class, TTL, rdlength, rdata, names of both in lower case (RFC 4034 section 6.2).
 * Left out: the apex's ZONEMD and the signatures over it. */
#ifndef UNDERSTUDY_ZONE_CANONICAL_H
#define UNDERSTUDY_ZONE_CANONICAL_H

#include "zone/lookup.h"

/* Pieces come one after the other; a piece ends anywhere. */
typedef void (*canonical_take)(void *ctx, const uint8_t *octets, size_t len);

/* ERR_NOMEM: nothing or a part was taken.  Cost: two walks over v. */
MUST_CHECK enum err canonical_walk(const struct zone_version *v, canonical_take take, void *ctx);

#endif

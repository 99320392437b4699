/* Digests of whole zones (RFC 8976), scheme SIMPLE. */
#ifndef UNDERSTUDY_ZONE_ZONEMD_H
#define UNDERSTUDY_ZONE_ZONEMD_H

#include "base/why.h"
#include "zone/version.h"

enum zonemd_hash { ZONEMD_SHA384 = 1, ZONEMD_SHA512 = 2 };
#define ZONEMD_DIGEST_MAX 64

enum zonemd_rule { ZONEMD_OFF, ZONEMD_IF_PRESENT, ZONEMD_REQUIRED };

/* Of all records but the apex's ZONEMD and its signatures (RFC 8976 section 3.3).  ERR_NOMEM.
 * Cost: the octets of the zone through the hash. */
MUST_CHECK enum err zonemd_digest(const struct zone_version *v, enum zonemd_hash hash,
                                  uint8_t out_digest[static ZONEMD_DIGEST_MAX], size_t *out_len);

/* RFC 8976 section 4, without the signatures, which are zone/dnssec.h's.  ERR_REFUSED: there is none though there must
 * be, or none of those that can be checked fits.  Records of schemes and algorithms that are not known are as if they
 * were not there. */
MUST_CHECK enum err zonemd_check(const struct zone_version *v, enum zonemd_rule rule, struct why *why);

#endif

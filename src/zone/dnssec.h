/* Whether the signatures of a signed zone hold (RFC 4034, RFC 4035), by the keys that it carries itself: what a
 * validating resolver would find that trusts them.
 *
 * Bounded whatever the zone holds: DNSSEC_KEYS_MAX keys are looked at, DNSSEC_TRIES_MAX signatures verified for an RRset,
 * keys beyond 4096 bits or with an exponent beyond 40 bits are none; `sample` looks at DNSSEC_SAMPLE_SETS RRsets.
 * Thread: any, one at a time. */
#ifndef UNDERSTUDY_ZONE_DNSSEC_H
#define UNDERSTUDY_ZONE_DNSSEC_H

#include "base/why.h"
#include "zone/version.h"

enum dnssec_rule { DNSSEC_OFF, DNSSEC_WARN, DNSSEC_REQUIRE };
enum dnssec_depth {
	DNSSEC_APEX,   /* the apex's DNSKEY, SOA and NS */
	DNSSEC_SAMPLE, /* and some of the other RRsets, spread over the zone */
	DNSSEC_FULL    /* all of them, and the chain of NSEC or NSEC3 records is closed */
};

#define DNSSEC_KEYS_MAX 32
#define DNSSEC_TRIES_MAX 4
#define DNSSEC_SAMPLE_SETS 200

/* ERR_REFUSED: out_objection tells what does not hold.  Independent of it: out_warning, that a signature ends before the
 * SOA's expire time would be over.  A zone without DNSKEY: refused under DNSSEC_REQUIRE only.  ERR_NOMEM. */
MUST_CHECK enum err dnssec_check(const struct zone_version *v, enum dnssec_rule rule, enum dnssec_depth depth,
                                 int64_t now_s, struct why *out_objection, struct why *out_warning);

#endif

/* The SOA record of a zone as it came in a message.  Pure functions. */
#ifndef UNDERSTUDY_TRANSFER_ZONE_SOA_H
#define UNDERSTUDY_TRANSFER_ZONE_SOA_H

#include "dns/message.h"
#include "dns/rdata.h"
#include "zone/version.h"

#define ZONE_SOA_MAX (2 * NAME_MAX_LEN + 20)

struct zone_soa {
	struct soa soa;
	uint32_t ttl_s;
	uint16_t len; /* of rdata: uncompressed, case as received */
	uint8_t rdata[ZONE_SOA_MAX];
};

/* r is a SOA record of m.  ERR_RDATA and other codes of rdata_read. */
MUST_CHECK enum err zone_soa_read(const struct message *m, const struct record *r, struct zone_soa *out_soa);
/* The same in every field but the TTL; case of names does not count. */
bool zone_soa_equal(const struct zone_soa *a, const struct zone_soa *b);

/* What tells a SOA's set of signatures from another one: the sum, over all, of a number made of algorithm, key tag,
 * inception and expiration.  Not of the signatures themselves: some algorithms give others each time.  0: none. */
uint64_t zone_soa_signature(const uint8_t *rdata, size_t len); /* of one RRSIG; 0: of another type's */
uint64_t zone_soa_signatures_of(const struct zone_version *v);

#endif

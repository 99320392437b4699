/* The keys of a zone and what they verify; for zone/dnssec.c only. */
#ifndef UNDERSTUDY_ZONE_DNSSEC_KEY_H
#define UNDERSTUDY_ZONE_DNSSEC_KEY_H

#include <gnutls/abstract.h>

#include "zone/dnssec.h"

struct dnssec_key {
	gnutls_pubkey_t key;
	uint16_t tag;
	uint8_t algorithm;
};
struct dnssec_keys {
	struct dnssec_key items[DNSSEC_KEYS_MAX];
	unsigned count;   /* that can verify */
	unsigned unknown; /* of algorithms or sizes that are not known here */
};
/* After gnutls_want has said OK.  Zone keys (RFC 4034 section 2.1.1) that are not revoked (RFC 5011 section 2.1). */
void dnssec_keys_read(const struct rrset *dnskeys, struct dnssec_keys *out_keys);
void dnssec_keys_done(struct dnssec_keys *k);

bool dnssec_key_verify(const struct dnssec_key *k, const uint8_t *data, size_t len, const uint8_t *signature,
                       size_t signature_len);

#endif

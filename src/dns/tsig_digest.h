/* What TSIG needs of a cryptographic library: HMAC by algorithm, comparing MACs, secrets in base64.  Used by
 * tsig.c only. */
#ifndef UNDERSTUDY_DNS_TSIG_DIGEST_H
#define UNDERSTUDY_DNS_TSIG_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/tsig.h"

struct tsig_algorithm_row {
	const char *text;  /* as in configurations */
	const char *alias; /* another spelling, or NULL */
	const char *wire;  /* algorithm name in wire form (RFC 8945 section 6) */
	uint16_t mac_len;  /* octets of the full MAC */
};

/* a: any but TSIG_NONE. */
const struct tsig_algorithm_row *tsig_algorithm_row(enum tsig_algorithm a);

/* Shortest MAC that may be accepted: the larger of 10 and half of the full one (RFC 8945 section 5.2.2.1). */
uint16_t tsig_mac_min(enum tsig_algorithm a);

/* A running HMAC; NULL: no memory.  The other
 * functions take NULL: adding does nothing and finishing fails. */
void *tsig_hmac_new(const struct tsig_key *key);
void tsig_hmac_add(void *hmac, const void *data, size_t len);
/* Frees hmac in any case.  out_mac: full length.  ERR_UNSUPPORTED. */
MUST_CHECK enum err tsig_hmac_finish(void *hmac, uint8_t out_mac[static TSIG_MAC_MAX]);
void tsig_hmac_free(void *hmac);

/* Takes the same time wherever the difference is. */
bool tsig_mac_equal(const uint8_t *a, const uint8_t *b, size_t len);

#endif

/* SipHash-2-4: a keyed hash of 64 bits that can't be foretold without the key (Aumasson and Bernstein, 2012).  Server
 * cookies are made with it (RFC 9018 section 4.4). */
#ifndef UNDERSTUDY_DNS_SIPHASH_H
#define UNDERSTUDY_DNS_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_LEN 16
#define SIPHASH_LEN 8

/* out: in the order of octets that the algorithm's authors print, least significant one first. */
void siphash24(const uint8_t key[static SIPHASH_KEY_LEN], const uint8_t *data, size_t len,
               uint8_t out[static SIPHASH_LEN]);

#endif

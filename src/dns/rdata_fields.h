/* The fields that layouts are made of (rrtype.h); for the rdata files of this folder only. */
#ifndef UNDERSTUDY_DNS_RDATA_FIELDS_H
#define UNDERSTUDY_DNS_RDATA_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets that the field `letter` takes at rdata[pos]; false when it is malformed or does not fit before len.
 * rdata is uncompressed from pos on; pos <= len; what lies before pos in the same rdata was checked before. */
bool field_len(uint16_t type, char letter, const uint8_t *rdata, size_t len, size_t pos, size_t *out_len);

/* Fields whose letters are lowered in the canonical form of the types that want it. */
static inline bool field_has_name(char letter) {
	return letter == 'n' || letter == 'u';
}

/* IPSECKEY and AMTRELAY: what kind of gateway stands at rdata[pos] (RFC 4025 section 2.3, RFC 8777 section
 * 4.2.3). */
enum gateway { GATEWAY_NONE, GATEWAY_IP4, GATEWAY_IP6, GATEWAY_NAME };
unsigned field_gateway(uint16_t type, const uint8_t *rdata, size_t pos);

#endif

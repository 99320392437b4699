/* One row per RR type that has a mnemonic, names or structure inside; all others are opaque (RFC 3597).
 *
 * rrtype.def rows: RRTYPE(number, MNEMONIC, "layout", flags)
 * layout is a string of fields of the RDATA in wire form, in order:
 *   n  domain name, may be compressed when sent (RFC 1035 types only) and is decompressed when read
 *   u  domain name, never compressed when sent; decompressed when read if flag DECOMPRESS (RFC 3597 section 4)
 *   1 2 4 8  unsigned integer of so many octets (8: in text as in NID)
 *   6  EUI-48           e  EUI-64
 *   t  TTL-like 32-bit period                   T  time of day, 32 bits (RRSIG)
 *   a  IPv4 address        A  IPv6 address
 *   y  RR type, 16 bits
 *   s  character-string (length octet)          S  one or more character-strings to the end
 *   b  opaque rest, base64 in text              x  opaque rest, hex in text
 *   X  length octet, then hex (NSEC3 salt)      h  length octet, then base32hex (NSEC3 hash)
 *   m  type bitmap to the end (RFC 4034 section 4.1.2)
 *   l  APL items (RFC 3123)    w  WKS bitmap    o  LOC    g  IPSECKEY/AMTRELAY gateway   p  SVCB parameters
 *   H  HIP        z  A6        i  one or two character-strings (ISDN)        k  length octet, then CAA tag
 *   r  any octets to the end, only RFC 3597 form in text
 *   q  quoted opaque text to the end (CAA value, URI target) */
#ifndef UNDERSTUDY_DNS_RRTYPE_H
#define UNDERSTUDY_DNS_RRTYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* RR_NSAP_PTR is "NSAP-PTR" in text. */
enum rrtype {
#define RRTYPE(number, mnemonic, layout, flags) RR_##mnemonic = (number),
#include "dns/rrtype.def"
#undef RRTYPE
};

enum rrtype_flag {
	RRF_NONE = 0,
	RRF_DECOMPRESS =
		1, /* names inside may arrive compressed: RFC 1035 types and those of RFC 3597 section 4 */
	RRF_SINGLE = 2,     /* one record per owner: SOA, CNAME, DNAME */
	RRF_META = 4,       /* never zone data: OPT, TSIG, TKEY, IXFR, AXFR, MAILA, MAILB, ANY */
	RRF_ADDITIONAL = 8, /* its (last) name wants addresses in the additional section: NS, MX, SRV, ... */
	RRF_HEXTYPE =
		16,     /* in zone files as TYPEnnn \# ...: not all of BIND, Knot and NSD know the mnemonic */
	RRF_LOWER = 32, /* names inside are lowered in canonical form; so are those of RRF_DECOMPRESS */
	RRF_COMPRESS = 64 /* has an 'n' field: names inside are compressed when sent */
};

struct rrtype_info {
	uint16_t number;
	uint16_t flags;
	const char *mnemonic;
	const char *layout;
};

enum { CLASS_IN = 1, CLASS_CH = 3, CLASS_NONE = 254, CLASS_ANY = 255 };

/* The row of a type, or NULL when it is unknown (opaque). */
const struct rrtype_info *rrtype_info(uint16_t type);
static inline bool rrtype_has(const struct rrtype_info *info, uint16_t flag) {
	return info && (info->flags & flag);
}
#define RRTYPE_TEXT_MAX 16
/* "A", "TYPE65400".  Returns buf or a constant. */
const char *rrtype_text(uint16_t type, char buf[static RRTYPE_TEXT_MAX]);
/* From "a", "AAAA", "TYPE123".  ERR_NOTFOUND. */
MUST_CHECK enum err rrtype_parse(const char *text, uint16_t *out_type);
/* "NOERROR", "RCODE23"; opcode "QUERY", ... ; constants or buf. */
const char *rcode_text(unsigned rcode, char buf[static RRTYPE_TEXT_MAX]);

#endif

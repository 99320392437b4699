/* The header of the PROXY protocol, version 2 ("The PROXY protocol", section 2.2), by which a proxy in front tells
 * whose request it passes on.  It stands before each DNS message over UDP, and at the very beginning of a connection
 * over TCP and TLS (there in clear, before the handshake).
 *
 *   0 signature (12) | 12 version, command | 13 family, transport | 14 length (2) | 16 addresses, ports, TLVs
 *
 * Whoever may send it can speak for anybody, so it is looked for only in what comes from listed addresses.  From
 * these it may also be missing: a proxy's own questions and those of a host beside it come as they are.  Additions
 * behind the addresses (TLVs) are stepped over.
 * Pure functions; any thread. */
#ifndef UNDERSTUDY_NET_PROXY_H
#define UNDERSTUDY_NET_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

#define PROXY_SIGNATURE_LEN 12
#define PROXY_FIXED_LEN 16    /* what every header begins with */
#define PROXY_HEADER_MAX 2048 /* octets; longer ones are refused, though the length field could say 65551 */

/* Do octets begin with the signature?  No DNS message and no TLS record does. */
bool proxy_has_signature(const uint8_t *data, size_t len);

struct proxy_header {
	size_t len; /* octets of the header; what it speaks for follows */
	/* Who asks the proxy.  AF_UNSPEC: the proxy itself, or somebody without an Internet address: the addresses of
	 * the socket hold. */
	struct addr source;
};

/* Read the header at the front of data.
 * ERR_NOTFOUND: there is none.  ERR_MALFORMED: one that must be refused, or one of version 1.
 * ERR_AGAIN: as far as it goes it is one; out_header->len is set to the octets that must be there before the next
 * look, of which none stands behind the header. */
MUST_CHECK enum err proxy_parse(const uint8_t *data, size_t len, struct proxy_header *out_header);

#endif

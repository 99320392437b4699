/* DNS cookies, server side: RFC 7873, with server cookies as RFC 9018 has them, so that servers of several makes can
 * stand behind one address and share their secrets.
 *
 *    octets  0          8         9          12          16        24
 *            | client's | version | reserved | timestamp | hash     |
 *            | cookie   | 1       | 0        |           | SipHash-2-4 of all before it and the client's address
 *
 * Nothing is kept about clients.  Pure functions. */
#ifndef UNDERSTUDY_DNS_COOKIE_H
#define UNDERSTUDY_DNS_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define COOKIE_CLIENT_LEN 8
#define COOKIE_LEN 24 /* as we make it; of others up to COOKIE_LEN_MAX */
#define COOKIE_LEN_MAX 40
#define COOKIE_SECRET_LEN 16
#define COOKIE_SECRETS_MAX 8

/* The first one makes cookies, all of them verify: so a new secret can be rolled out to all servers of an address
 * before any of them uses it (RFC 9018 section 5). */
struct cookie_secrets {
	unsigned count; /* at least 1 where cookies are judged */
	uint8_t items[COOKIE_SECRETS_MAX][COOKIE_SECRET_LEN];
};

enum cookie_verdict {
	COOKIE_MALFORMED, /* of a length that none has (RFC 7873 section 5.2.2): FORMERR */
	COOKIE_NEW,       /* the client's alone */
	COOKIE_BAD,       /* not ours, too old, or another client's: as if it were new (section 5.2.4) */
	COOKIE_VALID      /* the client has our address and was at its own within the last hour */
};

/* Judge the option of a request that peer sent at now_s (seconds since 1970, modulo 2^32: RFC 9018 section 4.3 compares
 * as RFC 1982 does).  out: the option of the answer, unless COOKIE_MALFORMED; a valid cookie of the first secret comes
 * back as it is for half an hour.  Time does not depend on where a hash differs. */
enum cookie_verdict cookie_judge(const struct cookie_secrets *secrets, const struct addr *peer,
                                 uint32_t now_s, const uint8_t *option, uint16_t len,
                                 uint8_t out[static COOKIE_LEN]);

#endif

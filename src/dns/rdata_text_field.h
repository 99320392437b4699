/* Inside of rdata_text.c: one field of a layout (rrtype.h) as text. */
#ifndef UNDERSTUDY_DNS_RDATA_TEXT_FIELD_H
#define UNDERSTUDY_DNS_RDATA_TEXT_FIELD_H

#include "base/bytes.h"
#include "base/err.h"

struct shown {
	struct reader in; /* the rdata, checked, from its first octet on */
	struct writer out;
};

/* Append a space, if something stands there, and the field.  ERR_RDATA: these octets have no text that reads
 * back as the same octets, write the whole rdata as RFC 3597 says. */
MUST_CHECK enum err field_text(struct shown *s, char kind);
/* SVCB and HTTPS parameters to the end of the rdata (RFC 9460 section 2.1). */
MUST_CHECK enum err params_text(struct shown *s);
/* LOC (RFC 1876 section 3). */
MUST_CHECK enum err loc_text(struct shown *s);

#endif

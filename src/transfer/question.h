/* What is asked of primaries and of those whom we notify, as octets.  Pure functions. */
#ifndef UNDERSTUDY_TRANSFER_QUESTION_H
#define UNDERSTUDY_TRANSFER_QUESTION_H

#include "dns/message.h"
#include "dns/tsig.h"
#include "transfer/zone_soa.h"
#include "zone/version.h"

#define QUESTION_BLOCK 128 /* RFC 8467 section 4.1 */

/* Longest: header, name, type and class, our SOA, OPT with one empty option and padding, TSIG. */
#define QUESTION_MAX_LEN                                                                                     \
	(MESSAGE_HEADER_LEN + NAME_MAX_LEN + 4 + 12 + ZONE_SOA_MAX + 11 + 4 + 4 + QUESTION_BLOCK +           \
	 TSIG_RECORD_MAX)

struct question_form {
	const uint8_t *zone;
	const struct zone_version *have; /* its SOA goes along (RFC 1995 section 3); NULL: none */
	uint16_t type;
	uint16_t flags;
	bool edns;      /* an OPT record that asks how long the version is valid (RFC 7314) */
	bool pads;      /* an OPT record that pads to whole blocks: over TLS (RFC 7830 section 6) */
	bool dnssec_ok; /* with edns: signatures are wanted too */
};
/* Write the question to buf (cap >= QUESTION_MAX_LEN - TSIG_RECORD_MAX) with this ID; returns its length. */
size_t question_write(const struct question_form *form, uint16_t id, uint8_t *buf, size_t cap);
/* The same, signed if key is not NULL; cap >= QUESTION_MAX_LEN.  0: it could not be signed. */
size_t question_write_signed(const struct question_form *form, uint16_t id, const struct tsig_key *key,
                             int64_t now_s, struct tsig_state *tsig, uint8_t *buf, size_t cap);

#endif

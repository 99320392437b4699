/* What a primary's answer says when it is not what was hoped for: reasons and evidence, the same words for SOA
 * questions, transfers and NOTIFY.  Pure functions. */
#ifndef UNDERSTUDY_TRANSFER_ANSWER_H
#define UNDERSTUDY_TRANSFER_ANSWER_H

#include "base/addr.h"
#include "base/why.h"
#include "dns/message.h"
#include "dns/tsig.h"

/* As in struct attempt. */
enum transport { TRANSPORT_UDP = 'u', TRANSPORT_TCP = 't', TRANSPORT_TLS = 's' };

/* What was asked of whom. */
struct asked {
	const uint8_t *zone; /* borrowed */
	struct addr primary;
	uint16_t type; /* RR_SOA, RR_AXFR, RR_IXFR */
	uint16_t id;
	uint8_t opcode;
	uint8_t transport; /* enum transport */
};

/* Evidence that begins with what was asked: "AXFR of example.com from 192.0.2.1@53 by TCP: …". */
void answer_blame(const struct asked *asked, struct why *why, enum reason reason, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same of a record of the answer: "…: www.example.com A: what". */
void answer_blame_record(const struct asked *asked, struct why *why, enum reason reason,
                         const struct record *r, const char *what);

/* Is m an answer to what was asked: ID, QR, opcode, question.  A question section that is left out is taken where
 * empty_ok (RFC 5936 section 2.2.1: after the first message).  ERR_MISMATCH, why filled. */
MUST_CHECK enum err answer_check_head(const struct asked *asked, const struct message *m, bool empty_ok,
                                      struct why *why);

/* RCODE other than NOERROR as a reason.  ERR_REFUSED, why filled. */
MUST_CHECK enum err answer_check_rcode(const struct asked *asked, const struct message *m, struct why *why);

/* Verify m if the exchange is signed (t->key).  An unsigned refusal is told by its RCODE.  ERR_TSIG_*, ERR_REFUSED;
 * why filled. */
MUST_CHECK enum err answer_check_tsig(const struct asked *asked, const struct message *m,
                                      struct tsig_state *t, int64_t now_s, struct why *why);
/* Servers that predate EDNS say so in one of these ways (RFC 6891 section 7). */
static inline bool answer_blames_edns(const struct message *m) {
	unsigned rcode = header_rcode(&m->header);
	return rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP;
}
/* How many seconds the answer says that the version stays valid (RFC 7314 section 3.2).  False: it does not. */
bool answer_expire(const struct message *m, uint32_t *out_expire_s);
/* The words for a failure of tsig_verify_answer or tsig_finish. */
void answer_blame_tsig(const struct asked *asked, const struct tsig_state *t, enum err e, int64_t now_s,
                       struct why *why);

#endif

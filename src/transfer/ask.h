/* One question with one answer: the SOA of a zone (RFC 1034 section 4.3.5) or a NOTIFY (RFC 1996).  Builds the
 * question, judges the answer.  Sans-IO; the same over UDP and TCP. */
#ifndef UNDERSTUDY_TRANSFER_ASK_H
#define UNDERSTUDY_TRANSFER_ASK_H

#include "dns/rdata.h"
#include "transfer/answer.h"
#include "transfer/question.h"

#define ASK_MAX_LEN QUESTION_MAX_LEN

struct ask {
	struct asked asked;
	const struct tsig_key *key; /* borrowed; NULL: not signed */
	struct tsig_state tsig;
	bool edns;      /* ask how long the version is valid (RFC 7314); set by the caller */
	bool dnssec_ok; /* with edns: and for signatures */
	/* what the answer told beside the SOA; valid after ASK_ANSWERED */
	bool has_expire;
	uint32_t expire_s;
	uint64_t signatures; /* of the SOA, as zone_soa.h sums them; 0: none came */
};

/* Write the question to buf (cap >= ASK_MAX_LEN) with this ID; returns its length.  May be called again: the former
 * question is forgotten.  ask->asked and ask->key are set by the caller, the rest zeroed at first. */
size_t ask_build(struct ask *ask, uint16_t id, int64_t now_s, uint8_t *buf, size_t cap);

enum ask_verdict {
	ASK_ANSWERED,  /* soa is filled for a SOA question */
	ASK_TRUNCATED, /* TC: ask by TCP (RFC 1035 section 4.2.1) */
	ASK_PLAIN,     /* the OPT record was refused: ask without (RFC 6891 section 7) */
	ASK_STRANGE,   /* not an answer to this question: keep waiting */
	ASK_FAILED     /* why is filled */
};
enum ask_verdict ask_judge(struct ask *ask, const uint8_t *data, size_t len, int64_t now_s,
                           struct soa *out_soa, struct why *why);
void ask_done(struct ask *ask);

#endif

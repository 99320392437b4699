/* TSIG, RFC 8945: signing and verifying of messages and of multi-message answers.  MACs by GnuTLS.
 *
 * A verifier or signer is a value that carries one exchange:
 *   client: tsig_sign_request → (answers…) tsig_verify_answer each → tsig_finish
 *   server: tsig_verify_request → tsig_sign_answer each
 * Layout of the record: section 4.2; what is digested: section 4.3. */
#ifndef UNDERSTUDY_DNS_TSIG_H
#define UNDERSTUDY_DNS_TSIG_H

#include "base/bytes.h"
#include "base/err.h"
#include "dns/message.h"
#include "dns/name.h"

#define TSIG_MAC_MAX 64
#define TSIG_SECRET_MAX 512
#define TSIG_FUDGE_S 300
#define TSIG_UNSIGNED_MAX 99 /* RFC 8945 section 5.3.1 */
/* Octets of the record for a key with full MAC: an upper bound to reserve in an answer. */
#define TSIG_RECORD_MAX (NAME_MAX_LEN + 10 + 32 + 16 + TSIG_MAC_MAX + 6)

enum tsig_algorithm {
	TSIG_NONE,
	TSIG_HMAC_MD5,
	TSIG_HMAC_SHA1,
	TSIG_HMAC_SHA224,
	TSIG_HMAC_SHA256,
	TSIG_HMAC_SHA384,
	TSIG_HMAC_SHA512
};

struct tsig_key {
	struct name name; /* lower case */
	enum tsig_algorithm algorithm;
	uint16_t secret_len;
	uint8_t secret[TSIG_SECRET_MAX];
};

/* "hmac-sha256", also "hmac-md5" and "hmac-md5.sig-alg.reg.int", final dot allowed.  TSIG_NONE: not known. */
enum tsig_algorithm tsig_algorithm_parse(const char *text);
const char *tsig_algorithm_text(enum tsig_algorithm a);
/* key->secret from base64.  ERR_MALFORMED, ERR_LIMIT. */
MUST_CHECK enum err tsig_secret_parse(const char *base64, struct tsig_key *key);

struct tsig_state {
	const struct tsig_key *key; /* borrowed; NULL: exchange is not signed */
	uint16_t original_id;
	uint8_t mac[TSIG_MAC_MAX]; /* previous MAC of the chain, as sent */
	uint16_t mac_len;
	uint16_t mac_out_len; /* length to sign answers with: of the request's truncated MAC, else full */
	bool first;           /* next answer is the first of the exchange */
	uint16_t error; /* server: TSIG error for the answer (BADKEY, …); client: as the peer sent it */
	uint64_t peer_time_s; /* time signed of the peer's last TSIG; with BADTIME the other-data time */
	uint64_t request_time_s;
	uint16_t fudge_s;
	unsigned unsigned_count; /* client: messages since the last signed one */
	struct name algorithm_name,
		key_name; /* server: as the request named them, for unsigned error answers */
	void *digest;     /* running HMAC over unsigned messages; owned; freed by tsig_done */
};

/* Append a TSIG record to the request of len octets in buf (cap octets); returns new length through
 * out_len.  ERR_SPACE. */
MUST_CHECK enum err tsig_sign_request(struct tsig_state *s, const struct tsig_key *key, uint64_t now_s,
                                      uint8_t *buf, size_t len, size_t cap, size_t *out_len);

/* Octets that tsig_sign_request will append. */
size_t tsig_request_len(const struct tsig_key *key);

/* Check an answer (message_parse'd).  Unsigned answers within a stream are allowed up to the bound, never the
 * first.  ERR_TSIG_MISSING, _BADKEY, _BADSIG, _BADTIME, _BADTRUNC: s->error and s->peer_time_s tell what the
 * peer said (an error answer that is unsigned with BADKEY/BADSIG set gives that code); error 0: it is us who
 * find so.  ERR_MALFORMED: the record is, or there is one though the exchange is not signed. */
MUST_CHECK enum err tsig_verify_answer(struct tsig_state *s, const struct message *m, uint64_t now_s);
/* After the last message of a stream: ERR_TSIG_MISSING if the last one was unsigned. */
MUST_CHECK enum err tsig_finish(struct tsig_state *s);

/* Keys known here; find by name. */
struct tsig_keyring {
	const struct tsig_key *const *keys;
	unsigned count;
};
/* Verify a request that carries TSIG.  On any ERR_TSIG_* the state is ready for tsig_sign_answer, which then
 * writes the error answer's TSIG (unsigned MAC for BADKEY and BADSIG, signed for BADTIME and BADTRUNC, RFC
 * 8945 section 5.2); the answer's RCODE is NOTAUTH.  A malformed TSIG record is ERR_MALFORMED (FORMERR, which
 * goes out unsigned), as is a MAC of a length that section 5.2.2.1 rules out.  ERR_TSIG_MISSING: the request
 * carries none; tsig_sign_answer then adds nothing. */
MUST_CHECK enum err tsig_verify_request(struct tsig_state *s, const struct tsig_keyring *ring,
                                        const struct message *m, uint64_t now_s);
/* Append TSIG to the next answer of the exchange. */
MUST_CHECK enum err tsig_sign_answer(struct tsig_state *s, uint64_t now_s, uint8_t *buf, size_t len,
                                     size_t cap, size_t *out_len);
/* Octets that tsig_sign_answer will append. */
size_t tsig_answer_len(const struct tsig_state *s);
void tsig_done(struct tsig_state *s);

#endif

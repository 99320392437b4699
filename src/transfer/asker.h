/* SOA questions: by UDP, sent again when nothing comes, by TCP when the answer is truncated or UDP stays silent.
 *
 *   queue ──► UDP ── answer ──────────────────────────────► result
 *               └── TC, silence, or UDP known to be dead ──► TCP (pool.h) ──► result
 *   over TLS ────────────────────────────────────────────► TLS (pool.h) ──► result
 *
 * So many questions are under way by UDP at once as the settings say; which of those that wait goes next: line.h.  A
 * primary that is known not to answer (reach.h) fails refreshes at once, and gets few others by UDP.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_ASKER_H
#define UNDERSTUDY_TRANSFER_ASKER_H

#include "base/clock.h"
#include "transfer/pool.h"

struct asker;
struct soa_query; /* under way; gone when its result is told */

struct asker *asker_new(uv_loop_t *loop, unsigned udp_max, struct pool *pool, struct random *random);
/* No query is left.  Calls done when all sockets are closed. */
void asker_stop(struct asker *a, void (*done)(void *ctx), void *ctx);
void asker_free(struct asker *a);

struct soa_result {
	bool ok;
	struct soa soa;  /* valid if ok */
	struct why why;  /* valid if not */
	bool has_expire; /* how long the primary holds its version to be valid (RFC 7314) */
	uint32_t expire_s;
	uint64_t signatures; /* of the SOA, as zone_soa.h sums them; 0: none came */
	bool sent;           /* something was asked at all */
	bool no_tcp;         /* no TCP connection could be made */
	uint8_t transport;
	bool tsig;
	uint32_t bytes; /* of the answer */
	uint32_t ms;
};
struct soa_request {
	const uint8_t *zone; /* borrowed while it runs */
	struct addr primary, source;
	const struct tls_terms *tls; /* borrowed while it runs; NULL: in clear.  Else never by UDP */
	const struct tsig_key *key;  /* borrowed while it runs */
	enum urgency urgency;
	bool dnssec_ok; /* the SOA's signatures are wanted */
	bool udp_only;  /* not worth a TCP connection */
	void (*result)(void *ctx, const struct soa_result *result);
	void *ctx;
};
/* Never calls back from inside. */
struct soa_query *asker_ask(struct asker *a, const struct soa_request *request);
/* No result follows.  NULL is allowed. */
void asker_cancel(struct asker *a, struct soa_query *q);
uint64_t asker_count(const struct asker *a); /* questions asked so far */

#endif

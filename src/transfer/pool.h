/* All TCP work with all primaries: what waits, what is under way, how much at once.
 *
 * A peer is an address to ask, the address to ask it from, and the terms of TLS, if it is asked over TLS.  It has two lanes, one for questions and one for
 * transfers, each with its own connections, so that a question never waits behind a transfer.  Within a lane operator
 * goes before NOTIFY before refresh.  Transfers are bounded for each peer and in all; a peer that has none running may
 * start one beyond the sum (up to POOL_OVER times), so that slow primaries cannot hold up others.
 *
 * A server that closes the connection after an answer is asked again on a new one, one question at a time; that is
 * nobody's failure.  When no connection can be made, everything that waits for the peer fails at once.
 *
 * An opportunistic peer has a twin that is asked in clear: what waits goes there when TLS can't be had, and what comes
 * later while that is known.  A strict peer has none.
 *
 * Memory: peers are kept until pool_free, one for each pair of addresses and terms that was ever configured.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_POOL_H
#define UNDERSTUDY_TRANSFER_POOL_H

#include "transfer/connection.h"
#include "transfer/line.h"
#include "transfer/reach.h"

#define POOL_OVER 8

struct pool;
struct peer;

struct pool_settings {
	unsigned transfers_max, transfers_per_peer, connections_per_peer;
	uint64_t collect_max_bytes; /* of all transfers under way together; 0: no bound */
	struct trust_book *trust;   /* for peers over TLS; borrowed */
	struct log *log;            /* borrowed */
	/* How fast a transfer of this zone has to be; NULL: as slow as it may be. */
	struct pace_rules (*pace_of)(void *ctx, const uint8_t *zone);
	void *pace_ctx;
};
/* loop and random are borrowed. */
struct pool *pool_new(uv_loop_t *loop, const struct pool_settings *settings, struct random *random);
/* Nothing of the asker may be submitted any more.  Calls done when all handles are closed. */
void pool_stop(struct pool *p, void (*done)(void *ctx), void *ctx);
void pool_free(struct pool *p);

struct peer *pool_peer(struct pool *p, const struct addr *to, const struct addr *source);
/* On these terms; tls NULL: in clear. */
struct peer *pool_peer_on(struct pool *p, const struct addr *to, const struct addr *source,
                          const struct tls_terms *tls);
bool peer_is_tls(const struct peer *peer);
/* May something of this urgency go over a connection now?  False: out_why is what was found before (reach.h). */
bool peer_admits(struct peer *peer, int64_t now_ms, enum urgency urgency, struct why *out_why);
/* Files of the trust book were read again: what was found wrong with peers over TLS may be mended. */
void pool_forgive_tls(struct pool *p);
struct reach *peer_udp(struct peer *peer);
struct reach *peer_tcp(struct peer *peer);
/* It answered by UDP. */
void peer_answered(struct peer *peer);
struct line_peer *peer_line(struct peer *peer); /* its questions by UDP, for the asker */
/* A server that refused a question because of its OPT record is asked without for PEER_PLAIN_MS. */
#define PEER_PLAIN_MS 3600000
bool peer_takes_edns(const struct peer *peer, int64_t now_ms);
void peer_refuses_edns(struct peer *peer, int64_t now_ms);

/* Called when a peer answers that had failed. */
void pool_on_back(struct pool *p, void (*back)(void *ctx), void *ctx);
/* Has this address come back since pool_forget_back?  May say so of another one, rarely. */
bool pool_is_back(const struct pool *p, const struct addr *to);
void pool_forget_back(struct pool *p);

/* Queue x; ops, urgency, is_transfer and alone are set; transport is set from here on.  Never calls back from inside. */
void pool_submit(struct pool *p, struct peer *peer, struct exchange *x);
/* Take x back wherever it is, without a callback.  Not submitted: nothing happens. */
void pool_cancel(struct pool *p, struct exchange *x);
/* As the settings have it. */
struct pace_rules pool_pace_of(const struct pool *p, const uint8_t *zone);
/* Start no further transfers until told otherwise: what is done with them cannot keep up. */
void pool_hold(struct pool *p, bool hold);
unsigned pool_transfers(const struct pool *p);
/* A transfer that now holds `own` octets holds `change` more than before.  False: all together hold more than the bound,
 * and this one more than its share: it is to be given up. */
bool pool_collect(struct pool *p, int64_t change, uint64_t own);

#endif

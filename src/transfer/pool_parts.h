/* What the files of the pool share: peer.c (peers, and what is known of them), lane.c (what waits, what is under way, what
 * connections tell) and pool.c (what askers call).  For these only; others include pool.h.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_POOL_PARTS_H
#define UNDERSTUDY_TRANSFER_POOL_PARTS_H

#include "transfer/pool.h"

#define POOL_BUCKETS 4096
#define POOL_BACK_WORDS 128
#define LANE_CONNECTIONS_MAX 16

/* Connections and queue of one peer for one kind of work. */
struct lane {
	struct peer *peer;
	struct exchange_list queue[URGENCY_COUNT];
	struct connection *connections[LANE_CONNECTIONS_MAX];
	unsigned connection_count, connections_max;
	unsigned depth, depth_max;
	unsigned running;
	unsigned ahead; /* so many transfers more than transfers_per_peer may be asked for */
	int64_t not_ahead_until_ms;
	struct lane *next_waiting;
	bool waiting; /* for a place among all transfers */
	bool is_transfers;
};

struct peer {
	struct pool *pool;
	struct peer *next; /* in the bucket */
	struct addr to, source;
	struct trusted *tls; /* NULL: in clear */
	struct peer *plain;  /* of an opportunistic one: its twin in clear; NULL: it has none */
	struct reach udp, tcp;
	struct line_peer line;
	int64_t plain_until_ms; /* no EDNS until then */
	struct lane questions, transfers;
};

struct pool {
	uv_loop_t *loop;
	struct random *random;
	struct pool_settings settings;
	struct peer *buckets[POOL_BUCKETS];
	struct lane *first_waiting, *last_waiting;
	uint64_t back[POOL_BACK_WORDS]; /* a bit for each address that answers again, by a hash of it */
	void (*on_back)(void *ctx);
	void *on_back_ctx;
	unsigned running;   /* transfers under way, those asked for ahead (lane.c) not counted */
	uint64_t collected; /* octets that they hold */
	unsigned open;      /* connections whose handles are not closed */
	bool held, stopping;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

static inline int64_t pool_now_ms(const struct pool *p) {
	return (int64_t)uv_now(p->loop);
}

/* -- peer.c -- */

/* It answered by this way (one of its own two): if it had not before, who waits for it is told. */
void peer_answered_by(struct peer *peer, struct reach *by);

/* -- lane.c -- */

void lane_init(struct lane *l, struct peer *peer, bool is_transfers, unsigned connections_max);
/* Behind what waits already. */
void lane_enqueue(struct lane *l, struct exchange *x);
/* Send what can be sent. */
void lane_pump(struct lane *l);
/* Places became free: the lanes that wait get them in turn. */
void lane_pump_waiting(struct pool *p);
/* So many more (or fewer) are under way. */
void lane_account(struct lane *l, int change);
/* End all its connections. */
void lane_drop(struct lane *l);

#endif

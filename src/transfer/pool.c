#include "transfer/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "transfer/answer.h"

#define BUCKETS 4096
#define BACK_WORDS 128
#define CONNECTIONS_MAX 16 /* of one lane */
#define QUESTION_DEPTH 64  /* questions on one connection at once */
#define TRANSFER_DEPTH 4   /* transfers on one connection at once */
#define REQUEUED_MAX 8 /* a question that ends this many connections without fault of its own is given up */

/* Connections and queue of one peer for one kind of work. */
struct lane {
	struct peer *peer;
	struct exchange_list queue[URGENCY_COUNT];
	struct connection *connections[CONNECTIONS_MAX];
	unsigned connection_count, connections_max;
	unsigned depth, depth_max;
	unsigned running;
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
	struct peer *buckets[BUCKETS];
	struct lane *first_waiting, *last_waiting;
	uint64_t back[BACK_WORDS]; /* a bit for each address that answers again, by a hash of it */
	void (*on_back)(void *ctx);
	void *on_back_ctx;
	unsigned running;   /* transfers under way */
	uint64_t collected; /* octets that they hold */
	unsigned open;      /* connections whose handles are not closed */
	bool held, stopping;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

/* -- peers -- */

static uint32_t hash_addr(uint32_t h, const struct addr *a) {
	h = (h ^ a->port ^ ((uint32_t)a->family << 16)) * 16777619U;
	for (unsigned i = 0; i < sizeof(a->ip); i++)
		h = (h ^ a->ip[i]) * 16777619U;
	return h;
}

static struct lane lane_of(struct peer *peer, bool is_transfers, unsigned connections_max) {
	unsigned depth = is_transfers ? TRANSFER_DEPTH : QUESTION_DEPTH;
	return (struct lane){
		.peer = peer,
		.is_transfers = is_transfers,
		.connections_max = connections_max < CONNECTIONS_MAX ? connections_max : CONNECTIONS_MAX,
		.depth = depth,
		.depth_max = depth,
	};
}

static struct peer *find_or_make(struct pool *p, const struct addr *to, const struct addr *source,
                                 struct trusted *tls) {
	struct peer **bucket = &p->buckets[hash_addr(hash_addr(2166136261U, to), source) % BUCKETS];
	for (struct peer *peer = *bucket; peer; peer = peer->next) {
		if (addr_equal(&peer->to, to) && addr_equal(&peer->source, source) && peer->tls == tls)
			return peer;
	}
	struct peer *peer = xcalloc(1, sizeof(*peer));
	*peer = (struct peer){ .pool = p, .next = *bucket, .to = *to, .source = *source, .tls = tls };
	peer->questions = lane_of(peer, false, 1);
	peer->transfers = lane_of(peer, true, p->settings.connections_per_peer);
	*bucket = peer;
	return peer;
}

struct peer *pool_peer(struct pool *p, const struct addr *to, const struct addr *source) {
	return find_or_make(p, to, source, NULL);
}

struct peer *pool_peer_on(struct pool *p, const struct addr *to, const struct addr *source,
                          const struct tls_terms *tls) {
	if (!tls) return pool_peer(p, to, source);
	struct peer *peer = find_or_make(p, to, source, trust_book_find(p->settings.trust, tls));
	if (tls->mode != TLS_MODE_OPPORTUNISTIC || peer->plain) return peer;
	struct addr in_clear = *to;
	in_clear.port = tls->plain_port;
	peer->plain = pool_peer(p, &in_clear, source);
	return peer;
}

bool peer_is_tls(const struct peer *peer) {
	return peer->tls != NULL;
}

void pool_forgive_tls(struct pool *p) {
	for (unsigned b = 0; b < BUCKETS; b++) {
		for (struct peer *peer = p->buckets[b]; peer; peer = peer->next)
			if (peer->tls) (void)reach_answered(&peer->tcp); /* it has not: it may try again */
	}
}

/* By address alone: whatever the port and the transport, who answers there may answer the rest too. */
static unsigned back_bit(const struct addr *to) {
	uint32_t h = 2166136261U;
	for (unsigned i = 0; i < sizeof(to->ip); i++)
		h = (h ^ to->ip[i]) * 16777619U;
	return (h ^ h >> 16) % (64 * BACK_WORDS);
}

static void answered(struct peer *peer, struct reach *by) {
	struct pool *p = peer->pool;
	unsigned bit = back_bit(&peer->to);
	if (!reach_answered(by)) return;
	p->back[bit / 64] |= UINT64_C(1) << (bit % 64);
	if (p->on_back) p->on_back(p->on_back_ctx);
}

void peer_answered(struct peer *peer) {
	answered(peer, &peer->udp);
}

void pool_on_back(struct pool *p, void (*back)(void *ctx), void *ctx) {
	p->on_back = back;
	p->on_back_ctx = ctx;
}

bool pool_is_back(const struct pool *p, const struct addr *to) {
	unsigned bit = back_bit(to);
	return (p->back[bit / 64] >> (bit % 64) & 1) != 0;
}

void pool_forget_back(struct pool *p) {
	memset(p->back, 0, sizeof(p->back));
}

struct reach *peer_udp(struct peer *peer) {
	return &peer->udp;
}

struct reach *peer_tcp(struct peer *peer) {
	return &peer->tcp;
}

struct line_peer *peer_line(struct peer *peer) {
	return &peer->line;
}

bool peer_takes_edns(const struct peer *peer, int64_t now_ms) {
	return now_ms >= peer->plain_until_ms;
}

void peer_refuses_edns(struct peer *peer, int64_t now_ms) {
	peer->plain_until_ms = now_ms + PEER_PLAIN_MS;
}

static int64_t now_ms(const struct pool *p) {
	return (int64_t)uv_now(p->loop);
}

bool peer_admits(struct peer *peer, int64_t now_ms, enum urgency urgency, struct why *out_why) {
	if (!peer->plain || !reach_is_avoided(&peer->tcp, now_ms))
		return reach_admits(&peer->tcp, now_ms, urgency, out_why);
	return reach_admits(&peer->plain->tcp, now_ms, urgency, out_why);
}

/* -- sending what waits -- */

static struct exchange_list *first_queue(struct lane *l) {
	for (unsigned u = 0; u < URGENCY_COUNT; u++) {
		if (l->queue[u].first) return &l->queue[u];
	}
	return NULL;
}

static bool has_place(const struct lane *l) {
	const struct pool *p = l->peer->pool;
	if (!l->is_transfers) return true;
	if (p->held || l->running >= p->settings.transfers_per_peer) return false;
	if (p->running < p->settings.transfers_max) return true;
	return l->running == 0 && p->running < POOL_OVER * p->settings.transfers_max;
}

/* A lane that its own running transfers hold back is pumped when one of them ends. */
static void wait_for_place(struct lane *l) {
	struct pool *p = l->peer->pool;
	if (l->waiting || (!p->held && l->running >= p->settings.transfers_per_peer)) return;
	l->waiting = true;
	l->next_waiting = NULL;
	if (p->last_waiting)
		p->last_waiting->next_waiting = l;
	else
		p->first_waiting = l;
	p->last_waiting = l;
}

/* The open connection with the least to do that takes x; NULL: none. */
static struct connection *choose(const struct lane *l, const struct exchange *x) {
	struct connection *best = NULL;
	for (unsigned i = 0; i < l->connection_count; i++) {
		struct connection *c = l->connections[i];
		unsigned load = connection_under_way(c);
		if (!connection_is_open(c) || load >= l->depth || connection_is_taken(c)) continue;
		if (x->alone && load > 0) continue;
		if (!best || load < connection_under_way(best)) best = c;
	}
	return best;
}

static bool is_connecting(const struct lane *l) {
	for (unsigned i = 0; i < l->connection_count; i++) {
		if (!connection_is_open(l->connections[i])) return true;
	}
	return false;
}

static void on_opened(void *ctx, struct connection *c);
static void on_finished(void *ctx, struct connection *c, struct exchange *x);
static void on_ended(void *ctx, struct connection *c, struct connection_end *end);
static void on_closed(void *ctx);

static void open_another(struct lane *l) {
	struct pool *p = l->peer->pool;
	if (l->connection_count >= l->connections_max || is_connecting(l) || p->stopping) return;
	struct connection_owner owner = { l, on_opened, on_finished, on_ended, on_closed };
	p->open++;
	l->connections[l->connection_count++] = connection_open(p->loop, &l->peer->to, &l->peer->source,
	                                                        l->peer->tls, &owner, p->random);
}

static void account(struct lane *l, int change) {
	l->running = (unsigned)((int)l->running + change);
	if (l->is_transfers) l->peer->pool->running = (unsigned)((int)l->peer->pool->running + change);
}

static void pump(struct lane *l) {
	struct exchange_list *queue;
	while ((queue = first_queue(l))) {
		struct exchange *x = queue->first;
		if (!has_place(l)) {
			wait_for_place(l);
			return;
		}
		struct connection *c = choose(l, x);
		if (!c || connection_under_way(c) > 0) open_another(l);
		if (!c) return;
		exchange_unlink(queue, x);
		account(l, 1);
		connection_send(c, x);
	}
}

/* Places became free: the lanes that wait get them in turn. */
static void pump_waiting(struct pool *p) {
	struct lane *last = p->last_waiting;
	while (p->first_waiting && last) {
		struct lane *l = p->first_waiting;
		p->first_waiting = l->next_waiting;
		if (!p->first_waiting) p->last_waiting = NULL;
		l->waiting = false;
		pump(l);
		if (l == last) return;
	}
}

/* -- what connections tell -- */

static void on_opened(void *ctx, struct connection *c) {
	(void)c; /* pump looks at all of them */
	struct lane *l = ctx;
	answered(l->peer, &l->peer->tcp);
	pump(l);
}

static void on_finished(void *ctx, struct connection *c, struct exchange *x) {
	struct lane *l = ctx;
	account(l, -1);
	/* It takes more than one question after all. */
	if (l->depth < l->depth_max && connection_answered(c) >= 2) l->depth = l->depth_max;
	x->peer = NULL;
	x->ops->done(x);
	pump(l);
	pump_waiting(l->peer->pool);
}

static void give_back(struct exchange *x, const struct why *why, bool no_tcp) {
	x->peer = NULL;
	x->ops->failed(x, why, no_tcp);
}

/* Fail every exchange of the list.  What the askers submit meanwhile goes into the queues, not into the list. */
static void fail_list(struct exchange_list *list, const struct why *why, bool no_tcp) {
	struct exchange *x;
	while ((x = list->first)) {
		exchange_unlink(list, x);
		give_back(x, why, no_tcp);
	}
}

static void move_all(struct exchange_list *from, struct exchange_list *to) {
	struct exchange *x;
	while ((x = from->first)) {
		exchange_unlink(from, x);
		exchange_append(to, x);
	}
}

/* Everything that waits in the lane, or only refreshes, is told now what one of them found. */
static void fail_waiting(struct lane *l, const struct why *why, bool all, bool no_tcp) {
	struct exchange_list failed = { 0 };
	for (unsigned u = all ? 0 : URGENCY_REFRESH; u < URGENCY_COUNT; u++)
		move_all(&l->queue[u], &failed);
	fail_list(&failed, why, no_tcp);
}

static bool is_close(enum reason reason) {
	return reason == REASON_CLOSED || reason == REASON_TLS_EARLY_CLOSE;
}

/* The server closed after it had answered others: it takes few questions on a connection, this one was late. */
static bool is_innocent(const struct connection_end *end, const struct exchange *x) {
	return is_close(end->why.reason) && !x->begun && end->answered > 0;
}

/* Sort what was under way into what failed and what is asked again, first in its queue. */
static void requeue(struct lane *l, struct connection_end *end, struct exchange_list *failed) {
	struct exchange *x;
	while ((x = end->under_way.last)) {
		exchange_unlink(&end->under_way, x);
		bool guilty = x == end->guilty && !is_innocent(end, x);
		if (guilty || x->requeued >= REQUEUED_MAX) {
			exchange_prepend(failed, x);
			continue;
		}
		x->requeued++;
		exchange_prepend(&l->queue[x->urgency], x);
	}
}

static void end_connected(struct lane *l, struct connection_end *end) {
	struct exchange_list failed = { 0 };
	/* In TLS 1.3 a server that wants another certificate says so after the handshake. */
	bool hangs = end->answered == 0 &&
	             (end->why.reason == REASON_TIMEOUT || end->why.reason == REASON_TLS_CLIENT_CERTIFICATE);
	if (is_close(end->why.reason) && end->under_way.count > 0) l->depth = 1;
	if (hangs) {
		/* It takes connections and does not answer: nobody else need wait as long for the same. */
		reach_failed(&l->peer->tcp, now_ms(l->peer->pool), &end->why);
		move_all(&end->under_way, &failed);
	}
	requeue(l, end, &failed);
	fail_list(&failed, &end->why, false);
	if (hangs) fail_waiting(l, &end->why, false, false);
}

static void enqueue(struct lane *l, struct exchange *x) {
	x->peer = l->peer;
	x->transport = l->peer->tls ? TRANSPORT_TLS : TRANSPORT_TCP;
	exchange_append(&l->queue[x->urgency], x);
}

/* TLS can't be had, and need not be: what waits is asked in clear. */
static void fall_back(struct lane *l, const struct why *why) {
	struct peer *plain = l->peer->plain;
	struct lane *to = l->is_transfers ? &plain->transfers : &plain->questions;
	char tls[ADDR_TEXT_MAX], clear[ADDR_TEXT_MAX];
	log_event(l->peer->pool->settings.log, EVENT_TLS_FELL_BACK,
	          LOG_STR("primary", addr_text(&l->peer->to, tls)),
	          LOG_STR("in-clear", addr_text(&plain->to, clear)),
	          LOG_STR("reason", reason_slug(why->reason)), LOG_STR("evidence", why->evidence));
	for (unsigned u = 0; u < URGENCY_COUNT; u++) {
		struct exchange *x;
		while ((x = l->queue[u].first)) {
			exchange_unlink(&l->queue[u], x);
			enqueue(to, x);
		}
	}
	pump(to);
}

static void end_unconnected(struct lane *l, const struct why *why) {
	reach_failed(&l->peer->tcp, now_ms(l->peer->pool), why);
	if (l->connection_count > 0) return;
	if (l->peer->plain && !l->peer->pool->stopping)
		fall_back(l, why);
	else
		fail_waiting(l, why, true, true);
}

static void on_ended(void *ctx, struct connection *c, struct connection_end *end) {
	struct lane *l = ctx;
	unsigned i = 0;
	while (l->connections[i] != c)
		i++;
	l->connections[i] = l->connections[--l->connection_count];
	account(l, -(int)end->under_way.count);
	if (end->connected) {
		end_connected(l, end);
	} else if (end->why.reason != REASON_NONE) {
		end_unconnected(l, &end->why);
	}
	pump(l);
	pump_waiting(l->peer->pool);
}

static void on_closed(void *ctx) {
	struct lane *l = ctx;
	struct pool *p = l->peer->pool;
	p->open--;
	if (p->stopping && p->open == 0) p->stopped(p->stopped_ctx);
}

/* -- for the askers -- */

void pool_submit(struct pool *p, struct peer *peer, struct exchange *x) {
	struct why unused;
	/* TLS that could not be had lately is tried again now and then (reach.h); meanwhile nobody waits for it. */
	if (peer->plain && !reach_admits(&peer->tcp, now_ms(p), URGENCY_REFRESH, &unused)) peer = peer->plain;
	struct lane *l = x->is_transfer ? &peer->transfers : &peer->questions;
	x->requeued = 0;
	enqueue(l, x);
	pump(l);
}

void pool_cancel(struct pool *p, struct exchange *x) {
	(void)p; /* the peer's own */
	if (!x->peer) return;
	struct lane *l = x->is_transfer ? &x->peer->transfers : &x->peer->questions;
	x->peer = NULL;
	if (!x->connection) {
		exchange_unlink(&l->queue[x->urgency], x);
		return;
	}
	account(l, -1);
	connection_forget(x->connection, x);
}

void pool_hold(struct pool *p, bool hold) {
	bool was = p->held;
	p->held = hold;
	if (was && !hold) pump_waiting(p);
}

unsigned pool_transfers(const struct pool *p) {
	return p->running;
}

bool pool_collect(struct pool *p, int64_t change, uint64_t own) {
	uint64_t bound = p->settings.collect_max_bytes;
	p->collected = (uint64_t)((int64_t)p->collected + change);
	return bound == 0 || p->collected <= bound || own <= bound / (p->running > 0 ? p->running : 1);
}

struct pool *pool_new(uv_loop_t *loop, const struct pool_settings *settings, struct random *random) {
	struct pool *p = xcalloc(1, sizeof(*p));
	p->loop = loop;
	p->random = random;
	p->settings = *settings;
	if (p->settings.transfers_max == 0) p->settings.transfers_max = 32;
	if (p->settings.transfers_per_peer == 0) p->settings.transfers_per_peer = 8;
	if (p->settings.connections_per_peer == 0) p->settings.connections_per_peer = 2;
	return p;
}

static void drop_lane(struct lane *l) {
	while (l->connection_count > 0)
		connection_drop(l->connections[0], NULL, REASON_NONE, "the server stops");
}

void pool_stop(struct pool *p, void (*done)(void *ctx), void *ctx) {
	p->stopping = true;
	p->stopped = done;
	p->stopped_ctx = ctx;
	if (p->open == 0) {
		done(ctx);
		return;
	}
	for (unsigned b = 0; b < BUCKETS; b++) {
		for (struct peer *peer = p->buckets[b]; peer; peer = peer->next) {
			drop_lane(&peer->questions);
			drop_lane(&peer->transfers);
		}
	}
}

void pool_free(struct pool *p) {
	if (!p) return;
	for (unsigned b = 0; b < BUCKETS; b++) {
		struct peer *peer;
		while ((peer = p->buckets[b])) {
			p->buckets[b] = peer->next;
			free(peer);
		}
	}
	free(p);
}

/* The peers of the pool, and what is known of each: whether it answers, takes EDNS, is back. */
#include <string.h>

#include "base/alloc.h"
#include "transfer/pool_parts.h"

static uint32_t hash_addr(uint32_t h, const struct addr *a) {
	h = (h ^ a->port ^ ((uint32_t)a->family << 16)) * 16777619U;
	for (unsigned i = 0; i < sizeof(a->ip); i++)
		h = (h ^ a->ip[i]) * 16777619U;
	return h;
}

static struct peer *find_or_make(struct pool *p, const struct addr *to, const struct addr *source,
                                 struct trusted *tls) {
	struct peer **bucket = &p->buckets[hash_addr(hash_addr(2166136261U, to), source) % POOL_BUCKETS];
	for (struct peer *peer = *bucket; peer; peer = peer->next) {
		if (addr_equal(&peer->to, to) && addr_equal(&peer->source, source) && peer->tls == tls)
			return peer;
	}
	struct peer *peer = xcalloc(1, sizeof(*peer));
	*peer = (struct peer){ .pool = p, .next = *bucket, .to = *to, .source = *source, .tls = tls };
	lane_init(&peer->questions, peer, false, 1);
	lane_init(&peer->transfers, peer, true, p->settings.connections_per_peer);
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
	for (unsigned b = 0; b < POOL_BUCKETS; b++) {
		for (struct peer *peer = p->buckets[b]; peer; peer = peer->next)
			if (peer->tls) (void)reach_answered(&peer->tcp); /* it has not: it may try again */
	}
}

/* By address alone: whatever the port and the transport, who answers there may answer the rest too. */
static unsigned back_bit(const struct addr *to) {
	uint32_t h = 2166136261U;
	for (unsigned i = 0; i < sizeof(to->ip); i++)
		h = (h ^ to->ip[i]) * 16777619U;
	return (h ^ h >> 16) % (64 * POOL_BACK_WORDS);
}

void peer_answered_by(struct peer *peer, struct reach *by) {
	struct pool *p = peer->pool;
	unsigned bit = back_bit(&peer->to);
	if (!reach_answered(by)) return;
	p->back[bit / 64] |= UINT64_C(1) << (bit % 64);
	if (p->on_back) p->on_back(p->on_back_ctx);
}

void peer_answered(struct peer *peer) {
	peer_answered_by(peer, &peer->udp);
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

bool peer_admits(struct peer *peer, int64_t now_ms, enum urgency urgency, struct why *out_why) {
	if (!peer->plain || !reach_is_avoided(&peer->tcp, now_ms))
		return reach_admits(&peer->tcp, now_ms, urgency, out_why);
	return reach_admits(&peer->plain->tcp, now_ms, urgency, out_why);
}

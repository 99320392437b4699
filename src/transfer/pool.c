#include "transfer/pool.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "transfer/pool_parts.h"

void pool_submit(struct pool *p, struct peer *peer, struct exchange *x) {
	struct why unused;
	/* TLS that could not be had lately is tried again now and then (reach.h); meanwhile nobody waits for it. */
	if (peer->plain && !reach_admits(&peer->tcp, pool_now_ms(p), URGENCY_REFRESH, &unused))
		peer = peer->plain;
	struct lane *l = x->is_transfer ? &peer->transfers : &peer->questions;
	x->requeued = 0;
	lane_enqueue(l, x);
	lane_pump(l);
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
	lane_account(l, -1);
	connection_forget(x->connection, x);
}

void pool_hold(struct pool *p, bool hold) {
	bool was = p->held;
	p->held = hold;
	if (was && !hold) lane_pump_waiting(p);
}

struct pace_rules pool_pace_of(const struct pool *p, const uint8_t *zone) {
	const struct pool_settings *s = &p->settings;
	return s->pace_of ? s->pace_of(s->pace_ctx, zone) : (struct pace_rules){ 0 };
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

void pool_stop(struct pool *p, void (*done)(void *ctx), void *ctx) {
	p->stopping = true;
	p->stopped = done;
	p->stopped_ctx = ctx;
	if (p->open == 0) {
		done(ctx);
		return;
	}
	for (unsigned b = 0; b < POOL_BUCKETS; b++) {
		for (struct peer *peer = p->buckets[b]; peer; peer = peer->next) {
			lane_drop(&peer->questions);
			lane_drop(&peer->transfers);
		}
	}
}

void pool_free(struct pool *p) {
	if (!p) return;
	for (unsigned b = 0; b < POOL_BUCKETS; b++) {
		struct peer *peer;
		while ((peer = p->buckets[b])) {
			p->buckets[b] = peer->next;
			free(peer);
		}
	}
	free(p);
}

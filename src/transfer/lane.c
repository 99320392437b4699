/* The lanes of the pool: what waits is sent on connections of the lane's own; what these tell goes to the askers.
 *
 * While a primary's answers are small, transfers are asked for ahead: more than transfers_per_peer are on the wire, so
 * that a read brings many answers and a write many questions.  A primary that answers one after the other (Knot, NSD,
 * PowerDNS) has not more to do at once by it.  One that works on all that it has read (BIND) may refuse what passes its
 * quota: that is asked again within transfers_per_peer, and nothing ahead for a while. */
#include "transfer/answer.h"
#include "transfer/pool_parts.h"

#define QUESTION_DEPTH 64    /* questions on one connection at once */
#define TRANSFER_DEPTH 4     /* transfers on one connection at once */
#define AHEAD_TIMES 7        /* so many times transfers_per_peer, less one, may be asked for ahead */
#define AHEAD_OCTETS 16384   /* an answer of more is not small */
#define AHEAD_NOT_MS 3600000 /* after one that was refused */
#define REQUEUED_MAX 8 /* a question that ends this many connections without fault of its own is given up */
#define BEHIND_MAX 64  /* the same, of connections that answered others: the primary gets ahead */

void lane_init(struct lane *l, struct peer *peer, bool is_transfers, unsigned connections_max) {
	unsigned depth = is_transfers ? TRANSFER_DEPTH : QUESTION_DEPTH;
	*l = (struct lane){
		.peer = peer,
		.is_transfers = is_transfers,
		.connections_max = connections_max < LANE_CONNECTIONS_MAX ? connections_max
		                                                          : LANE_CONNECTIONS_MAX,
		.depth = depth,
		.depth_max = depth,
	};
}

/* -- sending what waits -- */

static struct exchange_list *first_queue(struct lane *l) {
	for (unsigned u = 0; u < URGENCY_COUNT; u++) {
		if (l->queue[u].first) return &l->queue[u];
	}
	return NULL;
}

static unsigned per_peer(const struct lane *l) {
	return l->peer->pool->settings.transfers_per_peer;
}

/* Those ahead take no place of all transfers': the primary works on the others first. */
static bool has_place(const struct lane *l) {
	const struct pool *p = l->peer->pool;
	if (!l->is_transfers) return true;
	if (p->held || l->running >= per_peer(l) + l->ahead) return false;
	if (l->running >= per_peer(l)) return true;
	if (p->running < p->settings.transfers_max) return true;
	return l->running == 0 && p->running < POOL_OVER * p->settings.transfers_max;
}

/* A lane that its own running transfers hold back is pumped when one of them ends. */
static void wait_for_place(struct lane *l) {
	struct pool *p = l->peer->pool;
	if (l->waiting || (!p->held && l->running >= per_peer(l))) return;
	l->waiting = true;
	l->next_waiting = NULL;
	if (p->last_waiting)
		p->last_waiting->next_waiting = l;
	else
		p->first_waiting = l;
	p->last_waiting = l;
}

/* Questions on one connection at once. */
static unsigned depth_of(const struct lane *l) {
	return l->depth < l->depth_max ? l->depth : l->depth + l->ahead / l->connections_max;
}

/* The open connection with the least to do that takes x; NULL: none. */
static struct connection *choose(const struct lane *l, const struct exchange *x) {
	struct connection *best = NULL;
	for (unsigned i = 0; i < l->connection_count; i++) {
		struct connection *c = l->connections[i];
		unsigned load = connection_under_way(c);
		if (!connection_is_open(c) || load >= depth_of(l) || connection_is_taken(c)) continue;
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

static unsigned counted(const struct lane *l) {
	return l->running < per_peer(l) ? l->running : per_peer(l);
}

void lane_account(struct lane *l, int change) {
	struct pool *p = l->peer->pool;
	unsigned former = counted(l);
	l->running = (unsigned)((int)l->running + change);
	if (l->is_transfers) p->running += counted(l) - former;
}

static void send_waiting(struct lane *l) {
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
		x->is_ahead = l->is_transfers && l->running >= per_peer(l);
		lane_account(l, 1);
		connection_send(c, x);
	}
}

void lane_pump(struct lane *l) {
	send_waiting(l);
	for (unsigned i = 0; i < l->connection_count; i++)
		connection_flush(l->connections[i]);
}

void lane_pump_waiting(struct pool *p) {
	struct lane *last = p->last_waiting;
	while (p->first_waiting && last) {
		struct lane *l = p->first_waiting;
		p->first_waiting = l->next_waiting;
		if (!p->first_waiting) p->last_waiting = NULL;
		l->waiting = false;
		lane_pump(l);
		if (l == last) return;
	}
}

/* -- what connections tell -- */

static void on_opened(void *ctx, struct connection *c) {
	(void)c; /* pump looks at all of them */
	struct lane *l = ctx;
	peer_answered_by(l->peer, &l->peer->tcp);
	lane_pump(l);
}

/* One more for each small answer, half for a large one. */
static void learn(struct lane *l, const struct exchange *x) {
	bool may = l->is_transfers && pool_now_ms(l->peer->pool) >= l->not_ahead_until_ms;
	unsigned max = AHEAD_TIMES * (per_peer(l) - 1);
	if (x->octets > AHEAD_OCTETS)
		l->ahead /= 2;
	else if (may && l->ahead < max)
		l->ahead++;
}

/* It may have been too many for the primary: once more, among fewer. */
static bool again_among_fewer(struct lane *l, struct exchange *x) {
	if (!x->is_ahead || !x->is_refused || x->requeued >= REQUEUED_MAX) return false;
	l->ahead = 0;
	l->not_ahead_until_ms = pool_now_ms(l->peer->pool) + AHEAD_NOT_MS;
	x->requeued++;
	exchange_prepend(&l->queue[x->urgency], x);
	return true;
}

static void on_finished(void *ctx, struct connection *c, struct exchange *x) {
	struct lane *l = ctx;
	lane_account(l, -1);
	/* It takes more than was thought. */
	if (l->depth < l->depth_max && connection_answered(c) > l->depth) l->depth = l->depth_max;
	if (!again_among_fewer(l, x)) {
		learn(l, x);
		x->peer = NULL;
		x->ops->done(x);
	}
	lane_pump(l);
	lane_pump_waiting(l->peer->pool);
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
	unsigned max = end->answered > 0 ? BEHIND_MAX : REQUEUED_MAX;
	struct exchange *x;
	while ((x = end->under_way.last)) {
		exchange_unlink(&end->under_way, x);
		bool guilty = x == end->guilty && !is_innocent(end, x);
		if (guilty || x->requeued >= max) {
			exchange_prepend(failed, x);
			continue;
		}
		x->requeued++;
		exchange_prepend(&l->queue[x->urgency], x);
	}
}

/* A server may take so many questions on a connection and no more (RFC 7766 section 6.2.4): those behind them would be sent
 * in vain again and again. */
static void learn_depth(struct lane *l, const struct connection_end *end) {
	if (!is_close(end->why.reason) || end->under_way.count == 0) return;
	unsigned answered = end->answered > 0 ? end->answered : 1;
	if (answered < l->depth) l->depth = answered;
}

static void end_connected(struct lane *l, struct connection_end *end) {
	struct exchange_list failed = { 0 };
	/* In TLS 1.3 a server that wants another certificate says so after the handshake. */
	bool hangs = end->answered == 0 &&
	             (end->why.reason == REASON_TIMEOUT || end->why.reason == REASON_TLS_CLIENT_CERTIFICATE);
	learn_depth(l, end);
	if (hangs) {
		/* It takes connections and does not answer: nobody else need wait as long for the same. */
		reach_failed(&l->peer->tcp, pool_now_ms(l->peer->pool), &end->why);
		move_all(&end->under_way, &failed);
	}
	requeue(l, end, &failed);
	fail_list(&failed, &end->why, false);
	if (hangs) fail_waiting(l, &end->why, false, false);
}

void lane_enqueue(struct lane *l, struct exchange *x) {
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
			lane_enqueue(to, x);
		}
	}
	lane_pump(to);
}

static void end_unconnected(struct lane *l, const struct why *why) {
	reach_failed(&l->peer->tcp, pool_now_ms(l->peer->pool), why);
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
	lane_account(l, -(int)end->under_way.count);
	l->ahead = 0;
	if (end->connected) {
		end_connected(l, end);
	} else if (end->why.reason != REASON_NONE) {
		end_unconnected(l, &end->why);
	}
	lane_pump(l);
	lane_pump_waiting(l->peer->pool);
}

static void on_closed(void *ctx) {
	struct lane *l = ctx;
	struct pool *p = l->peer->pool;
	p->open--;
	if (p->stopping && p->open == 0) p->stopped(p->stopped_ctx);
}

void lane_drop(struct lane *l) {
	while (l->connection_count > 0)
		connection_drop(l->connections[0], NULL, REASON_NONE, "the server stops");
}

/* Connections of one worker: slots, timers, shares, epoll.  What a connection does is in tcp_conn.c, how it begins
 * in tcp_open.c.
 *
 * Timers: every connection is in exactly one of three lists, one for each kind of deadline.  All of a list have the
 * same duration, also when it changes, so new ones go to the end and the head is the next one due. */
#include "net/tcp_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/random.h"
#include "net/tcp_conn.h"
#include "net/tcp_open.h"

#define SLOT_BITS 24 /* of an event's value; the generation stands above */
#define CONNS_LIMIT (1U << 20)
#define ACCEPTS_PER_TURN 64

struct timer_list {
	struct tcp_conn *head, *tail;
	unsigned duration_ms;
};

struct tcp_server {
	struct tcp_shared shared;
	int epoll_fd;
	int spare_fd; /* given up for a moment when no descriptor is left, to be able to refuse */
	uint64_t tag;
	uint64_t seed; /* of the hash of clients */
	unsigned conns_max, conns_per_client, open;
	unsigned idle_ms; /* while there is plenty of room */
	unsigned buckets_bits;
	struct tcp_conn *conns;      /* conns_max slots */
	unsigned touched;            /* slots that were ever taken; the memory of the others is untouched */
	struct tcp_conn *free_conns; /* those of them that are free */
	struct tcp_conn **buckets;   /* 1 << buckets_bits */
	struct timer_list timers[TCP_TIMER_COUNT];
	_Atomic(const struct prefix_set *) proxies;
	struct tls_mailbox tls;
	unsigned handshakes_left; /* in this turn */
};

/* -- timers -------------------------------------------------------------------------------------------------- */

static void timer_remove(struct tcp_server *s, struct tcp_conn *c) {
	struct timer_list *list = &s->timers[c->timer];
	*(c->timer_prev ? &c->timer_prev->timer_next : &list->head) = c->timer_next;
	*(c->timer_next ? &c->timer_next->timer_prev : &list->tail) = c->timer_prev;
}

static void timer_add(struct tcp_server *s, struct tcp_conn *c, enum tcp_timer timer, int64_t now_ms) {
	struct timer_list *list = &s->timers[timer];
	c->timer = timer;
	c->since_ms = now_ms;
	c->timer_next = NULL;
	c->timer_prev = list->tail;
	*(list->tail ? &list->tail->timer_next : &list->head) = c;
	list->tail = c;
}

static int64_t deadline_of(const struct tcp_server *s, const struct tcp_conn *c) {
	return c->since_ms + s->timers[c->timer].duration_ms;
}

static void timer_restart(struct tcp_server *s, struct tcp_conn *c, enum tcp_timer timer, int64_t now_ms) {
	timer_remove(s, c);
	timer_add(s, c, timer, now_ms);
}

/* -- clients ------------------------------------------------------------------------------------------------- */

/* Whoever has one IPv6 address has its whole /64. */
static uint64_t client_of(const struct addr *peer) {
	uint64_t client = 0;
	memcpy(&client, peer->ip, peer->family == AF_INET ? 4 : 8);
	return client;
}

static struct tcp_conn **client_bucket(struct tcp_server *s, uint64_t client) {
	uint64_t x = (client ^ s->seed) * UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 32) ^ s->seed) * UINT64_C(0xd6e8feb86659fd93);
	return &s->buckets[x >> (64 - s->buckets_bits)];
}

static void client_add(struct tcp_server *s, struct tcp_conn *c) {
	struct tcp_conn **bucket = client_bucket(s, c->client);
	c->client_prev = NULL;
	c->client_next = *bucket;
	if (*bucket) (*bucket)->client_prev = c;
	*bucket = c;
}

static void client_remove(struct tcp_server *s, struct tcp_conn *c) {
	*(c->client_prev ? &c->client_prev->client_next : client_bucket(s, c->client)) = c->client_next;
	if (c->client_next) c->client_next->client_prev = c->client_prev;
}

/* How many connections the client has; its longest idle one, NULL: none is idle. */
static unsigned client_count(struct tcp_server *s, uint64_t client, struct tcp_conn **out_idle) {
	unsigned count = 0;
	struct tcp_conn *idle = NULL;
	for (struct tcp_conn *c = *client_bucket(s, client); c; c = c->client_next) {
		if (c->client != client) continue;
		count++;
		if (c->timer == TCP_TIMER_DRAIN) continue;
		if (!idle || deadline_of(s, c) < deadline_of(s, idle)) idle = c;
	}
	*out_idle = idle;
	return count;
}

/* -- opening and closing ------------------------------------------------------------------------------------- */

/* Past half of the slots the time shrinks with the slots that are left, for all connections at once. */
static void set_open(struct tcp_server *s, unsigned open) {
	unsigned half = s->conns_max / 2, idle_ms = s->idle_ms;
	s->open = open;
	counter_set(&s->shared.counters.open, open);
	if (open > half)
		idle_ms = (unsigned)((uint64_t)s->idle_ms * (s->conns_max - open) / (s->conns_max - half));
	if (idle_ms < TCP_IDLE_LEAST_MS)
		idle_ms = s->idle_ms < TCP_IDLE_LEAST_MS ? s->idle_ms : TCP_IDLE_LEAST_MS;
	s->shared.idle_ms = s->timers[TCP_TIMER_IDLE].duration_ms = idle_ms;
}

static void conn_close(struct tcp_server *s, struct tcp_conn *c) {
	timer_remove(s, c);
	client_remove(s, c);
	tcp_conn_release(c);
	(void)close(c->fd); /* leaves the epoll set by itself; a failure changes nothing here */
	c->fd = -1;
	c->generation++;
	c->free_next = s->free_conns;
	s->free_conns = c;
	set_open(s, s->open - 1);
}

static bool conn_register(struct tcp_server *s, struct tcp_conn *c, int operation, uint32_t events) {
	uint64_t value = ((uint64_t)c->generation << SLOT_BITS) | (uint64_t)(c - s->conns);
	struct epoll_event event = { .events = events, .data.u64 = s->tag | value };
	c->events = events;
	return epoll_ctl(s->epoll_fd, operation, c->fd, &event) == 0;
}

/* What a new connection begins with. */
static enum tcp_stage first_stage(enum tcp_listener kind, bool is_proxy) {
	if (is_proxy) return TCP_STAGE_PROXY;
	return kind == TCP_LISTENER_TLS ? TCP_STAGE_TLS : TCP_STAGE_OPEN;
}

/* There is one. */
static struct tcp_conn *free_slot(struct tcp_server *s) {
	struct tcp_conn *c = s->free_conns;
	if (!c) return &s->conns[s->touched++];
	s->free_conns = c->free_next;
	return c;
}

/* A slot is free. */
static void conn_open(struct tcp_server *s, int fd, enum tcp_listener kind, const struct addr *peer,
                      bool is_proxy, int64_t now_ms) {
	struct tcp_conn *c = free_slot(s);
	*c = (struct tcp_conn){ .fd = fd,
		                .generation = c->generation,
		                .shared = &s->shared,
		                .peer = *peer,
		                .client = client_of(peer),
		                .listener = kind,
		                .stage = first_stage(kind, is_proxy) };
	timer_add(s, c, TCP_TIMER_FIRST, now_ms);
	client_add(s, c);
	set_open(s, s->open + 1);
	counter_add(&s->shared.counters.accepted, 1);
	if (!conn_register(s, c, EPOLL_CTL_ADD, EPOLLIN)) conn_close(s, c);
}

/* The connection that is idle longest, or else the one that waits longest without a request. */
static struct tcp_conn *oldest_idle(const struct tcp_server *s) {
	struct tcp_conn *idle = s->timers[TCP_TIMER_IDLE].head;
	return idle ? idle : s->timers[TCP_TIMER_FIRST].head;
}

static bool evict(struct tcp_server *s, struct tcp_conn *c) {
	if (!c) return false;
	counter_add(&s->shared.counters.evicted, 1);
	conn_close(s, c);
	return true;
}

/* May the client have one more connection, be it at the cost of an idle one of its own? */
static bool make_share(struct tcp_server *s, uint64_t client) {
	struct tcp_conn *own_idle;
	return client_count(s, client, &own_idle) < s->conns_per_client || evict(s, own_idle);
}

/* Make room for one more connection, at the cost of an idle one of the same client or, when all slots are taken, of
 * anybody.  Whose a proxy's connection is will be seen when its header comes. */
static bool make_room(struct tcp_server *s, const struct addr *peer, bool is_proxy) {
	if (!is_proxy && !make_share(s, client_of(peer))) return false;
	return s->open < s->conns_max || evict(s, oldest_idle(s));
}

/* No descriptor is left: give up an idle connection, or take the waiting one with the spare descriptor and close
 * it, as otherwise the listener stays readable and the loop spins. */
static bool out_of_descriptors(struct tcp_server *s, int listen_fd) {
	if (evict(s, oldest_idle(s))) return true;
	if (s->spare_fd < 0) return false;
	(void)close(s->spare_fd); /* it is opened anew below */
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		counter_add(&s->shared.counters.refused, 1);
		(void)close(fd); /* nothing was written to it */
	}
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd >= 0;
}

/* False: nothing more to accept now. */
static bool accept_one(struct tcp_server *s, int listen_fd, enum tcp_listener kind, int64_t now_ms) {
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	int fd = accept4(listen_fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) return out_of_descriptors(s, listen_fd);
	if (fd < 0) return errno == ECONNABORTED || errno == EINTR;
	struct addr peer = addr_from_sockaddr((const struct sockaddr *)&sa);
	bool is_proxy = prefix_set_has(atomic_load_explicit(&s->proxies, memory_order_acquire), &peer);
	if (make_room(s, &peer, is_proxy)) {
		conn_open(s, fd, kind, &peer, is_proxy, now_ms);
	} else {
		counter_add(&s->shared.counters.refused, 1);
		(void)close(fd); /* nothing was written to it */
	}
	return true;
}

void tcp_server_accept(struct tcp_server *s, int listen_fd, enum tcp_listener kind, int64_t now_ms) {
	unsigned done = 0;
	while (done < ACCEPTS_PER_TURN && accept_one(s, listen_fd, kind, now_ms))
		done++;
}

/* -- events -------------------------------------------------------------------------------------------------- */

static void conn_set_timer(struct tcp_server *s, struct tcp_conn *c, int64_t now_ms) {
	if (tcp_conn_is_busy(c)) {
		/* Progress of a few octets buys no time: what waits must go as a whole. */
		if (c->drained || c->timer != TCP_TIMER_DRAIN) timer_restart(s, c, TCP_TIMER_DRAIN, now_ms);
	} else if (c->closing) {
		if (c->timer != TCP_TIMER_FIRST) timer_restart(s, c, TCP_TIMER_FIRST, now_ms);
	} else if (c->answered || c->timer == TCP_TIMER_DRAIN) {
		timer_restart(s, c, TCP_TIMER_IDLE, now_ms);
	}
}

/* The proxy's connection is the client's from here on.  False: the client has no share left. */
static bool conn_move(struct tcp_server *s, struct tcp_conn *c, const struct addr *client) {
	uint64_t key = client_of(client);
	client_remove(s, c);
	bool has_share = make_share(s, key);
	if (has_share) {
		c->client = key;
		c->peer = *client;
	} else {
		counter_add(&s->shared.counters.refused, 1);
	}
	client_add(s, c);
	return has_share;
}

/* Steps before the first request.  False: close. */
static bool conn_advance(struct tcp_server *s, struct tcp_conn *c, uint32_t events) {
	if (events & (EPOLLERR | EPOLLHUP)) return false;
	enum err e = OK;
	if (c->stage == TCP_STAGE_PROXY) {
		struct addr client;
		e = tcp_open_proxy(c, &client);
		if (e == OK && client.family != AF_UNSPEC && !conn_move(s, c, &client)) return false;
		if (e != OK && e != ERR_NOTFOUND) return e == ERR_AGAIN;
		e = OK;
	}
	if (c->stage == TCP_STAGE_TLS) {
		if (s->handshakes_left == 0) return true; /* the event comes again in the next turn */
		s->handshakes_left--;
		e = tcp_open_tls(c, tls_mailbox_current(&s->tls));
	}
	return e == OK || e == ERR_AGAIN;
}

static bool conn_turn(struct tcp_server *s, struct tcp_conn *c, uint32_t events, int64_t now_ms) {
	if (c->stage != TCP_STAGE_OPEN && !conn_advance(s, c, events)) {
		if (c->stage == TCP_STAGE_TLS) counter_add(&s->shared.counters.tls_failed, 1);
		return false;
	}
	if (c->stage != TCP_STAGE_OPEN) return true;
	if (!tcp_conn_turn(c, events)) return false;
	conn_set_timer(s, c, now_ms);
	return true;
}

void tcp_server_event(struct tcp_server *s, uint64_t value, uint32_t events, int64_t now_ms) {
	uint64_t slot = value & ((1U << SLOT_BITS) - 1);
	if (slot >= s->touched) return;
	struct tcp_conn *c = &s->conns[slot];
	if (c->fd < 0 || c->generation != (uint32_t)(value >> SLOT_BITS)) return;
	if (!conn_turn(s, c, events, now_ms)) {
		conn_close(s, c);
		return;
	}
	uint32_t wanted = tcp_conn_events(c);
	if (wanted != c->events && !conn_register(s, c, EPOLL_CTL_MOD, wanted)) conn_close(s, c);
}

static void expire_list(struct tcp_server *s, enum tcp_timer timer, int64_t now_ms) {
	struct tcp_live_counters *counters = &s->shared.counters;
	struct tcp_conn *c;
	while ((c = s->timers[timer].head) && deadline_of(s, c) <= now_ms) {
		counter_add(timer == TCP_TIMER_DRAIN ? &counters->slow : &counters->timed_out, 1);
		if (c->stage == TCP_STAGE_TLS) counter_add(&counters->tls_timed_out, 1);
		conn_close(s, c);
	}
}

int tcp_server_expire(struct tcp_server *s, int64_t now_ms) {
	int64_t next = INT64_MAX;
	for (unsigned t = 0; t < TCP_TIMER_COUNT; t++) {
		expire_list(s, (enum tcp_timer)t, now_ms);
		const struct tcp_conn *head = s->timers[t].head;
		if (head && deadline_of(s, head) < next) next = deadline_of(s, head);
	}
	if (next == INT64_MAX) return -1;
	return next - now_ms < INT_MAX ? (int)(next - now_ms) : INT_MAX;
}

/* -- the server ---------------------------------------------------------------------------------------------- */

static unsigned or_default(unsigned value, unsigned fallback) {
	return value ? value : fallback;
}

static void make_slots(struct tcp_server *s) {
	s->conns = xcalloc(s->conns_max, sizeof(*s->conns));
	s->buckets_bits = 1;
	while ((1U << s->buckets_bits) < s->conns_max)
		s->buckets_bits++;
	s->buckets = xcalloc((size_t)1 << s->buckets_bits, sizeof(struct tcp_conn *));
}

struct tcp_server *tcp_server_new(int epoll_fd, uint64_t tag, const struct tcp_limits *limits,
                                  const struct tcp_handler *handler) {
	struct tcp_server *s = xcalloc(1, sizeof(*s));
	struct random random = random_secure();
	s->epoll_fd = epoll_fd;
	s->tag = tag;
	s->seed = random_u64(&random);
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	s->conns_max = or_default(limits->conns_max, 1024);
	if (s->conns_max > CONNS_LIMIT) s->conns_max = CONNS_LIMIT;
	s->conns_per_client = or_default(limits->conns_per_client, s->conns_max / 4 + 1);
	s->timers[TCP_TIMER_FIRST].duration_ms = or_default(limits->first_ms, 3000);
	s->idle_ms = or_default(limits->idle_ms, 10000);
	s->timers[TCP_TIMER_DRAIN].duration_ms = or_default(limits->drain_ms, 20000);
	s->shared.buffers_limit = limits->buffers_bytes ? limits->buffers_bytes : (size_t)64 * 1024 * 1024;
	s->shared.handler = *handler;
	s->shared.in = xmalloc(TCP_FRAME_MAX);
	s->shared.out = xmalloc(TCP_OUTPUT_MAX);
	make_slots(s);
	set_open(s, 0);
	return s;
}

void tcp_server_free(struct tcp_server *s) {
	if (!s) return;
	for (unsigned i = 0; i < s->touched; i++)
		if (s->conns[i].fd >= 0) conn_close(s, &s->conns[i]);
	if (s->spare_fd >= 0) (void)close(s->spare_fd); /* nothing was written to it */
	tls_mailbox_done(&s->tls);
	free(s->shared.in);
	free(s->shared.out);
	free(s->conns);
	free(s->buckets);
	free(s);
}

void tcp_server_set_tls(struct tcp_server *s, struct tls_credentials *credentials) {
	tls_mailbox_put(&s->tls, credentials);
}

void tcp_server_set_proxies(struct tcp_server *s, const struct prefix_set *proxies) {
	atomic_store_explicit(&s->proxies, proxies, memory_order_release);
}

void tcp_server_turn(struct tcp_server *s) {
	s->handshakes_left = TCP_HANDSHAKES_PER_TURN;
	tcp_slices_deal(&s->shared.slices);
}

struct tcp_counters tcp_server_counters(const struct tcp_server *s) {
	const struct tcp_live_counters *c = &s->shared.counters;
	return (struct tcp_counters){
		.accepted = counter_get(&c->accepted),
		.open = counter_get(&c->open),
		.requests = counter_get(&c->requests),
		.messages = counter_get(&c->messages),
		.evicted = counter_get(&c->evicted),
		.refused = counter_get(&c->refused),
		.timed_out = counter_get(&c->timed_out),
		.slow = counter_get(&c->slow),
		.out_of_memory = counter_get(&c->out_of_memory),
		.tls_opened = counter_get(&c->tls_opened),
		.tls_resumed = counter_get(&c->tls_resumed),
		.tls_failed = counter_get(&c->tls_failed),
		.tls_timed_out = counter_get(&c->tls_timed_out),
		.proxied = counter_get(&c->proxied),
		.proxy_malformed = counter_get(&c->proxy_malformed),
		.proxy_refused = counter_get(&c->proxy_refused),
	};
}

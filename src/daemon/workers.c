#include "daemon/workers.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/prefix_set.h"
#include "base/thread.h"
#include "net/tls.h"

/* Written by its own thread while it runs, by the main thread before and after. */
struct worker {
	struct workers *all;
	struct net_worker *net;
	struct serve_worker *serve; /* NULL: not started */
	struct epoch_reader *reader;
	struct moment now; /* of the batch in work */
	pthread_t thread;
	bool running;
	struct serve_request requests[UDP_BATCH_MAX];
	uint8_t answer[TCP_MESSAGE_MAX];
};

_Static_assert(UDP_BATCH_MAX <= SERVE_EXPECTED_MAX, "a whole batch is expected at once");

struct workers {
	unsigned count;
	struct epoch *epoch;
	struct prefix_set *proxies;
	struct worker **list; /* each in its own allocation: threads do not share cache lines */
	_Atomic int joined;   /* threads that have said whether they are readers */
	_Atomic int failed;   /* threads that could not become one */
};

/* -- what a worker does ---------------------------------------------------------------------------------------- */

static struct serve_request request_of(const struct worker *w, enum serve_transport transport,
                                       const uint8_t *data, size_t len, const struct addr *peer) {
	return (struct serve_request){
		.data = data, .len = len, .peer = peer, .now = w->now, .transport = transport
	};
}

static void on_udp(void *ctx, struct udp_packet *packets, unsigned count) {
	struct worker *w = ctx;
	for (unsigned i = 0; i < count; i++) {
		const struct udp_packet *p = &packets[i];
		w->requests[i] = request_of(w, SERVE_UDP, p->request, p->request_len, &p->peer);
	}
	serve_expect(w->serve, w->requests, count);
	for (unsigned i = 0; i < count; i++)
		packets[i].answer_len = serve_packet(w->serve, &w->requests[i], udp_answer_begin(packets, i),
		                                     UDP_ANSWER_MAX, NULL);
}

static long stream_produce(void *state, uint8_t *buf, size_t cap) {
	return serve_stream_next(state, clock_now(), buf, cap);
}

static void stream_free(void *state) {
	serve_stream_free(state);
}

static void on_tcp(void *ctx, struct tcp_conn *conn, const uint8_t *req, size_t len) {
	struct worker *w = ctx;
	struct serve_stream *stream = NULL;
	enum serve_transport transport = tcp_is_tls(conn) ? SERVE_TLS : SERVE_TCP;
	struct serve_request r = request_of(w, transport, req, len, tcp_peer(conn));
	r.pin = tcp_client_pin(conn);
	r.tcp_idle_ms = tcp_idle_ms(conn);
	size_t answer_len = serve_packet(w->serve, &r, w->answer, sizeof(w->answer), &stream);
	if (stream)
		tcp_stream(conn, stream_produce, stream, stream_free);
	else if (answer_len > 0 && tcp_answer(conn, w->answer, answer_len) != OK)
		tcp_close_after(conn); /* it would wait for this answer for ever */
}

static void on_before_wait(void *ctx) {
	struct worker *w = ctx;
	epoch_offline(w->reader);
}

static void on_after_wait(void *ctx) {
	struct worker *w = ctx;
	epoch_online(w->reader);
	w->now = clock_now();
}

static void on_between_batches(void *ctx) {
	struct worker *w = ctx;
	epoch_quiescent(w->reader);
	w->now = clock_now();
}

static void *worker_run(void *ctx) {
	struct worker *w = ctx;
	w->reader = epoch_join(w->all->epoch);
	if (!w->reader) atomic_fetch_add(&w->all->failed, 1);
	atomic_fetch_add(&w->all->joined, 1);
	if (!w->reader) return NULL;
	w->now = clock_now();
	net_worker_run(w->net);
	epoch_leave(w->reader);
	return NULL;
}

/* -- sockets --------------------------------------------------------------------------------------------------- */

static enum err add_udp(struct worker *w, const struct addr *a, struct socket_error *error) {
	int fd;
	enum err e = socket_udp_listen(a, &fd, error);
	if (e != OK) return e;
	e = net_worker_add_udp(w->net, fd);
	if (e != OK) close(fd);
	return e;
}

static enum err add_tcp(struct worker *w, const struct addr *a, struct socket_error *error) {
	int fd;
	enum err e = socket_tcp_listen(a, &fd, error);
	if (e != OK) return e;
	e = net_worker_add_tcp(w->net, fd);
	if (e != OK) close(fd);
	return e;
}

static enum err add_tls(struct worker *w, const struct addr *a, struct socket_error *error) {
	int fd;
	enum err e = socket_tcp_listen(a, &fd, error);
	if (e != OK) return e;
	e = net_worker_add_tls(w->net, fd);
	if (e != OK) close(fd);
	return e;
}

static enum err worker_open(struct worker *w, const struct workers_settings *settings,
                            struct socket_error *error) {
	struct net_worker_config config = { .udp = on_udp,
		                            .tcp = on_tcp,
		                            .before_wait = on_before_wait,
		                            .after_wait = on_after_wait,
		                            .between_batches = on_between_batches,
		                            .ctx = w,
		                            .now = clock_now,
		                            .pause = clock_pause,
		                            .coalesce_us = settings->udp_coalesce_us,
		                            .tcp_limits = settings->tcp };
	enum err e = net_worker_new(&config, &w->net);
	for (unsigned i = 0; i < settings->listen_count && e == OK; i++) {
		e = add_udp(w, &settings->listen[i], error);
		if (e == OK) e = add_tcp(w, &settings->listen[i], error);
	}
	for (unsigned i = 0; i < settings->tls_listen_count && e == OK; i++)
		e = add_tls(w, &settings->tls_listen[i], error);
	if (e == OK && settings->tls) net_worker_set_tls(w->net, settings->tls);
	return e;
}

/* Another server of ours on the same address would not be noticed later (SO_REUSEPORT). */
static enum err addresses_free(const struct workers_settings *settings, struct socket_error *error) {
	enum err e = OK;
	for (unsigned i = 0; i < settings->listen_count && e == OK; i++)
		e = socket_address_free(&settings->listen[i], error);
	for (unsigned i = 0; i < settings->tls_listen_count && e == OK; i++)
		e = socket_tcp_address_free(&settings->tls_listen[i], error);
	return e;
}

enum err workers_open(const struct workers_settings *settings, struct workers **out_workers,
                      struct socket_error *out_error) {
	struct socket_error error = { .text = "no epoll instance or too many addresses", .system_errno = 0 };
	struct workers *w = xcalloc(1, sizeof(*w));
	w->count = settings->count < WORKERS_MAX ? settings->count : WORKERS_MAX;
	w->list = xcalloc(w->count, sizeof(struct worker *));
	enum err e = addresses_free(settings, &error);
	for (unsigned i = 0; i < w->count && e == OK; i++) {
		w->list[i] = xpages(sizeof(struct worker));
		w->list[i]->all = w;
		e = worker_open(w->list[i], settings, &error);
	}
	if (e != OK) {
		workers_free(w);
		*out_error = error;
		return e;
	}
	workers_set_proxies(w, settings->proxies, settings->proxies_count);
	*out_workers = w;
	return OK;
}

/* -- threads --------------------------------------------------------------------------------------------------- */

static bool start_thread(struct worker *w, unsigned number) {
	char name[32];
	(void)snprintf(name, sizeof(name), "worker %u", number); /* it fits */
	w->running = thread_start(&w->thread, name, worker_run, w);
	return w->running;
}

enum err workers_start(struct workers *w, struct serve *serve, struct epoch *epoch) {
	w->epoch = epoch;
	bool ok = true;
	int started = 0;
	for (unsigned i = 0; i < w->count && ok; i++) {
		w->list[i]->serve = serve_worker_new(serve, i);
		ok = start_thread(w->list[i], i);
		if (ok) started++;
	}
	while (atomic_load(&w->joined) < started)
		sched_yield();
	if (ok && atomic_load(&w->failed) == 0) return OK;
	workers_stop(w);
	return ERR_LIMIT;
}

void workers_stop(struct workers *w) {
	for (unsigned i = 0; i < w->count; i++)
		if (w->list[i] && w->list[i]->running) net_worker_stop(w->list[i]->net);
	for (unsigned i = 0; i < w->count; i++) {
		struct worker *worker = w->list[i];
		if (!worker) continue;
		if (worker->running) pthread_join(worker->thread, NULL);
		worker->running = false;
		net_worker_free(worker->net); /* its connections' streams end before what they count in */
		worker->net = NULL;
		serve_worker_free(worker->serve);
		worker->serve = NULL;
	}
}

void workers_free(struct workers *w) {
	if (!w) return;
	workers_stop(w);
	for (unsigned i = 0; i < w->count; i++)
		xpages_free(w->list[i], sizeof(struct worker));
	free(w->list);
	prefix_set_free(w->proxies);
	free(w);
}

static void proxies_free(void *proxies) {
	prefix_set_free(proxies);
}

void workers_set_proxies(struct workers *w, const struct addr_prefix *proxies, unsigned count) {
	struct prefix_set *former = w->proxies;
	w->proxies = prefix_set_new(proxies, count);
	for (unsigned i = 0; i < w->count; i++)
		if (w->list[i]->net) net_worker_set_proxies(w->list[i]->net, w->proxies);
	if (former && w->epoch)
		epoch_retire(w->epoch, former, proxies_free); /* a batch in work may look at it */
	else
		prefix_set_free(former);
}

void workers_set_tls(struct workers *w, struct tls_credentials *credentials) {
	for (unsigned i = 0; i < w->count; i++)
		if (w->list[i]->net) net_worker_set_tls(w->list[i]->net, credentials);
}

/* -- counters -------------------------------------------------------------------------------------------------- */

static void add_udp_counters(struct udp_counters *sum, const struct udp_counters *c) {
	sum->received += c->received;
	sum->too_long += c->too_long;
	sum->bad_source += c->bad_source;
	sum->proxied += c->proxied;
	sum->proxy_malformed += c->proxy_malformed;
	sum->proxy_refused += c->proxy_refused;
	sum->sent += c->sent;
	sum->send_failed += c->send_failed;
}

static void add_tcp_counters(struct tcp_counters *sum, const struct tcp_counters *c) {
	sum->accepted += c->accepted;
	sum->open += c->open;
	sum->requests += c->requests;
	sum->messages += c->messages;
	sum->evicted += c->evicted;
	sum->refused += c->refused;
	sum->timed_out += c->timed_out;
	sum->slow += c->slow;
	sum->out_of_memory += c->out_of_memory;
	sum->tls_opened += c->tls_opened;
	sum->tls_resumed += c->tls_resumed;
	sum->tls_failed += c->tls_failed;
	sum->tls_timed_out += c->tls_timed_out;
	sum->proxied += c->proxied;
	sum->proxy_malformed += c->proxy_malformed;
	sum->proxy_refused += c->proxy_refused;
}

struct net_worker_counters workers_count(const struct workers *w) {
	struct net_worker_counters sum = { 0 };
	for (unsigned i = 0; i < w->count; i++) {
		if (!w->list[i] || !w->list[i]->net) continue;
		struct net_worker_counters c = net_worker_counters(w->list[i]->net);
		add_udp_counters(&sum.udp, &c.udp);
		add_tcp_counters(&sum.tcp, &c.tcp);
	}
	return sum;
}

/* The loop of one worker.  An event's data.u64 says what it is about: kind in the upper octet, below it the index
 * of the socket, or the connection's value. */
#include "net/worker.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/prompt.h"

#define EVENTS_MAX 64
#define KIND_SHIFT 56

enum kind { KIND_STOP, KIND_UDP, KIND_LISTENER, KIND_TLS_LISTENER, KIND_CONNECTION };

struct net_worker {
	struct net_worker_config config;
	struct udp_handler udp_handler;
	struct udp_batch *udp;
	struct tcp_server *tcp;
	int epoll_fd;
	int stop_fd;
	unsigned packets;   /* over UDP, of the turn in work */
	bool is_behind;     /* it ended with packets waiting, as far as is known */
	bool is_coalescing; /* it began with a pause */
	_Atomic bool is_stopping;
	unsigned sockets_count;
	int sockets[NET_WORKER_SOCKETS_MAX];
};

static uint64_t tag_of(enum kind kind) {
	return (uint64_t)kind << KIND_SHIFT;
}

static bool watch(const struct net_worker *w, int fd, uint64_t data) {
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = data };
	return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void close_if_open(int fd) {
	if (fd >= 0) (void)close(fd); /* nothing that could be lost was written to it */
}

enum err net_worker_new(const struct net_worker_config *config, struct net_worker **out_worker) {
	struct net_worker *w = xcalloc(1, sizeof(*w));
	w->config = *config;
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->epoll_fd < 0 || w->stop_fd < 0 || !watch(w, w->stop_fd, tag_of(KIND_STOP))) {
		close_if_open(w->epoll_fd);
		close_if_open(w->stop_fd);
		free(w);
		return ERR_IO;
	}
	struct tcp_handler tcp_handler = { .handle = config->tcp, .ctx = config->ctx };
	w->udp_handler = (struct udp_handler){ .answer = config->udp,
		                               .between_batches = config->between_batches,
		                               .ctx = config->ctx };
	w->udp = udp_batch_new();
	w->tcp = tcp_server_new(w->epoll_fd, tag_of(KIND_CONNECTION), &config->tcp_limits, &tcp_handler);
	*out_worker = w;
	return OK;
}

void net_worker_free(struct net_worker *w) {
	if (!w) return;
	tcp_server_free(w->tcp);
	udp_batch_free(w->udp);
	for (unsigned i = 0; i < w->sockets_count; i++)
		close_if_open(w->sockets[i]);
	close_if_open(w->stop_fd);
	close_if_open(w->epoll_fd);
	free(w);
}

static enum err add_socket(struct net_worker *w, int fd, enum kind kind) {
	if (w->sockets_count == NET_WORKER_SOCKETS_MAX) return ERR_LIMIT;
	if (!watch(w, fd, tag_of(kind) | w->sockets_count)) return ERR_IO;
	w->sockets[w->sockets_count++] = fd;
	return OK;
}

enum err net_worker_add_udp(struct net_worker *w, int fd) {
	return add_socket(w, fd, KIND_UDP);
}

enum err net_worker_add_tcp(struct net_worker *w, int fd) {
	return add_socket(w, fd, KIND_LISTENER);
}

enum err net_worker_add_tls(struct net_worker *w, int fd) {
	return add_socket(w, fd, KIND_TLS_LISTENER);
}

void net_worker_set_tls(struct net_worker *w, struct tls_credentials *credentials) {
	tcp_server_set_tls(w->tcp, credentials);
}

void net_worker_set_proxies(struct net_worker *w, const struct prefix_set *proxies) {
	udp_batch_set_proxies(w->udp, proxies);
	tcp_server_set_proxies(w->tcp, proxies);
}

static void call(const struct net_worker *w, void (*callback)(void *ctx)) {
	if (callback) callback(w->config.ctx);
}

static void serve_udp(struct net_worker *w, int fd) {
	unsigned count = udp_serve(w->udp, fd, &w->udp_handler);
	w->packets += count;
	w->is_behind |= count == UDP_BATCHES_PER_TURN * UDP_BATCH_MAX;
}

static void dispatch(struct net_worker *w, const struct epoll_event *event, int64_t now_ms) {
	uint64_t value = event->data.u64 & ((UINT64_C(1) << KIND_SHIFT) - 1);
	switch ((enum kind)(event->data.u64 >> KIND_SHIFT)) {
	case KIND_STOP: return;                                 /* is_stopping tells */
	case KIND_UDP: serve_udp(w, w->sockets[value]); return; /* says itself when it is between batches */
	case KIND_LISTENER: tcp_server_accept(w->tcp, w->sockets[value], TCP_LISTENER_PLAIN, now_ms); break;
	case KIND_TLS_LISTENER: tcp_server_accept(w->tcp, w->sockets[value], TCP_LISTENER_TLS, now_ms); break;
	case KIND_CONNECTION: tcp_server_event(w->tcp, value, event->events, now_ms); break;
	}
	call(w, w->config.between_batches);
}

static int sooner(int a_ms, int b_ms) {
	if (a_ms < 0) return b_ms;
	return b_ms < 0 || a_ms < b_ms ? a_ms : b_ms;
}

/* Let packets gather if the last turn had many and left none.  Between before_wait and after_wait: nothing is held. */
static void coalesce(struct net_worker *w) {
	unsigned many = w->is_coalescing ? NET_COALESCE_WHILE : NET_COALESCE_FROM;
	w->is_coalescing = w->config.coalesce_us > 0 && w->packets >= many && !w->is_behind;
	w->packets = 0;
	w->is_behind = false;
	if (w->is_coalescing) w->config.pause(w->config.coalesce_us);
}

void net_worker_turn(struct net_worker *w, int timeout_ms) {
	struct epoll_event events[EVENTS_MAX];
	int deadline_ms = tcp_server_expire(w->tcp, w->config.now().mono_ms);
	call(w, w->config.before_wait);
	coalesce(w);
	int n = epoll_wait(w->epoll_fd, events, EVENTS_MAX, sooner(timeout_ms, deadline_ms));
	call(w, w->config.after_wait);
	int64_t now_ms = w->config.now().mono_ms;
	tcp_server_turn(w->tcp);
	for (int i = 0; i < n; i++)
		dispatch(w, &events[i], now_ms);
}

void net_worker_run(struct net_worker *w) {
	prompt_thread();
	while (!atomic_load_explicit(&w->is_stopping, memory_order_acquire))
		net_worker_turn(w, -1);
}

void net_worker_stop(struct net_worker *w) {
	uint64_t one = 1;
	int saved = errno;
	atomic_store_explicit(&w->is_stopping, true, memory_order_release);
	ssize_t n = write(w->stop_fd, &one, sizeof(one));
	(void)n; /* it fails only when the counter is full, and then the worker is awake already */
	errno = saved;
}

struct net_worker_counters net_worker_counters(const struct net_worker *w) {
	return (struct net_worker_counters){ .udp = udp_batch_counters(w->udp),
		                             .tcp = tcp_server_counters(w->tcp) };
}

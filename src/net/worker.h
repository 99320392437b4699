/* Event loop of one query worker: its UDP sockets, its TCP and TLS listeners and their connections, and a way to stop
 * it.
 * Blocks in epoll_wait, and in the pauses between turns when questions come fast, and nowhere else.
 *
 *   before_wait -> epoll_wait -> after_wait -> batches and connections, between_batches after each -> again
 *
 * Being woken costs both sides more than an answer does: a worker that is done with a few questions sooner than the next
 * ones arrive would be woken for each handful.  So after a turn that had NET_COALESCE_FROM UDP packets or more and left none
 * waiting, it pauses for coalesce_us before it looks again, as a network card does that holds its interrupt back, and goes on
 * so while NET_COALESCE_WHILE or more gather in each pause.  Where fewer come nothing waits.  docs/decisions/0028.
 *
 * The callbacks are where a reader of published data goes offline, comes back online, and says that it holds
 * nothing (base/epoch.h).
 * Thread: made anywhere, run by one thread; net_worker_stop, the functions that set and net_worker_counters from any. */
#ifndef UNDERSTUDY_NET_WORKER_H
#define UNDERSTUDY_NET_WORKER_H

#include "base/addr.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/tcp_server.h"
#include "net/udp.h"

#define NET_COALESCE_FROM 8        /* UDP packets of one turn: pauses begin */
#define NET_COALESCE_WHILE 4       /* of a turn after a pause: they go on */
#define NET_WORKER_SOCKETS_MAX 256 /* UDP sockets, TCP and TLS listeners of one worker */

struct net_worker_config {
	/* As udp_handler.answer and tcp_handler.handle; ctx is handed to every callback. */
	void (*udp)(void *ctx, struct udp_packet *packets, unsigned count);
	void (*tcp)(void *ctx, struct tcp_conn *conn, const uint8_t *req, size_t len);
	void (*before_wait)(void *ctx);     /* NULL: none */
	void (*after_wait)(void *ctx);      /* NULL: none */
	void (*between_batches)(void *ctx); /* NULL: none */
	void *ctx;
	struct moment (*now)(void); /* clock_now, or a test's clock; only mono_ms is used */
	void (*pause)(unsigned us); /* clock_pause, or a test's */
	unsigned coalesce_us;       /* 0: never paused */
	struct tcp_limits tcp_limits;
};

struct net_worker_counters {
	struct udp_counters udp;
	struct tcp_counters tcp;
};

struct net_worker;

/* ERR_IO: no epoll or event descriptor to be had. */
MUST_CHECK enum err net_worker_new(const struct net_worker_config *config, struct net_worker **out_worker);
/* Closes all sockets and connections.  Not while it runs. */
void net_worker_free(struct net_worker *w);

/* Hand over a socket of socket_udp_listen or socket_tcp_listen; taken on success, closed by net_worker_free.
 * Not while the worker runs.  ERR_LIMIT, ERR_IO. */
MUST_CHECK enum err net_worker_add_udp(struct net_worker *w, int fd);
MUST_CHECK enum err net_worker_add_tcp(struct net_worker *w, int fd);
/* As net_worker_add_tcp, for DNS over TLS. */
MUST_CHECK enum err net_worker_add_tls(struct net_worker *w, int fd);

/* Certificate and key for connections that are accepted from now on; those that are open keep what they began with.
 * A reference is added.  Without any, connections to TLS listeners are closed. */
void net_worker_set_tls(struct net_worker *w, struct tls_credentials *credentials);

/* Who may say for whom it asks (net/proxy.h); NULL: nobody.  Borrowed; the former set may be looked at until the worker
 * has called between_batches or before_wait, as any published data. */
void net_worker_set_proxies(struct net_worker *w, const struct prefix_set *proxies);

/* Serve until net_worker_stop.  after_wait has been called when it returns. */
void net_worker_run(struct net_worker *w);
/* Wait at most timeout_ms (-1: without end) and serve what came: one turn of the loop, for tests. */
void net_worker_turn(struct net_worker *w, int timeout_ms);
/* Any thread, and signal handlers. */
void net_worker_stop(struct net_worker *w);

struct net_worker_counters net_worker_counters(const struct net_worker *w);

#endif

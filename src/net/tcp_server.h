/* DNS over TCP and over TLS, server side, for one worker: two-octet framing (RFC 1035 section 4.2.2), pipelining
 * (RFC 7766 section 6.2.1.1), limits.  Driven by its worker's epoll; never blocks.
 *
 *   accepted --first request--> served --all answers sent--> idle --request--> served ...
 *      | first_ms                 | drain_ms                   | idle_ms
 *      v                          v                            v
 *    closed <---------------------+----------------------------+
 *
 * Answers leave in the order of their requests.  Answers that the kernel does not take at once wait in a buffer of
 * at most TCP_OUTPUT_MAX octets; until it is drained, no further request of that connection is looked at.  A
 * client that shuts down its sending side still gets every pending answer.  A quiet connection owns no buffer.
 *
 * Over TLS (RFC 7858) the handshake stands before the first request and within first_ms; a turn of the worker takes
 * only a few of its steps, which cost much, so that others are not kept waiting.
 *
 * Connections of the listed proxies may begin with a header (net/proxy.h) and belong from then on to the client that
 * it names; a proxy itself has no share.
 *
 * Thread: the worker's; counters may be read by any thread. */
#ifndef UNDERSTUDY_NET_TCP_SERVER_H
#define UNDERSTUDY_NET_TCP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/prefix_set.h"

#define TCP_MESSAGE_MAX 65535
#define TCP_OUTPUT_MAX (128 * 1024)  /* octets of answers that wait for one client */
#define TCP_STREAM_SLICE (64 * 1024) /* octets a stream may add before other connections have their turn */
#define TCP_SLICES_PER_TURN 4        /* slices over all connections before questions by UDP have their turn */
#define TCP_REQUESTS_PER_TURN 128    /* requests of one connection before others have their turn */

#define TCP_IDLE_LEAST_MS 500
#define TCP_HANDSHAKES_PER_TURN 4 /* steps of TLS handshakes, over all connections */

struct tcp_server;
struct tcp_conn;
struct pin;
struct tls_credentials;

struct tcp_handler {
	/* Answer the request of len octets: call tcp_answer for each message or tcp_stream once, or neither.
	 * Neither req nor conn may be kept, but for a stream's use of conn. */
	void (*handle)(void *ctx, struct tcp_conn *conn, const uint8_t *req, size_t len);
	void *ctx;
};

/* Zero in a field means the default named beside it. */
struct tcp_limits {
	unsigned conns_max; /* of this worker; 1024 */
	unsigned
		conns_per_client; /* of one IPv4 address or IPv6 /64 at this worker; a quarter of conns_max */
	unsigned first_ms;        /* from accept to the first whole request, TLS handshake included; 3000 */
	unsigned idle_ms;  /* from the last answer to the next whole request; 10000.  While more than half of
	                           * conns_max are open it is less, down to TCP_IDLE_LEAST_MS (RFC 7766 section 6.2.3) */
	unsigned drain_ms; /* for the client to take what was put into its buffer; 20000 */
	size_t buffers_bytes; /* all buffers and TLS sessions of all connections; 64 MiB */
};

struct tcp_counters {
	uint64_t accepted;
	uint64_t open; /* now */
	uint64_t requests;
	uint64_t messages;  /* sent or queued */
	uint64_t evicted;   /* idle connections closed to make room for new ones */
	uint64_t refused;   /* new connections closed at once: no room, or the client's share is used up */
	uint64_t timed_out; /* first request or next request did not come */
	uint64_t slow;      /* client did not take its answers in time */
	uint64_t out_of_memory;   /* closed because buffers_bytes was spent */
	uint64_t tls_opened;      /* TLS handshakes done */
	uint64_t tls_resumed;     /* those of them that went by a ticket */
	uint64_t tls_failed;      /* handshakes that ended otherwise: no TLS, nothing in common, given up */
	uint64_t tls_timed_out;   /* handshakes not done in time, counted in timed_out too */
	uint64_t proxied;         /* connections that began with the header of a proxy */
	uint64_t proxy_malformed; /* closed: a header from a listed address that can't be read */
	uint64_t proxy_refused;   /* closed: a header from an address that is not listed, or a second one */
};

/* Queue one message of len octets (1 ... TCP_MESSAGE_MAX); the frame is added here.  Inside handle there is always
 * room for one message of any size, or for several that sum up to no more.
 * ERR_SPACE: no room; nothing was queued (use tcp_stream for answers of many messages). */
MUST_CHECK enum err tcp_answer(struct tcp_conn *conn, const uint8_t *message, size_t len);

/* An answer of many messages, made while the client takes them.  `produce` writes the next message to buf (cap is
 * TCP_MESSAGE_MAX) and returns its length, TCP_STREAM_END when there is none left, or TCP_STREAM_ABORT to close the
 * connection.  free_fn(state) is called exactly once: at the end, or when the connection closes before.  Further
 * requests of the connection wait until the end.  Call only inside handle, at most once per request; messages
 * queued by tcp_answer go first. */
#define TCP_STREAM_END 0L
#define TCP_STREAM_ABORT (-1L)
void tcp_stream(struct tcp_conn *conn, long (*produce)(void *state, uint8_t *buf, size_t cap), void *state,
                void (*free_fn)(void *state));

/* Close once everything queued so far is sent; further requests are not read.  Inside handle only. */
void tcp_close_after(struct tcp_conn *conn);

/* Who asks: the client, if a proxy has told its address.  Valid as long as conn is. */
const struct addr *tcp_peer(const struct tcp_conn *conn);
/* Does the connection run over TLS? */
bool tcp_is_tls(const struct tcp_conn *conn);
/* Of the client's certificate; NULL: it has shown none.  Valid as long as conn is. */
const struct pin *tcp_client_pin(const struct tcp_conn *conn);
/* How long it may be idle as things are now (for edns-tcp-keepalive, RFC 7828); if many more are opened it may turn
 * out to be less. */
unsigned tcp_idle_ms(const struct tcp_conn *conn);

/* -- for the worker -------------------------------------------------------------------------------------- */

/* epoll_fd is borrowed.  Events of connections carry data.u64 = tag | value with value < 2^56. */
struct tcp_server *tcp_server_new(int epoll_fd, uint64_t tag, const struct tcp_limits *limits,
                                  const struct tcp_handler *handler);
/* Closes every connection. */
void tcp_server_free(struct tcp_server *s);

/* Any thread: handshakes that begin from now on use these; a reference is added. */
void tcp_server_set_tls(struct tcp_server *s, struct tls_credentials *credentials);

/* Any thread, for connections accepted from now on: who may say for whom it asks; NULL: nobody.  Borrowed. */
void tcp_server_set_proxies(struct tcp_server *s, const struct prefix_set *proxies);

enum tcp_listener { TCP_LISTENER_PLAIN, TCP_LISTENER_TLS };

/* A turn of the worker begins. */
void tcp_server_turn(struct tcp_server *s);
/* A listening socket is readable: accept what waits (a bounded number). */
void tcp_server_accept(struct tcp_server *s, int listen_fd, enum tcp_listener kind, int64_t now_ms);
/* A connection's event: value as in data.u64.  Events of connections closed meanwhile are ignored. */
void tcp_server_event(struct tcp_server *s, uint64_t value, uint32_t events, int64_t now_ms);
/* Close what is overdue.  Returns milliseconds until the next deadline, -1: none. */
int tcp_server_expire(struct tcp_server *s, int64_t now_ms);

/* A copy of the counters; any thread. */
struct tcp_counters tcp_server_counters(const struct tcp_server *s);

#endif

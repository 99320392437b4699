/* One connection of the TCP server: its bytes in and out, and what one turn does.  Used by tcp_server.c and
 * tcp_conn.c only; limits, timers and epoll are tcp_server.c's.
 *
 * All connections of a worker share two large buffers: a turn reads into one and writes its answers to the other.
 * Only what is left over at the end of a turn, part of a request or answers that the kernel did not take, moves to
 * a buffer of the connection's own. */
#ifndef UNDERSTUDY_NET_TCP_CONN_H
#define UNDERSTUDY_NET_TCP_CONN_H

#include "net/counter.h"
#include "net/tcp_server.h"
#include "net/tls.h"

#define TCP_FRAME_MAX (2 + TCP_MESSAGE_MAX)

/* Octets pos ... len-1 are pending. */
struct tcp_bytes {
	uint8_t *data; /* owned, or a shared buffer's */
	size_t pos, len, cap;
};

struct tcp_live_counters {
	struct counter accepted, open, requests, messages, evicted, refused, timed_out, slow, out_of_memory;
	struct counter tls_opened, tls_resumed, tls_failed, tls_timed_out;
	struct counter proxied, proxy_malformed, proxy_refused;
};

/* Slices of streams are dealt in rounds, in which no connection has two; a turn of the worker sees only a few. */
struct tcp_slices {
	unsigned left;  /* in this turn */
	unsigned round; /* never 0 */
	bool is_short;  /* in this turn somebody had none for want of more */
};

/* What the connections of a worker share. */
struct tcp_shared {
	uint8_t *in;         /* TCP_FRAME_MAX octets */
	uint8_t *out;        /* TCP_OUTPUT_MAX octets */
	size_t buffers_used; /* octets in connections' own buffers and TLS sessions */
	size_t buffers_limit;
	unsigned idle_ms; /* a connection may be idle, now */
	struct tcp_slices slices;
	struct tcp_handler handler;
	struct tcp_live_counters counters;
};

/* What is expected from the client: the header of a proxy, a step of the TLS handshake, requests. */
enum tcp_stage { TCP_STAGE_PROXY, TCP_STAGE_TLS, TCP_STAGE_OPEN };

enum tcp_timer { TCP_TIMER_FIRST, TCP_TIMER_IDLE, TCP_TIMER_DRAIN, TCP_TIMER_COUNT };

struct tcp_stream_state {
	long (*produce)(void *state, uint8_t *buf, size_t cap); /* NULL: no stream runs */
	void (*free_fn)(void *state);
	void *state;
};

struct tcp_conn {
	/* tcp_server.c */
	int fd;              /* -1: the slot is free */
	uint32_t generation; /* counts the uses of this slot; old events carry an old one */
	uint32_t events;     /* registered with epoll */
	enum tcp_timer timer;
	int64_t since_ms; /* when the timer began */
	struct tcp_conn *timer_next, *timer_prev;
	struct tcp_conn *client_next, *client_prev; /* others of the same hash of the client's address */
	struct tcp_conn *free_next;
	uint64_t client; /* IPv4 address or IPv6 /64 */

	/* tcp_open.c */
	enum tcp_stage stage;
	enum tcp_listener listener; /* it came from */
	struct tls_session *tls;    /* NULL: none (yet); its socket is fd */

	/* tcp_conn.c */
	struct tcp_shared *shared;
	struct addr peer;
	struct tcp_bytes in;   /* own buffer: requests not yet handled */
	struct tcp_bytes out;  /* own buffer: answers not yet sent */
	struct tcp_bytes turn; /* answers of this turn, in the shared buffer; data is NULL outside of turns */
	struct tcp_stream_state stream;
	unsigned slice_round; /* in which it had its last slice */
	bool has_read;        /* octets of requests have come */
	bool eof;             /* the client sends no more */
	bool closing;         /* close when all is sent */
	bool broken;          /* close now */
	bool answered;        /* out: answers were made in the last turn */
	bool drained;         /* out: the last turn began with nothing to send, or sent it all */
};

/* A turn of the worker begins. */
void tcp_slices_deal(struct tcp_slices *slices);

/* In stage TCP_STAGE_OPEN: do what can be done now: send, make answers, read (when events has EPOLLIN).  False: close the connection. */
MUST_CHECK bool tcp_conn_turn(struct tcp_conn *c, uint32_t events);

/* Answers wait, are being made, or could be made from requests that are here already: the next turn is due when
 * the client takes more.  Otherwise it is due when the client sends more. */
bool tcp_conn_is_busy(const struct tcp_conn *c);

/* What of epoll to wait for until the next turn. */
uint32_t tcp_conn_events(const struct tcp_conn *c);

/* Room for cap octets in an own buffer, or nothing in it any more.  False: the budget or memory is spent. */
MUST_CHECK bool tcp_bytes_grow(struct tcp_conn *c, struct tcp_bytes *b, size_t cap);
void tcp_bytes_free(struct tcp_conn *c, struct tcp_bytes *b);

/* Free buffers, the stream's state and the TLS session; over TLS the client is told that this is the end. */
void tcp_conn_release(struct tcp_conn *c);

#endif

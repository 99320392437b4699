/* One turn of a connection:
 *
 *   send what was left -> (all sent?) -> stream slice, or requests left over, or read and handle
 *     -> send -> keep what is left
 *
 * Promises: 1. a request is handled only when a message of any size has room; 2. while answers wait or a stream runs
 * nothing is read, so a client that does not take its answers can't make us hold more; 3. own buffers are charged
 * against one budget of the worker. */
#include "net/tcp_conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "net/proxy.h"

#define FIRST_BUFFER 4096 /* for a request that comes in parts */

/* -- bytes --------------------------------------------------------------------------------------------------- */

static size_t bytes_left(const struct tcp_bytes *b) {
	return b->len - b->pos;
}

void tcp_bytes_free(struct tcp_conn *c, struct tcp_bytes *b) {
	c->shared->buffers_used -= b->cap;
	free(b->data);
	*b = (struct tcp_bytes){ 0 };
}

bool tcp_bytes_grow(struct tcp_conn *c, struct tcp_bytes *b, size_t cap) {
	struct tcp_shared *shared = c->shared;
	if (b->cap >= cap) return true;
	uint8_t *data = NULL;
	if (cap - b->cap <= shared->buffers_limit - shared->buffers_used) data = try_realloc(b->data, cap);
	if (!data) {
		counter_add(&shared->counters.out_of_memory, 1);
		return false;
	}
	shared->buffers_used += cap - b->cap;
	b->data = data;
	b->cap = cap;
	return true;
}

/* Move what is pending in a shared buffer to the own buffer `to`, which is empty. */
static bool bytes_keep(struct tcp_conn *c, const struct tcp_bytes *from, struct tcp_bytes *to) {
	size_t left = bytes_left(from);
	to->pos = to->len = 0;
	if (left == 0) return true;
	if (!tcp_bytes_grow(c, to, left)) return false;
	memcpy(to->data, from->data + from->pos, left);
	to->len = left;
	return true;
}

/* Length of the whole message at the front, frame not counted; -1: none yet. */
static long bytes_message(const struct tcp_bytes *b) {
	if (bytes_left(b) < 2) return -1;
	size_t len = load_u16(b->data + b->pos);
	return bytes_left(b) - 2 >= len ? (long)len : -1;
}

/* -- sending ------------------------------------------------------------------------------------------------- */

/* As send(2) and recv(2) on a non-blocking socket. */
static ssize_t conn_send(struct tcp_conn *c, const void *data, size_t len) {
	return c->tls ? tls_send(c->tls, data, len) : send(c->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ssize_t conn_recv(struct tcp_conn *c, void *buf, size_t cap) {
	return c->tls ? tls_recv(c->tls, buf, cap) : recv(c->fd, buf, cap, MSG_DONTWAIT);
}

/* Octets have come that the socket does not show any more. */
static bool has_input(const struct tcp_conn *c) {
	return c->tls && !c->eof && !c->closing && tls_has_input(c->tls);
}

/* Send until all is sent or the kernel takes no more.  False: the connection is dead. */
static bool flush(struct tcp_conn *c, struct tcp_bytes *b) {
	while (bytes_left(b) > 0) {
		ssize_t n = conn_send(c, b->data + b->pos, bytes_left(b));
		if (n >= 0)
			b->pos += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return true;
		else if (errno != EINTR)
			return false;
	}
	return true;
}

static bool turn_has_room(const struct tcp_conn *c) {
	return c->turn.cap - c->turn.len >= TCP_FRAME_MAX;
}

enum err tcp_answer(struct tcp_conn *conn, const uint8_t *message, size_t len) {
	struct tcp_bytes *turn = &conn->turn;
	assert(turn->data && len > 0 && len <= TCP_MESSAGE_MAX);
	if (turn->cap - turn->len < len + 2) return ERR_SPACE;
	store_u16(turn->data + turn->len, (uint16_t)len);
	memcpy(turn->data + turn->len + 2, message, len);
	turn->len += len + 2;
	conn->answered = true;
	counter_add(&conn->shared->counters.messages, 1);
	return OK;
}

void tcp_close_after(struct tcp_conn *conn) {
	conn->closing = true;
}

const struct addr *tcp_peer(const struct tcp_conn *conn) {
	return &conn->peer;
}

bool tcp_is_tls(const struct tcp_conn *conn) {
	return conn->tls != NULL;
}

const struct pin *tcp_client_pin(const struct tcp_conn *conn) {
	return conn->tls ? tls_client_pin(conn->tls) : NULL;
}

unsigned tcp_idle_ms(const struct tcp_conn *conn) {
	return conn->shared->idle_ms;
}

/* -- streams ------------------------------------------------------------------------------------------------- */

void tcp_stream(struct tcp_conn *conn, long (*produce)(void *state, uint8_t *buf, size_t cap), void *state,
                void (*free_fn)(void *state)) {
	assert(conn->turn.data && !conn->stream.produce);
	conn->stream = (struct tcp_stream_state){ .produce = produce, .free_fn = free_fn, .state = state };
}

static void stream_end(struct tcp_conn *c) {
	struct tcp_stream_state stream = c->stream;
	c->stream = (struct tcp_stream_state){ 0 };
	if (stream.produce && stream.free_fn) stream.free_fn(stream.state);
}

void tcp_slices_deal(struct tcp_slices *slices) {
	slices->left = TCP_SLICES_PER_TURN;
	if (!slices->is_short && ++slices->round == 0) slices->round = 1;
	slices->is_short = false;
}

/* It may be this connection's turn in a later turn of the worker: its event comes again. */
static bool take_slice(struct tcp_conn *c) {
	struct tcp_slices *slices = &c->shared->slices;
	if (c->slice_round == slices->round) return false;
	if (slices->left == 0) {
		slices->is_short = true;
		return false;
	}
	slices->left--;
	c->slice_round = slices->round;
	return true;
}

/* Let the stream fill one slice. */
static void stream_slice(struct tcp_conn *c) {
	struct tcp_bytes *turn = &c->turn;
	if (!take_slice(c)) return;
	while (c->stream.produce && turn->len < TCP_STREAM_SLICE && turn_has_room(c)) {
		uint8_t *frame = turn->data + turn->len;
		long len = c->stream.produce(c->stream.state, frame + 2, TCP_MESSAGE_MAX);
		assert(len >= TCP_STREAM_ABORT && len <= TCP_MESSAGE_MAX);
		if (len > 0) {
			store_u16(frame, (uint16_t)len);
			turn->len += (size_t)len + 2;
			c->answered = true;
			counter_add(&c->shared->counters.messages, 1);
			continue;
		}
		c->broken = c->broken || len == TCP_STREAM_ABORT;
		stream_end(c);
	}
}

/* -- receiving ----------------------------------------------------------------------------------------------- */

/* Handle whole requests at the front of b, as far as this turn goes. */
static void handle_requests(struct tcp_conn *c, struct tcp_bytes *b) {
	struct tcp_shared *shared = c->shared;
	for (unsigned done = 0; done < TCP_REQUESTS_PER_TURN && turn_has_room(c); done++) {
		long len = c->stream.produce || c->closing ? -1 : bytes_message(b);
		if (len < 0) return;
		const uint8_t *request = b->data + b->pos + 2;
		b->pos += 2 + (size_t)len;
		if (len == 0) { /* no DNS client sends this */
			c->closing = true;
			return;
		}
		counter_add(&shared->counters.requests, 1);
		shared->handler.handle(shared->handler.ctx, c, request, (size_t)len);
	}
}

/* Where to read to: the shared buffer, or, when part of a request is here, the own one behind it, grown with what
 * came and not with what was announced. */
static bool prepare_input(struct tcp_conn *c, struct tcp_bytes *b) {
	size_t left = bytes_left(&c->in);
	if (left == 0) {
		*b = (struct tcp_bytes){ .data = c->shared->in, .cap = TCP_FRAME_MAX };
		return true;
	}
	if (c->in.pos > 0) memmove(c->in.data, c->in.data + c->in.pos, left);
	c->in.pos = 0;
	c->in.len = left;
	size_t wish = left < FIRST_BUFFER / 2 ? FIRST_BUFFER : 2 * left;
	bool is_tight = c->in.cap - left < FIRST_BUFFER / 2;
	if (is_tight && !tcp_bytes_grow(c, &c->in, wish < TCP_FRAME_MAX ? wish : TCP_FRAME_MAX)) return false;
	*b = c->in;
	return true;
}

/* A header from a proxy that may not send any, which reads as a part of a long message. */
static bool is_stray_header(struct tcp_conn *c, const struct tcp_bytes *b) {
	if (!proxy_has_signature(b->data + b->pos, bytes_left(b))) return false;
	counter_add(&c->shared->counters.proxy_refused, 1);
	c->broken = true;
	return true;
}

static void read_requests(struct tcp_conn *c) {
	struct tcp_bytes b;
	if (!prepare_input(c, &b)) {
		c->broken = true;
		return;
	}
	ssize_t n = conn_recv(c, b.data + b.len, b.cap - b.len);
	if (n < 0) {
		c->broken = errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
		return;
	}
	c->eof = n == 0;
	b.len += (size_t)n;
	if (!c->has_read && is_stray_header(c, &b)) return;
	c->has_read = true;
	handle_requests(c, &b);
	if (b.data != c->shared->in)
		c->in = b;
	else if (!bytes_keep(c, &b, &c->in))
		c->broken = true;
}

/* Everything is sent and the connection ends, but the client may still be sending: a plain close would make the
 * kernel throw away our last answers (RFC 1122 section 4.2.2.13).  So say that we are done and read until the
 * client is. */
static void linger(struct tcp_conn *c, uint32_t events) {
	if (c->tls) tls_goodbye(c->tls);
	(void)shutdown(c->fd, SHUT_WR); /* the second time it does nothing; a dead peer is seen by recv */
	if (!(events & EPOLLIN)) return;
	ssize_t n = recv(c->fd, c->shared->in, TCP_FRAME_MAX, MSG_DONTWAIT);
	c->eof = n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* -- a turn -------------------------------------------------------------------------------------------------- */

bool tcp_conn_is_busy(const struct tcp_conn *c) {
	return bytes_left(&c->out) > 0 || c->stream.produce || (!c->closing && bytes_message(&c->in) >= 0);
}

uint32_t tcp_conn_events(const struct tcp_conn *c) {
	if (c->stage == TCP_STAGE_PROXY) return EPOLLIN;
	if (c->stage == TCP_STAGE_TLS) return c->tls && tls_wants_write(c->tls) ? EPOLLOUT : EPOLLIN;
	return tcp_conn_is_busy(c) || has_input(c) ? EPOLLOUT : EPOLLIN;
}

static void make_answers(struct tcp_conn *c, uint32_t events) {
	if (!c->stream.produce) handle_requests(c, &c->in);
	bool may_read = !tcp_conn_is_busy(c) && !c->closing && !c->eof && c->turn.len == 0;
	if (may_read && ((events & EPOLLIN) || has_input(c))) read_requests(c);
	if (c->stream.produce) stream_slice(c);
}

bool tcp_conn_turn(struct tcp_conn *c, uint32_t events) {
	c->answered = c->drained = false;
	if ((events & (EPOLLERR | EPOLLHUP)) || !flush(c, &c->out)) return false;
	if (bytes_left(&c->out) > 0) return true;
	c->drained = true;
	c->turn = (struct tcp_bytes){ .data = c->shared->out, .cap = TCP_OUTPUT_MAX };
	make_answers(c, events);
	bool alive = !c->broken && flush(c, &c->turn) && bytes_keep(c, &c->turn, &c->out);
	c->turn = (struct tcp_bytes){ 0 };
	if (!alive) return false;
	if (bytes_left(&c->out) == 0 && !c->stream.produce) tcp_bytes_free(c, &c->out);
	if (bytes_left(&c->in) == 0) tcp_bytes_free(c, &c->in);
	if (!tcp_conn_is_busy(c) && c->closing && !c->eof) linger(c, events);
	return tcp_conn_is_busy(c) || !c->eof;
}

void tcp_conn_release(struct tcp_conn *c) {
	stream_end(c);
	tcp_bytes_free(c, &c->in);
	tcp_bytes_free(c, &c->out);
	if (!c->tls) return;
	tls_session_free(c->tls, !c->broken);
	c->shared->buffers_used -= TLS_SESSION_BYTES;
	c->tls = NULL;
}

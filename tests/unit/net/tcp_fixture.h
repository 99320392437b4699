/* A worker with one TCP listener on loopback, stepped by the test, and clients.  The first octet of a request says
 * what the handler does:
 *   'e' answer with the request       'n' answer nothing        'z' answer, then close
 *   's' count size: a stream of count messages of size octets, each beginning with its number
 *   'a' a stream that breaks off after one message
 *   't' answer "tls" or "tcp"         'p' answer with who asks, as text
 *   'i' answer with how long it may be idle
 *   'c' answer with the pin of the client's certificate, or "none"
 * The worker's clock is the test's own. */
#ifndef UNDERSTUDY_TESTS_TCP_FIXTURE_H
#define UNDERSTUDY_TESTS_TCP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "net/pin.h"
#include "net/socket.h"
#include "net/worker.h"

static int64_t test_now_ms;

static inline struct moment test_clock(void) {
	return (struct moment){ .wall_s = 0, .mono_ms = test_now_ms };
}

struct tcp_fixture {
	struct net_worker *worker;
	struct addr listen;
	unsigned streams_made, streams_freed;
	unsigned before, after, between;
};

struct test_stream {
	struct tcp_fixture *fixture;
	unsigned next, count, size;
	bool breaks;
};

static inline long test_produce(void *state, uint8_t *buf, size_t cap) {
	struct test_stream *s = state;
	if (s->next == s->count) return s->breaks ? TCP_STREAM_ABORT : TCP_STREAM_END;
	assert_true(cap == TCP_MESSAGE_MAX);
	memset(buf, 'd', s->size);
	store_u32(buf, s->next++);
	return s->size;
}

static inline void test_stream_free(void *state) {
	struct test_stream *s = state;
	s->fixture->streams_freed++;
	free(s);
}

static inline void test_handle(void *ctx, struct tcp_conn *conn, const uint8_t *req, size_t len) {
	struct tcp_fixture *f = ctx;
	switch (req[0]) {
	case 'e':
	case 'z':
		assert_int_equal(tcp_answer(conn, req, len), OK);
		if (req[0] == 'z') tcp_close_after(conn);
		return;
	case 's':
	case 'a': {
		struct test_stream *s = calloc(1, sizeof(*s));
		*s = (struct test_stream){ .fixture = f,
			                   .count = load_u32(req + 1),
			                   .size = load_u16(req + 5) };
		s->breaks = req[0] == 'a';
		f->streams_made++;
		tcp_stream(conn, test_produce, s, test_stream_free);
		return;
	}
	case 't':
		assert_int_equal(tcp_answer(conn, (const uint8_t *)(tcp_is_tls(conn) ? "tls" : "tcp"), 3),
		                 OK);
		return;
	case 'p': {
		char text[ADDR_TEXT_MAX];
		addr_text(tcp_peer(conn), text);
		assert_int_equal(tcp_answer(conn, (const uint8_t *)text, strlen(text)), OK);
		return;
	}
	case 'c': {
		char text[PIN_TEXT_MAX] = "none";
		if (tcp_client_pin(conn)) pin_text(tcp_client_pin(conn), text);
		assert_int_equal(tcp_answer(conn, (const uint8_t *)text, strlen(text)), OK);
		return;
	}
	case 'i': {
		uint8_t idle[4];
		store_u32(idle, tcp_idle_ms(conn));
		assert_int_equal(tcp_answer(conn, idle, 4), OK);
		return;
	}
	default: return;
	}
}

static inline void test_no_udp(void *ctx, struct udp_packet *packets, unsigned count) {
	(void)ctx, (void)packets, (void)count;
}

static inline void test_before(void *ctx) {
	((struct tcp_fixture *)ctx)->before++;
}

static inline void test_after(void *ctx) {
	((struct tcp_fixture *)ctx)->after++;
}

static inline void test_between(void *ctx) {
	((struct tcp_fixture *)ctx)->between++;
}

/* proxies NULL: none. */
static inline struct tcp_fixture *tcp_fixture_start_with(const struct tcp_limits *limits,
                                                         const struct prefix_set *proxies) {
	struct tcp_fixture *f = calloc(1, sizeof(*f));
	struct net_worker_config config = { .udp = test_no_udp,
		                            .tcp = test_handle,
		                            .before_wait = test_before,
		                            .after_wait = test_after,
		                            .between_batches = test_between,
		                            .ctx = f,
		                            .now = test_clock };
	struct addr any;
	struct socket_error error;
	int fd;
	if (limits) config.tcp_limits = *limits;
	assert_int_equal(addr_parse("0.0.0.0", 0, &any), OK);
	assert_int_equal(socket_tcp_listen(&any, &fd, &error), OK);
	assert_int_equal(socket_local_addr(fd, &f->listen), OK);
	assert_int_equal(net_worker_new(&config, &f->worker), OK);
	net_worker_set_proxies(f->worker, proxies);
	assert_int_equal(net_worker_add_tcp(f->worker, fd), OK);
	return f;
}

static inline struct tcp_fixture *tcp_fixture_start(const struct tcp_limits *limits) {
	return tcp_fixture_start_with(limits, NULL);
}

static inline void tcp_fixture_stop(struct tcp_fixture *f) {
	net_worker_free(f->worker);
	assert_int_equal(f->streams_made, f->streams_freed);
	assert_int_equal(f->before, f->after);
	free(f);
}

static inline struct tcp_counters tcp_fixture_counters(const struct tcp_fixture *f) {
	return net_worker_counters(f->worker).tcp;
}

/* Until nothing happens any more at once. */
static inline void tcp_fixture_settle(struct tcp_fixture *f) {
	for (unsigned before = f->between + 1; before != f->between;) {
		before = f->between;
		net_worker_turn(f->worker, 0);
	}
}

/* A client from the loopback address `from`, connected to the port and accepted by the worker. */
static inline int tcp_client_to(struct tcp_fixture *f, const char *from, uint16_t port) {
	struct sockaddr_storage sa;
	struct addr own, to;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(addr_parse(from, 0, &own), OK);
	socklen_t len = addr_to_sockaddr(&own, &sa);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(addr_parse("127.0.0.1", port, &to), OK);
	len = addr_to_sockaddr(&to, &sa);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	uint64_t known = tcp_fixture_counters(f).accepted + tcp_fixture_counters(f).refused;
	for (int i = 0; tcp_fixture_counters(f).accepted + tcp_fixture_counters(f).refused == known; i++) {
		assert_true(i < 1000);
		net_worker_turn(f->worker, 5);
	}
	return fd;
}

static inline int tcp_client_from(struct tcp_fixture *f, const char *from) {
	return tcp_client_to(f, from, f->listen.port);
}

static inline int tcp_client(struct tcp_fixture *f) {
	return tcp_client_from(f, "127.0.0.1");
}

static inline void tcp_send_raw(int fd, const void *data, size_t len) {
	assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

static inline void tcp_send(int fd, const void *message, size_t len) {
	uint8_t frame[65537];
	store_u16(frame, (uint16_t)len);
	memcpy(frame + 2, message, len);
	tcp_send_raw(fd, frame, len + 2);
}

static inline void tcp_send_stream_request(int fd, char kind, uint32_t count, uint16_t size) {
	uint8_t request[7] = { (uint8_t)kind };
	store_u32(request + 1, count);
	store_u16(request + 5, size);
	tcp_send(fd, request, sizeof(request));
}

#define TCP_END (-1) /* the server has closed */

/* n octets, stepping the worker meanwhile; false: the server closed first. */
static inline bool tcp_read_exactly(struct tcp_fixture *f, int fd, uint8_t *buf, size_t n) {
	for (int idle = 0; n > 0 && idle < 3000;) {
		ssize_t got = recv(fd, buf, n, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
		if (got < 0) {
			net_worker_turn(f->worker, 1);
			idle++;
			continue;
		}
		buf += got;
		n -= (size_t)got;
		idle = 0;
	}
	assert_int_equal(n, 0);
	return true;
}

/* Length of the next message, or TCP_END. */
static inline long tcp_read(struct tcp_fixture *f, int fd, uint8_t buf[static TCP_MESSAGE_MAX]) {
	uint8_t head[2];
	if (!tcp_read_exactly(f, fd, head, 2) || !tcp_read_exactly(f, fd, buf, load_u16(head)))
		return TCP_END;
	return load_u16(head);
}

static inline bool tcp_is_closed(struct tcp_fixture *f, int fd) {
	uint8_t octet;
	tcp_fixture_settle(f);
	for (int i = 0; i < 3; i++) {
		ssize_t got = recv(fd, &octet, 1, MSG_DONTWAIT | MSG_PEEK);
		if (got >= 0) return got == 0;
		if (errno != EAGAIN) return true;
		net_worker_turn(f->worker, 1);
	}
	return false;
}

static inline void tcp_expect_echo(struct tcp_fixture *f, int fd) {
	uint8_t buf[TCP_MESSAGE_MAX];
	tcp_send(fd, "echo", 4);
	assert_int_equal(tcp_read(f, fd, buf), 4);
}

#endif

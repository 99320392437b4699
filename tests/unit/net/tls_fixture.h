/* Certificates made by the test, a TLS listener beside tcp_fixture.h's, and TLS clients that step the worker while
 * they wait. */
#ifndef UNDERSTUDY_TESTS_TLS_FIXTURE_H
#define UNDERSTUDY_TESTS_TLS_FIXTURE_H

#include "tcp_fixture.h"

#include <netinet/tcp.h>
#include <stdio.h>

#include "certificate_make.h"
#include "net/tls.h"

static inline struct tls_credentials *tls_credentials_make(const char *name) {
	struct tls_credentials *c = NULL;
	struct tls_files files;
	char text[TLS_TEXT_MAX];
	tls_files_make(&files, name);
	if (tls_credentials_load(files.certificate, files.key, false, &c, text) != OK) fail_msg("%s", text);
	tls_files_remove(&files);
	return c;
}

/* -- the server ---------------------------------------------------------------------------------------------- */

struct tls_fixture {
	struct tcp_fixture *tcp;
	struct addr listen;
};

static inline void tls_fixture_certificate(struct tls_fixture *f, const char *name) {
	struct tls_credentials *c = tls_credentials_make(name);
	net_worker_set_tls(f->tcp->worker, c);
	tls_credentials_unref(c);
}

static inline struct tls_fixture *tls_fixture_start_with(const struct tcp_limits *limits,
                                                         const struct prefix_set *proxies) {
	struct tls_fixture *f = calloc(1, sizeof(*f));
	struct addr any;
	struct socket_error error;
	int fd;
	f->tcp = tcp_fixture_start_with(limits, proxies);
	assert_int_equal(addr_parse("0.0.0.0", 0, &any), OK);
	assert_int_equal(socket_tcp_listen(&any, &fd, &error), OK);
	assert_int_equal(socket_local_addr(fd, &f->listen), OK);
	assert_int_equal(net_worker_add_tls(f->tcp->worker, fd), OK);
	tls_fixture_certificate(f, "one");
	return f;
}

static inline struct tls_fixture *tls_fixture_start(const struct tcp_limits *limits) {
	return tls_fixture_start_with(limits, NULL);
}

static inline void tls_fixture_stop(struct tls_fixture *f) {
	tcp_fixture_stop(f->tcp);
	free(f);
}

static inline void tls_step(struct tls_fixture *f) {
	net_worker_turn(f->tcp->worker, 1);
}

static inline struct tcp_counters tls_counters(const struct tls_fixture *f) {
	return tcp_fixture_counters(f->tcp);
}

/* -- clients -------------------------------------------------------------------------------------------------- */

#define ANY_TLS "NORMAL"
#define TLS_12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS_13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

struct tls_client {
	struct tls_fixture *server;
	int fd;
	size_t sent_max; /* octets to send before the client stops for good; SIZE_MAX: never */
	size_t piece;    /* octets of one send, the worker runs in between; SIZE_MAX: all at once */
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
};

static inline ssize_t tls_client_push(gnutls_transport_ptr_t to, const void *data, size_t len) {
	struct tls_client *c = to;
	size_t piece = len < c->piece ? len : c->piece;
	if (piece > c->sent_max) piece = c->sent_max;
	if (piece == 0) {
		gnutls_transport_set_errno(c->session, EAGAIN);
		return -1;
	}
	ssize_t n = send(c->fd, data, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (c->sent_max != SIZE_MAX && n > 0) c->sent_max -= (size_t)n;
	if (c->piece != SIZE_MAX) tcp_fixture_settle(c->server->tcp);
	return n;
}

static inline ssize_t tls_client_pull(gnutls_transport_ptr_t from, void *buf, size_t len) {
	const struct tls_client *c = from;
	return recv(c->fd, buf, len, MSG_DONTWAIT);
}

/* Connected; the handshake has not begun.  alpn NULL: none is named. */
static inline struct tls_client *tls_client_new_from(struct tls_fixture *f, const char *from,
                                                     const char *priority, const char *alpn) {
	struct tls_client *c = calloc(1, sizeof(*c));
	*c = (struct tls_client){ .server = f, .sent_max = SIZE_MAX, .piece = SIZE_MAX };
	c->fd = tcp_client_to(f->tcp, from, f->listen.port);
	int no_delay = 1;
	assert_int_equal(setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof(no_delay)), 0);
	assert_int_equal(gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL), 0);
	assert_int_equal(gnutls_priority_set_direct(c->session, priority, NULL), 0);
	assert_int_equal(gnutls_certificate_allocate_credentials(&c->credentials), 0);
	assert_int_equal(gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, c->credentials), 0);
	gnutls_datum_t name = { (unsigned char *)(uintptr_t)alpn, alpn ? (unsigned)strlen(alpn) : 0 };
	if (alpn) assert_int_equal(gnutls_alpn_set_protocols(c->session, &name, 1, 0), 0);
	gnutls_transport_set_ptr(c->session, c);
	gnutls_transport_set_push_function(c->session, tls_client_push);
	gnutls_transport_set_pull_function(c->session, tls_client_pull);
	return c;
}

static inline struct tls_client *tls_client_new(struct tls_fixture *f, const char *priority,
                                                const char *alpn) {
	return tls_client_new_from(f, "127.0.0.1", priority, alpn);
}

/* 0, or GnuTLS' error. */
static inline int tls_client_shake(struct tls_client *c) {
	int n = GNUTLS_E_AGAIN;
	for (int i = 0; i < 3000 && (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED); i++) {
		n = gnutls_handshake(c->session);
		if (n != 0) tls_step(c->server);
	}
	return n;
}

static inline struct tls_client *tls_client_open(struct tls_fixture *f, const char *priority) {
	struct tls_client *c = tls_client_new(f, priority, "dot");
	int n = tls_client_shake(c);
	if (n != 0) fail_msg("handshake: %s", gnutls_strerror(n));
	return c;
}

static inline void tls_client_free(struct tls_client *c) {
	gnutls_deinit(c->session);
	gnutls_certificate_free_credentials(c->credentials);
	close(c->fd);
	free(c);
}

static inline void tls_client_send_raw(struct tls_client *c, const void *data, size_t len) {
	const uint8_t *at = data;
	for (int i = 0; len > 0; i++) {
		assert_true(i < 3000);
		ssize_t n = gnutls_record_send(c->session, at, len);
		if (n == GNUTLS_E_AGAIN) {
			tls_step(c->server);
			continue;
		}
		assert_true(n > 0);
		at += n;
		len -= (size_t)n;
	}
}

static inline void tls_client_send(struct tls_client *c, const void *message, size_t len) {
	uint8_t frame[65537];
	store_u16(frame, (uint16_t)len);
	memcpy(frame + 2, message, len);
	tls_client_send_raw(c, frame, len + 2);
}

static inline void tls_client_send_stream_request(struct tls_client *c, char kind, uint32_t count,
                                                  uint16_t size) {
	uint8_t request[7] = { (uint8_t)kind };
	store_u32(request + 1, count);
	store_u16(request + 5, size);
	tls_client_send(c, request, sizeof(request));
}

/* As gnutls_record_recv, but waits; GNUTLS_E_AGAIN: nothing came in the end. */
static inline ssize_t tls_client_recv(struct tls_client *c, uint8_t *buf, size_t cap) {
	ssize_t n = GNUTLS_E_AGAIN;
	for (int i = 0; i < 3000 && (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED); i++) {
		n = gnutls_record_recv(c->session, buf, cap);
		if (n < 0) tls_step(c->server);
	}
	return n;
}

#define TLS_GOODBYE (-1) /* the server said close_notify */
#define TLS_CUT (-2)     /* it ended otherwise */

/* Length of the next message, TLS_GOODBYE or TLS_CUT. */
static inline long tls_client_read(struct tls_client *c, uint8_t buf[static TCP_MESSAGE_MAX]) {
	uint8_t head[2];
	size_t want = 2, have = 0;
	for (int part = 0; part < 2; part++) {
		uint8_t *to = part ? buf : head;
		for (have = 0; have < want;) {
			ssize_t n = tls_client_recv(c, to + have, want - have);
			assert_int_not_equal(n, GNUTLS_E_AGAIN);
			if (n <= 0) return n == 0 ? TLS_GOODBYE : TLS_CUT;
			have += (size_t)n;
		}
		want = load_u16(head);
	}
	return (long)want;
}

static inline void tls_client_expect_echo(struct tls_client *c) {
	uint8_t buf[TCP_MESSAGE_MAX];
	tls_client_send(c, "echo", 4);
	assert_int_equal(tls_client_read(c, buf), 4);
	assert_memory_equal(buf, "echo", 4);
}

/* Until so many connections are open; within a bounded number of turns. */
static inline void tls_wait_open(struct tls_fixture *f, unsigned open) {
	for (int i = 0; tls_counters(f).open != open; i++) {
		assert_true(i < 1000);
		tls_step(f);
	}
}

/* The certificate that the server has shown is for this name. */
static inline void tls_client_expect_name(struct tls_client *c, const char *name) {
	char got[64];
	size_t len = sizeof(got);
	unsigned count = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(c->session, &count);
	gnutls_x509_crt_t crt;
	assert_int_equal(count, 1);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_import(crt, &list[0], GNUTLS_X509_FMT_DER), 0);
	assert_int_equal(gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, got, &len), 0);
	gnutls_x509_crt_deinit(crt);
	assert_string_equal(got, name);
}

#endif

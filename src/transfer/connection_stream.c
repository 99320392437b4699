/* The octets of a connection, in and out, in clear and over TLS. */
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "transfer/connection_parts.h"

#define QUICK_BELOW 16384 /* a read of so many octets is part of a stream that needs no help */

/* Octets on their way to the kernel. */
struct sending {
	uv_write_t request;
	uint8_t *data; /* owned */
};

/* -- writing -- */

static void on_sent(uv_write_t *request, int status) {
	struct connection *c = request->handle->data;
	struct sending *s = (struct sending *)request;
	free(s->data);
	free(s);
	if (status < 0 && status != UV_ECANCELED)
		connection_drop_by_system(c, status, "the question could not be sent");
}

/* Takes data over, of which the first octets are sent already. */
static int send_later(struct connection *c, uint8_t *data, size_t len, size_t sent) {
	struct sending *s = xmalloc(sizeof(*s));
	s->data = data;
	uv_buf_t buf = uv_buf_init((char *)data + sent, (unsigned)(len - sent));
	int status = uv_write(&s->request, (uv_stream_t *)&c->tcp, &buf, 1, on_sent);
	if (status == 0) return 0;
	free(s->data);
	free(s);
	return status;
}

/* Takes data over.  Mostly the kernel takes it at once, which costs no turn of the loop. */
static void send_octets(struct connection *c, uint8_t *data, size_t len) {
	uv_buf_t buf = uv_buf_init((char *)data, (unsigned)len);
	int sent = uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);
	c->has_written = true;
	if (sent == (int)len || (sent < 0 && sent != UV_EAGAIN)) {
		free(data);
		if (sent < 0) connection_fail_soon(c, sent);
		return;
	}
	int status = send_later(c, data, len, sent > 0 ? (size_t)sent : 0);
	if (status < 0) connection_fail_soon(c, status);
}

/* -- TLS -- */

static void send_output(struct connection *c) {
	uint8_t *data;
	size_t len = tls_dial_output(c->tls, &data);
	if (len > 0) send_octets(c, data, len);
}

static void open_for_questions(struct connection *c) {
	c->connected = true;
	connection_restart_timer(c);
	c->owner.opened(c->owner.ctx, c);
}

static void shake_hands(struct connection *c) {
	struct why why;
	enum err e = tls_dial_handshake(c->tls, &why);
	send_output(c);
	if (e == ERR_AGAIN) return;
	if (e == OK)
		open_for_questions(c);
	else
		connection_drop_because(c, NULL, &why);
}

static void take_records(struct connection *c) {
	while (!c->ended) {
		struct why why;
		size_t got = 0;
		enum err e = tls_dial_read(c->tls, c->input + c->input_len,
		                           CONNECTION_INPUT_CAP - c->input_len, &got, &why);
		if (e == ERR_AGAIN) break;
		if (e == OK)
			connection_take_octets(c, got);
		else
			connection_drop_because(c, c->under_way.first, &why);
	}
	if (!c->ended) send_output(c); /* answers to requests for new keys */
}

/* got < 0: a failure of the system. */
static void on_cipher(struct connection *c, ssize_t got) {
	if (got > 0)
		tls_dial_input(c->tls, c->cipher, (size_t)got);
	else if (got == UV_EOF)
		tls_dial_input_end(c->tls);
	else
		connection_drop_by_system(c, (int)got,
		                          c->connected ? "connection lost" : "in the TLS handshake");
	if (!c->ended && !c->connected) shake_hands(c);
	if (!c->ended && c->connected) take_records(c);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
	(void)suggested; /* one frame is all that is ever kept */
	struct connection *c = handle->data;
	if (c->tls)
		*buf = uv_buf_init((char *)c->cipher, CONNECTION_CIPHER_CAP);
	else
		*buf = uv_buf_init((char *)c->input + c->input_len,
		                   (unsigned)(CONNECTION_INPUT_CAP - c->input_len));
}

/* A server that sends an answer as several small writes, with Nagle's algorithm on, waits for our acknowledgement of the
 * first, which the kernel would hold back for 40 ms (measured with PowerDNS: 10,000 small zones took a minute).  What we
 * have just written has brought it along. */
static void acknowledge(struct connection *c, ssize_t got) {
	uv_os_fd_t fd;
	int on = 1;
	if (got >= QUICK_BELOW || c->under_way.count == 0 || c->has_written) return;
	if (uv_fileno((uv_handle_t *)&c->tcp, &fd) != 0) return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on)); /* for speed only */
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf) {
	(void)buf; /* lies in c->input or c->cipher */
	struct connection *c = stream->data;
	if (got == 0) return;
	c->reading = true;
	c->has_written = false;
	if (c->tls)
		on_cipher(c, got);
	else if (got > 0)
		connection_take_octets(c, (size_t)got);
	else
		connection_drop_by_system(c, (int)got,
		                          got == UV_EOF ? "closed by the primary" : "connection lost");
	c->reading = false;
	connection_flush(c);
	if (got > 0 && !c->ended) acknowledge(c, got);
	if (c->ended) connection_tell_end(c);
}

/* -- beginning and asking -- */

void connection_put_question(struct connection *c, const uint8_t *data, size_t len) {
	if (c->output_cap - c->output_len < len) {
		c->output_cap = 2 * c->output_cap + len;
		c->output = xrealloc(c->output, c->output_cap);
	}
	memcpy(c->output + c->output_len, data, len);
	c->output_len += len;
}

static void send_over_tls(struct connection *c, uint8_t *data, size_t len) {
	enum err e = tls_dial_write(c->tls, data, len);
	free(data);
	if (e == OK)
		send_output(c);
	else
		connection_fail_soon_because(c, REASON_TLS_EARLY_CLOSE, "the TLS session takes no more");
}

void connection_flush(struct connection *c) {
	uint8_t *data = c->output;
	size_t len = c->output_len;
	if (c->ended || c->reading || len == 0) return;
	c->output = NULL;
	c->output_len = c->output_cap = 0;
	if (c->tls)
		send_over_tls(c, data, len);
	else
		send_octets(c, data, len);
}

static void begin_tls(struct connection *c) {
	c->tcp_made = true;
	c->tls = tls_dial_new(c->trust);
	if (!c->tls) {
		connection_drop(c, NULL, REASON_INTERNAL, "no memory for a TLS session");
		return;
	}
	c->cipher = xmalloc(CONNECTION_CIPHER_CAP);
	shake_hands(c);
}

void connection_begin_stream(struct connection *c) {
	c->input = xmalloc(CONNECTION_INPUT_CAP);
	(void)uv_tcp_nodelay(&c->tcp, 1); /* for speed only */
	if (c->is_tls) begin_tls(c);
	if (c->ended) return;
	int status = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
	if (status < 0)
		connection_drop_by_system(c, status, "connection lost");
	else if (!c->is_tls)
		open_for_questions(c);
}

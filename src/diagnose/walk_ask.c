#include "diagnose/walk_ask.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/bytes.h"

#define UDP_FIRST_MS 1000
#define UDP_SECOND_MS 2000
#define TCP_MS 5000
#define UDP_CAP 4096 /* we say that 1232 are enough */
#define TCP_CAP (2 + 65535)

struct walk_ask {
	union {
		uv_handle_t handle;
		uv_udp_t udp;
		uv_tcp_t tcp;
		uv_stream_t stream;
	} h;
	uv_timer_t timer;
	const struct walk_ask_ops *ops;
	void *ctx;
	unsigned handles;
	bool over, by_stream;
	int error; /* told from the loop */
	uv_connect_t connect;
	uv_write_t write;
	uint8_t question[2 + WALK_QUESTION_MAX]; /* after its length, which UDP has not */
	size_t len;                              /* without it */
	uint8_t *input;                          /* owned */
	size_t input_len, input_cap;
};

static void on_closed(uv_handle_t *handle) {
	struct walk_ask *a = handle->data;
	if (--a->handles > 0) return;
	const struct walk_ask_ops *ops = a->ops;
	free(a->input);
	free(a);
	ops->closed(ops->closed_ctx);
}

void walk_ask_cancel(struct walk_ask *a) {
	if (!a || a->over) return;
	a->over = true;
	uv_close(&a->h.handle, on_closed);
	uv_close((uv_handle_t *)&a->timer, on_closed);
}

static void fail(struct walk_ask *a, int error) {
	if (a->over) return;
	walk_ask_cancel(a);
	a->ops->failed(a->ctx, error);
}

static void on_error(uv_timer_t *timer) {
	struct walk_ask *a = timer->data;
	fail(a, a->error);
}

static void fail_soon(struct walk_ask *a, int error) {
	a->error = error;
	(void)uv_timer_start(&a->timer, on_error, 0,
	                     0); /* cannot fail: it is initialised, the callback given */
}

static void on_time(uv_timer_t *timer) {
	fail(timer->data, 0);
}

static void take(struct walk_ask *a, const uint8_t *data, size_t len) {
	if (a->ops->answer(a->ctx, data, len)) {
		walk_ask_cancel(a);
	} else if (a->by_stream) {
		fail(a, UV_EPROTO); /* on a connection nobody else answers */
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
	struct walk_ask *a = handle->data;
	(void)suggested; /* for batches */
	*buf = uv_buf_init((char *)a->input + a->input_len, (unsigned)(a->input_cap - a->input_len));
}

/* -- UDP -- */

static void on_datagram(uv_udp_t *udp, ssize_t got, const uv_buf_t *buf, const struct sockaddr *from,
                        unsigned flags) {
	struct walk_ask *a = udp->data;
	(void)buf;  /* a->input */
	(void)from; /* connected: whom was asked */
	(void)flags;
	if (a->over) return;
	if (got < 0) fail(a, (int)got);
	if (got > 0) take(a, a->input, (size_t)got);
}

static void send_once(struct walk_ask *a, uv_timer_cb next, uint64_t wait_ms) {
	uv_buf_t buf = uv_buf_init((char *)a->question + 2, (unsigned)a->len);
	/* A full send buffer is as good as a packet that was lost. */
	int status = uv_udp_try_send(&a->h.udp, &buf, 1, NULL);
	if (status < 0 && status != UV_EAGAIN)
		fail_soon(a, status);
	else
		(void)uv_timer_start(&a->timer, next, wait_ms, 0); /* as above */
}

static void on_send_again(uv_timer_t *timer) {
	send_once(timer->data, on_time, UDP_SECOND_MS);
}

static int begin_udp(uv_loop_t *loop, struct walk_ask *a, const struct sockaddr *to) {
	(void)uv_udp_init(loop, &a->h.udp); /* makes no socket yet */
	a->h.handle.data = a;
	int status = uv_udp_connect(&a->h.udp, to);
	if (status == 0) status = uv_udp_recv_start(&a->h.udp, on_alloc, on_datagram);
	if (status == 0) send_once(a, on_send_again, UDP_FIRST_MS);
	return status;
}

/* -- TCP -- */

static void on_octets(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf) {
	struct walk_ask *a = stream->data;
	(void)buf; /* a->input */
	if (a->over) return;
	if (got < 0) {
		fail(a, (int)got);
		return;
	}
	a->input_len += (size_t)got;
	if (a->input_len < 2 || a->input_len - 2 < load_u16(a->input)) return;
	take(a, a->input + 2, load_u16(a->input));
}

static void on_written(uv_write_t *write, int status) {
	struct walk_ask *a = write->handle->data;
	if (status < 0) fail(a, status);
}

static void on_connected(uv_connect_t *connect, int status) {
	struct walk_ask *a = connect->handle->data;
	if (a->over) return;
	uv_buf_t buf = uv_buf_init((char *)a->question, (unsigned)(2 + a->len));
	if (status == 0) status = uv_write(&a->write, &a->h.stream, &buf, 1, on_written);
	if (status == 0) status = uv_read_start(&a->h.stream, on_alloc, on_octets);
	if (status < 0) fail(a, status);
}

static int begin_tcp(uv_loop_t *loop, struct walk_ask *a, const struct sockaddr *to) {
	(void)uv_tcp_init(loop, &a->h.tcp); /* makes no socket yet */
	a->h.handle.data = a;
	(void)uv_timer_start(&a->timer, on_time, TCP_MS,
	                     0); /* cannot fail: it is initialised, the callback given */
	return uv_tcp_connect(&a->connect, &a->h.tcp, to, on_connected);
}

struct walk_ask *walk_ask_send(uv_loop_t *loop, const struct walk_question *question,
                               const struct walk_ask_ops *ops, void *ctx) {
	struct walk_ask *a = xcalloc(1, sizeof(*a));
	struct sockaddr_storage to;
	a->ops = ops;
	a->ctx = ctx;
	a->handles = 2;
	a->by_stream = question->stream;
	a->len = question->len;
	store_u16(a->question, (uint16_t)question->len);
	memcpy(a->question + 2, question->data, question->len);
	a->input_cap = a->by_stream ? TCP_CAP : UDP_CAP;
	a->input = xmalloc(a->input_cap);
	(void)uv_timer_init(loop, &a->timer); /* always 0 */
	a->timer.data = a;
	(void)addr_to_sockaddr(&question->to, &to); /* its length is the family's */
	int status = a->by_stream ? begin_tcp(loop, a, (const struct sockaddr *)&to)
	                          : begin_udp(loop, a, (const struct sockaddr *)&to);
	if (status < 0) fail_soon(a, status);
	return a;
}

#include "transfer/datagram.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define INPUT_CAP 4096 /* a SOA answer is far smaller */

struct datagram {
	uv_udp_t udp;
	uv_timer_t timer;
	const struct datagram_ops *ops;
	void *ctx;
	const uint16_t *waits_ms;
	unsigned handles;
	int error;
	bool over;
	uint8_t input[INPUT_CAP];
	size_t len;
	uint8_t question[];
};

static void on_closed(uv_handle_t *handle) {
	struct datagram *d = handle->data;
	if (--d->handles > 0) return;
	const struct datagram_ops *ops = d->ops;
	free(d);
	ops->closed(ops->closed_ctx);
}

void datagram_cancel(struct datagram *d) {
	if (!d || d->over) return;
	d->over = true;
	uv_close((uv_handle_t *)&d->udp, on_closed);
	uv_close((uv_handle_t *)&d->timer, on_closed);
}

static void fail(struct datagram *d, int error) {
	if (d->over) return;
	datagram_cancel(d);
	d->ops->failed(d->ctx, error);
}

static void on_error(uv_timer_t *timer) {
	struct datagram *d = timer->data;
	fail(d, d->error);
}

static void fail_soon(struct datagram *d, int error) {
	d->error = error;
	/* Cannot fail: the handle is initialised and the callback given. */
	(void)uv_timer_start(&d->timer, on_error, 0, 0);
}

static void send_once(struct datagram *d);

static void on_wait_over(uv_timer_t *timer) {
	struct datagram *d = timer->data;
	if (*d->waits_ms == 0)
		fail(d, 0);
	else
		send_once(d);
}

static void send_once(struct datagram *d) {
	uv_buf_t buf = uv_buf_init((char *)d->question, (unsigned)d->len);
	/* A connected socket: no address.  A full send buffer is as good as a packet that was lost. */
	int status = uv_udp_try_send(&d->udp, &buf, 1, NULL);
	if (status < 0 && status != UV_EAGAIN) {
		fail_soon(d, status);
		return;
	}
	(void)uv_timer_start(&d->timer, on_wait_over, *d->waits_ms++, 0);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
	(void)suggested; /* for batches */
	struct datagram *d = handle->data;
	*buf = uv_buf_init((char *)d->input, sizeof(d->input));
}

static void on_receive(uv_udp_t *udp, ssize_t got, const uv_buf_t *buf, const struct sockaddr *from,
                       unsigned flags) {
	struct datagram *d = udp->data;
	(void)buf;  /* d->input */
	(void)from; /* connected: the primary */
	(void)flags;
	if (d->over) return;
	if (got < 0) {
		fail(d, (int)got);
	} else if (got > 0 && d->ops->answer(d->ctx, d->input, (size_t)got)) {
		datagram_cancel(d);
	}
}

static int begin(struct datagram *d, const struct datagram_request *request) {
	struct sockaddr_storage sa;
	int status = 0;
	if (request->source.family != AF_UNSPEC) {
		(void)addr_to_sockaddr(&request->source, &sa); /* its length is the family's */
		status = uv_udp_bind(&d->udp, (const struct sockaddr *)&sa, 0);
	}
	(void)addr_to_sockaddr(&request->to, &sa);
	if (status == 0) status = uv_udp_connect(&d->udp, (const struct sockaddr *)&sa);
	if (status == 0) status = uv_udp_recv_start(&d->udp, on_alloc, on_receive);
	return status;
}

struct datagram *datagram_send(uv_loop_t *loop, const struct datagram_request *request,
                               const struct datagram_ops *ops, void *ctx) {
	struct datagram *d = xcalloc(1, sizeof(*d) + request->len);
	d->ops = ops;
	d->ctx = ctx;
	d->waits_ms = request->waits_ms;
	d->handles = 2;
	d->len = request->len;
	memcpy(d->question, request->data, request->len);
	/* Neither can fail: no socket is made yet. */
	(void)uv_udp_init(loop, &d->udp);
	(void)uv_timer_init(loop, &d->timer);
	d->udp.data = d->timer.data = d;
	int status = begin(d, request);
	if (status == 0)
		send_once(d);
	else
		fail_soon(d, status);
	return d;
}

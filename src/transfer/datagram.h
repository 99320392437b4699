/* One question by UDP: sent up to a number of times, each time waiting longer, until an answer is taken.  A fresh
 * socket for each question, so that the port is as hard to guess as the ID (RFC 5452 section 4.5), connected, so
 * that only the primary's answers and its ICMP errors come in.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_DATAGRAM_H
#define UNDERSTUDY_TRANSFER_DATAGRAM_H

#include <uv.h>

#include "base/addr.h"
#include "transfer/ask.h"

struct datagram;
struct datagram_ops {
	/* Something came.  True: it is the answer, the datagram is gone (failed is not called). */
	bool (*answer)(void *ctx, const uint8_t *data, size_t len);
	/* No answer; error: 0 after the last time-out, else of libuv.  The datagram is gone. */
	void (*failed)(void *ctx, int error);
	/* All handles are closed: once for each datagram_send. */
	void (*closed)(void *closed_ctx);
	void *closed_ctx;
};

struct datagram_request {
	struct addr to, source;   /* source: AF_UNSPEC, the system chooses */
	const uint16_t *waits_ms; /* one for each time that it is sent, then 0; borrowed while it runs */
	const uint8_t *data;      /* copied */
	size_t len;
};
/* ops is borrowed until closed.  Never calls back from inside. */
struct datagram *datagram_send(uv_loop_t *loop, const struct datagram_request *request,
                               const struct datagram_ops *ops, void *ctx);
/* No callback but closed follows.  NULL is allowed. */
void datagram_cancel(struct datagram *d);

#endif

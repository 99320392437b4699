/* The connections of one socket; for src/control only.
 *
 *   reading --a whole line--> asked --reply--> answering --written, more--> asked --> ... --written, last--> reading
 *      |                        |                  |
 *      | end, too long          | socket stops     | REPLY_MS without progress, error
 *      v                        v                  v
 *    closed <-------------------+------------------+
 *
 * While a request is answered nothing is read, and the next reply is made when the former one has been taken: a client
 * costs at most one request and one reply, whether or not it reads.  A connection that ends while the desk has its
 * request leaves it there; it is freed when it is back. */
#ifndef UNDERSTUDY_CONTROL_CONN_H
#define UNDERSTUDY_CONTROL_CONN_H

#include "control/request.h"

struct conn;

struct conns {
	const struct control_backend *backend; /* borrowed, as the others */
	struct log *log;
	struct desk *desk;
	bool is_operator;       /* who connects may do everything */
	unsigned max;           /* at once */
	size_t input_bytes_max; /* of all that was read and not answered */
	/* When the handle of a connection is closed; many may follow conns_close. */
	void (*closed)(void *ctx);
	void *ctx;
	/* conn.c's own. */
	struct conn **list;
	size_t input_bytes;
};

void conns_init(struct conns *conns); /* the fields above are filled */
void conns_done(struct conns *conns); /* all connections are closed */
/* Accept one.  false: there is no handle, and closed will not be called. */
bool conns_accept(struct conns *conns, uv_stream_t *listener);
/* Who takes nothing is let go, and with it what it holds. */
void conns_tick(struct conns *conns, uint64_t now_ms);
void conns_close(struct conns *conns);

#endif

/* HTTP/1.1 (RFC 9112) and HTTPS on listening sockets: the only file that knows libmicrohttpd is server.c.
 *
 * libmicrohttpd runs in the loop's thread: its epoll descriptor and its next deadline are watched by libuv.  An
 * exchange whose answer is still being made is suspended.
 * Bounds (struct server_bounds): connections overall and of one IPv4 address or IPv6 /64, octets of a head and of a
 * body, octets of all bodies together, seconds for a whole request and without any octet.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_WEB_SERVER_H
#define UNDERSTUDY_WEB_SERVER_H

#include <uv.h>

#include "base/addr.h"
#include "base/err.h"
#include "web/exchange.h"

#define SERVER_FAULT_MAX 256

struct server_bounds {
	unsigned connections, connections_per_address;
	size_t head_bytes, body_bytes, bodies_bytes;
	unsigned idle_s, request_s;
};

struct server_calls {
	void (*head)(struct exchange *x); /* the head is there: refuse by it, or do nothing */
	void (*run)(struct exchange *x);  /* all is there */
	void (*gone)(struct exchange *x); /* for the log */
	struct site *site;
};

/* PEM texts; NULL: no TLS.  Borrowed while the server is open. */
struct server_tls {
	const char *certificate, *key;
};

/* Listen on a.  calls and bounds are copied.  ERR_IO: out_fault tells. */
MUST_CHECK enum err server_open(uv_loop_t *loop, const struct addr *a, const struct server_tls *tls,
                                const struct server_bounds *bounds, const struct server_calls *calls,
                                struct server **out_server, char out_fault[static SERVER_FAULT_MAX]);
/* Other bounds from now on; of connections and idleness those hold that it was opened with. */
void server_configure(struct server *s, const struct server_bounds *bounds);
/* What is still being answered is broken off with 503. */
void server_close(struct server *s);

/* The address it listens on. */
struct addr server_address(const struct server *s);

#endif

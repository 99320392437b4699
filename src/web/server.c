#include "web/server.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/socket.h"

#define TICK_MS 1000
#define BLOCK 32768          /* octets of a stream that are taken at once */
#define CONNECTIONS_SLACK 64 /* beyond our own bound, which closes politely */
#define LAST_TURNS 4         /* of libmicrohttpd, for the last answers */
#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct client {
	struct MHD_Connection *connection;
	struct addr from;
	uint64_t since_ms;    /* when it began to wait for a request */
	bool receiving;       /* a request, or the wait for one */
	struct exchange *now; /* NULL: none */
	struct client *next, **back;
};

struct server {
	uv_loop_t *loop;
	uv_poll_t poll;
	uv_timer_t turn, tick;
	struct MHD_Daemon *mhd;
	struct server_bounds bounds;
	struct server_calls calls;
	struct addr address;
	bool tls;
	int fd; /* the listening socket: libmicrohttpd owns it once it runs */
	unsigned handles, clients_count;
	size_t bodies_bytes;
	struct client *clients;
	struct exchange *exchanges;
};

/* -- libmicrohttpd's turns ------------------------------------------------------------------------------------ */

static void on_turn(uv_timer_t *timer);

static void turn(struct server *s) {
	if (!s->mhd) return;
	(void)MHD_run(s->mhd); /* fails with wrong flags only */
	MHD_UNSIGNED_LONG_LONG wait_ms = 0;
	if (MHD_get_timeout(s->mhd, &wait_ms) == MHD_YES)
		(void)uv_timer_start(&s->turn, on_turn, wait_ms, 0); /* fails without a callback only */
	else
		(void)uv_timer_stop(&s->turn); /* never fails */
}

static void on_turn(uv_timer_t *timer) {
	turn(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
	(void)status;
	(void)events;
	turn(poll->data);
}

void server_wake(struct exchange *x) {
	if (!x->suspended || !x->server->mhd) return;
	x->suspended = false;
	MHD_resume_connection(x->connection);
	(void)uv_timer_start(&x->server->turn, on_turn, 0, 0); /* as above */
}

static void suspend(struct exchange *x) {
	x->suspended = true;
	MHD_suspend_connection(x->connection);
}

/* Of a request whose head was never whole libmicrohttpd does not tell the end: the client's end, or next request, is. */
static void exchange_gone(struct exchange *x) {
	struct server *s = x->server;
	s->calls.gone(x);
	s->bodies_bytes -= x->received_cap;
	*x->back = x->next;
	if (x->next) x->next->back = x->back;
	exchange_clear(x);
	free(x);
}

/* -- connections ------------------------------------------------------------------------------------------------ */

static bool same_network(const struct addr *a, const struct addr *b) {
	return a->family == b->family && memcmp(a->ip, b->ip, a->family == AF_INET ? 4 : 8) == 0;
}

static int client_fd(const struct client *c) {
	return MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* libmicrohttpd sees the end and closes. */
static void client_shut(struct client *c) {
	(void)shutdown(client_fd(c), SHUT_RDWR); /* it may be gone already */
}

/* Whoever has waited the longest without a request gives way. */
static void make_room(struct server *s) {
	struct client *quiet = NULL;
	for (struct client *c = s->clients; c; c = c->next) {
		if (c->receiving && !c->now && (!quiet || c->since_ms < quiet->since_ms)) quiet = c;
	}
	if (quiet) client_shut(quiet);
}

static enum MHD_Result on_accept(void *cls, const struct sockaddr *sa, socklen_t len) {
	struct server *s = cls;
	(void)len;
	struct addr from = addr_from_sockaddr(sa);
	unsigned same = 0;
	for (struct client *c = s->clients; c; c = c->next)
		same += same_network(&c->from, &from);
	if (same >= s->bounds.connections_per_address) return MHD_NO;
	if (s->clients_count >= s->bounds.connections) make_room(s);
	return s->clients_count < s->bounds.connections + CONNECTIONS_SLACK / 2 ? MHD_YES : MHD_NO;
}

static void client_begin(struct server *s, struct MHD_Connection *connection, void **out_context) {
	struct client *c = xcalloc(1, sizeof(*c));
	c->connection = connection;
	c->from = addr_from_sockaddr(
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
	c->since_ms = uv_now(s->loop);
	c->receiving = true;
	c->next = s->clients;
	c->back = &s->clients;
	if (c->next) c->next->back = &c->next;
	s->clients = c;
	s->clients_count++;
	*out_context = c;
}

static void client_end(struct server *s, struct client *c) {
	if (!c) return;
	if (c->now) exchange_gone(c->now);
	*c->back = c->next;
	if (c->next) c->next->back = c->back;
	s->clients_count--;
	free(c);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code) {
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		client_begin(cls, connection, context);
	else
		client_end(cls, *context);
}

static struct client *client_of(struct MHD_Connection *connection) {
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* Who is slow with a request: where it can still be read, the client is told why. */
static void client_late(struct server *s, struct client *c) {
	static const char text[] =
		"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
	if (c->now && !s->tls)
		(void)send(client_fd(c), text, sizeof(text) - 1,
		           MSG_NOSIGNAL | MSG_DONTWAIT); /* a courtesy */
	client_shut(c);
}

static void on_tick(uv_timer_t *tick) {
	struct server *s = tick->data;
	uint64_t now_ms = uv_now(s->loop);
	for (struct client *c = s->clients; c; c = c->next) {
		if (c->receiving && now_ms - c->since_ms > s->bounds.request_s * 1000ULL) client_late(s, c);
	}
}

/* -- requests ----------------------------------------------------------------------------------------------------- */

/* The first line is there: with this call the exchange begins. */
static void *on_target(void *cls, const char *uri, struct MHD_Connection *connection) {
	struct server *s = cls;
	struct client *c = client_of(connection);
	if (c->now) exchange_gone(c->now);
	struct exchange *x = xcalloc(1, sizeof(*x));
	x->site = s->calls.site;
	x->server = s;
	x->connection = connection;
	x->from = c->from;
	x->begun_ms = uv_now(s->loop);
	x->target_error = target_parse(uri, &x->target);
	x->next = s->exchanges;
	x->back = &s->exchanges;
	if (x->next) x->next->back = &x->next;
	s->exchanges = x;
	c->now = x;
	return x;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code) {
	struct server *s = cls;
	struct exchange *x = *context;
	struct client *c = client_of(connection);
	(void)code;
	if (!x) return;
	exchange_gone(x);
	*context = NULL;
	if (!c) return;
	c->now = NULL;
	c->receiving = true;
	c->since_ms = uv_now(s->loop);
}

const char *exchange_header(struct exchange *x, const char *name) {
	return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

static ssize_t on_read(void *cls, uint64_t pos, char *buf, size_t max) {
	struct exchange *x = cls;
	(void)pos;
	size_t left = x->len - x->taken;
	if (left == 0 && x->ended)
		return x->broken ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
	if (left == 0) {
		suspend(x);
		return 0;
	}
	size_t n = left < max ? left : max;
	memcpy(buf, x->text + x->taken, n);
	x->taken += n;
	if (x->drained && !exchange_full(x)) x->drained(x);
	return (ssize_t)n;
}

static struct MHD_Response *response_of(struct exchange *x) {
	if (x->stream) return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, x, NULL);
	struct MHD_Response *r = MHD_create_response_from_buffer(x->len, x->text, MHD_RESPMEM_MUST_FREE);
	if (r) x->text = NULL;
	return r;
}

/* Hands the answer to libmicrohttpd. */
static enum MHD_Result take_answer(struct exchange *x) {
	struct MHD_Response *r = response_of(x);
	if (!r) return MHD_NO;
	for (unsigned i = 0; i < x->header_count; i++) {
		if (MHD_add_response_header(r, x->headers[i].name, x->headers[i].value) == MHD_YES) continue;
		MHD_destroy_response(r);
		return MHD_NO;
	}
	x->stage = STAGE_SENDING;
	client_of(x->connection)->receiving = false;
	enum MHD_Result done = MHD_queue_response(x->connection, (unsigned)x->status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result begin(struct exchange *x, const char *method) {
	x->stage = STAGE_RECEIVING;
	x->method = method_parse(method);
	const char *length = exchange_header(x, "Content-Length");
	x->server->calls.head(x);
	/* An answer before the body ends the connection; where there is no body that can be avoided. */
	bool body = length || exchange_header(x, "Transfer-Encoding");
	if (x->stage != STAGE_RECEIVING) return body ? take_answer(x) : MHD_YES;
	if (length && strtoull(length, NULL, 10) > x->server->bounds.body_bytes) {
		exchange_error(x, 413, "a body has at most %zu octets", x->server->bounds.body_bytes);
		return take_answer(x);
	}
	return MHD_YES;
}

/* More of the body.  Of one that is too big nothing is kept, and little is read on. */
static enum MHD_Result receive(struct exchange *x, const char *data, size_t len) {
	struct server *s = x->server;
	size_t whole = x->received_len + len;
	if (x->too_big || whole > s->bounds.body_bytes) {
		x->too_big = true;
		x->received_len = whole;
		return whole > 2 * s->bounds.body_bytes ? MHD_NO : MHD_YES;
	}
	if (whole > x->received_cap) {
		size_t cap = x->received_cap ? x->received_cap * 2 : BLOCK;
		while (cap < whole)
			cap *= 2;
		if (s->bodies_bytes + (cap - x->received_cap) > s->bounds.bodies_bytes) return MHD_NO;
		s->bodies_bytes += cap - x->received_cap;
		x->received = xrealloc(x->received, cap);
		x->received_cap = cap;
	}
	memcpy(x->received + x->received_len, data, len);
	x->received_len = whole;
	return MHD_YES;
}

static void run(struct exchange *x) {
	x->stage = STAGE_RUNNING;
	client_of(x->connection)->receiving = false;
	if (x->too_big) {
		x->received_len = 0;
		exchange_error(x, 413, "a body has at most %zu octets", x->server->bounds.body_bytes);
	} else {
		x->server->calls.run(x);
	}
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data, size_t *len,
                                  void **context) {
	struct exchange *x = *context;
	(void)cls;
	(void)connection;
	(void)url;
	(void)version;
	if (x->stage == STAGE_NEW) return begin(x, method);
	if (x->stage == STAGE_RECEIVING && *len > 0) {
		size_t n = *len;
		*len = 0;
		return receive(x, data, n);
	}
	if (x->stage == STAGE_RECEIVING) run(x);
	if (x->stage == STAGE_ANSWERED) return take_answer(x);
	if (x->stage == STAGE_RUNNING) suspend(x);
	return MHD_YES;
}

/* -- the server ---------------------------------------------------------------------------------------------------- */

static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *text) {
	(void)cls;
	(void)connection;
	return strlen(text); /* target.c does it once, and strictly */
}

static struct MHD_Daemon *start(struct server *s, const struct server_tls *tls) {
	struct MHD_OptionItem tls_options[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)tls->certificate },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)tls->key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (tls->certificate ? MHD_USE_TLS : 0U);
	return MHD_start_daemon(flags, 0, on_accept, s, on_request, s, MHD_OPTION_LISTEN_SOCKET, s->fd,
	                        MHD_OPTION_CONNECTION_LIMIT, s->bounds.connections + CONNECTIONS_SLACK,
	                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, s->bounds.head_bytes,
	                        MHD_OPTION_CONNECTION_TIMEOUT, s->bounds.idle_s, MHD_OPTION_URI_LOG_CALLBACK,
	                        on_target, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
	                        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_UNESCAPE_CALLBACK,
	                        leave_escaped, s, MHD_OPTION_ARRAY,
	                        tls->certificate ? tls_options : &tls_options[3], MHD_OPTION_END);
}

static void handle_closed(uv_handle_t *handle) {
	struct server *s = handle->data;
	if (--s->handles == 0) free(s);
}

static void watch(struct server *s) {
	int fd = MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	if (uv_poll_init(s->loop, &s->poll, fd) != 0 || uv_timer_init(s->loop, &s->turn) != 0 ||
	    uv_timer_init(s->loop, &s->tick) != 0)
		abort(); /* an epoll descriptor can be watched */
	s->poll.data = s->turn.data = s->tick.data = s;
	s->handles = 3;
	(void)uv_poll_start(&s->poll, UV_READABLE, on_poll); /* fail without a callback only */
	(void)uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
}

enum err server_open(uv_loop_t *loop, const struct addr *a, const struct server_tls *tls,
                     const struct server_bounds *bounds, const struct server_calls *calls,
                     struct server **out_server, char out_fault[static SERVER_FAULT_MAX]) {
	struct socket_error why = { 0 };
	int fd = -1;
	enum err e = socket_tcp_listen(a, &fd, &why);
	if (e != OK) {
		snprintf(out_fault, SERVER_FAULT_MAX, "%s", why.text);
		return e;
	}
	struct server *s = xcalloc(1, sizeof(*s));
	*s = (struct server){ .loop = loop, .fd = fd, .address = *a, .bounds = *bounds, .calls = *calls };
	s->tls = tls->certificate;
	s->mhd = start(s, tls);
	if (!s->mhd) {
		char text[ADDR_TEXT_MAX];
		snprintf(out_fault, SERVER_FAULT_MAX, "HTTP cannot be served on %s%s", addr_text(a, text),
		         tls->certificate ? ": do certificate and key fit?" : "");
		close(fd);
		free(s);
		return ERR_IO;
	}
	watch(s);
	*out_server = s;
	return OK;
}

void server_close(struct server *s) {
	if (!s) return;
	for (struct exchange *x = s->exchanges; x; x = x->next) {
		if (x->stage == STAGE_RUNNING) exchange_error(x, 503, "the server stops");
		if (x->stream) exchange_end(x, false);
		server_wake(x);
	}
	for (int i = 0; i < LAST_TURNS; i++)
		(void)MHD_run(s->mhd); /* as in turn() */
	(void)uv_poll_stop(&s->poll);  /* never fails */
	struct MHD_Daemon *mhd = s->mhd;
	MHD_stop_daemon(mhd);
	s->mhd = NULL;
	uv_close((uv_handle_t *)&s->poll, handle_closed);
	uv_close((uv_handle_t *)&s->turn, handle_closed);
	uv_close((uv_handle_t *)&s->tick, handle_closed);
}

void server_configure(struct server *s, const struct server_bounds *bounds) {
	if (s) s->bounds = *bounds;
}

struct addr server_address(const struct server *s) {
	return s->address;
}

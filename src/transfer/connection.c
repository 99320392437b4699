#include "transfer/connection.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "dns/message.h"
#include "net/tls_dial.h"
#include "transfer/ask.h"

#define INPUT_CAP (2 + 65535)
#define CIPHER_CAP 32768
#define QUICK_BELOW 16384 /* a read of so many octets is part of a stream that needs no help */

struct connection {
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_connect_t connect;
	struct connection_owner owner;
	struct random *random;
	struct exchange_list under_way;
	unsigned answered;
	unsigned handles; /* not yet closed */
	bool connected, ended;
	bool is_tls;
	bool tcp_made;           /* TLS: what is missing is the handshake */
	struct tls_dial *tls;    /* NULL: not over TLS, or not yet */
	struct tls_trust *trust; /* a reference, until tls has its own */
	uint8_t *cipher;         /* CIPHER_CAP octets as they come, with tls */
	bool reading;            /* inside on_read: what ends it is told afterwards */
	struct connection_end end;
	int error;        /* of a call that failed at once: told from the loop */
	struct why early; /* as error; REASON_NONE: error tells */
	int64_t frame_ms; /* when the frame that is not yet whole began */
	uint8_t *input;
	size_t input_len;
};

/* Octets on their way to the kernel. */
struct sending {
	uv_write_t request;
	uint8_t *data; /* owned */
};

#define QUESTION_CAP (2 + ASK_MAX_LEN)

/* -- lists -- */

void exchange_append(struct exchange_list *list, struct exchange *x) {
	x->next = NULL;
	x->prev = list->last;
	if (list->last)
		list->last->next = x;
	else
		list->first = x;
	list->last = x;
	list->count++;
}

void exchange_prepend(struct exchange_list *list, struct exchange *x) {
	x->prev = NULL;
	x->next = list->first;
	if (list->first)
		list->first->prev = x;
	else
		list->last = x;
	list->first = x;
	list->count++;
}

void exchange_unlink(struct exchange_list *list, struct exchange *x) {
	if (x->prev)
		x->prev->next = x->next;
	else
		list->first = x->next;
	if (x->next)
		x->next->prev = x->prev;
	else
		list->last = x->prev;
	x->next = x->prev = NULL;
	list->count--;
}

/* -- the end -- */

static void on_closed(uv_handle_t *handle) {
	struct connection *c = handle->data;
	if (--c->handles > 0) return;
	struct connection_owner owner = c->owner;
	tls_dial_free(c->tls);
	tls_trust_unref(c->trust);
	free(c->cipher);
	free(c->input);
	free(c);
	owner.closed(owner.ctx);
}

/* What the session still has to say, as far as the kernel takes it at once. */
static void say_goodbye(struct connection *c) {
	uint8_t *data;
	if (!c->tls) return;
	tls_dial_goodbye(c->tls);
	size_t len = tls_dial_output(c->tls, &data);
	if (len == 0) return;
	uv_buf_t buf = uv_buf_init((char *)data, (unsigned)len);
	(void)uv_try_write((uv_stream_t *)&c->tcp, &buf, 1); /* for politeness only */
	free(data);
}

static void tell_end(struct connection *c) {
	say_goodbye(c);
	c->end.under_way = c->under_way;
	c->end.connected = c->connected;
	c->end.answered = c->answered;
	c->under_way = (struct exchange_list){ 0 };
	for (struct exchange *x = c->end.under_way.first; x; x = x->next)
		x->connection = NULL;
	uv_close((uv_handle_t *)&c->tcp, on_closed);
	uv_close((uv_handle_t *)&c->timer, on_closed);
	c->owner.ended(c->owner.ctx, c, &c->end);
}

static void drop_because(struct connection *c, struct exchange *guilty, const struct why *why) {
	if (c->ended) return;
	c->ended = true;
	c->end.guilty = guilty;
	c->end.why = *why;
	if (!c->reading) tell_end(c);
}

void connection_drop(struct connection *c, struct exchange *guilty, enum reason reason, const char *text) {
	struct why why;
	why_set(&why, reason, "%s", text);
	drop_because(c, guilty, &why);
}

/* Over TLS a connection that is cut may be somebody's doing (RFC 8446 section 6.1). */
static enum reason reason_of_status(const struct connection *c, int status) {
	if (status == UV_EOF || status == UV_ECONNRESET || status == UV_EPIPE)
		return c->tls ? REASON_TLS_EARLY_CLOSE : REASON_CLOSED;
	return status == UV_ETIMEDOUT ? REASON_TIMEOUT : REASON_UNREACHABLE;
}

static void drop_by_system(struct connection *c, int status, const char *what) {
	char text[WHY_TEXT_MAX];
	struct writer w = writer_init(text, sizeof(text) - 1);
	write_bytes(&w, what, strlen(what));
	write_bytes(&w, ": ", 2);
	write_bytes(&w, uv_strerror(status), strlen(uv_strerror(status)));
	text[w.len] = '\0';
	enum reason reason = reason_of_status(c, status);
	/* A server works on the first question sent: it is the one whose answer was cut, or that was not liked. */
	connection_drop(c, c->under_way.first, reason, text);
}

/* -- time -- */

static void on_timer(uv_timer_t *timer) {
	struct connection *c = timer->data;
	if (!c->connected) {
		connection_drop(c, NULL, c->tcp_made ? REASON_TLS_TIMEOUT : REASON_TIMEOUT,
		                c->tcp_made ? "the TLS handshake was not done within 5 s"
		                            : "no TCP connection within 5 s");
	} else if (c->under_way.count == 0) {
		connection_drop(c, NULL, REASON_NONE, "idle");
	} else {
		struct exchange *oldest = c->under_way.first;
		connection_drop(c, oldest, oldest->begun ? REASON_STALLED : REASON_TIMEOUT,
		                oldest->begun ? "nothing more came for 20 s" : "no answer within 20 s");
	}
}

static void on_error(uv_timer_t *timer) {
	struct connection *c = timer->data;
	if (c->early.reason != REASON_NONE) {
		drop_because(c, c->under_way.first, &c->early);
		return;
	}
	drop_by_system(c, c->error,
	               c->connected ? "the question could not be sent" : "TCP connection failed");
}

/* Have it told by the loop: callers do not expect the end of a connection from inside their own call. */
static void fail_soon(struct connection *c, int status) {
	c->error = status;
	(void)uv_timer_start(&c->timer, on_error, 0, 0); /* cannot fail, as below */
}

static void fail_soon_because(struct connection *c, enum reason reason, const char *text) {
	why_set(&c->early, reason, "%s", text);
	fail_soon(c, 0);
}

static void restart_timer(struct connection *c) {
	uint64_t ms = !c->connected             ? CONNECTION_CONNECT_MS
	              : c->under_way.count == 0 ? CONNECTION_IDLE_MS
	                                        : CONNECTION_PROGRESS_MS;
	/* Cannot fail: the handle is initialised and the callback given. */
	(void)uv_timer_start(&c->timer, on_timer, ms, 0);
}

static int64_t now_ms(const struct connection *c) {
	return (int64_t)uv_now(c->tcp.loop);
}

/* -- answers -- */

static struct exchange *find(const struct connection *c, uint16_t id) {
	struct exchange *x = c->under_way.first;
	while (x && x->id != id)
		x = x->next;
	return x;
}

static bool is_too_slow(const struct connection *c, const struct exchange *x) {
	int64_t ms = now_ms(c) - x->begun_ms - CONNECTION_SLOW_AFTER_MS;
	return ms > 0 && x->octets < (uint64_t)ms / 1000 * CONNECTION_SLOW_OCTETS_S;
}

/* Questions before x on this connection that still wait for their first message were passed over. */
static struct exchange *pass_over(struct exchange *x) {
	struct exchange *lost = NULL;
	for (struct exchange *older = x->prev; older; older = older->prev) {
		if (!older->begun && ++older->passed > CONNECTION_PASSED_MAX) lost = older;
	}
	return lost;
}

static void complete(struct connection *c, struct exchange *x, enum exchange_verdict verdict) {
	struct exchange *lost = pass_over(x);
	exchange_unlink(&c->under_way, x);
	x->connection = NULL;
	if (verdict == EXCHANGE_DONE) c->answered++;
	if (verdict == EXCHANGE_DROP)
		connection_drop(c, NULL, REASON_CLOSED, "given up because of an unusable answer");
	else if (lost)
		connection_drop(c, lost, REASON_TIMEOUT, "later questions were answered, this one was not");
	c->owner.finished(c->owner.ctx, c, x);
}

static void take_message(struct connection *c, const uint8_t *data, size_t len) {
	struct exchange *x = len >= MESSAGE_HEADER_LEN ? find(c, load_u16(data)) : NULL;
	if (!x) {
		connection_drop(c, c->under_way.first, REASON_BAD_MESSAGE,
		                "a message that answers no question");
		return;
	}
	if (!x->begun) x->begun_ms = now_ms(c);
	x->begun = true;
	x->octets += len;
	enum exchange_verdict verdict = x->ops->message(x, data, len);
	if (verdict != EXCHANGE_MORE)
		complete(c, x, verdict);
	else if (is_too_slow(c, x))
		connection_drop(c, x, REASON_STALLED, "less than 1 KiB/s on average");
}

static void take_messages(struct connection *c) {
	size_t pos = 0;
	while (!c->ended && c->input_len - pos >= 2) {
		size_t len = load_u16(c->input + pos);
		if (c->input_len - pos - 2 < len) break;
		take_message(c, c->input + pos + 2, len);
		pos += 2 + len;
	}
	c->input_len -= pos;
	memmove(c->input, c->input + pos, c->input_len);
	if (pos > 0) c->frame_ms = now_ms(c);
	if (c->input_len > 0 && now_ms(c) - c->frame_ms > CONNECTION_SLOW_AFTER_MS)
		connection_drop(c, c->under_way.first, REASON_STALLED,
		                "a message took more than ten minutes");
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
	(void)suggested; /* one frame is all that is ever kept */
	struct connection *c = handle->data;
	if (c->tls)
		*buf = uv_buf_init((char *)c->cipher, CIPHER_CAP);
	else
		*buf = uv_buf_init((char *)c->input + c->input_len, (unsigned)(INPUT_CAP - c->input_len));
}

/* A server that sends an answer as several small writes, with Nagle's algorithm on, waits for our acknowledgement of the
 * first, which the kernel would hold back for 40 ms (measured with PowerDNS: 10,000 small zones took a minute). */
static void acknowledge(struct connection *c, ssize_t got) {
	uv_os_fd_t fd;
	int on = 1;
	if (got >= QUICK_BELOW || c->under_way.count == 0) return;
	if (uv_fileno((uv_handle_t *)&c->tcp, &fd) != 0) return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on)); /* for speed only */
}

static void take_octets(struct connection *c, size_t got) {
	if (c->input_len == 0) c->frame_ms = now_ms(c);
	c->input_len += got;
	take_messages(c);
	if (!c->ended) restart_timer(c);
}

/* -- writing -- */

static void on_sent(uv_write_t *request, int status) {
	struct connection *c = request->handle->data;
	struct sending *s = (struct sending *)request;
	free(s->data);
	free(s);
	if (status < 0 && status != UV_ECANCELED) drop_by_system(c, status, "the question could not be sent");
}

/* Takes data over. */
static void send_octets(struct connection *c, uint8_t *data, size_t len) {
	struct sending *s = xmalloc(sizeof(*s));
	s->data = data;
	uv_buf_t buf = uv_buf_init((char *)data, (unsigned)len);
	int status = uv_write(&s->request, (uv_stream_t *)&c->tcp, &buf, 1, on_sent);
	if (status == 0) return;
	free(s->data);
	free(s);
	fail_soon(c, status);
}

/* -- TLS -- */

static void send_output(struct connection *c) {
	uint8_t *data;
	size_t len = tls_dial_output(c->tls, &data);
	if (len > 0) send_octets(c, data, len);
}

static void open_for_questions(struct connection *c) {
	c->connected = true;
	restart_timer(c);
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
		drop_because(c, NULL, &why);
}

static void take_records(struct connection *c) {
	while (!c->ended) {
		struct why why;
		size_t got = 0;
		enum err e = tls_dial_read(c->tls, c->input + c->input_len, INPUT_CAP - c->input_len, &got,
		                           &why);
		if (e == ERR_AGAIN) break;
		if (e == OK)
			take_octets(c, got);
		else
			drop_because(c, c->under_way.first, &why);
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
		drop_by_system(c, (int)got, c->connected ? "connection lost" : "in the TLS handshake");
	if (!c->ended && !c->connected) shake_hands(c);
	if (!c->ended && c->connected) take_records(c);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf) {
	(void)buf; /* lies in c->input or c->cipher */
	struct connection *c = stream->data;
	if (got == 0) return;
	c->reading = true;
	if (c->tls)
		on_cipher(c, got);
	else if (got > 0)
		take_octets(c, (size_t)got);
	else
		drop_by_system(c, (int)got, got == UV_EOF ? "closed by the primary" : "connection lost");
	if (got > 0 && !c->ended) acknowledge(c, got);
	c->reading = false;
	if (c->ended) tell_end(c);
}

/* -- questions -- */

static uint16_t free_id(struct connection *c) {
	for (;;) {
		uint16_t id = (uint16_t)random_u64(c->random);
		if (!find(c, id)) return id;
	}
}

/* Takes data over. */
static void send_question(struct connection *c, uint8_t *data, size_t len) {
	if (!c->tls) {
		send_octets(c, data, len);
		return;
	}
	enum err e = tls_dial_write(c->tls, data, len);
	free(data);
	if (e == OK)
		send_output(c);
	else
		fail_soon_because(c, REASON_TLS_EARLY_CLOSE, "the TLS session takes no more");
}

void connection_send(struct connection *c, struct exchange *x) {
	uint8_t *data = xmalloc(QUESTION_CAP);
	x->id = free_id(c);
	x->connection = c;
	x->begun = false;
	x->passed = 0;
	x->octets = 0;
	size_t len = x->ops->begin(x, x->id, data + 2, QUESTION_CAP - 2);
	store_u16(data, (uint16_t)len);
	exchange_append(&c->under_way, x);
	if (c->under_way.count == 1) restart_timer(c);
	send_question(c, data, 2 + len);
}

static void begin_tls(struct connection *c) {
	c->tcp_made = true;
	c->tls = tls_dial_new(c->trust);
	if (!c->tls) {
		connection_drop(c, NULL, REASON_INTERNAL, "no memory for a TLS session");
		return;
	}
	c->cipher = xmalloc(CIPHER_CAP);
	shake_hands(c);
}

static void on_connect(uv_connect_t *request, int status) {
	struct connection *c = request->handle->data;
	if (status == UV_ECANCELED || c->ended) return;
	if (status < 0) {
		drop_by_system(c, status, "TCP connection failed");
		return;
	}
	c->input = xmalloc(INPUT_CAP);
	(void)uv_tcp_nodelay(&c->tcp, 1); /* for speed only */
	if (c->is_tls) begin_tls(c);
	if (c->ended) return;
	status = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
	if (status < 0)
		drop_by_system(c, status, "connection lost");
	else if (!c->is_tls)
		open_for_questions(c);
}

static int begin_connect(struct connection *c, const struct addr *to, const struct addr *source) {
	struct sockaddr_storage sa;
	if (source->family != AF_UNSPEC) {
		(void)addr_to_sockaddr(source, &sa); /* its length is the family's */
		int status = uv_tcp_bind(&c->tcp, (const struct sockaddr *)&sa, 0);
		if (status < 0) return status;
	}
	(void)addr_to_sockaddr(to, &sa);
	return uv_tcp_connect(&c->connect, &c->tcp, (const struct sockaddr *)&sa, on_connect);
}

struct connection *connection_open(uv_loop_t *loop, const struct addr *to, const struct addr *source,
                                   const struct trusted *tls, const struct connection_owner *owner,
                                   struct random *random) {
	struct connection *c = xcalloc(1, sizeof(*c));
	c->owner = *owner;
	c->random = random;
	c->handles = 2;
	/* Neither can fail: no socket is made yet. */
	(void)uv_tcp_init(loop, &c->tcp);
	(void)uv_timer_init(loop, &c->timer);
	c->tcp.data = c->timer.data = c;
	c->is_tls = tls != NULL;
	c->trust = tls && trusted_trust(tls) ? tls_trust_ref(trusted_trust(tls)) : NULL;
	if (c->is_tls && !c->trust) {
		fail_soon_because(c, REASON_TLS_CREDENTIALS, trusted_fault(tls));
		return c;
	}
	int status = begin_connect(c, to, source);
	if (status < 0)
		fail_soon(c, status);
	else
		restart_timer(c);
	return c;
}

bool connection_is_open(const struct connection *c) {
	return c->connected && !c->ended;
}

unsigned connection_under_way(const struct connection *c) {
	return c->under_way.count;
}

unsigned connection_answered(const struct connection *c) {
	return c->answered;
}

void connection_forget(struct connection *c, struct exchange *x) {
	exchange_unlink(&c->under_way, x);
	x->connection = NULL;
	connection_drop(c, NULL, REASON_NONE, "given up");
}

bool connection_is_taken(const struct connection *c) {
	for (const struct exchange *x = c->under_way.first; x; x = x->next) {
		if (x->alone) return true;
	}
	return false;
}

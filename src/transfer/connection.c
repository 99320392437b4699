#include "transfer/connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "transfer/ask.h"
#include "transfer/connection_parts.h"

#define QUESTION_CAP (2 + ASK_MAX_LEN)

/* -- the end -- */

static void on_closed(uv_handle_t *handle) {
	struct connection *c = handle->data;
	if (--c->handles > 0) return;
	struct connection_owner owner = c->owner;
	tls_dial_free(c->tls);
	tls_trust_unref(c->trust);
	free(c->cipher);
	free(c->input);
	free(c->output);
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

void connection_tell_end(struct connection *c) {
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

void connection_drop_because(struct connection *c, struct exchange *guilty, const struct why *why) {
	if (c->ended) return;
	c->ended = true;
	c->end.guilty = guilty;
	c->end.why = *why;
	if (!c->reading) connection_tell_end(c);
}

void connection_drop(struct connection *c, struct exchange *guilty, enum reason reason, const char *text) {
	struct why why;
	why_set(&why, reason, "%s", text);
	connection_drop_because(c, guilty, &why);
}

/* Over TLS a connection that is cut may be somebody's doing (RFC 8446 section 6.1). */
static enum reason reason_of_status(const struct connection *c, int status) {
	if (status == UV_EOF || status == UV_ECONNRESET || status == UV_EPIPE)
		return c->tls ? REASON_TLS_EARLY_CLOSE : REASON_CLOSED;
	return status == UV_ETIMEDOUT ? REASON_TIMEOUT : REASON_UNREACHABLE;
}

void connection_drop_by_system(struct connection *c, int status, const char *what) {
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

/* Of what is under way, the one that waits for the shortest time; NULL: all wait as long as usual. */
static struct exchange *least_patient(const struct connection *c) {
	struct exchange *least = NULL;
	for (struct exchange *x = c->under_way.first; x; x = x->next) {
		if (x->quiet_ms > 0 && (!least || x->quiet_ms < least->quiet_ms)) least = x;
	}
	return least;
}

static int64_t quiet_limit_ms(const struct connection *c) {
	const struct exchange *least = least_patient(c);
	return least ? least->quiet_ms : CONNECTION_PROGRESS_MS;
}

static void drop_stalled(struct connection *c) {
	struct exchange *oldest = c->under_way.first, *least = least_patient(c);
	if (least)
		connection_drop(c, least, REASON_STALLED, "nothing more came");
	else
		connection_drop(c, oldest, oldest->begun ? REASON_STALLED : REASON_TIMEOUT,
		                oldest->begun ? "nothing more came for 20 s" : "no answer within 20 s");
}

static void arm(struct connection *c);

/* Something is under way: is one of them too slow, or was it quiet for too long? */
static void look(struct connection *c) {
	struct why why;
	int64_t now_ms = connection_now_ms(c);
	for (struct exchange *x = c->under_way.first; x; x = x->next) {
		if (pace_is_kept(&x->pace, &x->rules, now_ms, connection_octets_of(c, x), &why)) continue;
		connection_drop_because(c, x, &why);
		return;
	}
	if (now_ms - c->heard_ms >= quiet_limit_ms(c))
		drop_stalled(c);
	else
		arm(c);
}

static void on_timer(uv_timer_t *timer) {
	struct connection *c = timer->data;
	if (!c->connected) {
		connection_drop(c, NULL, c->tcp_made ? REASON_TLS_TIMEOUT : REASON_TIMEOUT,
		                c->tcp_made ? "the TLS handshake was not done within 5 s"
		                            : "no TCP connection within 5 s");
	} else if (c->under_way.count == 0) {
		connection_drop(c, NULL, REASON_NONE, "idle");
	} else {
		look(c);
	}
}

static void on_error(uv_timer_t *timer) {
	struct connection *c = timer->data;
	if (c->early.reason != REASON_NONE) {
		connection_drop_because(c, c->under_way.first, &c->early);
		return;
	}
	connection_drop_by_system(c, c->error,
	                          c->connected ? "the question could not be sent" : "TCP connection failed");
}

/* Have it told by the loop: callers do not expect the end of a connection from inside their own call. */
void connection_fail_soon(struct connection *c, int status) {
	c->error = status;
	(void)uv_timer_start(&c->timer, on_error, 0, 0); /* cannot fail, as below */
}

void connection_fail_soon_because(struct connection *c, enum reason reason, const char *text) {
	why_set(&c->early, reason, "%s", text);
	connection_fail_soon(c, 0);
}

/* When the first of the limits of what is under way is reached. */
static int64_t next_look_ms(const struct connection *c) {
	int64_t ms = c->heard_ms + quiet_limit_ms(c);
	for (const struct exchange *x = c->under_way.first; x; x = x->next) {
		int64_t due_ms = pace_due_ms(&x->pace, &x->rules);
		if (due_ms < ms) ms = due_ms;
	}
	return ms;
}

static void arm(struct connection *c) {
	int64_t now_ms = connection_now_ms(c);
	int64_t at_ms = !c->connected             ? c->heard_ms + CONNECTION_CONNECT_MS
	                : c->under_way.count == 0 ? c->heard_ms + CONNECTION_IDLE_MS
	                                          : next_look_ms(c);
	/* Cannot fail: the handle is initialised and the callback given. */
	(void)uv_timer_start(&c->timer, on_timer, at_ms > now_ms ? (uint64_t)(at_ms - now_ms) : 0, 0);
}

void connection_restart_timer(struct connection *c) {
	c->heard_ms = connection_now_ms(c);
	arm(c);
}

int64_t connection_now_ms(const struct connection *c) {
	return (int64_t)uv_now(c->tcp.loop);
}

/* -- questions -- */

static uint16_t free_id(struct connection *c) {
	for (;;) {
		uint16_t id = (uint16_t)random_u64(c->random);
		if (!connection_find(c, id)) return id;
	}
}

void connection_send(struct connection *c, struct exchange *x) {
	uint8_t data[QUESTION_CAP];
	x->id = free_id(c);
	x->connection = c;
	x->begun = x->is_refused = false;
	x->passed = 0;
	x->octets = 0;
	x->quiet_ms = 0;
	x->pace = (struct pace){ 0 };
	size_t len = x->ops->begin(x, x->id, data + 2, sizeof(data) - 2);
	store_u16(data, (uint16_t)len);
	exchange_append(&c->under_way, x);
	if (c->under_way.count == 1) connection_restart_timer(c);
	connection_put_question(c, data, 2 + len);
}

static void on_connect(uv_connect_t *request, int status) {
	struct connection *c = request->handle->data;
	if (status == UV_ECANCELED || c->ended) return;
	if (status < 0) {
		connection_drop_by_system(c, status, "TCP connection failed");
		return;
	}
	connection_begin_stream(c);
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
		connection_fail_soon_because(c, REASON_TLS_CREDENTIALS, trusted_fault(tls));
		return c;
	}
	int status = begin_connect(c, to, source);
	if (status < 0)
		connection_fail_soon(c, status);
	else
		connection_restart_timer(c);
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

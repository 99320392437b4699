#include "transfer/asker.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "transfer/ask.h"
#include "transfer/datagram.h"

/* Sent three times: a lost packet costs little, a dead primary five seconds. */
static const uint16_t waits_ms[] = { 800, 1500, 2700, 0 };

enum query_state { QUERY_QUEUED, QUERY_REFUSED, QUERY_UDP, QUERY_TCP };

struct soa_query {
	struct exchange exchange; /* TCP */
	struct line_item place;   /* QUEUED */
	struct asker *asker;
	struct soa_query *next, *prev; /* refused */
	struct soa_request request;
	struct peer *peer;
	struct ask *ask; /* NULL: nothing is sent yet.  Thousands of queries may wait: they are kept small */
	struct datagram *datagram; /* UDP */
	struct soa_result result;
	enum query_state state;
	uint8_t transport;
	int64_t start_ms;
	bool udp_silent; /* UDP was tried and nothing came */
	bool again;      /* TCP: the same once more */
	bool plain;      /* EDNS was refused: asked without */
	bool truncated;  /* UDP gave an answer that did not fit */
};

struct query_list {
	struct soa_query *first, *last;
};

struct asker {
	uv_loop_t *loop;
	struct pool *pool;
	struct random *random;
	struct datagram_ops datagram_ops;
	struct line line;
	struct query_list refused; /* told by on_timer, not from inside asker_ask */
	uv_timer_t timer;
	unsigned open; /* datagrams and the timer that are not closed */
	uint64_t count;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

static void append(struct query_list *list, struct soa_query *q) {
	q->next = NULL;
	q->prev = list->last;
	if (list->last)
		list->last->next = q;
	else
		list->first = q;
	list->last = q;
}

static void unlink_query(struct query_list *list, struct soa_query *q) {
	if (q->prev)
		q->prev->next = q->next;
	else
		list->first = q->next;
	if (q->next)
		q->next->prev = q->prev;
	else
		list->last = q->prev;
	q->next = q->prev = NULL;
}

static int64_t now_ms(const struct asker *a) {
	return (int64_t)uv_now(a->loop);
}

/* -- the result -- */

static void query_free(struct soa_query *q) {
	if (q->ask) ask_done(q->ask);
	free(q->ask);
	free(q);
}

static void tell(struct soa_query *q) {
	struct soa_request request = q->request;
	struct soa_result result = q->result;
	result.ms = (uint32_t)(now_ms(q->asker) - q->start_ms);
	result.transport = q->transport;
	result.tsig = q->request.key != NULL;
	query_free(q);
	request.result(request.ctx, &result);
}

static struct asked asked_of(const struct soa_query *q) {
	return (struct asked){ .zone = q->request.zone,
		               .primary = q->request.primary,
		               .type = RR_SOA,
		               .opcode = OPCODE_QUERY,
		               .transport = q->transport };
}

static void use_transport(struct soa_query *q, enum transport transport) {
	q->transport = (uint8_t)transport;
	if (!q->ask) q->ask = xcalloc(1, sizeof(*q->ask));
	q->ask->key = q->request.key;
	q->ask->asked = asked_of(q);
	q->ask->edns = !q->plain && peer_takes_edns(q->peer, now_ms(q->asker));
	q->ask->dnssec_ok = q->request.dnssec_ok;
}

/* What the answer told; false: ask again without EDNS. */
static bool take_verdict(struct soa_query *q, enum ask_verdict v, size_t len) {
	q->result.ok = v == ASK_ANSWERED;
	q->result.bytes = (uint32_t)len;
	q->result.has_expire = q->ask->has_expire;
	q->result.expire_s = q->ask->expire_s;
	q->result.signatures = q->ask->signatures;
	if (v == ASK_ANSWERED && q->plain) peer_refuses_edns(q->peer, now_ms(q->asker));
	if (v == ASK_PLAIN) q->plain = true;
	return v != ASK_PLAIN;
}

/* -- TCP -- */

static size_t on_tcp_begin(struct exchange *x, uint16_t id, uint8_t *buf, size_t cap) {
	struct soa_query *q = (struct soa_query *)x;
	q->transport = q->ask->asked.transport = x->transport;
	return ask_build(q->ask, id, clock_now().wall_s, buf, cap);
}

static enum exchange_verdict on_tcp_message(struct exchange *x, const uint8_t *data, size_t len) {
	struct soa_query *q = (struct soa_query *)x;
	enum ask_verdict v = ask_judge(q->ask, data, len, clock_now().wall_s, &q->result.soa, &q->result.why);
	q->again = !take_verdict(q, v, len);
	return v == ASK_STRANGE ? EXCHANGE_DROP : EXCHANGE_DONE;
}

static void go_tcp(struct soa_query *q);

static void on_tcp_done(struct exchange *x) {
	struct soa_query *q = (struct soa_query *)x;
	if (!q->again) {
		tell(q);
		return;
	}
	q->again = false;
	go_tcp(q);
}

static void on_tcp_failed(struct exchange *x, const struct why *why, bool no_tcp) {
	struct soa_query *q = (struct soa_query *)x;
	q->transport = x->transport;
	struct asked asked = asked_of(q);
	answer_blame(&asked, &q->result.why, q->truncated && no_tcp ? REASON_TCP_BLOCKED : why->reason,
	             "%s%s", why->evidence,
	             q->udp_silent  ? "; by UDP no answer either"
	             : q->truncated ? "; by UDP the answer was truncated"
	                            : "");
	q->result.no_tcp = no_tcp;
	tell(q);
}

static const struct exchange_ops tcp_ops = { on_tcp_begin, on_tcp_message, on_tcp_done, on_tcp_failed };

static void go_tcp(struct soa_query *q) {
	q->state = QUERY_TCP;
	q->result.sent = true;
	use_transport(q, TRANSPORT_TCP);
	q->exchange.ops = &tcp_ops;
	q->exchange.urgency = q->request.urgency;
	pool_submit(q->asker->pool, q->peer, &q->exchange);
}

/* -- UDP -- */

static void start_queued(struct asker *a);
static void on_timer(uv_timer_t *timer);

static void go_line(struct soa_query *q) {
	q->state = QUERY_QUEUED;
	line_put(&q->asker->line, peer_line(q->peer), &q->place, q->request.urgency);
}

static void leave_udp(struct soa_query *q) {
	q->datagram = NULL;
	line_left(&q->asker->line, peer_line(q->peer));
}

static bool on_udp_answer(void *ctx, const uint8_t *data, size_t len) {
	struct soa_query *q = ctx;
	struct asker *a = q->asker;
	enum ask_verdict v = ask_judge(q->ask, data, len, clock_now().wall_s, &q->result.soa, &q->result.why);
	if (v == ASK_STRANGE) return false;
	peer_answered(q->peer);
	leave_udp(q);
	bool again = !take_verdict(q, v, len);
	q->truncated = v == ASK_TRUNCATED;
	if (again)
		go_line(q);
	else if (q->truncated)
		go_tcp(q);
	else
		tell(q);
	start_queued(a);
	return true;
}

/* Over TLS there is no other way. */
static void refuse_tls(struct soa_query *q, const struct why *why) {
	struct asker *a = q->asker;
	q->transport = TRANSPORT_TLS;
	struct asked asked = asked_of(q);
	answer_blame(&asked, &q->result.why, why->reason, "as found before: %s", why->evidence);
	q->result.no_tcp = true;
	q->state = QUERY_REFUSED;
	append(&a->refused, q);
	(void)uv_timer_start(&a->timer, on_timer, 0, 0); /* cannot fail: it is initialised */
}

static void begin_tls(struct soa_query *q) {
	struct why why;
	if (peer_admits(q->peer, now_ms(q->asker), q->request.urgency, &why))
		go_tcp(q);
	else
		refuse_tls(q, &why);
}

/* UDP brings nothing: by TCP, if that is allowed and not known to be dead as well. */
static void udp_gave_up(struct soa_query *q) {
	struct asker *a = q->asker;
	struct why why;
	q->udp_silent = true;
	if (!q->request.udp_only && reach_admits(peer_tcp(q->peer), now_ms(a), q->request.urgency, &why)) {
		go_tcp(q);
		return;
	}
	struct asked asked = asked_of(q);
	q->result.ok = false;
	if (!q->request.udp_only)
		answer_blame(&asked, &q->result.why, why.reason, "no answer; by TCP, as found before: %s",
		             why.evidence);
	tell(q);
}

static void on_udp_failed(void *ctx, int error) {
	struct soa_query *q = ctx;
	struct asker *a = q->asker;
	struct asked asked = asked_of(q);
	leave_udp(q);
	answer_blame(&asked, &q->result.why, error == 0 ? REASON_TIMEOUT : REASON_UNREACHABLE, "%s",
	             error == 0 ? "no answer within 5 s" : uv_strerror(error));
	struct why why;
	why_set(&why, q->result.why.reason, "%s", error == 0 ? "no answer within 5 s" : uv_strerror(error));
	reach_failed(peer_udp(q->peer), now_ms(a), &why);
	udp_gave_up(q);
	start_queued(a);
}

static void on_datagram_closed(void *ctx) {
	struct asker *a = ctx;
	a->open--;
	if (a->stopped && a->open == 0) a->stopped(a->stopped_ctx);
}

static void go_udp(struct soa_query *q) {
	struct asker *a = q->asker;
	uint8_t buf[ASK_MAX_LEN];
	q->state = QUERY_UDP;
	q->result.sent = true;
	use_transport(q, TRANSPORT_UDP);
	size_t len = ask_build(q->ask, (uint16_t)random_u64(a->random), clock_now().wall_s, buf, sizeof(buf));
	struct datagram_request request = { q->request.primary, q->request.source, waits_ms, buf, len };
	a->open++;
	q->datagram = datagram_send(a->loop, &request, &a->datagram_ops, q);
}

static void refuse_udp(struct asker *a, struct soa_query *q, const struct why *why) {
	struct asked asked = asked_of(q);
	leave_udp(q);
	answer_blame(&asked, &q->result.why, why->reason, "as found before: %s", why->evidence);
	q->state = QUERY_REFUSED;
	append(&a->refused, q);
	/* Cannot fail: the handle is initialised and the callback given. */
	(void)uv_timer_start(&a->timer, on_timer, 0, 0);
}

static void start_queued(struct asker *a) {
	struct line_item *item;
	while ((item = line_next(&a->line))) {
		struct soa_query *q = (struct soa_query *)((char *)item - offsetof(struct soa_query, place));
		struct why why;
		/* While it waited, others may have found the primary dead. */
		if (reach_admits_datagram(peer_udp(q->peer), now_ms(a), q->request.urgency,
		                          peer_line(q->peer)->on_way, &why))
			go_udp(q);
		else
			refuse_udp(a, q, &why);
	}
}

static void on_timer(uv_timer_t *timer) {
	struct asker *a = timer->data;
	struct query_list list = a->refused;
	a->refused = (struct query_list){ 0 };
	struct soa_query *q;
	while ((q = list.first)) {
		unlink_query(&list, q);
		if (peer_is_tls(q->peer))
			tell(q);
		else
			udp_gave_up(q);
	}
	start_queued(a);
}

/* -- for the askers -- */

struct soa_query *asker_ask(struct asker *a, const struct soa_request *request) {
	struct soa_query *q = xcalloc(1, sizeof(*q));
	q->asker = a;
	q->request = *request;
	q->peer = pool_peer_on(a->pool, &request->primary, &request->source, request->tls);
	q->start_ms = now_ms(a);
	q->transport = TRANSPORT_UDP;
	a->count++;
	if (request->tls) {
		begin_tls(q);
		return q;
	}
	go_line(q);
	start_queued(a);
	return q;
}

void asker_cancel(struct asker *a, struct soa_query *q) {
	if (!q) return;
	if (q->state == QUERY_QUEUED) line_remove(&q->place);
	if (q->state == QUERY_REFUSED) unlink_query(&a->refused, q);
	if (q->state == QUERY_TCP) pool_cancel(a->pool, &q->exchange);
	if (q->state == QUERY_UDP) {
		datagram_cancel(q->datagram);
		leave_udp(q);
		start_queued(a);
	}
	query_free(q);
}

uint64_t asker_count(const struct asker *a) {
	return a->count;
}

static void on_timer_closed(uv_handle_t *handle) {
	on_datagram_closed(handle->data);
}

struct asker *asker_new(uv_loop_t *loop, unsigned udp_max, struct pool *pool, struct random *random) {
	struct asker *a = xcalloc(1, sizeof(*a));
	a->loop = loop;
	a->pool = pool;
	a->random = random;
	a->line = line_of(udp_max > 0 ? udp_max : 256);
	a->datagram_ops = (struct datagram_ops){ on_udp_answer, on_udp_failed, on_datagram_closed, a };
	(void)uv_timer_init(loop, &a->timer); /* always 0 */
	a->timer.data = a;
	a->open = 1;
	return a;
}

void asker_stop(struct asker *a, void (*done)(void *ctx), void *ctx) {
	a->stopped = done;
	a->stopped_ctx = ctx;
	uv_close((uv_handle_t *)&a->timer, on_timer_closed);
}

void asker_free(struct asker *a) {
	free(a);
}

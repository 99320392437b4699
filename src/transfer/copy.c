#include "transfer/copy.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "transfer/ask.h"
#include "transfer/axfr_in.h"

struct copy {
	struct exchange exchange; /* first: the pool hands it back */
	struct pool *pool;
	struct copy_request request;
	struct axfr_in *in; /* NULL: not sent yet.  Thousands of copies may wait: they are kept small */
	enum axfr_verdict verdict;
	struct why why;
	int64_t start_ms;
	uint64_t collected; /* octets in the builder, as the pool counts them */
};

static void forget_answer(struct copy *c) {
	(void)pool_collect(c->pool, -(int64_t)c->collected, 0); /* less is never too much */
	c->collected = 0;
	if (c->in) axfr_in_done(c->in);
	free(c->in);
	c->in = NULL;
}

static void copy_free(struct copy *c) {
	forget_answer(c);
	free(c);
}

static void tell(struct copy *c, bool no_tcp) {
	struct copy_request request = c->request;
	struct axfr_in *in = c->in;
	struct copy_result result = {
		.soa = in->soa,
		.has_soa = in->has_soa,
		.why = c->why,
		.no_tcp = no_tcp,
		.tsig = request.key != NULL,
		.messages = in->messages,
		.bytes = in->bytes,
		.records = in->builder ? builder_records(in->builder) : 0,
		.ms = (uint32_t)(clock_now().mono_ms - c->start_ms),
	};
	result.ok = c->verdict == AXFR_WHOLE;
	if (result.ok) result.builder = axfr_in_take(in);
	copy_free(c);
	request.result(request.ctx, &result);
}

static void reset(struct copy *c) {
	forget_answer(c);
	c->in = xmalloc(sizeof(*c->in));
	axfr_in_init(c->in, c->request.zone, &c->request.limits);
	c->in->asked = (struct asked){ .zone = c->request.zone,
		                       .primary = c->request.primary,
		                       .type = RR_AXFR,
		                       .opcode = OPCODE_QUERY,
		                       .transport = TRANSPORT_TCP };
	c->in->has_floor = c->request.has_floor;
	c->in->floor = c->request.floor;
	c->verdict = AXFR_MORE;
	c->start_ms = clock_now().mono_ms;
}

static size_t on_begin(struct exchange *x, uint16_t id, uint8_t *buf, size_t cap) {
	struct copy *c = (struct copy *)x;
	struct question q = { .type = RR_AXFR, .class = CLASS_IN };
	name_copy(&q.name, c->request.zone);
	reset(c);
	c->in->asked.id = id;
	size_t len = message_query(buf, cap, id, 0, &q, 0, false);
	if (!c->request.key) return len;
	/* The pool's buffer has room for the largest TSIG record. */
	size_t signed_len = 0;
	if (tsig_sign_request(&c->in->tsig, c->request.key, (uint64_t)clock_now().wall_s, buf, len, cap,
	                      &signed_len) != OK)
		return 0;
	return signed_len;
}

/* All transfers together may fill only a part of the memory: the large ones give way. */
static void check_share(struct copy *c) {
	uint64_t now = builder_bytes(c->in->builder), former = c->collected;
	c->collected = now;
	if (pool_collect(c->pool, (int64_t)(now - former), now)) return;
	answer_blame(&c->in->asked, &c->why, REASON_TOO_LARGE,
	             "%" PRIu64 " octets came, more than this transfer's share of the memory for all of them",
	             now);
	c->verdict = AXFR_FAILED;
}

static enum exchange_verdict on_message(struct exchange *x, const uint8_t *data, size_t len) {
	struct copy *c = (struct copy *)x;
	c->verdict = axfr_in_message(c->in, data, len, clock_now().wall_s, &c->why);
	if (c->verdict == AXFR_MORE) check_share(c);
	switch (c->verdict) {
	case AXFR_MORE: return EXCHANGE_MORE;
	case AXFR_WHOLE: return EXCHANGE_DONE;
	default: break;
	}
	/* An RCODE in the first message is all there is; after anything else more of the stream may follow. */
	bool is_whole_answer = c->in->messages == 1 && len >= MESSAGE_HEADER_LEN &&
	                       (data[3] & 15) != RCODE_NOERROR;
	return is_whole_answer ? EXCHANGE_DONE : EXCHANGE_DROP;
}

static void on_done(struct exchange *x) {
	tell((struct copy *)x, false);
}

static void on_failed(struct exchange *x, const struct why *why, bool no_tcp) {
	struct copy *c = (struct copy *)x;
	c->verdict = AXFR_FAILED;
	if (!c->in) reset(c); /* it was never sent */
	if (why->reason == REASON_CLOSED && !no_tcp)
		axfr_in_cut(c->in, &c->why);
	else
		answer_blame(&c->in->asked, &c->why, why->reason, "%s", why->evidence);
	tell(c, no_tcp);
}

struct copy *copy_start(struct pool *pool, struct peer *peer, const struct copy_request *request) {
	static const struct exchange_ops ops = { on_begin, on_message, on_done, on_failed };
	struct copy *c = xcalloc(1, sizeof(*c));
	c->pool = pool;
	c->request = *request;
	c->start_ms = clock_now().mono_ms;
	c->exchange.ops = &ops;
	c->exchange.urgency = request->urgency;
	c->exchange.is_transfer = true;
	c->exchange.alone = request->alone;
	pool_submit(pool, peer, &c->exchange);
	return c;
}

void copy_cancel(struct copy *c) {
	if (!c) return;
	pool_cancel(c->pool, &c->exchange);
	copy_free(c);
}

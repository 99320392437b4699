#include "transfer/copy.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "transfer/ask.h"
#include "transfer/transfer_in.h"

#define COPY_ONE_SOA_MS 2000 /* after an answer that is one SOA record */

/* What came of one question; owned by its copy. */
struct copy_answer {
	struct transfer_in in;
	struct why why;
};

struct copy {
	struct exchange exchange; /* first: the pool hands it back */
	struct pool *pool;
	struct peer *peer;
	struct copy_request request;
	struct copy_answer
		*answer; /* NULL: not sent yet.  Thousands of copies may wait: they are kept small */
	enum transfer_verdict verdict;
	int64_t start_ms, told_ms; /* when its progress was told last */
	uint64_t collected;        /* octets in memory, as the pool counts them */
	bool with_edns;            /* the question as it was sent last */
	bool leave_edns;           /* it was refused: ask without */
	bool edns_blamed;
};

static void forget_answer(struct copy *c) {
	(void)pool_collect(c->pool, -(int64_t)c->collected, 0); /* less is never too much */
	c->collected = 0;
	if (c->answer) transfer_in_done(&c->answer->in);
	free(c->answer);
	c->answer = NULL;
}

static void copy_free(struct copy *c) {
	forget_answer(c);
	version_unref(c->request.have);
	free(c);
}

static enum copy_kind kind_of(const struct transfer_in *in) {
	if (in->asked.type == RR_AXFR) return COPY_AXFR;
	switch (in->form) {
	case FORM_ZONE: return COPY_AXFR_FOR_IXFR;
	case FORM_CURRENT: return COPY_CURRENT;
	default: return COPY_IXFR;
	}
}

static void tell(struct copy *c, bool no_tcp) {
	struct copy_request request = c->request;
	struct transfer_in *in = &c->answer->in;
	struct copy_result result = {
		.ok = c->verdict == TRANSFER_WHOLE,
		.incremental = in->asked.type == RR_IXFR,
		.got = kind_of(in),
		.undecided = in->form == FORM_UNDECIDED,
		.soa = in->opening.soa,
		.has_soa = transfer_in_has_soa(in),
		.has_expire = in->has_expire,
		.expire_s = in->expire_s,
		.why = c->answer->why,
		.no_tcp = no_tcp,
		.transport = in->asked.transport,
		.tsig = request.key != NULL,
		.messages = in->messages,
		.bytes = in->bytes,
		.records = transfer_in_records(in),
		.ms = (uint32_t)(clock_now().mono_ms - c->start_ms),
	};
	if (result.ok) result.builder = transfer_in_take(in);
	if (result.ok) result.changes = ixfr_in_take(&in->steps, &result.change_count);
	copy_free(c);
	request.result(request.ctx, &result);
}

static void reset(struct copy *c) {
	forget_answer(c);
	c->answer = xmalloc(sizeof(*c->answer));
	c->answer->why = (struct why){ .reason = REASON_NONE };
	transfer_in_init(&c->answer->in, &c->request.limits);
	c->answer->in.asked = (struct asked){ .zone = c->request.zone,
		                              .primary = c->request.primary,
		                              .type = c->request.have ? RR_IXFR : RR_AXFR,
		                              .opcode = OPCODE_QUERY,
		                              .transport = c->exchange.transport };
	if (c->request.have) c->answer->in.our_serial = version_serial(c->request.have);
	c->answer->in.has_floor = c->request.has_floor;
	c->answer->in.floor = c->request.floor;
	c->verdict = TRANSFER_MORE;
	c->start_ms = clock_now().mono_ms;
	c->told_ms = c->start_ms - COPY_TOLD_MS;
}

static void tell_progress(struct copy *c, int64_t now_ms) {
	if (!c->request.progress || now_ms - c->told_ms < COPY_TOLD_MS) return;
	c->told_ms = now_ms;
	c->request.progress(c->request.ctx, c->answer->in.messages, transfer_in_records(&c->answer->in),
	                    c->answer->in.bytes);
}

static size_t on_begin(struct exchange *x, uint16_t id, uint8_t *buf, size_t cap) {
	struct copy *c = (struct copy *)x;
	reset(c);
	x->rules = pool_pace_of(c->pool, c->request.zone);
	c->answer->in.asked.id = id;
	tell_progress(c, c->start_ms);
	c->with_edns = !c->leave_edns && peer_takes_edns(c->peer, clock_now().mono_ms);
	struct question_form form = { .zone = c->request.zone,
		                      .type = c->answer->in.asked.type,
		                      .have = c->request.have,
		                      .edns = c->with_edns,
		                      .pads = c->with_edns && x->transport == TRANSPORT_TLS };
	return question_write_signed(&form, id, c->request.key, clock_now().wall_s, &c->answer->in.tsig, buf,
	                             cap);
}

/* All transfers together may fill only a part of the memory: the large ones give way. */
static void check_share(struct copy *c) {
	uint64_t now = transfer_in_memory(&c->answer->in), former = c->collected;
	c->collected = now;
	if (pool_collect(c->pool, (int64_t)(now - former), now)) return;
	answer_blame(&c->answer->in.asked, &c->answer->why, REASON_TOO_LARGE,
	             "%" PRIu64 " octets came, more than this transfer's share of the memory for all of them",
	             now);
	c->verdict = TRANSFER_FAILED;
}

/* A server that predates EDNS says so in one of these ways (RFC 6891 section 7). */
static bool edns_is_to_blame(unsigned rcode) {
	return rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP;
}

/* BIND says SERVFAIL to what passes its quota of transfers out, others may refuse it. */
static bool is_quota_perhaps(unsigned rcode) {
	return rcode == RCODE_SERVFAIL || rcode == RCODE_REFUSED;
}

/* Nothing but a SOA record that is newer than ours has come.  By UDP that is the whole of an answer whose differences do
 * not fit, and means that they are to be asked for by TCP (RFC 1995 section 2); by TCP it has no meaning, but there are
 * servers that send it and mean that the whole zone is to be asked for.  Nothing in the message tells it from the first
 * of a stream with one record a message; only that nothing follows does. */
static bool is_one_soa(const struct transfer_in *in) {
	return in->form == FORM_UNDECIDED;
}

static enum exchange_verdict on_message(struct exchange *x, const uint8_t *data, size_t len) {
	struct copy *c = (struct copy *)x;
	(void)fault_fires("transfer-message"); /* a place to die at: in the middle of a transfer */
	struct moment now = clock_now();
	c->verdict = transfer_in_message(&c->answer->in, data, len, now.wall_s, &c->answer->why);
	if (c->verdict == TRANSFER_MORE) check_share(c);
	if (c->verdict == TRANSFER_MORE) tell_progress(c, now.mono_ms);
	switch (c->verdict) {
	case TRANSFER_MORE:
		x->quiet_ms = is_one_soa(&c->answer->in) ? COPY_ONE_SOA_MS : 0;
		return EXCHANGE_MORE;
	case TRANSFER_WHOLE: return EXCHANGE_DONE;
	default: break;
	}
	/* An RCODE in the first message is all there is; after anything else more of the stream may follow. */
	bool is_whole_answer = c->answer->in.messages == 1 && len >= MESSAGE_HEADER_LEN &&
	                       (data[3] & 15) != RCODE_NOERROR;
	x->is_refused = is_whole_answer && is_quota_perhaps(data[3] & 15);
	c->edns_blamed = is_whole_answer && c->with_edns && edns_is_to_blame(data[3] & 15);
	return is_whole_answer ? EXCHANGE_DONE : EXCHANGE_DROP;
}

static void on_done(struct exchange *x) {
	struct copy *c = (struct copy *)x;
	struct peer *peer = c->peer;
	if (c->edns_blamed) { /* once more without */
		c->leave_edns = true;
		c->edns_blamed = false;
		pool_submit(c->pool, peer, x);
		return;
	}
	if (c->leave_edns && c->verdict == TRANSFER_WHOLE) peer_refuses_edns(peer, clock_now().mono_ms);
	tell(c, false);
}

static void on_failed(struct exchange *x, const struct why *why, bool no_tcp) {
	struct copy *c = (struct copy *)x;
	c->verdict = TRANSFER_FAILED;
	if (!c->answer) reset(c); /* it was never sent */
	if (why->reason == REASON_STALLED && is_one_soa(&c->answer->in))
		answer_blame(&c->answer->in.asked, &c->answer->why, REASON_STALLED,
		             "one SOA record came, with serial %" PRIu32 ", and nothing more for %d ms",
		             c->answer->in.opening.soa.serial, COPY_ONE_SOA_MS);
	else if (why->reason == REASON_CLOSED && !no_tcp)
		transfer_in_cut(&c->answer->in, &c->answer->why);
	else
		answer_blame(&c->answer->in.asked, &c->answer->why, why->reason, "%s", why->evidence);
	tell(c, no_tcp);
}

struct copy *copy_start(struct pool *pool, struct peer *peer, const struct copy_request *request) {
	static const struct exchange_ops ops = { on_begin, on_message, on_done, on_failed };
	struct copy *c = xcalloc(1, sizeof(*c));
	c->pool = pool;
	c->peer = peer;
	c->request = *request;
	if (request->have) version_ref(request->have);
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

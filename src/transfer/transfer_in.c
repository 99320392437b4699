#include "transfer/transfer_in.h"

#include <inttypes.h>
#include <string.h>

#include "transfer/timers.h"

void transfer_in_init(struct transfer_in *t, const struct builder_limits *limits) {
	memset(t, 0, sizeof(*t));
	t->limits = *limits;
}

void transfer_in_done(struct transfer_in *t) {
	builder_free(t->builder);
	t->builder = NULL;
	ixfr_in_done(&t->steps);
	tsig_done(&t->tsig);
	memset(&t->tsig, 0, sizeof(t->tsig));
}

struct builder *transfer_in_take(struct transfer_in *t) {
	struct builder *b = t->builder;
	t->builder = NULL;
	return b;
}

uint64_t transfer_in_records(const struct transfer_in *t) {
	switch (t->form) {
	case FORM_OPENING: return 0;
	case FORM_ZONE: return t->builder ? builder_records(t->builder) : 0;
	case FORM_STEPS: return t->steps.records + 1;
	default: return 1;
	}
}

uint64_t transfer_in_memory(const struct transfer_in *t) {
	return (t->builder ? builder_memory(t->builder) : 0) +
	       (t->form == FORM_STEPS ? ixfr_in_bytes(&t->steps) : 0);
}

void transfer_in_cut(const struct transfer_in *t, struct why *why) {
	if (t->messages == 0) {
		answer_blame(&t->asked, why, REASON_CLOSED, "the connection was closed without an answer");
		return;
	}
	answer_blame(&t->asked, why, REASON_TRUNCATED_STREAM,
	             "the connection was closed after %u messages, %" PRIu64 " records and %" PRIu64
	             " octets, without the closing SOA",
	             t->messages, transfer_in_records(t), t->bytes);
}

/* -- records -- */

static enum reason reason_of_record(enum err e) {
	switch (e) {
	case ERR_OUTZONE: return REASON_OUT_OF_ZONE;
	case ERR_LIMIT: return REASON_TOO_LARGE;
	case ERR_NOMEM: return REASON_INTERNAL;
	default: return REASON_BAD_RECORD;
	}
}

static enum transfer_verdict blame_record(const struct transfer_in *t, const struct record *r,
                                          enum reason reason, const char *what, struct why *why) {
	answer_blame_record(&t->asked, why, reason, r, what);
	return TRANSFER_FAILED;
}

/* -- the whole zone -- */

static enum transfer_verdict add(struct transfer_in *t, const struct message *m, const struct record *r,
                                 struct why *why) {
	struct why inner; /* of each record: only what is read must be there */
	inner.reason = REASON_NONE;
	enum err e = builder_add_record(t->builder, m->data, m->len, r, &inner);
	if (e == OK) return TRANSFER_MORE;
	if (inner.reason == REASON_NONE) return blame_record(t, r, reason_of_record(e), err_text(e), why);
	answer_blame(&t->asked, why, inner.reason, "%s", inner.evidence);
	return TRANSFER_FAILED;
}

static enum transfer_verdict begin_zone(struct transfer_in *t, struct why *why) {
	struct why inner = { .reason = REASON_INTERNAL };
	t->form = FORM_ZONE;
	t->builder = builder_new(t->asked.zone, &t->limits);
	enum err e = builder_add(t->builder, t->apex.wire, RR_SOA, t->opening.ttl_s, t->opening.rdata,
	                         t->opening.len, &inner);
	if (e == OK) return TRANSFER_MORE;
	answer_blame(&t->asked, why, inner.reason, "%s", inner.evidence);
	return TRANSFER_FAILED;
}

static enum transfer_verdict take_closing(struct transfer_in *t, const struct message *m,
                                          const struct record *r, struct why *why) {
	struct zone_soa closing;
	enum err e = zone_soa_read(m, r, &closing);
	if (e != OK) return blame_record(t, r, REASON_BAD_RECORD, err_text(e), why);
	if (!zone_soa_equal(&t->opening, &closing)) {
		uint32_t serial = t->opening.soa.serial;
		answer_blame(&t->asked, why, REASON_SOA_MISMATCH,
		             "the opening SOA has serial %u, the closing one serial %u%s", serial,
		             closing.soa.serial, closing.soa.serial == serial ? " and other fields" : "");
		return TRANSFER_FAILED;
	}
	t->closed = true;
	return TRANSFER_MORE;
}

static enum transfer_verdict take_of_zone(struct transfer_in *t, const struct message *m,
                                          const struct record *r, struct why *why) {
	if (r->type != RR_SOA) return add(t, m, r, why);
	if (name_equal(r->owner.wire, t->asked.zone)) return take_closing(t, m, r, why);
	return blame_record(t, r,
	                    name_is_within(r->owner.wire, t->asked.zone) ? REASON_BAD_RECORD
	                                                                 : REASON_OUT_OF_ZONE,
	                    "a SOA that is not at the apex", why);
}

/* -- the differences -- */

static enum transfer_verdict take_of_steps(struct transfer_in *t, const struct message *m,
                                           const struct record *r, int64_t now_s, struct why *why) {
	if (ixfr_in_record(&t->steps, &t->asked, m, r, now_s, why) != OK) return TRANSFER_FAILED;
	t->closed = ixfr_in_is_closed(&t->steps);
	return TRANSFER_MORE;
}

/* -- which of them it is -- */

static enum transfer_verdict judge_serial(const struct transfer_in *t, struct why *why) {
	uint32_t serial = t->opening.soa.serial;
	if (t->has_floor && timers_judge_serial(t->floor, serial) == SERIAL_OLDER) {
		answer_blame(&t->asked, why, REASON_SERIAL_BEHIND,
		             "the transfer has serial %u though the SOA answer had %u", serial, t->floor);
		return TRANSFER_FAILED;
	}
	if (t->asked.type == RR_IXFR && timers_judge_serial(t->our_serial, serial) == SERIAL_OLDER) {
		answer_blame(&t->asked, why, REASON_SERIAL_BEHIND, "the transfer has serial %u, we have %u",
		             serial, t->our_serial);
		return TRANSFER_FAILED;
	}
	return TRANSFER_MORE;
}

/* RFC 5936 section 2.2, RFC 1995 section 4: the first record is the zone's SOA. */
static enum transfer_verdict take_opening(struct transfer_in *t, const struct message *m,
                                          const struct record *r, struct why *why) {
	if (r->type != RR_SOA || !name_equal(r->owner.wire, t->asked.zone))
		return blame_record(t, r, REASON_BAD_MESSAGE,
		                    "the transfer does not begin with the zone's SOA", why);
	enum err e = zone_soa_read(m, r, &t->opening);
	if (e != OK) return blame_record(t, r, REASON_BAD_RECORD, err_text(e), why);
	t->form = FORM_UNDECIDED;
	t->apex = r->owner;
	if (judge_serial(t, why) == TRANSFER_FAILED) return TRANSFER_FAILED;
	return t->asked.type == RR_IXFR ? TRANSFER_MORE : begin_zone(t, why);
}

/* RFC 1995 section 4: a second SOA with the serial that was asked from begins differences. */
static bool begins_steps(const struct transfer_in *t, const struct message *m, const struct record *r) {
	struct zone_soa soa;
	if (r->type != RR_SOA || !name_equal(r->owner.wire, t->asked.zone)) return false;
	return zone_soa_read(m, r, &soa) != OK || !zone_soa_equal(&soa, &t->opening);
}

static enum transfer_verdict take_second(struct transfer_in *t, const struct message *m,
                                         const struct record *r, int64_t now_s, struct why *why) {
	if (begins_steps(t, m, r)) {
		t->form = FORM_STEPS;
		ixfr_in_init(&t->steps, &t->opening, t->our_serial, &t->limits);
		return take_of_steps(t, m, r, now_s, why);
	}
	/* What we have already is not worth the way. */
	if (t->opening.soa.serial == t->our_serial) {
		answer_blame(&t->asked, why, REASON_SERIAL_BEHIND,
		             "the whole zone with serial %u, which we have", t->our_serial);
		return TRANSFER_FAILED;
	}
	if (begin_zone(t, why) == TRANSFER_FAILED) return TRANSFER_FAILED;
	return take_of_zone(t, m, r, why);
}

static enum transfer_verdict take_record(struct transfer_in *t, const struct message *m,
                                         const struct record *r, int64_t now_s, struct why *why) {
	if (t->closed) return blame_record(t, r, REASON_BAD_MESSAGE, "comes after the closing SOA", why);
	if (r->class != CLASS_IN) return blame_record(t, r, REASON_BAD_RECORD, "is not of class IN", why);
	switch (t->form) {
	case FORM_OPENING: return take_opening(t, m, r, why);
	case FORM_UNDECIDED: return take_second(t, m, r, now_s, why);
	case FORM_STEPS: return take_of_steps(t, m, r, now_s, why);
	default: return take_of_zone(t, m, r, why);
	}
}

/* RFC 1995 section 2: one SOA that is ours means that there is nothing new. */
static void end_of_message(struct transfer_in *t) {
	if (t->form != FORM_UNDECIDED || t->opening.soa.serial != t->our_serial) return;
	t->form = FORM_CURRENT;
	t->closed = true;
}

static enum transfer_verdict take_records(struct transfer_in *t, const struct message *m, int64_t now_s,
                                          struct why *why) {
	struct reader r = reader_init(m->data, m->len);
	r.pos = m->answer_pos;
	for (unsigned i = 0; i < m->header.ancount; i++) {
		struct record record;
		enum err e = record_read(&r, &record);
		if (e != OK) { /* message_parse has only stepped over the owners */
			answer_blame(&t->asked, why, REASON_BAD_MESSAGE, "%s", err_text(e));
			return TRANSFER_FAILED;
		}
		if (take_record(t, m, &record, now_s, why) == TRANSFER_FAILED) return TRANSFER_FAILED;
	}
	end_of_message(t);
	return TRANSFER_MORE;
}

/* -- messages -- */

static enum transfer_verdict check_empty(struct transfer_in *t, const struct message *m, struct why *why) {
	if (m->header.ancount > 0) return TRANSFER_MORE;
	if (transfer_in_has_soa(t) && ++t->empty <= TRANSFER_EMPTY_MAX) return TRANSFER_MORE;
	answer_blame(&t->asked, why, REASON_BAD_MESSAGE, "message %u has no record", t->messages);
	return TRANSFER_FAILED;
}

static enum err check_message(struct transfer_in *t, const uint8_t *data, size_t len, int64_t now_s,
                              struct message *m, struct why *why) {
	enum err e = message_parse(data, len, m);
	if (e != OK) {
		answer_blame(&t->asked, why, REASON_BAD_MESSAGE, "message %u of %zu octets: %s", t->messages,
		             len, err_text(e));
		return e;
	}
	e = answer_check_head(&t->asked, m, t->messages > 1, why);
	if (e == OK && (m->header.flags & FLAG_TC)) { /* never by TCP (RFC 5936 section 2.2.1) */
		answer_blame(&t->asked, why, REASON_BAD_MESSAGE, "message %u is truncated (TC is set)",
		             t->messages);
		e = ERR_MALFORMED;
	}
	if (e == OK) e = answer_check_tsig(&t->asked, m, &t->tsig, now_s, why);
	if (e == OK) e = answer_check_rcode(&t->asked, m, why);
	return e;
}

static enum transfer_verdict finish(struct transfer_in *t, int64_t now_s, struct why *why) {
	if (!t->tsig.key) return TRANSFER_WHOLE;
	enum err e = tsig_finish(&t->tsig);
	if (e == OK) return TRANSFER_WHOLE;
	answer_blame_tsig(&t->asked, &t->tsig, e, now_s, why);
	return TRANSFER_FAILED;
}

enum transfer_verdict transfer_in_message(struct transfer_in *t, const uint8_t *data, size_t len,
                                          int64_t now_s, struct why *why) {
	struct message m = { 0 };
	t->messages++;
	t->bytes += len;
	if (check_message(t, data, len, now_s, &m, why) != OK) return TRANSFER_FAILED;
	if (check_empty(t, &m, why) == TRANSFER_FAILED) return TRANSFER_FAILED;
	if (answer_expire(&m, &t->expire_s)) t->has_expire = true;
	if (take_records(t, &m, now_s, why) == TRANSFER_FAILED) return TRANSFER_FAILED;
	return t->closed ? finish(t, now_s, why) : TRANSFER_MORE;
}

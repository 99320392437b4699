#include "transfer/axfr_in.h"

#include <inttypes.h>
#include <string.h>

#include "transfer/timers.h"

void axfr_in_init(struct axfr_in *a, const uint8_t *zone, const struct builder_limits *limits) {
	memset(a, 0, sizeof(*a));
	a->asked.zone = zone;
	a->builder = builder_new(zone, limits);
}

void axfr_in_done(struct axfr_in *a) {
	builder_free(a->builder);
	a->builder = NULL;
	tsig_done(&a->tsig);
	memset(&a->tsig, 0, sizeof(a->tsig));
}

struct builder *axfr_in_take(struct axfr_in *a) {
	struct builder *b = a->builder;
	a->builder = NULL;
	return b;
}

void axfr_in_cut(const struct axfr_in *a, struct why *why) {
	if (a->messages == 0) {
		answer_blame(&a->asked, why, REASON_CLOSED, "the connection was closed without an answer");
		return;
	}
	answer_blame(&a->asked, why, REASON_TRUNCATED_STREAM,
	             "the connection was closed after %u messages, %" PRIu64 " records and %" PRIu64
	             " octets, without the closing SOA",
	             a->messages, builder_records(a->builder), a->bytes);
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

static enum axfr_verdict blame_record(const struct axfr_in *a, const struct record *r, enum reason reason,
                                      const char *what, struct why *why) {
	char owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];
	name_text_short(r->owner.wire, owner);
	answer_blame(&a->asked, why, reason, "%.70s %s: %s", owner, rrtype_text(r->type, type), what);
	return AXFR_FAILED;
}

static enum axfr_verdict add(struct axfr_in *a, const struct message *m, const struct record *r,
                             struct why *why) {
	struct why inner = { .reason = REASON_NONE };
	enum err e = builder_add_record(a->builder, m->data, m->len, r, &inner);
	if (e == OK) return AXFR_MORE;
	if (inner.reason == REASON_NONE) return blame_record(a, r, reason_of_record(e), err_text(e), why);
	answer_blame(&a->asked, why, inner.reason, "%s", inner.evidence);
	return AXFR_FAILED;
}

static enum err read_soa(const struct message *m, const struct record *r, uint8_t buf[static AXFR_SOA_MAX],
                         uint16_t *out_len) {
	struct reader in = reader_init(m->data, m->len);
	in.pos = r->rdata_pos;
	struct writer w = writer_init(buf, AXFR_SOA_MAX);
	enum err e = rdata_read(&in, RR_SOA, r->rdlength, &w);
	if (e == OK) *out_len = (uint16_t)w.len;
	return e;
}

/* RFC 5936 section 2.2: the first record is the zone's SOA. */
static enum axfr_verdict take_opening(struct axfr_in *a, const struct message *m, const struct record *r,
                                      struct why *why) {
	if (r->type != RR_SOA || !name_equal(r->owner.wire, a->asked.zone))
		return blame_record(a, r, REASON_BAD_MESSAGE,
		                    "the transfer does not begin with the zone's SOA", why);
	enum err e = read_soa(m, r, a->soa_rdata, &a->soa_len);
	if (e == OK) e = soa_parse(a->soa_rdata, a->soa_len, &a->soa);
	if (e != OK) return blame_record(a, r, REASON_BAD_RECORD, err_text(e), why);
	a->has_soa = true;
	if (a->has_floor && timers_judge_serial(a->floor, a->soa.serial) == SERIAL_OLDER) {
		answer_blame(&a->asked, why, REASON_SERIAL_BEHIND,
		             "the transfer has serial %u though the SOA answer had %u", a->soa.serial,
		             a->floor);
		return AXFR_FAILED;
	}
	return add(a, m, r, why);
}

static enum axfr_verdict take_closing(struct axfr_in *a, const struct message *m, const struct record *r,
                                      struct why *why) {
	uint8_t rdata[AXFR_SOA_MAX];
	uint16_t len = 0;
	enum err e = read_soa(m, r, rdata, &len);
	if (e != OK) return blame_record(a, r, REASON_BAD_RECORD, err_text(e), why);
	if (rdata_compare(RR_SOA, a->soa_rdata, a->soa_len, rdata, len) != 0) {
		struct soa soa = { 0 };
		if (soa_parse(rdata, len, &soa) != OK)
			soa.serial = 0; /* read_soa has checked it: cannot be */
		answer_blame(&a->asked, why, REASON_SOA_MISMATCH,
		             "the opening SOA has serial %u, the closing one serial %u%s", a->soa.serial,
		             soa.serial, a->soa.serial == soa.serial ? " and other fields" : "");
		return AXFR_FAILED;
	}
	a->closed = true;
	return AXFR_MORE;
}

static enum axfr_verdict take_record(struct axfr_in *a, const struct message *m, const struct record *r,
                                     struct why *why) {
	if (a->closed) return blame_record(a, r, REASON_BAD_MESSAGE, "comes after the closing SOA", why);
	if (r->class != CLASS_IN) return blame_record(a, r, REASON_BAD_RECORD, "is not of class IN", why);
	if (!a->has_soa) return take_opening(a, m, r, why);
	if (r->type != RR_SOA) return add(a, m, r, why);
	if (name_equal(r->owner.wire, a->asked.zone)) return take_closing(a, m, r, why);
	return blame_record(a, r,
	                    name_is_within(r->owner.wire, a->asked.zone) ? REASON_BAD_RECORD
	                                                                 : REASON_OUT_OF_ZONE,
	                    "a SOA that is not at the apex", why);
}

static enum axfr_verdict take_records(struct axfr_in *a, const struct message *m, struct why *why) {
	struct reader r = reader_init(m->data, m->len);
	r.pos = m->answer_pos;
	for (unsigned i = 0; i < m->header.ancount; i++) {
		struct record record;
		enum err e = record_read(&r, &record);
		if (e != OK) { /* message_parse has walked it: cannot be */
			answer_blame(&a->asked, why, REASON_BAD_MESSAGE, "%s", err_text(e));
			return AXFR_FAILED;
		}
		if (take_record(a, m, &record, why) == AXFR_FAILED) return AXFR_FAILED;
	}
	return AXFR_MORE;
}

/* -- messages -- */

static enum axfr_verdict check_empty(struct axfr_in *a, const struct message *m, struct why *why) {
	if (m->header.ancount > 0) return AXFR_MORE;
	if (a->has_soa && ++a->empty <= AXFR_EMPTY_MAX) return AXFR_MORE;
	answer_blame(&a->asked, why, REASON_BAD_MESSAGE, "message %u has no record", a->messages);
	return AXFR_FAILED;
}

static enum err check_message(struct axfr_in *a, const uint8_t *data, size_t len, int64_t now_s,
                              struct message *m, struct why *why) {
	enum err e = message_parse(data, len, m);
	if (e != OK) {
		answer_blame(&a->asked, why, REASON_BAD_MESSAGE, "message %u of %zu octets: %s", a->messages,
		             len, err_text(e));
		return e;
	}
	e = answer_check_head(&a->asked, m, a->messages > 1, why);
	if (e == OK && (m->header.flags & FLAG_TC)) { /* never by TCP (RFC 5936 section 2.2.1) */
		answer_blame(&a->asked, why, REASON_BAD_MESSAGE, "message %u is truncated (TC is set)",
		             a->messages);
		e = ERR_MALFORMED;
	}
	if (e == OK) e = answer_check_tsig(&a->asked, m, &a->tsig, now_s, why);
	if (e == OK) e = answer_check_rcode(&a->asked, m, why);
	return e;
}

static enum axfr_verdict finish(struct axfr_in *a, int64_t now_s, struct why *why) {
	if (!a->tsig.key) return AXFR_WHOLE;
	enum err e = tsig_finish(&a->tsig);
	if (e == OK) return AXFR_WHOLE;
	answer_blame_tsig(&a->asked, &a->tsig, e, now_s, why);
	return AXFR_FAILED;
}

enum axfr_verdict axfr_in_message(struct axfr_in *a, const uint8_t *data, size_t len, int64_t now_s,
                                  struct why *why) {
	struct message m = { 0 };
	a->messages++;
	a->bytes += len;
	if (check_message(a, data, len, now_s, &m, why) != OK) return AXFR_FAILED;
	if (check_empty(a, &m, why) == AXFR_FAILED) return AXFR_FAILED;
	if (take_records(a, &m, why) == AXFR_FAILED) return AXFR_FAILED;
	return a->closed ? finish(a, now_s, why) : AXFR_MORE;
}

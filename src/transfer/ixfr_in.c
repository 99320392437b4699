#include "transfer/ixfr_in.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "dns/serial.h"

void ixfr_in_init(struct ixfr_in *x, const struct zone_soa *opening, uint32_t our_serial,
                  const struct builder_limits *limits) {
	*x = (struct ixfr_in){ .opening = opening,
		               .limits = *limits,
		               .writer = change_writer_init(limits->max_bytes),
		               .to = our_serial };
}

void ixfr_in_done(struct ixfr_in *x) {
	change_writer_done(&x->writer);
	for (unsigned i = 0; i < x->count; i++)
		change_unref(x->steps[i]);
	free(x->steps);
	x->steps = NULL;
	x->count = x->cap = 0;
}

struct change **ixfr_in_take(struct ixfr_in *x, unsigned *out_count) {
	struct change **steps = x->steps;
	*out_count = x->count;
	x->steps = NULL;
	x->count = x->cap = 0;
	return steps;
}

uint64_t ixfr_in_bytes(const struct ixfr_in *x) {
	return x->bytes + change_written(&x->writer) + x->cap * sizeof(x->steps[0]);
}

/* What came does not chain. */
static enum err blame_serial(const struct asked *asked, struct why *why, const char *what, uint32_t came,
                             uint32_t expected) {
	answer_blame(asked, why, REASON_IXFR_MISMATCH, "%s serial %" PRIu32 ", not %" PRIu32, what, came,
	             expected);
	return ERR_MISMATCH;
}

/* -- limits -- */

static enum err check_limits(struct ixfr_in *x, const struct asked *asked, struct why *why) {
	const struct builder_limits *l = &x->limits;
	/* Every record of the zone may be replaced. */
	if (l->max_records && x->records / 2 >= l->max_records) {
		answer_blame(asked, why, REASON_TOO_LARGE, "differences of more than %" PRIu64 " records",
		             2 * l->max_records);
		return ERR_LIMIT;
	}
	if (l->max_bytes && ixfr_in_bytes(x) >= l->max_bytes) {
		answer_blame(asked, why, REASON_TOO_LARGE, "differences of more than %" PRIu64 " octets",
		             l->max_bytes);
		return ERR_LIMIT;
	}
	return OK;
}

/* -- records -- */

/* Meta types and the like are no zone data, a SOA has its place. */
static enum err check_place(const struct asked *asked, const struct record *r, struct why *why) {
	if (!name_is_within(r->owner.wire, asked->zone)) {
		answer_blame_record(asked, why, REASON_OUT_OF_ZONE, r, "not in the zone");
		return ERR_OUTZONE;
	}
	if (r->type == 0 || rrtype_has(rrtype_info(r->type), RRF_META)) {
		answer_blame_record(asked, why, REASON_BAD_RECORD, r, "type is not zone data");
		return ERR_RDATA;
	}
	if (r->type == RR_SOA && !name_equal(r->owner.wire, asked->zone)) {
		answer_blame_record(asked, why, REASON_BAD_RECORD, r, "a SOA that is not at the apex");
		return ERR_RDATA;
	}
	return OK;
}

static enum err put(struct ixfr_in *x, const struct asked *asked, const struct record *r,
                    const uint8_t *rdata, uint16_t rdlength, struct why *why) {
	struct name owner = r->owner;
	size_t relative_len = (size_t)(owner.len - name_len(asked->zone));
	owner.wire[relative_len] = 0;
	struct change_record record = {
		.owner = owner.wire, .type = r->type, .rdlength = rdlength, .ttl_s = r->ttl_s, .rdata = rdata
	};
	enum err e = change_put(&x->writer, x->part == IXFR_REMOVED ? CHANGE_REMOVED : CHANGE_ADDED, &record);
	if (e != OK) answer_blame_record(asked, why, REASON_TOO_LARGE, r, err_text(e));
	return e;
}

static enum err take_data(struct ixfr_in *x, const struct asked *asked, const struct message *m,
                          const struct record *r, struct why *why) {
	uint8_t rdata[RDATA_MAX_LEN];
	struct reader in = reader_init(m->data, m->len);
	struct writer w = writer_init(rdata, sizeof(rdata));
	in.pos = r->rdata_pos;
	enum err e = rdata_read(&in, r->type, r->rdlength, &w);
	if (e == OK) return put(x, asked, r, rdata, (uint16_t)w.len, why);
	answer_blame_record(asked, why, REASON_BAD_RECORD, r, err_text(e));
	return e;
}

/* -- SOAs: they part the steps -- */

static enum err step_room(struct ixfr_in *x, const struct asked *asked, struct why *why) {
	if (x->count < x->cap) return OK;
	if (x->cap >= IXFR_STEPS_MAX) {
		answer_blame(asked, why, REASON_TOO_LARGE, "more than %d steps", IXFR_STEPS_MAX);
		return ERR_LIMIT;
	}
	unsigned cap = x->cap ? 2 * x->cap : 4;
	x->steps = xrealloc(x->steps, cap * sizeof(x->steps[0]));
	x->cap = cap;
	return OK;
}

static enum err end_step(struct ixfr_in *x, const struct asked *asked, int64_t now_s, struct why *why) {
	enum err e = step_room(x, asked, why);
	if (e != OK) return e;
	e = change_finish(&x->writer, now_s, &x->steps[x->count]);
	if (e != OK) {
		answer_blame(asked, why, e == ERR_MALFORMED ? REASON_INTERNAL : REASON_TOO_LARGE,
		             "the step from serial %" PRIu32 ": %s", x->from, err_text(e));
		return e;
	}
	x->bytes += change_bytes(x->steps[x->count++]);
	return OK;
}

/* The step's removed records follow. */
static enum err begin_step(struct ixfr_in *x, const struct asked *asked, const struct zone_soa *soa,
                           struct why *why) {
	if (soa->soa.serial != x->to)
		return blame_serial(asked, why,
		                    x->count == 0 ? "the differences begin with"
		                                  : "the next step begins with",
		                    soa->soa.serial, x->to);
	x->from = x->to;
	x->part = IXFR_REMOVED;
	return OK;
}

/* The step's added records follow.  The way left to the opening serial must become shorter. */
static enum err turn_step(struct ixfr_in *x, const struct asked *asked, const struct zone_soa *soa,
                          struct why *why) {
	uint32_t end = x->opening->soa.serial;
	if (end - soa->soa.serial >= end - x->from) {
		answer_blame(asked, why, REASON_IXFR_MISMATCH,
		             "a step from serial %" PRIu32 " to %" PRIu32 " is not on the way to %" PRIu32,
		             x->from, soa->soa.serial, end);
		return ERR_MISMATCH;
	}
	x->to = soa->soa.serial;
	x->part = IXFR_ADDED;
	return OK;
}

static enum err close_stream(struct ixfr_in *x, const struct asked *asked, const struct zone_soa *soa,
                             struct why *why) {
	if (!zone_soa_equal(soa, x->opening)) {
		answer_blame(asked, why, REASON_SOA_MISMATCH,
		             "the opening SOA has serial %" PRIu32 ", the closing one serial %" PRIu32 "%s",
		             x->opening->soa.serial, soa->soa.serial,
		             soa->soa.serial == x->opening->soa.serial ? " and other fields" : "");
		return ERR_MISMATCH;
	}
	x->part = IXFR_CLOSED;
	return OK;
}

static enum err take_soa(struct ixfr_in *x, const struct asked *asked, const struct zone_soa *soa,
                         int64_t now_s, struct why *why) {
	enum err e;
	if (x->part == IXFR_REMOVED) return turn_step(x, asked, soa, why);
	if (x->part == IXFR_START) return begin_step(x, asked, soa, why);
	e = end_step(x, asked, now_s, why);
	if (e != OK) return e;
	return x->to == x->opening->soa.serial ? close_stream(x, asked, soa, why)
	                                       : begin_step(x, asked, soa, why);
}

enum err ixfr_in_record(struct ixfr_in *x, const struct asked *asked, const struct message *m,
                        const struct record *r, int64_t now_s, struct why *why) {
	struct zone_soa soa;
	x->records++;
	enum err e = check_place(asked, r, why);
	if (e == OK) e = check_limits(x, asked, why);
	if (e != OK) return e;
	if (r->type != RR_SOA) return take_data(x, asked, m, r, why);
	e = zone_soa_read(m, r, &soa);
	if (e != OK) {
		answer_blame_record(asked, why, REASON_BAD_RECORD, r, err_text(e));
		return e;
	}
	e = take_soa(x, asked, &soa, now_s, why);
	if (e != OK || x->part == IXFR_CLOSED) return e;
	return put(x, asked, r, soa.rdata, soa.len, why);
}

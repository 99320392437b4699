/* The differences of an IXFR answer (RFC 1995 section 4), record by record, as steps from our version to the newest:
 *
 *   SOA(new)  { SOA(from) removed…  SOA(to) added… }…  SOA(new)
 *   opening     one step; the next one's `from` is this one's `to`       closing
 *
 * The opening SOA is taken by the caller (transfer_in.h), who also checks ID, question, RCODE, TSIG.  What is checked
 * here: the first step begins with our serial, each step with the former one's end; serials come nearer to the opening
 * one with every step, so that there is no loop; the last step ends with the opening SOA, which follows it once more;
 * owners are in the zone, types are zone data, record data is sound; limits.  Whether the records fit our version is
 * seen when the steps are applied (zone/apply.h).
 * Sans-IO.  Thread: one at a time.  Memory: what came, bounded by the limits; IXFR_STEPS_MAX steps. */
#ifndef UNDERSTUDY_TRANSFER_IXFR_IN_H
#define UNDERSTUDY_TRANSFER_IXFR_IN_H

#include "transfer/answer.h"
#include "transfer/zone_soa.h"
#include "zone/builder.h"
#include "zone/change.h"

#define IXFR_STEPS_MAX 16384

struct ixfr_in {
	const struct zone_soa *opening; /* borrowed */
	struct builder_limits limits;
	struct change_writer writer; /* of the step that comes */
	struct change **steps;       /* owned, as are their references */
	unsigned count, cap;
	enum { IXFR_START, IXFR_REMOVED, IXFR_ADDED, IXFR_CLOSED } part;
	uint32_t from, to; /* of the step that comes; at the start to is our serial */
	uint64_t records;  /* that came, the opening SOA not counted */
	uint64_t bytes;    /* of finished steps */
};

void ixfr_in_init(struct ixfr_in *x, const struct zone_soa *opening, uint32_t our_serial,
                  const struct builder_limits *limits);
/* The next record of m behind the opening SOA; owner and class are as they came.  why is filled on failure; nothing
 * may follow then.  ERR_MISMATCH: serials do not chain, or the differences do not begin with ours; ERR_OUTZONE,
 * ERR_RDATA, ERR_MALFORMED, ERR_LIMIT, ERR_NOMEM. */
MUST_CHECK enum err ixfr_in_record(struct ixfr_in *x, const struct asked *asked, const struct message *m,
                                   const struct record *r, int64_t now_s, struct why *why);
/* The closing SOA came. */
static inline bool ixfr_in_is_closed(const struct ixfr_in *x) {
	return x->part == IXFR_CLOSED;
}
/* Octets held. */
uint64_t ixfr_in_bytes(const struct ixfr_in *x);
/* Once closed: the steps, oldest first, the caller's now: references and the array. */
struct change **ixfr_in_take(struct ixfr_in *x, unsigned *out_count);
void ixfr_in_done(struct ixfr_in *x);

#endif

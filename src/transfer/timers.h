/* When a zone is to be asked for next, when it expires, and what a serial means.  Pure functions.
 *
 * RFC 1034 section 4.3.5 and RFC 1035 section 3.3.13: REFRESH after a success, RETRY after a failure, EXPIRE counted
 * from the last success.  The operator's bounds hold over the SOA's own values. */
#ifndef UNDERSTUDY_TRANSFER_TIMERS_H
#define UNDERSTUDY_TRANSFER_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/random.h"
#include "dns/rdata.h"
#include "inventory/policy.h"

#define TIMERS_FIRST_RETRY_S 1   /* first retry of a zone that has no version to serve */
#define TIMERS_PENDING_MAX_S 300 /* longest wait between retries of such a zone */
#define TIMERS_RECHECK_S 3       /* a NOTIFY told of a serial that the primary does not have yet */

/* SOA timers within their bounds. */
struct timers {
	uint32_t refresh_s, retry_s, expire_s;
};
/* A bound of 0 is none.  Where lower and upper bound contradict, the upper one holds.  A refresh time above half of the
 * expire time is shortened to that, but not below its lower bound. */
struct timers timers_bound(const struct timers *soa, const struct timer_bounds *bounds);
static inline struct timers timers_of(const struct soa *soa) {
	return (struct timers){ soa->refresh_s, soa->retry_s, soa->expire_s };
}

/* Seconds to wait after a success: the refresh time less up to a tenth of it, so that zones that were loaded
 * together do not stay together. At least 1. */
uint32_t timers_refresh_wait(const struct timers *bounded, struct random *random);

/* Seconds to wait after the failures-th failure in a row (from 1): retry, doubled for each further failure, at
 * most the larger of refresh and retry and never more than retry_max; a tenth of jitter added within that.  At
 * least 1. */
uint32_t timers_retry_wait(const struct timers *bounded, const struct timer_bounds *bounds, uint32_t failures,
                           struct random *random);

/* The same for a zone that answers SERVFAIL (never loaded or expired): 1 s, doubled up to TIMERS_PENDING_MAX_S or
 * retry_max. */
uint32_t timers_pending_wait(const struct timer_bounds *bounds, uint32_t failures, struct random *random);

/* What a primary's serial is to a version that has serial `held`. */
enum serial_verdict { SERIAL_SAME, SERIAL_NEWER, SERIAL_OLDER };
/* RFC 1982; the undefined distance of 2^31 is SERIAL_OLDER. */
enum serial_verdict timers_judge_serial(uint32_t held, uint32_t offered);

/* What the wall clock did between two looks, beside what has passed by the monotonic one: out_step_s.  Set back: all times
 * are to move by out_step_s.  Jumped: set forward, or the machine was suspended; that is taken as time that has passed. */
enum clock_step { CLOCK_WENT_ON, CLOCK_SET_BACK, CLOCK_JUMPED };
#define CLOCK_BACK_S 5     /* steps below are not worth it */
#define CLOCK_FORWARD_S 60 /* likewise */
enum clock_step timers_judge_clock(struct moment before, struct moment now, int64_t *out_step_s);

#endif

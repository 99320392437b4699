#include "transfer/timers.h"

#include "dns/serial.h"

static uint32_t clamp(uint32_t value, uint32_t min, uint32_t max) {
	if (min > 0 && value < min) value = min;
	if (max > 0 && value > max) value = max;
	return value;
}

static uint32_t at_least_1(uint32_t value) {
	return value > 0 ? value : 1;
}

struct timers timers_bound(const struct timers *soa, const struct timer_bounds *bounds) {
	struct timers t = {
		.refresh_s = at_least_1(clamp(soa->refresh_s, bounds->refresh_min_s, bounds->refresh_max_s)),
		.retry_s = at_least_1(clamp(soa->retry_s, bounds->retry_min_s, bounds->retry_max_s)),
		.expire_s = at_least_1(clamp(soa->expire_s, bounds->expire_min_s, bounds->expire_max_s)),
	};
	/* A zone must not expire only because nobody asked: twice within the expire time, bounds permitting. */
	if (t.refresh_s > t.expire_s / 2)
		t.refresh_s = at_least_1(clamp(t.expire_s / 2, bounds->refresh_min_s, 0));
	return t;
}

uint32_t timers_refresh_wait(const struct timers *bounded, struct random *random) {
	uint32_t tenth = bounded->refresh_s / 10;
	return at_least_1(bounded->refresh_s - (tenth > 0 ? random_below(random, tenth + 1) : 0));
}

/* base doubled for each failure after the first, up to max, then up to a tenth more but not beyond max. */
static uint32_t back_off(uint32_t base, uint32_t failures, uint32_t max, struct random *random) {
	uint64_t wait = base;
	for (uint32_t i = 1; i < failures && wait < max; i++)
		wait *= 2;
	uint64_t tenth = wait / 10;
	if (tenth > 0) wait += random_below(random, (uint32_t)(tenth < UINT32_MAX ? tenth + 1 : UINT32_MAX));
	return at_least_1(wait < max ? (uint32_t)wait : max);
}

uint32_t timers_retry_wait(const struct timers *bounded, const struct timer_bounds *bounds, uint32_t failures,
                           struct random *random) {
	uint32_t max = bounded->refresh_s > bounded->retry_s ? bounded->refresh_s : bounded->retry_s;
	max = clamp(max, 0, bounds->retry_max_s);
	/* Many zones of one primary reach the longest wait together: the jitter is then taken off it. */
	uint32_t wait = back_off(bounded->retry_s, failures, max, random);
	if (wait == max && max >= 10) wait -= random_below(random, max / 10 + 1);
	return at_least_1(wait);
}

uint32_t timers_pending_wait(const struct timer_bounds *bounds, uint32_t failures, struct random *random) {
	uint32_t max = clamp(TIMERS_PENDING_MAX_S, 0, bounds->retry_max_s);
	return back_off(TIMERS_FIRST_RETRY_S, failures, max, random);
}

enum serial_verdict timers_judge_serial(uint32_t held, uint32_t offered) {
	if (held == offered) return SERIAL_SAME;
	return serial_newer(offered, held) ? SERIAL_NEWER : SERIAL_OLDER;
}

enum clock_step timers_judge_clock(struct moment before, struct moment now, int64_t *out_step_s) {
	int64_t step_s = (now.wall_s - before.wall_s) - (now.mono_ms - before.mono_ms) / 1000;
	*out_step_s = step_s;
	if (step_s <= -CLOCK_BACK_S) return CLOCK_SET_BACK;
	return step_s >= CLOCK_FORWARD_S ? CLOCK_JUMPED : CLOCK_WENT_ON;
}

/* What may never be, reckoned apart from the code under test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

/* Whole seconds are kept, and what is due has to get through the line. */
#define LATE_S 20
#define HANGS_MS 120000

static uint32_t within(uint32_t value, uint32_t min, uint32_t max) {
	if (value < min) value = min;
	return max > 0 && value > max ? max : value;
}

/* The longest that a zone may go from the end of a round to its next attempt. */
static int64_t longest_wait(const struct world *w, const struct world_zone *z) {
	const struct timer_bounds *b = &w->settings.bounds;
	if (!z->served) return 300;
	uint32_t refresh = within(z->f.soa.refresh_s, b->refresh_min_s, b->refresh_max_s);
	uint32_t retry = within(z->f.soa.retry_s, b->retry_min_s, b->retry_max_s);
	uint32_t expire = within(z->f.soa.expire_s, b->expire_min_s, b->expire_max_s);
	if (refresh > expire / 2) refresh = expire / 2;
	if (z->f.failures == 0) return refresh;
	uint32_t longest = refresh > retry ? refresh : retry;
	return b->retry_max_s > 0 && longest > b->retry_max_s ? b->retry_max_s : longest;
}

void world_promise(const struct world *w, struct world_zone *z) {
	z->attempt_by_s = world_now_s(w) + longest_wait(w, z) + LATE_S;
}

void world_attempted(struct world *w, struct world_zone *z) {
	if (world_now_s(w) > z->attempt_by_s)
		fail_msg("zone %u: attempt at %lld, due by %lld", z->index, (long long)world_now_s(w),
		         (long long)z->attempt_by_s);
	z->attempt_by_s = INT64_MAX;
}

void world_check_zone(const struct world *w, const struct world_zone *z) {
	assert_int_equal(z->served, z->f.has_version && !z->f.expired);
	assert_int_equal(follow_why(&z->f)->reason != REASON_NONE, z->f.failures > 0);
	if (z->f.state == FOLLOW_WAITING) assert_int_equal(z->doing, DOING_NOTHING);
	if (!z->served) return;
	uint32_t expire = within(z->f.soa.expire_s, w->settings.bounds.expire_min_s,
	                         w->settings.bounds.expire_max_s);
	/* A version is served no longer than its expire time after a primary last had it. */
	int64_t until_s = z->confirmed_s + expire;
	if (until_s < z->grace_s) until_s = z->grace_s;
	assert_true(world_now_s(w) <= until_s + 1);
}

void world_check_all(const struct world *w) {
	for (uint32_t i = 0; i < w->settings.zones; i++) {
		const struct world_zone *z = &w->zones[i];
		world_check_zone(w, z);
		assert_true(z->attempt_by_s == INT64_MAX || world_now_s(w) <= z->attempt_by_s);
		assert_true(z->doing == DOING_NOTHING || z->doing == DOING_COPY_QUEUED ||
		            w->ms - z->since_ms < HANGS_MS);
	}
}

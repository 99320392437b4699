/* One primary with 100,000 zones dies among twenty that live. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

#define PRIMARIES 21
#define MANY 100000
#define OTHERS 500 /* zones of each primary that lives */
#define SECOND_MS 1000
#define HOUR_MS (3600 * SECOND_MS)

static const struct timer_bounds bounds = { 2, 86400, 1, 3600, 2, 31536000 };

/* Primary 0 has all zones but those of the others. */
static struct world *begin(uint32_t dead_zones) {
	struct world_settings settings = { .seed = world_seed(),
		                           .zones = dead_zones + OTHERS * (PRIMARIES - 1),
		                           .primaries = PRIMARIES,
		                           .bounds = bounds };
	struct world *w = world_new(&settings);
	for (uint32_t i = 0; i < settings.zones; i++)
		w->zones[i].home = (uint16_t)(i < dead_zones ? 0 : 1 + i % (PRIMARIES - 1));
	/* Until all are served, and no longer in step with each other. */
	world_run(w, 2 * DAY_MS);
	assert_int_equal(world_count_served(w), settings.zones);
	return w;
}

static void forget_figures(struct world *w) {
	for (uint32_t i = 0; i < PRIMARIES; i++) {
		struct world_primary *p = &w->primaries[i];
		p->questions_sent = p->connects = p->copies_sent = p->most_in_second = 0;
		p->longest_wait_ms = 0;
	}
	w->figures = (struct world_figures){ 0 };
}

static int64_t longest_wait_of_others(const struct world *w) {
	int64_t longest = 0;
	for (uint32_t i = 1; i < PRIMARIES; i++) {
		if (w->primaries[i].longest_wait_ms > longest) longest = w->primaries[i].longest_wait_ms;
	}
	return longest;
}

static void hours_of(struct world *w, unsigned hours, uint64_t *out_questions) {
	uint64_t before = w->primaries[0].questions_sent;
	world_run_for(w, hours * HOUR_MS);
	*out_questions = (w->primaries[0].questions_sent - before) / hours;
}

static void a_dead_primary_is_asked_little_and_delays_nobody(void **state) {
	(void)state;
	struct world *w = begin(MANY);
	struct world_primary *dead = &w->primaries[0];
	uint64_t first, later;
	dead->mood = MOOD_DEAD;
	forget_figures(w);
	hours_of(w, 1, &first);
	hours_of(w, 11, &later);
	printf("dead: %" PRIu64 " questions in the first hour, %" PRIu64 " an hour later; at most %" PRIu64
	       " packets in a second; others' questions waited at most %" PRId64 " ms; %" PRIu64
	       " rounds failed\n",
	       first, later, dead->most_in_second, longest_wait_of_others(w), w->figures.rounds_failed);
	assert_true(first < 1000);
	assert_true(later < 1000 && later >= 30); /* it is looked at, now and then */
	assert_true(dead->most_in_second <= 300);
	assert_in_range(longest_wait_of_others(w), 0, 100);
	/* No tight loop: a zone's own rounds get rarer, up to its longest wait. */
	assert_true(w->figures.rounds_failed < UINT64_C(12) * 3 * w->settings.zones);
	world_check_all(w);
	world_free(w);
}

static void change(struct world *w, struct world_zone *z) {
	z->bumps++;
	world_notify(w, z, 0, true, world_soa(w, z).serial);
}

static void notifies_from_a_primary_that_does_not_answer_delay_nobody(void **state) {
	(void)state;
	struct world *w = begin(MANY);
	struct world_primary *dead = &w->primaries[0];
	dead->mood = MOOD_DEAD;
	world_run_for(w, HOUR_MS);
	forget_figures(w);
	for (uint32_t i = 0; i < MANY; i++) {
		change(w, &w->zones[i]);
		if (i % 200 == 0) change(w, &w->zones[MANY + i / 200]);
		if (i % 1000 == 0) world_run_for(w, 100);
	}
	world_run_for(w, 60 * SECOND_MS);
	uint64_t behind = w->settings.zones - world_count_in_step(w);
	printf("NOTIFYs of a dead primary: %" PRIu64 " questions and %" PRIu64
	       " connections to it; others' questions waited at most %" PRId64 " ms; %" PRIu64
	       " zones behind\n",
	       dead->questions_sent, dead->connects, longest_wait_of_others(w), behind);
	assert_true(dead->questions_sent < 2000);
	assert_true(dead->connects < 100);
	assert_in_range(longest_wait_of_others(w), 0, 100);
	assert_int_equal(behind,
	                 w->settings.zones - OTHERS * (PRIMARIES - 1)); /* the dead one's, and no other */
	world_free(w);
}

/* Hours until so much of the zones has been confirmed again. */
static void a_primary_that_comes_back_is_soon_believed(void **state) {
	(void)state;
	struct world *w = begin(20000);
	struct world_primary *dead = &w->primaries[0];
	dead->mood = MOOD_DEAD;
	world_run_for(w, 8 * DAY_MS); /* zones that expire after a week do */
	uint64_t served_before = world_count_served(w);
	dead->mood = MOOD_GOOD;
	forget_figures(w);
	int64_t back_ms = w->ms, served_ms = 0;
	uint64_t stale = 0;
	while (w->ms < back_ms + 2 * HOUR_MS) {
		world_run_for(w, 10 * SECOND_MS);
		stale = 0;
		for (uint32_t i = 0; i < w->settings.zones; i++)
			stale += w->zones[i].f.failures > 0;
		if (served_ms == 0 && world_count_served(w) == w->settings.zones) served_ms = w->ms;
		if (stale == 0 && served_ms > 0) break;
	}
	printf("back: %" PRIu64 " of %u were served still; all served %" PRId64
	       " s later, all confirmed %" PRId64 " s later, at most %" PRIu64 " packets in a second\n",
	       served_before, w->settings.zones, (served_ms - back_ms) / 1000, (w->ms - back_ms) / 1000,
	       dead->most_in_second);
	assert_true(served_before < w->settings.zones);
	/* The primary is looked at every 64 s at the latest, then its zones are spread over 17 s. */
	assert_true(served_ms > 0 && served_ms - back_ms <= 120 * SECOND_MS);
	assert_int_equal(stale, 0);
	assert_true(w->ms - back_ms <= 120 * SECOND_MS);
	assert_true(dead->most_in_second <= 5000);
	world_free(w);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dead_primary_is_asked_little_and_delays_nobody),
		cmocka_unit_test(notifies_from_a_primary_that_does_not_answer_delay_nobody),
		cmocka_unit_test(a_primary_that_comes_back_is_soon_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

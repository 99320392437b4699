/* Clocks that are set, machines that sleep, daemons that were down, and years that pass. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

#define ZONES 6400
#define PRIMARIES 20
#define SECOND_MS 1000
#define HOUR_MS (3600 * SECOND_MS)

static const struct timer_bounds bounds = { 2, 86400, 1, 3600, 2, 31536000 };

static struct world *begin(uint32_t zones, uint32_t change_days) {
	struct world_settings settings = { .seed = world_seed(),
		                           .zones = zones,
		                           .primaries = PRIMARIES,
		                           .change_days = change_days,
		                           .bounds = bounds };
	struct world *w = world_new(&settings);
	world_run(w, 3 * DAY_MS);
	assert_int_equal(world_count_served(w), zones);
	w->figures = (struct world_figures){ 0 };
	return w;
}

static void set_moods(struct world *w, enum mood mood) {
	for (uint32_t i = 0; i < w->settings.primaries; i++)
		w->primaries[i].mood = mood;
}

static void three_years_without_a_change_expire_nothing(void **state) {
	(void)state;
	struct world *w = begin(64 * PRIMARIES, 0);
	world_run_for(w, 3 * 365 * DAY_MS);
	printf("three years: %" PRIu64 " questions\n", w->figures.questions);
	/* An unchanged serial resets the expire time each time. */
	assert_int_equal(w->figures.expiries, 0);
	assert_int_equal(w->figures.copies, 0);
	world_check_all(w);
	world_free(w);
}

static void a_clock_set_back_neither_delays_nor_expires(void **state) {
	(void)state;
	struct world *w = begin(ZONES, 5);
	for (unsigned i = 0; i < 5; i++) {
		world_set_clock(w, -(int64_t)(1 + random_below(&w->script, 400)) * DAY_S);
		world_run_for(w, 2 * DAY_MS); /* attempts keep their times: checked by the world */
		assert_int_equal(world_count_served(w), ZONES);
	}
	assert_int_equal(w->figures.expiries, 0);
	world_check_all(w);
	world_free(w);
}

static void a_clock_set_forward_or_a_long_sleep_refreshes_before_anything_expires(void **state) {
	(void)state;
	struct world *w = begin(ZONES, 5);
	for (unsigned i = 0; i < 4; i++) {
		world_set_clock(w, (int64_t)(50 + random_below(&w->script, 400)) * DAY_S);
		world_run_for(w, 61 * SECOND_MS + FOLLOW_GRACE_S * SECOND_MS);
		assert_int_equal(world_count_served(w), ZONES);
		world_run_for(w, DAY_MS);
	}
	assert_int_equal(w->figures.expiries, 0);
	world_check_all(w);
	world_free(w);
}

static void after_a_long_sleep_a_dead_primary_expires_what_is_too_old(void **state) {
	(void)state;
	struct world *w = begin(ZONES, 5);
	set_moods(w, MOOD_DEAD);
	world_set_clock(w, 400 * DAY_S);
	world_run_for(w, 10 * 60 * SECOND_MS);
	assert_int_equal(world_count_served(w), 0);
	set_moods(w, MOOD_GOOD);
	world_run_for(w, 15 * 60 * SECOND_MS);
	assert_int_equal(world_count_served(w), ZONES);
	world_free(w);
}

static void whatever_is_old_at_a_start_is_asked_for_soon_and_not_at_once(void **state) {
	(void)state;
	struct world *w = begin(ZONES, 5);
	world_restart(w, 2 * DAY_S); /* all refresh times are past */
	uint64_t before = w->figures.questions;
	w->figures.most_due_in_second = 0;
	world_run_for(w, (schedule_spread_s(ZONES) + 3) * SECOND_MS);
	printf("start: %" PRIu64 " questions for %u zones, at most %" PRIu64 " in a second\n",
	       w->figures.questions - before, ZONES, w->figures.most_due_in_second);
	assert_in_range(w->figures.questions - before, ZONES * 99 / 100, ZONES * 101 / 100);
	assert_true(w->figures.most_due_in_second <= 2 * SCHEDULE_SPREAD_ZONES_S);
	world_run_for(w, 60 * SECOND_MS);
	assert_true(world_count_in_step(w) > ZONES - 10); /* some change just now */
	world_free(w);
}

static void whatever_expired_while_the_daemon_was_down_is_not_served_before_it_is_confirmed(void **state) {
	(void)state;
	struct world *w = begin(ZONES, 5);
	set_moods(w, MOOD_DEAD);
	world_restart(w, 100 * DAY_S);
	assert_int_equal(world_count_served(w), 0);
	world_run_for(w, HOUR_MS);
	assert_int_equal(world_count_served(w), 0);
	set_moods(w, MOOD_GOOD);
	world_run_for(w, 15 * 60 * SECOND_MS);
	assert_int_equal(world_count_served(w), ZONES);
	world_free(w);
}

static int64_t hour_of_moods(struct world *w) {
	struct world_primary *p = &w->primaries[random_below(&w->script, PRIMARIES)];
	p->mood = random_below(&w->script, 2) == 0 ? MOOD_GOOD : (enum mood)random_below(&w->script, MOODS);
	p->lag = 1;
	if (random_below(&w->script, 100) == 0)
		world_set_clock(w, (int64_t)random_below(&w->script, 20 * DAY_S) - 10 * DAY_S);
	return w->ms + HOUR_MS;
}

static void years_of_everything_keep_every_promise(void **state) {
	(void)state;
	struct world *w = begin(64 * PRIMARIES, 3);
	w->happen = hour_of_moods;
	w->happens_ms = w->ms + HOUR_MS;
	for (unsigned i = 0; i < 10; i++) {
		world_run_for(w, 30 * DAY_MS + i * HOUR_MS);
		world_check_all(w);
		world_restart(w, (int64_t)random_below(&w->script, 5 * DAY_S));
	}
	printf("%" PRIu64 " questions, %" PRIu64 " copies, %" PRIu64 " expired, %" PRIu64 " recovered\n",
	       w->figures.questions, w->figures.copies, w->figures.expiries, w->figures.recoveries);
	w->happen = NULL;
	set_moods(w, MOOD_GOOD);
	world_run_for(w, DAY_MS + HOUR_MS);
	world_run_for(w, DAY_MS + HOUR_MS);
	assert_int_equal(world_count_served(w), w->settings.zones);
	world_free(w);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_years_without_a_change_expire_nothing),
		cmocka_unit_test(a_clock_set_back_neither_delays_nor_expires),
		cmocka_unit_test(a_clock_set_forward_or_a_long_sleep_refreshes_before_anything_expires),
		cmocka_unit_test(after_a_long_sleep_a_dead_primary_expires_what_is_too_old),
		cmocka_unit_test(whatever_is_old_at_a_start_is_asked_for_soon_and_not_at_once),
		cmocka_unit_test(
			whatever_expired_while_the_daemon_was_down_is_not_served_before_it_is_confirmed),
		cmocka_unit_test(years_of_everything_keep_every_promise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Too much of something: NOTIFYs, promises that are not kept, primaries that are all behind. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

#define SECOND_MS 1000
#define HOUR_MS (3600 * SECOND_MS)

static const struct timer_bounds bounds = { 2, 86400, 1, 3600, 2, 31536000 };

static struct world *begin(uint32_t zones, uint32_t primaries) {
	struct world_settings settings = { .seed = world_seed(),
		                           .zones = zones,
		                           .primaries = primaries,
		                           .primaries_of_zone = primaries < 3 ? primaries : 3,
		                           .bounds = bounds };
	struct world *w = world_new(&settings);
	world_run(w, DAY_MS);
	assert_int_equal(world_count_served(w), zones);
	w->figures = (struct world_figures){ 0 };
	return w;
}

static void set_moods(struct world *w, enum mood mood) {
	for (uint32_t i = 0; i < w->settings.primaries; i++) {
		w->primaries[i].mood = mood;
		w->primaries[i].lag = 1;
	}
}

/* A thousand a second for a minute. */
static void storm(struct world *w, struct world_zone *z, bool has_serial, uint32_t ahead) {
	for (unsigned i = 0; i < 60000; i++) {
		world_notify(w, z, 0, has_serial, world_soa(w, z).serial + ahead);
		world_run_for(w, 1);
	}
}

static void a_storm_of_notifies_without_news_costs_a_few_questions_a_second(void **state) {
	(void)state;
	struct world *w = begin(10, 1);
	storm(w, &w->zones[0], false, 0);
	printf("%" PRIu64 " NOTIFYs without serial: %" PRIu64 " questions, %" PRIu64 " copies\n",
	       w->figures.notifies, w->figures.questions, w->figures.copies);
	assert_true(w->figures.questions <= 60 + 5);
	assert_int_equal(w->figures.copies, 0);
	storm(w, &w->zones[1], true, 0);
	assert_true(w->figures.questions <= 60 + 5); /* its serial is served: none */
	world_free(w);
}

static void a_storm_whose_transfers_fail_slows_down(void **state) {
	(void)state;
	struct world *w = begin(10, 1);
	set_moods(w, MOOD_BAD_CONTENT);
	w->zones[0].bumps++;
	storm(w, &w->zones[0], true, 0);
	printf("%" PRIu64 " NOTIFYs of a version that cannot be used: %" PRIu64 " copies\n",
	       w->figures.notifies, w->figures.copies);
	assert_in_range(w->figures.copies, 5, 15);
	set_moods(w, MOOD_GOOD);
	world_run_for(w, 11 * SECOND_MS);
	world_notify(w, &w->zones[0], 0, false, 0);
	world_run_for(w, 5 * SECOND_MS);
	assert_int_equal(world_count_in_step(w), 10);
	world_free(w);
}

static void every_change_of_a_storm_arrives_and_few_are_copied(void **state) {
	(void)state;
	struct world *w = begin(10, 1);
	for (unsigned i = 0; i < 1000; i++) {
		w->zones[0].bumps++;
		world_notify(w, &w->zones[0], 0, true, world_soa(w, &w->zones[0]).serial);
		world_run_for(w, 1);
	}
	world_run_for(w, 5 * SECOND_MS);
	printf("1,000 changes in a second: %" PRIu64 " questions, %" PRIu64 " copies\n", w->figures.questions,
	       w->figures.copies);
	assert_true(w->figures.copies < 1000);
	assert_int_equal(world_count_in_step(w), 10); /* the last one is not lost */
	world_free(w);
}

static void a_promise_of_a_serial_that_never_comes_is_forgotten(void **state) {
	(void)state;
	struct world *w = begin(10, 1);
	world_notify(w, &w->zones[0], 0, true, world_soa(w, &w->zones[0]).serial + 5);
	world_run_for(w, 600 * SECOND_MS);
	printf("a serial that the primary does not have: %" PRIu64 " questions, %" PRIu64 " copies\n",
	       w->figures.questions, w->figures.copies);
	/* Believed once, then looked for once more, soon; a refresh may fall into it. */
	assert_in_range(w->figures.questions, 1, 2);
	assert_int_equal(w->figures.copies, 1);
	storm(w, &w->zones[0], true, 5);
	assert_true(w->figures.questions <= 60 + 10);
	assert_true(w->figures.copies <= 1 + 2);
	world_free(w);
}

static void primaries_that_are_all_behind_are_no_loop(void **state) {
	(void)state;
	struct world *w = begin(1000, 3);
	set_moods(w, MOOD_BEHIND);
	for (uint32_t i = 0; i < 1000; i++)
		world_notify(w, &w->zones[i], FOLLOW_UNKNOWN, false, 0);
	world_run_for(w, 24 * HOUR_MS);
	printf("all behind for a day: %" PRIu64 " questions, %" PRIu64 " copies\n", w->figures.questions,
	       w->figures.copies);
	/* With retry at 600 s and its doublings: a round of three questions at most 30 times a day. */
	assert_true(w->figures.questions <= UINT64_C(1000) * 3 * 32);
	/* Only those that expired within the day took an older version. */
	assert_true(w->figures.copies <= w->figures.expiries);
	for (uint32_t i = 0; i < 1000; i++) {
		const struct world_zone *z = &w->zones[i];
		if (z->f.soa.expire_s <= DAY_S) continue;
		assert_true(z->served);
		assert_int_equal(follow_why(&z->f)->reason, REASON_SERIAL_BEHIND);
	}
	world_check_all(w);
	world_free(w);
}

static void a_transfer_that_fails_after_a_notify_is_tried_again_by_the_retry_timer(void **state) {
	(void)state;
	struct world *w = begin(64, 1);
	set_moods(w, MOOD_NO_TCP);
	for (uint32_t i = 0; i < 64; i++) {
		w->zones[i].bumps++;
		world_notify(w, &w->zones[i], 0, true, world_soa(w, &w->zones[i]).serial);
	}
	world_run_for(w, 20 * SECOND_MS);
	assert_int_equal(world_count_in_step(w), 0);
	set_moods(w, MOOD_GOOD);
	/* The longest retry is two hours, bounded to one; the refreshes are a day. */
	world_run_for(w, 3660 * SECOND_MS);
	assert_int_equal(world_count_in_step(w), 64);
	world_free(w);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_storm_of_notifies_without_news_costs_a_few_questions_a_second),
		cmocka_unit_test(a_storm_whose_transfers_fail_slows_down),
		cmocka_unit_test(every_change_of_a_storm_arrives_and_few_are_copied),
		cmocka_unit_test(a_promise_of_a_serial_that_never_comes_is_forgotten),
		cmocka_unit_test(primaries_that_are_all_behind_are_no_loop),
		cmocka_unit_test(a_transfer_that_fails_after_a_notify_is_tried_again_by_the_retry_timer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

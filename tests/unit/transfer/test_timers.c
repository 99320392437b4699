#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "transfer/timers.h"

static const struct timer_bounds wide = { 2, 86400, 1, 3600, 2, 31536000 };

static void bounds_hold_over_the_soa(void **state) {
	(void)state;
	struct timers low = { 0, 0, 0 }, high = { UINT32_MAX, UINT32_MAX, UINT32_MAX };
	struct timers t = timers_bound(&low, &wide);
	assert_int_equal(t.refresh_s, 2);
	assert_int_equal(t.retry_s, 1);
	assert_int_equal(t.expire_s, 2);
	t = timers_bound(&high, &wide);
	assert_int_equal(t.refresh_s, 86400);
	assert_int_equal(t.retry_s, 3600);
	assert_int_equal(t.expire_s, 31536000);
}

static void no_bounds_still_wait_a_second(void **state) {
	(void)state;
	struct timers zero = { 0, 0, 0 };
	struct timer_bounds none = { 0 };
	struct timers t = timers_bound(&zero, &none);
	assert_int_equal(t.refresh_s, 1);
	assert_int_equal(t.retry_s, 1);
}

static void a_zone_is_asked_about_twice_within_its_expire_time(void **state) {
	(void)state;
	struct timers soa = { 3600, 600, 1000 };
	assert_int_equal(timers_bound(&soa, &wide).refresh_s, 500);
	soa.expire_s = 7200;
	assert_int_equal(timers_bound(&soa, &wide).refresh_s, 3600);
}

static void refresh_comes_up_to_a_tenth_early_and_never_late(void **state) {
	(void)state;
	struct random random = random_seeded(2);
	struct timers t = { 1000, 100, 10000 };
	uint32_t min = UINT32_MAX, max = 0;
	for (int i = 0; i < 10000; i++) {
		uint32_t wait = timers_refresh_wait(&t, &random);
		min = wait < min ? wait : min;
		max = wait > max ? wait : max;
	}
	assert_int_equal(min, 900);
	assert_int_equal(max, 1000);
}

static void retry_doubles_up_to_refresh(void **state) {
	(void)state;
	struct random random = random_seeded(3);
	struct timers t = { 3600, 100, 86400 };
	for (uint32_t failures = 1; failures < 100; failures++) {
		uint64_t base = failures < 7 ? 100ULL << (failures - 1) : 3600;
		if (base > 3600) base = 3600;
		for (int i = 0; i < 100; i++) {
			uint32_t wait = timers_retry_wait(&t, &wide, failures, &random);
			assert_true(wait <= 3600);
			assert_true(wait >= (base == 3600 ? 3240 : base));
			assert_true(wait <= base + base / 10 || wait <= 3600);
		}
	}
}

static void retry_is_never_longer_than_its_bound(void **state) {
	(void)state;
	struct random random = random_seeded(4);
	struct timer_bounds tight = wide;
	struct timers t = { 86400, 1, 864000 };
	tight.retry_max_s = 10;
	for (uint32_t failures = 1; failures < 50; failures++)
		assert_true(timers_retry_wait(&t, &tight, failures, &random) <= 10);
}

static void a_zone_never_loaded_retries_fast_first(void **state) {
	(void)state;
	struct random random = random_seeded(5);
	assert_int_equal(timers_pending_wait(&wide, 1, &random), 1);
	assert_int_equal(timers_pending_wait(&wide, 2, &random), 2);
	assert_int_equal(timers_pending_wait(&wide, 3, &random), 4);
	assert_int_equal(timers_pending_wait(&wide, 1000000, &random), TIMERS_PENDING_MAX_S);
}

static void serials_compare_by_rfc_1982(void **state) {
	(void)state;
	assert_int_equal(timers_judge_serial(1, 1), SERIAL_SAME);
	assert_int_equal(timers_judge_serial(1, 2), SERIAL_NEWER);
	assert_int_equal(timers_judge_serial(2, 1), SERIAL_OLDER);
	assert_int_equal(timers_judge_serial(UINT32_MAX, 0), SERIAL_NEWER);
	assert_int_equal(timers_judge_serial(0, UINT32_MAX), SERIAL_OLDER);
	assert_int_equal(timers_judge_serial(1, 0x80000000U), SERIAL_NEWER);
	assert_int_equal(timers_judge_serial(1, 0x80000001U), SERIAL_OLDER); /* undefined: not newer */
}

static void a_clock_that_drifts_has_not_been_set(void **state) {
	(void)state;
	struct moment before = { 1000000, 5000 }, now = { 1000100, 5000 + 100000 };
	int64_t step_s;
	assert_int_equal(timers_judge_clock(before, now, &step_s), CLOCK_WENT_ON);
	assert_int_equal(step_s, 0);
	now.wall_s -= CLOCK_BACK_S - 1;
	assert_int_equal(timers_judge_clock(before, now, &step_s), CLOCK_WENT_ON);
	now.wall_s -= 1;
	assert_int_equal(timers_judge_clock(before, now, &step_s), CLOCK_SET_BACK);
	assert_int_equal(step_s, -CLOCK_BACK_S);
	now.wall_s = 1000100 + CLOCK_FORWARD_S;
	assert_int_equal(timers_judge_clock(before, now, &step_s), CLOCK_JUMPED);
	assert_int_equal(step_s, CLOCK_FORWARD_S);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_hold_over_the_soa),
		cmocka_unit_test(no_bounds_still_wait_a_second),
		cmocka_unit_test(a_zone_is_asked_about_twice_within_its_expire_time),
		cmocka_unit_test(refresh_comes_up_to_a_tenth_early_and_never_late),
		cmocka_unit_test(retry_doubles_up_to_refresh),
		cmocka_unit_test(retry_is_never_longer_than_its_bound),
		cmocka_unit_test(a_zone_never_loaded_retries_fast_first),
		cmocka_unit_test(serials_compare_by_rfc_1982),
		cmocka_unit_test(a_clock_that_drifts_has_not_been_set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

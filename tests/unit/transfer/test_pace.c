#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "transfer/pace.h"

static const struct pace_rules no_rules = { 0 };
static const struct pace_rules rules = { .max_s = 100, .min_octets_s = 10, .window_s = 20 };

static void before_the_first_octet_there_is_no_pace(void **state) {
	(void)state;
	struct pace p = { 0 };
	struct why why;
	assert_true(pace_is_kept(&p, &rules, 1000000, 0, &why));
	assert_true(pace_due_ms(&p, &rules) == INT64_MAX);
}

static void without_rules_it_is_never_looked_at(void **state) {
	(void)state;
	struct pace p = { 0 };
	struct why why;
	pace_begin(&p, 5000);
	assert_true(pace_is_kept(&p, &no_rules, INT64_C(1) << 50, 1, &why));
	assert_true(pace_due_ms(&p, &no_rules) == INT64_MAX);
}

static void a_transfer_that_is_not_whole_in_its_time_is_too_long(void **state) {
	(void)state;
	struct pace p = { 0 };
	struct why why;
	const struct pace_rules r = { .max_s = 100 };
	pace_begin(&p, 5000);
	pace_begin(&p, 90000); /* only the first counts */
	assert_true(pace_due_ms(&p, &r) == 105000);
	assert_true(pace_is_kept(&p, &r, 104999, 1, &why));
	assert_false(pace_is_kept(&p, &r, 105000, 123456, &why));
	assert_int_equal(why.reason, REASON_TOO_LONG);
	assert_non_null(strstr(why.evidence, "after 100 s"));
	assert_non_null(strstr(why.evidence, "123456 octets"));
	assert_non_null(strstr(why.evidence, "max-transfer-time is 100 s"));
}

static void each_window_counts_for_itself(void **state) {
	(void)state;
	struct pace p = { 0 };
	struct why why;
	pace_begin(&p, 0);
	assert_true(pace_due_ms(&p, &rules) == 20000);
	assert_true(pace_is_kept(&p, &rules, 19999, 0, &why));
	assert_true(pace_is_kept(&p, &rules, 20000, 100000, &why)); /* what was much then … */
	assert_true(pace_due_ms(&p, &rules) == 40000);
	assert_true(pace_is_kept(&p, &rules, 40000, 100200, &why));
	assert_false(pace_is_kept(&p, &rules, 60000, 100399, &why)); /* … does not help now */
	assert_int_equal(why.reason, REASON_TOO_SLOW);
	assert_non_null(strstr(why.evidence, "199 octets came in the last 20 s, 100399 in 60 s"));
	assert_non_null(strstr(why.evidence, "min-transfer-rate is 10 a second"));
}

static void a_loop_that_was_held_up_does_not_ask_for_more(void **state) {
	(void)state;
	struct pace p = { 0 };
	struct why why;
	pace_begin(&p, 0);
	assert_true(pace_is_kept(&p, &rules, 90000, 200, &why)); /* late by 70 s */
	assert_true(pace_due_ms(&p, &rules) == 100000);          /* the end comes before the next window's */
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_first_octet_there_is_no_pace),
		cmocka_unit_test(without_rules_it_is_never_looked_at),
		cmocka_unit_test(a_transfer_that_is_not_whole_in_its_time_is_too_long),
		cmocka_unit_test(each_window_counts_for_itself),
		cmocka_unit_test(a_loop_that_was_held_up_does_not_ask_for_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

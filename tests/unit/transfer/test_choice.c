#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "transfer/choice.h"

static void two_addresses_of_one_name_are_one_primary(void **state) {
	(void)state;
	const struct primary list[] = { { .name = "a" }, { .name = "b" }, { .name = "a" } };
	assert_int_equal(choice_identity(list, 3, 0), choice_identity(list, 3, 2));
	assert_int_not_equal(choice_identity(list, 3, 0), choice_identity(list, 3, 1));
	assert_int_equal(choice_identity(list, 3, 3), 0);
	assert_int_equal(choice_find(list, 3, choice_identity(list, 3, 1)), 1);
	assert_int_equal(choice_find(list, 3, 0), 3);
	assert_int_equal(choice_find(list, 3, 12345), 3);
}

static void a_primary_that_failed_comes_last_for_a_while(void **state) {
	(void)state;
	struct choice c = { 0 };
	choice_failed(&c, 1, 1000);
	assert_false(choice_is_last(&c, 1)); /* not in the round that runs */
	choice_begin(&c, 1001);
	assert_true(choice_is_last(&c, 1));
	assert_false(choice_is_last(&c, 0));
	choice_begin(&c, 1000 + CHOICE_SICK_S);
	assert_false(choice_is_last(&c, 1));
	choice_failed(&c, 1, 2000);
	choice_answered(&c, 1);
	choice_begin(&c, 2001);
	assert_false(choice_is_last(&c, 1));
	choice_failed(&c, 40, 2001); /* beyond the memory */
	choice_begin(&c, 2002);
	assert_false(choice_is_last(&c, 40));
	assert_false(choice_is_last(NULL, 0));
}

static void ixfr_that_fails_again_and_again_is_left_for_longer_and_longer(void **state) {
	(void)state;
	struct choice c = { 0 };
	int64_t now = 1000;
	for (int i = 1; i < CHOICE_IXFR_FAILURES; i++) {
		choice_ixfr_failed(&c, 7, now);
		assert_true(choice_takes_ixfr(&c, 7, now));
	}
	int64_t wait = CHOICE_IXFR_WAIT_S;
	for (int i = 0; i < 20; i++) {
		choice_ixfr_failed(&c, 7, now);
		assert_false(choice_takes_ixfr(&c, 7, now + wait - 1));
		assert_true(choice_takes_ixfr(&c, 7, now + wait));
		assert_true(choice_takes_ixfr(&c, 8, now)); /* another primary's works */
		wait = wait * 2 < CHOICE_IXFR_MAX_S ? wait * 2 : CHOICE_IXFR_MAX_S;
	}
	choice_ixfr_worked(&c);
	assert_true(choice_takes_ixfr(&c, 7, now));
}

static void signatures_that_change_each_time_are_copied_seldom(void **state) {
	(void)state;
	struct choice c = { 0 };
	unsigned copies = 0;
	for (int64_t now = 0; now < 10 * 86400; now += 60)
		copies += choice_copy_signatures(&c, now);
	assert_in_range(copies, 10, 17);
}

static void signatures_that_stay_are_copied_at_once_the_next_time(void **state) {
	(void)state;
	struct choice c = { 0 };
	for (int64_t now = 1000; now < 100000; now += 10000) {
		assert_true(choice_copy_signatures(&c, now));
		assert_false(choice_copy_signatures(&c, now + 60));
		choice_signatures_same(&c);
	}
}

static void words_that_are_vain_are_believed_more_and_more_seldom(void **state) {
	(void)state;
	struct choice c = { 0 };
	int64_t now = 1000, wait = CHOICE_WORD_WAIT_S;
	assert_true(choice_believes(NULL, now));
	for (int i = 0; i < 300; i++) {
		assert_true(choice_believes(&c, now));
		choice_was_vain(&c, now);
		assert_false(choice_believes(&c, now + wait - 1));
		now += wait;
		wait = wait * 2 < CHOICE_WORD_MAX_S ? wait * 2 : CHOICE_WORD_MAX_S;
	}
	choice_was_true(&c);
	assert_true(choice_believes(&c, 0));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_addresses_of_one_name_are_one_primary),
		cmocka_unit_test(a_primary_that_failed_comes_last_for_a_while),
		cmocka_unit_test(ixfr_that_fails_again_and_again_is_left_for_longer_and_longer),
		cmocka_unit_test(signatures_that_change_each_time_are_copied_seldom),
		cmocka_unit_test(words_that_are_vain_are_believed_more_and_more_seldom),
		cmocka_unit_test(signatures_that_stay_are_copied_at_once_the_next_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

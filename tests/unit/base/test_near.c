#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/near.h"

static void each_change_counts_one(void **state) {
	(void)state;
	assert_int_equal(near_distance("status", "status"), 0);
	assert_int_equal(near_distance("status", "stauts"), 1); /* swapped */
	assert_int_equal(near_distance("status", "stats"), 1);
	assert_int_equal(near_distance("status", "statuus"), 1);
	assert_int_equal(near_distance("status", "stbtus"), 1);
	assert_int_equal(near_distance("", "abc"), 3);
	assert_int_equal(near_distance("abc", ""), 3);
	assert_int_equal(near_distance("ca", "abc"), 3); /* what was swapped is not changed again */
	assert_int_equal(near_distance("zones", "keys"), 4);
}

static void long_words_are_not_compared(void **state) {
	(void)state;
	char word[NEAR_WORD_MAX + 2];
	memset(word, 'a', sizeof(word));
	word[NEAR_WORD_MAX + 1] = '\0';
	assert_int_equal(near_distance(word, "a"), UINT_MAX);
	assert_int_equal(near_distance("a", word), UINT_MAX);
	word[NEAR_WORD_MAX] = '\0';
	assert_int_equal(near_distance(word, "a"), NEAR_WORD_MAX - 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_change_counts_one),
		cmocka_unit_test(long_words_are_not_compared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

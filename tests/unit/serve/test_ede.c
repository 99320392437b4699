/* Texts of extended errors (RFC 8914). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "base/random.h"
#include "serve/ede.h"

static void every_text_is_printable_and_fits_with_a_time(void **state) {
	char text[EDE_TEXT_MAX];
	(void)state;
	for (enum ede e = EDE_NONE + 1; e < EDE_COUNT; e++) {
		size_t len = ede_text(e, 253402300799, text);
		assert_in_range(len, 0, EDE_TEXT_MAX - 2);
		if (len > 0) assert_int_equal(text[len - 1], 'Z');
		for (size_t i = 0; i < len; i++)
			assert_in_range(text[i], ' ', '~');
		assert_in_range(ede_code(e), 0, 24);
	}
}

static void times_that_are_not_known_are_not_told(void **state) {
	static const int64_t times[] = { 0, -1, INT64_MIN, INT64_MAX, 253402300800 };
	char text[EDE_TEXT_MAX];
	(void)state;
	for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_int_equal(ede_text(EDE_EXPIRED, times[i], text), 12);
		assert_string_equal(text, "zone expired");
	}
}

static void tells_the_time_as(int64_t at_s) {
	char text[EDE_TEXT_MAX], expected[EDE_TEXT_MAX];
	time_t t = (time_t)at_s;
	struct tm tm;
	assert_non_null(gmtime_r(&t, &tm));
	assert_true(strftime(expected, sizeof(expected), "zone expired at %Y-%m-%dT%H:%M:%SZ", &tm) > 0);
	(void)ede_text(EDE_EXPIRED, at_s, text); /* the text tells */
	assert_string_equal(text, expected);
}

static void times_are_those_of_the_calendar(void **state) {
	struct random r = random_seeded(8914);
	(void)state;
	for (int64_t day = 0; day < 200000; day++) /* to the year 2517, over the leap years of a whole era */
		tells_the_time_as(day * 86400 + (day == 0) + day % 86400);
	for (unsigned i = 0; i < 10000; i++)
		tells_the_time_as((int64_t)(random_u64(&r) % 253402300799) + 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_text_is_printable_and_fits_with_a_time),
		cmocka_unit_test(times_that_are_not_known_are_not_told),
		cmocka_unit_test(times_are_those_of_the_calendar),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

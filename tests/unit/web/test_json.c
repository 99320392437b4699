/* web/json: strict reading, names, times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "web/json.h"

static bool reads(const char *text, size_t len) {
	char fault[JSON_FAULT_MAX];
	json_t *value = NULL;
	if (json_strict(text, len, &value, fault) != OK) return false;
	json_decref(value);
	return true;
}

static void one_object_is_read(void **state) {
	static const char text[] = " {\"a\": [1, \"}\", {\"b\\\"{\": null}]} ";
	(void)state;
	assert_true(reads(text, sizeof(text) - 1));
}

static void anything_else_is_refused(void **state) {
	static const char *const wrong[] = {
		"",
		"[]",
		"1",
		"null",
		"{",
		"{} {}",
		"{\"a\":1,\"a\":2}",
		"{\"a\":\"\xff\"}",
		"{\"a\":\"\\u0000\"}",
		"{\"a\":\"\\ud800\"}",
		"{'a':1}",
		"{\"a\":01}",
		"{\"a\":NaN}",
		"{\"a\":99999999999999999999}",
		"{\"a\":1e999}",
		"{\"a\":\"\n\"}",
		"\xef\xbb\xbf{}",
		"{\"a\":[[[[[[[[[[[[1]]]]]]]]]]]]}",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(reads(wrong[i], strlen(wrong[i])));
	assert_false(reads("{}\0{}", 5));
}

static void names_change_their_spelling_both_ways(void **state) {
	char out[JSON_NAME_MAX];
	(void)state;
	json_camel_name("max-records-per-rrset", out);
	assert_string_equal(out, "maxRecordsPerRrset");
	json_camel_name("created_at", out);
	assert_string_equal(out, "createdAt");
	json_plain_name("maxRecordsPerRrset", '-', out);
	assert_string_equal(out, "max-records-per-rrset");
	json_plain_name("expiresAt", '_', out);
	assert_string_equal(out, "expires_at");
}

static void times_are_those_of_rfc_3339(void **state) {
	char text[JSON_TIME_MAX];
	int64_t time_s = 0;
	(void)state;
	assert_string_equal(json_time_text(1776344400, text), "2026-04-16T13:00:00Z");
	assert_int_equal(json_time_parse("2026-04-16T13:00:00Z", &time_s), OK);
	assert_int_equal(time_s, 1776344400);
	assert_int_equal(json_time_parse("2026-04-16T15:00:00.250+02:00", &time_s), OK);
	assert_int_equal(time_s, 1776344400);
	static const char *const wrong[] = { "",
		                             "2026-04-16",
		                             "2026-04-16T13:00:00",
		                             "now",
		                             "2026-04-16T13:00:00+2",
		                             "2026-04-16T13:00:00Zx" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(json_time_parse(wrong[i], &time_s), ERR_MALFORMED);
}

static void objects_are_respelled_with_their_times(void **state) {
	(void)state;
	json_t *in = json_loads(
		"{\"created_at\": 0, \"list\": [{\"max-shrink\": 5, \"at\": null}], \"since\": \"x\"}", 0,
		NULL);
	json_t *out = json_camel(in);
	json_t *want = json_loads(
		"{\"createdAt\": \"1970-01-01T00:00:00Z\", \"list\": [{\"maxShrink\": 5, \"at\": null}], \"since\": \"x\"}",
		0, NULL);
	assert_true(json_equal(out, want));
	json_decref(in);
	json_decref(out);
	json_decref(want);
}

static void times_are_those_of_the_calendar(void **state) {
	char text[JSON_TIME_MAX], expected[JSON_TIME_MAX];
	(void)state;
	/* Every 25 hours and a bit: all days from 1970 to 2370, three centuries that are no leap years among them. */
	for (int64_t at = 0; at < 400LL * 366 * 86400; at += 90061) {
		struct tm tm;
		time_t t = (time_t)at;
		assert_non_null(gmtime_r(&t, &tm));
		assert_int_not_equal(strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ", &tm), 0);
		assert_string_equal(json_time_text(at, text), expected);
	}
	assert_string_equal(json_time_text(253402300799, text), "9999-12-31T23:59:59Z");
	assert_string_equal(json_time_text(253402300800, text), "");
	assert_string_equal(json_time_text(-1, text), "");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_object_is_read),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(names_change_their_spelling_both_ways),
		cmocka_unit_test(times_are_those_of_rfc_3339),
		cmocka_unit_test(objects_are_respelled_with_their_times),
		cmocka_unit_test(times_are_those_of_the_calendar),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

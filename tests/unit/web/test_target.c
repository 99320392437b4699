/* web/target: paths and queries that come from strangers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "web/target.h"

static void parts_are_decoded_once(void **state) {
	struct target t;
	(void)state;
	assert_int_equal(target_parse("/api/zones/0%2F25.in-addr.arpa?q=a%2526+b&limit=5&flag", &t), OK);
	assert_int_equal(t.segment_count, 3);
	assert_string_equal(t.segments[2], "0/25.in-addr.arpa");
	assert_string_equal(target_query(&t, "q"), "a%26 b");
	assert_string_equal(target_query(&t, "limit"), "5");
	assert_string_equal(target_query(&t, "flag"), "");
	assert_null(target_query(&t, "other"));
	target_done(&t);
}

static void letters_beyond_ascii_are_kept(void **state) {
	struct target t;
	(void)state;
	assert_int_equal(target_parse("/b%C3%BCcher.example", &t), OK);
	assert_string_equal(t.segments[0], "b\xc3\xbc"
	                                   "cher.example");
	target_done(&t);
}

static void malformed_targets_are_refused(void **state) {
	static const char *const wrong[] = {
		"",        "*",          "http://x/", "/a%",      "/a%2",       "/a%zz",         "/%00",
		"/%0a",    "/%7f",       "/%ff",      "/%c0%af",  "/%ed%a0%80", "/%f4%90%80%80", "/%c3",
		"/%c2%85", "/a?x=1&x=2", "/a?b=%00",  "/a?%zz=1", "/a#b",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct target t = { 0 };
		assert_int_equal(target_parse(wrong[i], &t), ERR_MALFORMED);
		assert_null(t.text);
	}
}

static void long_targets_are_refused(void **state) {
	struct target t = { 0 };
	(void)state;
	char *text = xmalloc(TARGET_MAX + 2);
	memset(text, 'a', TARGET_MAX + 1);
	text[0] = '/';
	text[TARGET_MAX + 1] = '\0';
	assert_int_equal(target_parse(text, &t), ERR_LIMIT);
	for (int i = 0; i < 100; i++)
		text[i] = '/';
	text[100] = '\0';
	assert_int_equal(target_parse(text, &t), ERR_LIMIT);
	free(text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_decoded_once),
		cmocka_unit_test(letters_beyond_ascii_are_kept),
		cmocka_unit_test(malformed_targets_are_refused),
		cmocka_unit_test(long_targets_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

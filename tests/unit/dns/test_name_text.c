/* Names in presentation form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "dns/name.h"

static void text_of_names_is_absolute_and_escaped(void **state) {
	(void)state;
	char buf[NAME_TEXT_MAX];
	assert_string_equal(name_text((const uint8_t *)"\0", buf), ".");
	assert_string_equal(name_text((const uint8_t *)"\3www\7example\0", buf), "www.example.");
	assert_string_equal(name_text((const uint8_t *)"\5a.b c\0", buf), "a\\.b\\032c.");
	assert_string_equal(name_text((const uint8_t *)"\7\"();@$\\\0", buf), "\\\"\\(\\)\\;\\@\\$\\092.");
	assert_string_equal(name_text((const uint8_t *)"\3\0\x7f\xff\0", buf), "\\000\\127\\255.");
	assert_string_equal(name_text((const uint8_t *)"\6*_-/[+\0", buf), "*_-/\\091\\043.");
}

static void short_text_has_no_final_dot(void **state) {
	(void)state;
	char buf[NAME_TEXT_MAX];
	assert_string_equal(name_text_short((const uint8_t *)"\0", buf), ".");
	assert_string_equal(name_text_short((const uint8_t *)"\3www\7example\0", buf), "www.example");
	assert_string_equal(name_text_short((const uint8_t *)"\2a.\0", buf), "a\\.");
}

/* Four labels of 63, 63, 63 and 61 octets, each octet \000: the longest text there is. */
static void the_longest_text_fits(void **state) {
	(void)state;
	char buf[NAME_TEXT_MAX];
	uint8_t wire[NAME_MAX_LEN] = { 0 };
	struct name back;
	wire[0] = wire[64] = wire[128] = 63;
	wire[192] = 61;
	assert_int_equal(name_check(wire, sizeof(wire)), NAME_MAX_LEN);
	assert_int_equal(strlen(name_text(wire, buf)), 250 * 4 + 4);
	assert_int_equal(name_parse(buf, &back), OK);
	assert_memory_equal(back.wire, wire, NAME_MAX_LEN);
}

static void every_octet_comes_back(void **state) {
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		uint8_t wire[] = { 2, (uint8_t)c, 'x', 1, (uint8_t)c, 0 };
		char buf[NAME_TEXT_MAX];
		struct name n;
		assert_int_equal(name_parse(name_text(wire, buf), &n), OK);
		assert_int_equal(n.len, sizeof(wire));
		assert_memory_equal(n.wire, wire, sizeof(wire));
	}
}

static void a_missing_final_dot_is_added(void **state) {
	(void)state;
	struct name a, b;
	assert_int_equal(name_parse("www.Example", &a), OK);
	assert_int_equal(name_parse("www.Example.", &b), OK);
	assert_int_equal(a.len, 13);
	assert_memory_equal(a.wire, b.wire, a.len);
	assert_int_equal(name_parse(".", &a), OK);
	assert_int_equal(a.len, 1);
	assert_int_equal(a.wire[0], 0);
}

static void what_is_no_name_is_refused(void **state) {
	(void)state;
	static const char *const bad[] = { "",      "..",     ".a",      "a..b", "a..",    "\\",  "a\\",
		                           "a\\25", "a\\256", "a\\999.", "\\2",  "a.\\12", "a\\0" };
	struct name n = { .len = 9 };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(name_parse(bad[i], &n), ERR_NAME);
		assert_int_equal(n.len, 9);
	}
}

static void labels_and_names_have_their_limits(void **state) {
	(void)state;
	char text[600];
	struct name n;
	memset(text, 'x', 64);
	text[63] = '\0';
	assert_int_equal(name_parse(text, &n), OK);
	text[63] = 'x';
	text[64] = '\0';
	assert_int_equal(name_parse(text, &n), ERR_NAME);
	for (size_t i = 0; i < 127; i++) {
		text[2 * i] = 'a';
		text[2 * i + 1] = '.';
	}
	text[254] = '\0';
	assert_int_equal(name_parse(text, &n), OK);
	assert_int_equal(n.len, 255);
	memcpy(text + 254, "a", 2);
	assert_int_equal(name_parse(text, &n), ERR_NAME);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_names_is_absolute_and_escaped),
		cmocka_unit_test(short_text_has_no_final_dot),
		cmocka_unit_test(the_longest_text_fits),
		cmocka_unit_test(every_octet_comes_back),
		cmocka_unit_test(a_missing_final_dot_is_added),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(labels_and_names_have_their_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

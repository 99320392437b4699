/* web/names: domain names as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web/names.h"

static const char *canonical(const char *text) {
	static char out[NAMES_TEXT_MAX];
	char fault[NAMES_FAULT_MAX];
	return names_canonical(text, out, fault) == OK ? out : NULL;
}

static void spellings_of_a_name_are_one(void **state) {
	(void)state;
	assert_string_equal(canonical("Example.COM."), "example.com");
	assert_string_equal(canonical("B\xc3\xbc"
	                              "cher.Example."),
	                    "xn--bcher-kva.example");
	assert_string_equal(canonical("BU\xcc\x88"
	                              "CHER.example"),
	                    "xn--bcher-kva.example"); /* a letter and its dots apart */
	assert_string_equal(canonical("fa\xc3\x9f.example"), "xn--fa-hia.example");
	assert_string_equal(canonical("."), ".");
	assert_string_equal(canonical("0/25.2.0.192.in-addr.arpa"), "0/25.2.0.192.in-addr.arpa");
	assert_string_equal(canonical("a\\."), "a\\.");
}

static void what_is_no_name_is_refused(void **state) {
	char text[NAMES_TEXT_MAX + 10];
	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_null(canonical(""));
	assert_null(canonical(text));
	assert_null(canonical("\xe2\x80\xae.example")); /* turns the direction of writing */
	assert_null(canonical("\xff\xfe"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings_of_a_name_are_one),
		cmocka_unit_test(what_is_no_name_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

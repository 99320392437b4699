/* web/accept: what a client says that it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/accept.h"

static void ranges_allow_what_they_cover(void **state) {
	(void)state;
	assert_true(accept_allows(NULL, MAKES_JSON));
	assert_true(accept_allows("", MAKES_JSON));
	assert_true(accept_allows("*/*", MAKES_TEXT));
	assert_true(accept_allows("text/html, application/*;q=0.5", MAKES_JSON));
	assert_true(accept_allows("Application/JSON", MAKES_JSON));
	assert_true(accept_allows("text/plain", MAKES_EITHER));
	assert_true(accept_allows("text/event-stream", MAKES_EVENTS));
}

static void other_types_are_not_allowed(void **state) {
	(void)state;
	assert_false(accept_allows("text/html", MAKES_JSON));
	assert_false(accept_allows("application/json;q=0, */*", MAKES_JSON));
	assert_false(accept_allows("*/*;q=0", MAKES_JSON));
	assert_false(accept_allows("application/json", MAKES_TEXT));
	assert_false(accept_allows(";;;,,,", MAKES_JSON));
}

static void bodies_of_json_are_known(void **state) {
	(void)state;
	assert_true(accept_is_json("application/json; charset=utf-8"));
	assert_true(accept_is_json("application/merge-patch+json"));
	assert_false(accept_is_json("application/x-www-form-urlencoded"));
	assert_false(accept_is_json(""));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_allow_what_they_cover),
		cmocka_unit_test(other_types_are_not_allowed),
		cmocka_unit_test(bodies_of_json_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

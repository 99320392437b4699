/* web/route: which row a path and a method lead to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/route.h"

static const struct route *find(const char *method, const char *uri, char allow[static ROUTE_ALLOW_MAX]) {
	const char *params[ROUTE_PARAMS_MAX] = { NULL };
	struct target t;
	assert_int_equal(target_parse(uri, &t), OK);
	const struct route *r = route_find(method_parse(method), &t, params, allow);
	target_done(&t);
	return r;
}

static void each_row_is_found_by_its_own_path(void **state) {
	char allow[ROUTE_ALLOW_MAX];
	(void)state;
	for (size_t i = 0; i < routes_count; i++)
		assert_ptr_equal(find(method_text(routes[i].method), routes[i].pattern, allow), &routes[i]);
}

static void head_is_a_get(void **state) {
	char allow[ROUTE_ALLOW_MAX];
	(void)state;
	assert_ptr_equal(find("HEAD", "/healthz", allow), find("GET", "/healthz", allow));
}

static void other_methods_tell_what_is_allowed(void **state) {
	char allow[ROUTE_ALLOW_MAX];
	(void)state;
	assert_null(find("POST", "/healthz", allow));
	assert_string_equal(allow, "GET, HEAD");
	assert_null(find("BREW", "/healthz", allow));
	assert_string_equal(allow, "GET, HEAD");
}

static void other_paths_are_nothing(void **state) {
	static const char *const paths[] = { "/",       "/healthz/",  "/Healthz", "//healthz",
		                             "/health", "/healthz/x", "/api" };
	char allow[ROUTE_ALLOW_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_null(find("GET", paths[i], allow));
		assert_string_equal(allow, "");
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_found_by_its_own_path),
		cmocka_unit_test(head_is_a_get),
		cmocka_unit_test(other_methods_tell_what_is_allowed),
		cmocka_unit_test(other_paths_are_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

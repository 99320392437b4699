/* What a copy brought becomes a version and the steps that lead to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "transfer/build.h"
#include "zone_make.h"

static struct builder *zone(uint32_t serial, const char *address) {
	struct builder *b = make_zone("example.", serial);
	make_a(b, "www.example.", address);
	return b;
}

static struct build build_on(struct zone_version *former) {
	if (former) version_ref(former);
	return (struct build){ .former = former, .step_max_bytes = 1 << 20, .time_s = 42 };
}

static void first_version_has_no_steps(void **state) {
	(void)state;
	struct why why;
	struct build b = build_on(NULL);
	b.builder = zone(1, "192.0.2.1");
	assert_true(build_waiting(&b) > 0);
	assert_int_equal(build_run(&b, &why), OK);
	assert_int_equal(version_serial(b.version), 1);
	assert_int_equal(b.step_count, 0);
	assert_false(b.unchanged);
	build_done(&b);
}

static void whole_zone_comes_with_the_step_to_it(void **state) {
	(void)state;
	struct why why;
	struct zone_version *former = make_done(zone(1, "192.0.2.1"));
	struct build b = build_on(former);
	b.builder = zone(2, "192.0.2.2");
	assert_int_equal(build_run(&b, &why), OK);
	assert_int_equal(b.step_count, 1);
	assert_int_equal(b.steps[0]->from, 1);
	assert_int_equal(b.steps[0]->to, 2);
	assert_int_equal(b.steps[0]->time_s, 42);
	assert_false(b.unchanged);
	build_done(&b);
	version_unref(former);
}

static void difference_that_is_too_large_is_not_kept(void **state) {
	(void)state;
	struct why why;
	struct zone_version *former = make_done(zone(1, "192.0.2.1"));
	struct build b = build_on(former);
	b.builder = zone(2, "192.0.2.2");
	b.step_max_bytes = 10;
	assert_int_equal(build_run(&b, &why), OK);
	assert_int_equal(b.step_count, 0);
	assert_non_null(b.version);
	build_done(&b);
	version_unref(former);
}

static void same_zone_again_is_told(void **state) {
	(void)state;
	struct why why;
	struct zone_version *former = make_done(zone(1, "192.0.2.1"));
	struct build same = build_on(former), other = build_on(former);
	same.builder = zone(1, "192.0.2.1");
	other.builder = zone(1, "192.0.2.9"); /* the serial was forgotten */
	assert_int_equal(build_run(&same, &why), OK);
	assert_true(same.unchanged);
	assert_int_equal(build_run(&other, &why), OK);
	assert_false(other.unchanged);
	build_done(&same);
	build_done(&other);
	version_unref(former);
}

static struct change *step(struct zone_version *a, struct zone_version *b) {
	struct change *c = NULL;
	assert_int_equal(version_diff(a, b, 0, 0, &c), OK);
	return c;
}

static void differences_are_applied_to_the_version_held(void **state) {
	(void)state;
	struct why why;
	struct zone_version *one = make_done(zone(1, "192.0.2.1")), *two = make_done(zone(2, "192.0.2.2")),
			    *three = make_done(zone(3, "192.0.2.3"));
	struct build b = build_on(one);
	b.steps = xcalloc(2, sizeof(*b.steps));
	b.steps[0] = step(one, two);
	b.steps[1] = step(two, three);
	b.step_count = 2;
	assert_int_equal(build_run(&b, &why), OK);
	assert_int_equal(version_serial(b.version), 3);
	assert_int_equal(b.steps[1]->time_s, 42);
	build_done(&b);
	version_unref(one);
	version_unref(two);
	version_unref(three);
}

static void differences_that_do_not_fit_are_refused(void **state) {
	(void)state;
	struct why why = { .reason = REASON_NONE };
	struct zone_version *one = make_done(zone(1, "192.0.2.1")), *two = make_done(zone(2, "192.0.2.2")),
			    *three = make_done(zone(3, "192.0.2.3"));
	struct build b = build_on(one);
	b.steps = xcalloc(1, sizeof(*b.steps));
	b.steps[0] = step(two, three);
	b.step_count = 1;
	assert_int_equal(build_run(&b, &why), ERR_MISMATCH);
	assert_int_equal(why.reason, REASON_IXFR_MISMATCH);
	assert_null(b.version);
	build_done(&b);
	version_unref(one);
	version_unref(two);
	version_unref(three);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_version_has_no_steps),
		cmocka_unit_test(whole_zone_comes_with_the_step_to_it),
		cmocka_unit_test(difference_that_is_too_large_is_not_kept),
		cmocka_unit_test(same_zone_again_is_told),
		cmocka_unit_test(differences_are_applied_to_the_version_held),
		cmocka_unit_test(differences_that_do_not_fit_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

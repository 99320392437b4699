/* Changes: written, read back, taken apart; differences of two versions and their application. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "zone/apply.h"
#include "zone_make.h"

static struct zone_version *first(void) {
	struct builder *b = make_zone("example.", 1);
	make_a(b, "www.example.", "192.0.2.1");
	make_a(b, "www.example.", "192.0.2.2");
	make_a(b, "deep.a.b.example.", "192.0.2.3");
	return make_done(b);
}

static struct zone_version *second(void) {
	struct builder *b = make_zone("example.", 2);
	make_a(b, "www.example.", "192.0.2.1");
	make_a(b, "www.example.", "192.0.2.9");
	make_target(b, "alias.example.", RR_CNAME, "www.example.");
	return make_done(b);
}

static struct change *diff(const struct zone_version *a, const struct zone_version *b) {
	struct change *c = NULL;
	assert_int_equal(version_diff(a, b, 0, 1000, &c), OK);
	return c;
}

static bool is_same(const struct zone_version *a, const struct zone_version *b) {
	struct change *c = diff(a, b);
	bool same = c->count[0] == 1 && c->count[1] == 1 && c->from == c->to &&
	            version_records(a) == version_records(b);
	change_unref(c);
	return same;
}

static void difference_names_what_changed(void **state) {
	(void)state;
	struct zone_version *a = first(), *b = second();
	struct change *c = diff(a, b);
	assert_int_equal(c->from, 1);
	assert_int_equal(c->to, 2);
	assert_int_equal(c->count[CHANGE_REMOVED], 3); /* SOA, one address of www, deep */
	assert_int_equal(c->count[CHANGE_ADDED], 3);
	struct change_walk walk = { 0 };
	struct change_record r;
	assert_true(change_next(c, CHANGE_REMOVED, &walk, &r));
	assert_int_equal(r.type, RR_SOA);
	change_unref(c);
	version_unref(a);
	version_unref(b);
}

static void difference_applied_gives_the_other(void **state) {
	(void)state;
	struct builder_limits limits = { 0 };
	struct zone_version *a = first(), *b = second(), *next, *back;
	struct change *c = diff(a, b);
	struct why why;
	assert_int_equal(version_apply(a, &c, 1, APPLY_FORWARD, &limits, &next, &why), OK);
	assert_int_equal(version_serial(next), 2);
	assert_true(is_same(next, b));
	assert_int_equal(version_apply(next, &c, 1, APPLY_BACKWARD, &limits, &back, &why), OK);
	assert_true(is_same(back, a));
	change_unref(c);
	version_unref(a);
	version_unref(b);
	version_unref(next);
	version_unref(back);
}

static void step_that_does_not_fit_is_refused(void **state) {
	(void)state;
	struct builder_limits limits = { 0 };
	struct zone_version *a = first(), *b = second(), *next = NULL;
	struct change *c = diff(a, b);
	struct why why = { .reason = REASON_NONE };
	assert_int_equal(version_apply(b, &c, 1, APPLY_FORWARD, &limits, &next, &why), ERR_MISMATCH);
	assert_int_equal(why.reason, REASON_IXFR_MISMATCH);
	assert_null(next);
	change_unref(c);
	version_unref(a);
	version_unref(b);
}

static struct change *step_of(struct zone_version *v, uint32_t to, const char *gone, const char *come) {
	struct builder *b = make_zone("example.", to);
	struct zone_version *w = make_done(b);
	struct change *soas = diff(v, w), *c = NULL;
	struct change_writer writer = change_writer_init(0);
	struct change_walk removed = { 0 }, added = { 0 };
	struct change_record r;
	uint8_t address[4] = { 203, 0, 113, 1 };
	assert_true(change_next(soas, CHANGE_REMOVED, &removed, &r));
	assert_int_equal(change_put(&writer, CHANGE_REMOVED, &r), OK);
	assert_true(change_next(soas, CHANGE_ADDED, &added, &r));
	assert_int_equal(change_put(&writer, CHANGE_ADDED, &r), OK);
	struct name name = make_name(gone ? gone : come);
	r = (struct change_record){
		.owner = name.wire, .type = RR_A, .rdlength = 4, .ttl_s = 300, .rdata = address
	};
	assert_int_equal(change_put(&writer, gone ? CHANGE_REMOVED : CHANGE_ADDED, &r), OK);
	assert_int_equal(change_finish(&writer, 7, &c), OK);
	change_unref(soas);
	version_unref(w);
	return c;
}

static void removal_of_what_is_not_there_is_named(void **state) {
	(void)state;
	struct builder_limits limits = { 0 };
	struct zone_version *a = first(), *next = NULL;
	struct change *c = step_of(a, 2, "www.", NULL);
	struct why why = { .reason = REASON_NONE };
	assert_int_equal(version_apply(a, &c, 1, APPLY_FORWARD, &limits, &next, &why), ERR_MISMATCH);
	assert_non_null(strstr(why.evidence, "www.example A is to be removed and is not there"));
	change_unref(c);
	version_unref(a);
}

static void addition_of_what_is_there_is_named(void **state) {
	(void)state;
	struct builder_limits limits = { 0 };
	struct zone_version *a = first(), *b, *next = NULL;
	struct change *c = step_of(a, 2, NULL, "new."), *again;
	struct why why = { .reason = REASON_NONE };
	assert_int_equal(version_apply(a, &c, 1, APPLY_FORWARD, &limits, &b, &why), OK);
	again = step_of(b, 3, NULL, "NEW.");
	assert_int_equal(version_apply(b, &again, 1, APPLY_FORWARD, &limits, &next, &why), ERR_MISMATCH);
	assert_non_null(strstr(why.evidence, "A is to be added and is there"));
	change_unref(c);
	change_unref(again);
	version_unref(a);
	version_unref(b);
}

static void saved_block_is_opened_and_a_damaged_one_is_not(void **state) {
	(void)state;
	struct zone_version *a = first(), *b = second();
	struct change *c = diff(a, b), *opened = NULL;
	assert_int_equal(change_open(c->block, c->len, c->count, 1, 2, 5, &opened), OK);
	assert_memory_equal(opened->block, c->block, c->len[0] + c->len[1]);
	change_unref(opened);
	assert_int_equal(change_open(c->block, c->len, c->count, 1, 3, 5, &opened), ERR_CORRUPT);
	uint32_t len[2] = { c->len[0] - 1, c->len[1] };
	assert_int_equal(change_open(c->block, len, c->count, 1, 2, 5, &opened), ERR_CORRUPT);
	change_unref(c);
	version_unref(a);
	version_unref(b);
}

static void lists_keep_the_newest_that_fit(void **state) {
	(void)state;
	struct zone_version *a = first(), *b = second();
	struct change *one = diff(a, b), *two = step_of(b, 3, NULL, "x."), *far = step_of(b, 9, NULL, "y.");
	struct changes *list = changes_extend(NULL, &one, 1, 10, UINT64_MAX);
	struct changes *both = changes_extend(list, &two, 1, 10, UINT64_MAX);
	assert_int_equal(both->count, 2);
	assert_ptr_equal(both->steps[0], one);
	struct changes *newest = changes_extend(list, &two, 1, 1, UINT64_MAX);
	assert_int_equal(newest->count, 1);
	assert_ptr_equal(newest->steps[0], two);
	struct changes *anew = changes_extend(both, &far, 1, 10, UINT64_MAX);
	assert_int_equal(anew->count, 1); /* from 2, where the former ends with 3 */
	assert_null(changes_extend(list, &two, 1, 10, 8));
	changes_unref(list);
	changes_unref(both);
	changes_unref(newest);
	changes_unref(anew);
	change_unref(one);
	change_unref(two);
	change_unref(far);
	version_unref(a);
	version_unref(b);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(difference_names_what_changed),
		cmocka_unit_test(difference_applied_gives_the_other),
		cmocka_unit_test(step_that_does_not_fit_is_refused),
		cmocka_unit_test(removal_of_what_is_not_there_is_named),
		cmocka_unit_test(addition_of_what_is_there_is_named),
		cmocka_unit_test(saved_block_is_opened_and_a_damaged_one_is_not),
		cmocka_unit_test(lists_keep_the_newest_that_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

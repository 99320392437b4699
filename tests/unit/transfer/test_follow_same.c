/* Copies at the serial that is served: what is wrong with one is told until one goes well. */
#include "follow_lab.h"

/* The primary has other signatures at our serial. */
static void answer_resigned(struct lab *l) {
	follow_told(&l->f, FOLLOW_NOT_TOLD, true);
	answer(l, 1);
}

static void begin_refused(struct lab *l, enum reason reason) {
	begin(l, 1, PRIMARIES_IN_ORDER);
	due(l);
	answer_resigned(l);
	ASSERT_COPY(*l, 0, false);
	l->d = follow_copied(&l->f, &l->env, 1);
	fail_with(l, reason);
	assert_true(l->d.confirmed);
	assert_int_equal(l->f.failures, 0);
}

static void a_copy_that_is_refused_is_told_until_one_goes_well(void **state) {
	(void)state;
	struct lab l;
	begin_refused(&l, REASON_DNSSEC_BOGUS);
	int64_t since_s = l.f.since_s;
	assert_int_equal(follow_why(&l.f)->reason, REASON_DNSSEC_BOGUS);
	assert_int_equal(since_s, l.env.now_s);
	due(&l);
	answer_resigned(&l); /* too early to copy them again */
	assert_true(l.d.confirmed);
	assert_int_equal(follow_why(&l.f)->reason, REASON_DNSSEC_BOGUS);
	assert_int_equal(l.f.since_s, since_s);
	l.env.now_s = since_s + CHOICE_SIGNED_MAX_S;
	l.d = follow_wish(&l.f, &l.env, false);
	answer_resigned(&l);
	ASSERT_COPY(l, 0, false);
	copy_and_save(&l, 1);
	assert_int_equal(follow_why(&l.f)->reason, REASON_NONE);
	follow_done(&l.f);
}

static void a_copy_that_the_store_does_not_keep_is_told(void **state) {
	(void)state;
	struct lab l;
	begin_refused(&l, REASON_STORE_FAILED);
	assert_int_equal(follow_why(&l.f)->reason, REASON_STORE_FAILED);
	follow_done(&l.f);
}

static void another_failure_between_does_not_hide_it(void **state) {
	(void)state;
	struct lab l;
	begin_refused(&l, REASON_SHRUNK);
	due(&l);
	fail_with(&l, REASON_TIMEOUT);
	assert_int_equal(follow_why(&l.f)->reason, REASON_TIMEOUT);
	due(&l);
	answer_resigned(&l);
	assert_int_equal(follow_why(&l.f)->reason, REASON_SHRUNK);
	follow_done(&l.f);
}

static void it_is_over_when_the_primary_has_our_signatures_again(void **state) {
	(void)state;
	struct lab l;
	begin_refused(&l, REASON_DNSSEC_BOGUS);
	due(&l);
	answer(&l, 1);
	follow_told(&l.f, FOLLOW_NOT_TOLD, false);
	due(&l);
	answer(&l, 1);
	assert_int_equal(follow_why(&l.f)->reason, REASON_NONE);
	follow_done(&l.f);
}

static void it_is_over_with_the_next_version(void **state) {
	(void)state;
	struct lab l;
	begin_refused(&l, REASON_SHRUNK);
	l.d = follow_notified(&l.f, &l.env, 0, true, 2);
	copy_and_save(&l, 2);
	assert_int_equal(follow_why(&l.f)->reason, REASON_NONE);
	follow_done(&l.f);
}

static void a_copy_that_broke_off_is_tried_again_and_not_told(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	due(&l);
	answer_resigned(&l);
	fail_with(&l, REASON_TRUNCATED_STREAM);
	assert_true(l.d.confirmed);
	assert_int_equal(follow_why(&l.f)->reason, REASON_NONE);
	follow_done(&l.f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_that_is_refused_is_told_until_one_goes_well),
		cmocka_unit_test(a_copy_that_the_store_does_not_keep_is_told),
		cmocka_unit_test(another_failure_between_does_not_hide_it),
		cmocka_unit_test(it_is_over_when_the_primary_has_our_signatures_again),
		cmocka_unit_test(it_is_over_with_the_next_version),
		cmocka_unit_test(a_copy_that_broke_off_is_tried_again_and_not_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "transfer/reach.h"

static struct why dead(void) {
	struct why why;
	why_set(&why, REASON_TIMEOUT, "no answer");
	return why;
}

static void a_dead_primary_fails_refreshes_at_once_with_what_was_found(void **state) {
	(void)state;
	struct reach r = { 0 };
	struct why why = dead(), found = { 0 };
	assert_true(reach_admits(&r, 0, URGENCY_REFRESH, &found));
	reach_failed(&r, 0, &why);
	assert_false(reach_admits(&r, 1, URGENCY_REFRESH, &found));
	assert_int_equal(found.reason, REASON_TIMEOUT);
	assert_true(reach_admits(&r, 1, URGENCY_NOTIFY, &found));
	assert_true(reach_admits(&r, 1, URGENCY_OPERATOR, &found));
}

static void one_of_many_is_let_through_to_look(void **state) {
	(void)state;
	struct reach r = { 0 };
	struct why why = dead(), found;
	reach_failed(&r, 0, &why);
	unsigned admitted = 0;
	for (int64_t ms = 1; ms < REACH_FIRST_MS; ms++)
		admitted += reach_admits(&r, ms, URGENCY_REFRESH, &found);
	assert_int_equal(admitted, 9);
}

static void few_questions_of_any_urgency_go_by_udp_to_a_silent_primary(void **state) {
	(void)state;
	struct reach r = { 0 };
	struct why why = dead(), found = { 0 };
	assert_true(reach_admits_datagram(&r, 0, URGENCY_NOTIFY, 1000, &found));
	reach_failed(&r, 0, &why);
	assert_true(reach_admits_datagram(&r, 1, URGENCY_NOTIFY, REACH_FEW, &found));
	assert_false(reach_admits_datagram(&r, 1, URGENCY_NOTIFY, REACH_FEW + 1, &found));
	assert_int_equal(found.reason, REASON_TIMEOUT);
	assert_false(reach_admits_datagram(&r, 1, URGENCY_REFRESH, 1, &found));
	reach_answered(&r);
	assert_true(reach_admits_datagram(&r, 1, URGENCY_NOTIFY, 1000, &found));
}

static void avoidance_doubles_up_to_its_longest(void **state) {
	(void)state;
	struct reach r = { 0 };
	struct why why = dead();
	int64_t now = 0, expected[] = { 10000, 20000, 40000, 80000, 160000, 320000, 640000, 640000 };
	for (unsigned i = 0; i < 8; i++) {
		reach_failed(&r, now, &why);
		reach_failed(&r, now + 1, &why); /* of the same time: counts once */
		assert_int_equal(r.until_ms, now + expected[i]);
		now = r.until_ms;
	}
}

static void an_answer_ends_it(void **state) {
	(void)state;
	struct reach r = { 0 };
	struct why why = dead(), found;
	reach_failed(&r, 0, &why);
	reach_answered(&r);
	assert_true(reach_admits(&r, 1, URGENCY_REFRESH, &found));
	reach_failed(&r, 5, &why);
	assert_int_equal(r.until_ms, 5 + REACH_FIRST_MS);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dead_primary_fails_refreshes_at_once_with_what_was_found),
		cmocka_unit_test(one_of_many_is_let_through_to_look),
		cmocka_unit_test(few_questions_of_any_urgency_go_by_udp_to_a_silent_primary),
		cmocka_unit_test(avoidance_doubles_up_to_its_longest),
		cmocka_unit_test(an_answer_ends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

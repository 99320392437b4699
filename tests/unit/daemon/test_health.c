#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/health.h"

static json_int_t summed(const struct health_counts *h, int64_t account, const char *word) {
	json_t *o = health_summary(h, account);
	json_int_t n = json_integer_value(json_object_get(o, word));
	json_decref(o);
	return n;
}

static void health_is_what_state_and_reason_make_of_it(void **state) {
	(void)state;
	assert_int_equal(health_of(TRUTH_ACTIVE, REASON_NONE), HEALTH_SYNCED);
	assert_int_equal(health_of(TRUTH_HELD, REASON_HELD), HEALTH_SYNCED);
	assert_int_equal(health_of(TRUTH_STALE, REASON_BEHIND), HEALTH_STALE);
	assert_int_equal(health_of(TRUTH_STALE, REASON_TIMEOUT), HEALTH_UNREACHABLE);
	assert_int_equal(health_of(TRUTH_PENDING, REASON_NONE), HEALTH_PENDING);
	assert_int_equal(health_of(TRUTH_PENDING, REASON_UNREACHABLE), HEALTH_UNREACHABLE);
	assert_int_equal(health_of(TRUTH_ERROR, REASON_REFUSED), HEALTH_ERROR);
	assert_int_equal(health_of(TRUTH_EXPIRED, REASON_EXPIRED), HEALTH_ERROR);
}

static void zones_are_counted_by_account_as_they_come_move_and_go(void **state) {
	struct health_counts *h = health_new();
	(void)state;
	health_come(h, 1, HEALTH_PENDING);
	health_come(h, 5000, HEALTH_PENDING);
	health_move(h, 5000, HEALTH_PENDING, HEALTH_UNREACHABLE);
	assert_int_equal(summed(h, -1, "total"), 2);
	assert_int_equal(summed(h, 1, "pending"), 1);
	assert_int_equal(summed(h, 1, "masterUnreachable"), 0);
	assert_int_equal(summed(h, 5000, "masterUnreachable"), 1);
	assert_int_equal(summed(h, 77, "total"), 0);
	assert_int_equal(summed(h, 1000000, "total"), 0);
	health_go(h, 5000, HEALTH_UNREACHABLE);
	assert_int_equal(summed(h, 5000, "total"), 0);
	assert_int_equal(summed(h, -1, "total"), 1);
	health_free(h);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(health_is_what_state_and_reason_make_of_it),
		cmocka_unit_test(zones_are_counted_by_account_as_they_come_move_and_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

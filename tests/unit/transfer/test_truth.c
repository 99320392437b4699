#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "transfer/truth.h"

#define NOW_S 1000000

static const struct why nothing = { .reason = REASON_NONE };

/* Version 5, confirmed a minute ago; refresh 1000, retry 100. */
static struct truth_facts served(void) {
	return (struct truth_facts){
		.now_s = NOW_S,
		.checked_s = NOW_S - 60,
		.timers = { 1000, 100, 10000 },
		.serial = 5,
		.newest = 5,
		.has_newest = true,
		.has_version = true,
		.why = &nothing,
	};
}

static struct why failed(enum reason reason) {
	struct why why;
	why_set(&why, reason, "scripted");
	return why;
}

/* The reason that is told with it. */
static enum truth_state judge(const struct truth_facts *facts, enum reason *out_reason) {
	struct why why = *facts->why;
	enum truth_state state = truth_judge(facts, &why);
	*out_reason = why.reason;
	if (why.reason != REASON_NONE) assert_true(why.evidence[0] != '\0');
	return state;
}

static void a_zone_that_a_primary_confirmed_is_active(void **state) {
	(void)state;
	enum reason reason;
	struct truth_facts f = served();
	assert_int_equal(judge(&f, &reason), TRUTH_ACTIVE);
	assert_int_equal(reason, REASON_NONE);
	f.newest = 4; /* another primary is behind: that is told when it is asked */
	assert_int_equal(judge(&f, &reason), TRUTH_ACTIVE);
}

static void a_newer_serial_that_is_known_makes_stale_at_once(void **state) {
	(void)state;
	enum reason reason;
	struct truth_facts f = served();
	f.newest = 6;
	assert_int_equal(judge(&f, &reason), TRUTH_STALE);
	assert_int_equal(reason, REASON_BEHIND);
	struct why why = failed(REASON_TIMEOUT);
	f.why = &why;
	assert_int_equal(judge(&f, &reason), TRUTH_STALE);
	assert_int_equal(reason, REASON_TIMEOUT);
}

static void primaries_that_fail_make_stale_after_the_refresh_time_and_two_retries(void **state) {
	(void)state;
	enum reason reason;
	struct why why = failed(REASON_TIMEOUT);
	struct truth_facts f = served();
	f.why = &why;
	assert_int_equal(truth_late_s(&f), f.checked_s + 1200);
	f.now_s = truth_late_s(&f) - 1;
	assert_int_equal(judge(&f, &reason), TRUTH_ACTIVE);
	assert_int_equal(reason, REASON_TIMEOUT);
	f.now_s++;
	assert_int_equal(judge(&f, &reason), TRUTH_STALE);
	assert_int_equal(reason, REASON_TIMEOUT);
	f.why = &nothing;
	assert_int_equal(judge(&f, &reason), TRUTH_STALE);
	assert_int_equal(reason, REASON_BEHIND);
}

static void what_people_must_mend_is_an_error_though_the_zone_is_served(void **state) {
	(void)state;
	static const enum reason reasons[] = {
		REASON_SERIAL_BEHIND, REASON_BAD_ZONE,    REASON_OUT_OF_ZONE,
		REASON_TOO_LARGE,     REASON_TSIG_BADSIG, REASON_STORE_FAILED
	};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		enum reason reason;
		struct why why = failed(reasons[i]);
		struct truth_facts f = served();
		f.why = &why;
		assert_int_equal(judge(&f, &reason), TRUTH_ERROR);
		assert_int_equal(reason, reasons[i]);
	}
}

static void without_a_version_it_is_pending_until_a_round_failed(void **state) {
	(void)state;
	enum reason reason;
	struct truth_facts f = { .now_s = NOW_S, .why = &nothing };
	assert_int_equal(judge(&f, &reason), TRUTH_PENDING);
	assert_int_equal(reason, REASON_NOT_TRIED);
	struct why why = failed(REASON_REFUSED);
	f.why = &why;
	assert_int_equal(judge(&f, &reason), TRUTH_ERROR);
	assert_int_equal(reason, REASON_REFUSED);
}

static void an_expired_zone_is_expired_whatever_else(void **state) {
	(void)state;
	enum reason reason;
	struct truth_facts f = served();
	f.expired = f.held = true;
	assert_int_equal(judge(&f, &reason), TRUTH_EXPIRED);
	assert_int_equal(reason, REASON_EXPIRED);
}

static void a_hold_covers_what_is_wrong_with_the_primaries(void **state) {
	(void)state;
	enum reason reason;
	struct why why = failed(REASON_TIMEOUT);
	struct truth_facts f = served();
	f.why = &why;
	f.held = true;
	f.newest = 9;
	assert_int_equal(judge(&f, &reason), TRUTH_HELD);
	assert_int_equal(reason, REASON_HELD);
	f.held = false;
	f.rolled_back = true;
	assert_int_equal(judge(&f, &reason), TRUTH_HELD);
}

static void what_is_not_served_is_an_error_before_all(void **state) {
	(void)state;
	enum reason reason;
	struct truth_facts f = served();
	struct why why = failed(REASON_NOT_SERVED);
	f.why = &why;
	f.not_served = f.held = f.expired = true;
	assert_int_equal(judge(&f, &reason), TRUTH_ERROR);
	assert_int_equal(reason, REASON_NOT_SERVED);
}

static void each_state_has_a_name(void **state) {
	(void)state;
	for (int i = 0; i < TRUTH_COUNT; i++)
		assert_non_null(truth_text((enum truth_state)i));
	assert_string_equal(truth_text(TRUTH_STALE), "stale");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zone_that_a_primary_confirmed_is_active),
		cmocka_unit_test(a_newer_serial_that_is_known_makes_stale_at_once),
		cmocka_unit_test(primaries_that_fail_make_stale_after_the_refresh_time_and_two_retries),
		cmocka_unit_test(what_people_must_mend_is_an_error_though_the_zone_is_served),
		cmocka_unit_test(without_a_version_it_is_pending_until_a_round_failed),
		cmocka_unit_test(an_expired_zone_is_expired_whatever_else),
		cmocka_unit_test(a_hold_covers_what_is_wrong_with_the_primaries),
		cmocka_unit_test(what_is_not_served_is_an_error_before_all),
		cmocka_unit_test(each_state_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

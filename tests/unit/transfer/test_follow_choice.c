/* Which primary, differences or the whole zone, and what answers tell beside the serial. */
#include "follow_lab.h"

/* -- differences or the whole zone -- */

static void differences_are_asked_of_who_gave_the_version(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	due(&l);
	answer(&l, 2);
	ASSERT_COPY(l, 0, true);
	copy_and_save(&l, 2);
	assert_int_equal(l.f.serial, 2);
	follow_done(&l.f);
}

static void any_failure_of_differences_leads_to_the_whole_zone_at_once(void **state) {
	(void)state;
	static const enum reason reasons[] = { REASON_SERVFAIL,    REASON_RCODE,
		                               REASON_REFUSED,     REASON_TIMEOUT,
		                               REASON_CLOSED,      REASON_STALLED,
		                               REASON_BAD_RECORD,  REASON_IXFR_MISMATCH,
		                               REASON_TSIG_BADSIG, REASON_NOT_AUTHORITATIVE };
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct lab l;
		begin(&l, 2, PRIMARIES_IN_ORDER);
		due(&l);
		answer(&l, 2);
		ASSERT_COPY(l, 0, true);
		fail_with(&l, reasons[i]);
		ASSERT_COPY(l, 0, false);
		assert_true(l.d.instead && l.d.has_floor);
		copy_and_save(&l, 2);
		assert_int_equal(follow_why(&l.f)->reason, REASON_NONE);
		follow_done(&l.f);
	}
}

static void differences_that_do_not_fit_lead_to_the_whole_zone(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 2, PRIMARIES_IN_ORDER);
	due(&l);
	answer(&l, 2);
	l.d = follow_copied(&l.f, &l.env, 2);
	assert_int_equal(l.d.act, FOLLOW_SAVE);
	fail_with(&l, REASON_IXFR_MISMATCH); /* when they were applied */
	ASSERT_COPY(l, 0, false);
	fail_with(&l, REASON_SERVFAIL); /* and this fails too: the next primary, whose history is another */
	ASSERT_ACT(l, FOLLOW_ASK, 1);
	answer(&l, 2);
	ASSERT_COPY(l, 1, false);
	copy_and_save(&l, 2);
	follow_done(&l.f);
}

/* The whole zone is the same version, which the same guard would refuse. */
static void guards_of_content_do_not_ask_for_the_whole_zone(void **state) {
	(void)state;
	static const enum reason reasons[] = { REASON_SHRUNK, REASON_CHECK_COMMAND_FAILED,
		                               REASON_CHECK_COMMAND_TIMEOUT };
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct lab l;
		begin(&l, 1, PRIMARIES_IN_ORDER);
		due(&l);
		answer(&l, 2);
		ASSERT_COPY(l, 0, true);
		l.d = follow_copied(&l.f, &l.env, 2);
		fail_with(&l, reasons[i]);
		assert_int_equal(l.d.act, FOLLOW_REST);
		assert_true(l.d.failed);
		assert_int_equal(follow_why(&l.f)->reason, reasons[i]);
		follow_done(&l.f);
	}
}

static void a_store_that_fails_is_no_failure_of_differences(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	due(&l);
	answer(&l, 2);
	l.d = follow_copied(&l.f, &l.env, 2);
	fail_with(&l, REASON_STORE_FAILED);
	assert_int_equal(l.d.act, FOLLOW_REST);
	assert_true(l.d.failed);
	follow_done(&l.f);
}

static void differences_that_fail_again_and_again_are_not_asked_for(void **state) {
	(void)state;
	struct lab l;
	uint32_t serial = 1;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	for (int i = 0; i < CHOICE_IXFR_FAILURES; i++) {
		due(&l);
		answer(&l, ++serial);
		ASSERT_COPY(l, 0, true);
		fail_with(&l, REASON_SERVFAIL);
		copy_and_save(&l, serial);
	}
	serial++;
	l.d = follow_notified(&l.f, &l.env, 0, false, 0);
	answer(&l, serial);
	ASSERT_COPY(l, 0, false);
	assert_false(l.d.instead);
	copy_and_save(&l, serial);
	l.env.now_s += CHOICE_IXFR_WAIT_S;
	serial++;
	l.d = follow_notified(&l.f, &l.env, 0, false, 0);
	answer(&l, serial);
	ASSERT_COPY(l, 0, true);
	follow_done(&l.f);
}

static void another_primary_means_the_whole_zone(void **state) {
	(void)state;
	struct lab l;
	for (int shared = 0; shared < 2; shared++) {
		begin(&l, 2, PRIMARIES_IN_ORDER);
		l.env.shared_history = shared;
		due(&l);
		fail_with(&l, REASON_TIMEOUT);
		answer(&l, 2);
		ASSERT_COPY(l, 1, shared);
		copy_and_save(&l, 2);
		l.d = follow_wish(&l.f, &l.env, false); /* a failed just before */
		ASSERT_ACT(l, FOLLOW_ASK, 1);
		answer(&l, 3);
		ASSERT_COPY(l, 1, true);
		follow_done(&l.f);
	}
}

static void differences_are_not_asked_for_where_they_cannot_be_used(void **state) {
	(void)state;
	static const struct primary whole_only[] = { { .name = "a", .axfr_only = true } };
	struct lab l;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	l.d = follow_wish(&l.f, &l.env, true); /* whatever the serial */
	ASSERT_COPY(l, 0, false);
	copy_and_save(&l, 1);
	l.env.primaries = whole_only;
	due(&l);
	answer(&l, 2);
	ASSERT_COPY(l, 0, false);
	copy_and_save(&l, 2);
	l.env.primaries = list;
	l.env.now_s = l.f.expire_s; /* expired: any serial will do */
	l.d = follow_due(&l.f, &l.env);
	assert_true(l.d.expire);
	answer(&l, 1);
	ASSERT_COPY(l, 0, false);
	assert_false(l.d.has_floor);
	follow_done(&l.f);
}

/* -- which primary -- */

static void the_giver_is_asked_first_and_the_others_when_it_has_nothing_newer(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 3, PRIMARIES_PINNED);
	due(&l);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	answer(&l, 1);
	ASSERT_ACT(l, FOLLOW_ASK, 1);
	answer(&l, 2); /* it stood still: b has more */
	ASSERT_COPY(l, 1, false);
	copy_and_save(&l, 2);
	due(&l);
	ASSERT_ACT(l, FOLLOW_ASK, 1); /* the giver now */
	answer(&l, 3);
	ASSERT_COPY(l, 1, true);
	copy_and_save(&l, 3);
	due(&l);
	for (unsigned i = 0; i < 3; i++) {
		ASSERT_ACT(l, FOLLOW_ASK, (1 + i) % 3);
		answer(&l, 3);
	}
	assert_true(l.d.confirmed);
	follow_done(&l.f);
}

static void a_dead_second_primary_spoils_no_confirmation(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 2, PRIMARIES_PINNED);
	due(&l);
	answer(&l, 1);
	ASSERT_ACT(l, FOLLOW_ASK, 1);
	fail_with(&l, REASON_TIMEOUT);
	assert_true(l.d.confirmed);
	assert_int_equal(l.f.failures, 0);
	assert_int_equal(follow_why(&l.f)->reason, REASON_NONE);
	l.d = follow_notified(&l.f, &l.env, 0, false, 0);
	answer(&l, 1); /* b failed lately: nobody waits for it */
	assert_true(l.d.confirmed);
	l.d = follow_wish(&l.f, &l.env, false);
	answer(&l, 1);
	ASSERT_ACT(l, FOLLOW_ASK, 1); /* but an operator wants to know */
	follow_done(&l.f);
}

static void a_newer_version_that_cannot_be_had_is_told(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 2, PRIMARIES_PINNED);
	due(&l);
	answer(&l, 1);
	answer(&l, 2);
	ASSERT_COPY(l, 1, false);
	fail_with(&l, REASON_REFUSED);
	assert_true(l.d.failed);
	assert_int_equal(follow_why(&l.f)->reason, REASON_REFUSED);
	assert_int_equal(l.f.expire_s, l.env.now_s + 10000); /* a has confirmed what is served */
	follow_done(&l.f);
}

static void the_highest_serial_of_all_is_taken(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 3, PRIMARIES_HIGHEST);
	due(&l);
	answer(&l, 2);
	ASSERT_ACT(l, FOLLOW_ASK, 1);
	answer(&l, 4);
	ASSERT_ACT(l, FOLLOW_ASK, 2);
	answer(&l, 3);
	ASSERT_COPY(l, 1, false);
	assert_int_equal(l.d.floor, 4);
	fail_with(&l, REASON_REFUSED); /* then the next highest */
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	answer(&l, 2);
	ASSERT_ACT(l, FOLLOW_ASK, 2);
	answer(&l, 3);
	ASSERT_COPY(l, 2, false);
	copy_and_save(&l, 3);
	follow_done(&l.f);
}

static void of_equal_serials_the_givers_is_taken(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 3, PRIMARIES_HIGHEST);
	due(&l);
	for (unsigned i = 0; i < 3; i++)
		answer(&l, 2);
	ASSERT_COPY(l, 0, true);
	follow_done(&l.f);
}

static void a_primary_that_failed_lately_comes_last(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 2, PRIMARIES_IN_ORDER);
	due(&l);
	fail_with(&l, REASON_TIMEOUT);
	answer(&l, 1);
	assert_true(l.d.confirmed);
	l.d = follow_wish(&l.f, &l.env, false);
	ASSERT_ACT(l, FOLLOW_ASK, 1);
	fail_with(&l, REASON_TIMEOUT);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	answer(&l, 1);
	l.env.now_s += CHOICE_SICK_S;
	l.d = follow_wish(&l.f, &l.env, false);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	follow_done(&l.f);
}

static void when_all_failed_lately_each_is_asked_once(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 3, PRIMARIES_PINNED);
	for (int round = 0; round < 3; round++) {
		due(&l);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(l.d.act, FOLLOW_ASK);
			fail_with(&l, REASON_TIMEOUT);
		}
		assert_true(l.d.failed);
	}
	follow_done(&l.f);
}

/* -- what is told beside the serial -- */

static void the_primarys_expire_time_shortens_ours(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	due(&l);
	answer(&l, 2);
	follow_told(&l.f, 600, false);
	copy_and_save(&l, 2);
	assert_int_equal(l.f.expire_s, l.env.now_s + 600);
	assert_in_range(l.f.refresh_s, l.env.now_s + 1, l.env.now_s + 300); /* twice before it expires */
	l.d = follow_changed(&l.f, &l.env); /* another policy changes nothing in it */
	assert_int_equal(l.f.expire_s, l.env.now_s + 600);
	follow_told(&l.f, 50000, false); /* never more than the SOA's */
	answer(&l, 2);
	assert_int_equal(l.f.expire_s, l.env.now_s + 10000);
	follow_done(&l.f);
}

static void at_the_same_serial_the_later_time_holds(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	int64_t expire_s = l.f.expire_s;
	due(&l);
	follow_told(&l.f, 60, false);
	answer(&l, 1);
	assert_int_equal(l.f.expire_s, expire_s);
	due(&l);
	answer(&l, 1); /* nothing told: the SOA's time anew */
	assert_int_equal(l.f.expire_s, l.env.now_s + 10000);
	follow_done(&l.f);
}

static void other_signatures_are_copied_at_the_same_serial(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	due(&l);
	follow_told(&l.f, FOLLOW_NOT_TOLD, true);
	answer(&l, 1);
	ASSERT_COPY(l, 0, false);
	assert_int_equal(l.d.cause, FOR_SIGNATURES);
	copy_and_save(&l, 1);
	l.d = follow_wish(&l.f, &l.env, false);
	follow_told(&l.f, FOLLOW_NOT_TOLD, true);
	answer(&l, 1);
	assert_true(l.d.confirmed); /* signed anew each time: not at once again */
	follow_done(&l.f);
}

static void a_copy_for_signatures_that_fails_leaves_the_zone_confirmed(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	due(&l);
	follow_told(&l.f, FOLLOW_NOT_TOLD, true);
	answer(&l, 1);
	fail_with(&l, REASON_REFUSED);
	assert_true(l.d.confirmed);
	assert_int_equal(l.f.failures, 0);
	assert_int_equal(l.f.expire_s, l.env.now_s + 10000);
	follow_done(&l.f);
}

static void the_whole_zone_is_compared_once_in_an_interval(void **state) {
	(void)state;
	struct lab l;
	unsigned checks = 0;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	l.env.full_check_s = 86400;
	for (int64_t end_s = l.env.now_s + 10 * 86400; l.env.now_s < end_s;) {
		due(&l);
		answer(&l, 1);
		if (l.d.act != FOLLOW_COPY) continue;
		assert_int_equal(l.d.cause, FOR_CHECK);
		checks++;
		l.d = follow_copied(&l.f, &l.env, 1);
		l.d = follow_unchanged(&l.f, &l.env);
		assert_true(l.d.confirmed);
	}
	assert_in_range(checks, 9, 11);
	follow_done(&l.f);
}

/* One primary offers another version that can't be had, the other one has ours still. */
static void an_expired_zone_comes_back_with_the_version_that_is_confirmed(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 2, PRIMARIES_PINNED);
	do {
		due(&l);
		while (l.d.act == FOLLOW_ASK)
			fail_with(&l, REASON_TIMEOUT);
	} while (!l.f.expired);
	while (l.d.act != FOLLOW_ASK)
		due(&l);
	unsigned first = l.d.primary;
	answer(&l, 5);
	ASSERT_ACT(l, FOLLOW_COPY, first);
	fail_with(&l, REASON_OUT_OF_ZONE);
	ASSERT_ACT(l, FOLLOW_ASK, 1 - first);
	answer(&l, 1);
	assert_int_equal(l.d.act, FOLLOW_REST);
	assert_true(l.d.recover && l.d.confirmed);
	assert_false(l.f.expired);
	follow_done(&l.f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_are_asked_of_who_gave_the_version),
		cmocka_unit_test(any_failure_of_differences_leads_to_the_whole_zone_at_once),
		cmocka_unit_test(differences_that_do_not_fit_lead_to_the_whole_zone),
		cmocka_unit_test(guards_of_content_do_not_ask_for_the_whole_zone),
		cmocka_unit_test(a_store_that_fails_is_no_failure_of_differences),
		cmocka_unit_test(differences_that_fail_again_and_again_are_not_asked_for),
		cmocka_unit_test(another_primary_means_the_whole_zone),
		cmocka_unit_test(differences_are_not_asked_for_where_they_cannot_be_used),
		cmocka_unit_test(the_giver_is_asked_first_and_the_others_when_it_has_nothing_newer),
		cmocka_unit_test(a_dead_second_primary_spoils_no_confirmation),
		cmocka_unit_test(a_newer_version_that_cannot_be_had_is_told),
		cmocka_unit_test(an_expired_zone_comes_back_with_the_version_that_is_confirmed),
		cmocka_unit_test(the_highest_serial_of_all_is_taken),
		cmocka_unit_test(of_equal_serials_the_givers_is_taken),
		cmocka_unit_test(a_primary_that_failed_lately_comes_last),
		cmocka_unit_test(when_all_failed_lately_each_is_asked_once),
		cmocka_unit_test(the_primarys_expire_time_shortens_ours),
		cmocka_unit_test(at_the_same_serial_the_later_time_holds),
		cmocka_unit_test(other_signatures_are_copied_at_the_same_serial),
		cmocka_unit_test(a_copy_for_signatures_that_fails_leaves_the_zone_confirmed),
		cmocka_unit_test(the_whole_zone_is_compared_once_in_an_interval),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* When the serial of a NOTIFY is believed as far as to ask for differences without a question, and what follows. */
#include "follow_lab.h"

static void notify(struct lab *l, uint16_t primary, uint32_t serial) {
	l->d = follow_notified(&l->f, &l->env, primary, true, serial);
}

static void a_newer_serial_is_copied_without_a_question(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	for (uint32_t serial = 2; serial < 20; serial++) {
		notify(&l, 0, serial);
		ASSERT_COPY(l, 0, true);
		assert_int_equal(l.d.urgency, URGENCY_NOTIFY);
		copy_and_save(&l, serial);
		assert_int_equal(l.d.act, FOLLOW_REST);
		assert_int_equal(l.f.serial, serial);
	}
	follow_done(&l.f);
}

static void a_word_that_was_vain_confirms_and_the_next_ones_are_asked_about(void **state) {
	(void)state;
	struct lab l;
	int64_t wait_s = CHOICE_WORD_WAIT_S;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	for (int i = 0; i < 5; i++, wait_s *= 2) {
		l.env.now_s += 10;
		notify(&l, 0, 9);
		ASSERT_COPY(l, 0, true);
		l.d = follow_unchanged(&l.f, &l.env);
		assert_true(l.d.confirmed);
		assert_int_equal(l.f.checked_s, l.env.now_s);
		int64_t until_s = l.env.now_s + wait_s;
		for (l.env.now_s += 5; l.env.now_s < until_s; l.env.now_s += 5) {
			notify(&l, 0, 9);
			ASSERT_ACT(l, FOLLOW_ASK, 0);
			answer(&l, 1);
		}
	}
	notify(&l, 0, 9);
	copy_and_save(&l, 9); /* it was true: trust is back */
	notify(&l, 0, 10);
	l.d = follow_unchanged(&l.f, &l.env);
	l.env.now_s += CHOICE_WORD_WAIT_S;
	notify(&l, 0, 10);
	ASSERT_COPY(l, 0, true);
	follow_done(&l.f);
}

static void a_flood_of_forged_serials_costs_one_transfer_a_minute_at_most(void **state) {
	(void)state;
	struct lab l;
	unsigned copies = 0, questions = 0;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	int64_t begin_s = l.env.now_s;
	for (int ms = 0; ms < 600000; ms += 10) {
		l.env.now_s = begin_s + ms / 1000;
		notify(&l, 0, 2 + (uint32_t)ms);
		if (l.d.act == FOLLOW_REST && follow_next_due(&l.f) <= l.env.now_s)
			l.d = follow_due(&l.f, &l.env);
		if (l.d.act == FOLLOW_COPY) {
			assert_true(l.d.incremental);
			copies++;
			l.d = follow_unchanged(&l.f, &l.env);
		} else if (l.d.act == FOLLOW_ASK) {
			questions++;
			answer(&l, 1);
		}
	}
	assert_in_range(copies, 1, 5);
	assert_in_range(questions, 500, 620);
	follow_done(&l.f);
}

static void a_sender_that_gives_nothing_is_asked_and_no_whole_zone_follows(void **state) {
	static const enum reason reasons[] = { REASON_RCODE,   REASON_REFUSED,     REASON_CLOSED,
		                               REASON_TIMEOUT, REASON_BAD_MESSAGE, REASON_SERIAL_BEHIND };
	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct lab l;
		begin(&l, 1, PRIMARIES_IN_ORDER);
		notify(&l, 0, 9);
		fail_with(&l, reasons[i]);
		ASSERT_ACT(l, FOLLOW_ASK, 0);
		assert_false(l.d.probe);
		answer(&l, 1);
		assert_true(l.d.confirmed);
		assert_int_equal(l.f.failures, 0);
		follow_done(&l.f);
	}
}

static void differences_that_were_not_given_become_the_whole_zone_after_the_question(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	notify(&l, 0, 2);
	fail_with(&l, REASON_RCODE);
	assert_true(l.d.instead);
	answer(&l, 2);
	ASSERT_COPY(l, 0, false);
	assert_true(l.d.has_floor);
	copy_and_save(&l, 2);
	for (uint32_t serial = 3; serial < 5; serial++) {
		l.env.now_s += CHOICE_WORD_MAX_S;
		notify(&l, 0, serial);
		ASSERT_COPY(l, 0, true);
		fail_with(&l, REASON_RCODE);
		answer(&l, serial);
		copy_and_save(&l, serial);
	}
	notify(&l, 0, 5);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	answer(&l, 5);
	ASSERT_COPY(l, 0, false); /* such failures count like any others */
	follow_done(&l.f);
}

static void differences_that_begin_with_a_newer_serial_and_fail_become_the_whole_zone_at_once(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	notify(&l, 0, 3);
	follow_opened(&l.f, 2);
	fail_with(&l, REASON_IXFR_MISMATCH);
	ASSERT_COPY(l, 0, false);
	assert_true(l.d.instead);
	assert_true(l.d.has_floor);
	assert_int_equal(l.d.floor, 2);
	follow_done(&l.f);
}

static void a_primary_without_tcp_is_told_apart_by_its_answer(void **state) {
	(void)state;
	struct lab l;
	struct why why;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	notify(&l, 0, 2);
	why_set(&why, REASON_UNREACHABLE, "scripted");
	l.d = follow_failed(&l.f, &l.env, &why, true);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	answer(&l, 2);
	ASSERT_COPY(l, 0, true); /* its differences were not to blame */
	l.d = follow_failed(&l.f, &l.env, &why, true);
	assert_int_equal(follow_why(&l.f)->reason, REASON_TCP_BLOCKED);
	follow_done(&l.f);
}

static void only_the_primary_that_would_be_asked_first_is_believed(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 2, PRIMARIES_IN_ORDER);
	notify(&l, FOLLOW_UNKNOWN, 2); /* one who may notify, and is no primary */
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	answer(&l, 1);
	notify(&l, 1, 2); /* the version is not of this one: no differences of it */
	ASSERT_ACT(l, FOLLOW_ASK, 1);
	follow_done(&l.f);
	begin(&l, 2, PRIMARIES_PINNED);
	notify(&l, 1, 2);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	follow_done(&l.f);
	begin(&l, 2, PRIMARIES_HIGHEST); /* all are to be asked */
	notify(&l, 0, 2);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	follow_done(&l.f);
}

static void a_primary_is_believed_by_any_of_its_addresses(void **state) {
	static const struct primary two[] = { { .name = "a" }, { .name = "a" } };
	(void)state;
	struct lab l;
	begin(&l, 2, PRIMARIES_PINNED);
	l.env.primaries = two;
	notify(&l, 1, 2);
	ASSERT_COPY(l, 0, true);
	follow_done(&l.f);
}

static void only_a_newer_serial_is_believed(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	notify(&l, 0, 1 + (UINT32_C(1) << 31)); /* RFC 1982: neither newer nor older */
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	answer(&l, 1);
	notify(&l, 0, 0);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	follow_done(&l.f);
}

static void where_no_differences_are_wanted_nothing_is_believed(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1, PRIMARIES_IN_ORDER);
	l.env.ixfr = false;
	notify(&l, 0, 2);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	follow_done(&l.f);
}

static void after_a_vain_word_of_a_pinned_primary_the_others_are_asked(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 2, PRIMARIES_PINNED);
	notify(&l, 0, 2);
	ASSERT_COPY(l, 0, true);
	l.d = follow_unchanged(&l.f, &l.env);
	ASSERT_ACT(l, FOLLOW_ASK, 1);
	answer(&l, 2);
	ASSERT_COPY(l, 1, false);
	follow_done(&l.f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_newer_serial_is_copied_without_a_question),
		cmocka_unit_test(a_word_that_was_vain_confirms_and_the_next_ones_are_asked_about),
		cmocka_unit_test(a_flood_of_forged_serials_costs_one_transfer_a_minute_at_most),
		cmocka_unit_test(a_sender_that_gives_nothing_is_asked_and_no_whole_zone_follows),
		cmocka_unit_test(differences_that_were_not_given_become_the_whole_zone_after_the_question),
		cmocka_unit_test(
			differences_that_begin_with_a_newer_serial_and_fail_become_the_whole_zone_at_once),
		cmocka_unit_test(a_primary_without_tcp_is_told_apart_by_its_answer),
		cmocka_unit_test(only_the_primary_that_would_be_asked_first_is_believed),
		cmocka_unit_test(a_primary_is_believed_by_any_of_its_addresses),
		cmocka_unit_test(only_a_newer_serial_is_believed),
		cmocka_unit_test(where_no_differences_are_wanted_nothing_is_believed),
		cmocka_unit_test(after_a_vain_word_of_a_pinned_primary_the_others_are_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "transfer/follow.h"

static const struct timer_bounds bounds = { 2, 86400, 1, 3600, 2, 31536000 };
static const struct soa soa_1 = { .serial = 1, .refresh_s = 1000, .retry_s = 100, .expire_s = 10000 };

/* One zone and its clock. */
struct lab {
	struct follow f;
	struct follow_env env;
	struct random random;
	struct follow_decision d; /* the last one */
};

static void begin(struct lab *l, unsigned primaries) {
	memset(l, 0, sizeof(*l));
	l->random = random_seeded(7);
	l->env = (struct follow_env){
		.bounds = &bounds, .primary_count = primaries, .now_s = 1000000, .random = &l->random
	};
	l->d = follow_begin(&l->f, &l->env, 0);
}

static void due(struct lab *l) {
	l->env.now_s = follow_next_due(&l->f);
	l->d = follow_due(&l->f, &l->env);
}

static void fail_with(struct lab *l, enum reason reason, bool no_tcp) {
	struct why why;
	why_set(&why, reason, "scripted");
	l->d = follow_failed(&l->f, &l->env, &why, no_tcp);
}

static void answer(struct lab *l, uint32_t serial) {
	l->d = follow_answered(&l->f, &l->env, serial, true);
}

static void copy_and_save(struct lab *l, uint32_t serial) {
	struct soa soa = soa_1;
	soa.serial = serial;
	l->d = follow_copied(&l->f, &l->env, serial);
	assert_int_equal(l->d.act, FOLLOW_SAVE);
	l->d = follow_saved(&l->f, &l->env, &soa);
}

/* A zone that has version 1 and waits for its refresh. */
static void begin_loaded(struct lab *l, unsigned primaries) {
	begin(l, primaries);
	due(l);
	copy_and_save(l, 1);
	assert_int_equal(l->f.state, FOLLOW_WAITING);
}

#define ASSERT_ACT(l, what, which)                                                                           \
	do {                                                                                                 \
		assert_int_equal((l).d.act, what);                                                           \
		assert_int_equal((l).d.primary, which);                                                      \
	} while (0)

static void a_new_zone_is_copied_at_once(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1);
	assert_int_equal(follow_next_due(&l.f), l.env.now_s);
	due(&l);
	ASSERT_ACT(l, FOLLOW_COPY, 0);
	assert_false(l.d.has_floor);
	copy_and_save(&l, 1);
	assert_true(l.d.confirmed);
	assert_int_equal(l.f.expire_s, l.env.now_s + 10000);
	assert_in_range(l.f.refresh_s, l.env.now_s + 900, l.env.now_s + 1000);
	follow_done(&l.f);
}

static void the_same_serial_resets_the_expire_time(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	for (int i = 0; i < 100; i++) {
		due(&l);
		ASSERT_ACT(l, FOLLOW_ASK, 0);
		answer(&l, 1);
		assert_int_equal(l.d.act, FOLLOW_REST);
		assert_int_equal(l.f.expire_s, l.env.now_s + 10000);
		assert_false(l.f.expired);
	}
	follow_done(&l.f);
}

static void a_newer_serial_is_copied_with_that_serial_as_floor(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	due(&l);
	answer(&l, 2);
	ASSERT_ACT(l, FOLLOW_COPY, 0);
	assert_true(l.d.has_floor);
	assert_int_equal(l.d.floor, 2);
	copy_and_save(&l, 2);
	assert_int_equal(l.f.serial, 2);
	follow_done(&l.f);
}

static void an_older_serial_confirms_nothing(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	int64_t expire_s = l.f.expire_s;
	due(&l);
	answer(&l, 0);
	assert_true(l.d.failed);
	assert_int_equal(follow_why(&l.f)->reason, REASON_SERIAL_BEHIND);
	assert_int_equal(l.f.expire_s, expire_s);
	assert_in_range(l.f.refresh_s, l.env.now_s + 100, l.env.now_s + 110);
	follow_done(&l.f);
}

static void primaries_are_tried_in_turn_then_the_retry_timer_runs(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 3);
	due(&l);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	fail_with(&l, REASON_TIMEOUT, false);
	ASSERT_ACT(l, FOLLOW_ASK, 1);
	fail_with(&l, REASON_NOT_AUTHORITATIVE, false);
	ASSERT_ACT(l, FOLLOW_ASK, 2);
	fail_with(&l, REASON_TIMEOUT, false);
	assert_int_equal(l.d.act, FOLLOW_REST);
	assert_true(l.d.failed);
	assert_int_equal(follow_why(&l.f)->reason, REASON_NOT_AUTHORITATIVE); /* it tells most */
	assert_in_range(l.f.refresh_s, l.env.now_s + 100, l.env.now_s + 110);
	assert_int_equal(l.f.failures, 1);
	due(&l);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	answer(&l, 1);
	assert_int_equal(follow_why(&l.f)->reason, REASON_NONE);
	assert_int_equal(l.f.failures, 0);
	follow_done(&l.f);
}

static void a_failed_copy_goes_to_the_next_primary(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 2);
	due(&l);
	answer(&l, 5);
	fail_with(&l, REASON_SOA_MISMATCH, false);
	ASSERT_ACT(l, FOLLOW_ASK, 1);
	answer(&l, 5);
	ASSERT_ACT(l, FOLLOW_COPY, 1);
	copy_and_save(&l, 5);
	assert_int_equal(l.f.serial, 5);
	follow_done(&l.f);
}

static void tcp_that_is_blocked_is_told_apart(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	due(&l);
	answer(&l, 2);
	fail_with(&l, REASON_TIMEOUT, true);
	assert_int_equal(follow_why(&l.f)->reason, REASON_TCP_BLOCKED);
	follow_done(&l.f);
	begin(&l, 1); /* the same at the first transfer, where nothing was asked before */
	due(&l);
	fail_with(&l, REASON_UNREACHABLE, true);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	assert_true(l.d.probe);
	answer(&l, 2);
	assert_int_equal(follow_why(&l.f)->reason, REASON_TCP_BLOCKED);
	assert_non_null(strstr(follow_why(&l.f)->evidence, "scripted"));
	follow_done(&l.f);
}

static void a_refusal_is_told_apart_from_a_zone_that_is_not_there(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 1);
	due(&l);
	fail_with(&l, REASON_NOT_AUTHORITATIVE, false);
	answer(&l, 2);
	assert_int_equal(follow_why(&l.f)->reason, REASON_REFUSED);
	follow_done(&l.f);
	begin(&l, 1);
	due(&l);
	fail_with(&l, REASON_REFUSED, false);
	fail_with(&l, REASON_NOT_AUTHORITATIVE, false);
	assert_int_equal(follow_why(&l.f)->reason, REASON_NOT_AUTHORITATIVE);
	follow_done(&l.f);
	begin_loaded(&l, 1);
	due(&l);
	answer(&l, 2);
	fail_with(&l, REASON_NOT_AUTHORITATIVE, false);
	assert_int_equal(follow_why(&l.f)->reason, REASON_REFUSED);
	follow_done(&l.f);
}

static void a_zone_expires_on_its_time_and_recovers_by_itself(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	int64_t expire_s = l.f.expire_s;
	bool expired = false;
	while (!expired) {
		due(&l);
		expired = l.d.expire;
		if (l.d.act == FOLLOW_ASK) fail_with(&l, REASON_TIMEOUT, false);
		assert_true(l.env.now_s <= expire_s);
	}
	assert_int_equal(l.env.now_s, expire_s);
	for (int i = 0; i < 10; i++) {
		due(&l);
		ASSERT_ACT(l, FOLLOW_ASK, 0);
		fail_with(&l, REASON_TIMEOUT, false);
		assert_false(l.d.expire);
	}
	due(&l);
	answer(&l, 1); /* what we hold is what the primary has: no copy needed */
	assert_true(l.d.recover);
	assert_false(l.f.expired);
	follow_done(&l.f);
}

static void an_expired_zone_takes_any_serial(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	l.env.now_s = l.f.expire_s;
	l.d = follow_due(&l.f, &l.env);
	assert_true(l.d.expire);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	answer(&l, 0); /* lower than ours */
	ASSERT_ACT(l, FOLLOW_COPY, 0);
	assert_false(l.d.has_floor);
	copy_and_save(&l, 0);
	assert_true(l.d.recover);
	assert_int_equal(l.f.serial, 0);
	follow_done(&l.f);
}

static void a_notify_is_followed_at_once_from_its_sender(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 3);
	l.d = follow_notified(&l.f, &l.env, 2, true, 2);
	ASSERT_ACT(l, FOLLOW_ASK, 2);
	assert_int_equal(l.d.urgency, URGENCY_NOTIFY);
	fail_with(&l, REASON_TIMEOUT, false);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	answer(&l, 2);
	ASSERT_ACT(l, FOLLOW_COPY, 0);
	copy_and_save(&l, 2);
	due(&l);
	ASSERT_ACT(l, FOLLOW_ASK, 0); /* and then in order again */
	follow_done(&l.f);
}

static void a_notify_of_the_serial_that_is_served_costs_no_question(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	l.d = follow_notified(&l.f, &l.env, 0, true, 1);
	assert_int_equal(l.d.act, FOLLOW_REST);
	assert_int_equal(l.f.state, FOLLOW_WAITING);
	l.d = follow_notified(&l.f, &l.env, 0, false, 0); /* without a serial it does */
	assert_int_equal(l.d.act, FOLLOW_ASK);
	follow_done(&l.f);
}

static void a_notify_during_a_transfer_is_remembered(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	due(&l);
	answer(&l, 2);
	l.d = follow_notified(&l.f, &l.env, 0, true, 3);
	assert_int_equal(l.d.act, FOLLOW_REST);
	copy_and_save(&l, 2);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	assert_true(l.d.confirmed);
	answer(&l, 3);
	ASSERT_ACT(l, FOLLOW_COPY, 0);
	l.d = follow_notified(&l.f, &l.env, 0, true, 3);
	copy_and_save(&l, 3); /* the version that came is the one announced */
	assert_int_equal(l.d.act, FOLLOW_REST);
	follow_done(&l.f);
}

static void a_failure_after_a_notify_uses_the_retry_timer(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	l.d = follow_notified(&l.f, &l.env, 0, true, 2);
	fail_with(&l, REASON_TIMEOUT, false);
	assert_in_range(l.f.refresh_s, l.env.now_s + 100, l.env.now_s + 110);
	follow_done(&l.f);
}

static void a_serial_that_a_notify_promised_is_looked_for_once_more_and_then_forgotten(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	l.d = follow_notified(&l.f, &l.env, 0, true, 9);
	answer(&l, 1);
	assert_int_equal(l.f.refresh_s, l.env.now_s + TIMERS_RECHECK_S);
	due(&l);
	answer(&l, 1);
	assert_true(l.f.refresh_s >= l.env.now_s + 900);
	follow_done(&l.f);
}

static void a_flood_of_notifies_does_not_repeat_a_bad_transfer_in_a_loop(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	unsigned copies = 0;
	for (int ms = 0; ms < 60000; ms += 10) { /* a hundred a second for a minute */
		l.env.now_s = 1000000 + ms / 1000;
		l.d = follow_notified(&l.f, &l.env, 0, true, 2);
		if (l.d.act != FOLLOW_ASK) {
			if (follow_next_due(&l.f) > l.env.now_s) continue;
			l.d = follow_due(&l.f, &l.env);
		}
		assert_int_equal(l.d.act, FOLLOW_ASK);
		answer(&l, 2);
		fail_with(&l, REASON_BAD_RECORD, false);
		copies++;
	}
	assert_in_range(copies, 5, 15);
	follow_done(&l.f);
}

static void a_flood_of_notifies_without_news_is_followed_once_a_second(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	unsigned questions = 0;
	for (int ms = 0; ms < 60000; ms += 10) {
		l.env.now_s = 1000000 + ms / 1000;
		l.d = follow_notified(&l.f, &l.env, 0, ms % 20 != 0, 9); /* of any kind */
		if (l.d.act != FOLLOW_ASK) {
			if (follow_next_due(&l.f) > l.env.now_s) continue;
			l.d = follow_due(&l.f, &l.env);
		}
		assert_int_equal(l.d.act, FOLLOW_ASK);
		answer(&l, 1);
		questions++;
	}
	assert_in_range(questions, 60, 65);
	follow_done(&l.f);
}

static void the_operator_is_obeyed_at_once(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	l.d = follow_wish(&l.f, &l.env, false);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	assert_int_equal(l.d.urgency, URGENCY_OPERATOR);
	l.d = follow_wish(&l.f, &l.env, true); /* remembered */
	assert_int_equal(l.d.act, FOLLOW_REST);
	answer(&l, 1);
	ASSERT_ACT(l, FOLLOW_COPY, 0);
	assert_false(l.d.has_floor); /* any serial */
	copy_and_save(&l, 0);
	assert_int_equal(l.f.serial, 0);
	due(&l);
	ASSERT_ACT(l, FOLLOW_ASK, 0); /* forced once only */
	follow_done(&l.f);
}

static void a_zone_that_never_loaded_retries_fast_first(void **state) {
	(void)state;
	struct lab l;
	static const int64_t waits[] = { 1, 2, 4, 8 };
	begin(&l, 1);
	for (unsigned i = 0; i < 4; i++) {
		due(&l);
		ASSERT_ACT(l, FOLLOW_COPY, 0);
		fail_with(&l, REASON_BAD_ZONE, false);
		assert_int_equal(l.f.refresh_s, l.env.now_s + waits[i]);
	}
	follow_done(&l.f);
}

static void a_zone_without_primary_says_so(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 0);
	due(&l);
	assert_int_equal(l.d.act, FOLLOW_REST);
	assert_int_equal(follow_why(&l.f)->reason, REASON_NO_PRIMARY);
	follow_done(&l.f);
}

static void a_store_that_fails_is_not_tried_with_other_primaries(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 2);
	due(&l);
	answer(&l, 2);
	l.d = follow_copied(&l.f, &l.env, 2);
	fail_with(&l, REASON_STORE_FAILED, false);
	assert_int_equal(l.d.act, FOLLOW_REST);
	assert_int_equal(follow_why(&l.f)->reason, REASON_STORE_FAILED);
	assert_int_equal(l.f.serial, 1);
	follow_done(&l.f);
}

static void a_changed_policy_begins_anew(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 3);
	due(&l);
	fail_with(&l, REASON_TIMEOUT, false);
	ASSERT_ACT(l, FOLLOW_ASK, 1);
	l.env.primary_count = 1; /* cancelled by the caller */
	l.d = follow_changed(&l.f, &l.env);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	answer(&l, 1);
	assert_int_equal(l.f.state, FOLLOW_WAITING);
	due(&l);
	answer(&l, 2);
	l.d = follow_copied(&l.f, &l.env, 2);
	l.d = follow_changed(&l.f, &l.env); /* while it is saved: afterwards */
	assert_int_equal(l.d.act, FOLLOW_REST);
	struct soa soa = soa_1;
	soa.serial = 2;
	l.d = follow_saved(&l.f, &l.env, &soa);
	ASSERT_ACT(l, FOLLOW_ASK, 0);
	follow_done(&l.f);
}

/* What a restart finds saved. */
static void restart(struct lab *l, int64_t checked_s, int64_t refresh_s, uint32_t spread_s) {
	begin(l, 1);
	l->f.has_version = true;
	l->f.serial = 1;
	l->f.soa = timers_of(&soa_1);
	l->f.checked_s = checked_s;
	l->f.refresh_s = refresh_s;
	l->d = follow_begin(&l->f, &l->env, spread_s);
}

static void a_restart_goes_by_the_wall_clock(void **state) {
	(void)state;
	struct lab l;
	restart(&l, 1000000 - 500, 1000000 + 400, 10); /* in time */
	assert_false(l.d.expire);
	assert_int_equal(l.f.refresh_s, 1000000 + 400);
	restart(&l, 1000000 - 5000, 1000000 - 4000, 10); /* overdue: soon */
	assert_false(l.d.expire);
	assert_in_range(l.f.refresh_s, 1000000, 1000000 + 10);
	assert_int_equal(l.f.expire_s, 1000000 + 5000);
	restart(&l, 1000000 - 10000, 1000000 - 9000, 0); /* past its time */
	assert_true(l.d.expire);
	assert_int_equal(l.f.refresh_s, 1000000);
}

static void a_clock_that_went_back_while_we_were_down_is_no_eternity(void **state) {
	(void)state;
	struct lab l;
	restart(&l, 9000000, 9001000, 0);
	assert_false(l.d.expire);
	assert_true(l.f.refresh_s <= 1000000 + 1000);
	assert_int_equal(l.f.expire_s, 1000000 + 10000);
}

static void a_held_zone_asks_nobody_and_still_expires(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	l.d = follow_hold(&l.f);
	assert_int_equal(follow_next_due(&l.f), l.f.expire_s);
	l.d = follow_notified(&l.f, &l.env, 0, true, 2);
	ASSERT_ACT(l, FOLLOW_REST, 0);
	due(&l);
	assert_true(l.d.expire);
	ASSERT_ACT(l, FOLLOW_REST, 0);
	assert_int_equal(follow_next_due(&l.f), INT64_MAX);
	follow_done(&l.f);
}

static void a_release_asks_at_once_and_the_noted_primary_first(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 2);
	l.d = follow_hold(&l.f);
	l.d = follow_notified(&l.f, &l.env, 1, true, 2);
	l.d = follow_release(&l.f, &l.env);
	ASSERT_ACT(l, FOLLOW_ASK, 1);
	answer(&l, 2);
	copy_and_save(&l, 2);
	assert_int_equal(l.f.state, FOLLOW_WAITING);
	follow_done(&l.f);
}

static void a_hold_lets_what_is_being_saved_end_and_nothing_follow(void **state) {
	(void)state;
	struct lab l;
	begin(&l, 2);
	due(&l);
	l.d = follow_copied(&l.f, &l.env, 1);
	l.d = follow_hold(&l.f);
	assert_int_equal(l.f.state, FOLLOW_SAVING);
	l.d = follow_notified(&l.f, &l.env, 1, true, 2);
	fail_with(&l, REASON_STORE_FAILED, false);
	ASSERT_ACT(l, FOLLOW_REST, 0);
	assert_int_equal(l.f.state, FOLLOW_WAITING);
	follow_done(&l.f);
}

static void a_transfer_that_a_hold_broke_off_follows_the_release(void **state) {
	(void)state;
	struct lab l;
	begin_loaded(&l, 1);
	l.d = follow_wish(&l.f, &l.env, true);
	ASSERT_ACT(l, FOLLOW_COPY, 0);
	l.d = follow_hold(&l.f);
	assert_int_equal(l.f.state, FOLLOW_WAITING);
	l.d = follow_release(&l.f, &l.env);
	ASSERT_ACT(l, FOLLOW_COPY, 0);
	follow_done(&l.f);
}

static void a_zone_that_could_not_reach_its_primary_does_not_wait_when_that_is_back(void **state) {
	(void)state;
	struct lab l;
	struct why why;
	begin_loaded(&l, 1);
	l.d = follow_wish(&l.f, &l.env, false);
	assert_false(follow_waits_for_primary(&l.f)); /* it is being asked */
	why_set(&why, REASON_TIMEOUT, "no answer");
	l.d = follow_failed(&l.f, &l.env, &why, true);
	assert_true(follow_waits_for_primary(&l.f));
	assert_true(l.f.refresh_s >= l.env.now_s + 100);
	assert_true(follow_primary_back(&l.f, &l.env, 10));
	assert_in_range(l.f.refresh_s, l.env.now_s, l.env.now_s + 10);
	l.f.refresh_s = l.env.now_s;
	assert_false(follow_primary_back(&l.f, &l.env, 10)); /* not later than it was */
	/* Another failure than that is not mended by an answer to somebody else. */
	why_set(&why, REASON_REFUSED, "refused");
	l.d = follow_due(&l.f, &l.env);
	l.d = follow_failed(&l.f, &l.env, &why, false);
	assert_false(follow_primary_back(&l.f, &l.env, 10));
	follow_done(&l.f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_held_zone_asks_nobody_and_still_expires),
		cmocka_unit_test(a_release_asks_at_once_and_the_noted_primary_first),
		cmocka_unit_test(a_hold_lets_what_is_being_saved_end_and_nothing_follow),
		cmocka_unit_test(a_transfer_that_a_hold_broke_off_follows_the_release),
		cmocka_unit_test(a_new_zone_is_copied_at_once),
		cmocka_unit_test(the_same_serial_resets_the_expire_time),
		cmocka_unit_test(a_newer_serial_is_copied_with_that_serial_as_floor),
		cmocka_unit_test(an_older_serial_confirms_nothing),
		cmocka_unit_test(primaries_are_tried_in_turn_then_the_retry_timer_runs),
		cmocka_unit_test(a_failed_copy_goes_to_the_next_primary),
		cmocka_unit_test(tcp_that_is_blocked_is_told_apart),
		cmocka_unit_test(a_refusal_is_told_apart_from_a_zone_that_is_not_there),
		cmocka_unit_test(a_zone_expires_on_its_time_and_recovers_by_itself),
		cmocka_unit_test(an_expired_zone_takes_any_serial),
		cmocka_unit_test(a_notify_is_followed_at_once_from_its_sender),
		cmocka_unit_test(a_notify_of_the_serial_that_is_served_costs_no_question),
		cmocka_unit_test(a_notify_during_a_transfer_is_remembered),
		cmocka_unit_test(a_failure_after_a_notify_uses_the_retry_timer),
		cmocka_unit_test(a_serial_that_a_notify_promised_is_looked_for_once_more_and_then_forgotten),
		cmocka_unit_test(a_flood_of_notifies_does_not_repeat_a_bad_transfer_in_a_loop),
		cmocka_unit_test(a_flood_of_notifies_without_news_is_followed_once_a_second),
		cmocka_unit_test(the_operator_is_obeyed_at_once),
		cmocka_unit_test(a_zone_that_never_loaded_retries_fast_first),
		cmocka_unit_test(a_zone_without_primary_says_so),
		cmocka_unit_test(a_store_that_fails_is_not_tried_with_other_primaries),
		cmocka_unit_test(a_changed_policy_begins_anew),
		cmocka_unit_test(a_restart_goes_by_the_wall_clock),
		cmocka_unit_test(a_clock_that_went_back_while_we_were_down_is_no_eternity),
		cmocka_unit_test(a_zone_that_could_not_reach_its_primary_does_not_wait_when_that_is_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

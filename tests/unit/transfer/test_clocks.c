/* The wall clock is set while zones are served.  The tests lie about what it showed before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "transfer/followed.h"
#include "transfer_lab.h"

#define DAY 86400

static struct transfer_lab lab;

static bool is_active(struct transfer_lab *l, void *ctx) {
	return strcmp(lab_report(l, ctx).state, "active") == 0;
}

static int setup(void **state) {
	*state = &lab;
	lab_begin(&lab);
	struct zone_policy *p = lab_policy(&lab.primary.addr, 1, NULL);
	lab_add(&lab, "example.net.", p);
	policy_unref(p);
	return lab_run(&lab, is_active, (void *)(uintptr_t) "example.net.") ? 0 : 1;
}

static int teardown(void **state) {
	lab_end(*state);
	return 0;
}

/* What answers tell of the zone's end is what will happen. */
static int64_t told_expiry(struct transfer_lab *l) {
	return atomic_load(&table_find(l->table, lab_name("example.net.").wire)->expires_at_s);
}

static void a_clock_set_back_moves_all_times_with_it(void **state) {
	struct transfer_lab *l = *state;
	struct zone_state before = lab_report(l, "example.net.").saved;
	assert_int_equal(told_expiry(l), before.expire_s);
	l->t->last.wall_s += 100 * DAY;
	int64_t now_s = clocks_now_s(l->t);
	struct zone_state after = lab_report(l, "example.net.").saved;
	assert_in_range(before.expire_s - after.expire_s, 100 * DAY - 2, 100 * DAY + 2);
	assert_in_range(before.refresh_s - after.refresh_s, 100 * DAY - 2, 100 * DAY + 2);
	assert_int_equal(told_expiry(l), after.expire_s);
	const struct schedule_item *first = schedule_first(&l->t->schedule);
	assert_int_equal(first->due_s, after.refresh_s);
	(void)now_s; /* what the step was is seen in the zone's times */
}

static void a_clock_set_forward_gives_time_to_refresh_before_a_zone_expires(void **state) {
	struct transfer_lab *l = *state;
	l->t->last.wall_s -= 20 * DAY;
	struct followed *z = (struct followed *)table_find(l->table, lab_name("example.net.").wire)->follow;
	follow_shift(&z->follow, -20 * DAY); /* as if all that time had passed */
	schedule_shift(&l->t->schedule, -20 * DAY);
	int64_t now_s = clocks_now_s(l->t);
	assert_int_equal(z->follow.expire_s, now_s + 60);
	assert_int_equal(told_expiry(l), now_s + 60);
	assert_int_equal(atomic_load(&z->entry->status), ZONE_SERVED);
	clocks_arm(l->t);
	while (z->follow.expire_s == now_s + 60) /* the primary confirms it */
		uv_run(&l->loop, UV_RUN_ONCE);
	assert_true(z->follow.expire_s > now_s + 60);
	assert_int_equal(told_expiry(l), z->follow.expire_s);
	assert_int_equal(atomic_load(&z->entry->status), ZONE_SERVED);
}

static void an_expired_zone_tells_when_it_expired(void **state) {
	struct transfer_lab *l = *state;
	struct followed *z = (struct followed *)table_find(l->table, lab_name("example.net.").wire)->follow;
	int64_t now_s = clocks_now_s(l->t);
	z->follow.expire_s = now_s - 5; /* no primary was heard for so long */
	struct follow_env env = steps_env(z);
	steps_apply(z, follow_due(&z->follow, &env));
	assert_int_equal(atomic_load(&z->entry->status), ZONE_EXPIRED);
	assert_int_equal(told_expiry(l), now_s - 5);
}

static void small_differences_change_nothing(void **state) {
	struct transfer_lab *l = *state;
	int64_t before = lab_report(l, "example.net.").saved.expire_s;
	l->t->last.wall_s += 2;
	clocks_now_s(l->t);
	l->t->last.wall_s -= 30;
	clocks_now_s(l->t);
	assert_int_equal(lab_report(l, "example.net.").saved.expire_s, before);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_clock_set_back_moves_all_times_with_it),
		TEST(a_clock_set_forward_gives_time_to_refresh_before_a_zone_expires),
		TEST(an_expired_zone_tells_when_it_expired),
		TEST(small_differences_change_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

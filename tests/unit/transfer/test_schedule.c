#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "transfer/schedule.h"

#define MANY 5000

static void items_come_out_in_the_order_they_are_due(void **state) {
	(void)state;
	struct random random = random_seeded(1);
	struct schedule s = { 0 };
	struct schedule_item *items = calloc(MANY, sizeof(*items));
	for (unsigned i = 0; i < MANY; i++)
		schedule_set(&s, &items[i], random_below(&random, 1000));
	for (unsigned i = 0; i < MANY; i++) /* moved, some twice */
		schedule_set(&s, &items[random_below(&random, MANY)], random_below(&random, 1000));
	int64_t last = 0;
	struct schedule_item *item;
	unsigned count = 0;
	while ((item = schedule_pop(&s, 1000))) {
		assert_true(item->due_s >= last);
		last = item->due_s;
		count++;
	}
	assert_int_equal(count, MANY);
	schedule_done(&s);
	free(items);
}

static void nothing_comes_out_before_it_is_due(void **state) {
	(void)state;
	struct schedule s = { 0 };
	struct schedule_item item = { 0 };
	schedule_set(&s, &item, 10);
	assert_null(schedule_pop(&s, 9));
	assert_ptr_equal(schedule_pop(&s, 10), &item);
	assert_null(schedule_pop(&s, 100));
	schedule_done(&s);
}

static void a_removed_item_never_comes_out(void **state) {
	(void)state;
	struct schedule s = { 0 };
	struct schedule_item items[20] = { 0 };
	for (int i = 0; i < 20; i++)
		schedule_set(&s, &items[i], 20 - i);
	for (int i = 0; i < 20; i += 2)
		schedule_remove(&s, &items[i]);
	schedule_remove(&s, &items[0]); /* twice does no harm */
	schedule_set(&s, &items[1], SCHEDULE_NEVER);
	int64_t last = 0;
	unsigned count = 0;
	struct schedule_item *item;
	while ((item = schedule_pop(&s, 100))) {
		assert_true((item - items) % 2 == 1);
		assert_true(item->due_s > last);
		last = item->due_s;
		count++;
	}
	assert_int_equal(count, 9);
	schedule_done(&s);
}

static void a_shift_moves_all_alike(void **state) {
	(void)state;
	struct schedule s = { 0 };
	struct schedule_item a = { 0 }, b = { 0 };
	schedule_set(&s, &a, 1000);
	schedule_set(&s, &b, 2000);
	schedule_shift(&s, -500);
	assert_ptr_equal(schedule_pop(&s, 500), &a);
	assert_null(schedule_pop(&s, 1499));
	assert_ptr_equal(schedule_pop(&s, 1500), &b);
	schedule_done(&s);
}

static void a_start_with_many_zones_spreads_them_but_not_for_ever(void **state) {
	(void)state;
	assert_int_equal(schedule_spread_s(SCHEDULE_SPREAD_FROM - 1), 0);
	assert_in_range(schedule_spread_s(10000), 5, 10);
	assert_int_equal(schedule_spread_s(10000000), SCHEDULE_SPREAD_MAX_S);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_come_out_in_the_order_they_are_due),
		cmocka_unit_test(nothing_comes_out_before_it_is_due),
		cmocka_unit_test(a_removed_item_never_comes_out),
		cmocka_unit_test(a_shift_moves_all_alike),
		cmocka_unit_test(a_start_with_many_zones_spreads_them_but_not_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

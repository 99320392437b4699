#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "transfer/notify_queue.h"

#define ITEMS 2000
#define NOW INT64_C(1000000)

static struct notify_item items[ITEMS];

static struct addr receiver(unsigned n) {
	struct addr a = { .family = 2, .port = 53 };
	a.ip[0] = 192;
	a.ip[3] = (uint8_t)n;
	return a;
}

static void put(struct notify_queue *q, unsigned item, unsigned to) {
	struct addr a = receiver(to);
	notify_queue_put(q, &items[item], &a);
}

static void assert_empty(struct notify_queue *q) {
	for (unsigned b = 0; b < NOTIFY_QUEUE_BUCKETS; b++)
		assert_null(q->buckets[b]);
	assert_true(notify_queue_due_ms(q) == INT64_MAX);
}

static void one_receiver_has_so_many_under_way_and_the_next_when_one_is_over(void **state) {
	(void)state;
	struct notify_queue q = { 0 };
	for (unsigned i = 0; i < 20; i++)
		put(&q, i, 1);
	for (unsigned i = 0; i < NOTIFY_QUEUE_OF_ONE; i++)
		assert_ptr_equal(notify_queue_take(&q, NOW), &items[i]);
	assert_null(notify_queue_take(&q, NOW));
	assert_true(notify_queue_due_ms(&q) == INT64_MAX);
	notify_queue_leave(&q, &items[3]);
	assert_ptr_equal(notify_queue_take(&q, NOW), &items[NOTIFY_QUEUE_OF_ONE]);
	assert_null(notify_queue_take(&q, NOW));
	for (unsigned i = 0; i < 20; i++) /* under way or waiting */
		if (i != 3) notify_queue_leave(&q, &items[i]);
	assert_empty(&q);
}

static void receivers_take_turns(void **state) {
	(void)state;
	struct notify_queue q = { 0 };
	for (unsigned i = 0; i < 10; i++)
		put(&q, i, 1);
	put(&q, 10, 2);
	assert_ptr_equal(notify_queue_take(&q, NOW), &items[0]);
	assert_ptr_equal(notify_queue_take(&q, NOW), &items[10]);
	assert_ptr_equal(notify_queue_take(&q, NOW), &items[1]);
	for (unsigned i = 0; i < 11; i++)
		notify_queue_leave(&q, &items[i]);
	assert_empty(&q);
}

/* Thousands of zones changed at once, a receiver that answers at once: so many in each second. */
static void a_second_has_so_many(void **state) {
	(void)state;
	struct notify_queue q = { 0 };
	unsigned at_once = 0, in_second = 0, left = ITEMS;
	int64_t now_ms = NOW;
	for (unsigned i = 0; i < ITEMS; i++)
		put(&q, i, i % 100);
	for (; left > 0 && now_ms < NOW + 60000; now_ms++) {
		struct notify_item *item;
		while ((item = notify_queue_take(&q, now_ms))) {
			notify_queue_leave(&q, item);
			left--;
			at_once += now_ms == NOW;
			in_second += now_ms >= NOW + 1000 && now_ms < NOW + 2000;
		}
		if (left > 0) assert_true(notify_queue_due_ms(&q) > now_ms);
	}
	assert_int_equal(left, 0);
	assert_int_equal(at_once, NOTIFY_QUEUE_AT_ONCE);
	assert_int_equal(in_second, NOTIFY_QUEUE_PER_S);
	assert_in_range(now_ms - NOW, 9500, 10000);
	assert_empty(&q);
}

static void what_is_taken_back_is_not_sent(void **state) {
	(void)state;
	struct notify_queue q = { 0 };
	for (unsigned i = 0; i < 5; i++)
		put(&q, i, i / 2);
	notify_queue_leave(&q, &items[0]);
	notify_queue_leave(&q, &items[2]);
	notify_queue_leave(&q, &items[3]);
	assert_ptr_equal(notify_queue_take(&q, NOW), &items[1]);
	assert_ptr_equal(notify_queue_take(&q, NOW), &items[4]);
	assert_null(notify_queue_take(&q, NOW));
	notify_queue_leave(&q, &items[1]);
	notify_queue_leave(&q, &items[4]);
	assert_empty(&q);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_receiver_has_so_many_under_way_and_the_next_when_one_is_over),
		cmocka_unit_test(receivers_take_turns),
		cmocka_unit_test(a_second_has_so_many),
		cmocka_unit_test(what_is_taken_back_is_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

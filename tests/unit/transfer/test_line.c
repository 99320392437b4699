#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "transfer/line.h"

#define ITEMS 64

static struct line_item items[ITEMS];

static void the_more_urgent_goes_first_and_the_older_of_two_alike(void **state) {
	(void)state;
	struct line l = line_of(10);
	struct line_peer peer = { 0 };
	line_put(&l, &peer, &items[0], URGENCY_REFRESH);
	line_put(&l, &peer, &items[1], URGENCY_REFRESH);
	line_put(&l, &peer, &items[2], URGENCY_NOTIFY);
	line_put(&l, &peer, &items[3], URGENCY_OPERATOR);
	assert_ptr_equal(line_next(&l), &items[3]);
	assert_ptr_equal(line_next(&l), &items[2]);
	assert_ptr_equal(line_next(&l), &items[0]);
	assert_ptr_equal(line_next(&l), &items[1]);
	assert_null(line_next(&l));
}

static void a_peer_with_many_leaves_places_for_one_with_few(void **state) {
	(void)state;
	struct line l = line_of(8);
	struct line_peer many = { 0 }, few = { 0 };
	for (unsigned i = 0; i < 20; i++)
		line_put(&l, &many, &items[i], URGENCY_NOTIFY);
	for (unsigned i = 0; i < 4; i++)
		assert_ptr_equal(line_next(&l), &items[i]);
	assert_null(line_next(&l));
	line_put(&l, &few, &items[40], URGENCY_REFRESH);
	assert_ptr_equal(line_next(&l), &items[40]);
	assert_null(line_next(&l));
	line_left(&l, &many);
	assert_ptr_equal(line_next(&l), &items[4]);
	assert_null(line_next(&l));
}

static void peers_take_turns(void **state) {
	(void)state;
	struct line l = line_of(20);
	struct line_peer a = { 0 }, b = { 0 };
	for (unsigned i = 0; i < 3; i++)
		line_put(&l, &a, &items[i], URGENCY_REFRESH);
	for (unsigned i = 0; i < 3; i++)
		line_put(&l, &b, &items[10 + i], URGENCY_REFRESH);
	for (unsigned i = 0; i < 3; i++) {
		assert_ptr_equal(line_next(&l), &items[i]);
		assert_ptr_equal(line_next(&l), &items[10 + i]);
	}
}

static void nothing_goes_when_all_places_are_taken(void **state) {
	(void)state;
	struct line l = line_of(2);
	struct line_peer a = { 0 }, b = { 0 }, c = { 0 };
	line_put(&l, &a, &items[0], URGENCY_NOTIFY);
	line_put(&l, &b, &items[1], URGENCY_NOTIFY);
	line_put(&l, &c, &items[2], URGENCY_OPERATOR);
	assert_ptr_equal(line_next(&l), &items[2]);
	assert_ptr_equal(line_next(&l), &items[0]);
	assert_null(line_next(&l));
	line_left(&l, &a);
	assert_ptr_equal(line_next(&l), &items[1]);
}

static void what_is_taken_out_is_not_sent(void **state) {
	(void)state;
	struct line l = line_of(10);
	struct line_peer peer = { 0 };
	for (unsigned i = 0; i < 3; i++)
		line_put(&l, &peer, &items[i], URGENCY_NOTIFY);
	line_remove(&items[1]);
	line_remove(&items[1]);
	assert_ptr_equal(line_next(&l), &items[0]);
	assert_ptr_equal(line_next(&l), &items[2]);
	line_put(&l, &peer, &items[3], URGENCY_NOTIFY);
	line_remove(&items[3]);
	assert_null(line_next(&l));
	line_put(&l, &peer, &items[4], URGENCY_NOTIFY);
	assert_ptr_equal(line_next(&l), &items[4]);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_more_urgent_goes_first_and_the_older_of_two_alike),
		cmocka_unit_test(a_peer_with_many_leaves_places_for_one_with_few),
		cmocka_unit_test(peers_take_turns),
		cmocka_unit_test(nothing_goes_when_all_places_are_taken),
		cmocka_unit_test(what_is_taken_out_is_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

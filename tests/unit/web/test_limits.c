/* web/limits: requests a minute, by key and by address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/limits.h"

#define KEY "ust_one"

static struct addr address(const char *text) {
	struct addr a;
	assert_int_equal(addr_parse(text, 0, &a), OK);
	return a;
}

static void a_known_key_has_its_limit_each_minute(void **state) {
	struct limits *l = limits_new(5);
	struct addr from = address("192.0.2.1");
	(void)state;
	assert_true(limits_take(l, KEY, &from, 1000).allowed);
	limits_known(l, KEY, &from, 1000);
	for (unsigned i = 0; i < 4; i++) {
		struct allowance a = limits_take(l, KEY, &from, 2000);
		assert_true(a.allowed && a.known);
		assert_int_equal(a.remaining, 3 - i);
	}
	struct allowance over = limits_take(l, KEY, &from, 31000);
	assert_false(over.allowed);
	assert_int_equal(over.reset_s, 30);
	assert_true(limits_take(l, KEY, &from, 61000).allowed);
	limits_free(l);
}

static void unknown_keys_count_for_their_network(void **state) {
	struct limits *l = limits_new(300);
	char key[32];
	(void)state;
	for (unsigned i = 0; i < LIMITS_UNKNOWN_PER_MINUTE; i++) {
		struct addr from = address(i % 2 ? "2001:db8:1:2::1" : "2001:db8:1:2:ffff::");
		snprintf(key, sizeof(key), "guess%u", i);
		assert_true(limits_take(l, key, &from, 5).allowed);
		limits_unknown(l, key, &from, 5);
	}
	struct addr same = address("2001:db8:1:2::7"), other = address("2001:db8:1:3::7");
	assert_false(limits_take(l, "again", &same, 5).allowed);
	assert_true(limits_take(l, "again", &other, 5).allowed);
	limits_free(l);
}

static void a_known_key_is_not_hurt_by_its_neighbours_guesses(void **state) {
	struct limits *l = limits_new(300);
	struct addr from = address("192.0.2.1");
	(void)state;
	assert_true(limits_take(l, KEY, &from, 0).allowed);
	limits_known(l, KEY, &from, 0);
	for (unsigned i = 0; i < LIMITS_UNKNOWN_PER_MINUTE; i++)
		assert_true(limits_take(l, "guess", &from, 0).allowed);
	assert_false(limits_take(l, "guess", &from, 0).allowed);
	assert_true(limits_take(l, KEY, &from, 0).allowed);
	limits_free(l);
}

static void a_revoked_key_is_unknown_again(void **state) {
	struct limits *l = limits_new(300);
	struct addr from = address("192.0.2.1");
	(void)state;
	limits_known(l, KEY, &from, 0);
	assert_true(limits_take(l, KEY, &from, 0).known);
	limits_unknown(l, KEY, &from, 0);
	assert_false(limits_take(l, KEY, &from, 0).known);
	limits_free(l);
}

static void many_keys_take_no_more_memory_and_forget_the_oldest(void **state) {
	struct limits *l = limits_new(300);
	struct addr from = address("192.0.2.1");
	char key[32];
	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "key%u", i);
		limits_known(l, key, &from, i);
	}
	assert_true(limits_take(l, "key99999", &from, 100000).known);
	limits_free(l);
}

static void an_owner_is_a_key_or_a_network(void **state) {
	struct limits *l = limits_new(5);
	struct addr from = address("2001:db8:1:2::1"), same = address("2001:db8:1:2::2");
	struct addr other = address("2001:db8:1:3::1");
	(void)state;
	assert_true(limits_owner(l, KEY, &from) == limits_owner(l, KEY, &other));
	assert_true(limits_owner(l, KEY, &from) != limits_owner(l, "ust_two", &from));
	assert_true(limits_owner(l, NULL, &from) == limits_owner(l, NULL, &same));
	assert_true(limits_owner(l, NULL, &from) != limits_owner(l, NULL, &other));
	limits_free(l);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_key_has_its_limit_each_minute),
		cmocka_unit_test(unknown_keys_count_for_their_network),
		cmocka_unit_test(a_known_key_is_not_hurt_by_its_neighbours_guesses),
		cmocka_unit_test(a_revoked_key_is_unknown_again),
		cmocka_unit_test(many_keys_take_no_more_memory_and_forget_the_oldest),
		cmocka_unit_test(an_owner_is_a_key_or_a_network),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

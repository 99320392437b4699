#include "inventory/tries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int begin(void **state) {
	struct random random = random_seeded(7);
	*state = tries_new(&random);
	return 0;
}

static int end(void **state) {
	tries_free(*state);
	return 0;
}

static void fail_often(struct tries *t, const char *text, unsigned count, int64_t now_ms) {
	while (count--)
		tries_failed(t, "source", text, now_ms);
}

static void a_burst_of_failures_is_let_through_then_the_next_waits(void **state) {
	struct tries *t = *state;
	fail_often(t, "192.0.2.1", TRIES_BURST - 1, 5000);
	assert_int_equal(tries_wait_s(t, "source", "192.0.2.1", 5000), 0);
	fail_often(t, "192.0.2.1", 1, 5000);
	assert_int_equal(tries_wait_s(t, "source", "192.0.2.1", 5000), TRIES_REFILL_S);
	assert_int_equal(tries_wait_s(t, "source", "192.0.2.1", 6500), TRIES_REFILL_S - 1);
	assert_int_equal(tries_wait_s(t, "source", "192.0.2.1", 5000 + TRIES_REFILL_S * 1000), 0);
}

static void others_do_not_wait(void **state) {
	struct tries *t = *state;
	fail_often(t, "192.0.2.1", TRIES_BURST, 0);
	assert_int_equal(tries_wait_s(t, "source", "192.0.2.2", 0), 0);
	assert_int_equal(tries_wait_s(t, "user", "192.0.2.1", 0), 0);
}

static void more_failures_never_make_a_wait_longer_than_one_refill(void **state) {
	struct tries *t = *state;
	fail_often(t, "192.0.2.1", 1000, 0);
	assert_int_equal(tries_wait_s(t, "source", "192.0.2.1", 0), TRIES_REFILL_S);
}

static void after_a_refill_one_try_is_allowed_not_a_burst(void **state) {
	struct tries *t = *state;
	fail_often(t, "192.0.2.1", TRIES_BURST, 0);
	fail_often(t, "192.0.2.1", 1, TRIES_REFILL_S * 1000);
	assert_int_equal(tries_wait_s(t, "source", "192.0.2.1", TRIES_REFILL_S * 1000), TRIES_REFILL_S);
	int64_t later = TRIES_REFILL_S * 1000 * (TRIES_BURST + 2);
	fail_often(t, "192.0.2.1", TRIES_BURST - 1, later);
	assert_int_equal(tries_wait_s(t, "source", "192.0.2.1", later), 0);
}

static void a_flood_of_sources_does_not_free_who_waits(void **state) {
	struct tries *t = *state;
	char text[32];
	fail_often(t, "192.0.2.1", TRIES_BURST, 0);
	for (unsigned i = 0; i < 200000; i++) {
		snprintf(text, sizeof(text), "2001:db8::%x", i);
		fail_often(t, text, 1, 0);
	}
	assert_int_equal(tries_wait_s(t, "source", "192.0.2.1", 0), TRIES_REFILL_S);
}

static void long_texts_are_cut_not_overrun(void **state) {
	struct tries *t = *state;
	char text[2000];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fail_often(t, text, TRIES_BURST, 0);
	assert_int_equal(tries_wait_s(t, "source", text, 0), TRIES_REFILL_S);
	assert_int_equal(tries_wait_s(t, text, text, 0), 0);
}

static void a_pace_lets_a_minute_s_worth_through_at_once_then_evenly(void **state) {
	struct tries *t = *state;
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(tries_pace_s(t, "account", 300, 1000), 0);
	assert_int_equal(tries_pace_s(t, "account", 300, 1000), 1);
	assert_int_equal(tries_pace_s(t, "other", 300, 1000), 0);
	assert_int_equal(tries_pace_s(t, "account", 300, 1199), 1);
	assert_int_equal(tries_pace_s(t, "account", 300, 1200), 0);
	assert_int_equal(tries_pace_s(t, "account", 300, 1200), 1);
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(tries_pace_s(t, "account", 300, 1200 + 60000), 0);
	assert_int_equal(tries_pace_s(t, "slow", 1, 0), 0);
	assert_int_equal(tries_pace_s(t, "slow", 1, 0), 60);
}

static void sources_are_addresses_and_networks_of_64_bits(void **state) {
	(void)state;
	struct addr a;
	char text[ADDR_TEXT_MAX];
	assert_int_equal(addr_parse("192.0.2.1@4711", 53, &a), OK);
	tries_source_text(&a, text);
	assert_string_equal(text, "192.0.2.1");
	assert_int_equal(addr_parse("2001:db8:1:2:3:4:5:6@4711", 53, &a), OK);
	tries_source_text(&a, text);
	assert_string_equal(text, "2001:db8:1:2::");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_burst_of_failures_is_let_through_then_the_next_waits),
		TEST(others_do_not_wait),
		TEST(more_failures_never_make_a_wait_longer_than_one_refill),
		TEST(after_a_refill_one_try_is_allowed_not_a_burst),
		TEST(a_flood_of_sources_does_not_free_who_waits),
		TEST(long_texts_are_cut_not_overrun),
		TEST(a_pace_lets_a_minute_s_worth_through_at_once_then_evenly),
		TEST(sources_are_addresses_and_networks_of_64_bits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

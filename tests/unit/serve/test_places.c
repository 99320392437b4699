#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serve/places.h"

static struct addr address(const char *text) {
	struct addr a;
	assert_int_equal(addr_parse(text, 53, &a), OK);
	return a;
}

static void client_gets_no_more_than_its_share(void **unused) {
	(void)unused;
	static struct places p;
	struct addr greedy = address("192.0.2.1"), other = address("192.0.2.2");
	int first = places_take(&p, &greedy, 10, 2);
	assert_int_not_equal(first, PLACE_NONE);
	int second = places_take(&p, &greedy, 10, 2);
	assert_int_not_equal(second, PLACE_NONE);
	assert_int_equal(places_take(&p, &greedy, 10, 2), PLACE_NONE);
	int theirs = places_take(&p, &other, 10, 2);
	assert_int_not_equal(theirs, PLACE_NONE);
	places_give_back(&p, first);
	first = places_take(&p, &greedy, 10, 2);
	assert_int_not_equal(first, PLACE_NONE);
	places_give_back(&p, first);
	places_give_back(&p, second);
	places_give_back(&p, theirs);
	assert_int_equal(places_taken(&p), 0);
}

static void all_together_get_no_more_than_there_are(void **unused) {
	(void)unused;
	static struct places p;
	int place[3];
	for (int i = 0; i < 3; i++) {
		struct addr a = address("2001:db8::1");
		a.ip[5] = (uint8_t)i;
		place[i] = places_take(&p, &a, 2, 0);
	}
	assert_int_not_equal(place[1], PLACE_NONE);
	assert_int_equal(place[2], PLACE_NONE);
	assert_int_equal(places_taken(&p), 2);
}

static void addresses_of_one_ipv6_network_are_one_client(void **unused) {
	(void)unused;
	static struct places p;
	struct addr a = address("2001:db8::1"), b = address("2001:db8::2"), c = address("2001:db8:0:1::1"),
		    local = address("::1");
	assert_int_not_equal(places_take(&p, &a, 10, 1), PLACE_NONE);
	assert_int_equal(places_take(&p, &b, 10, 1), PLACE_NONE);
	assert_int_not_equal(places_take(&p, &c, 10, 1), PLACE_NONE);
	assert_int_not_equal(places_take(&p, &local, 10, 1), PLACE_NONE);
	assert_int_equal(places_take(&p, &local, 10, 1), PLACE_NONE);
}

static void every_place_can_be_taken(void **unused) {
	(void)unused;
	static struct places p;
	struct addr a = address("192.0.2.1");
	for (int i = 0; i < PLACES_MAX; i++)
		assert_int_not_equal(places_take(&p, &a, PLACES_MAX, 0), PLACE_NONE);
	assert_int_equal(places_take(&p, &a, PLACES_MAX + 1, 0), PLACE_NONE);
	assert_int_equal(places_taken(&p), PLACES_MAX);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_gets_no_more_than_its_share),
		cmocka_unit_test(all_together_get_no_more_than_there_are),
		cmocka_unit_test(addresses_of_one_ipv6_network_are_one_client),
		cmocka_unit_test(every_place_can_be_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

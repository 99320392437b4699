/* Addresses in any of many prefixes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prefix_set.h"
#include "base/random.h"

#define MANY 300

static struct prefix_set *set_of(const char *const *texts, unsigned count) {
	struct addr_prefix items[16];
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(addr_prefix_parse(texts[i], &items[i]), OK);
	return prefix_set_new(items, count);
}

static bool has(const struct prefix_set *s, const char *text) {
	struct addr a;
	assert_int_equal(addr_parse(text, 53, &a), OK);
	return prefix_set_has(s, &a);
}

static void nothing_is_in_no_set(void **state) {
	(void)state;
	assert_null(prefix_set_new(NULL, 0));
	assert_false(has(NULL, "192.0.2.1"));
}

static void first_and_last_address_of_a_prefix_are_in_it(void **state) {
	static const char *const texts[] = { "192.0.2.64/26", "2001:db8:0:8::/61", "203.0.113.7" };
	struct prefix_set *s = set_of(texts, 3);
	(void)state;
	assert_false(has(s, "192.0.2.63"));
	assert_true(has(s, "192.0.2.64"));
	assert_true(has(s, "192.0.2.127"));
	assert_false(has(s, "192.0.2.128"));
	assert_false(has(s, "2001:db8:0:7:ffff:ffff:ffff:ffff"));
	assert_true(has(s, "2001:db8:0:8::"));
	assert_true(has(s, "2001:db8:0:f:ffff:ffff:ffff:ffff"));
	assert_false(has(s, "2001:db8:0:10::"));
	assert_true(has(s, "203.0.113.7"));
	assert_false(has(s, "203.0.113.8"));
	prefix_set_free(s);
}

static void families_are_apart(void **state) {
	static const char *const four[] = { "0.0.0.0/0" }, *const six[] = { "::/0" };
	struct prefix_set *s4 = set_of(four, 1), *s6 = set_of(six, 1);
	struct addr none = { .family = AF_UNSPEC };
	(void)state;
	assert_true(has(s4, "255.255.255.255"));
	assert_false(has(s4, "::1"));
	assert_true(has(s6, "ffff::1"));
	assert_false(has(s6, "127.0.0.1"));
	assert_false(prefix_set_has(s4, &none));
	prefix_set_free(s4);
	prefix_set_free(s6);
}

static void prefixes_within_others_and_twice_change_nothing(void **state) {
	static const char *const texts[] = { "10.1.0.0/16", "10.0.0.0/8",  "10.0.0.0/24",
		                             "10.1.0.0/16", "10.0.0.0/32", "10.255.255.255/32" };
	struct prefix_set *s = set_of(texts, 6);
	(void)state;
	assert_true(has(s, "10.0.0.0"));
	assert_true(has(s, "10.2.3.4"));
	assert_true(has(s, "10.255.255.255"));
	assert_false(has(s, "11.0.0.0"));
	assert_false(has(s, "9.255.255.255"));
	prefix_set_free(s);
}

static struct addr_prefix random_prefix(struct random *r) {
	struct addr_prefix p = { .addr.family = random_below(r, 2) ? AF_INET : AF_INET6 };
	unsigned octets = p.addr.family == AF_INET ? 4 : 16;
	/* Few values, so that prefixes meet. */
	for (unsigned i = 0; i < octets; i++)
		p.addr.ip[i] = i < 2 ? (uint8_t)(random_below(r, 4) << 6) : (uint8_t)random_below(r, 2);
	p.len = (uint8_t)random_below(r, octets * 8 + 1);
	for (unsigned bit = p.len; bit < octets * 8; bit++)
		p.addr.ip[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return p;
}

static void the_set_has_what_the_list_has(void **state) {
	struct random r = random_seeded(4632);
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct addr_prefix items[MANY];
		unsigned count = random_below(&r, round % 2 ? MANY : 8) + 1;
		for (unsigned i = 0; i < count; i++)
			items[i] = random_prefix(&r);
		struct prefix_set *s = prefix_set_new(items, count);
		for (unsigned k = 0; k < 200; k++) {
			struct addr a = random_prefix(&r).addr;
			bool expected = false;
			for (unsigned i = 0; i < count; i++)
				expected |= addr_in_prefix(&a, &items[i]);
			assert_int_equal(prefix_set_has(s, &a), expected);
		}
		prefix_set_free(s);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_in_no_set),
		cmocka_unit_test(first_and_last_address_of_a_prefix_are_in_it),
		cmocka_unit_test(families_are_apart),
		cmocka_unit_test(prefixes_within_others_and_twice_change_nothing),
		cmocka_unit_test(the_set_has_what_the_list_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

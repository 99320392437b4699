#include "inventory/reach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *refusal(const struct reach_rules *rules, const char *text) {
	struct addr a;
	assert_int_equal(addr_parse(text, 53, &a), OK);
	return reach_refusal(rules, &a);
}

static void addresses_of_inner_networks_are_told_by_their_kind(void **state) {
	static const char *const inner[] = {
		"127.0.0.1",
		"127.255.255.255",
		"10.0.0.1",
		"172.16.0.1",
		"172.31.255.255",
		"192.168.7.7",
		"169.254.169.254",
		"0.0.0.0",
		"100.64.0.1",
		"224.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"::127.0.0.1",
		"::ffff:10.0.0.1",
		"fe80::1",
		"febf::1",
		"fc00::1",
		"fd12::1",
		"ff02::1",
		"64:ff9b::a00:1",
		"2002:a00:1::1",
	};
	static const char *const outer[] = { "8.8.8.8",     "172.15.255.255", "172.32.0.1",
		                             "100.128.0.1", "126.0.0.1",      "223.255.255.255",
		                             "2001:db8::1", "2a00::1",        "64:ff9c::1" };
	const struct reach_rules none = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++)
		if (!refusal(&none, inner[i])) fail_msg("%s", inner[i]);
	for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++)
		if (refusal(&none, outer[i])) fail_msg("%s", outer[i]);
	assert_string_equal(refusal(&none, "192.168.0.1"), "is a private address");
}

static void what_is_allowed_is_and_our_own_is_not(void **state) {
	struct addr own;
	struct addr_prefix allowed;
	(void)state;
	assert_int_equal(addr_parse("198.51.100.7", 53, &own), OK);
	assert_int_equal(addr_prefix_parse("10.1.0.0/16", &allowed), OK);
	const struct reach_rules rules = { &allowed, 1, &own, 1 };
	assert_null(refusal(&rules, "10.1.2.3"));
	assert_non_null(refusal(&rules, "10.2.2.3"));
	assert_string_equal(refusal(&rules, "198.51.100.7"), "is this server's own address");
	assert_null(refusal(&rules, "198.51.100.8"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_inner_networks_are_told_by_their_kind),
		cmocka_unit_test(what_is_allowed_is_and_our_own_is_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

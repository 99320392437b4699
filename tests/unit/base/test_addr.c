/* Addresses and prefixes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>

#include "base/addr.h"

static struct addr parsed(const char *text) {
	struct addr a;
	assert_int_equal(addr_parse(text, 0, &a), OK);
	return a;
}

static struct addr_prefix prefix(const char *text) {
	struct addr_prefix p;
	assert_int_equal(addr_prefix_parse(text, &p), OK);
	return p;
}

static void text_comes_back_as_it_was_read(void **state) {
	(void)state;
	static const char *const texts[] = {
		"192.0.2.1", "192.0.2.1@5300", "2001:db8::1@53", "2001:db8::1",
		"::",        "0.0.0.0",        "::1@65535",      "255.255.255.255@1"
	};
	char buf[ADDR_TEXT_MAX];
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr a = parsed(texts[i]);
		assert_string_equal(addr_text(&a, buf), texts[i]);
	}
}

static void default_port_holds_where_none_is_given(void **state) {
	(void)state;
	struct addr a;
	assert_int_equal(addr_parse("192.0.2.1", 53, &a), OK);
	assert_int_equal(a.port, 53);
	assert_int_equal(addr_parse("192.0.2.1@54", 53, &a), OK);
	assert_int_equal(a.port, 54);
}

static void what_is_no_address_is_refused_and_leaves_the_output(void **state) {
	(void)state;
	static const char *const texts[] = { "",
		                             "@",
		                             "192.0.2",
		                             "192.0.2.256",
		                             "192.0.2.1@",
		                             "192.0.2.1@0",
		                             "192.0.2.1@65536",
		                             "192.0.2.1@053",
		                             "192.0.2.1@+53",
		                             "192.0.2.1@ 53",
		                             "192.0.2.1 ",
		                             " 192.0.2.1",
		                             "192.0.2.01",
		                             "[::1]",
		                             "::1::",
		                             "fe80::1%eth0",
		                             "example",
		                             "192.0.2.1@53@53",
		                             "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb" };
	struct addr before = parsed("198.51.100.1@5"), a = before;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(addr_parse(texts[i], 53, &a), ERR_MALFORMED);
		assert_true(addr_equal(&a, &before));
	}
}

static void prefixes_are_read_and_written(void **state) {
	(void)state;
	static const char *const texts[] = { "192.0.2.0/24", "2001:db8::/32",  "0.0.0.0/0",      "::/0",
		                             "192.0.2.1/32", "192.0.2.128/25", "2001:db8::1/128" };
	char buf[ADDR_TEXT_MAX];
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr_prefix p = prefix(texts[i]);
		assert_string_equal(addr_prefix_text(&p, buf), texts[i]);
	}
	assert_int_equal(prefix("192.0.2.7").len, 32);
	assert_int_equal(prefix("2001:db8::").len, 128);
}

static void prefixes_with_bits_behind_their_length_are_refused(void **state) {
	(void)state;
	static const char *const texts[] = {
		"192.0.2.1/24",   "192.0.2.0/33",  "192.0.2.0/-1", "192.0.2.0/",    "::/129",
		"2001:db8::1/64", "192.0.2.0/024", "128.0.0.0/0",  "192.0.2.0/24/", "/24"
	};
	struct addr_prefix p;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(addr_prefix_parse(texts[i], &p), ERR_MALFORMED);
}

static bool is_in(const char *addr, const char *text) {
	struct addr a = parsed(addr);
	struct addr_prefix p = prefix(text);
	return addr_in_prefix(&a, &p);
}

static void membership_looks_at_all_bits_of_the_prefix(void **state) {
	(void)state;
	assert_true(is_in("192.0.2.1", "192.0.2.0/24"));
	assert_true(is_in("192.0.2.1", "0.0.0.0/0"));
	assert_true(is_in("192.0.2.129@5", "192.0.2.128/25"));
	assert_false(is_in("192.0.2.127", "192.0.2.128/25"));
	assert_false(is_in("192.0.3.1", "192.0.2.0/24"));
	assert_true(is_in("2001:db8:1::", "2001:db8::/31"));
	assert_false(is_in("2001:dba::", "2001:db8::/31"));
	assert_false(is_in("192.0.2.1", "::/0"));
	assert_false(is_in("::", "0.0.0.0/0"));
	struct addr none = { .family = AF_UNSPEC };
	struct addr_prefix any = prefix("0.0.0.0/0");
	assert_false(addr_in_prefix(&none, &any));
}

static void the_port_counts_for_equality_only(void **state) {
	(void)state;
	struct addr a = parsed("192.0.2.1@53"), b = parsed("192.0.2.1@54"), c = parsed("192.0.2.2@53");
	assert_true(addr_same_ip(&a, &b));
	assert_false(addr_equal(&a, &b));
	assert_true(addr_equal(&a, &a));
	assert_false(addr_same_ip(&a, &c));
}

static void socket_addresses_convert_both_ways(void **state) {
	(void)state;
	static const char *const texts[] = { "192.0.2.1@53", "2001:db8::1@5300" };
	struct sockaddr_storage sa;
	for (size_t i = 0; i < 2; i++) {
		struct addr a = parsed(texts[i]), b;
		assert_int_equal(addr_to_sockaddr(&a, &sa),
		                 i == 0 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
		b = addr_from_sockaddr((const struct sockaddr *)&sa);
		assert_true(addr_equal(&a, &b));
	}
}

static void mapped_addresses_become_ipv4(void **state) {
	(void)state;
	char buf[ADDR_TEXT_MAX];
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(53) };
	assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6.sin6_addr), 1);
	struct addr a = addr_from_sockaddr((const struct sockaddr *)&in6);
	assert_string_equal(addr_text(&a, buf), "192.0.2.1@53");
}

static void no_address_is_none(void **state) {
	(void)state;
	char buf[ADDR_TEXT_MAX];
	struct sockaddr_storage sa;
	struct sockaddr other = { .sa_family = AF_UNIX };
	struct addr a = addr_from_sockaddr(&other);
	assert_string_equal(addr_text(&a, buf), "none");
	assert_int_equal(addr_to_sockaddr(&a, &sa), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_comes_back_as_it_was_read),
		cmocka_unit_test(default_port_holds_where_none_is_given),
		cmocka_unit_test(what_is_no_address_is_refused_and_leaves_the_output),
		cmocka_unit_test(prefixes_are_read_and_written),
		cmocka_unit_test(prefixes_with_bits_behind_their_length_are_refused),
		cmocka_unit_test(membership_looks_at_all_bits_of_the_prefix),
		cmocka_unit_test(the_port_counts_for_equality_only),
		cmocka_unit_test(socket_addresses_convert_both_ways),
		cmocka_unit_test(mapped_addresses_become_ipv4),
		cmocka_unit_test(no_address_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

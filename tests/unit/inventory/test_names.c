#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "inventory/names.h"

static struct name_rules *rules;

static int open_rules(void **state) {
	(void)state;
	return name_rules_open(&rules) == OK ? 0 : -1;
}

static int close_rules(void **state) {
	(void)state;
	name_rules_close(rules);
	return 0;
}

static struct name name_of(const char *text) {
	struct name n;
	assert_int_equal(name_parse(text, &n), OK);
	return n;
}

static const char *refusal(const char *text) {
	struct name n = name_of(text),
		    own[] = { name_of("ns1.understudy.net"), name_of("ns2.understudy.org") };
	return name_rules_refusal(rules, n.wire, own, 2);
}

static void expect(const char *const *names, size_t count, const char *part) {
	for (size_t i = 0; i < count; i++) {
		const char *text = refusal(names[i]);
		if (part && (!text || !strstr(text, part)))
			fail_msg("%s: \"%s\", not \"%s\"", names[i], text ? text : "given", part);
		if (!part && text) fail_msg("%s: \"%s\"", names[i], text);
	}
}
#define EXPECT(part, ...)                                                                                    \
	do {                                                                                                 \
		static const char *const list[] = { __VA_ARGS__ };                                           \
		expect(list, sizeof(list) / sizeof(list[0]), part);                                          \
	} while (0)

static void public_suffixes_are_nobodys(void **state) {
	(void)state;
	EXPECT("public suffix", "com", "CO.uk", "github.io", "nosuchtld", "anything.ck", "xn--p1ai",
	       "xn--55qx5d.cn");
	EXPECT(NULL, "example.com", "example.co.uk", "user.github.io", "a.nosuchtld", "www.ck", "a.b.c.org",
	       "xn--80ak6aa92e.com", "a\\.b.com", "_tcp.example.org");
}

static void reserved_names_are_nobodys_with_all_below(void **state) {
	(void)state;
	EXPECT("reserved", "test", "a.b.TEST", "localhost", "x.localhost", "invalid", "printer.local",
	       "abc.onion", "x.alt", "corp.internal", "home.arpa", "1.10.in-addr.arpa", "16.172.in-addr.arpa",
	       "3.31.172.in-addr.arpa", "1.168.192.in-addr.arpa", "64.100.in-addr.arpa",
	       "1.127.100.in-addr.arpa", "d.f.ip6.arpa", "0.8.e.f.ip6.arpa");
	EXPECT(NULL, "atest.net", "contest.org", "15.172.in-addr.arpa", "32.172.in-addr.arpa",
	       "63.100.in-addr.arpa", "128.100.in-addr.arpa", "1.167.192.in-addr.arpa", "example.net");
}

static void trees_of_addresses_belong_to_registries(void **state) {
	(void)state;
	EXPECT("registries", "arpa", "in-addr.arpa", "ip6.arpa", "8.in-addr.arpa", "0.a.2.ip6.arpa",
	       "4.0.1.0.0.2.ip6.arpa", "e164.arpa");
	EXPECT(NULL, "8.8.in-addr.arpa", "113.0.204.in-addr.arpa", "0.4.0.1.0.0.2.ip6.arpa");
}

static void the_root_is_nobodys(void **state) {
	(void)state;
	EXPECT("root", ".");
}

static void nobody_gets_what_our_own_names_depend_on(void **state) {
	(void)state;
	EXPECT("name servers", "understudy.net", "ns1.understudy.net", "x.ns1.understudy.net",
	       "NS2.understudy.ORG");
	EXPECT(NULL, "www.understudy.net", "understudy.com", "ns1.understudy.org");
}

static void a_name_of_the_greatest_length_is_judged(void **state) {
	(void)state;
	struct name n = { .len = NAME_MAX_LEN };
	for (unsigned i = 0; i < 127; i++) {
		n.wire[2 * i] = 1;
		n.wire[2 * i + 1] = 0xff;
	}
	n.wire[254] = 0;
	assert_null(name_rules_refusal(rules, n.wire, NULL, 0));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_suffixes_are_nobodys),
		cmocka_unit_test(reserved_names_are_nobodys_with_all_below),
		cmocka_unit_test(trees_of_addresses_belong_to_registries),
		cmocka_unit_test(the_root_is_nobodys),
		cmocka_unit_test(nobody_gets_what_our_own_names_depend_on),
		cmocka_unit_test(a_name_of_the_greatest_length_is_judged),
	};
	return cmocka_run_group_tests_name("names", tests, open_rules, close_rules);
}

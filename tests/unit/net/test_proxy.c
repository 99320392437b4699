/* Headers of the PROXY protocol, as octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "proxy_make.h"

/* On a block of exactly its length, so that a sanitizer sees a look beyond it. */
static enum err parse(const uint8_t *data, size_t len, struct proxy_header *out) {
	uint8_t *copy = malloc(len ? len : 1);
	memcpy(copy, data, len);
	enum err e = proxy_parse(copy, len, out);
	free(copy);
	return e;
}

static void expect_source(const struct proxy_header *h, const char *address, uint16_t port) {
	char text[ADDR_TEXT_MAX];
	struct addr a = h->source;
	assert_int_equal(a.port, port);
	a.port = 0;
	assert_string_equal(addr_text(&a, text), address);
}

static void source_is_read_from_both_families_and_transports(void **state) {
	(void)state;
	for (unsigned transport = 1; transport <= 2; transport++) {
		uint8_t data[PROXY_HEADER_MAX + 100];
		struct proxy_header h;
		size_t len = proxy_make(data, "192.0.2.7", 4711, transport, 0);
		assert_int_equal(len, 28);
		memset(data + len, 0x55, 40); /* what it speaks for */
		assert_int_equal(parse(data, len + 40, &h), OK);
		assert_int_equal(h.len, len);
		expect_source(&h, "192.0.2.7", 4711);
		len = proxy_make(data, "2001:db8::7", 53, transport, 0);
		assert_int_equal(len, 52);
		assert_int_equal(parse(data, len, &h), OK);
		expect_source(&h, "2001:db8::7", 53);
	}
}

static void ipv4_in_ipv6_is_ipv4(void **state) {
	(void)state;
	uint8_t data[PROXY_HEADER_MAX];
	struct proxy_header h;
	size_t len = proxy_make(data, "::ffff:192.0.2.7", 4711, 1, 0);
	assert_int_equal(parse(data, len, &h), OK);
	assert_int_equal(h.source.family, AF_INET);
	expect_source(&h, "192.0.2.7", 4711);
}

static void additions_are_stepped_over(void **state) {
	(void)state;
	uint8_t data[PROXY_HEADER_MAX + 8];
	struct proxy_header h;
	size_t most = PROXY_HEADER_MAX - 28;
	for (size_t extra = 1; extra <= most; extra += extra < most - 100 ? 97 : 1) {
		size_t len = proxy_make(data, "192.0.2.7", 4711, 2, extra);
		assert_int_equal(parse(data, len, &h), OK);
		assert_int_equal(h.len, 28 + extra);
		expect_source(&h, "192.0.2.7", 4711);
	}
	size_t len = proxy_make(data, "192.0.2.7", 4711, 2, most + 1);
	assert_int_equal(parse(data, len, &h), ERR_MALFORMED);
	assert_int_equal(parse(data, PROXY_FIXED_LEN, &h),
	                 ERR_MALFORMED); /* as soon as its length is known */
}

static void every_cut_says_how_much_is_wanted(void **state) {
	(void)state;
	uint8_t data[PROXY_HEADER_MAX];
	struct proxy_header h;
	size_t len = proxy_make(data, "2001:db8::7", 53, 1, 30);
	for (size_t cut = 0; cut < len; cut++) {
		size_t want = cut < 12 ? 12 : cut < 16 ? 16 : len;
		assert_int_equal(parse(data, cut, &h), ERR_AGAIN);
		assert_int_equal(h.len, want);
	}
	assert_int_equal(parse(data, len, &h), OK);
}

static void other_octets_are_no_header(void **state) {
	(void)state;
	uint8_t data[PROXY_HEADER_MAX];
	struct proxy_header h;
	size_t len = proxy_make(data, "192.0.2.7", 4711, 1, 0);
	for (size_t i = 0; i < PROXY_SIGNATURE_LEN; i++) {
		data[i] ^= 0x20;
		for (size_t cut = i + 1; cut <= len; cut++)
			assert_int_equal(parse(data, cut, &h), ERR_NOTFOUND);
		data[i] ^= 0x20;
	}
	assert_int_equal(parse((const uint8_t *)"\x16\3\1", 3, &h), ERR_NOTFOUND);
}

static void proxy_that_speaks_for_itself_leaves_the_addresses_of_the_socket(void **state) {
	(void)state;
	uint8_t data[PROXY_HEADER_MAX];
	struct proxy_header h;
	size_t len = proxy_make(data, "192.0.2.7", 4711, 1, 0);
	data[12] = 0x20;
	for (unsigned family = 0; family < 256; family++) { /* "the family is ignored" */
		data[13] = (uint8_t)family;
		assert_int_equal(parse(data, len, &h), OK);
		assert_int_equal(h.source.family, AF_UNSPEC);
		assert_int_equal(h.len, len);
	}
	store_u16(data + 14, 0);
	assert_int_equal(parse(data, len, &h), OK);
	assert_int_equal(h.len, PROXY_FIXED_LEN);
}

static void sources_without_internet_address_leave_those_of_the_socket(void **state) {
	(void)state;
	static const uint8_t families[] = { 0x00, 0x01, 0x02, 0x10, 0x20, 0x30, 0x31, 0x32 };
	uint8_t data[PROXY_HEADER_MAX];
	struct proxy_header h;
	for (unsigned i = 0; i < sizeof(families); i++) {
		size_t len = proxy_make(data, "192.0.2.7", 4711, 1, 216 - 12);
		data[13] = families[i];
		assert_int_equal(parse(data, len, &h), OK);
		assert_int_equal(h.source.family, AF_UNSPEC);
		assert_int_equal(h.len, len);
	}
}

static void what_the_protocol_does_not_know_is_malformed(void **state) {
	(void)state;
	uint8_t data[PROXY_HEADER_MAX];
	struct proxy_header h;
	size_t len = proxy_make(data, "192.0.2.7", 4711, 1, 40);
	for (unsigned command = 0; command < 256; command++) {
		data[12] = (uint8_t)command;
		bool is_known = command == 0x20 || command == 0x21;
		assert_int_equal(parse(data, len, &h), is_known ? OK : ERR_MALFORMED);
	}
	data[12] = 0x21;
	for (unsigned family = 0; family < 256; family++) {
		data[13] = (uint8_t)family;
		bool is_known = family >> 4 <= 3 && (family & 15) <= 2;
		assert_int_equal(parse(data, len, &h), is_known ? OK : ERR_MALFORMED);
	}
}

static void too_short_for_its_addresses_is_malformed(void **state) {
	(void)state;
	uint8_t data[PROXY_HEADER_MAX];
	struct proxy_header h;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		size_t len = proxy_make(data, v6 ? "2001:db8::7" : "192.0.2.7", 4711, 1, 0);
		for (unsigned short_by = 1; short_by <= len - PROXY_FIXED_LEN; short_by++) {
			store_u16(data + 14, (uint16_t)(len - PROXY_FIXED_LEN - short_by));
			assert_int_equal(parse(data, len, &h), ERR_MALFORMED);
		}
	}
}

static void version_1_is_malformed(void **state) {
	(void)state;
	static const char text[] = "PROXY TCP4 192.0.2.7 192.0.2.1 4711 53\r\n";
	struct proxy_header h;
	for (size_t cut = 1; cut < sizeof(text); cut++)
		assert_int_equal(parse((const uint8_t *)text, cut, &h), cut < 6 ? ERR_AGAIN : ERR_MALFORMED);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(source_is_read_from_both_families_and_transports),
		cmocka_unit_test(ipv4_in_ipv6_is_ipv4),
		cmocka_unit_test(additions_are_stepped_over),
		cmocka_unit_test(every_cut_says_how_much_is_wanted),
		cmocka_unit_test(other_octets_are_no_header),
		cmocka_unit_test(proxy_that_speaks_for_itself_leaves_the_addresses_of_the_socket),
		cmocka_unit_test(sources_without_internet_address_leave_those_of_the_socket),
		cmocka_unit_test(what_the_protocol_does_not_know_is_malformed),
		cmocka_unit_test(too_short_for_its_addresses_is_malformed),
		cmocka_unit_test(version_1_is_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SipHash-2-4 against the vectors of its authors: key 00 01 … 0f, message 00 01 … of growing length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/siphash.h"

static const uint8_t vectors[][SIPHASH_LEN] = { { 0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72 },
	                                        { 0xfd, 0x67, 0xdc, 0x93, 0xc5, 0x39, 0xf8, 0x74 },
	                                        { 0x5a, 0x4f, 0xa9, 0xd9, 0x09, 0x80, 0x6c, 0x0d },
	                                        { 0x2d, 0x7e, 0xfb, 0xd7, 0x96, 0x66, 0x67, 0x85 },
	                                        { 0xb7, 0x87, 0x71, 0x27, 0xe0, 0x94, 0x27, 0xcf },
	                                        { 0x8d, 0xa6, 0x99, 0xcd, 0x64, 0x55, 0x76, 0x18 },
	                                        { 0xce, 0xe3, 0xfe, 0x58, 0x6e, 0x46, 0xc9, 0xcb },
	                                        { 0x37, 0xd1, 0x01, 0x8b, 0xf5, 0x00, 0x02, 0xab },
	                                        { 0x62, 0x24, 0x93, 0x9a, 0x79, 0xf5, 0xf5, 0x93 },
	                                        { 0xb0, 0xe4, 0xa9, 0x0b, 0xdf, 0x82, 0x00, 0x9e } };

static void fill(uint8_t *data, size_t len) {
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)i;
}

static void messages_of_every_small_length_hash_as_published(void **state) {
	uint8_t key[SIPHASH_KEY_LEN], data[16], out[SIPHASH_LEN];
	(void)state;
	fill(key, sizeof(key));
	fill(data, sizeof(data));
	for (size_t len = 0; len < sizeof(vectors) / sizeof(vectors[0]); len++) {
		siphash24(key, data, len, out);
		assert_memory_equal(out, vectors[len], SIPHASH_LEN);
	}
}

static void the_worked_example_of_15_octets_holds(void **state) {
	static const uint8_t expected[] = { 0xe5, 0x45, 0xbe, 0x49, 0x61, 0xca, 0x29, 0xa1 };
	uint8_t key[SIPHASH_KEY_LEN], data[15], out[SIPHASH_LEN];
	(void)state;
	fill(key, sizeof(key));
	fill(data, sizeof(data));
	siphash24(key, data, sizeof(data), out);
	assert_memory_equal(out, expected, SIPHASH_LEN);
}

static void unaligned_messages_hash_the_same(void **state) {
	uint8_t key[SIPHASH_KEY_LEN + 1], data[40 + 8], a[SIPHASH_LEN], b[SIPHASH_LEN];
	(void)state;
	fill(key, sizeof(key));
	fill(data, 40);
	siphash24(key + 1, data, 40, a);
	for (unsigned shift = 1; shift < 8; shift++) {
		fill(data + shift, 40);
		siphash24(key + 1, data + shift, 40, b);
		assert_memory_equal(a, b, SIPHASH_LEN);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_every_small_length_hash_as_published),
		cmocka_unit_test(the_worked_example_of_15_octets_holds),
		cmocka_unit_test(unaligned_messages_hash_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

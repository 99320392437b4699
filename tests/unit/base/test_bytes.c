/* Reader and writer: bounds, byte order, and that the first overrun sticks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"

static void numbers_are_in_network_order(void **state) {
	(void)state;
	uint8_t buf[15];
	struct writer w = writer_init(buf, sizeof(buf));
	write_u8(&w, 0x01);
	write_u16(&w, 0x0203);
	write_u32(&w, 0x04050607);
	write_u48(&w, 0x08090a0b0c0d);
	write_bytes(&w, "xy", 2);
	assert_false(w.failed);
	assert_memory_equal(buf, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0dxy", sizeof(buf));
	struct reader r = reader_init(buf, sizeof(buf));
	assert_int_equal(read_u8(&r), 0x01);
	assert_int_equal(read_u16(&r), 0x0203);
	assert_int_equal(read_u32(&r), 0x04050607);
	assert_true(read_u48(&r) == 0x08090a0b0c0d);
	assert_int_equal(reader_left(&r), 2);
	assert_ptr_equal(read_bytes(&r, 2), buf + 13);
	assert_int_equal(reader_left(&r), 0);
	assert_false(r.failed);
}

static void highest_values_survive(void **state) {
	(void)state;
	uint8_t buf[12];
	struct writer w = writer_init(buf, sizeof(buf));
	write_u16(&w, UINT16_MAX);
	write_u32(&w, UINT32_MAX);
	write_u48(&w, 0xffffffffffff);
	struct reader r = reader_init(buf, sizeof(buf));
	assert_int_equal(read_u16(&r), UINT16_MAX);
	assert_true(read_u32(&r) == UINT32_MAX);
	assert_true(read_u48(&r) == 0xffffffffffff);
}

static void reader_stays_failed_after_an_overrun(void **state) {
	(void)state;
	static const uint8_t data[] = { 1, 2, 3 };
	struct reader r = reader_init(data, sizeof(data));
	assert_int_equal(read_u8(&r), 1);
	assert_int_equal(read_u32(&r), 0);
	assert_true(r.failed);
	assert_int_equal(r.pos, 1);
	assert_int_equal(reader_left(&r), 0);
	assert_int_equal(read_u8(&r), 0);
	assert_null(read_bytes(&r, 0));
}

static void lengths_that_wrap_around_are_overruns(void **state) {
	(void)state;
	uint8_t data[4] = { 0 };
	struct reader r = reader_init(data, sizeof(data));
	assert_int_equal(read_u16(&r), 0);
	assert_null(read_bytes(&r, SIZE_MAX));
	assert_true(r.failed);
	struct writer w = writer_init(data, sizeof(data));
	write_u16(&w, 1);
	assert_null(write_reserve(&w, SIZE_MAX - 1));
	assert_true(w.failed);
	assert_int_equal(w.len, 2);
}

static void writer_fills_its_room_and_no_more(void **state) {
	(void)state;
	uint8_t buf[5] = { 0xee, 0xee, 0xee, 0xee, 0xee };
	struct writer w = writer_init(buf, 4);
	write_u32(&w, 0x01020304);
	assert_false(w.failed);
	write_u8(&w, 9);
	assert_true(w.failed);
	assert_int_equal(w.len, 4);
	assert_int_equal(buf[4], 0xee);
	w = writer_init(buf, 4);
	write_u8(&w, 7);
	write_u32(&w, 1);
	write_u8(&w, 8); /* would fit, but what it belongs to did not */
	assert_true(w.failed);
	assert_int_equal(w.len, 1);
}

static void empty_buffers_are_no_trouble(void **state) {
	(void)state;
	struct reader r = reader_init(NULL, 0);
	assert_int_equal(reader_left(&r), 0);
	assert_int_equal(read_u8(&r), 0);
	assert_true(r.failed);
	uint8_t one;
	struct writer w = writer_init(&one, 0);
	write_bytes(&w, NULL, 0);
	assert_false(w.failed);
	write_u8(&w, 1);
	assert_true(w.failed);
}

static void assert_decimal(uint64_t number, unsigned least, const char *text) {
	char buf[24];
	struct writer w = writer_init(buf, sizeof(buf));
	write_decimal(&w, number, least);
	assert_false(w.failed);
	assert_int_equal(w.len, strlen(text));
	assert_memory_equal(buf, text, w.len);
}

static void decimal_numbers_have_the_digits_that_are_asked_for(void **state) {
	(void)state;
	assert_decimal(0, 1, "0");
	assert_decimal(7, 3, "007");
	assert_decimal(1234, 2, "1234");
	assert_decimal(UINT64_MAX, 1, "18446744073709551615");
	assert_decimal(1, 20, "00000000000000000001");
	char two[2];
	struct writer w = writer_init(two, sizeof(two));
	write_decimal(&w, 123, 1);
	assert_true(w.failed && w.len == 0); /* all of it or nothing */
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_in_network_order),
		cmocka_unit_test(highest_values_survive),
		cmocka_unit_test(reader_stays_failed_after_an_overrun),
		cmocka_unit_test(lengths_that_wrap_around_are_overruns),
		cmocka_unit_test(writer_fills_its_room_and_no_more),
		cmocka_unit_test(empty_buffers_are_no_trouble),
		cmocka_unit_test(decimal_numbers_have_the_digits_that_are_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

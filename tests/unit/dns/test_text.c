/* Records in presentation form.  That other servers read them back is check_text.py's to show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "dns/rdata.h"
#include "dns/text.h"
#include "rdata_samples.h"

static const char *text_of(uint16_t type, const char *octets, size_t len, char *buf, size_t cap) {
	struct writer w = writer_init(buf, cap - 1);
	assert_int_equal(rdata_text(type, (const uint8_t *)octets, len, &w), OK);
	buf[w.len] = '\0';
	return buf;
}
#define TEXT(type, octets) text_of(type, octets, sizeof(octets) - 1, buf, sizeof(buf))

static void every_type_has_its_text(void **state) {
	(void)state;
	char buf[4096];
	for (size_t i = 0; i < RDATA_SAMPLES; i++) {
		const struct rdata_sample *s = &rdata_samples[i];
		assert_string_equal(text_of(s->type, s->octets, s->len, buf, sizeof(buf)), s->text);
	}
}

static void a_record_is_one_line(void **state) {
	(void)state;
	char buf[512];
	struct writer w = writer_init(buf, sizeof(buf));
	static const uint8_t owner[] = "\3www\7Example";
	assert_int_equal(text_record(owner, RR_A, 300, (const uint8_t *)"\300\0\2\1", 4, &w), OK);
	assert_int_equal(text_record(owner, 65400, 0, (const uint8_t *)"", 0, &w), OK);
	assert_int_equal(text_record(owner, RR_X25, 1, (const uint8_t *)"\1x", 2, &w), OK);
	static const char wanted[] = "www.Example.\t300\tIN\tA\t192.0.2.1\n"
				     "www.Example.\t0\tIN\tTYPE65400\t\\# 0\n"
				     "www.Example.\t1\tIN\tTYPE19\t\\# 2 0178\n";
	assert_int_equal(w.len, sizeof(wanted) - 1);
	assert_memory_equal(buf, wanted, w.len);
}

static void rdata_that_was_never_checked_is_written_as_octets(void **state) {
	(void)state;
	char buf[512];
	struct writer w = writer_init(buf, sizeof(buf));
	assert_int_equal(text_record((const uint8_t *)"\1a", RR_A, 1, (const uint8_t *)"\1\2\3", 3, &w), OK);
	static const char wanted[] = "a.\t1\tIN\tA\t\\# 3 010203\n";
	assert_int_equal(w.len, sizeof(wanted) - 1);
	assert_memory_equal(buf, wanted, w.len);
}

static void values_that_readers_take_differently_are_written_as_octets(void **state) {
	(void)state;
	char buf[512];
	assert_string_equal(TEXT(RR_CAA, "\0\3a-ba"), "\\# 6 0003612d6261");
	assert_string_equal(TEXT(RR_CAA, "\0\3Abca"), "\\# 6 000341626361");
	assert_string_equal(TEXT(RR_DS, "\0\1\10\2"), "\\# 4 00010802");
	assert_string_equal(TEXT(RR_KEY, "\300\0\3\1"), "\\# 4 c0000301");
	assert_string_equal(TEXT(RR_IPSECKEY, "\1\0\0a"), "\\# 4 01000061");
	assert_string_equal(TEXT(RR_APL, "\0\1\10\2\12\0"), "\\# 6 000108020a00");
	assert_string_equal(TEXT(RR_APL, "\0\1\41\1\12"), "\\# 5 000121010a");
	assert_string_equal(TEXT(RR_SVCB, "\0\1\0\0\3\0\1a"), "\\# 8 0001000003000161");
	assert_string_equal(TEXT(RR_SVCB, "\0\1\0\0\1\0\4\3a,b"), "\\# 11 0001000001000403612c62");
	assert_string_equal(TEXT(RR_NSEC, "\1a\0\0\1\200"), "\\# 6 016100000180");
}

static void text_does_not_grow_beyond_its_promise(void **state) {
	(void)state;
	uint8_t rdata[1 + 256 * 34] = { 0 };
	char buf[RDATA_TEXT_CAP(sizeof(rdata))];
	struct writer w = writer_init(buf, sizeof(buf));
	for (unsigned i = 0; i < 256; i++) {
		rdata[1 + i * 34] = (uint8_t)i;
		rdata[2 + i * 34] = 32;
		memset(rdata + 3 + i * 34, i == 0 ? 0x7f : 0xff, 32);
	}
	/* all types there are: their names would take 75 octets of text for each of rdata */
	assert_int_equal(rdata_text(RR_NSEC, rdata, sizeof(rdata), &w), OK);
	assert_memory_equal(buf, "\\# 8705 ", 8);
}

static void a_full_output_stays_as_it_was(void **state) {
	(void)state;
	for (size_t i = 0; i < RDATA_SAMPLES; i++) {
		const struct rdata_sample *s = &rdata_samples[i];
		char buf[512];
		size_t generic = 2 * s->len + 5, cap = strlen(s->text) < generic ? strlen(s->text) : generic;
		struct writer w = writer_init(buf, cap - 1);
		assert_int_equal(rdata_text(s->type, (const uint8_t *)s->octets, s->len, &w), ERR_SPACE);
		assert_int_equal(w.len, 0);
		assert_false(w.failed);
		w = writer_init(buf, cap + 8); /* owner, TTL, class and type need more */
		assert_int_equal(text_record((const uint8_t *)"\0", s->type, 1, (const uint8_t *)s->octets,
		                             (uint16_t)s->len, &w),
		                 ERR_SPACE);
		assert_int_equal(w.len, 0);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_has_its_text),
		cmocka_unit_test(a_record_is_one_line),
		cmocka_unit_test(rdata_that_was_never_checked_is_written_as_octets),
		cmocka_unit_test(values_that_readers_take_differently_are_written_as_octets),
		cmocka_unit_test(text_does_not_grow_beyond_its_promise),
		cmocka_unit_test(a_full_output_stays_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

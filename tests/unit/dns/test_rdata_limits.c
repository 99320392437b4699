/* RDATA that is cut, too long or damaged: an error or a sound record, and never a read beyond it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "dns/rdata.h"
#include "rdata_samples.h"

/* Everything that takes rdata, on a block of exactly its size, so that a sanitizer sees an overrun. */
static enum err exercise(uint16_t type, const void *octets, size_t len) {
	uint8_t *rdata = malloc(len ? len : 1), *out = malloc(len + 1), *text = malloc(RDATA_TEXT_CAP(len));
	if (len) memcpy(rdata, octets, len);
	struct writer w = writer_init(out, len + 1), t = writer_init(text, RDATA_TEXT_CAP(len));
	struct reader r = reader_init(rdata, len);
	enum err read = rdata_read(&r, type, (uint16_t)len, &w), check = rdata_check(type, rdata, len);
	if (check == OK) {
		struct rdata_part parts[RDATA_PARTS_MAX];
		assert_int_equal(read, OK);
		assert_in_range(rdata_split(type, rdata, len, parts), len > 0, RDATA_PARTS_MAX);
		assert_int_equal(rdata_compare(type, rdata, len, rdata, len), 0);
		assert_int_equal(rdata_text(type, rdata, len, &t), OK);
	} else {
		assert_int_equal(check, ERR_RDATA);
		assert_int_equal(rdata_text(type, rdata, len, &t), ERR_RDATA);
		assert_int_equal(t.len, 0);
	}
	(void)rdata_additional_name(type, rdata, len); /* looked at by the sanitizer only */
	free(text);
	free(out);
	free(rdata);
	return check;
}

static void rdata_cut_at_any_octet_is_refused_or_sound(void **state) {
	(void)state;
	for (size_t i = 0; i < RDATA_SAMPLES; i++) {
		const struct rdata_sample *s = &rdata_samples[i];
		size_t longest = NONE;
		for (size_t len = 0; len < s->len; len++) {
			if (exercise(s->type, s->octets, len) == OK) longest = len;
		}
		if (longest != s->shortest) print_error("type %u: %zu\n", s->type, longest);
		assert_int_equal(longest, s->shortest);
		assert_int_equal(exercise(s->type, s->octets, s->len), OK);
	}
}

static void octets_behind_the_last_field_are_refused(void **state) {
	(void)state;
	for (size_t i = 0; i < RDATA_SAMPLES; i++) {
		const struct rdata_sample *s = &rdata_samples[i];
		uint8_t more[512];
		memcpy(more, s->octets, s->len);
		more[s->len] = 0xff;
		enum err e = exercise(s->type, more, s->len + 1);
		/* types that end in any octets take them */
		if (e == OK) assert_non_null(strpbrk(rrtype_info(s->type)->layout, "bxqrw"));
	}
}

static void any_octets_of_any_type_are_refused_or_sound(void **state) {
	(void)state;
	struct random random = random_seeded(42);
	for (unsigned round = 0; round < 200; round++) {
		for (unsigned type = 0; type < 300; type++) {
			uint8_t octets[64];
			size_t len = random_below(&random, sizeof(octets));
			for (size_t i = 0; i < len; i++) {
				octets[i] = (uint8_t)random_below(&random, round % 2 ? 256 : 8);
			}
			exercise((uint16_t)type, octets, len);
		}
	}
}

static void damaged_samples_are_refused_or_sound(void **state) {
	(void)state;
	for (size_t i = 0; i < RDATA_SAMPLES; i++) {
		const struct rdata_sample *s = &rdata_samples[i];
		uint8_t octets[512];
		for (size_t at = 0; at < s->len; at++) {
			for (unsigned value = 0; value < 256; value++) {
				memcpy(octets, s->octets, s->len);
				octets[at] = (uint8_t)value;
				exercise(s->type, octets, s->len);
			}
		}
	}
}

static void bitmaps_must_have_one_form(void **state) {
	(void)state;
	static const struct {
		const char *octets;
		size_t len;
		enum err wanted;
	} rows[] = {
		{ "\0\0\1\100", 4, OK },
		{ "\0", 1, OK },                        /* no types at all */
		{ "\0\0\0", 3, ERR_RDATA },             /* window without octets */
		{ "\0\0\2\100\0", 5, ERR_RDATA },       /* zero octet at its end */
		{ "\0\1\1\100\0\1\100", 7, ERR_RDATA }, /* windows descend */
		{ "\0\0\1\100\0\1\100", 7, ERR_RDATA }, /* the same window twice */
		{ "\0\0\41"
		  "123456789012345678901234567890123",
		  36, ERR_RDATA }, /* 33 octets */
		{ "\0\0\40"
		  "12345678901234567890123456789012",
		  35, OK },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(exercise(RR_NSEC, rows[i].octets, rows[i].len), rows[i].wanted);
	}
}

static void parameters_ascend(void **state) {
	(void)state;
	assert_int_equal(exercise(RR_SVCB, "\0\1\0\0\3\0\2\0\65\0\1\0\3\2h2", 16), ERR_RDATA);
	assert_int_equal(exercise(RR_SVCB, "\0\1\0\0\3\0\2\0\65\0\3\0\2\0\65", 15), ERR_RDATA);
	assert_int_equal(exercise(RR_SVCB, "\0\1\0\0\3\0\377\0\65", 9), ERR_RDATA);
	assert_int_equal(exercise(RR_SVCB, "\0\1\0\377\377\0\0", 7), OK);
}

static void the_largest_rdata_is_taken(void **state) {
	(void)state;
	uint8_t *octets = calloc(1, RDATA_MAX_LEN);
	assert_int_equal(exercise(RR_TXT, octets, RDATA_MAX_LEN), OK);
	assert_int_equal(exercise(65400, octets, RDATA_MAX_LEN), OK);
	free(octets);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rdata_cut_at_any_octet_is_refused_or_sound),
		cmocka_unit_test(octets_behind_the_last_field_are_refused),
		cmocka_unit_test(any_octets_of_any_type_are_refused_or_sound),
		cmocka_unit_test(damaged_samples_are_refused_or_sound),
		cmocka_unit_test(bitmaps_must_have_one_form),
		cmocka_unit_test(parameters_ascend),
		cmocka_unit_test(the_largest_rdata_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

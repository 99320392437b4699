/* RDATA: reading with compression, comparing, splitting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "dns/rdata.h"
#include "rdata_samples.h"

#define HEADER "\0\0\0\0\0\0\0\0\0\0\0\0"

/* Read len octets at pos of a message; returns what came out through buf. */
static enum err read_at(const void *message, size_t message_len, size_t pos, uint16_t type, size_t len,
                        struct writer *out) {
	struct reader r = reader_init(message, message_len);
	r.pos = pos;
	enum err e = rdata_read(&r, type, (uint16_t)len, out);
	if (e == OK) assert_int_equal(r.pos, pos + len);
	return e;
}

static void every_type_is_read_as_it_stands(void **state) {
	(void)state;
	for (size_t i = 0; i < RDATA_SAMPLES; i++) {
		const struct rdata_sample *s = &rdata_samples[i];
		uint8_t buf[512];
		struct writer w = writer_init(buf, sizeof(buf));
		assert_int_equal(read_at(s->octets, s->len, 0, s->type, s->len, &w), OK);
		assert_int_equal(w.len, s->len);
		assert_memory_equal(buf, s->octets, s->len);
		assert_int_equal(rdata_check(s->type, buf, s->len), OK);
	}
}

static void compressed_names_come_out_whole(void **state) {
	(void)state;
	static const char m[] = HEADER "\7example\0"
				       "\0\12\4mail\xc0\x0c";
	uint8_t buf[64];
	struct writer w = writer_init(buf, sizeof(buf));
	assert_int_equal(read_at(m, sizeof(m) - 1, 21, RR_MX, 9, &w), OK);
	assert_int_equal(w.len, 16);
	assert_memory_equal(buf, "\0\12\4mail\7example\0", 16);
}

static void types_after_rfc_3597_must_not_be_compressed(void **state) {
	(void)state;
	static const char m[] = HEADER "\7example\0"
				       "\0\1\xc0\x0c";
	uint8_t buf[64];
	struct writer w = writer_init(buf, sizeof(buf));
	assert_int_equal(read_at(m, sizeof(m) - 1, 21, RR_KX, 4, &w), ERR_RDATA);
	assert_int_equal(read_at(m, sizeof(m) - 1, 21, RR_SVCB, 4, &w), ERR_RDATA);
	assert_int_equal(read_at(m, sizeof(m) - 1, 23, RR_DNAME, 2, &w), ERR_RDATA);
	/* RFC 3597 section 4 names these as ones to be decompressed */
	assert_int_equal(read_at(m, sizeof(m) - 1, 21, RR_AFSDB, 4, &w), OK);
	assert_int_equal(w.len, 11);
}

static void names_end_inside_of_their_rdata(void **state) {
	(void)state;
	/* the name goes on behind RDLENGTH, into what belongs to the next record */
	static const char m[] = HEADER "\3www\7example\0";
	uint8_t buf[64];
	struct writer w = writer_init(buf, sizeof(buf));
	for (size_t len = 0; len < 13; len++) {
		assert_int_equal(read_at(m, sizeof(m) - 1, 12, RR_NS, len, &w), ERR_RDATA);
	}
	assert_int_equal(read_at(m, sizeof(m) - 1, 12, RR_NS, 13, &w), OK);
}

static void loops_inside_of_rdata_are_refused(void **state) {
	(void)state;
	uint8_t buf[64];
	struct writer w = writer_init(buf, sizeof(buf));
	assert_int_equal(read_at(HEADER "\xc0\x0c", 14, 12, RR_NS, 2, &w), ERR_POINTER);
	assert_int_equal(read_at(HEADER "\1a\xc0\x0c", 16, 12, RR_CNAME, 4, &w), ERR_POINTER);
	assert_int_equal(read_at(HEADER "\x40"
	                                "a\0",
	                         15, 12, RR_PTR, 3, &w),
	                 ERR_NAME);
}

static void unknown_types_are_copied(void **state) {
	(void)state;
	uint8_t buf[8];
	struct writer w = writer_init(buf, sizeof(buf));
	assert_int_equal(read_at("\xc0\x0c"
	                         "ab",
	                         4, 0, 65400, 4, &w),
	                 OK);
	assert_memory_equal(buf,
	                    "\xc0\x0c"
	                    "ab",
	                    4);
	assert_int_equal(read_at("", 0, 0, 65400, 0, &w), OK);
	assert_int_equal(w.len, 4);
}

static void a_full_output_stays_as_it_was(void **state) {
	(void)state;
	for (size_t i = 0; i < RDATA_SAMPLES; i++) {
		const struct rdata_sample *s = &rdata_samples[i];
		uint8_t buf[512];
		struct writer w = writer_init(buf, s->len + 2);
		write_bytes(&w, "abc", 3);
		assert_int_equal(read_at(s->octets, s->len, 0, s->type, s->len, &w), ERR_SPACE);
		assert_int_equal(w.len, 3);
		assert_false(w.failed);
	}
}

static void rdata_beyond_the_message_is_refused(void **state) {
	(void)state;
	uint8_t buf[64];
	struct writer w = writer_init(buf, sizeof(buf));
	assert_int_equal(read_at("\1a\0", 3, 0, RR_NS, 4, &w), ERR_SHORT);
	assert_int_equal(read_at("\1\2\3\4", 4, 0, RR_A, 5, &w), ERR_SHORT);
	assert_int_equal(read_at("\1\2\3\4", 4, 0, 65400, 5, &w), ERR_SHORT);
	assert_int_equal(w.len, 0);
}

/* -- comparing -- */

static int sign_of(uint16_t type, const char *a, size_t a_len, const char *b, size_t b_len) {
	int d = rdata_compare(type, (const uint8_t *)a, a_len, (const uint8_t *)b, b_len);
	int back = rdata_compare(type, (const uint8_t *)b, b_len, (const uint8_t *)a, a_len);
	assert_int_equal((d > 0) - (d < 0), (back < 0) - (back > 0));
	return (d > 0) - (d < 0);
}
#define COMPARE(type, a, b) sign_of(type, a, sizeof(a) - 1, b, sizeof(b) - 1)

static void octets_are_compared_left_justified(void **state) {
	(void)state;
	assert_int_equal(COMPARE(RR_A, "\1\2\3\4", "\1\2\3\4"), 0);
	assert_int_equal(COMPARE(RR_A, "\1\2\3\4", "\1\2\3\377"), -1);
	assert_int_equal(COMPARE(RR_TXT, "\1a", "\1b"), -1);
	assert_int_equal(COMPARE(RR_TXT, "\1a", "\1a\1a"), -1);
	assert_int_equal(COMPARE(65400, "", "a"), -1);
}

static void names_of_old_types_are_compared_in_lower_case(void **state) {
	(void)state;
	assert_int_equal(COMPARE(RR_NS, "\2nS\1a\0", "\2Ns\1A\0"), 0);
	assert_int_equal(COMPARE(RR_NS, "\1b\0", "\1C\0"), -1);
	assert_int_equal(COMPARE(RR_MX, "\0\1\1B\0", "\0\1\1b\0"), 0);
	assert_int_equal(COMPARE(RR_MX, "\0\2\1a\0", "\0\1\1b\0"), 1);
	assert_int_equal(COMPARE(RR_SOA, "\1A\0\1b\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5",
	                         "\1a\0\1B\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"),
	                 0);
	assert_int_equal(COMPARE(RR_SRV, "\0\1\0\2\0\3\1A\0", "\0\1\0\2\0\3\1a\0"), 0);
	assert_int_equal(COMPARE(RR_DNAME, "\1A\0", "\1a\0"), 0);
	/* only the replacement of a NAPTR is a name */
	assert_int_equal(COMPARE(RR_NAPTR, "\0\1\0\2\1u\1s\1r\1A\0", "\0\1\0\2\1u\1s\1r\1a\0"), 0);
	assert_int_equal(COMPARE(RR_NAPTR, "\0\1\0\2\1U\1s\1r\1a\0", "\0\1\0\2\1u\1s\1r\1a\0"), -1);
}

/* RFC 6840 section 5.1: not NSEC; RFC 3597 section 7: no type of later times. */
static void names_of_new_types_are_compared_as_octets(void **state) {
	(void)state;
	assert_int_equal(COMPARE(RR_NSEC, "\1A\0\0\1\100", "\1a\0\0\1\100"), -1);
	assert_int_equal(COMPARE(RR_HTTPS, "\0\1\1A\0", "\0\1\1a\0"), -1);
}

/* -- parts -- */

static void split_takes_compressible_names_apart(void **state) {
	(void)state;
	static const char soa[] = "\1a\0\2bb\0"
				  "12345678901234567890",
			  mx[] = "\0\12\2mx\0";
	struct rdata_part parts[RDATA_PARTS_MAX];
	assert_int_equal(rdata_split(RR_SOA, (const uint8_t *)soa, sizeof(soa) - 1, parts), 3);
	assert_true(parts[0].is_compressible_name && parts[1].is_compressible_name);
	assert_false(parts[2].is_compressible_name);
	assert_int_equal(parts[0].len, 3);
	assert_int_equal(parts[1].len, 4);
	assert_int_equal(parts[2].len, 20);
	assert_int_equal(rdata_split(RR_MX, (const uint8_t *)mx, sizeof(mx) - 1, parts), 2);
	assert_false(parts[0].is_compressible_name);
	assert_ptr_equal(parts[1].data, mx + 2);
	assert_true(parts[1].is_compressible_name);
}

static void parts_together_are_the_rdata(void **state) {
	(void)state;
	for (size_t i = 0; i < RDATA_SAMPLES; i++) {
		const struct rdata_sample *s = &rdata_samples[i];
		struct rdata_part parts[RDATA_PARTS_MAX];
		unsigned count = rdata_split(s->type, (const uint8_t *)s->octets, s->len, parts);
		const uint8_t *at = (const uint8_t *)s->octets;
		for (unsigned k = 0; k < count; k++) {
			assert_ptr_equal(parts[k].data, at);
			at += parts[k].len;
		}
		assert_ptr_equal(at, s->octets + s->len);
	}
	struct rdata_part none[RDATA_PARTS_MAX];
	assert_int_equal(rdata_split(65400, (const uint8_t *)"", 0, none), 0);
}

static void names_that_want_addresses_are_found(void **state) {
	(void)state;
	static const uint8_t mx[] = "\0\12\2mx", srv[] = "\0\1\0\2\0\3\1a", ns[] = "\2ns",
			     https[] = "\0\1\1a";
	assert_ptr_equal(rdata_additional_name(RR_MX, mx, sizeof(mx)), mx + 2);
	assert_ptr_equal(rdata_additional_name(RR_SRV, srv, sizeof(srv)), srv + 6);
	assert_ptr_equal(rdata_additional_name(RR_NS, ns, sizeof(ns)), ns);
	assert_ptr_equal(rdata_additional_name(RR_HTTPS, https, sizeof(https)), https + 2);
	assert_null(rdata_additional_name(RR_CNAME, ns, sizeof(ns)));
	assert_null(rdata_additional_name(65400, ns, sizeof(ns)));
}

static void soa_fields_are_in_host_order(void **state) {
	(void)state;
	static const uint8_t soa[] = "\1a\0\1b\0\1\2\3\4\0\0\0\2\0\0\0\3\0\0\0\4\377\0\0\5";
	struct soa out = { .serial = 9 };
	assert_int_equal(soa_parse(soa, sizeof(soa) - 1, &out), OK);
	assert_int_equal(out.serial, 0x01020304);
	assert_int_equal(out.refresh_s, 2);
	assert_int_equal(out.retry_s, 3);
	assert_int_equal(out.expire_s, 4);
	assert_int_equal(out.minimum_s, 0xff000005);
	out.serial = 9;
	for (size_t len = 0; len < sizeof(soa) - 1; len++) {
		assert_int_equal(soa_parse(soa, len, &out), ERR_RDATA);
		assert_int_equal(out.serial, 9);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_read_as_it_stands),
		cmocka_unit_test(compressed_names_come_out_whole),
		cmocka_unit_test(types_after_rfc_3597_must_not_be_compressed),
		cmocka_unit_test(names_end_inside_of_their_rdata),
		cmocka_unit_test(loops_inside_of_rdata_are_refused),
		cmocka_unit_test(unknown_types_are_copied),
		cmocka_unit_test(a_full_output_stays_as_it_was),
		cmocka_unit_test(rdata_beyond_the_message_is_refused),
		cmocka_unit_test(octets_are_compared_left_justified),
		cmocka_unit_test(names_of_old_types_are_compared_in_lower_case),
		cmocka_unit_test(names_of_new_types_are_compared_as_octets),
		cmocka_unit_test(split_takes_compressible_names_apart),
		cmocka_unit_test(parts_together_are_the_rdata),
		cmocka_unit_test(names_that_want_addresses_are_found),
		cmocka_unit_test(soa_fields_are_in_host_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

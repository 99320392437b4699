/* Taking messages apart: what came is found, what is malformed is refused, nothing beyond the message is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "dns/message.h"

/* Octets put together by hand, so that no encoder of ours is taken for right. */
struct draft {
	uint8_t data[MESSAGE_MAX_LEN];
	struct writer w;
};

static void draft_begin(struct draft *d, unsigned qd, unsigned an, unsigned ns, unsigned ar) {
	const struct header h = { .id = 0x1234,
		                  .flags = FLAG_RD | FLAG_CD,
		                  .qdcount = (uint16_t)qd,
		                  .ancount = (uint16_t)an,
		                  .nscount = (uint16_t)ns,
		                  .arcount = (uint16_t)ar };
	d->w = writer_init(d->data, sizeof(d->data));
	header_write(&d->w, &h);
}

static void put_octets(struct draft *d, const char *octets, size_t len) {
	write_bytes(&d->w, octets, len);
	assert_false(d->w.failed);
}
#define PUT(d, literal) put_octets((d), (literal), sizeof(literal) - 1)

#define QUESTION "\3wWw\7example\0\0\1\0\1"
#define A_RECORD "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1"
#define OPT "\0\0\x29\x04\xd0\1\0\x80\0\0\0"
#define TSIG "\3key\0\0\xfa\0\xff\0\0\0\0\0\2\1\2"

/* The parser gets a copy of the exact size: an overrun is seen by the sanitizer. */
static enum err parse(const uint8_t *data, size_t len, struct message *out_message) {
	uint8_t *exact = malloc(len ? len : 1);
	assert_non_null(exact);
	memcpy(exact, data, len);
	enum err e = message_parse(exact, len, out_message);
	if (e == OK) {
		out_message->data = data;
		if (out_message->edns.present) out_message->edns.options += data - exact;
	}
	free(exact);
	return e;
}

static enum err parse_draft(const struct draft *d, struct message *out_message) {
	return parse(d->data, d->w.len, out_message);
}

static void a_request_is_taken_apart(void **state) {
	(void)state;
	struct draft d;
	struct message m;
	draft_begin(&d, 1, 0, 0, 2);
	PUT(&d, QUESTION "\0\0\x29\x04\xd0\1\2\x80\0\0\5\0\3\0\1x");
	size_t tsig = d.w.len;
	PUT(&d, TSIG);
	assert_int_equal(parse_draft(&d, &m), OK);
	assert_int_equal(m.header.id, 0x1234);
	assert_int_equal(m.header.flags, FLAG_RD | FLAG_CD);
	assert_int_equal(m.question.name.len, 13);
	assert_memory_equal(m.question.name.wire, "\3wWw\7example", 13);
	assert_int_equal(m.question.type, RR_A);
	assert_int_equal(m.question.class, CLASS_IN);
	assert_int_equal(m.answer_pos, MESSAGE_HEADER_LEN + 17);
	assert_true(m.edns.present && m.edns.dnssec_ok);
	assert_int_equal(m.edns.udp_size, 1232);
	assert_int_equal(m.edns.rcode_high, 1);
	assert_int_equal(m.edns.version, 2);
	assert_int_equal(m.edns.options_len, 5);
	assert_int_equal(m.tsig_pos, tsig);
	assert_int_equal(m.tsig_arcount, 1);
}

static void opcode_and_rcode_come_from_the_flags(void **state) {
	(void)state;
	struct header h = { .flags = FLAG_QR | 4 << 11 | FLAG_AA | 9 };
	assert_int_equal(header_opcode(&h), OPCODE_NOTIFY);
	assert_int_equal(header_rcode(&h), RCODE_NOTAUTH);
	h.flags = 0xffff;
	assert_int_equal(header_opcode(&h), 15);
	assert_int_equal(header_rcode(&h), 15);
}

static void every_cut_of_a_message_is_refused(void **state) {
	(void)state;
	struct draft d;
	struct message m;
	draft_begin(&d, 1, 1, 1, 2);
	PUT(&d, QUESTION A_RECORD A_RECORD "\0\0\x29\x04\xd0\0\0\0\0\0\5\0\3\0\1x" TSIG);
	assert_int_equal(parse_draft(&d, &m), OK);
	for (size_t len = 0; len < d.w.len; len++) {
		assert_int_not_equal(parse(d.data, len, &m), OK);
		if (len >= MESSAGE_HEADER_LEN)
			assert_int_equal(m.header.arcount, 2); /* enough for a FORMERR */
	}
}

static void octets_behind_the_last_record_are_refused(void **state) {
	(void)state;
	struct draft d;
	struct message m;
	draft_begin(&d, 1, 0, 0, 0);
	PUT(&d, QUESTION "\0");
	assert_int_equal(parse_draft(&d, &m), ERR_MALFORMED);
}

static void counts_beyond_the_data_are_refused(void **state) {
	(void)state;
	struct draft d;
	struct message m;
	for (unsigned section = 0; section < 4; section++) {
		draft_begin(&d, section == 0 ? 65535 : 1, section == 1 ? 65535 : 0, section == 2 ? 65535 : 0,
		            section == 3 ? 65535 : 0);
		PUT(&d, QUESTION);
		assert_int_equal(parse_draft(&d, &m), ERR_SHORT);
	}
	draft_begin(&d, 65535, 65535, 65535, 65535);
	assert_int_equal(parse_draft(&d, &m), ERR_SHORT);
}

static void any_number_of_questions_is_stepped_over(void **state) {
	(void)state;
	struct draft d;
	struct message m;
	draft_begin(&d, 3, 1, 0, 0);
	PUT(&d, QUESTION "\xc0\x0c\0\2\0\1"
	                 "\0\0\2\0\1");
	size_t answers = d.w.len;
	PUT(&d, A_RECORD);
	assert_int_equal(parse_draft(&d, &m), OK);
	assert_int_equal(m.header.qdcount, 3);
	assert_int_equal(m.question.type, RR_A);
	assert_int_equal(m.answer_pos, answers);
	draft_begin(&d, 0, 0, 0, 0);
	assert_int_equal(parse_draft(&d, &m), OK);
	assert_int_equal(m.question.name.len, 0);
	assert_int_equal(m.answer_pos, MESSAGE_HEADER_LEN);
}

/* RFC 6891 section 6.1.1. */
static void opt_stands_once_at_the_root_in_the_additional_section(void **state) {
	(void)state;
	struct draft d;
	struct message m;
	draft_begin(&d, 1, 0, 0, 2);
	PUT(&d, QUESTION OPT OPT);
	assert_int_equal(parse_draft(&d, &m), ERR_MALFORMED);
	draft_begin(&d, 1, 0, 0, 1);
	PUT(&d, QUESTION "\1x" OPT);
	assert_int_equal(parse_draft(&d, &m), ERR_MALFORMED);
	draft_begin(&d, 1, 1, 0, 0);
	PUT(&d, QUESTION OPT);
	assert_int_equal(parse_draft(&d, &m), ERR_MALFORMED);
	draft_begin(&d, 1, 0, 1, 0);
	PUT(&d, QUESTION OPT);
	assert_int_equal(parse_draft(&d, &m), ERR_MALFORMED);
	draft_begin(&d, 1, 0, 0, 2);
	PUT(&d, QUESTION OPT A_RECORD);
	assert_int_equal(parse_draft(&d, &m), OK);
}

/* RFC 6891 section 6.2.3: values lower than 512 mean 512. */
static void small_udp_sizes_mean_512(void **state) {
	(void)state;
	struct draft d;
	struct message m;
	draft_begin(&d, 1, 0, 0, 1);
	PUT(&d, QUESTION "\0\0\x29\0\x0c\0\0\0\0\0\0");
	assert_int_equal(parse_draft(&d, &m), OK);
	assert_int_equal(m.edns.udp_size, 512);
	assert_false(m.edns.dnssec_ok);
}

static void options_must_fill_the_opt_record(void **state) {
	(void)state;
	static const char *const bad[] = { "\0\1\0", "\0\2\0\3", "\0\4\0\3\0\1", "\0\5\0\3\0\0x",
		                           "\0\x6\0\3\0\3xx" };
	static const size_t len[] = { 3, 4, 6, 7, 8 };
	struct draft d;
	struct message m;
	for (unsigned i = 0; i < 5; i++) {
		draft_begin(&d, 1, 0, 0, 1);
		PUT(&d, QUESTION "\0\0\x29\x04\xd0\0\0\0\0");
		put_octets(&d, bad[i], len[i]);
		assert_int_not_equal(parse_draft(&d, &m), OK);
	}
}

static void options_are_given_one_by_one(void **state) {
	(void)state;
	struct draft d;
	struct message m;
	draft_begin(&d, 1, 0, 0, 1);
	PUT(&d, QUESTION "\0\0\x29\x04\xd0\0\0\0\0\0\x0b"
	                 "\0\3\0\0"
	                 "\xff\xfe\0\3abc");
	assert_int_equal(parse_draft(&d, &m), OK);
	unsigned pos = 0;
	uint16_t code, len;
	const uint8_t *data;
	assert_true(edns_option_next(&m.edns, &pos, &code, &data, &len));
	assert_int_equal(code, EDNS_NSID);
	assert_int_equal(len, 0);
	assert_true(edns_option_next(&m.edns, &pos, &code, &data, &len));
	assert_int_equal(code, 65534);
	assert_int_equal(len, 3);
	assert_memory_equal(data, "abc", 3);
	assert_false(edns_option_next(&m.edns, &pos, &code, &data, &len));
}

/* RFC 8945 section 5.1. */
static void tsig_is_the_last_record_or_the_message_is_malformed(void **state) {
	(void)state;
	struct draft d;
	struct message m;
	draft_begin(&d, 1, 0, 0, 2);
	PUT(&d, QUESTION TSIG OPT);
	assert_int_equal(parse_draft(&d, &m), ERR_MALFORMED);
	draft_begin(&d, 1, 0, 0, 2);
	PUT(&d, QUESTION TSIG TSIG);
	assert_int_equal(parse_draft(&d, &m), ERR_MALFORMED);
	draft_begin(&d, 1, 1, 0, 0);
	PUT(&d, QUESTION TSIG);
	assert_int_equal(parse_draft(&d, &m), ERR_MALFORMED);
}

static void label_types_that_nobody_uses_are_refused(void **state) {
	(void)state;
	static const char *const starts[] = { "\x40", "\x80", "\x41" };
	struct draft d;
	struct message m;
	for (unsigned i = 0; i < 3; i++) {
		draft_begin(&d, 1, 0, 0, 0);
		PUT(&d, "\1a");
		put_octets(&d, starts[i], 1);
		PUT(&d, "\0\0\1\0\1");
		assert_int_equal(parse_draft(&d, &m), ERR_NAME);
		draft_begin(&d, 0, 1, 0, 0);
		put_octets(&d, starts[i], 1);
		PUT(&d, "\0\0\1\0\1\0\0\0\0\0\0");
		assert_int_equal(parse_draft(&d, &m), ERR_NAME);
	}
}

static struct record read_record(const struct draft *d, size_t pos, enum err wanted) {
	struct record record = { .type = 4711 };
	struct reader r = reader_init(d->data, d->w.len);
	r.pos = pos;
	assert_int_equal(record_read(&r, &record), wanted);
	if (wanted == OK) assert_int_equal(r.pos, record.rdata_pos + record.rdlength);
	return record;
}

static void a_record_is_read_with_its_owner_decompressed(void **state) {
	(void)state;
	struct draft d;
	draft_begin(&d, 1, 1, 0, 0);
	PUT(&d, QUESTION);
	size_t pos = d.w.len;
	PUT(&d, "\1a\xc0\x10\0\xff\0\3\x7f\xff\xff\xff\0\2\xaa\xbb");
	struct record record = read_record(&d, pos, OK);
	assert_int_equal(record.owner.len, 11);
	assert_memory_equal(record.owner.wire, "\1a\7example", 11);
	assert_int_equal(record.type, 255);
	assert_int_equal(record.class, CLASS_CH);
	assert_int_equal(record.ttl_s, INT32_MAX);
	assert_int_equal(record.rdlength, 2);
	assert_memory_equal(d.data + record.rdata_pos, "\xaa\xbb", 2);
}

/* RFC 2181 section 8. */
static void a_ttl_with_its_highest_bit_is_zero(void **state) {
	(void)state;
	struct draft d;
	draft_begin(&d, 0, 1, 0, 0);
	PUT(&d, "\0\0\1\0\1\x80\0\0\1\0\0");
	assert_int_equal(read_record(&d, MESSAGE_HEADER_LEN, OK).ttl_s, 0);
}

static void a_record_that_fails_leaves_the_output(void **state) {
	(void)state;
	struct draft d;
	draft_begin(&d, 0, 1, 0, 0);
	PUT(&d, "\1x\0\0\1\0\1\0\0\0\1\0\5abcd");
	assert_int_equal(read_record(&d, MESSAGE_HEADER_LEN, ERR_SHORT).type, 4711);
	struct record untouched = read_record(&d, MESSAGE_HEADER_LEN, ERR_SHORT);
	assert_int_equal(untouched.owner.len, 0);
}

static void hostile_pointers_cost_little_and_are_refused(void **state) {
	(void)state;
	struct draft d;
	struct message m;
	static const char *const names[] = { "\xc0\x0c", "\xc0\x0d", "\xff\xff",
		                             "\xc0\x00", "\xc0\x0b", "\1a\xc0\x0c" };
	for (unsigned i = 0; i < 6; i++) {
		draft_begin(&d, 1, 0, 0, 0);
		put_octets(&d, names[i], strlen(names[i]) < 2 ? 2 : strlen(names[i]));
		PUT(&d, "\0\1\0\1");
		assert_int_equal(parse_draft(&d, &m), ERR_POINTER);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_taken_apart),
		cmocka_unit_test(opcode_and_rcode_come_from_the_flags),
		cmocka_unit_test(every_cut_of_a_message_is_refused),
		cmocka_unit_test(octets_behind_the_last_record_are_refused),
		cmocka_unit_test(counts_beyond_the_data_are_refused),
		cmocka_unit_test(any_number_of_questions_is_stepped_over),
		cmocka_unit_test(opt_stands_once_at_the_root_in_the_additional_section),
		cmocka_unit_test(small_udp_sizes_mean_512),
		cmocka_unit_test(options_must_fill_the_opt_record),
		cmocka_unit_test(options_are_given_one_by_one),
		cmocka_unit_test(tsig_is_the_last_record_or_the_message_is_malformed),
		cmocka_unit_test(label_types_that_nobody_uses_are_refused),
		cmocka_unit_test(a_record_is_read_with_its_owner_decompressed),
		cmocka_unit_test(a_ttl_with_its_highest_bit_is_zero),
		cmocka_unit_test(a_record_that_fails_leaves_the_output),
		cmocka_unit_test(hostile_pointers_cost_little_and_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

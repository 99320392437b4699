/* Writing messages: compression, its way back, limits.  What was written is read back by the reading half. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "dns/message.h"
#include "dns/rdata.h"

static struct encoder *encoder_new(void) {
	struct encoder *e = calloc(1, sizeof(*e));
	assert_non_null(e);
	return e;
}

static struct name name_of(const char *text) {
	struct name n;
	assert_int_equal(name_parse(text, &n), OK);
	return n;
}

static struct question question_of(const char *text, uint16_t type) {
	return (struct question){ .name = name_of(text), .type = type, .class = CLASS_IN };
}

static enum err put_name_record(struct encoder *e, enum section section, const char *owner, uint16_t type,
                                const char *target) {
	struct name o = name_of(owner), t = name_of(target);
	const struct rr rr = { type, CLASS_IN, 300, t.wire, t.len };
	return message_record(e, section, o.wire, &rr);
}

static enum err put_address(struct encoder *e, enum section section, const char *owner) {
	struct name o = name_of(owner);
	const struct rr rr = { RR_A, CLASS_IN, 300, (const uint8_t *)"\300\0\2\1", 4 };
	return message_record(e, section, o.wire, &rr);
}

static void names_are_compressed_against_all_names_before(void **state) {
	(void)state;
	uint8_t buf[512];
	struct encoder *e = encoder_new();
	struct question q = question_of("www.example.com", RR_CNAME);
	message_begin(e, buf, sizeof(buf), sizeof(buf));
	message_question(e, &q);
	assert_int_equal(e->w.len, 12 + 17 + 4);
	assert_int_equal(put_name_record(e, SECTION_ANSWER, "www.example.com", RR_CNAME, "mail.example.com"),
	                 OK);
	assert_memory_equal(buf + 33, "\xc0\x0c\0\5\0\1\0\0\1\x2c\0\7\4mail\xc0\x10", 19);
	assert_int_equal(put_address(e, SECTION_ADDITIONAL, "MAIL.example.COM"), OK);
	assert_memory_equal(buf + 52, "\xc0\x2d\0\1", 4);
	assert_int_equal(put_name_record(e, SECTION_AUTHORITY, "com", RR_NS, "."), OK);
	assert_memory_equal(buf + 68, "\xc0\x18\0\2\0\1\0\0\1\x2c\0\1\0", 13);
	assert_int_equal(message_end(e), 81);
	assert_memory_equal(buf + 4, "\0\1\0\1\0\1\0\1", 8);
	free(e);
}

static void exact_case_points_to_names_of_the_same_case_only(void **state) {
	(void)state;
	uint8_t buf[512];
	struct encoder *e = encoder_new();
	struct question q = question_of("www.Example.com", RR_CNAME);
	e->names.exact_case = true;
	message_begin(e, buf, sizeof(buf), sizeof(buf));
	message_question(e, &q);
	assert_int_equal(put_address(e, SECTION_ANSWER, "www.example.com"), OK);
	assert_memory_equal(buf + 33, "\3www\7example\xc0\x18", 14); /* only "com" is the same */
	assert_int_equal(put_address(e, SECTION_ANSWER, "www.Example.com"), OK);
	assert_memory_equal(buf + 61, "\xc0\x0c", 2);
	assert_int_equal(put_address(e, SECTION_ANSWER, "ftp.example.com"), OK);
	assert_memory_equal(buf + 77, "\3ftp\xc0\x25", 6);
	free(e);
}

/* RFC 3597 section 4: names in types after RFC 1035 are not compressed. */
static void names_of_later_types_are_written_whole(void **state) {
	(void)state;
	uint8_t buf[512];
	struct encoder *e = encoder_new();
	struct question q = question_of("example.com", RR_DNAME);
	message_begin(e, buf, sizeof(buf), sizeof(buf));
	message_question(e, &q);
	assert_int_equal(put_name_record(e, SECTION_ANSWER, "example.com", RR_DNAME, "example.com"), OK);
	assert_memory_equal(buf + 29, "\xc0\x0c\0\x27\0\1\0\0\1\x2c\0\x0d\7example\3com", 25);
	assert_int_equal(put_address(e, SECTION_ANSWER, "a.example.com"), OK);
	assert_memory_equal(buf + 54, "\1a\xc0\x0c", 4); /* nor does anything point into them */
	free(e);
}

static void the_case_of_the_question_is_kept(void **state) {
	(void)state;
	uint8_t buf[512];
	struct encoder *e = encoder_new();
	struct question q = question_of("wWw.ExAmPlE.", RR_A);
	message_begin(e, buf, sizeof(buf), sizeof(buf));
	message_question(e, &q);
	assert_memory_equal(buf + 12, "\3wWw\7ExAmPlE", 13);
	assert_int_equal(put_address(e, SECTION_ANSWER, "www.example."), OK);
	assert_memory_equal(buf + 29, "\xc0\x0c", 2);
	free(e);
}

static void a_record_that_does_not_fit_leaves_no_trace(void **state) {
	(void)state;
	uint8_t buf[512], before[512];
	for (size_t limit = 12 + 17; limit < 200; limit++) {
		struct encoder *e = encoder_new();
		struct question q = question_of("example.com", RR_MX);
		message_begin(e, buf, sizeof(buf), limit);
		message_question(e, &q);
		size_t len = e->w.len;
		memcpy(before, buf, len);
		unsigned put = 0;
		for (; put < 3; put++) {
			if (put_name_record(e, SECTION_ANSWER, "mail.example.com", RR_NS,
			                    "a.b.c.example.net") != OK)
				break;
			len = e->w.len;
		}
		assert_int_equal(e->w.len, len);
		assert_true(len <= limit);
		assert_int_equal(e->header.ancount, put);
		assert_memory_equal(buf, before, 12 + 17);
		/* The next name finds nothing of what was undone. */
		struct message m;
		size_t end = message_end(e);
		assert_int_equal(message_parse(buf, end, &m), OK);
		free(e);
	}
}

static void going_back_forgets_the_names_written_since(void **state) {
	(void)state;
	uint8_t buf[512];
	struct encoder *e = encoder_new();
	struct question q = question_of("example", RR_A);
	message_begin(e, buf, sizeof(buf), sizeof(buf));
	message_question(e, &q);
	struct encoder_mark mark = encoder_mark(e);
	assert_int_equal(put_address(e, SECTION_ANSWER, "x.y.example"), OK);
	assert_int_equal(put_address(e, SECTION_ADDITIONAL, "z.y.example"), OK);
	encoder_rewind(e, mark);
	assert_int_equal(e->w.len, mark.len);
	assert_int_equal(e->header.ancount + e->header.arcount, 0);
	assert_int_equal(put_address(e, SECTION_ANSWER, "a.y.example"), OK);
	assert_memory_equal(buf + mark.len, "\1a\1y\xc0\x0c", 6);
	assert_int_equal(put_address(e, SECTION_ANSWER, "x.y.example"), OK);
	assert_memory_equal(buf + mark.len + 20, "\1x\xc0\x1b", 4);
	free(e);
}

static void the_question_is_pointed_to_after_going_back_before_its_first_use(void **state) {
	(void)state;
	uint8_t buf[512];
	struct encoder *e = encoder_new();
	struct question q = question_of("www.example", RR_A);
	message_begin(e, buf, sizeof(buf), 12 + 13 + 4 + 6 + 14);
	message_question(e, &q);
	assert_int_equal(put_name_record(e, SECTION_ANSWER, "www.example", RR_NS, "far.too.long.for.this"),
	                 ERR_SPACE);
	assert_int_equal(put_address(e, SECTION_ANSWER, "ftp.example"), OK);
	assert_memory_equal(buf + 29, "\3ftp\xc0\x10", 6);
	free(e);
}

/* "b.a" and "a.b.a": the end of one is the other, and neither is taken for the other. */
static void names_that_repeat_themselves_are_told_apart(void **state) {
	(void)state;
	uint8_t buf[512];
	struct encoder *e = encoder_new();
	struct question q = question_of("a.a.a", RR_A);
	message_begin(e, buf, sizeof(buf), sizeof(buf));
	message_question(e, &q);
	assert_int_equal(put_address(e, SECTION_ANSWER, "a.a"), OK);
	assert_memory_equal(buf + 23, "\xc0\x0e", 2);
	assert_int_equal(put_address(e, SECTION_ANSWER, "a.a.a.a"), OK);
	assert_memory_equal(buf + 39, "\1a\xc0\x0c", 4);
	assert_int_equal(put_address(e, SECTION_ANSWER, "b.a.a.a.a"), OK);
	assert_memory_equal(buf + 57, "\1b\xc0\x27", 4);
	free(e);
}

/* 127 labels must not take the places of the names that come later. */
static void a_question_of_many_labels_leaves_room_for_others(void **state) {
	(void)state;
	uint8_t buf[4096];
	char text[300] = "", owner[32];
	struct encoder *e = encoder_new();
	for (unsigned i = 0; i < 252; i += 2)
		memcpy(text + i, "a.", 3);
	memcpy(text + 252, "t", 2);
	struct question q = question_of(text, RR_A);
	message_begin(e, buf, sizeof(buf), sizeof(buf));
	message_question(e, &q);
	for (unsigned i = 0; i < 60; i++) {
		snprintf(owner, sizeof(owner), "host%u.t", i);
		assert_int_equal(put_address(e, SECTION_ANSWER, owner), OK);
		size_t before = e->w.len;
		assert_int_equal(put_address(e, SECTION_ADDITIONAL, owner), OK);
		assert_int_equal(e->w.len - before, 2 + 14);
	}
	free(e);
}

static void nothing_points_beyond_what_a_pointer_can_say(void **state) {
	(void)state;
	uint8_t *buf = malloc(MESSAGE_MAX_LEN);
	static uint8_t filler[16000];
	struct encoder *e = encoder_new();
	struct name root = name_of(".");
	const struct rr rr = { 65280, CLASS_IN, 0, filler, sizeof(filler) };
	message_begin(e, buf, MESSAGE_MAX_LEN, MESSAGE_MAX_LEN);
	assert_int_equal(message_record(e, SECTION_ANSWER, root.wire, &rr), OK);
	char text[64];
	for (unsigned i = 0; i < 60; i++) { /* across offset 16383 */
		snprintf(text, sizeof(text), "n%u.some-long-label-here.example", i);
		assert_int_equal(put_address(e, SECTION_ANSWER, text), OK);
		assert_int_equal(put_address(e, SECTION_ANSWER, text), OK);
	}
	struct reader r = reader_init(buf, message_end(e));
	r.pos = MESSAGE_HEADER_LEN;
	struct record record;
	assert_int_equal(record_read(&r, &record), OK);
	for (unsigned i = 0; i < 120; i++) {
		struct name wanted;
		snprintf(text, sizeof(text), "n%u.some-long-label-here.example", i / 2);
		wanted = name_of(text);
		assert_int_equal(record_read(&r, &record), OK);
		assert_true(name_equal(record.owner.wire, wanted.wire));
	}
	assert_int_equal(r.pos, r.len);
	free(e);
	free(buf);
}

static void a_full_table_of_names_still_gives_right_messages(void **state) {
	(void)state;
	uint8_t *buf = malloc(MESSAGE_MAX_LEN);
	struct encoder *e = encoder_new();
	char text[80];
	message_begin(e, buf, MESSAGE_MAX_LEN, MESSAGE_MAX_LEN);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "a%u.b%u.c%u.example", i, i % 37, i % 5);
		assert_int_equal(put_address(e, SECTION_ANSWER, text), OK);
	}
	struct reader r = reader_init(buf, message_end(e));
	r.pos = MESSAGE_HEADER_LEN;
	for (unsigned i = 0; i < 1000; i++) {
		struct record record;
		snprintf(text, sizeof(text), "a%u.b%u.c%u.example", i, i % 37, i % 5);
		struct name wanted = name_of(text);
		assert_int_equal(record_read(&r, &record), OK);
		assert_true(name_equal(record.owner.wire, wanted.wire));
	}
	free(e);
	free(buf);
}

static void room_that_is_kept_is_not_written_into(void **state) {
	(void)state;
	uint8_t buf[512];
	struct encoder *e = encoder_new();
	struct question q = question_of("example", RR_A);
	message_begin(e, buf, sizeof(buf), 60);
	message_question(e, &q);
	encoder_reserve(e, 11);
	assert_int_equal(put_address(e, SECTION_ANSWER, "example"), OK); /* 25 + 16 */
	assert_int_equal(put_address(e, SECTION_ANSWER, "example"), ERR_SPACE);
	encoder_unreserve(e, 11);
	const struct edns edns = { .udp_size = 1232, .dnssec_ok = true };
	assert_int_equal(message_opt(e, &edns), OK);
	assert_int_equal(message_end(e), 25 + 16 + 11);
	struct message m;
	assert_int_equal(message_parse(buf, e->w.len, &m), OK);
	assert_int_equal(m.edns.udp_size, 1232);
	assert_true(m.edns.dnssec_ok);
	free(e);
}

static void more_room_than_there_is_can_not_be_kept(void **state) {
	(void)state;
	uint8_t buf[64];
	struct encoder *e = encoder_new();
	message_begin(e, buf, sizeof(buf), sizeof(buf));
	encoder_reserve(e, 40);
	encoder_reserve(e, 40);
	const struct edns edns = { .udp_size = 512 };
	assert_int_equal(message_opt(e, &edns), ERR_SPACE);
	encoder_unreserve(e, 1000);
	assert_int_equal(message_opt(e, &edns), OK);
	assert_int_equal(message_end(e), 23);
	free(e);
}

static void opt_carries_its_options_and_the_upper_rcode(void **state) {
	(void)state;
	uint8_t buf[64];
	struct encoder *e = encoder_new();
	message_begin(e, buf, sizeof(buf), sizeof(buf));
	const struct edns edns = { .udp_size = 4096,
		                   .rcode_high = 1,
		                   .version = 0,
		                   .options = (const uint8_t *)"\0\3\0\1x",
		                   .options_len = 5 };
	assert_int_equal(message_opt(e, &edns), OK);
	assert_int_equal(message_end(e), 12 + 16);
	assert_memory_equal(buf + 12, "\0\0\x29\x10\0\1\0\0\0\0\5\0\3\0\1x", 16);
	free(e);
}

static void an_owner_may_be_an_offset(void **state) {
	(void)state;
	uint8_t buf[64];
	struct encoder *e = encoder_new();
	struct question q = question_of("example", RR_A);
	const struct rr rr = { RR_TXT, CLASS_CH, 0, (const uint8_t *)"\2hi", 3 };
	message_begin(e, buf, sizeof(buf), sizeof(buf));
	message_question(e, &q);
	assert_int_equal(message_record_at(e, SECTION_ANSWER, MESSAGE_HEADER_LEN, &rr), OK);
	assert_memory_equal(buf + 25, "\xc0\x0c\0\x10\0\3\0\0\0\0\0\3\2hi", 15);
	free(e);
}

static void an_encoder_can_be_used_70000_times(void **state) {
	(void)state;
	uint8_t buf[128];
	struct encoder *e = encoder_new();
	struct question q = question_of("example", RR_A), other = question_of("a.example", RR_A);
	for (unsigned i = 0; i < 70000; i++) { /* the generation wraps around */
		message_begin(e, buf, sizeof(buf), sizeof(buf));
		message_question(e, i % 2 ? &q : &other);
		assert_int_equal(put_address(e, SECTION_ANSWER, "a.example"), OK);
		assert_int_equal(e->w.len, i % 2 ? 25 + 18 : 27 + 16);
	}
	free(e);
}

static void too_small_a_buffer_is_no_disaster(void **state) {
	(void)state;
	uint8_t buf[MESSAGE_HEADER_LEN];
	for (size_t cap = 0; cap <= sizeof(buf); cap++) {
		uint8_t *exact = malloc(cap ? cap : 1);
		struct encoder *e = encoder_new();
		message_begin(e, exact, cap, 512);
		assert_int_equal(put_address(e, SECTION_ANSWER, "a.example"), ERR_SPACE);
		free(e);
		free(exact);
	}
}

static void a_query_is_written_in_one_call(void **state) {
	(void)state;
	uint8_t buf[512];
	struct message m;
	struct question q = question_of("Example.com", RR_SOA);
	size_t len = message_query(buf, sizeof(buf), 7, OPCODE_NOTIFY << 11 | FLAG_AA, &q, 1232, true);
	assert_int_equal(message_parse(buf, len, &m), OK);
	assert_int_equal(m.header.id, 7);
	assert_int_equal(header_opcode(&m.header), OPCODE_NOTIFY);
	assert_int_equal(m.question.type, RR_SOA);
	assert_memory_equal(m.question.name.wire, q.name.wire, q.name.len);
	assert_true(m.edns.present && m.edns.dnssec_ok);
	assert_int_equal(m.edns.udp_size, 1232);
	len = message_query(buf, sizeof(buf), 7, 0, &q, 0, false);
	assert_int_equal(message_parse(buf, len, &m), OK);
	assert_false(m.edns.present);
}

/* Random records of names that share suffixes, some undone: all that stays is read back as it was written. */
struct wanted {
	struct name owner, target;
	uint16_t type;
};

static struct name random_name(struct random *r) {
	static const char *const labels[] = { "a", "B", "ab", "example", "EXAMPLE", "com", "x-1" };
	char text[128] = ".";
	size_t len = 0;
	unsigned count = random_below(r, 6);
	for (unsigned i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s.", labels[random_below(r, 7)]);
	return name_of(text);
}

static void check_record(struct reader *r, const struct wanted *wanted) {
	struct record record;
	uint8_t rdata[NAME_MAX_LEN];
	struct writer w = writer_init(rdata, sizeof(rdata));
	assert_int_equal(record_read(r, &record), OK);
	struct reader in = reader_init(r->data, r->len);
	in.pos = record.rdata_pos;
	assert_int_equal(rdata_read(&in, record.type, record.rdlength, &w), OK);
	assert_int_equal(record.type, wanted->type);
	assert_true(name_equal(record.owner.wire, wanted->owner.wire));
	assert_true(name_equal(rdata, wanted->target.wire));
}

static void random_messages_read_back_as_written(void **state) {
	(void)state;
	struct random r = random_seeded(20261122);
	struct encoder *e = encoder_new();
	uint8_t *buf = malloc(MESSAGE_MAX_LEN);
	static struct wanted wanted[400];
	for (unsigned round = 0; round < 300; round++) {
		unsigned count = 0;
		message_begin(e, buf, MESSAGE_MAX_LEN, 100 + random_below(&r, 6000));
		for (unsigned i = 0; i < 400; i++) {
			struct encoder_mark mark = encoder_mark(e);
			struct wanted next = { random_name(&r), random_name(&r),
				               random_below(&r, 2) ? RR_NS : RR_DNAME };
			const struct rr rr = { next.type, CLASS_IN, 1, next.target.wire, next.target.len };
			if (message_record(e, SECTION_ANSWER, next.owner.wire, &rr) != OK) continue;
			if (random_below(&r, 4) == 0)
				encoder_rewind(e, mark);
			else
				wanted[count++] = next;
		}
		struct reader in = reader_init(buf, message_end(e));
		in.pos = MESSAGE_HEADER_LEN;
		for (unsigned i = 0; i < count; i++)
			check_record(&in, &wanted[i]);
		assert_int_equal(in.pos, in.len);
	}
	free(buf);
	free(e);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_compressed_against_all_names_before),
		cmocka_unit_test(exact_case_points_to_names_of_the_same_case_only),
		cmocka_unit_test(names_of_later_types_are_written_whole),
		cmocka_unit_test(the_case_of_the_question_is_kept),
		cmocka_unit_test(a_record_that_does_not_fit_leaves_no_trace),
		cmocka_unit_test(going_back_forgets_the_names_written_since),
		cmocka_unit_test(the_question_is_pointed_to_after_going_back_before_its_first_use),
		cmocka_unit_test(names_that_repeat_themselves_are_told_apart),
		cmocka_unit_test(a_question_of_many_labels_leaves_room_for_others),
		cmocka_unit_test(nothing_points_beyond_what_a_pointer_can_say),
		cmocka_unit_test(a_full_table_of_names_still_gives_right_messages),
		cmocka_unit_test(room_that_is_kept_is_not_written_into),
		cmocka_unit_test(more_room_than_there_is_can_not_be_kept),
		cmocka_unit_test(opt_carries_its_options_and_the_upper_rcode),
		cmocka_unit_test(an_owner_may_be_an_offset),
		cmocka_unit_test(an_encoder_can_be_used_70000_times),
		cmocka_unit_test(too_small_a_buffer_is_no_disaster),
		cmocka_unit_test(a_query_is_written_in_one_call),
		cmocka_unit_test(random_messages_read_back_as_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every form that an answer to IXFR may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "axfr_lab.h"
#include "transfer/transfer_in.h"

#define OURS 10

/* An incremental transfer of example.net, of which we have serial 10. */
struct stream_lab {
	struct transfer_in in;
	struct name zone;
	struct lab_answer form;
	struct lab_message message;
	struct why why;
	struct change **steps;
	unsigned count;
};

static void begin_limited(struct stream_lab *l, const struct builder_limits *limits) {
	memset(l, 0, sizeof(*l));
	l->zone = lab_name("example.net.");
	transfer_in_init(&l->in, limits);
	l->in.asked = (struct asked){
		.zone = l->zone.wire, .type = RR_IXFR, .id = LAB_ID, .opcode = OPCODE_QUERY, .transport = 't'
	};
	l->in.our_serial = OURS;
	enum err e = addr_parse("192.0.2.1", 53, &l->in.asked.primary);
	assert_int_equal(e, OK);
	l->form = (struct lab_answer){ .zone = "example.net.", .id = LAB_ID, .type = RR_IXFR };
}

static void begin(struct stream_lab *l) {
	struct builder_limits none = { 0 };
	begin_limited(l, &none);
}

static enum transfer_verdict feed(struct stream_lab *l, const struct lab_record *records, size_t count) {
	lab_make(&l->message, &l->form, records, count);
	return transfer_in_message(&l->in, l->message.data, l->message.len, LAB_NOW, &l->why);
}

static void end(struct stream_lab *l) {
	for (unsigned i = 0; i < l->count; i++)
		change_unref(l->steps[i]);
	free(l->steps);
	transfer_in_done(&l->in);
}

/* All records in one message: the reason of its failure, NONE if it is whole or more is wanted. */
static enum reason reason_of(struct stream_lab *l, const struct lab_record *records, size_t count) {
	begin(l);
	enum transfer_verdict v = feed(l, records, count);
	end(l);
	return v == TRANSFER_FAILED ? l->why.reason : REASON_NONE;
}

#define SOA(serial) lab_soa("example.net.", serial)
#define A(host, last) lab_a(host ".example.net.", last)

/* From 10 to 12 in two steps. */
#define RECORDS 9
static void make_steps(struct lab_record *records) {
	const struct lab_record all[RECORDS] = { SOA(12), SOA(10),   A("a", 1),
		                                 SOA(11), A("a", 2), A("B.c", 3),
		                                 SOA(11), SOA(12),   /* closing: */ SOA(12) };
	memcpy(records, all, sizeof(all));
}

static void assert_record(const struct change *c, enum change_side side, unsigned place, const char *owner,
                          uint16_t type) {
	struct change_walk walk = { 0 };
	struct change_record r;
	for (unsigned i = 0; i <= place; i++)
		assert_true(change_next(c, side, &walk, &r));
	struct name n = lab_name(owner);
	assert_int_equal(name_len(r.owner), n.len);
	assert_memory_equal(r.owner, n.wire, n.len);
	assert_int_equal(r.type, type);
}

static void take(struct stream_lab *l) {
	l->steps = ixfr_in_take(&l->in.steps, &l->count);
}

static void assert_two_steps(struct stream_lab *l) {
	assert_int_equal(l->in.form, FORM_STEPS);
	take(l);
	assert_int_equal(l->count, 2);
	const struct change *first = l->steps[0], *second = l->steps[1];
	assert_int_equal(first->from, 10);
	assert_int_equal(first->to, 11);
	assert_int_equal(first->count[CHANGE_REMOVED], 2);
	assert_int_equal(first->count[CHANGE_ADDED], 3);
	assert_record(first, CHANGE_REMOVED, 0, ".", RR_SOA);
	assert_record(first, CHANGE_REMOVED, 1, "a.", RR_A);
	assert_record(first, CHANGE_ADDED, 2, "B.c.", RR_A); /* relative, case kept */
	assert_int_equal(second->from, 11);
	assert_int_equal(second->to, 12);
	assert_int_equal(second->count[CHANGE_REMOVED] + second->count[CHANGE_ADDED], 2);
	assert_int_equal(second->time_s, LAB_NOW);
}

static void any_packing_of_records_gives_the_steps(void **state) {
	(void)state;
	static struct stream_lab l;
	static struct lab_record records[RECORDS];
	make_steps(records);
	for (size_t each = 1; each <= RECORDS; each++) {
		begin(&l);
		enum transfer_verdict v = TRANSFER_MORE;
		for (size_t at = 0; at < RECORDS; at += each) {
			assert_int_equal(v, TRANSFER_MORE);
			v = feed(&l, records + at, at + each > RECORDS ? RECORDS - at : each);
			l.form.no_question = each % 2;
		}
		assert_int_equal(v, TRANSFER_WHOLE);
		assert_int_equal(transfer_in_records(&l.in), RECORDS);
		assert_two_steps(&l);
		end(&l);
	}
}

static void one_step_may_lead_over_many_serials(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record records[] = { SOA(4000), SOA(10), A("a", 1), SOA(4000), A("a", 2), SOA(4000) };
	begin(&l);
	assert_int_equal(feed(&l, records, 6), TRANSFER_WHOLE);
	take(&l);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.steps[0]->to, 4000);
	end(&l);
}

static void serials_may_pass_the_end_of_their_range(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record records[] = { SOA(3), SOA(0xfffffffe), SOA(1), SOA(1), SOA(3), SOA(3) };
	begin(&l);
	l.in.our_serial = 0xfffffffe;
	assert_int_equal(feed(&l, records, 6), TRANSFER_WHOLE);
	end(&l);
}

static void a_whole_zone_is_an_answer_too(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record records[] = { SOA(12), lab_ns("example.net.", "ns1.example.net."), A("a", 1),
		                        SOA(12) };
	for (size_t each = 1; each <= 4; each++) {
		begin(&l);
		enum transfer_verdict v = TRANSFER_MORE;
		for (size_t at = 0; at < 4; at += each)
			v = feed(&l, records + at, at + each > 4 ? 4 - at : each);
		assert_int_equal(v, TRANSFER_WHOLE);
		assert_int_equal(l.in.form, FORM_ZONE);
		struct builder *b = transfer_in_take(&l.in);
		struct zone_version *version = NULL;
		assert_int_equal(builder_finish(b, &version, &l.why), OK);
		assert_int_equal(version_serial(version), 12);
		version_unref(version);
		builder_free(b);
		end(&l);
	}
}

static void one_soa_with_our_serial_means_nothing_new(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record soa = SOA(10);
	begin(&l);
	assert_int_equal(feed(&l, &soa, 1), TRANSFER_WHOLE);
	assert_int_equal(l.in.form, FORM_CURRENT);
	assert_null(transfer_in_take(&l.in));
	end(&l);
}

static void the_whole_zone_with_our_serial_is_not_taken(void **state) {
	(void)state;
	static struct stream_lab l;
	const struct lab_record records[] = { SOA(OURS), A("a", 1), SOA(OURS) };
	assert_int_equal(reason_of(&l, records, 2), REASON_SERIAL_BEHIND);
	assert_int_equal(reason_of(&l, records, 3), REASON_SERIAL_BEHIND);
}

static void a_newer_soa_alone_is_not_the_end(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record soa = SOA(12);
	begin(&l);
	assert_int_equal(feed(&l, &soa, 1), TRANSFER_MORE);
	assert_int_equal(l.in.form, FORM_UNDECIDED);
	assert_null(l.in.builder);
	transfer_in_cut(&l.in, &l.why);
	assert_int_equal(l.why.reason, REASON_TRUNCATED_STREAM);
	end(&l);
}

static void an_older_serial_is_refused(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record soa = SOA(9);
	assert_int_equal(reason_of(&l, &soa, 1), REASON_SERIAL_BEHIND);
	soa = SOA(10);
	begin(&l);
	l.in.has_floor = true; /* the SOA answer had 11: another host behind the address */
	l.in.floor = 11;
	assert_int_equal(feed(&l, &soa, 1), TRANSFER_FAILED);
	assert_int_equal(l.why.reason, REASON_SERIAL_BEHIND);
	end(&l);
}

static void differences_must_begin_with_our_serial(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record records[] = { SOA(12), SOA(9), SOA(12), SOA(12) };
	assert_int_equal(reason_of(&l, records, 4), REASON_IXFR_MISMATCH);
	assert_non_null(strstr(l.why.evidence, "begin with serial 9, not 10"));
}

static void steps_must_chain(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record gap[] = { SOA(14), SOA(10), SOA(11), SOA(12), SOA(14), SOA(14) };
	assert_int_equal(reason_of(&l, gap, 6), REASON_IXFR_MISMATCH);
	assert_non_null(strstr(l.why.evidence, "next step begins with serial 12, not 11"));
	struct lab_record back[] = { SOA(14), SOA(10), SOA(12), SOA(12), SOA(11) };
	assert_int_equal(reason_of(&l, back, 5), REASON_IXFR_MISMATCH);
	struct lab_record still[] = { SOA(14), SOA(10), SOA(10) };
	assert_int_equal(reason_of(&l, still, 3), REASON_IXFR_MISMATCH);
	struct lab_record beyond[] = { SOA(14), SOA(10), SOA(15) };
	assert_int_equal(reason_of(&l, beyond, 3), REASON_IXFR_MISMATCH);
	struct lab_record nothing_new[] = { SOA(10), SOA(10), A("a", 1) };
	assert_int_not_equal(reason_of(&l, nothing_new, 3), REASON_NONE);
}

static void the_closing_soa_must_be_the_opening_one(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record records[] = { SOA(12), SOA(10), SOA(12), SOA(13) };
	assert_int_equal(reason_of(&l, records, 4), REASON_SOA_MISMATCH);
	records[3] = SOA(12);
	records[3].rdata[records[3].len - 1] ^= 1;
	assert_int_equal(reason_of(&l, records, 4), REASON_SOA_MISMATCH);
}

static void nothing_may_follow_the_closing_soa(void **state) {
	(void)state;
	static struct stream_lab l;
	static struct lab_record records[RECORDS + 1];
	make_steps(records);
	records[RECORDS] = A("late", 1);
	assert_int_equal(reason_of(&l, records, RECORDS + 1), REASON_BAD_MESSAGE);
}

static void records_that_cannot_be_zone_data_are_refused(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record records[] = { SOA(12), SOA(10), lab_a("www.example.org.", 1) };
	assert_int_equal(reason_of(&l, records, 3), REASON_OUT_OF_ZONE);
	records[2] = lab_soa("www.example.net.", 12);
	assert_int_equal(reason_of(&l, records, 3), REASON_BAD_RECORD);
	records[2] = A("www", 1);
	records[2].type = RR_ANY;
	assert_int_equal(reason_of(&l, records, 3), REASON_BAD_RECORD);
	records[2] = A("www", 1);
	records[2].class = CLASS_CH;
	assert_int_equal(reason_of(&l, records, 3), REASON_BAD_RECORD);
	records[2] = A("www", 1);
	records[2].len = 3;
	assert_int_equal(reason_of(&l, records, 3), REASON_BAD_RECORD);
	assert_non_null(strstr(l.why.evidence, "IXFR of example.net from 192.0.2.1@53 by TCP: www"));
}

static void limits_hold(void **state) {
	(void)state;
	static struct stream_lab l;
	static struct lab_record records[RECORDS];
	make_steps(records);
	struct builder_limits few = { .max_records = 2 }, small = { .max_bytes = 100 };
	begin_limited(&l, &few);
	assert_int_equal(feed(&l, records, RECORDS), TRANSFER_FAILED);
	assert_int_equal(l.why.reason, REASON_TOO_LARGE);
	end(&l);
	begin_limited(&l, &small);
	assert_int_equal(feed(&l, records, RECORDS), TRANSFER_FAILED);
	assert_int_equal(l.why.reason, REASON_TOO_LARGE);
	end(&l);
}

static void steps_are_counted(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record records[2] = { SOA(OURS + IXFR_STEPS_MAX + 5), SOA(OURS) };
	begin(&l);
	assert_int_equal(feed(&l, records, 2), TRANSFER_MORE);
	enum transfer_verdict v = TRANSFER_MORE;
	for (uint32_t i = 1; v == TRANSFER_MORE && i <= IXFR_STEPS_MAX + 1; i++) {
		struct lab_record turn[2] = { SOA(OURS + i), SOA(OURS + i) };
		v = feed(&l, turn, 2);
	}
	assert_int_equal(v, TRANSFER_FAILED);
	assert_int_equal(l.why.reason, REASON_TOO_LARGE);
	end(&l);
}

static void the_expire_option_is_read(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record soa = SOA(10);
	static const uint8_t opt[] = { 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 8, 0, 9, 0, 4, 0, 1, 0, 2 };
	begin(&l);
	lab_make(&l.message, &l.form, &soa, 1);
	memcpy(l.message.data + l.message.len, opt, sizeof(opt));
	l.message.len += sizeof(opt);
	l.message.data[11]++;
	assert_int_equal(transfer_in_message(&l.in, l.message.data, l.message.len, LAB_NOW, &l.why),
	                 TRANSFER_WHOLE);
	assert_true(l.in.has_expire);
	assert_int_equal(l.in.expire_s, 0x10002);
	end(&l);
}

static void a_stream_cut_at_any_octet_or_record_is_never_whole(void **state) {
	(void)state;
	static struct stream_lab l;
	static struct lab_record records[RECORDS];
	make_steps(records);
	for (size_t count = 0; count < RECORDS; count++) {
		begin(&l);
		assert_int_not_equal(feed(&l, records, count), TRANSFER_WHOLE);
		end(&l);
	}
	begin(&l);
	lab_make(&l.message, &l.form, records, RECORDS);
	struct lab_message whole = l.message;
	end(&l);
	for (size_t len = 0; len < whole.len; len++) {
		begin(&l);
		uint8_t *exact = malloc(len ? len : 1);
		memcpy(exact, whole.data, len);
		assert_int_equal(transfer_in_message(&l.in, exact, len, LAB_NOW, &l.why), TRANSFER_FAILED);
		free(exact);
		end(&l);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_packing_of_records_gives_the_steps),
		cmocka_unit_test(one_step_may_lead_over_many_serials),
		cmocka_unit_test(serials_may_pass_the_end_of_their_range),
		cmocka_unit_test(a_whole_zone_is_an_answer_too),
		cmocka_unit_test(one_soa_with_our_serial_means_nothing_new),
		cmocka_unit_test(the_whole_zone_with_our_serial_is_not_taken),
		cmocka_unit_test(a_newer_soa_alone_is_not_the_end),
		cmocka_unit_test(an_older_serial_is_refused),
		cmocka_unit_test(differences_must_begin_with_our_serial),
		cmocka_unit_test(steps_must_chain),
		cmocka_unit_test(the_closing_soa_must_be_the_opening_one),
		cmocka_unit_test(nothing_may_follow_the_closing_soa),
		cmocka_unit_test(records_that_cannot_be_zone_data_are_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(steps_are_counted),
		cmocka_unit_test(the_expire_option_is_read),
		cmocka_unit_test(a_stream_cut_at_any_octet_or_record_is_never_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

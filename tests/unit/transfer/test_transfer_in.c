#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "axfr_lab.h"
#include "transfer/transfer_in.h"
#include "zone/version.h"

/* A transfer of example.net. */
struct stream_lab {
	struct transfer_in in;
	struct name zone;
	struct lab_answer form;
	struct lab_message message;
	struct why why;
	struct tsig_key key;
	struct tsig_state server;
};

static void begin_limited(struct stream_lab *l, const struct builder_limits *limits) {
	memset(l, 0, sizeof(*l));
	l->zone = lab_name("example.net.");
	transfer_in_init(&l->in, limits);
	l->in.asked = (struct asked){
		.zone = l->zone.wire, .type = RR_AXFR, .id = LAB_ID, .opcode = OPCODE_QUERY, .transport = 't'
	};
	enum err e = addr_parse("192.0.2.1", 53, &l->in.asked.primary);
	assert_int_equal(e, OK);
	l->form = (struct lab_answer){ .zone = "example.net.", .id = LAB_ID, .type = RR_AXFR };
}

static void begin(struct stream_lab *l) {
	struct builder_limits none = { 0 };
	begin_limited(l, &none);
}

/* As copy.c does it, and a server that accepts. */
static void begin_signed(struct stream_lab *l) {
	uint8_t buf[600];
	size_t len;
	begin(l);
	l->key = lab_key("k1.", "c2VjcmV0IG9mIHRoZSB0ZXN0cw==");
	struct question q = { .name = l->zone, .type = RR_AXFR, .class = CLASS_IN };
	len = message_query(buf, sizeof(buf), LAB_ID, 0, &q, 0, false);
	assert_int_equal(tsig_sign_request(&l->in.tsig, &l->key, LAB_NOW, buf, len, sizeof(buf), &len), OK);
	assert_int_equal(lab_accept(&l->server, &l->key, buf, len), OK);
	l->form.tsig = &l->server;
}

static enum transfer_verdict feed(struct stream_lab *l, const struct lab_record *records, size_t count) {
	lab_make(&l->message, &l->form, records, count);
	return transfer_in_message(&l->in, l->message.data, l->message.len, LAB_NOW, &l->why);
}

static void end(struct stream_lab *l) {
	transfer_in_done(&l->in);
	tsig_done(&l->server);
}

static void assert_builds(struct stream_lab *l, uint64_t records) {
	struct builder *b = transfer_in_take(&l->in);
	struct zone_version *v = NULL;
	assert_int_equal(builder_finish(b, &v, &l->why), OK);
	assert_int_equal(v->image.header->record_count, records);
	assert_int_equal(version_serial(v), 42);
	version_unref(v);
	builder_free(b);
}

/* SOA, NS, 60 addresses, SOA */
#define RECORDS 63
static void make_zone(struct lab_record *records) {
	static char owners[60][32];
	records[0] = lab_soa("example.net.", 42);
	records[1] = lab_ns("example.net.", "ns1.example.net.");
	for (int i = 0; i < 60; i++) {
		snprintf(owners[i], sizeof(owners[i]), "host%d.example.net.", i);
		records[2 + i] = lab_a(owners[i], (uint8_t)i);
	}
	records[62] = lab_soa("example.net.", 42);
}

static void any_packing_of_records_gives_the_zone(void **state) {
	(void)state;
	static struct stream_lab l;
	static struct lab_record records[RECORDS];
	make_zone(records);
	for (size_t each = 1; each <= RECORDS; each++) {
		begin(&l);
		enum transfer_verdict v = TRANSFER_MORE;
		for (size_t at = 0; at < RECORDS; at += each) {
			assert_int_equal(v, TRANSFER_MORE);
			v = feed(&l, records + at, at + each > RECORDS ? RECORDS - at : each);
			l.form.no_question = each % 2; /* after the first message it may be left out */
		}
		assert_int_equal(v, TRANSFER_WHOLE);
		assert_builds(&l, RECORDS - 1);
		end(&l);
	}
}

static void a_refusal_is_told(void **state) {
	(void)state;
	static struct stream_lab l;
	static const struct {
		uint16_t rcode;
		enum reason reason;
	} rows[] = { { RCODE_REFUSED, REASON_REFUSED },
		     { RCODE_NOTAUTH, REASON_NOT_AUTHORITATIVE },
		     { RCODE_SERVFAIL, REASON_SERVFAIL },
		     { RCODE_NOTIMP, REASON_RCODE } };
	for (size_t i = 0; i < 4; i++) {
		begin(&l);
		l.form.flags = rows[i].rcode;
		assert_int_equal(feed(&l, NULL, 0), TRANSFER_FAILED);
		assert_int_equal(l.why.reason, rows[i].reason);
		assert_non_null(
			strstr(l.why.evidence, "AXFR of example.net from 192.0.2.1@53 by TCP: answered"));
		end(&l);
	}
}

static enum reason reason_of(struct stream_lab *l, const struct lab_record *records, size_t count) {
	begin(l);
	enum transfer_verdict v = feed(l, records, count);
	end(l);
	return v == TRANSFER_FAILED ? l->why.reason : REASON_NONE;
}

static void a_stream_must_begin_with_the_soa(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record ns = lab_ns("example.net.", "ns1.example.net."),
			  other = lab_soa("www.example.net.", 42);
	assert_int_equal(reason_of(&l, &ns, 1), REASON_BAD_MESSAGE);
	assert_int_equal(reason_of(&l, &other, 1), REASON_BAD_MESSAGE);
	assert_int_equal(reason_of(&l, NULL, 0), REASON_BAD_MESSAGE);
}

static void a_serial_that_changes_within_the_transfer_is_refused(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record records[] = { lab_soa("example.net.", 42),
		                        lab_ns("example.net.", "ns1.example.net."),
		                        lab_soa("example.net.", 43) };
	assert_int_equal(reason_of(&l, records, 3), REASON_SOA_MISMATCH);
	assert_non_null(strstr(l.why.evidence, "42"));
	assert_non_null(strstr(l.why.evidence, "43"));
	records[2] = lab_soa("example.net.", 42);
	records[2].rdata[records[2].len - 1] ^= 1; /* same serial, other minimum */
	assert_int_equal(reason_of(&l, records, 3), REASON_SOA_MISMATCH);
}

static void records_after_the_closing_soa_are_refused(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record records[] = { lab_soa("example.net.", 42),
		                        lab_ns("example.net.", "ns1.example.net."),
		                        lab_soa("example.net.", 42), lab_a("www.example.net.", 1) };
	assert_int_equal(reason_of(&l, records, 4), REASON_BAD_MESSAGE);
	assert_non_null(strstr(l.why.evidence, "www.example.net A"));
}

static void a_record_out_of_the_zone_is_named(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record records[] = { lab_soa("example.net.", 42), lab_a("www.example.org.", 1) };
	assert_int_equal(reason_of(&l, records, 2), REASON_OUT_OF_ZONE);
	assert_non_null(strstr(l.why.evidence, "www.example.org"));
	records[1] = lab_soa("example.org.", 42);
	assert_int_equal(reason_of(&l, records, 2), REASON_OUT_OF_ZONE);
}

static void records_that_cannot_be_zone_data_are_refused(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record records[] = { lab_soa("example.net.", 42), lab_a("www.example.net.", 1) };
	records[1].class = CLASS_CH;
	assert_int_equal(reason_of(&l, records, 2), REASON_BAD_RECORD);
	records[1] = lab_a("www.example.net.", 1);
	records[1].len = 3; /* an address of three octets */
	records[1].type = RR_A;
	assert_int_equal(reason_of(&l, records, 2), REASON_BAD_RECORD);
	records[1] = lab_soa("www.example.net.", 42);
	assert_int_equal(reason_of(&l, records, 2), REASON_BAD_RECORD);
	records[1] = lab_a("www.example.net.", 1);
	records[1].type = RR_ANY;
	assert_int_equal(reason_of(&l, records, 2), REASON_BAD_RECORD);
}

static void answers_to_other_questions_are_refused(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record soa = lab_soa("example.net.", 42);
	begin(&l);
	l.form.zone = "example.org.";
	assert_int_equal(feed(&l, &soa, 1), TRANSFER_FAILED);
	assert_int_equal(l.why.reason, REASON_BAD_MESSAGE);
	end(&l);
	begin(&l);
	l.form.id++;
	assert_int_equal(feed(&l, &soa, 1), TRANSFER_FAILED);
	assert_int_equal(l.why.reason, REASON_BAD_MESSAGE);
	end(&l);
	begin(&l);
	l.form.no_question = true; /* the first message must have it */
	assert_int_equal(feed(&l, &soa, 1), TRANSFER_FAILED);
	end(&l);
}

static void empty_messages_are_put_up_with_for_a_while(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record soa = lab_soa("example.net.", 42);
	begin(&l);
	assert_int_equal(feed(&l, &soa, 1), TRANSFER_MORE);
	for (int i = 0; i < TRANSFER_EMPTY_MAX; i++)
		assert_int_equal(feed(&l, NULL, 0), TRANSFER_MORE);
	assert_int_equal(feed(&l, NULL, 0), TRANSFER_FAILED);
	assert_int_equal(l.why.reason, REASON_BAD_MESSAGE);
	end(&l);
}

static void limits_hold(void **state) {
	(void)state;
	static struct stream_lab l;
	static struct lab_record records[RECORDS];
	make_zone(records);
	struct builder_limits few = { .max_records = 20 }, small = { .max_bytes = 1000 };
	begin_limited(&l, &few);
	assert_int_equal(feed(&l, records, RECORDS), TRANSFER_FAILED);
	assert_int_equal(l.why.reason, REASON_TOO_LARGE);
	end(&l);
	begin_limited(&l, &small);
	assert_int_equal(feed(&l, records, RECORDS), TRANSFER_FAILED);
	assert_int_equal(l.why.reason, REASON_TOO_LARGE);
	end(&l);
}

static void a_transfer_older_than_the_soa_answer_is_refused(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record soa = lab_soa("example.net.", 42);
	static const struct {
		uint32_t floor;
		enum transfer_verdict verdict;
	} rows[] = { { 42, TRANSFER_MORE }, { 41, TRANSFER_MORE }, { 43, TRANSFER_FAILED } };
	for (int i = 0; i < 3; i++) {
		begin(&l);
		l.in.has_floor = true;
		l.in.floor = rows[i].floor;
		assert_int_equal(feed(&l, &soa, 1), rows[i].verdict);
		end(&l);
	}
	assert_int_equal(l.why.reason, REASON_SERIAL_BEHIND);
}

static void a_signed_stream_verifies_with_unsigned_messages_in_between(void **state) {
	(void)state;
	static struct stream_lab l;
	static struct lab_record records[RECORDS];
	make_zone(records);
	begin_signed(&l);
	for (size_t i = 0; i < RECORDS; i++)
		assert_int_equal(feed(&l, records + i, 1), i + 1 < RECORDS ? TRANSFER_MORE : TRANSFER_WHOLE);
	assert_builds(&l, RECORDS - 1);
	end(&l);
}

static void a_signed_stream_must_end_signed(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record records[] = { lab_soa("example.net.", 42),
		                        lab_ns("example.net.", "ns1.example.net."),
		                        lab_soa("example.net.", 42) };
	begin_signed(&l);
	assert_int_equal(feed(&l, records, 1), TRANSFER_MORE);
	l.form.tsig = NULL;
	assert_int_equal(feed(&l, records + 1, 1), TRANSFER_MORE);
	assert_int_equal(feed(&l, records + 2, 1), TRANSFER_FAILED);
	assert_int_equal(l.why.reason, REASON_TSIG_MISSING);
	end(&l);
}

static void an_unsigned_stream_is_refused_when_a_key_is_set(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record soa = lab_soa("example.net.", 42);
	begin_signed(&l);
	l.form.tsig = NULL;
	assert_int_equal(feed(&l, &soa, 1), TRANSFER_FAILED);
	assert_int_equal(l.why.reason, REASON_TSIG_MISSING);
	end(&l);
	begin_signed(&l);
	l.form.tsig = NULL;
	l.form.flags = RCODE_REFUSED; /* the refusal says more than its missing signature */
	assert_int_equal(feed(&l, NULL, 0), TRANSFER_FAILED);
	assert_int_equal(l.why.reason, REASON_REFUSED);
	end(&l);
}

static void a_changed_octet_breaks_the_signature(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record records[] = { lab_soa("example.net.", 42),
		                        lab_ns("example.net.", "ns1.example.net."),
		                        lab_a("www.example.net.", 1), lab_soa("example.net.", 42) };
	begin_signed(&l);
	lab_make(&l.message, &l.form, records, 4);
	l.message.data[80] ^= 1;
	enum transfer_verdict v = transfer_in_message(&l.in, l.message.data, l.message.len, LAB_NOW, &l.why);
	assert_int_equal(v, TRANSFER_FAILED);
	assert_true(l.why.reason == REASON_TSIG_BADSIG || l.why.reason == REASON_BAD_MESSAGE);
	end(&l);
}

static void a_connection_that_ends_early_is_told_apart(void **state) {
	(void)state;
	static struct stream_lab l;
	struct lab_record soa = lab_soa("example.net.", 42);
	begin(&l);
	transfer_in_cut(&l.in, &l.why);
	assert_int_equal(l.why.reason, REASON_CLOSED);
	assert_int_equal(feed(&l, &soa, 1), TRANSFER_MORE);
	transfer_in_cut(&l.in, &l.why);
	assert_int_equal(l.why.reason, REASON_TRUNCATED_STREAM);
	assert_non_null(strstr(l.why.evidence, "1 messages, 1 records"));
	end(&l);
}

static void a_message_cut_at_any_octet_is_refused(void **state) {
	(void)state;
	static struct stream_lab l;
	static struct lab_record records[RECORDS];
	make_zone(records);
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

static void a_truncated_message_is_refused(void **state) {
	(void)state;
	static struct stream_lab l;
	static struct lab_record records[RECORDS];
	make_zone(records);
	begin(&l);
	l.form.flags = FLAG_TC;
	assert_int_equal(feed(&l, records, RECORDS), TRANSFER_FAILED);
	assert_int_equal(l.why.reason, REASON_BAD_MESSAGE);
	end(&l);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_packing_of_records_gives_the_zone),
		cmocka_unit_test(a_refusal_is_told),
		cmocka_unit_test(a_stream_must_begin_with_the_soa),
		cmocka_unit_test(a_serial_that_changes_within_the_transfer_is_refused),
		cmocka_unit_test(records_after_the_closing_soa_are_refused),
		cmocka_unit_test(a_record_out_of_the_zone_is_named),
		cmocka_unit_test(records_that_cannot_be_zone_data_are_refused),
		cmocka_unit_test(answers_to_other_questions_are_refused),
		cmocka_unit_test(empty_messages_are_put_up_with_for_a_while),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(a_transfer_older_than_the_soa_answer_is_refused),
		cmocka_unit_test(a_signed_stream_verifies_with_unsigned_messages_in_between),
		cmocka_unit_test(a_signed_stream_must_end_signed),
		cmocka_unit_test(an_unsigned_stream_is_refused_when_a_key_is_set),
		cmocka_unit_test(a_changed_octet_breaks_the_signature),
		cmocka_unit_test(a_connection_that_ends_early_is_told_apart),
		cmocka_unit_test(a_message_cut_at_any_octet_is_refused),
		cmocka_unit_test(a_truncated_message_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "axfr_lab.h"
#include "transfer/ask.h"

/* One question about example.net to 192.0.2.1 and its answer. */
struct exchange_lab {
	struct ask ask;
	struct name zone;
	struct tsig_key key;
	struct tsig_state server;
	uint8_t question[ASK_MAX_LEN];
	size_t len;
	struct lab_message answer;
	struct lab_answer form;
	struct soa soa;
	struct why why;
};

static void begin(struct exchange_lab *l, bool is_signed, uint8_t opcode) {
	memset(l, 0, sizeof(*l));
	l->zone = lab_name("example.net.");
	l->key = lab_key("k1.", "c2VjcmV0IG9mIHRoZSB0ZXN0cw==");
	l->ask.asked = (struct asked){
		.zone = l->zone.wire, .type = RR_SOA, .opcode = opcode, .transport = 'u'
	};
	enum err e = addr_parse("192.0.2.1", 53, &l->ask.asked.primary);
	assert_int_equal(e, OK);
	if (is_signed) l->ask.key = &l->key;
	l->len = ask_build(&l->ask, LAB_ID, LAB_NOW, l->question, sizeof(l->question));
	assert_true(l->len > 0);
	l->form = (struct lab_answer){ .zone = "eXample.net.", .id = LAB_ID, .type = RR_SOA };
}

static enum ask_verdict judge(struct exchange_lab *l, const struct lab_record *records, size_t count) {
	lab_make(&l->answer, &l->form, records, count);
	return ask_judge(&l->ask, l->answer.data, l->answer.len, LAB_NOW, &l->soa, &l->why);
}

static void end(struct exchange_lab *l) {
	ask_done(&l->ask);
	tsig_done(&l->server);
}

static void an_authoritative_soa_is_an_answer(void **state) {
	(void)state;
	static struct exchange_lab l;
	begin(&l, false, OPCODE_QUERY);
	struct lab_record soa = lab_soa("EXAMPLE.net.", 42);
	assert_int_equal(judge(&l, &soa, 1), ASK_ANSWERED);
	assert_int_equal(l.soa.serial, 42);
	assert_int_equal(l.soa.refresh_s, 3600);
	end(&l);
}

static void a_resolvers_answer_is_not_authoritative(void **state) {
	(void)state;
	static struct exchange_lab l;
	begin(&l, false, OPCODE_QUERY);
	struct lab_record soa = lab_soa("example.net.", 42);
	l.form.no_aa = true;
	l.form.flags = FLAG_RA;
	assert_int_equal(judge(&l, &soa, 1), ASK_FAILED);
	assert_int_equal(l.why.reason, REASON_NOT_AUTHORITATIVE);
	assert_non_null(strstr(l.why.evidence, "SOA of example.net from 192.0.2.1@53 by UDP"));
	assert_non_null(strstr(l.why.evidence, "resolver"));
	end(&l);
}

static void each_rcode_has_its_reason(void **state) {
	(void)state;
	static const struct {
		uint16_t rcode;
		enum reason reason;
	} rows[] = { { RCODE_REFUSED, REASON_NOT_AUTHORITATIVE },
		     { RCODE_NOTAUTH, REASON_NOT_AUTHORITATIVE },
		     { RCODE_NXDOMAIN, REASON_NOT_AUTHORITATIVE },
		     { RCODE_SERVFAIL, REASON_SERVFAIL },
		     { RCODE_FORMERR, REASON_RCODE },
		     { RCODE_NOTIMP, REASON_RCODE } };
	static struct exchange_lab l;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(&l, false, OPCODE_QUERY);
		l.form.flags = rows[i].rcode;
		l.form.no_question = i % 2; /* some servers leave it out of errors */
		assert_int_equal(judge(&l, NULL, 0), ASK_FAILED);
		assert_int_equal(l.why.reason, rows[i].reason);
		end(&l);
	}
}

static void what_is_no_answer_to_the_question_is_waited_past(void **state) {
	(void)state;
	static struct exchange_lab l;
	struct lab_record soa = lab_soa("example.net.", 42);
	begin(&l, false, OPCODE_QUERY);
	l.form.id = LAB_ID + 1;
	assert_int_equal(judge(&l, &soa, 1), ASK_STRANGE);
	l.form.id = LAB_ID;
	l.form.zone = "example.org.";
	assert_int_equal(judge(&l, &soa, 1), ASK_STRANGE);
	l.form.zone = "example.net.";
	l.form.type = RR_NS;
	assert_int_equal(judge(&l, &soa, 1), ASK_STRANGE);
	/* Our own question sent back. */
	assert_int_equal(ask_judge(&l.ask, l.question, l.len, LAB_NOW, &l.soa, &l.why), ASK_STRANGE);
	end(&l);
}

static void truncation_by_udp_asks_for_tcp(void **state) {
	(void)state;
	static struct exchange_lab l;
	begin(&l, false, OPCODE_QUERY);
	l.form.flags = FLAG_TC;
	assert_int_equal(judge(&l, NULL, 0), ASK_TRUNCATED);
	end(&l);
}

static void an_answer_without_soa_is_not_authoritative(void **state) {
	(void)state;
	static struct exchange_lab l;
	begin(&l, false, OPCODE_QUERY);
	struct lab_record other = lab_soa("net.", 42);
	assert_int_equal(judge(&l, &other, 1), ASK_FAILED);
	assert_int_equal(l.why.reason, REASON_NOT_AUTHORITATIVE);
	end(&l);
}

static void a_signed_exchange_verifies(void **state) {
	(void)state;
	static struct exchange_lab l;
	begin(&l, true, OPCODE_QUERY);
	assert_int_equal(lab_accept(&l.server, &l.key, l.question, l.len), OK);
	l.form.tsig = &l.server;
	struct lab_record soa = lab_soa("example.net.", 7);
	assert_int_equal(judge(&l, &soa, 1), ASK_ANSWERED);
	assert_int_equal(l.soa.serial, 7);
	end(&l);
}

static void an_unsigned_answer_to_a_signed_question_fails(void **state) {
	(void)state;
	static struct exchange_lab l;
	begin(&l, true, OPCODE_QUERY);
	struct lab_record soa = lab_soa("example.net.", 7);
	assert_int_equal(judge(&l, &soa, 1), ASK_FAILED);
	assert_int_equal(l.why.reason, REASON_TSIG_MISSING);
	end(&l);
}

static void a_key_that_the_primary_does_not_know_is_told_apart_from_a_wrong_secret(void **state) {
	(void)state;
	static struct exchange_lab l;
	struct tsig_key other = lab_key("k2.", "c2VjcmV0"), wrong = lab_key("k1.", "d3Jvbmc=");
	begin(&l, true, OPCODE_QUERY);
	l.form.flags = RCODE_NOTAUTH;
	assert_int_equal(lab_accept(&l.server, &other, l.question, l.len), ERR_TSIG_BADKEY);
	l.form.tsig = &l.server;
	assert_int_equal(judge(&l, NULL, 0), ASK_FAILED);
	assert_int_equal(l.why.reason, REASON_TSIG_BADKEY);
	end(&l);
	begin(&l, true, OPCODE_QUERY);
	l.form.flags = RCODE_NOTAUTH;
	assert_int_equal(lab_accept(&l.server, &wrong, l.question, l.len), ERR_TSIG_BADSIG);
	l.form.tsig = &l.server;
	assert_int_equal(judge(&l, NULL, 0), ASK_FAILED);
	assert_int_equal(l.why.reason, REASON_TSIG_BADSIG);
	end(&l);
}

static void clocks_apart_are_told_in_seconds(void **state) {
	(void)state;
	static struct exchange_lab l;
	begin(&l, true, OPCODE_QUERY);
	l.len = ask_build(&l.ask, LAB_ID, LAB_NOW - 4000, l.question, sizeof(l.question));
	assert_int_equal(lab_accept(&l.server, &l.key, l.question, l.len), ERR_TSIG_BADTIME);
	l.form.tsig = &l.server;
	l.form.flags = RCODE_NOTAUTH;
	lab_make(&l.answer, &l.form, NULL, 0);
	enum ask_verdict v = ask_judge(&l.ask, l.answer.data, l.answer.len, LAB_NOW - 4000, &l.soa, &l.why);
	assert_int_equal(v, ASK_FAILED);
	assert_int_equal(l.why.reason, REASON_TSIG_BADTIME);
	assert_non_null(strstr(l.why.evidence, "4000 s ahead of ours"));
	end(&l);
}

static void a_notify_is_answered_by_a_notify(void **state) {
	(void)state;
	static struct exchange_lab l;
	begin(&l, false, OPCODE_NOTIFY);
	assert_int_equal(load_u16(l.question + 2), (OPCODE_NOTIFY << 11) | FLAG_AA);
	assert_int_equal(judge(&l, NULL, 0), ASK_STRANGE); /* a QUERY's answer */
	l.form.flags = OPCODE_NOTIFY << 11;
	assert_int_equal(judge(&l, NULL, 0), ASK_ANSWERED);
	l.form.flags = (OPCODE_NOTIFY << 11) | RCODE_REFUSED;
	assert_int_equal(judge(&l, NULL, 0), ASK_FAILED);
	end(&l);
}

static void every_shortened_answer_is_survived(void **state) {
	(void)state;
	static struct exchange_lab l;
	begin(&l, false, OPCODE_QUERY);
	struct lab_record soa = lab_soa("example.net.", 42);
	assert_int_equal(judge(&l, &soa, 1), ASK_ANSWERED);
	for (size_t len = 0; len < l.answer.len; len++) {
		uint8_t *exact = malloc(len ? len : 1);
		memcpy(exact, l.answer.data, len);
		enum ask_verdict v = ask_judge(&l.ask, exact, len, LAB_NOW, &l.soa, &l.why);
		assert_true(v == ASK_FAILED || v == ASK_STRANGE);
		free(exact);
	}
	end(&l);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_authoritative_soa_is_an_answer),
		cmocka_unit_test(a_resolvers_answer_is_not_authoritative),
		cmocka_unit_test(each_rcode_has_its_reason),
		cmocka_unit_test(what_is_no_answer_to_the_question_is_waited_past),
		cmocka_unit_test(truncation_by_udp_asks_for_tcp),
		cmocka_unit_test(an_answer_without_soa_is_not_authoritative),
		cmocka_unit_test(a_signed_exchange_verifies),
		cmocka_unit_test(an_unsigned_answer_to_a_signed_question_fails),
		cmocka_unit_test(a_key_that_the_primary_does_not_know_is_told_apart_from_a_wrong_secret),
		cmocka_unit_test(clocks_apart_are_told_in_seconds),
		cmocka_unit_test(a_notify_is_answered_by_a_notify),
		cmocka_unit_test(every_shortened_answer_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

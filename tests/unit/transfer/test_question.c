#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "axfr_lab.h"
#include "transfer/question.h"
#include "zone/builder.h"

static struct zone_version *make_version(uint32_t serial) {
	struct builder_limits none = { 0 };
	struct name apex = lab_name("example.net.");
	struct lab_record soa = lab_soa("example.net.", serial),
			  ns = lab_ns("example.net.", "ns1.example.net.");
	struct builder *b = builder_new(apex.wire, &none);
	struct zone_version *v = NULL;
	struct why why;
	assert_int_equal(builder_add(b, apex.wire, RR_SOA, 300, soa.rdata, soa.len, &why), OK);
	assert_int_equal(builder_add(b, apex.wire, RR_NS, 300, ns.rdata, ns.len, &why), OK);
	assert_int_equal(builder_finish(b, &v, &why), OK);
	builder_free(b);
	return v;
}

static void differences_are_asked_for_with_our_soa(void **state) {
	(void)state;
	struct zone_version *v = make_version(42);
	struct name zone = lab_name("example.net.");
	struct question_form form = { .zone = zone.wire, .have = v, .type = RR_IXFR };
	uint8_t buf[QUESTION_MAX_LEN];
	struct message m;
	size_t len = question_write(&form, 7, buf, sizeof(buf));
	assert_int_equal(message_parse(buf, len, &m), OK);
	assert_int_equal(m.question.type, RR_IXFR);
	assert_int_equal(m.header.nscount, 1);
	struct reader r = reader_init(buf, len);
	struct record record;
	struct zone_soa soa;
	r.pos = m.answer_pos;
	assert_int_equal(record_read(&r, &record), OK);
	assert_true(name_equal(record.owner.wire, zone.wire));
	assert_int_equal(zone_soa_read(&m, &record, &soa), OK);
	assert_int_equal(soa.soa.serial, 42);
	version_unref(v);
}

static void the_expire_time_is_asked_for(void **state) {
	(void)state;
	struct name zone = lab_name("example.net.");
	struct question_form form = { .zone = zone.wire, .type = RR_SOA, .edns = true, .dnssec_ok = true };
	uint8_t buf[QUESTION_MAX_LEN];
	struct message m;
	unsigned pos = 0;
	uint16_t code, option_len;
	const uint8_t *data;
	size_t len = question_write(&form, 7, buf, sizeof(buf));
	assert_int_equal(message_parse(buf, len, &m), OK);
	assert_true(m.edns.present && m.edns.dnssec_ok);
	assert_true(edns_option_next(&m.edns, &pos, &code, &data, &option_len));
	assert_int_equal(code, EDNS_EXPIRE);
	assert_int_equal(option_len, 0);
}

static void the_longest_question_fits(void **state) {
	(void)state;
	struct zone_version *v = make_version(42);
	struct name zone = lab_name("example.net.");
	struct tsig_key key = lab_key("k1.", "c2VjcmV0IG9mIHRoZSB0ZXN0cw==");
	struct question_form form = { .zone = zone.wire, .have = v, .type = RR_IXFR, .edns = true };
	struct tsig_state client = { 0 }, server;
	uint8_t buf[QUESTION_MAX_LEN];
	size_t len = question_write_signed(&form, 7, &key, LAB_NOW, &client, buf, sizeof(buf));
	assert_true(len > 0);
	assert_int_equal(lab_accept(&server, &key, buf, len), OK);
	tsig_done(&client);
	tsig_done(&server);
	version_unref(v);
}

static void questions_over_tls_are_padded_to_whole_blocks_with_their_signature(void **state) {
	(void)state;
	struct zone_version *v = make_version(42);
	struct tsig_key key = lab_key("k1.", "c2VjcmV0IG9mIHRoZSB0ZXN0cw==");
	for (unsigned i = 0; i < 200; i++) {
		char text[80];
		struct tsig_state client = { 0 }, server;
		uint8_t buf[QUESTION_MAX_LEN];
		struct message m;
		snprintf(text, sizeof(text), "%.*s.example.", (int)(1 + i % 60),
		         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
		struct name zone = lab_name(text);
		struct question_form form = { .zone = zone.wire,
			                      .have = i % 2 ? v : NULL,
			                      .type = i % 2 ? RR_IXFR : RR_SOA,
			                      .edns = i % 4 > 1,
			                      .pads = true };
		bool is_signed = i % 3 == 0;
		size_t len = question_write_signed(&form, 7, is_signed ? &key : NULL, LAB_NOW, &client, buf,
		                                   sizeof(buf));
		assert_true(len > 0);
		assert_int_equal(len % QUESTION_BLOCK, 0);
		assert_int_equal(message_parse(buf, len, &m), OK);
		assert_true(m.edns.present && !m.edns.faulty);
		if (is_signed) assert_int_equal(lab_accept(&server, &key, buf, len), OK);
		if (is_signed) tsig_done(&server);
		tsig_done(&client);
	}
	version_unref(v);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_are_asked_for_with_our_soa),
		cmocka_unit_test(the_expire_time_is_asked_for),
		cmocka_unit_test(the_longest_question_fits),
		cmocka_unit_test(questions_over_tls_are_padded_to_whole_blocks_with_their_signature),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

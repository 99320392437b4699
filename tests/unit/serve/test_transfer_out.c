/* Transfers out: AXFR (RFC 5936), IXFR answered as AXFR or by the SOA (RFC 1995), who may have them, TSIG. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pull.h"

static const char *const zone = "@ 900 SOA ns admin 7 3600 600 86400 300\n"
				"@ NS ns\n"
				"ns A 192.0.2.53\n"
				"b.c TXT ent\n"
				"sub NS ns.sub\n"
				"ns.sub A 192.0.2.1\n"
				"Case CNAME ns\n";

static int setup(void **state) {
	struct lab *lab = lab_new();
	lab_zone(lab, "example.", zone, SIGN_NONE);
	*state = lab;
	return 0;
}
static int teardown(void **state) {
	lab_free(*state);
	return 0;
}

static void ask(struct lab *lab, const char *question) {
	struct lab_question q = lab_parse(question);
	lab_build(lab, &q);
	lab_send(lab, q.tls ? SERVE_TLS : q.tcp ? SERVE_TCP : SERVE_UDP);
}

#define SOA_LINE "AN example. 900 SOA ns.example. admin.example. 7 3600 600 86400 300\n"

static void axfr_has_every_record_between_two_soas(void **state) {
	struct lab *lab = *state;
	ask(lab, "example. AXFR tcp");
	struct received r = pull(lab, 65535, NULL);
	assert_int_equal(r.end, 0);
	assert_int_equal(r.messages, 1);
	assert_string_equal(lab->text, SOA_LINE "AN example. 3600 NS ns.example.\n"
	                                        "AN b.c.example. 3600 TXT \"ent\"\n"
	                                        "AN Case.example. 3600 CNAME ns.example.\n"
	                                        "AN ns.example. 3600 A 192.0.2.53\n"
	                                        "AN sub.example. 3600 NS ns.sub.example.\n"
	                                        "AN ns.sub.example. 3600 A 192.0.2.1\n" SOA_LINE);
}

static void axfr_of_a_signed_zone_has_signatures_and_chain(void **state) {
	struct lab *lab = *state;
	struct zone_version *v = lab_zone(lab, "signed.", zone, SIGN_NSEC3);
	ask(lab, "signed. AXFR tcp do");
	struct received r = pull(lab, 65535, NULL);
	assert_int_equal(r.end, 0);
	assert_int_equal(r.records, v->image.header->record_count + 1);
	assert_int_equal(lab_lines(lab->text, " SOA ns.signed."), 2);
	assert_int_equal(lab_lines(lab->text, "signed. RRSIG SOA"), 1);
	assert_true(lab_lines(lab->text, "RRSIG NSEC3\n") >= 6);
	assert_int_equal(lab_lines(lab->text, " NSEC3\n"), 2 * lab_lines(lab->text, "RRSIG NSEC3\n"));
}

static void axfr_over_udp_is_not_implemented(void **state) {
	assert_string_equal(lab_ask(*state, "example. AXFR"), "NOTIMP\n");
}

static void stranger_is_refused(void **state) {
	struct lab *lab = *state;
	struct serve_counters c;
	assert_int_equal(addr_parse("192.0.2.9@1000", 0, &lab->peer), OK);
	assert_string_equal(lab_ask(lab, "example. AXFR tcp edns=1232"), "REFUSED edns ede=18\n");
	assert_null(lab->stream);
	assert_string_equal(lab_ask(lab, "example. IXFR tcp"), "REFUSED\n");
	serve_count(lab->serve, &c);
	assert_int_equal(c.transfers_refused, 2);
	assert_int_equal(c.transfers_out, 0);
}

static void zone_without_a_version_is_servfail(void **state) {
	struct lab *lab = *state;
	lab_entry(lab, "new.");
	assert_string_equal(lab_ask(lab, "new. AXFR tcp"), "SERVFAIL\n");
}

static void too_many_transfers_are_turned_away(void **state) {
	struct lab *lab = *state;
	struct serve_stream *held[2];
	for (unsigned i = 0; i < 2; i++) {
		ask(lab, "example. AXFR tcp");
		held[i] = lab->stream;
		lab->stream = NULL;
		assert_non_null(held[i]);
	}
	assert_string_equal(lab_ask(lab, "example. AXFR tcp"), "SERVFAIL\n");
	serve_stream_free(held[0]);
	ask(lab, "example. AXFR tcp");
	assert_non_null(lab->stream);
	serve_stream_free(held[1]);
}

static void key_admits_from_anywhere_and_signs_every_message(void **state) {
	struct lab *lab = *state;
	struct tsig_state tsig;
	struct lab_question q = lab_parse("example. AXFR tcp");
	lab_build(lab, &q);
	assert_int_equal(addr_parse("192.0.2.9@1000", 0, &lab->peer), OK);
	assert_int_equal(tsig_sign_request(&tsig, &lab->key, (uint64_t)lab_now().wall_s, lab->request,
	                                   lab->request_len, sizeof(lab->request), &lab->request_len),
	                 OK);
	lab_send(lab, SERVE_TCP);
	struct received r = pull(lab, 240, &tsig);
	assert_int_equal(r.end, 0);
	assert_true(r.messages > 1);
	assert_int_equal(tsig_finish(&tsig), OK);
	assert_int_equal(r.records, 8);
	tsig_done(&tsig);
}

static void small_messages_lose_nothing(void **state) {
	struct lab *lab = *state;
	for (size_t cap = 120; cap < 400; cap++) {
		ask(lab, "example. AXFR tcp edns=1232");
		struct received r = pull(lab, cap, NULL);
		assert_int_equal(r.end, 0);
		assert_int_equal(r.records, 8);
		assert_int_equal(lab_lines(lab->text, SOA_LINE), 2);
	}
}

static void record_that_fits_no_message_ends_the_stream(void **state) {
	struct lab *lab = *state;
	ask(lab, "example. AXFR tcp");
	assert_int_equal(serve_stream_next(lab->stream, lab_now(), lab->answer, 40), -1);
}

static void version_outlives_its_zone_while_it_is_sent(void **state) {
	struct lab *lab = *state;
	ask(lab, "example. AXFR tcp");
	struct name name;
	assert_int_equal(name_parse("example.", &name), OK);
	table_remove(lab->table, table_find(lab->table, name.wire));
	epoch_collect(lab->epoch);
	version_unref(lab->versions[--lab->version_count]);
	assert_int_equal(pull(lab, 65535, NULL).records, 8);
}

static void large_zone_comes_in_messages_of_moderate_size(void **state) {
	struct lab *lab = *state;
	const size_t cap = 200000;
	char *text = calloc(1, cap);
	text_add(text, cap, "@ SOA ns admin 7 3600 600 86400 300\n@ NS ns\n");
	for (unsigned i = 0; i < 5000; i++)
		text_add(text, cap, "host%u A 192.0.2.%u\n", i, i % 256);
	struct zone_version *v = lab_zone(lab, "large.", text, SIGN_NONE);
	free(text);
	ask(lab, "large. AXFR tcp");
	struct received r = pull(lab, 65535, NULL);
	assert_int_equal(r.records, v->image.header->record_count + 1);
	assert_in_range(r.messages, 4, 20);
	assert_in_range(r.longest, 16000, 17000);
}

/* Of owners what the one before has not, of names in data what comes the first time: 2 octets stand for the rest. */
static void names_are_sent_once(void **state) {
	struct lab *lab = *state;
	lab_zone(lab, "once.",
	         "@ 900 SOA a b 7 3600 600 86400 300\n"
	         "@ NS ns.elsewhere.\n"
	         "long-label A 192.0.2.1\n"
	         "long-label A 192.0.2.2\n"
	         "x.long-label NS ns.elsewhere.\n"
	         "x.long-label NS y.x.long-label\n"
	         "y.x.long-label A 192.0.2.3\n",
	         SIGN_NONE);
	ask(lab, "once. AXFR tcp");
	struct received r = pull(lab, 65535, NULL);
	size_t question = 6 + 4, fixed = 10, pointer = 2;
	size_t soas = pointer + fixed + (2 + 2 + 2 + 2 + 20) + pointer + fixed + (2 + 2 + 20);
	size_t apex_ns = pointer + fixed + 3 + 11;
	size_t addresses = 11 + pointer + fixed + 4 + pointer + fixed + 4;
	size_t servers = 2 + pointer + fixed + pointer + pointer + fixed + 2 + pointer;
	size_t glue = 2 + pointer + fixed + 4;
	assert_int_equal(r.records, 8);
	assert_int_equal(r.longest, 12 + question + soas + apex_ns + addresses + servers + glue);
}

/* -- IXFR --------------------------------------------------------------------------------------------------------- */

static void ixfr_of_an_older_serial_is_answered_as_axfr(void **state) {
	struct lab *lab = *state;
	ask_ixfr(lab, 6, SERVE_TCP);
	struct received r = pull(lab, 65535, NULL);
	assert_int_equal(r.records, 8);
	assert_int_equal(load_u16(lab->answer + 12 + 9), RR_IXFR);
}

static void ixfr_of_the_current_or_a_newer_serial_is_answered_by_the_soa(void **state) {
	for (uint32_t serial = 7; serial < 9; serial++) {
		ask_ixfr(*state, serial, SERVE_TCP);
		assert_string_equal(lab_show(*state), "NOERROR aa\n" SOA_LINE);
	}
}

static void ixfr_over_udp_is_answered_by_the_soa(void **state) {
	ask_ixfr(*state, 6, SERVE_UDP);
	assert_string_equal(lab_show(*state), "NOERROR aa\n" SOA_LINE);
}

static void ixfr_without_a_serial_is_formerr(void **state) {
	assert_string_equal(lab_ask(*state, "example. IXFR tcp"), "FORMERR\n");
}

/* Every message of the stream is padded to whole blocks; false: none has an OPT record but the first. */
static void expect_padding(struct lab *lab, bool padded, struct tsig_state *tsig) {
	unsigned messages = 0;
	assert_non_null(lab->stream);
	for (long n; (n = serve_stream_next(lab->stream, lab_now(), lab->answer, 65535)) > 0; messages++) {
		struct message m;
		assert_int_equal(message_parse(lab->answer, (size_t)n, &m), OK);
		assert_int_equal(m.edns.present, padded || messages == 0);
		if (padded) assert_int_equal(n % 468, 0);
		if (tsig) assert_int_equal(tsig_verify_answer(tsig, &m, (uint64_t)lab_now().wall_s), OK);
	}
	assert_true(messages > 1);
}

static void every_message_over_tls_is_padded_when_asked(void **state) {
	struct lab *lab = *state;
	static char many[200000];
	size_t len = (size_t)snprintf(many, sizeof(many), "%s", zone);
	for (unsigned i = 0; i < 3000; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len, "h%u A 192.0.2.1\n", i);
	lab_zone(lab, "large.", many, SIGN_NONE);
	ask(lab, "large. AXFR tls opt=12:");
	expect_padding(lab, true, NULL);
	ask(lab, "large. AXFR tls nsid opt=12:");
	expect_padding(lab, true, NULL);
	ask(lab, "large. AXFR tls edns=1232");
	expect_padding(lab, false, NULL);
	ask(lab, "large. AXFR tcp opt=12:");
	expect_padding(lab, false, NULL);
}

int main(void) {
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(axfr_has_every_record_between_two_soas),
		ROW(axfr_of_a_signed_zone_has_signatures_and_chain),
		ROW(axfr_over_udp_is_not_implemented),
		ROW(stranger_is_refused),
		ROW(zone_without_a_version_is_servfail),
		ROW(too_many_transfers_are_turned_away),
		ROW(key_admits_from_anywhere_and_signs_every_message),
		ROW(small_messages_lose_nothing),
		ROW(record_that_fits_no_message_ends_the_stream),
		ROW(version_outlives_its_zone_while_it_is_sent),
		ROW(large_zone_comes_in_messages_of_moderate_size),
		ROW(names_are_sent_once),
		ROW(ixfr_of_an_older_serial_is_answered_as_axfr),
		ROW(ixfr_of_the_current_or_a_newer_serial_is_answered_by_the_soa),
		ROW(ixfr_over_udp_is_answered_by_the_soa),
		ROW(every_message_over_tls_is_padded_when_asked),
		ROW(ixfr_without_a_serial_is_formerr),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

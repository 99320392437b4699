/* Options of requests and of answers (RFC 6891 section 6.1.2): NSID, EXPIRE, ZONEVERSION, keepalive, padding, cookies
 * and extended errors; what goes first when room is short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab.h"

#define WWW "AN www.example. 3600 A 192.0.2.80\n"
#define CLIENT "opt=10:0102030405060708"

static const char
	*const text = "@ SOA ns admin 7 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.80\n"
		      "cut NS ns.cut\nns.cut A 192.0.2.1\nout CNAME www.a.b.\n";

static int setup(void **state) {
	struct lab *lab = lab_new_with("ns2.test", 1232);
	lab->settings.cookies = true;
	lab->settings.tcp_idle_ms = 12345;
	lab_configure(lab);
	lab_zone(lab, "example.", text, SIGN_NONE);
	lab_zone(lab, "a.b.", text, SIGN_NONE);
	*state = lab;
	return 0;
}
static int teardown(void **state) {
	lab_free(*state);
	return 0;
}

#define ANSWERS(question, expected) assert_string_equal(lab_ask(*state, question), expected)
#define BEGINS(question, expected)                                                                           \
	assert_int_equal(strncmp(lab_ask(*state, question), expected, strlen(expected)), 0)

/* -- one option each --------------------------------------------------------------------------------------------- */

static void nsid_is_told_when_asked_whatever_it_holds(void **state) {
	ANSWERS("www.example. A nsid", "NOERROR aa edns nsid=ns2.test\n" WWW);
	ANSWERS("www.example. A opt=3:aabb", "NOERROR aa edns nsid=ns2.test\n" WWW);
	ANSWERS("www.other. A nsid", "REFUSED edns nsid=ns2.test ede=20\n");
	ANSWERS("www.example. A edns=1232", "NOERROR aa edns\n" WWW);
}

static void options_that_we_do_not_know_are_ignored(void **state) {
	ANSWERS("www.example. A opt=65001:01 opt=8:0001180001 opt=0: opt=5:010203", "NOERROR aa edns\n" WWW);
}

static void expire_is_told_with_the_soa_of_a_zone_whose_end_is_known(void **state) {
	struct lab *lab = *state;
	struct name name;
	assert_int_equal(name_parse("example.", &name), OK);
	struct zone_entry *entry = table_find(lab->table, name.wire);
	BEGINS("example. SOA opt=9:", "NOERROR aa edns\n");
	atomic_store(&entry->expires_at_s, lab_now().wall_s + 1000);
	BEGINS("example. SOA opt=9:", "NOERROR aa edns expire=1000\n");
	BEGINS("example. SOA opt=9:00000005 opt=9:", "NOERROR aa edns expire=1000\n");
	lab->later_s = 999;
	BEGINS("example. SOA opt=9: tcp", "NOERROR aa edns expire=1\n");
	lab->later_s = 5000;
	BEGINS("example. SOA opt=9:", "NOERROR aa edns expire=0\n");
	lab->later_s = 0;
	BEGINS("example. NS opt=9:", "NOERROR aa edns\n");
	BEGINS("www.example. SOA opt=9:", "NOERROR aa edns\n");
	atomic_store(&entry->expires_at_s, lab_now().wall_s + ((int64_t)1 << 40));
	BEGINS("example. SOA opt=9:", "NOERROR aa edns expire=4294967295\n");
}

static void zoneversion_tells_which_version_answered(void **state) {
	BEGINS("www.example. A opt=19:", "NOERROR aa edns version=1/0/7\n");
	BEGINS("nx.example. A opt=19:", "NXDOMAIN aa edns version=1/0/7\n");
	BEGINS("www.example. MX opt=19:", "NOERROR aa edns version=1/0/7\n");
	BEGINS("x.cut.example. A opt=19:", "NOERROR edns version=1/0/7\n");
	BEGINS("www.a.b. A opt=19: tcp", "NOERROR aa edns version=2/0/7\n");
	/* Of the zone that the question's name is in, wherever its alias leads. */
	BEGINS("out.example. A opt=19:", "NOERROR aa edns version=1/0/7\n");
}

static void zoneversion_is_not_told_where_no_zone_answers(void **state) {
	struct lab *lab = *state;
	lab_entry(lab, "pending.");
	ANSWERS("www.other. A opt=19:", "REFUSED edns ede=20\n");
	ANSWERS("www.pending. A opt=19:", "SERVFAIL edns ede=14\n");
	ANSWERS("id.server. TXT class=3 opt=19:", "NOERROR edns\nAN id.server. 0 TXT \"ns2.test\"\n");
}

static void zoneversion_with_a_version_in_the_request_is_formerr(void **state) {
	ANSWERS("www.example. A opt=19:010000000007", "FORMERR edns\n");
	ANSWERS("www.example. A opt=19:01", "FORMERR edns\n");
}

static void keepalive_is_told_over_tcp_and_tls_only(void **state) {
	struct lab *lab = *state;
	ANSWERS("www.example. A opt=11: tcp", "NOERROR aa edns keepalive=123\n" WWW);
	ANSWERS("www.example. A opt=11: tls", "NOERROR aa edns keepalive=123\n" WWW);
	ANSWERS("www.example. A opt=11:", "NOERROR aa edns\n" WWW);
	ANSWERS("www.example. A opt=11:0001", "NOERROR aa edns\n" WWW);
	ANSWERS("www.example. A edns=1232 tcp", "NOERROR aa edns\n" WWW);
	lab->tcp_idle_ms = 5000; /* with many clients a connection has less */
	ANSWERS("www.example. A opt=11: tcp", "NOERROR aa edns keepalive=50\n" WWW);
	lab->tcp_idle_ms = 20000;
	ANSWERS("www.example. A opt=11: tcp", "NOERROR aa edns keepalive=123\n" WWW);
	lab->tcp_idle_ms = 0;
	lab->settings.tcp_idle_ms = 0;
	lab_configure(lab);
	ANSWERS("www.example. A opt=11: tcp", "NOERROR aa edns\n" WWW);
	lab->settings.tcp_idle_ms = 100000000;
	lab_configure(lab);
	ANSWERS("www.example. A opt=11: tcp", "NOERROR aa edns keepalive=65535\n" WWW);
}

/* -- padding ------------------------------------------------------------------------------------------------------ */

static void answers_over_tls_are_padded_to_blocks_when_asked(void **state) {
	struct lab *lab = *state;
	BEGINS("www.example. A opt=12:0000 tls", "NOERROR aa edns padding=");
	assert_int_equal(lab->answer_len, 468);
	BEGINS("www.example. A nsid opt=12: tls", "NOERROR aa edns nsid=ns2.test padding=");
	assert_int_equal(lab->answer_len, 468);
	BEGINS("www.other. A opt=12: tls", "REFUSED edns ede=20 padding=");
	assert_int_equal(lab->answer_len, 468);
	uint16_t len = 0;
	const uint8_t *padding = lab_option(lab, EDNS_PADDING, &len);
	assert_non_null(padding);
	for (unsigned i = 0; i < len; i++)
		assert_int_equal(padding[i], 0);
}

static void nothing_is_padded_elsewhere_or_unasked(void **state) {
	ANSWERS("www.example. A opt=12:", "NOERROR aa edns\n" WWW);
	ANSWERS("www.example. A opt=12: tcp", "NOERROR aa edns\n" WWW);
	ANSWERS("www.example. A edns=1232 tls", "NOERROR aa edns\n" WWW);
}

static void signed_answers_are_padded_with_their_signature(void **state) {
	struct lab *lab = *state;
	struct lab_question q = lab_parse("www.example. A opt=12:");
	struct tsig_state tsig = { 0 };
	uint64_t now_s = (uint64_t)lab_now().wall_s;
	struct message m;
	lab_build(lab, &q);
	assert_int_equal(tsig_sign_request(&tsig, &lab->key, now_s, lab->request, lab->request_len,
	                                   sizeof(lab->request), &lab->request_len),
	                 OK);
	lab_send(lab, SERVE_TLS);
	assert_int_equal(lab->answer_len, 468);
	assert_int_equal(message_parse(lab->answer, lab->answer_len, &m), OK);
	assert_int_equal(tsig_verify_answer(&tsig, &m, now_s), OK);
	tsig_done(&tsig);
}

static void every_length_is_padded_to_whole_blocks(void **state) {
	struct lab *lab = *state;
	char xs[241] = "", zone[16000] = "@ SOA ns admin 7 3600 600 86400 300\n@ NS ns\n", question[64];
	memset(xs, 'x', sizeof(xs) - 1);
	for (unsigned i = 1; i < 60; i++)
		text_add(zone, sizeof(zone), "l%u TXT %.*s\n", i, (int)(i * 4), xs);
	lab_zone(lab, "pad.", zone, SIGN_NSEC);
	for (unsigned i = 1; i < 60; i++) {
		snprintf(question, sizeof(question), "l%u.pad. TXT do opt=12: tls", i);
		BEGINS(question, "NOERROR aa do padding=");
		assert_int_equal(lab->answer_len % 468, 0);
	}
	/* What the buffer can't hold is not padded. */
	lab->cap = 300;
	BEGINS("www.example. A opt=12: tls", "NOERROR aa edns padding=");
	assert_int_equal(lab->answer_len, 300);
}

/* -- cookies: RFC 7873 section 5.2 ----------------------------------------------------------------------------------- */

/* A question with the cookie of the last answer, its octet `damaged` changed (24: none). */
static const char *ask_with_last_cookie(struct lab *lab, const char *question, unsigned damaged) {
	char again[256];
	uint16_t len = 0;
	const uint8_t *cookie = lab_option(lab, EDNS_COOKIE, &len);
	assert_non_null(cookie);
	assert_int_equal(len, COOKIE_LEN);
	snprintf(again, sizeof(again), "%s opt=10:", question);
	for (unsigned i = 0; i < len; i++)
		text_add(again, sizeof(again), "%02x", cookie[i] ^ (i == damaged));
	return lab_ask(lab, again);
}

static void client_cookie_is_answered_with_a_server_cookie(void **state) {
	struct lab *lab = *state;
	uint16_t len = 0;
	ANSWERS("www.example. A " CLIENT, "NOERROR aa edns cookie=24\n" WWW);
	assert_memory_equal(lab_option(lab, EDNS_COOKIE, &len), "\1\2\3\4\5\6\7\10\1\0\0\0", 12);
	ANSWERS("www.other. A " CLIENT, "REFUSED edns cookie=24 ede=20\n");
}

static void valid_cookie_comes_back_and_a_bad_one_is_replaced(void **state) {
	struct lab *lab = *state;
	struct serve_counters c;
	uint8_t first[COOKIE_LEN];
	uint16_t len = 0;
	lab_ask(lab, "www.example. A " CLIENT);
	memcpy(first, lab_option(lab, EDNS_COOKIE, &len), COOKIE_LEN);
	lab->later_s = 60;
	assert_string_equal(ask_with_last_cookie(lab, "www.example. A", 24),
	                    "NOERROR aa edns cookie=24\n" WWW);
	assert_memory_equal(lab_option(lab, EDNS_COOKIE, &len), first, COOKIE_LEN);
	assert_string_equal(ask_with_last_cookie(lab, "www.example. A", 20),
	                    "NOERROR aa edns cookie=24\n" WWW);
	assert_memory_not_equal(lab_option(lab, EDNS_COOKIE, &len), first, COOKIE_LEN);
	lab->later_s = 4000;
	assert_string_equal(ask_with_last_cookie(lab, "www.example. A", 24),
	                    "NOERROR aa edns cookie=24\n" WWW);
	serve_count(lab->serve, &c);
	assert_int_equal(c.cookies_new, 1);
	assert_int_equal(c.cookies_valid, 1);
	assert_int_equal(c.cookies_bad, 2);
}

static void malformed_cookie_is_formerr_and_told_so_with_opt(void **state) {
	ANSWERS("www.example. A opt=10:", "FORMERR edns\n");
	ANSWERS("www.example. A opt=10:01020304050607", "FORMERR edns\n");
	ANSWERS("www.example. A opt=10:010203040506070809", "FORMERR edns\n");
}

static void only_the_first_of_several_cookies_counts(void **state) {
	ANSWERS("www.example. A " CLIENT " opt=10:01", "NOERROR aa edns cookie=24\n" WWW);
	ANSWERS("www.example. A opt=10:01 " CLIENT, "FORMERR edns\n");
}

static void cookies_can_be_switched_off(void **state) {
	struct lab *lab = *state;
	lab->settings.cookies = false;
	lab_configure(lab);
	ANSWERS("www.example. A " CLIENT, "NOERROR aa edns\n" WWW);
	ANSWERS("www.example. A opt=10:01", "NOERROR aa edns\n" WWW);
}

/* Section 5.4. */
static const char *ask_without_question(struct lab *lab, const char *options) {
	char asked[256];
	snprintf(asked, sizeof(asked), ". A %s", options);
	struct lab_question q = lab_parse(asked);
	lab_build(lab, &q);
	size_t question_len = 5, rest = lab->request_len - MESSAGE_HEADER_LEN - question_len;
	memmove(lab->request + MESSAGE_HEADER_LEN, lab->request + MESSAGE_HEADER_LEN + question_len, rest);
	lab->request_len -= question_len;
	lab->request[5] = 0;
	lab_send(lab, SERVE_UDP);
	return lab_show(lab);
}

static void a_cookie_may_be_asked_for_without_a_question(void **state) {
	struct lab *lab = *state;
	char good[128] = "opt=10:", bad[] = "opt=10:0102030405060708aaaaaaaaaaaaaaaa";
	uint16_t len = 0;
	assert_string_equal(ask_without_question(lab, CLIENT), "NOERROR edns cookie=24\n");
	const uint8_t *cookie = lab_option(lab, EDNS_COOKIE, &len);
	for (unsigned i = 0; i < len; i++)
		text_add(good, sizeof(good), "%02x", cookie[i]);
	assert_string_equal(ask_without_question(lab, good), "NOERROR edns cookie=24\n");
	assert_string_equal(ask_without_question(lab, bad), "BADCOOKIE edns cookie=24\n");
	assert_string_equal(ask_without_question(lab, "opt=10:01"), "FORMERR edns\n");
	assert_string_equal(ask_without_question(lab, "edns=1232"), "FORMERR edns\n");
	assert_string_equal(ask_without_question(lab, "nsid"), "FORMERR edns nsid=ns2.test\n");
	lab->settings.cookies = false;
	lab_configure(lab);
	assert_string_equal(ask_without_question(lab, CLIENT), "FORMERR edns\n");
}

static void a_random_secret_outlives_other_settings(void **state) {
	struct lab *lab = *state;
	uint8_t first[COOKIE_LEN];
	uint16_t len = 0;
	lab_ask(lab, "www.example. A " CLIENT);
	memcpy(first, lab_option(lab, EDNS_COOKIE, &len), COOKIE_LEN);
	lab->settings.nsid = NULL;
	lab_configure(lab);
	ask_with_last_cookie(lab, "www.example. A", 24);
	assert_memory_equal(lab_option(lab, EDNS_COOKIE, &len), first, COOKIE_LEN);
	lab->settings.cookie_secrets.count = 1;
	lab_configure(lab);
	ask_with_last_cookie(lab, "www.example. A", 24);
	assert_memory_not_equal(lab_option(lab, EDNS_COOKIE, &len), first, COOKIE_LEN);
}

/* -- extended errors: RFC 8914 ---------------------------------------------------------------------------------------- */

#define TELLS(question, expected)                                                                            \
	do {                                                                                                 \
		uint16_t told_len = 0;                                                                       \
		lab_ask(*state, question);                                                                   \
		const uint8_t *told = lab_option(*state, EDNS_EDE, &told_len);                               \
		assert_non_null(told);                                                                       \
		assert_int_equal(told_len, 2 + strlen(expected));                                            \
		assert_memory_equal(told + 2, expected, strlen(expected));                                   \
	} while (0)

static void errors_say_why(void **state) {
	struct lab *lab = *state;
	struct zone_entry *entry = lab_entry(lab, "new.test.");
	TELLS("www.new.test. A edns=1232", "zone is not loaded yet");
	table_publish(lab->table, entry, NULL, ZONE_EXPIRED);
	TELLS("www.new.test. A edns=1232", "zone expired");
	atomic_store(&entry->expires_at_s, 1795693256);
	TELLS("www.new.test. A edns=1232", "zone expired at 2026-11-26T11:40:56Z");
	TELLS("www.other. A edns=1232", "");
	TELLS("www.example. A class=4 edns=1232", "");
	TELLS("example. AXFR edns=1232", "zones are transferred by TCP");
	lab->policy.query_limited = true;
	TELLS("www.example. A edns=1232", "this zone is not for this client");
}

static void nothing_is_said_to_who_does_not_ask_by_edns(void **state) {
	ANSWERS("www.other. A", "REFUSED\n");
}

static void the_text_and_then_the_error_go_when_room_is_short(void **state) {
	struct lab *lab = *state;
	size_t whole = 0;
	lab_entry(lab, "new.test.");
	for (size_t cap = 600; cap > 10; cap--) {
		uint16_t len = 0;
		lab->cap = cap;
		const char *shown = lab_ask(lab, "www.new.test. A edns=1232");
		assert_true(lab->answer_len <= cap);
		if (cap == 600) whole = lab->answer_len;
		if (lab->answer_len == 0) continue;
		const uint8_t *error = lab_option(lab, EDNS_EDE, &len);
		assert_string_equal(shown, error ? "SERVFAIL edns ede=14\n" : "SERVFAIL edns\n");
		if (cap < whole) assert_true(!error || len == 2);
		if (cap >= whole - 22) assert_non_null(error);
	}
}

/* -- room ------------------------------------------------------------------------------------------------------------- */

static void options_never_make_an_answer_longer_than_agreed(void **state) {
	struct lab *lab = *state;
	char nsid[255 + 1], question[600];
	memset(nsid, 'n', 255);
	nsid[255] = 0;
	lab->settings.nsid = nsid;
	lab_configure(lab);
	for (unsigned labels = 1; labels <= 120; labels++) {
		question[0] = 0;
		for (unsigned i = 0; i < labels; i++)
			text_add(question, sizeof(question), "x.");
		text_add(question, sizeof(question),
		         "example. A edns=512 nsid " CLIENT " opt=19: opt=9: opt=12:");
		const char *shown = lab_ask(lab, question);
		assert_true(lab->answer_len <= 512);
		assert_int_equal(strncmp(shown, "NXDOMAIN aa ", 12) == 0 || strstr(shown, " tc ") != NULL, 1);
		assert_non_null(strstr(shown, "cookie=24"));
	}
}

static void what_does_not_fit_is_given_up_in_the_order_of_need(void **state) {
	struct lab *lab = *state;
	struct name name;
	assert_int_equal(name_parse("example.", &name), OK);
	atomic_store(&table_find(lab->table, name.wire)->expires_at_s, lab_now().wall_s + 9);
	const size_t base = MESSAGE_HEADER_LEN + 9 + 4 + 11;
	const char *question = "example. SOA nsid opt=19: opt=9: " CLIENT;
	lab->cap = base;
	BEGINS(question, "NOERROR aa tc edns\n");
	lab->cap = base + 28;
	BEGINS(question, "NOERROR aa tc edns cookie=24\n");
	lab->cap += 8;
	BEGINS(question, "NOERROR aa tc edns cookie=24 expire=9\n");
	lab->cap += 10;
	BEGINS(question, "NOERROR aa tc edns cookie=24 expire=9 version=1/0/7\n");
	lab->cap += 12;
	BEGINS(question, "NOERROR aa tc edns cookie=24 expire=9 version=1/0/7 nsid=ns2.test\n");
	lab->cap = 512;
	BEGINS(question, "NOERROR aa edns cookie=24 expire=9 version=1/0/7 nsid=ns2.test\n");
}

static void transfers_out_tell_options_in_their_first_message(void **state) {
	struct lab *lab = *state;
	struct name name;
	assert_int_equal(name_parse("example.", &name), OK);
	atomic_store(&table_find(lab->table, name.wire)->expires_at_s, lab_now().wall_s + 77);
	struct lab_question q = lab_parse("example. AXFR nsid opt=9: opt=12: opt=19: opt=11: " CLIENT);
	lab_build(lab, &q);
	assert_int_equal(lab_send(lab, SERVE_TLS), 0);
	assert_non_null(lab->stream);
	lab->answer_len = (size_t)serve_stream_next(lab->stream, lab_now(), lab->answer, 65535);
	const char *first =
		"NOERROR aa edns cookie=24 keepalive=123 expire=77 version=1/0/7 nsid=ns2.test padding=";
	assert_int_equal(strncmp(lab_show(lab), first, strlen(first)), 0);
	assert_int_equal(serve_stream_next(lab->stream, lab_now(), lab->answer, 65535), 0);
}

int main(void) {
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(nsid_is_told_when_asked_whatever_it_holds),
		ROW(options_that_we_do_not_know_are_ignored),
		ROW(expire_is_told_with_the_soa_of_a_zone_whose_end_is_known),
		ROW(zoneversion_tells_which_version_answered),
		ROW(zoneversion_is_not_told_where_no_zone_answers),
		ROW(zoneversion_with_a_version_in_the_request_is_formerr),
		ROW(keepalive_is_told_over_tcp_and_tls_only),
		ROW(answers_over_tls_are_padded_to_blocks_when_asked),
		ROW(nothing_is_padded_elsewhere_or_unasked),
		ROW(signed_answers_are_padded_with_their_signature),
		ROW(every_length_is_padded_to_whole_blocks),
		ROW(client_cookie_is_answered_with_a_server_cookie),
		ROW(valid_cookie_comes_back_and_a_bad_one_is_replaced),
		ROW(malformed_cookie_is_formerr_and_told_so_with_opt),
		ROW(only_the_first_of_several_cookies_counts),
		ROW(cookies_can_be_switched_off),
		ROW(a_cookie_may_be_asked_for_without_a_question),
		ROW(a_random_secret_outlives_other_settings),
		ROW(errors_say_why),
		ROW(nothing_is_said_to_who_does_not_ask_by_edns),
		ROW(the_text_and_then_the_error_go_when_room_is_short),
		ROW(options_never_make_an_answer_longer_than_agreed),
		ROW(what_does_not_fit_is_given_up_in_the_order_of_need),
		ROW(transfers_out_tell_options_in_their_first_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Answers beyond a rate limit: which of them are alike, what is sent instead, whom no limit holds for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab.h"

enum { PER_S = 20, HELD = 40 };

#define ZONE                                                                                                   \
	"@ SOA ns admin 7 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.80\nmail A 192.0.2.81\n" \
	"*.wild A 192.0.2.82\n*.wild TXT a\n*.other A 192.0.2.83\nd DNAME www.example.\n"                      \
	"sub NS ns.sub\nns.sub A 192.0.2.1\nsub2 NS ns.sub2\nns.sub2 A 192.0.2.2\n"

static struct rate_settings limits(uint32_t per_s, uint32_t all_per_s) {
	struct rate_settings s = { .slip = 2, .ipv4_prefix = 24, .ipv6_prefix = 64 };
	for (unsigned i = 0; i < RATE_ALL; i++)
		s.per_s[i] = per_s;
	s.per_s[RATE_ALL] = all_per_s;
	return s;
}

static int setup(void **state) {
	struct lab *lab = lab_new_with("a server with a name", 1232);
	lab_zone(lab, "example.", ZONE, SIGN_NSEC);
	lab_zone(lab, "second.", ZONE, SIGN_NONE);
	lab->settings.cookies = true;
	lab->settings.rate_limit = limits(PER_S, 0);
	lab_configure(lab);
	*state = lab;
	return 0;
}
static int teardown(void **state) {
	lab_free(*state);
	return 0;
}

struct tally {
	unsigned whole, slipped, dropped;
};

/* Ask count times; "%u" in the question is the number of the time.  short_form: what a slipped answer begins with. */
static struct tally flood(struct lab *lab, const char *question, unsigned count, const char *short_form) {
	struct tally t = { 0 };
	for (unsigned i = 0; i < count; i++) {
		char text[256] = "";
		const char *number = strstr(question, "%u");
		int head = number ? (int)(number - question) : (int)strlen(question);
		snprintf(text, sizeof(text), "%.*s", head, question);
		if (number) snprintf(text + head, sizeof(text) - (size_t)head, "%u%s", i, number + 2);
		const char *shown = lab_ask(lab, text);
		if (strcmp(shown, "nothing\n") == 0)
			t.dropped++;
		else if (strcmp(shown, short_form) == 0)
			t.slipped++;
		else
			t.whole++;
	}
	return t;
}

/* The question's answers are held back after a second's worth of them. */
static void expect_limited(struct lab *lab, const char *question, const char *short_form) {
	struct tally t = flood(lab, question, PER_S + HELD, short_form);
	assert_int_equal(t.whole, PER_S);
	assert_int_equal(t.slipped, HELD / 2);
	assert_int_equal(t.dropped, HELD / 2);
}

/* One more answer comes whole, in a network that is over its meter. */
static bool comes_whole(struct lab *lab, const char *question, const char *short_form) {
	return flood(lab, question, 1, short_form).whole == 1;
}

/* -- what is sent instead ------------------------------------------------------------------------------------------ */

static void held_answers_are_empty_with_tc_or_none(void **state) {
	struct lab *lab = *state;
	struct serve_counters c;
	expect_limited(lab, "www.example. A", "NOERROR aa tc\n");
	serve_count(lab->serve, &c);
	assert_int_equal(c.rate_slipped, HELD / 2);
	assert_int_equal(c.rate_dropped, HELD / 2);
	assert_int_equal(c.answers, PER_S + HELD / 2);
	assert_int_equal(c.truncated, HELD / 2);
	lab->later_s = 2;
	expect_limited(lab, "www.example. A", "NOERROR aa tc\n");
}

static void short_answer_tells_nothing_else(void **state) {
	struct lab *lab = *state;
	/* NSID, ZONEVERSION; an expired error there could be. */
	const char *question = "www.example. A do nsid opt=19:";
	(void)flood(lab, question, PER_S, "NOERROR aa tc do\n");
	assert_string_equal(lab_ask(lab, question), "NOERROR aa tc do\n");
	assert_true(lab->answer_len <= lab->request_len);
	assert_int_equal(load_u16(lab->answer), 0x1234);
	struct message m;
	assert_int_equal(message_parse(lab->answer, lab->answer_len, &m), OK);
	assert_int_equal(m.header.qdcount, 1);
}

static void short_answer_keeps_its_rcode(void **state) {
	expect_limited(*state, "no%u.example. A", "NXDOMAIN aa tc\n");
}

static void referral_has_no_authority_when_short(void **state) {
	expect_limited(*state, "www.sub.example. A edns=1232", "NOERROR tc edns\n");
}

static void client_cookie_gets_badcookie(void **state) {
	struct lab *lab = *state;
	expect_limited(lab, "www.example. A nsid opt=10:0102030405060708", "BADCOOKIE edns cookie=24\n");
	assert_int_equal(addr_parse("127.0.1.1@4000", 0, &lab->peer), OK);
	expect_limited(lab, "no%u.example. A opt=10:0102030405060708", "BADCOOKIE edns cookie=24\n");
}

static void errors_stay_as_they_are_but_for_their_words(void **state) {
	struct lab *lab = *state;
	struct tally t = flood(lab, "www%u.elsewhere. A edns=1232 nsid", PER_S + HELD, "REFUSED edns\n");
	assert_int_equal(t.whole, PER_S);
	assert_int_equal(t.slipped, HELD / 2);
	/* All errors are one kind. */
	assert_false(comes_whole(lab, "www.example. A version=1", "BADVERS edns\n"));
	/* Here a cookie comes with the error anyway. */
	t = flood(lab, "www.elsewhere. A opt=10:0102030405060708", HELD, "REFUSED edns cookie=24\n");
	assert_int_equal(t.slipped, HELD / 2);
	assert_int_equal(t.dropped, HELD / 2);
}

static void malformed_requests_are_limited(void **state) {
	struct lab *lab = *state;
	struct lab_question q = lab_parse("www.example. A");
	unsigned answers = 0;
	lab_build(lab, &q);
	lab->request_len -= 3;
	for (unsigned i = 0; i < PER_S + HELD; i++) {
		size_t len = lab_send(lab, SERVE_UDP);
		assert_true(len == 0 || len == MESSAGE_HEADER_LEN);
		answers += len > 0;
	}
	assert_int_equal(answers, PER_S + HELD / 2);
}

/* Answers of no zone count with the errors, but what they hold is not sent in the short form. */
static void chaos_is_limited(void **state) {
	expect_limited(*state, "id.server. TXT class=3", "NOERROR tc\n");
}

static void all_slip_or_none_slips(void **state) {
	struct lab *lab = *state;
	lab->settings.rate_limit.slip = 1;
	lab_configure(lab);
	assert_int_equal(flood(lab, "www.example. A", PER_S + HELD, "NOERROR aa tc\n").slipped, HELD);
	lab->settings.rate_limit.slip = 0;
	lab_configure(lab);
	assert_int_equal(flood(lab, "www.example. A", PER_S + HELD, "NOERROR aa tc\n").dropped, HELD);
}

/* -- what is one kind ---------------------------------------------------------------------------------------------- */

static void names_that_exist_are_kinds_of_their_own(void **state) {
	struct lab *lab = *state;
	expect_limited(lab, "www.example. A", "NOERROR aa tc\n");
	assert_false(comes_whole(lab, "WwW.exAmple. A", "NOERROR aa tc\n"));
	assert_true(comes_whole(lab, "mail.example. A", "NOERROR aa tc\n"));
	assert_true(comes_whole(lab, "www.example. ANY", "NOERROR aa tc\n"));
	assert_true(comes_whole(lab, "www.second. A", "NOERROR aa tc\n"));
}

static void names_of_one_wildcard_are_alike(void **state) {
	struct lab *lab = *state;
	expect_limited(lab, "a%u.wild.example. A", "NOERROR aa tc\n");
	assert_false(comes_whole(lab, "a.b.c.wild.example. A", "NOERROR aa tc\n"));
	assert_true(comes_whole(lab, "a.other.example. A", "NOERROR aa tc\n"));
	assert_true(comes_whole(lab, "a.wild.second. A", "NOERROR aa tc\n"));
}

static void names_below_one_dname_are_alike(void **state) {
	struct lab *lab = *state;
	/* It leads to names that do not exist, which is one kind too: here the walk ends outside. */
	lab_zone(lab, "third.", "@ SOA ns admin 7 3600 600 86400 300\n@ NS ns\nd DNAME elsewhere.\n",
	         SIGN_NONE);
	expect_limited(lab, "a%u.d.third. A", "NOERROR aa tc\n");
}

static void names_that_do_not_exist_are_alike(void **state) {
	struct lab *lab = *state;
	expect_limited(lab, "no%u.example. A", "NXDOMAIN aa tc\n");
	assert_false(comes_whole(lab, "a%u.d.example. A", "NXDOMAIN aa tc\n"));
	assert_true(comes_whole(lab, "no.second. A", "NXDOMAIN aa tc\n"));
}

static void types_that_do_not_exist_are_alike(void **state) {
	struct lab *lab = *state;
	expect_limited(lab, "www.example. MX", "NOERROR aa tc\n");
	assert_false(comes_whole(lab, "mail.example. TXT", "NOERROR aa tc\n"));
	assert_false(comes_whole(lab, "x.wild.example. MX", "NOERROR aa tc\n"));
	assert_true(comes_whole(lab, "www.second. MX", "NOERROR aa tc\n"));
}

static void referrals_are_alike_by_delegation(void **state) {
	struct lab *lab = *state;
	expect_limited(lab, "a%u.sub.example. A", "NOERROR tc\n");
	assert_true(comes_whole(lab, "a.sub2.example. A", "NOERROR tc\n"));
}

static void all_kinds_together_have_a_limit(void **state) {
	struct lab *lab = *state;
	lab->settings.rate_limit = limits(PER_S, 2 * PER_S);
	lab_configure(lab);
	static const char *const questions[] = { "www.example. A", "mail.example. A", "ns.example. A",
		                                 "a.wild.example. A", "a.sub.example. A" };
	unsigned whole = 0, count = sizeof(questions) / sizeof(questions[0]);
	for (unsigned i = 0; i < 20 * count; i++) {
		const char *shown = lab_ask(lab, questions[i % count]);
		whole += strcmp(shown, "nothing\n") != 0 && !strstr(shown, " tc");
	}
	/* A quarter of a second's worth of one kind before anything is looked at, and the account's three quarters. */
	assert_int_equal(whole, PER_S / 4 + 2 * PER_S * 3 / 4);
}

/* -- whom no limit holds for --------------------------------------------------------------------------------------- */

static void expect_unlimited(struct lab *lab, const char *question) {
	assert_int_equal(flood(lab, question, 10 * PER_S, "NOERROR aa tc\n").whole, 10 * PER_S);
}

static void connections_are_not_limited(void **state) {
	struct lab *lab = *state;
	expect_limited(lab, "www.example. A", "NOERROR aa tc\n");
	expect_unlimited(lab, "www.example. A tcp");
	expect_unlimited(lab, "www.example. A tls");
}

static void other_networks_lose_nothing(void **state) {
	struct lab *lab = *state;
	expect_limited(lab, "www.example. A", "NOERROR aa tc\n");
	assert_int_equal(addr_parse("127.0.1.1@4000", 0, &lab->peer), OK);
	assert_true(comes_whole(lab, "www.example. A", "NOERROR aa tc\n"));
}

static void valid_cookie_is_not_limited(void **state) {
	struct lab *lab = *state;
	char question[128] = "www.example. A opt=10:";
	uint16_t len = 0;
	lab_ask(lab, "www.example. A opt=10:0102030405060708");
	const uint8_t *cookie = lab_option(lab, EDNS_COOKIE, &len);
	assert_int_equal(len, 24);
	for (unsigned i = 0; i < len; i++)
		text_add(question, sizeof(question), "%02x", cookie[i]);
	(void)flood(lab, "www.example. A", PER_S + HELD, "NOERROR aa tc\n");
	expect_unlimited(lab, question);
	/* Nobody else has it. */
	assert_int_equal(addr_parse("127.0.0.2@4000", 0, &lab->peer), OK);
	assert_true(flood(lab, question, HELD, "BADCOOKIE edns cookie=24\n").slipped > 0);
}

static bool ask_signed(struct lab *lab, const char *question, uint8_t break_octet) {
	struct tsig_state tsig;
	struct lab_question q = lab_parse(question);
	lab_build(lab, &q);
	assert_int_equal(tsig_sign_request(&tsig, &lab->key, (uint64_t)lab_now().wall_s, lab->request,
	                                   lab->request_len, sizeof(lab->request), &lab->request_len),
	                 OK);
	lab->request[lab->request_len - 10] ^= break_octet; /* of the MAC */
	size_t len = lab_send(lab, SERVE_UDP);
	tsig_done(&tsig);
	return len > 0;
}

static void keys_are_not_limited(void **state) {
	struct lab *lab = *state;
	for (unsigned i = 0; i < 10 * PER_S; i++) {
		assert_true(ask_signed(lab, "www.example. A", 0));
		assert_int_equal(strncmp(lab_show(lab), "NOERROR aa\nAN", 13), 0);
	}
}

static void signatures_that_fail_are_limited(void **state) {
	struct lab *lab = *state;
	unsigned answers = 0;
	size_t longest = 0;
	for (unsigned i = 0; i < PER_S + HELD; i++) {
		answers += ask_signed(lab, "www.example. A nsid", 1);
		if (lab->answer_len == 0) continue;
		if (i < PER_S) {
			assert_string_equal(lab_show(lab), "NOTAUTH edns nsid=a server with a name\n");
			longest = lab->answer_len;
		} else {
			assert_string_equal(lab_show(lab), "NOTAUTH edns\n");
			assert_int_equal(lab->answer_len, longest - 4 - strlen("a server with a name"));
		}
		assert_int_equal(load_u16(lab->answer + 10), 2); /* OPT and TSIG */
	}
	assert_int_equal(answers, PER_S + HELD / 2);
}

static void notify(struct lab *lab, const char *from) {
	struct lab_question q = lab_parse("example. SOA");
	lab_build(lab, &q);
	lab->request[2] = (OPCODE_NOTIFY << 3) | 0x04;
	assert_int_equal(addr_parse(from, 0, &lab->peer), OK);
	lab_send(lab, SERVE_UDP);
}

static void notify_of_a_primary_is_not_limited(void **state) {
	struct lab *lab = *state;
	for (unsigned i = 0; i < 10 * PER_S; i++) {
		notify(lab, "192.0.2.1@5300");
		assert_string_equal(lab_show(lab), "NOERROR aa\n");
	}
	assert_int_equal(lab->notified, 10 * PER_S);
}

static void notify_of_a_stranger_is_limited(void **state) {
	struct lab *lab = *state;
	unsigned answers = 0;
	for (unsigned i = 0; i < PER_S + HELD; i++) {
		notify(lab, "192.0.2.2@5300");
		answers += lab->answer_len > 0;
	}
	assert_int_equal(answers, PER_S + HELD / 2);
}

/* -- settings ------------------------------------------------------------------------------------------------------- */

static void same_limits_go_on_over_a_reload(void **state) {
	struct lab *lab = *state;
	expect_limited(lab, "www.example. A", "NOERROR aa tc\n");
	lab->settings.nsid = "another";
	lab_configure(lab);
	assert_false(comes_whole(lab, "www.example. A", "NOERROR aa tc\n"));
	lab->settings.rate_limit.per_s[RATE_POSITIVE] = 2 * PER_S;
	lab_configure(lab);
	assert_true(comes_whole(lab, "www.example. A", "NOERROR aa tc\n"));
	lab->settings.rate_limit = limits(0, 0);
	lab_configure(lab);
	expect_unlimited(lab, "www.example. A");
	lab->settings.rate_limit = limits(PER_S, 0);
	lab_configure(lab);
	expect_limited(lab, "www.example. A", "NOERROR aa tc\n");
	serve_report(lab->serve, lab_now());
}

static void without_cookies_there_is_no_badcookie(void **state) {
	struct lab *lab = *state;
	lab->settings.cookies = false;
	lab_configure(lab);
	expect_limited(lab, "www.example. A opt=10:0102030405060708", "NOERROR aa tc edns\n");
}

#define LIMIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		LIMIT_TEST(held_answers_are_empty_with_tc_or_none),
		LIMIT_TEST(short_answer_tells_nothing_else),
		LIMIT_TEST(short_answer_keeps_its_rcode),
		LIMIT_TEST(referral_has_no_authority_when_short),
		LIMIT_TEST(client_cookie_gets_badcookie),
		LIMIT_TEST(errors_stay_as_they_are_but_for_their_words),
		LIMIT_TEST(malformed_requests_are_limited),
		LIMIT_TEST(chaos_is_limited),
		LIMIT_TEST(all_slip_or_none_slips),
		LIMIT_TEST(names_that_exist_are_kinds_of_their_own),
		LIMIT_TEST(names_of_one_wildcard_are_alike),
		LIMIT_TEST(names_below_one_dname_are_alike),
		LIMIT_TEST(names_that_do_not_exist_are_alike),
		LIMIT_TEST(types_that_do_not_exist_are_alike),
		LIMIT_TEST(referrals_are_alike_by_delegation),
		LIMIT_TEST(all_kinds_together_have_a_limit),
		LIMIT_TEST(connections_are_not_limited),
		LIMIT_TEST(other_networks_lose_nothing),
		LIMIT_TEST(valid_cookie_is_not_limited),
		LIMIT_TEST(keys_are_not_limited),
		LIMIT_TEST(signatures_that_fail_are_limited),
		LIMIT_TEST(notify_of_a_primary_is_not_limited),
		LIMIT_TEST(notify_of_a_stranger_is_limited),
		LIMIT_TEST(same_limits_go_on_over_a_reload),
		LIMIT_TEST(without_cookies_there_is_no_badcookie),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

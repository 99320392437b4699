/* The frame of answers: what is dropped, FORMERR, NOTIMP, REFUSED, SERVFAIL; EDNS (RFC 6891), sizes and
 * truncation, classes, which zone answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab.h"

#define SOA "@ SOA ns admin 7 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\n"

static int setup(void **state) {
	struct lab *lab = lab_new_with("ns2.test", 1232);
	lab_zone(lab, "example.",
	         SOA "www A 192.0.2.80\nchild NS ns.child\nns.child A 192.0.2.1\nchild DS 1 13 2 aa\n",
	         SIGN_NSEC);
	lab_zone(lab, "child.example.", SOA "www A 192.0.2.81\n", SIGN_NSEC);
	lab_zone(lab, "orphan.test.", SOA, SIGN_NONE);
	*state = lab;
	return 0;
}
static int teardown(void **state) {
	lab_free(*state);
	return 0;
}

#define ANSWERS(question, text) assert_string_equal(lab_ask(*state, question), text)
#define BEGINS(question, text) assert_int_equal(strncmp(lab_ask(*state, question), text, strlen(text)), 0)

static void short_packets_and_answers_are_dropped(void **state) {
	struct lab *lab = *state;
	struct lab_question q = lab_parse("www.example. A");
	lab_build(lab, &q);
	for (size_t len = 0; len < MESSAGE_HEADER_LEN; len++) {
		lab->request_len = len;
		assert_int_equal(lab_send(lab, SERVE_UDP), 0);
	}
	lab_build(lab, &q);
	lab->request[2] |= 0x80;
	assert_int_equal(lab_send(lab, SERVE_UDP), 0);
	struct serve_counters c;
	serve_count(lab->serve, &c);
	assert_int_equal(c.dropped, MESSAGE_HEADER_LEN + 1);
	assert_int_equal(c.answers, 0);
}

static void request_cut_anywhere_is_formerr(void **state) {
	struct lab *lab = *state;
	struct lab_question q = lab_parse("www.example. A do nsid");
	lab_build(lab, &q);
	size_t whole = lab->request_len;
	for (size_t len = MESSAGE_HEADER_LEN; len < whole; len++) {
		lab->request_len = len;
		assert_int_equal(lab_send(lab, SERVE_UDP), MESSAGE_HEADER_LEN);
		assert_string_equal(lab_show(lab), "FORMERR\n");
		assert_int_equal(load_u16(lab->answer), 0x1234);
	}
	lab->request_len = whole;
	lab_send(lab, SERVE_UDP);
	assert_int_equal(strncmp(lab_show(lab), "NOERROR", 7), 0);
	lab->request[whole] = 0; /* one octet too much */
	lab->request_len = whole + 1;
	lab_send(lab, SERVE_UDP);
	assert_string_equal(lab_show(lab), "FORMERR\n");
}

/* RFC 6891 section 7: the client learns that EDNS is known here, and that its record was wrong. */
static void faulty_opt_is_formerr_with_question_and_opt(void **state) {
	struct lab *lab = *state;
	struct lab_question q = lab_parse("www.example. A do nsid");
	struct message m;
	lab_build(lab, &q);
	lab->request[lab->request_len - 1] = 1; /* length of the option: more than there is */
	lab_send(lab, SERVE_UDP);
	assert_string_equal(lab_show(lab), "FORMERR do\n");
	assert_int_equal(message_parse(lab->answer, lab->answer_len, &m), OK);
	assert_int_equal(m.header.qdcount, 1);
	assert_in_range(lab->answer_len, 1, lab->request_len);
	lab_build(lab, &q);
	memcpy(lab->request + lab->request_len, lab->request + lab->request_len - 15, 15);
	lab->request_len += 15;
	lab->request[11] = 2;
	lab_send(lab, SERVE_UDP);
	assert_string_equal(lab_show(lab), "FORMERR do\n");
	lab_build(lab, &q);
	lab->request[lab->request_len - 15] = 0xc0; /* no root owner */
	lab->request[lab->request_len++] = 0;
	lab_send(lab, SERVE_UDP);
	assert_int_equal(strncmp(lab_show(lab), "FORMERR", 7), 0);
}

/* Records that a question has no use for are not looked at for what they say, but must be records. */
static void malformed_records_beside_the_question_are_formerr(void **state) {
	static const struct {
		const char *octets;
		size_t len;
		const char *rcode;
	} extras[] = {
		{ "\0\0\1\0\1\0\0\0\0\0\4\300\0\2\1", 15, "NOERROR" },
		{ "\0\0\1\0\1\0\0\0\0\0\3\300\0\2", 14, "FORMERR" },           /* A of three octets */
		{ "\300\14\0\17\0\1\0\0\0\0\0\4\0\1\300\14", 16, "NOERROR" },  /* MX with a pointer */
		{ "\300\14\0\17\0\1\0\0\0\0\0\4\0\1\301\377", 16, "FORMERR" }, /* it points ahead */
		{ "\300\377\0\1\0\1\0\0\0\0\0\4\300\0\2\1", 16, "FORMERR" },   /* so does the owner */
		{ "\0\0\374\0\1\0\0\0\0\0\0", 11, "FORMERR" },                 /* AXFR is no record */
		{ "\0\0\1\0\1\0\0\0\0\0\0", 11, "FORMERR" },                   /* A without data */
		{ "\0\0\0\0\1\0\0\0\0\0\0", 11, "FORMERR" },                   /* type 0 is none */
		{ "\0\377\376\0\1\0\0\0\0\0\0", 11, "NOERROR" },
	};
	struct lab *lab = *state;
	struct lab_question q = lab_parse("www.example. A");
	for (unsigned i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
		lab_build(lab, &q);
		memcpy(lab->request + lab->request_len, extras[i].octets, extras[i].len);
		lab->request_len += extras[i].len;
		lab->request[11] = 1;
		lab_send(lab, SERVE_UDP);
		assert_int_equal(strncmp(lab_show(lab), extras[i].rcode, 7), 0);
	}
}

/* Nobody has to know a key to ask in another's name. */
static void unknown_key_with_a_long_algorithm_gets_no_more_than_512_octets(void **state) {
	struct lab *lab = *state;
	char name[512] = "";
	for (unsigned i = 0; i < 4; i++)
		text_add(name, sizeof(name), "%060u.", i);
	struct lab_question q = { .type = RR_A, .class = CLASS_IN };
	text_add(q.name, sizeof(q.name), "%s", name);
	struct name question;
	assert_int_equal(name_parse(name, &question), OK);
	lab_build(lab, &q);
	struct writer w = writer_init(lab->request, sizeof(lab->request));
	w.len = lab->request_len;
	lab->request[11] = 1;
	write_bytes(&w, "\5nokey", 7);
	write_u16(&w, RR_TSIG);
	write_u16(&w, 255);
	write_u32(&w, 0);
	write_u16(&w, (uint16_t)(question.len + 16));
	write_bytes(&w, question.wire, question.len);
	for (unsigned i = 0; i < 16; i++)
		write_u8(&w, 0);
	lab->request_len = w.len;
	assert_in_range(lab_send(lab, SERVE_UDP), MESSAGE_HEADER_LEN, 512);
	assert_int_equal(strncmp(lab_show(lab), "NOTAUTH", 7), 0);
	assert_in_range(lab_send(lab, SERVE_TCP), 513, 1000); /* there it is told whole */
}

static void more_records_than_any_request_has_are_formerr(void **state) {
	struct lab *lab = *state;
	struct lab_question q = lab_parse("www.example. A");
	for (unsigned extras = 32; extras < 34; extras++) {
		lab_build(lab, &q);
		lab->request[11] = (uint8_t)extras;
		for (unsigned i = 0; i < extras; i++, lab->request_len += 15)
			memcpy(lab->request + lab->request_len, "\0\0\1\0\1\0\0\0\0\0\4\300\0\2\1", 15);
		lab_send(lab, SERVE_UDP);
		assert_int_equal(strncmp(lab_show(lab), extras == 32 ? "NOERROR" : "FORMERR", 7), 0);
	}
}

static void other_opcodes_are_not_implemented(void **state) {
	struct lab *lab = *state;
	struct lab_question q = lab_parse("example. SOA rd");
	for (unsigned opcode = 1; opcode < 16; opcode++) {
		if (opcode == OPCODE_NOTIFY) continue;
		lab_build(lab, &q);
		lab->request[2] = (uint8_t)((lab->request[2] & 0x87) | (opcode << 3));
		lab_send(lab, SERVE_UDP);
		assert_string_equal(lab_show(lab), "NOTIMP rd\n");
		assert_int_equal((lab->answer[2] >> 3) & 15, opcode);
	}
}

/* RFC 6891 section 6.1.1 wants OPT for OPT; the question may not be one. */
static void other_opcodes_with_opt_are_answered_with_opt(void **state) {
	struct lab *lab = *state;
	struct lab_question q = lab_parse("example. SOA rd nsid");
	struct message m;
	for (unsigned opcode = 1; opcode < 16; opcode++) {
		if (opcode == OPCODE_NOTIFY) continue;
		for (q.version = 0; q.version < 2; q.version++) {
			lab_build(lab, &q);
			lab->request[2] = (uint8_t)((lab->request[2] & 0x87) | (opcode << 3));
			lab_send(lab, SERVE_UDP);
			assert_string_equal(lab_show(lab), "NOTIMP rd edns nsid=ns2.test ede=21\n");
			assert_int_equal(message_parse(lab->answer, lab->answer_len, &m), OK);
			assert_int_equal(header_opcode(&m.header), opcode);
			assert_int_equal(m.header.qdcount, 0);
			assert_int_equal(m.edns.version, 0);
		}
	}
}

static void anything_but_one_question_is_formerr(void **state) {
	struct lab *lab = *state;
	struct lab_question q = lab_parse("www.example. A");
	lab_build(lab, &q);
	lab->request[5] = 0;
	lab->request_len = MESSAGE_HEADER_LEN;
	lab_send(lab, SERVE_UDP);
	assert_string_equal(lab_show(lab), "FORMERR\n");
	lab_build(lab, &q);
	size_t len = lab->request_len - MESSAGE_HEADER_LEN;
	memcpy(lab->request + lab->request_len, lab->request + MESSAGE_HEADER_LEN, len);
	lab->request[5] = 2;
	lab->request_len += len;
	lab_send(lab, SERVE_UDP);
	assert_int_equal(strncmp(lab_show(lab), "FORMERR", 7), 0);
}

static void rd_and_cd_are_echoed_and_ra_and_ad_clear(void **state) {
	ANSWERS("www.example. A rd cd ad", "NOERROR aa rd cd\nAN www.example. 3600 A 192.0.2.80\n");
}

static void zone_not_held_is_refused_without_aa(void **state) {
	ANSWERS("www.other. A", "REFUSED\n");
	ANSWERS("test. A edns=1232", "REFUSED edns ede=20\n");
	ANSWERS(". NS", "REFUSED\n");
}

static void longest_zone_answers(void **state) {
	ANSWERS("www.child.example. A", "NOERROR aa\nAN www.child.example. 3600 A 192.0.2.81\n");
}

static void ds_of_an_apex_comes_from_the_parent_zone_if_held(void **state) {
	ANSWERS("child.example. DS", "NOERROR aa\nAN child.example. 3600 DS 1 13 2 aa\n");
	BEGINS("orphan.test. DS", "NOERROR aa\nAU orphan.test. 300 SOA ns.orphan.test.");
}

static void zone_without_a_version_is_servfail(void **state) {
	struct lab *lab = *state;
	struct zone_entry *entry = lab_entry(lab, "new.test.");
	ANSWERS("www.new.test. A", "SERVFAIL\n");
	ANSWERS("www.new.test. A edns=1232", "SERVFAIL edns ede=14\n");
	table_publish(lab->table, entry, NULL, ZONE_EXPIRED);
	ANSWERS("www.new.test. A edns=1232", "SERVFAIL edns ede=24\n");
}

static void unknown_edns_version_is_badvers(void **state) {
	ANSWERS("www.example. A version=1", "BADVERS edns\n");
	ANSWERS("www.example. A version=255 do", "BADVERS do\n");
	/* Who we are may be told in any version; what is odd in another one's options is not our affair. */
	ANSWERS("www.example. A version=1 nsid opt=19:01 opt=10:01", "BADVERS edns nsid=ns2.test\n");
}

static void opt_is_answered_with_our_size(void **state) {
	struct lab *lab = *state;
	struct message m;
	lab_ask(lab, "www.example. A edns=4096");
	assert_int_equal(message_parse(lab->answer, lab->answer_len, &m), OK);
	assert_true(m.edns.present);
	assert_int_equal(m.edns.udp_size, 1232);
	assert_int_equal(m.edns.version, 0);
	lab_ask(lab, "www.example. A");
	assert_int_equal(message_parse(lab->answer, lab->answer_len, &m), OK);
	assert_false(m.edns.present);
}

static void nsid_is_told_when_asked(void **state) {
	ANSWERS("www.example. A nsid", "NOERROR aa edns nsid=ns2.test\nAN www.example. 3600 A 192.0.2.80\n");
	ANSWERS("www.other. A nsid", "REFUSED edns nsid=ns2.test ede=20\n");
}

static void other_classes_are_refused_and_any_has_no_authority(void **state) {
	ANSWERS("www.example. A class=4", "REFUSED\n");
	ANSWERS("www.example. A class=255", "NOERROR\nAN www.example. 3600 A 192.0.2.80\n");
}

static void transfers_of_unheld_zones_are_not_ours(void **state) {
	ANSWERS("other. AXFR tcp", "NOTAUTH\n");
	ANSWERS("www.example. AXFR tcp", "NOTAUTH\n");
}

/* -- sizes ------------------------------------------------------------------------------------------------------- */

static struct lab *lab_with_big_sets(void) {
	struct lab *lab = lab_new();
	size_t cap = 20000;
	char *text = calloc(1, cap);
	text_add(text, cap, "@ SOA ns admin 7 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\n");
	for (unsigned i = 0; i < 40; i++) {
		text_add(text, cap, "many A 192.0.2.%u\n", i);
		text_add(text, cap, "sub NS ns%u.sub\nns%u.sub A 198.51.100.%u\n", i, i, i);
		text_add(text, cap, "mx MX 1 host%u\nhost%u A 198.51.100.%u\n", i, i, i);
	}
	lab_zone(lab, "example.", text, SIGN_NONE);
	free(text);
	return lab;
}

static void rrset_that_does_not_fit_is_left_out_whole(void **state) {
	struct lab *lab = lab_with_big_sets();
	assert_string_equal(lab_ask(lab, "many.example. A"), "NOERROR aa tc\n");
	assert_int_equal(lab_lines(lab_ask(lab, "many.example. A edns=1232"), "AN "), 40);
	assert_int_equal(lab_lines(lab_ask(lab, "many.example. A tcp"), "AN "), 40);
	lab_free(lab);
	(void)state;
}

static void answer_is_never_longer_than_the_client_or_we_allow(void **state) {
	struct lab *lab = lab_with_big_sets();
	static const char *const questions[] = { "many.example. A", "x.sub.example. A", "mx.example. MX" };
	char text[64];
	for (unsigned size = 0; size < 2000; size += 7) {
		unsigned limit = size < 512 ? 512 : size > 1232 ? 1232 : size;
		for (unsigned i = 0; i < 3; i++) {
			snprintf(text, sizeof(text), "%s edns=%u do", questions[i], size);
			lab_ask(lab, text);
			assert_in_range(lab->answer_len, MESSAGE_HEADER_LEN, limit);
		}
	}
	lab_free(lab);
	(void)state;
}

static void needed_glue_that_does_not_fit_truncates(void **state) {
	struct lab *lab = lab_with_big_sets();
	const char *text = lab_ask(lab, "x.sub.example. A edns=1232");
	assert_int_equal(strncmp(text, "NOERROR tc edns\n", 16), 0);
	assert_int_equal(lab_lines(text, "AU "), 40);
	text = lab_ask(lab, "x.sub.example. A tcp");
	assert_int_equal(strncmp(text, "NOERROR\n", 8), 0);
	assert_int_equal(lab_lines(text, "AD "), 40);
	lab_free(lab);
	(void)state;
}

/* As many as a message of 65,535 octets holds: it is the last that may be sent to another transport. */
static void referral_to_very_many_servers_is_whole_by_tcp(void **state) {
	struct lab *lab = lab_new();
	size_t cap = 400000;
	char *text = calloc(1, cap);
	text_add(text, cap, "@ SOA ns admin 7 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\n");
	for (unsigned i = 0; i < 900; i++) {
		text_add(text, cap, "sub NS n%u.sub\nn%u.sub A 10.0.0.1\nn%u.sub AAAA 2001:db8::1\n", i, i,
		         i);
		text_add(text, cap, "beside NS n%u.sub\n", i);
	}
	lab_zone(lab, "example.", text, SIGN_NONE);
	const char *answer = lab_ask(lab, "x.sub.example. A tcp");
	assert_int_equal(strncmp(answer, "NOERROR\n", 8), 0);
	assert_int_equal(lab_lines(answer, "AD "), 1800);
	assert_int_equal(lab_lines(lab_ask(lab, "x.beside.example. A tcp"), "AD "), 1800);
	free(text);
	lab_free(lab);
	(void)state;
}

static void additional_courtesies_that_do_not_fit_are_left_out(void **state) {
	struct lab *lab = lab_with_big_sets();
	const char *text = lab_ask(lab, "mx.example. MX edns=1100");
	assert_int_equal(strncmp(text, "NOERROR aa edns\n", 16), 0);
	assert_int_equal(lab_lines(text, "AN "), 40);
	assert_in_range(lab_lines(text, "AD "), 1, 39);
	lab_free(lab);
	(void)state;
}

static void answer_fits_into_any_buffer(void **state) {
	struct lab *lab = *state;
	for (size_t cap = 0; cap < 600; cap++) {
		lab->cap = cap;
		lab_ask(lab, "www.example. A do nsid");
		assert_true(lab->answer_len <= cap);
		lab_ask(lab, "nx.example. A do nsid");
		assert_true(lab->answer_len <= cap);
	}
}

static void every_answer_is_counted(void **state) {
	struct lab *lab = *state;
	struct serve_counters c;
	lab_ask(lab, "www.example. A");
	lab_ask(lab, "nx.example. A tcp");
	lab_ask(lab, "www.other. A");
	serve_count(lab->serve, &c);
	assert_int_equal(c.queries_udp, 2);
	assert_int_equal(c.queries_tcp, 1);
	assert_int_equal(c.answers, 3);
	assert_int_equal(c.rcode_noerror, 1);
	assert_int_equal(c.rcode_nxdomain, 1);
	assert_int_equal(c.rcode_refused, 1);
}

int main(void) {
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(short_packets_and_answers_are_dropped),
		ROW(request_cut_anywhere_is_formerr),
		ROW(malformed_records_beside_the_question_are_formerr),
		ROW(unknown_key_with_a_long_algorithm_gets_no_more_than_512_octets),
		ROW(more_records_than_any_request_has_are_formerr),
		ROW(faulty_opt_is_formerr_with_question_and_opt),
		ROW(other_opcodes_are_not_implemented),
		ROW(other_opcodes_with_opt_are_answered_with_opt),
		ROW(anything_but_one_question_is_formerr),
		ROW(rd_and_cd_are_echoed_and_ra_and_ad_clear),
		ROW(zone_not_held_is_refused_without_aa),
		ROW(longest_zone_answers),
		ROW(ds_of_an_apex_comes_from_the_parent_zone_if_held),
		ROW(zone_without_a_version_is_servfail),
		ROW(unknown_edns_version_is_badvers),
		ROW(opt_is_answered_with_our_size),
		ROW(nsid_is_told_when_asked),
		ROW(other_classes_are_refused_and_any_has_no_authority),
		ROW(transfers_of_unheld_zones_are_not_ours),
		cmocka_unit_test(rrset_that_does_not_fit_is_left_out_whole),
		cmocka_unit_test(answer_is_never_longer_than_the_client_or_we_allow),
		cmocka_unit_test(needed_glue_that_does_not_fit_truncates),
		cmocka_unit_test(referral_to_very_many_servers_is_whole_by_tcp),
		cmocka_unit_test(additional_courtesies_that_do_not_fit_are_left_out),
		ROW(answer_fits_into_any_buffer),
		ROW(every_answer_is_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

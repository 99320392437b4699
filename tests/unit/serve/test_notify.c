/* NOTIFY in (RFC 1996): who may, what is answered, what the sink hears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab.h"

#define SOA "@ SOA ns admin 7 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\n"

static int setup(void **state) {
	struct lab *lab = lab_new();
	lab_zone(lab, "example.", SOA, SIGN_NONE);
	*state = lab;
	return 0;
}
static int teardown(void **state) {
	lab_free(*state);
	return 0;
}

static void build(struct lab *lab, const char *question) {
	struct lab_question q = lab_parse(question);
	lab_build(lab, &q);
	lab->request[2] = (OPCODE_NOTIFY << 3) | 0x04; /* AA, as primaries send it */
}

static void come_from(struct lab *lab, const char *address) {
	assert_int_equal(addr_parse(address, 0, &lab->peer), OK);
}

static const char *notify_from(struct lab *lab, const char *address, const char *question) {
	build(lab, question);
	come_from(lab, address);
	lab_send(lab, SERVE_UDP);
	return lab_show(lab);
}

static void primary_is_heard_from_any_port(void **state) {
	struct lab *lab = *state;
	assert_string_equal(notify_from(lab, "192.0.2.1@5300", "Example. SOA"), "NOERROR aa\n");
	assert_int_equal((lab->answer[2] >> 3) & 15, OPCODE_NOTIFY);
	assert_int_equal(lab->notified, 1);
	assert_false(lab->notified_has_serial);
}

static void stranger_is_refused_and_not_heard(void **state) {
	struct lab *lab = *state;
	assert_string_equal(notify_from(lab, "192.0.2.2@53", "example. SOA edns=1232"),
	                    "REFUSED edns ede=18\n");
	assert_int_equal(lab->notified, 0);
	assert_int_equal(lab->refused, 1);
	assert_false(lab->refused_has_key);
	struct serve_counters c;
	serve_count(lab->serve, &c);
	uint16_t len = 0;
	const uint8_t *error = lab_option(lab, EDNS_EDE, &len);
	assert_memory_equal(error + 2, "sender is no primary of this zone", len - 2U);
	assert_int_equal(len, 35);
	assert_int_equal(c.notify_refused, 1);
}

static void listed_address_is_heard(void **state) {
	struct lab *lab = *state;
	struct acl_item item = { .has_prefix = true };
	assert_int_equal(addr_prefix_parse("198.51.100.0/24", &item.prefix), OK);
	lab->policy.allow_notify = (struct acl){ &item, 1 };
	assert_string_equal(notify_from(lab, "198.51.100.7@53", "example. SOA"), "NOERROR aa\n");
	assert_int_equal(lab->notified, 1);
}

static void zone_not_held_is_not_ours(void **state) {
	assert_string_equal(notify_from(*state, "192.0.2.1@53", "other. SOA"), "NOTAUTH\n");
	assert_string_equal(notify_from(*state, "192.0.2.1@53", "www.example. SOA"), "NOTAUTH\n");
}

static void other_types_are_formerr(void **state) {
	assert_string_equal(notify_from(*state, "192.0.2.1@53", "example. A"), "FORMERR\n");
}

static void serial_of_the_answer_section_is_passed_on(void **state) {
	struct lab *lab = *state;
	build(lab, "example. SOA");
	struct writer w = writer_init(lab->request, sizeof(lab->request));
	w.len = lab->request_len;
	lab->request[7] = 1;
	write_u16(&w, 0xc00c);
	write_u16(&w, RR_SOA);
	write_u16(&w, CLASS_IN);
	write_u32(&w, 0);
	write_u16(&w, 24);
	write_u16(&w, 0xc00c);
	write_u16(&w, 0xc00c);
	write_u32(&w, 20260131);
	for (unsigned i = 0; i < 4; i++)
		write_u32(&w, 60);
	lab->request_len = w.len;
	come_from(lab, "192.0.2.1@53");
	lab_send(lab, SERVE_UDP);
	assert_string_equal(lab_show(lab), "NOERROR aa\n");
	assert_int_equal(lab->notified, 1);
	assert_true(lab->notified_has_serial);
	assert_int_equal(lab->notified_serial, 20260131);
	lab->request[w.len - 21] =
		0xff; /* a broken SOA: the next NOTIFY of the same, or the refresh time, will tell */
	lab->request[w.len - 24] = 0xff;
	lab_send(lab, SERVE_UDP);
	assert_string_equal(lab_show(lab), "FORMERR\n");
	assert_int_equal(lab->notified, 1);
}

static void sign(struct lab *lab, struct tsig_state *tsig, const struct tsig_key *key, int64_t offset_s) {
	assert_int_equal(tsig_sign_request(tsig, key, (uint64_t)(lab_now().wall_s + offset_s), lab->request,
	                                   lab->request_len, sizeof(lab->request), &lab->request_len),
	                 OK);
}

static void signed_notify_is_answered_signed(void **state) {
	struct lab *lab = *state;
	struct tsig_state tsig;
	struct message m;
	build(lab, "example. SOA");
	sign(lab, &tsig, &lab->key, 0);
	come_from(lab, "192.0.2.1@53");
	lab_send(lab, SERVE_UDP);
	assert_string_equal(lab_show(lab), "NOERROR aa\n");
	assert_int_equal(message_parse(lab->answer, lab->answer_len, &m), OK);
	assert_int_equal(tsig_verify_answer(&tsig, &m, (uint64_t)lab_now().wall_s), OK);
	assert_int_equal(lab->notified, 1);
	tsig_done(&tsig);
}

static void key_is_known_whatever_zone_is_asked_about(void **state) {
	struct lab *lab = *state;
	const char *questions[] = { "other. SOA", "example. SOA class=3" };
	for (unsigned i = 0; i < 2; i++) {
		struct tsig_state tsig;
		struct message m;
		build(lab, questions[i]);
		sign(lab, &tsig, &lab->key, 0);
		come_from(lab, "192.0.2.1@53");
		lab_send(lab, SERVE_UDP);
		assert_string_equal(lab_show(lab), "NOTAUTH\n");
		assert_int_equal(message_parse(lab->answer, lab->answer_len, &m), OK);
		assert_int_equal(tsig_verify_answer(&tsig, &m, (uint64_t)lab_now().wall_s), OK);
		tsig_done(&tsig);
	}
	assert_int_equal(lab->notified, 0);
}

static void wrong_signature_key_or_time_is_notauth(void **state) {
	struct lab *lab = *state;
	struct tsig_state tsig;
	struct message m;
	struct tsig_key other = lab->key, unknown = lab->key;
	other.secret[0] ^= 1;
	assert_int_equal(name_parse("k2.", &unknown.name), OK);
	const struct {
		const struct tsig_key *key;
		int64_t offset_s;
		enum err result;
		uint16_t told;
	} rows[] = { { &other, 0, ERR_TSIG_BADSIG, 16 },
		     { &unknown, 0, ERR_TSIG_BADKEY, 17 },
		     { &lab->key, 1000, ERR_TSIG_BADTIME, 18 } };
	come_from(lab, "192.0.2.1@53");
	for (unsigned i = 0; i < 3; i++) {
		build(lab, "example. SOA");
		sign(lab, &tsig, rows[i].key, rows[i].offset_s);
		lab_send(lab, SERVE_UDP);
		assert_string_equal(lab_show(lab), "NOTAUTH\n");
		assert_int_equal(message_parse(lab->answer, lab->answer_len, &m), OK);
		assert_int_equal(tsig_verify_answer(&tsig, &m, (uint64_t)lab_now().wall_s), rows[i].result);
		assert_int_equal(lab->refused, i + 1);
		assert_true(lab->refused_has_key);
		assert_int_equal(lab->refused_tsig_error, rows[i].told);
		tsig_done(&tsig);
	}
	assert_int_equal(lab->notified, 0);
}

static void pending_zone_takes_notify(void **state) {
	struct lab *lab = *state;
	lab_entry(lab, "new.");
	assert_string_equal(notify_from(lab, "192.0.2.1@53", "new. SOA"), "NOERROR aa\n");
	assert_int_equal(lab->notified, 1);
}

int main(void) {
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(primary_is_heard_from_any_port),   ROW(stranger_is_refused_and_not_heard),
		ROW(listed_address_is_heard),          ROW(zone_not_held_is_not_ours),
		ROW(other_types_are_formerr),          ROW(serial_of_the_answer_section_is_passed_on),
		ROW(signed_notify_is_answered_signed), ROW(wrong_signature_key_or_time_is_notauth),
		ROW(pending_zone_takes_notify),        ROW(key_is_known_whatever_zone_is_asked_about),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

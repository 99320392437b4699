/* TSIG against messages that another implementation signed (tsig_vectors.h), and against the limits of RFC 8945. */
#include "tsig_fixture.h"

static const struct vector {
	enum tsig_algorithm algorithm;
	struct bytes request, answer;
} vectors[] = {
	{ TSIG_HMAC_MD5, BYTES(vector_request_md5), BYTES(vector_signed_answer_md5) },
	{ TSIG_HMAC_SHA1, BYTES(vector_request_sha1), BYTES(vector_signed_answer_sha1) },
	{ TSIG_HMAC_SHA224, BYTES(vector_request_sha224), BYTES(vector_signed_answer_sha224) },
	{ TSIG_HMAC_SHA256, BYTES(vector_request_sha256), BYTES(vector_signed_answer_sha256) },
	{ TSIG_HMAC_SHA384, BYTES(vector_request_sha384), BYTES(vector_signed_answer_sha384) },
	{ TSIG_HMAC_SHA512, BYTES(vector_request_sha512), BYTES(vector_signed_answer_sha512) },
};
#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

/* -- agreement with another implementation ---------------------------------------------------------------------- */

static void requests_are_octet_for_octet_those_of_another_implementation(void **state) {
	(void)state;
	for (unsigned i = 0; i < VECTORS; i++) {
		struct owner o;
		struct buffer b;
		owner_init(&o, vectors[i].algorithm);
		struct tsig_state s = ask(&b, &o.key);
		same(bytes_of(&b), vectors[i].request);
		assert_int_equal(verify_answer(&s, vectors[i].answer), OK);
		assert_int_equal(tsig_finish(&s), OK);
		tsig_done(&s);
	}
}

static void answers_are_octet_for_octet_those_of_another_implementation(void **state) {
	(void)state;
	for (unsigned i = 0; i < VECTORS; i++) {
		struct owner o;
		struct buffer b;
		struct tsig_state s;
		owner_init(&o, vectors[i].algorithm);
		assert_int_equal(verify_request(&s, &o.ring, vectors[i].request), OK);
		assert_ptr_equal(s.key, &o.key);
		reply(&b, &s, BYTES(vector_answer_1));
		same(bytes_of(&b), vectors[i].answer);
		tsig_done(&s);
	}
}

static void stream_with_unsigned_messages_verifies(void **state) {
	(void)state;
	struct owner o;
	struct buffer b;
	owner_init(&o, TSIG_HMAC_SHA256);
	struct tsig_state s = ask(&b, &o.key);
	for (unsigned i = 0; i < 7; i++) {
		assert_int_equal(verify_answer_at(&s, gappy_stream[i], NOW + 5), OK);
		assert_int_equal(tsig_finish(&s), i % 3 == 0 ? OK : ERR_TSIG_MISSING);
	}
	tsig_done(&s);
}

static void stream_with_each_message_signed_is_that_of_another_implementation(void **state) {
	(void)state;
	const struct bytes plain[] = { BYTES(vector_answer_1), BYTES(vector_answer_2),
		                       BYTES(vector_answer_3) };
	const struct bytes want[] = { BYTES(vector_each_signed_1), BYTES(vector_each_signed_2),
		                      BYTES(vector_each_signed_3) };
	struct owner o;
	struct buffer b;
	struct tsig_state server;
	owner_init(&o, TSIG_HMAC_SHA256);
	struct tsig_state client = ask(&b, &o.key);
	assert_int_equal(verify_request(&server, &o.ring, bytes_of(&b)), OK);
	for (unsigned i = 0; i < 3; i++) {
		reply_at(&b, &server, plain[i], NOW + i + 1);
		same(bytes_of(&b), want[i]);
		assert_int_equal(verify_answer(&client, bytes_of(&b)), OK);
	}
	tsig_done(&server);
	tsig_done(&client);
}

static void error_answers_are_those_of_another_implementation(void **state) {
	(void)state;
	struct owner o, other;
	struct buffer b;
	struct tsig_state s;
	owner_init(&o, TSIG_HMAC_SHA256);
	assert_int_equal(verify_request_at(&s, &o.ring, BYTES(vector_request_sha256), NOW + 1000),
	                 ERR_TSIG_BADTIME);
	assert_int_equal(s.error, RCODE_BADTIME);
	reply_at(&b, &s, BYTES(vector_refusal), NOW + 1000);
	same(bytes_of(&b), BYTES(vector_badtime));
	tsig_done(&s);

	owner_init(&other, TSIG_HMAC_SHA256);
	assert_int_equal(name_parse("other.example", &other.key.name), OK);
	assert_int_equal(verify_request(&s, &other.ring, BYTES(vector_request_sha256)), ERR_TSIG_BADKEY);
	reply(&b, &s, BYTES(vector_refusal));
	same(bytes_of(&b), BYTES(vector_badkey));
	tsig_done(&s);

	o.key.secret[5] ^= 1;
	assert_int_equal(verify_request(&s, &o.ring, BYTES(vector_request_sha256)), ERR_TSIG_BADSIG);
	reply(&b, &s, BYTES(vector_refusal));
	same(bytes_of(&b), BYTES(vector_badsig));
	tsig_done(&s);
}

/* -- what the peer found wrong ----------------------------------------------------------------------------------- */

static void client_is_told_what_the_server_found_wrong(void **state) {
	(void)state;
	static const struct {
		struct bytes answer;
		enum err want;
		uint16_t error;
		uint64_t peer_time_s;
	} rows[] = {
		{ BYTES(vector_badkey), ERR_TSIG_BADKEY, RCODE_BADKEY, NOW },
		{ BYTES(vector_badsig), ERR_TSIG_BADSIG, 16, NOW },
		{ BYTES(vector_badtime), ERR_TSIG_BADTIME, RCODE_BADTIME, NOW + 1000 },
	};
	for (unsigned i = 0; i < 3; i++) {
		struct owner o;
		struct buffer b;
		owner_init(&o, TSIG_HMAC_SHA256);
		struct tsig_state s = ask(&b, &o.key);
		assert_int_equal(verify_answer(&s, rows[i].answer), rows[i].want);
		assert_int_equal(s.error, rows[i].error);
		assert_int_equal(s.peer_time_s, rows[i].peer_time_s);
		tsig_done(&s);
	}
}

static void key_of_another_algorithm_is_a_bad_key(void **state) {
	(void)state;
	struct owner o;
	struct buffer b;
	struct tsig_state s;
	owner_init(&o, TSIG_HMAC_SHA512);
	assert_int_equal(verify_request(&s, &o.ring, BYTES(vector_request_sha256)), ERR_TSIG_BADKEY);
	tsig_done(&s);
	s = ask(&b, &o.key);
	assert_int_equal(verify_answer(&s, BYTES(vector_signed_answer_sha256)), ERR_TSIG_BADKEY);
	tsig_done(&s);
}

static void time_is_checked_to_the_second_on_both_sides(void **state) {
	(void)state;
	static const struct {
		int64_t skew_s;
		enum err want;
	} rows[] = { { 300, OK },
		     { -300, OK },
		     { 301, ERR_TSIG_BADTIME },
		     { -301, ERR_TSIG_BADTIME },
		     { -NOW, ERR_TSIG_BADTIME } };
	for (unsigned i = 0; i < 5; i++) {
		struct owner o;
		struct buffer b;
		struct tsig_state s;
		uint64_t now_s = (uint64_t)(NOW + rows[i].skew_s);
		owner_init(&o, TSIG_HMAC_SHA256);
		assert_int_equal(verify_request_at(&s, &o.ring, BYTES(vector_request_sha256), now_s),
		                 rows[i].want);
		tsig_done(&s);
		s = ask(&b, &o.key);
		assert_int_equal(verify_answer_at(&s, BYTES(vector_signed_answer_sha256), now_s),
		                 rows[i].want);
		assert_int_equal(s.error, 0); /* it is us who say so */
		assert_int_equal(s.peer_time_s, NOW);
		tsig_done(&s);
	}
}

static void wrong_mac_is_told_before_wrong_time(void **state) {
	(void)state;
	struct owner o;
	struct tsig_state s;
	owner_init(&o, TSIG_HMAC_SHA256);
	o.key.secret[0] ^= 1;
	assert_int_equal(verify_request_at(&s, &o.ring, BYTES(vector_request_sha256), NOW + 9999),
	                 ERR_TSIG_BADSIG);
	tsig_done(&s);
}

static void key_names_differ_in_case_only(void **state) {
	(void)state;
	struct owner o;
	struct buffer b;
	struct tsig_state s;
	owner_init(&o, TSIG_HMAC_SHA256);
	fill(&b, BYTES(vector_request_sha256));
	b.data[sizeof(vector_question) + 1] ^= 0x20;
	assert_int_equal(verify_request(&s, &o.ring, bytes_of(&b)), OK);
	tsig_done(&s);
}

static void message_id_may_change_on_the_way(void **state) {
	(void)state;
	struct owner o;
	struct buffer b;
	struct tsig_state s;
	owner_init(&o, TSIG_HMAC_SHA256);
	fill(&b, BYTES(vector_request_sha256));
	b.data[0] ^= 0xff; /* a forwarder's own ID (section 4.2, Original ID) */
	assert_int_equal(verify_request(&s, &o.ring, bytes_of(&b)), OK);
	assert_int_equal(s.original_id, 0x1234);
	tsig_done(&s);
}

/* -- truncated MACs ---------------------------------------------------------------------------------------------- */

static void answers_have_the_macs_length_of_their_request(void **state) {
	(void)state;
	static const struct {
		struct bytes request, answer;
		uint16_t len;
	} rows[] = { { BYTES(vector_truncated_16), BYTES(vector_truncated_16_answer), 16 },
		     { BYTES(vector_truncated_31), BYTES(vector_truncated_31_answer), 31 } };
	for (unsigned i = 0; i < 2; i++) {
		struct owner o;
		struct buffer b;
		struct tsig_state s;
		owner_init(&o, TSIG_HMAC_SHA256);
		assert_int_equal(verify_request(&s, &o.ring, rows[i].request), OK);
		assert_int_equal(s.mac_out_len, rows[i].len);
		reply(&b, &s, BYTES(vector_answer_1));
		same(bytes_of(&b), rows[i].answer);
		tsig_done(&s);

		/* The client that sent it. */
		s = ask(&b, &o.key);
		s.mac_len = rows[i].len;
		assert_int_equal(verify_answer(&s, rows[i].answer), OK);
		tsig_done(&s);
	}
}

static void too_short_macs_are_not_accepted(void **state) {
	(void)state;
	struct owner o;
	struct buffer b;
	struct tsig_state s;
	owner_init(&o, TSIG_HMAC_SHA256);
	assert_int_equal(verify_request(&s, &o.ring, BYTES(vector_truncated_15)), ERR_MALFORMED);
	tsig_done(&s);
	s = ask(&b, &o.key);
	s.mac_len = 15;
	assert_int_equal(verify_answer(&s, BYTES(vector_truncated_15_answer)), ERR_TSIG_BADTRUNC);
	tsig_done(&s);
}

static void shortest_mac_is_half_but_never_below_ten(void **state) {
	(void)state;
	assert_int_equal(tsig_mac_min(TSIG_HMAC_MD5), 10);
	assert_int_equal(tsig_mac_min(TSIG_HMAC_SHA1), 10);
	assert_int_equal(tsig_mac_min(TSIG_HMAC_SHA224), 14);
	assert_int_equal(tsig_mac_min(TSIG_HMAC_SHA512), 32);
}

static void answer_without_mac_and_without_error_is_not_accepted(void **state) {
	(void)state;
	struct owner o;
	struct buffer b;
	struct tsig_state s;
	owner_init(&o, TSIG_HMAC_SHA256);
	s = ask(&b, &o.key);
	fill(&b, BYTES(vector_badkey));
	b.data[b.len - 3] = 0; /* the error field */
	assert_int_equal(verify_answer(&s, bytes_of(&b)), ERR_TSIG_BADTRUNC);
	b.data[b.len - 3] = RCODE_BADTIME; /* must be signed */
	assert_int_equal(verify_answer(&s, bytes_of(&b)), ERR_TSIG_BADTRUNC);
	tsig_done(&s);
}

/* -- unsigned messages ------------------------------------------------------------------------------------------- */

static void first_answer_must_be_signed(void **state) {
	(void)state;
	struct owner o;
	struct buffer b;
	owner_init(&o, TSIG_HMAC_SHA256);
	struct tsig_state s = ask(&b, &o.key);
	assert_int_equal(verify_answer(&s, BYTES(vector_answer_1)), ERR_TSIG_MISSING);
	assert_int_equal(tsig_finish(&s), ERR_TSIG_MISSING);
	assert_int_equal(verify_answer(&s, BYTES(vector_signed_answer_sha256)),
	                 OK); /* a forged one did no harm */
	tsig_done(&s);
}

/* The next signed message of a stream after `count` messages without signature. */
static void sign_after_unsigned(struct buffer *b, const struct tsig_state *s, unsigned count) {
	uint8_t head[10], mac[TSIG_MAC_MAX];
	void *hmac = tsig_hmac_new(s->key);
	store_u16(head, s->mac_len);
	tsig_hmac_add(hmac, head, 2);
	tsig_hmac_add(hmac, s->mac, s->mac_len);
	for (unsigned i = 0; i < count; i++)
		tsig_hmac_add(hmac, vector_answer_2, sizeof(vector_answer_2));
	tsig_hmac_add(hmac, vector_answer_3, sizeof(vector_answer_3));
	struct writer w = writer_init(head, sizeof(head));
	write_u48(&w, NOW);
	write_u16(&w, TSIG_FUDGE_S);
	tsig_hmac_add(hmac, head, w.len);
	assert_int_equal(tsig_hmac_finish(hmac, mac), OK);

	struct tsig_state copy = *s;
	copy.digest = NULL;
	reply(b, &copy, BYTES(vector_answer_3));
	memcpy(b->data + b->len - 6 - s->mac_out_len, mac, s->mac_out_len);
}

static void ninety_nine_unsigned_messages_pass_and_no_more(void **state) {
	(void)state;
	struct owner o;
	struct buffer b;
	owner_init(&o, TSIG_HMAC_SHA256);
	struct tsig_state s = ask(&b, &o.key);
	assert_int_equal(verify_answer(&s, BYTES(vector_signed_answer_sha256)), OK);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 99; i++)
			assert_int_equal(verify_answer(&s, BYTES(vector_answer_2)), OK);
		if (round == 2) break;
		sign_after_unsigned(&b, &s, 99);
		assert_int_equal(verify_answer(&s, bytes_of(&b)), OK);
		assert_int_equal(tsig_finish(&s), OK);
	}
	assert_int_equal(verify_answer(&s, BYTES(vector_answer_2)), ERR_TSIG_MISSING);
	tsig_done(&s);
}

static void exchange_without_key_stays_without(void **state) {
	(void)state;
	struct tsig_state s = { 0 };
	struct owner o;
	struct buffer b;
	owner_init(&o, TSIG_HMAC_SHA256);
	assert_int_equal(verify_answer(&s, BYTES(vector_answer_1)), OK);
	assert_int_equal(verify_answer(&s, BYTES(vector_signed_answer_sha256)), ERR_MALFORMED);
	assert_int_equal(tsig_finish(&s), OK);
	assert_int_equal(verify_request(&s, &o.ring, BYTES(vector_question)), ERR_TSIG_MISSING);
	reply(&b, &s, BYTES(vector_answer_1));
	same(bytes_of(&b), BYTES(vector_answer_1));
	tsig_done(&s);
}

/* -- room, keys, names ------------------------------------------------------------------------------------------- */

static void message_without_room_stays_as_it_was(void **state) {
	(void)state;
	struct owner o;
	struct tsig_state s;
	size_t len = 7;
	uint8_t buf[sizeof(vector_request_sha256)];
	owner_init(&o, TSIG_HMAC_SHA256);
	memcpy(buf, vector_question, sizeof(vector_question));
	for (size_t cap = sizeof(vector_question); cap < sizeof(vector_request_sha256); cap++) {
		assert_int_equal(tsig_sign_request(&s, &o.key, NOW, buf, sizeof(vector_question), cap, &len),
		                 ERR_SPACE);
		assert_int_equal(len, 7);
		assert_memory_equal(buf, vector_question, sizeof(vector_question));
		tsig_done(&s);
	}
	assert_int_equal(tsig_sign_request(&s, &o.key, NOW, buf, sizeof(vector_question), sizeof(buf), &len),
	                 OK);
	same((struct bytes){ buf, len }, BYTES(vector_request_sha256));
	tsig_done(&s);
}

static void no_record_is_longer_than_promised(void **state) {
	(void)state;
	struct owner o;
	struct buffer b;
	struct tsig_state s;
	struct writer w = writer_init(o.key.name.wire, NAME_MAX_LEN);
	for (unsigned a = TSIG_HMAC_MD5; a <= TSIG_HMAC_SHA512; a++) {
		owner_init(&o, (enum tsig_algorithm)a);
		w.len = 0;
		for (unsigned i = 0; i < 127; i++)
			write_bytes(&w, "\1a", 2);
		write_u8(&w, 0);
		o.key.name.len = 255;
		s = ask(&b, &o.key);
		struct tsig_state server;
		assert_int_equal(verify_request_at(&server, &o.ring, bytes_of(&b), NOW + 999),
		                 ERR_TSIG_BADTIME);
		assert_true(tsig_answer_len(&server) <= TSIG_RECORD_MAX);
		tsig_done(&s);
		tsig_done(&server);
	}
}

static void right_key_is_found_among_many(void **state) {
	(void)state;
	struct tsig_key keys[] = { make_key("a.example", TSIG_HMAC_SHA256),
		                   make_key("key.example", TSIG_HMAC_SHA1),
		                   make_key("key.example", TSIG_HMAC_SHA256),
		                   make_key("z.example", TSIG_HMAC_SHA256) };
	const struct tsig_key *list[] = { &keys[0], &keys[1], &keys[2], &keys[3] };
	struct tsig_keyring ring = { .keys = list, .count = 4 }, none = { 0 };
	struct tsig_state s;
	assert_int_equal(verify_request(&s, &ring, BYTES(vector_request_sha256)), OK);
	assert_ptr_equal(s.key, &keys[2]);
	tsig_done(&s);
	assert_int_equal(verify_request(&s, &none, BYTES(vector_request_sha256)), ERR_TSIG_BADKEY);
	tsig_done(&s);
}

static void algorithms_are_read_in_every_spelling(void **state) {
	(void)state;
	assert_int_equal(tsig_algorithm_parse("hmac-sha256"), TSIG_HMAC_SHA256);
	assert_int_equal(tsig_algorithm_parse("HMAC-SHA512."), TSIG_HMAC_SHA512);
	assert_int_equal(tsig_algorithm_parse("hmac-md5"), TSIG_HMAC_MD5);
	assert_int_equal(tsig_algorithm_parse("hmac-md5.sig-alg.reg.int."), TSIG_HMAC_MD5);
	assert_int_equal(tsig_algorithm_parse("hmac-sha25"), TSIG_NONE);
	assert_int_equal(tsig_algorithm_parse("hmac-sha256.."), TSIG_NONE);
	assert_int_equal(tsig_algorithm_parse("hmac-sha2567"), TSIG_NONE);
	assert_int_equal(tsig_algorithm_parse(""), TSIG_NONE);
	for (unsigned a = TSIG_HMAC_MD5; a <= TSIG_HMAC_SHA512; a++)
		assert_int_equal(tsig_algorithm_parse(tsig_algorithm_text((enum tsig_algorithm)a)), a);
}

static void secrets_are_read_from_base64(void **state) {
	(void)state;
	struct tsig_key key = { 0 };
	char text[4 * TSIG_SECRET_MAX];
	assert_int_equal(tsig_secret_parse("AQIDBA==", &key), OK);
	assert_int_equal(key.secret_len, 4);
	assert_memory_equal(key.secret, "\1\2\3\4", 4);
	assert_int_equal(tsig_secret_parse("", &key), ERR_MALFORMED);
	assert_int_equal(tsig_secret_parse("AQID*A==", &key), ERR_MALFORMED);
	assert_int_equal(tsig_secret_parse("AQIDB", &key), ERR_MALFORMED);
	assert_int_equal(key.secret_len, 4);
	memset(text, 'A', sizeof(text));
	text[684] = '\0'; /* 513 octets */
	assert_int_equal(tsig_secret_parse(text, &key), ERR_LIMIT);
	text[683] = '='; /* 512 */
	assert_int_equal(tsig_secret_parse(text, &key), OK);
	assert_int_equal(key.secret_len, TSIG_SECRET_MAX);
	text[sizeof(text) - 1] = '\0';
	text[683] = text[684] = 'A';
	assert_int_equal(tsig_secret_parse(text, &key), ERR_LIMIT);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_octet_for_octet_those_of_another_implementation),
		cmocka_unit_test(answers_are_octet_for_octet_those_of_another_implementation),
		cmocka_unit_test(stream_with_unsigned_messages_verifies),
		cmocka_unit_test(stream_with_each_message_signed_is_that_of_another_implementation),
		cmocka_unit_test(error_answers_are_those_of_another_implementation),
		cmocka_unit_test(client_is_told_what_the_server_found_wrong),
		cmocka_unit_test(key_of_another_algorithm_is_a_bad_key),
		cmocka_unit_test(time_is_checked_to_the_second_on_both_sides),
		cmocka_unit_test(wrong_mac_is_told_before_wrong_time),
		cmocka_unit_test(key_names_differ_in_case_only),
		cmocka_unit_test(message_id_may_change_on_the_way),
		cmocka_unit_test(answers_have_the_macs_length_of_their_request),
		cmocka_unit_test(too_short_macs_are_not_accepted),
		cmocka_unit_test(shortest_mac_is_half_but_never_below_ten),
		cmocka_unit_test(answer_without_mac_and_without_error_is_not_accepted),
		cmocka_unit_test(first_answer_must_be_signed),
		cmocka_unit_test(ninety_nine_unsigned_messages_pass_and_no_more),
		cmocka_unit_test(exchange_without_key_stays_without),
		cmocka_unit_test(message_without_room_stays_as_it_was),
		cmocka_unit_test(no_record_is_longer_than_promised),
		cmocka_unit_test(right_key_is_found_among_many),
		cmocka_unit_test(algorithms_are_read_in_every_spelling),
		cmocka_unit_test(secrets_are_read_from_base64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

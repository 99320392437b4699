/* Whatever changes on the way must be noticed. */
#include "tsig_fixture.h"

/* -- damage ------------------------------------------------------------------------------------------------------ */

/* What may differ without being noticed: the ID in the header, and the case of the names in the record. */
static bool is_free_to_change(struct bytes plain, size_t pos, unsigned bit) {
	size_t name = plain.len, algorithm = name + 13 + 10;
	bool in_name = (pos >= name && pos < name + 13) || (pos >= algorithm && pos < algorithm + 13);
	return pos < 2 || (in_name && bit == 5);
}

static void any_flipped_bit_of_a_request_is_noticed(void **state) {
	(void)state;
	struct owner o;
	struct buffer b;
	owner_init(&o, TSIG_HMAC_SHA256);
	for (size_t bit = 0; bit < sizeof(vector_request_sha256) * 8; bit++) {
		struct tsig_state s = { 0 };
		fill(&b, BYTES(vector_request_sha256));
		b.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		if (is_free_to_change(BYTES(vector_question), bit / 8, bit % 8)) continue;
		if (verify_request(&s, &o.ring, bytes_of(&b)) == OK)
			fail_msg("bit %zu of octet %zu", bit % 8, bit / 8);
		tsig_done(&s);
	}
}

/* Verify the stream with one bit flipped in its message `victim`; true if that passed to the end. */
static bool stream_passes(struct owner *o, unsigned victim, size_t bit) {
	struct buffer b;
	struct tsig_state s = ask(&b, &o->key);
	enum err e = OK;
	for (unsigned i = 0; i < 7 && e == OK; i++) {
		fill(&b, gappy_stream[i]);
		if (i == victim) b.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		e = verify_answer(&s, bytes_of(&b));
	}
	if (e == OK) e = tsig_finish(&s);
	tsig_done(&s);
	return e == OK;
}

static void any_flipped_bit_of_a_stream_is_noticed(void **state) {
	(void)state;
	struct owner o;
	owner_init(&o, TSIG_HMAC_SHA256);
	for (unsigned victim = 0; victim < 7; victim++) {
		for (size_t bit = 0; bit < gappy_stream[victim].len * 8; bit++) {
			bool is_signed = victim % 3 == 0;
			if (is_signed && is_free_to_change(BYTES(vector_answer_1), bit / 8, bit % 8))
				continue;
			if (stream_passes(&o, victim, bit))
				fail_msg("message %u, bit %zu of octet %zu", victim, bit % 8, bit / 8);
		}
	}
}

static void any_message_left_out_or_swapped_is_noticed(void **state) {
	(void)state;
	struct owner o;
	owner_init(&o, TSIG_HMAC_SHA256);
	for (unsigned victim = 0; victim < 7; victim++) {
		for (unsigned swap = 0; swap < 2; swap++) {
			struct buffer b;
			struct tsig_state s = ask(&b, &o.key);
			enum err e = OK;
			for (unsigned i = 0; i < 7 && e == OK; i++) {
				unsigned source = i;
				if (swap && victim < 6)
					source = i == victim ? i + 1 : i == victim + 1 ? i - 1 : i;
				else if (i == victim)
					continue;
				e = verify_answer(&s, gappy_stream[source]);
			}
			if (e == OK) e = tsig_finish(&s); /* the last one is missed only here */
			assert_int_not_equal(e, OK);
			tsig_done(&s);
		}
	}
}

static void any_truncation_is_noticed(void **state) {
	(void)state;
	struct owner o;
	struct buffer b;
	owner_init(&o, TSIG_HMAC_SHA256);
	for (size_t len = 0; len < sizeof(vector_request_sha256); len++) {
		struct tsig_state s = { 0 };
		assert_int_not_equal(verify_request(&s, &o.ring,
		                                    (struct bytes){ vector_request_sha256, len }),
		                     OK);
		tsig_done(&s);
	}
	for (size_t len = 0; len < sizeof(vector_signed_answer_sha256); len++) {
		struct tsig_state s = ask(&b, &o.key);
		assert_int_not_equal(verify_answer(&s, (struct bytes){ vector_signed_answer_sha256, len }),
		                     OK);
		tsig_done(&s);
	}
}

/* Positions in the request: after the question come name (13), type, class, TTL, length, algorithm (13), times. */
enum {
	AT_RECORD = sizeof(vector_question),
	AT_CLASS = AT_RECORD + 13 + 2,
	AT_TTL = AT_CLASS + 2,
	AT_RDLENGTH = AT_TTL + 4,
	AT_ALGORITHM = AT_RDLENGTH + 2,
	AT_MAC_LEN = AT_ALGORITHM + 13 + 8
};

static void malformed_records_are_format_errors(void **state) {
	(void)state;
	static const struct {
		size_t at;
		uint8_t value;
	} rows[] = { { AT_CLASS + 1, CLASS_IN }, { AT_TTL + 3, 1 },      { AT_TTL, 0x80 },
		     { AT_MAC_LEN, 1 },          { AT_MAC_LEN + 1, 33 }, { AT_MAC_LEN + 1, 31 },
		     { AT_ALGORITHM, 0xc0 } };
	struct owner o;
	struct buffer b;
	struct tsig_state s;
	owner_init(&o, TSIG_HMAC_SHA256);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fill(&b, BYTES(vector_request_sha256));
		b.data[rows[i].at] = rows[i].value;
		assert_int_equal(verify_request(&s, &o.ring, bytes_of(&b)), ERR_MALFORMED);
		assert_int_equal(tsig_answer_len(&s), 0); /* the FORMERR goes out unsigned */
		reply(&b, &s, BYTES(vector_refusal));
		same(bytes_of(&b), BYTES(vector_refusal));
		tsig_done(&s);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_flipped_bit_of_a_request_is_noticed),
		cmocka_unit_test(any_flipped_bit_of_a_stream_is_noticed),
		cmocka_unit_test(any_message_left_out_or_swapped_is_noticed),
		cmocka_unit_test(any_truncation_is_noticed),
		cmocka_unit_test(malformed_records_are_format_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* DNS cookies: the vectors of RFC 9018 appendix A, its rules about time, and what RFC 7873 says about lengths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/random.h"
#include "dns/cookie.h"

#define NOW 1559731985U /* 5cf79f11 */

static unsigned nibble(char c) {
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

static uint16_t from_hex(const char *text, uint8_t *out) {
	uint16_t len = 0;
	for (; text[0] && text[1]; text += 2)
		out[len++] = (uint8_t)(nibble(text[0]) << 4 | nibble(text[1]));
	return len;
}

static struct addr address(const char *text) {
	struct addr a;
	assert_int_equal(addr_parse(text, 53, &a), OK);
	return a;
}

static struct cookie_secrets secrets_of(const char *first, const char *second) {
	struct cookie_secrets s = { .count = second ? 2 : 1 };
	from_hex(first, s.items[0]);
	if (second) from_hex(second, s.items[1]);
	return s;
}

#define ANYBODY "e5e973e5a6b2a43f48e7dc849e37bfcf"

static void judges(const struct cookie_secrets *s, const char *peer, uint32_t now_s, const char *sent,
                   enum cookie_verdict verdict, const char *expected) {
	uint8_t option[COOKIE_LEN_MAX], out[COOKIE_LEN], wanted[COOKIE_LEN];
	struct addr a = address(peer);
	uint16_t len = from_hex(sent, option);
	assert_int_equal(cookie_judge(s, &a, now_s, option, len, out), verdict);
	assert_int_equal(from_hex(expected, wanted), COOKIE_LEN);
	assert_memory_equal(out, wanted, COOKIE_LEN);
}

/* -- RFC 9018 appendix A --------------------------------------------------------------------------------------- */

static void a1_learning_a_new_server_cookie(void **state) {
	struct cookie_secrets s = secrets_of(ANYBODY, NULL);
	(void)state;
	judges(&s, "198.51.100.100", 0x5cf79f11, "2464c4abcf10c957", COOKIE_NEW,
	       "2464c4abcf10c957010000005cf79f111f8130c3eee29480");
}

static void a2_the_same_client_learning_a_renewed_one(void **state) {
	struct cookie_secrets s = secrets_of(ANYBODY, NULL);
	(void)state;
	judges(&s, "198.51.100.100", 0x5cf7a871, "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
	       COOKIE_VALID, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77");
}

/* The reserved field is not zero and hashed as it is; the hour is over, so the cookie is only a reason for a new one. */
static void a3_another_client_learning_a_renewed_one(void **state) {
	struct cookie_secrets s = secrets_of(ANYBODY, NULL);
	(void)state;
	judges(&s, "203.0.113.203", 0x5cf7a9ac, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
	       COOKIE_BAD, "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e");
	judges(&s, "203.0.113.203", 0x5cf78f71, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
	       COOKIE_VALID, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5");
}

static void a4_ipv6_query_with_rolled_over_secret(void **state) {
	struct cookie_secrets s = secrets_of("445536bcd2513298075a5d379663c962",
	                                     "dd3bdf9344b678b185a6f5cb60fca715");
	(void)state;
	judges(&s, "2001:db8:220:1:59de:d0f4:8769:82b8", 0x5cf7c609,
	       "22681ab97d52c298010000005cf7c57926556bd0934c72f8", COOKIE_VALID,
	       "22681ab97d52c298010000005cf7c609a6bb79d16625507a");
}

/* -- lengths --------------------------------------------------------------------------------------------------- */

static void only_the_lengths_of_rfc_7873_are_sound(void **state) {
	struct cookie_secrets s = secrets_of(ANYBODY, NULL);
	struct addr peer = address("192.0.2.1");
	uint8_t option[64] = { 0 }, out[COOKIE_LEN];
	(void)state;
	for (uint16_t len = 0; len <= sizeof(option); len++) {
		bool is_sound = len == 8 || (len >= 16 && len <= 40);
		enum cookie_verdict v = cookie_judge(&s, &peer, NOW, option, len, out);
		assert_int_equal(v, !is_sound ? COOKIE_MALFORMED : len == 8 ? COOKIE_NEW : COOKIE_BAD);
	}
}

/* -- time ------------------------------------------------------------------------------------------------------ */

static enum cookie_verdict at_age(int64_t age_s, uint32_t made_s, bool *out_same) {
	struct cookie_secrets s = secrets_of(ANYBODY, NULL);
	struct addr peer = address("192.0.2.1");
	uint8_t option[COOKIE_LEN] = "client12", out[COOKIE_LEN];
	assert_int_equal(cookie_judge(&s, &peer, made_s, option, COOKIE_CLIENT_LEN, option), COOKIE_NEW);
	enum cookie_verdict v = cookie_judge(&s, &peer, (uint32_t)(made_s + age_s), option, COOKIE_LEN, out);
	*out_same = memcmp(option, out, COOKIE_LEN) == 0;
	return v;
}

static void a_cookie_lives_for_an_hour_and_is_renewed_after_half_of_it(void **state) {
	static const uint32_t starts[] = { NOW, 0, UINT32_MAX, UINT32_MAX - 1800, 0x7fffffff, 0x80000000 };
	static const struct {
		int64_t age_s;
		enum cookie_verdict verdict;
		bool same;
	} rows[] = {
		{ -301, COOKIE_BAD, false },       { -300, COOKIE_VALID, true },
		{ -1, COOKIE_VALID, true },        { 0, COOKIE_VALID, true },
		{ 1800, COOKIE_VALID, true },      { 1801, COOKIE_VALID, false },
		{ 3600, COOKIE_VALID, false },     { 3601, COOKIE_BAD, false },
		{ 86400, COOKIE_BAD, false },      { 0x7fffffff, COOKIE_BAD, false },
		{ 0x80000000, COOKIE_BAD, false }, { -0x7fffffff, COOKIE_BAD, false },
	};
	(void)state;
	for (unsigned s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
		for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			bool same;
			assert_int_equal(at_age(rows[i].age_s, starts[s], &same), rows[i].verdict);
			assert_int_equal(same, rows[i].same);
		}
	}
}

/* -- forgery and rollover ---------------------------------------------------------------------------------------- */

static void every_changed_bit_of_a_cookie_or_address_is_noticed(void **state) {
	struct cookie_secrets s = secrets_of(ANYBODY, NULL);
	struct addr peer = address("2001:db8::1");
	uint8_t good[COOKIE_LEN] = "client12", changed[COOKIE_LEN], out[COOKIE_LEN];
	(void)state;
	assert_int_equal(cookie_judge(&s, &peer, NOW, good, COOKIE_CLIENT_LEN, good), COOKIE_NEW);
	for (unsigned bit = 0; bit < COOKIE_LEN * 8; bit++) {
		memcpy(changed, good, COOKIE_LEN);
		changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(cookie_judge(&s, &peer, NOW, changed, COOKIE_LEN, out), COOKIE_BAD);
	}
	for (unsigned bit = 0; bit < 128; bit++) {
		struct addr other = peer;
		other.ip[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(cookie_judge(&s, &other, NOW, good, COOKIE_LEN, out), COOKIE_BAD);
	}
	peer.port = 4711; /* the port is anybody's */
	assert_int_equal(cookie_judge(&s, &peer, NOW, good, COOKIE_LEN, out), COOKIE_VALID);
}

static void a_secret_is_rolled_out_in_three_steps(void **state) {
	struct cookie_secrets old = secrets_of(ANYBODY, NULL), made_by_old, made_by_new;
	const char *next = "000102030405060708090a0b0c0d0e0f";
	struct addr peer = address("192.0.2.1");
	uint8_t first[COOKIE_LEN] = "client12", second[COOKIE_LEN] = "client12", out[COOKIE_LEN];
	(void)state;
	made_by_old = secrets_of(ANYBODY, next);
	made_by_new = secrets_of(next, ANYBODY);
	assert_int_equal(cookie_judge(&old, &peer, NOW, first, COOKIE_CLIENT_LEN, first), COOKIE_NEW);
	assert_int_equal(cookie_judge(&made_by_new, &peer, NOW, second, COOKIE_CLIENT_LEN, second),
	                 COOKIE_NEW);
	/* Staged: servers that make with either secret stand behind one address. */
	assert_int_equal(cookie_judge(&made_by_old, &peer, NOW, first, COOKIE_LEN, out), COOKIE_VALID);
	assert_memory_equal(out, first, COOKIE_LEN);
	assert_int_equal(cookie_judge(&made_by_old, &peer, NOW, second, COOKIE_LEN, out), COOKIE_VALID);
	assert_memory_equal(out, first, COOKIE_LEN);
	/* Made by the second secret: valid, and replaced by one of the first. */
	assert_int_equal(cookie_judge(&made_by_new, &peer, NOW, first, COOKIE_LEN, out), COOKIE_VALID);
	assert_memory_equal(out, second, COOKIE_LEN);
	assert_int_equal(cookie_judge(&old, &peer, NOW, second, COOKIE_LEN, out), COOKIE_BAD);
}

static void what_is_answered_is_valid_next_time_whatever_came(void **state) {
	struct random r = random_seeded(9018);
	struct cookie_secrets s = secrets_of(ANYBODY, "000102030405060708090a0b0c0d0e0f");
	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		uint8_t option[COOKIE_LEN_MAX], out[COOKIE_LEN], again[COOKIE_LEN];
		struct addr peer = { .family = i % 2 ? AF_INET : AF_INET6 };
		uint32_t now_s = (uint32_t)random_u64(&r);
		for (unsigned k = 0; k < sizeof(option); k++)
			option[k] = (uint8_t)random_u64(&r);
		for (unsigned k = 0; k < (i % 2 ? 4 : 16); k++)
			peer.ip[k] = (uint8_t)random_u64(&r);
		uint16_t len = (uint16_t)random_below(&r, COOKIE_LEN_MAX + 1);
		if (i % 3 == 0) len = COOKIE_LEN, option[COOKIE_CLIENT_LEN] = 1;
		enum cookie_verdict v = cookie_judge(&s, &peer, now_s, option, len, out);
		if (v == COOKIE_MALFORMED) continue;
		assert_int_not_equal(v, COOKIE_VALID);
		assert_memory_equal(out, option, COOKIE_CLIENT_LEN);
		assert_int_equal(cookie_judge(&s, &peer, now_s + 5, out, COOKIE_LEN, again), COOKIE_VALID);
		assert_memory_equal(out, again, COOKIE_LEN);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a1_learning_a_new_server_cookie),
		cmocka_unit_test(a2_the_same_client_learning_a_renewed_one),
		cmocka_unit_test(a3_another_client_learning_a_renewed_one),
		cmocka_unit_test(a4_ipv6_query_with_rolled_over_secret),
		cmocka_unit_test(only_the_lengths_of_rfc_7873_are_sound),
		cmocka_unit_test(a_cookie_lives_for_an_hour_and_is_renewed_after_half_of_it),
		cmocka_unit_test(every_changed_bit_of_a_cookie_or_address_is_noticed),
		cmocka_unit_test(a_secret_is_rolled_out_in_three_steps),
		cmocka_unit_test(what_is_answered_is_valid_next_time_whatever_came),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* base/crypto: published vectors (FIPS 180-4, RFC 2202, RFC 4231, RFC 4648, the GCM specification's), and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"

#define MANY 100000

static void assert_hex(const uint8_t *data, size_t len, const char *hex) {
	char text[2 * 256 + 1];
	assert_int_equal(strlen(hex), 2 * len);
	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", data[i]);
	assert_string_equal(text, hex);
}

static size_t from_hex(const char *hex, uint8_t *out) {
	size_t len = strlen(hex) / 2;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &out[i]), 1);
	return len;
}

/* -- digests -- */

static const struct {
	enum digest_kind kind;
	const char *abc;
} digests[] = {
	{ DIGEST_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ DIGEST_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ DIGEST_SHA384,
	  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
	{ DIGEST_SHA512,
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};
#define DIGESTS (sizeof(digests) / sizeof(digests[0]))

static void digests_are_those_of_the_standard(void **state) {
	(void)state;
	for (unsigned i = 0; i < DIGESTS; i++) {
		uint8_t out[DIGEST_MAX];
		digest_of(digests[i].kind, "abc", 3, out);
		assert_hex(out, digest_len(digests[i].kind), digests[i].abc);
	}
}

static void pieces_are_digested_as_the_whole(void **state) {
	static uint8_t data[MANY];
	(void)state;
	for (size_t i = 0; i < MANY; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	for (unsigned i = 0; i < DIGESTS; i++) {
		uint8_t whole[DIGEST_MAX], pieces[DIGEST_MAX];
		digest_of(digests[i].kind, data, MANY, whole);
		struct digest *d = digest_begin(digests[i].kind);
		assert_non_null(d);
		for (size_t at = 0, step = 1; at < MANY; at += step, step = step % 300 + 1)
			digest_add(d, data + at, step < MANY - at ? step : MANY - at);
		digest_end(d, pieces);
		assert_memory_equal(whole, pieces, digest_len(digests[i].kind));
	}
}

static void a_digest_may_be_given_up(void **state) {
	(void)state;
	struct digest *d = digest_begin(DIGEST_SHA384);
	assert_non_null(d);
	digest_add(d, "x", 1);
	digest_end(d, NULL);
}

/* -- HMAC -- */

static const struct {
	enum hmac_kind kind;
	const char *short_key, *long_key;
} macs[] = {
	{ HMAC_MD5, "750c783e6ab0b503eaa86e310a5db738", "a48bb76c062d756bc9f81e39ed6f58be" },
	{ HMAC_SHA1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", "e793242774e7d0328842004759e696c4ceee0127" },
	{ HMAC_SHA224, "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44",
	  "4ff70ae451565e72b0f6cd02e62c3a3bbcb15aedcfbc0727b3b7b6db" },
	{ HMAC_SHA256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	  "bbdac401abeea01d2e53972bc420224af5faf9b35f65738d35b1bae551738199" },
	{ HMAC_SHA384,
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
	  "962366fff63e5ac0578bd4c26fedf892ac7d06bd8b31eecb8729f9031ee0bb08601ac82648381121cd652be04a8113a2" },
	{ HMAC_SHA512,
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
	  "23612f1c767d023f0a0d618698befd28efd2909c00597eacd2b50e2310c8cc3f91decbe658279d59c93eb5a92f1ae6368e0980e7adfeec411ac4a770f09ab658" },
};

static void check_mac(enum hmac_kind kind, const void *key, size_t key_len, const char *hex) {
	static const char text[] = "what do ya want for nothing?";
	uint8_t out[DIGEST_MAX];
	struct hmac *h = hmac_begin(kind, key, key_len);
	assert_non_null(h);
	hmac_add(h, text, 10);
	hmac_add(h, text + 10, sizeof(text) - 1 - 10);
	hmac_end(h, out);
	assert_hex(out, strlen(hex) / 2, hex);
}

static void macs_are_those_of_the_standard(void **state) {
	uint8_t long_key[131];
	(void)state;
	memset(long_key, 0xaa, sizeof(long_key)); /* longer than a block: it is digested first */
	for (unsigned i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		check_mac(macs[i].kind, "Jefe", 4, macs[i].short_key);
		check_mac(macs[i].kind, long_key, sizeof(long_key), macs[i].long_key);
	}
	hmac_end(hmac_begin(HMAC_SHA256, "k", 1), NULL);
}

static void octets_differ_wherever_it_is(void **state) {
	uint8_t a[32] = { 0 }, b[32] = { 0 };
	(void)state;
	assert_true(octets_equal(a, b, 32));
	assert_true(octets_equal(a, b, 0));
	for (unsigned i = 0; i < 32; i++) {
		b[i] = 1;
		assert_false(octets_equal(a, b, 32));
		b[i] = 0;
	}
}

/* -- base64 -- */

static void base64_is_that_of_the_standard(void **state) {
	static const char *const rows[][2] = { { "", "" },
		                               { "f", "Zg==" },
		                               { "fo", "Zm8=" },
		                               { "foo", "Zm9v" },
		                               { "foob", "Zm9vYg==" },
		                               { "fooba", "Zm9vYmE=" },
		                               { "foobar", "Zm9vYmFy" } };
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[16];
		uint8_t octets[8];
		size_t len = 99;
		base64_text(rows[i][0], strlen(rows[i][0]), text);
		assert_string_equal(text, rows[i][1]);
		assert_int_equal(base64_octets(text, octets, sizeof(octets), &len), OK);
		assert_int_equal(len, strlen(rows[i][0]));
		assert_memory_equal(octets, rows[i][0], len);
	}
}

static void base64_of_any_length_comes_back(void **state) {
	uint8_t data[600], back[600];
	char text[BASE64_LEN(sizeof(data)) + 1];
	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 13 + 5);
	for (size_t n = 0; n <= sizeof(data); n++) {
		size_t len;
		base64_text(data, n, text);
		assert_int_equal(strlen(text), BASE64_LEN(n));
		assert_int_equal(base64_octets(text, back, n, &len), OK); /* no more room than it takes */
		assert_int_equal(len, n);
		assert_memory_equal(back, data, n);
		if (n > 0) assert_int_equal(base64_octets(text, back, n - 1, &len), ERR_LIMIT);
	}
}

static void base64_that_is_none_is_refused(void **state) {
	static const char *const bad[] = { "Z",     "Zg",     "Zg=",    "Zg=a",  "Z===", "=",       "Zm9v=",
		                           "Zm9v-", "Zm9v!A", "Zg==Zg", "Zg===", "Zh==", "\xff\xfe" };
	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t out[8];
		size_t len;
		if (base64_octets(bad[i], out, sizeof(out), &len) != ERR_MALFORMED)
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

static void blanks_and_line_ends_are_passed_over(void **state) {
	uint8_t out[8];
	size_t len;
	(void)state;
	assert_int_equal(base64_octets(" Zm9v\r\nYm\tFy \n", out, sizeof(out), &len), OK);
	assert_int_equal(len, 6);
	assert_memory_equal(out, "foobar", 6);
}

/* -- AES-256-GCM: test case 16 of its specification -- */

static const char
	case_key[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	case_nonce[] = "cafebabefacedbaddecaf888", case_name[] = "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	case_plain[] =
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e24"
		"49a6b525b16aedf5aa0de657ba637b39",
	case_sealed[] =
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10"
		"56828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b";

struct sealing {
	uint8_t key[AEAD_KEY_LEN], nonce[AEAD_NONCE_LEN], name[20], plain[60];
	struct aead_place place;
};

static void sealing_read(struct sealing *s) {
	assert_int_equal(from_hex(case_key, s->key), sizeof(s->key));
	assert_int_equal(from_hex(case_nonce, s->nonce), sizeof(s->nonce));
	assert_int_equal(from_hex(case_name, s->name), sizeof(s->name));
	assert_int_equal(from_hex(case_plain, s->plain), sizeof(s->plain));
	s->place = (struct aead_place){ s->key, s->nonce, s->name, sizeof(s->name) };
}

static void sealing_is_that_of_the_standard(void **state) {
	struct sealing s;
	uint8_t sealed[60 + AEAD_TAG_LEN], plain[60];
	(void)state;
	sealing_read(&s);
	aead_seal(&s.place, s.plain, sizeof(s.plain), sealed);
	assert_hex(sealed, sizeof(sealed), case_sealed);
	assert_true(aead_open(&s.place, sealed, sizeof(plain), plain));
	assert_memory_equal(plain, s.plain, sizeof(plain));
}

static void what_was_changed_is_not_opened(void **state) {
	struct sealing s;
	uint8_t sealed[60 + AEAD_TAG_LEN], plain[60], nothing[60] = { 0 };
	(void)state;
	sealing_read(&s);
	aead_seal(&s.place, s.plain, sizeof(s.plain), sealed);
	for (size_t i = 0; i < 8 * sizeof(sealed); i++) {
		sealed[i / 8] ^= (uint8_t)(1U << i % 8);
		memset(plain, 1, sizeof(plain));
		assert_false(aead_open(&s.place, sealed, sizeof(plain), plain));
		assert_memory_equal(plain, nothing, sizeof(plain));
		sealed[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	s.name[3] ^= 1;
	assert_false(aead_open(&s.place, sealed, sizeof(plain), plain));
	s.name[3] ^= 1;
	s.nonce[11] ^= 1;
	assert_false(aead_open(&s.place, sealed, sizeof(plain), plain));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_those_of_the_standard),
		cmocka_unit_test(pieces_are_digested_as_the_whole),
		cmocka_unit_test(a_digest_may_be_given_up),
		cmocka_unit_test(macs_are_those_of_the_standard),
		cmocka_unit_test(octets_differ_wherever_it_is),
		cmocka_unit_test(base64_is_that_of_the_standard),
		cmocka_unit_test(base64_of_any_length_comes_back),
		cmocka_unit_test(base64_that_is_none_is_refused),
		cmocka_unit_test(blanks_and_line_ends_are_passed_over),
		cmocka_unit_test(sealing_is_that_of_the_standard),
		cmocka_unit_test(what_was_changed_is_not_opened),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

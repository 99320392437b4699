#include "dns/cookie.h"

#include <string.h>

#include "base/bytes.h"
#include "dns/serial.h"
#include "dns/siphash.h"

#define VERSION 1
#define SERVER_LEN_MIN 8 /* RFC 7873 section 4 */
#define HASHED_LEN 16    /* octets of the cookie that the hash covers */
#define TIMESTAMP_POS 12
/* RFC 9018 section 4.3. */
#define AGE_MAX_S 3600U
#define AHEAD_MAX_S 300U
#define RENEW_AGE_S 1800U

static bool is_malformed(uint16_t len) {
	if (len == COOKIE_CLIENT_LEN) return false;
	return len < COOKIE_CLIENT_LEN + SERVER_LEN_MIN || len > COOKIE_LEN_MAX;
}

static void hash(const uint8_t *secret, const uint8_t *cookie, const struct addr *peer,
                 uint8_t out[static SIPHASH_LEN]) {
	uint8_t input[HASHED_LEN + sizeof(peer->ip)];
	size_t ip_len = peer->family == AF_INET ? 4 : 16;
	memcpy(input, cookie, HASHED_LEN);
	memcpy(input + HASHED_LEN, peer->ip, ip_len);
	siphash24(secret, input, HASHED_LEN + ip_len, out);
}

/* In a time that tells nothing about the first difference. */
static bool is_same(const uint8_t *a, const uint8_t *b, unsigned len) {
	unsigned difference = 0;
	for (unsigned i = 0; i < len; i++)
		difference |= (unsigned)(a[i] ^ b[i]);
	return difference == 0;
}

static bool is_in_time(uint32_t made_s, uint32_t now_s) {
	if (serial_newer(made_s, now_s)) return made_s - now_s <= AHEAD_MAX_S;
	return now_s - made_s <= AGE_MAX_S;
}

/* The place of the secret that made the cookie, or the count of secrets: none did. */
static unsigned find_secret(const struct cookie_secrets *secrets, const struct addr *peer,
                            const uint8_t *cookie) {
	uint8_t expected[SIPHASH_LEN];
	for (unsigned i = 0; i < secrets->count; i++) {
		hash(secrets->items[i], cookie, peer, expected);
		if (is_same(expected, cookie + HASHED_LEN, SIPHASH_LEN)) return i;
	}
	return secrets->count;
}

static void make(const struct cookie_secrets *secrets, const struct addr *peer, uint32_t now_s,
                 const uint8_t *client, uint8_t out[static COOKIE_LEN]) {
	memcpy(out, client, COOKIE_CLIENT_LEN);
	out[COOKIE_CLIENT_LEN] = VERSION;
	memset(out + COOKIE_CLIENT_LEN + 1, 0, 3);
	store_u32(out + TIMESTAMP_POS, now_s);
	hash(secrets->items[0], out, peer, out + HASHED_LEN);
}

/* Ahead of our clock counts as fresh. */
static bool is_fresh(uint32_t made_s, uint32_t now_s) {
	return serial_newer(made_s, now_s) || now_s - made_s <= RENEW_AGE_S;
}

enum cookie_verdict cookie_judge(const struct cookie_secrets *secrets, const struct addr *peer,
                                 uint32_t now_s, const uint8_t *option, uint16_t len,
                                 uint8_t out[static COOKIE_LEN]) {
	enum cookie_verdict verdict = COOKIE_BAD;
	if (is_malformed(len)) return COOKIE_MALFORMED;
	if (len == COOKIE_CLIENT_LEN) verdict = COOKIE_NEW;
	if (len == COOKIE_LEN && option[COOKIE_CLIENT_LEN] == VERSION) {
		uint32_t made_s = load_u32(option + TIMESTAMP_POS);
		unsigned secret = is_in_time(made_s, now_s) ? find_secret(secrets, peer, option)
		                                            : secrets->count;
		if (secret < secrets->count) verdict = COOKIE_VALID;
		if (secret == 0 && is_fresh(made_s, now_s)) {
			memcpy(out, option, COOKIE_LEN);
			return verdict;
		}
	}
	make(secrets, peer, now_s, option, out);
	return verdict;
}

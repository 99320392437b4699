/* Any octets as the cookie of a request: flags (bit 0 IPv6), address, time, option.  The verdict follows from the length
 * where it must, and what is answered is valid from then on. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dns/cookie.h"

#define HEAD_LEN (1 + 16 + 4)

static void check(bool ok) {
	if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	struct cookie_secrets secrets = { .count = 2, .items = { { 1, 2, 3 }, { 4, 5, 6 } } };
	uint8_t out[COOKIE_LEN], again[COOKIE_LEN];
	if (len < HEAD_LEN || len > HEAD_LEN + 100) return 0;
	struct addr peer = { .family = data[0] & 1 ? AF_INET6 : AF_INET };
	memcpy(peer.ip, data + 1, sizeof(peer.ip));
	uint32_t now_s = load_u32(data + 17);
	const uint8_t *option = data + HEAD_LEN;
	uint16_t option_len = (uint16_t)(len - HEAD_LEN);
	enum cookie_verdict v = cookie_judge(&secrets, &peer, now_s, option, option_len, out);
	bool is_sound = option_len == 8 || (option_len >= 16 && option_len <= 40);
	check((v == COOKIE_MALFORMED) == !is_sound && (v == COOKIE_NEW) == (option_len == 8));
	check(v != COOKIE_VALID || option_len == COOKIE_LEN);
	if (!is_sound) return 0;
	check(memcmp(out, option, COOKIE_CLIENT_LEN) == 0);
	check(cookie_judge(&secrets, &peer, now_s, out, COOKIE_LEN, again) == COOKIE_VALID);
	check(memcmp(out, again, COOKIE_LEN) == 0);
	/* Whatever the time, nobody else has it. */
	peer.ip[3] ^= 1;
	check(cookie_judge(&secrets, &peer, now_s, out, COOKIE_LEN, again) == COOKIE_BAD);
	return 0;
}

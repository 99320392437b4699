/* HMACs of TSIG, and the table of algorithms (RFC 8945 section 6). */
#include "dns/tsig_digest.h"

#include <assert.h>
#include <string.h>

#include "base/crypto.h"

struct algorithm {
	struct tsig_algorithm_row row;
	enum hmac_kind mac;
};

static const struct algorithm algorithms[] = {
	[TSIG_HMAC_MD5] = { { "hmac-md5", "hmac-md5.sig-alg.reg.int", "\010hmac-md5\007sig-alg\003reg\003int",
	                      16 },
	                    HMAC_MD5 },
	[TSIG_HMAC_SHA1] = { { "hmac-sha1", NULL, "\011hmac-sha1", 20 }, HMAC_SHA1 },
	[TSIG_HMAC_SHA224] = { { "hmac-sha224", NULL, "\013hmac-sha224", 28 }, HMAC_SHA224 },
	[TSIG_HMAC_SHA256] = { { "hmac-sha256", NULL, "\013hmac-sha256", 32 }, HMAC_SHA256 },
	[TSIG_HMAC_SHA384] = { { "hmac-sha384", NULL, "\013hmac-sha384", 48 }, HMAC_SHA384 },
	[TSIG_HMAC_SHA512] = { { "hmac-sha512", NULL, "\013hmac-sha512", 64 }, HMAC_SHA512 },
};
#define ALGORITHM_END (TSIG_HMAC_SHA512 + 1)

const struct tsig_algorithm_row *tsig_algorithm_row(enum tsig_algorithm a) {
	assert(a > TSIG_NONE && a < ALGORITHM_END);
	return &algorithms[a].row;
}

uint16_t tsig_mac_min(enum tsig_algorithm a) {
	uint16_t half = tsig_algorithm_row(a)->mac_len / 2;
	return half > 10 ? half : 10;
}

/* text is name, with or without a final dot. */
static bool same_text(const char *text, const char *name) {
	size_t len = strlen(name);
	return strncasecmp(text, name, len) == 0 && (text[len] == '\0' || strcmp(text + len, ".") == 0);
}

enum tsig_algorithm tsig_algorithm_parse(const char *text) {
	for (unsigned a = TSIG_NONE + 1; a < ALGORITHM_END; a++) {
		const struct tsig_algorithm_row *row = &algorithms[a].row;
		if (same_text(text, row->text) || (row->alias && same_text(text, row->alias)))
			return (enum tsig_algorithm)a;
	}
	return TSIG_NONE;
}

const char *tsig_algorithm_text(enum tsig_algorithm a) {
	return a > TSIG_NONE && a < ALGORITHM_END ? algorithms[a].row.text : "none";
}

enum err tsig_secret_parse(const char *base64, struct tsig_key *key) {
	uint8_t secret[TSIG_SECRET_MAX];
	size_t len = 0;
	if (strlen(base64) > 2 * TSIG_SECRET_MAX) return ERR_LIMIT;
	enum err e = base64_octets(base64, secret, sizeof(secret), &len);
	if (e == OK && len == 0) e = ERR_MALFORMED;
	if (e == OK) {
		memcpy(key->secret, secret, len);
		key->secret_len = (uint16_t)len;
	}
	explicit_bzero(secret, sizeof(secret));
	return e;
}

void *tsig_hmac_new(const struct tsig_key *key) {
	return hmac_begin(algorithms[key->algorithm].mac, key->secret, key->secret_len);
}

void tsig_hmac_add(void *hmac, const void *data, size_t len) {
	if (hmac && len > 0) hmac_add(hmac, data, len);
}

enum err tsig_hmac_finish(void *hmac, uint8_t out_mac[static TSIG_MAC_MAX]) {
	if (!hmac) return ERR_UNSUPPORTED;
	hmac_end(hmac, out_mac);
	return OK;
}

void tsig_hmac_free(void *hmac) {
	if (hmac) hmac_end(hmac, NULL);
}

bool tsig_mac_equal(const uint8_t *a, const uint8_t *b, size_t len) {
	return octets_equal(a, b, len);
}

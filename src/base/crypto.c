#include "base/crypto.h"

#include <assert.h>
#include <nettle/base64.h>
#include <nettle/gcm.h>
#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/memops.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* -- digests ------------------------------------------------------------------------------------------------------ */

static const struct nettle_hash *const hashes[] = { [DIGEST_SHA1] = &nettle_sha1,
	                                            [DIGEST_SHA256] = &nettle_sha256,
	                                            [DIGEST_SHA384] = &nettle_sha384,
	                                            [DIGEST_SHA512] = &nettle_sha512 };

union hash_state {
	struct md5_ctx md5;
	struct sha1_ctx sha1;
	struct sha256_ctx sha256; /* and SHA-224 */
	struct sha512_ctx sha512; /* and SHA-384 */
};

struct digest {
	const struct nettle_hash *hash;
	union hash_state state;
};

size_t digest_len(enum digest_kind kind) {
	return hashes[kind]->digest_size;
}

static void start(struct digest *d, enum digest_kind kind) {
	d->hash = hashes[kind];
	assert(d->hash->context_size <= sizeof(d->state));
	d->hash->init(&d->state);
}

void digest_of(enum digest_kind kind, const void *data, size_t len, uint8_t *out_digest) {
	struct digest d;
	start(&d, kind);
	d.hash->update(&d.state, len, data);
	d.hash->digest(&d.state, d.hash->digest_size, out_digest);
	explicit_bzero(&d.state, d.hash->context_size); /* keys are digested too; no more of it was used */
}

struct digest *digest_begin(enum digest_kind kind) {
	struct digest *d = try_malloc(sizeof(*d));
	if (d) start(d, kind);
	return d;
}

void digest_add(struct digest *d, const void *data, size_t len) {
	d->hash->update(&d->state, len, data);
}

void digest_end(struct digest *d, uint8_t *out_digest) {
	if (out_digest) d->hash->digest(&d->state, d->hash->digest_size, out_digest);
	explicit_bzero(d, sizeof(*d));
	free(d);
}

/* -- HMAC ----------------------------------------------------------------------------------------------------------- */

static const struct nettle_hash *const hmac_hashes[] = {
	[HMAC_MD5] = &nettle_md5,       [HMAC_SHA1] = &nettle_sha1,     [HMAC_SHA224] = &nettle_sha224,
	[HMAC_SHA256] = &nettle_sha256, [HMAC_SHA384] = &nettle_sha384, [HMAC_SHA512] = &nettle_sha512,
};

struct hmac {
	const struct nettle_hash *hash;
	union hash_state outer, inner, state;
};

struct hmac *hmac_begin(enum hmac_kind kind, const void *key, size_t key_len) {
	struct hmac *h = try_malloc(sizeof(*h));
	if (!h) return NULL;
	h->hash = hmac_hashes[kind];
	assert(h->hash->context_size <= sizeof(h->state));
	hmac_set_key(&h->outer, &h->inner, &h->state, h->hash, key_len, key);
	return h;
}

void hmac_add(struct hmac *h, const void *data, size_t len) {
	hmac_update(&h->state, h->hash, len, data);
}

void hmac_end(struct hmac *h, uint8_t *out_mac) {
	if (out_mac) hmac_digest(&h->outer, &h->inner, &h->state, h->hash, h->hash->digest_size, out_mac);
	explicit_bzero(h, sizeof(*h));
	free(h);
}

bool octets_equal(const void *a, const void *b, size_t len) {
	return memeql_sec(a, b, len) != 0;
}

/* -- base64 --------------------------------------------------------------------------------------------------------- */

void base64_text(const void *data, size_t len, char *out) {
	base64_encode_raw(out, len, data);
	out[BASE64_LEN(len)] = '\0';
}

/* In pieces, so that no more room is taken than there is. */
#define PIECE 64

enum err base64_octets(const char *text, void *out, size_t max, size_t *out_len) {
	struct base64_decode_ctx state;
	uint8_t piece[BASE64_DECODE_LENGTH(PIECE)];
	size_t left = strlen(text), len = 0;
	enum err e = OK;
	base64_decode_init(&state);
	while (left > 0 && e == OK) {
		size_t take = left < PIECE ? left : PIECE, got = sizeof(piece);
		if (!base64_decode_update(&state, &got, piece, take, text))
			e = ERR_MALFORMED;
		else if (got > max - len)
			e = ERR_LIMIT;
		else
			memcpy((uint8_t *)out + len, piece, got);
		len += got;
		text += take;
		left -= take;
	}
	if (e == OK && !base64_decode_final(&state)) e = ERR_MALFORMED;
	if (e == OK) *out_len = len;
	explicit_bzero(piece, sizeof(piece));
	explicit_bzero(&state, sizeof(state));
	return e;
}

/* -- sealing -------------------------------------------------------------------------------------------------------- */

static_assert(AEAD_KEY_LEN == AES256_KEY_SIZE && AEAD_NONCE_LEN == GCM_IV_SIZE &&
                      AEAD_TAG_LEN == GCM_DIGEST_SIZE,
              "AES-256-GCM");

static void place_begin(struct gcm_aes256_ctx *c, const struct aead_place *place) {
	gcm_aes256_set_key(c, place->key);
	gcm_aes256_set_iv(c, AEAD_NONCE_LEN, place->nonce);
	gcm_aes256_update(c, place->name_len, place->name);
}

void aead_seal(const struct aead_place *place, const void *plain, size_t len, uint8_t *out_sealed) {
	struct gcm_aes256_ctx c;
	place_begin(&c, place);
	gcm_aes256_encrypt(&c, len, out_sealed, plain);
	gcm_aes256_digest(&c, AEAD_TAG_LEN, out_sealed + len);
	explicit_bzero(&c, sizeof(c));
}

bool aead_open(const struct aead_place *place, const uint8_t *sealed, size_t len, void *out_plain) {
	struct gcm_aes256_ctx c;
	uint8_t tag[AEAD_TAG_LEN];
	place_begin(&c, place);
	gcm_aes256_decrypt(&c, len, out_plain, sealed);
	gcm_aes256_digest(&c, AEAD_TAG_LEN, tag);
	explicit_bzero(&c, sizeof(c));
	bool fits = octets_equal(tag, sealed + len, AEAD_TAG_LEN);
	if (!fits && len > 0) explicit_bzero(out_plain, len);
	return fits;
}

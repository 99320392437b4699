/* Digests, keyed digests, base64 and authenticated encryption, by the library nettle, which is small: GnuTLS, whose own ground
 * it is, is loaded only where TLS or signatures are wanted (docs/decisions/0032).  Any thread. */
#ifndef UNDERSTUDY_BASE_CRYPTO_H
#define UNDERSTUDY_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* FIPS 180-4. */
enum digest_kind { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };
#define DIGEST_MAX 64

/* Octets of a digest. */
size_t digest_len(enum digest_kind kind);
/* out_digest: digest_len octets. */
void digest_of(enum digest_kind kind, const void *data, size_t len, uint8_t *out_digest);

/* One whose data comes in pieces.  NULL: no memory. */
struct digest;
struct digest *digest_begin(enum digest_kind kind);
void digest_add(struct digest *d, const void *data, size_t len);
/* Frees it.  out_digest: digest_len octets, or NULL: nobody wants it any more. */
void digest_end(struct digest *d, uint8_t *out_digest);

/* HMAC, as RFC 8945 wants it for TSIG. */
enum hmac_kind { HMAC_MD5, HMAC_SHA1, HMAC_SHA224, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512 };
struct hmac;
/* NULL: no memory. */
struct hmac *hmac_begin(enum hmac_kind kind, const void *key, size_t key_len);
void hmac_add(struct hmac *h, const void *data, size_t len);
/* Frees it, and nothing of the key stays.  out_mac: as many octets as the digest has, or NULL. */
void hmac_end(struct hmac *h, uint8_t *out_mac);

/* Takes the same time wherever the difference is. */
bool octets_equal(const void *a, const void *b, size_t len);

/* Base64 (RFC 4648 section 4), with padding; out: BASE64_LEN(len) characters, and NUL. */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)
void base64_text(const void *data, size_t len, char *out);
/* Blanks and line ends are passed over.  ERR_MALFORMED; ERR_LIMIT: more than max octets; out may have a part of it then. */
MUST_CHECK enum err base64_octets(const char *text, void *out, size_t max, size_t *out_len);

/* AES-256-GCM (NIST SP 800-38D).  out_sealed: len octets and AEAD_TAG_LEN of the tag behind them. */
#define AEAD_KEY_LEN 32
#define AEAD_NONCE_LEN 12
#define AEAD_TAG_LEN 16
struct aead_place {
	const uint8_t *key;   /* AEAD_KEY_LEN octets */
	const uint8_t *nonce; /* AEAD_NONCE_LEN octets, never the same twice for one key */
	const void *name;     /* of what is sealed: it must be the same when it is opened */
	size_t name_len;
};
void aead_seal(const struct aead_place *place, const void *plain, size_t len, uint8_t *out_sealed);
/* sealed: len + AEAD_TAG_LEN octets.  False: not what was sealed there; out_plain has nothing of it then. */
bool aead_open(const struct aead_place *place, const uint8_t *sealed, size_t len, void *out_plain);

#endif

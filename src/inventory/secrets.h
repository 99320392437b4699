/* What keeps secrets secret: the key file, sealing under it, API keys, random names, digests.
 *
 * The key file (secret.key in the state directory, 32 random octets, mode 0600) seals what must be read again, such as
 * secrets of TSIG keys, with AES-256-GCM (NIST SP 800-38D).  A sealed value names in its associated data the row that
 * it belongs to, so it can't be moved to another.  Layout:
 *
 *   octet 0      1: format version
 *   octets 1-12  nonce, random
 *   then         the cipher text, as long as the plain one
 *   last 16      tag
 *
 * API keys and passwords are never read again: their digests are kept (password.h).
 * Thread: any; a sealer is not changed once it is open. */
#ifndef UNDERSTUDY_INVENTORY_SECRETS_H
#define UNDERSTUDY_INVENTORY_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/random.h"
#include "base/why.h"

#define SEALER_KEY_LEN 32
#define SEALED_EXTRA 29 /* octets that sealing adds */
#define SEALED_NAME_MAX 255

#define SECRET_DIGEST_LEN 32
#define SECRET_ID_LEN 20 /* characters: 100 random bits */

#define API_KEY_LEN 56        /* characters: "ust_" and 256 random bits */
#define API_KEY_PREFIX_LEN 10 /* of those, what lists show */

struct sealer;

/* Read the key file at path, or make it if there is none and may_make.  why tells of failures, what to do too.
 * ERR_NOTFOUND: there is none.  ERR_REFUSED: others can read or change it.  ERR_CORRUPT: no key file.  ERR_IO.  The
 * caller owns *out_sealer. */
MUST_CHECK enum err sealer_open(const char *path, bool may_make, struct random *random,
                                struct sealer **out_sealer, struct why *why);
/* Wipes the key. */
void sealer_free(struct sealer *s);

/* Which row a sealed value belongs to; kind and id together at most SEALED_NAME_MAX octets. */
struct sealed_place {
	const char *kind; /* "tsig-key" */
	const char *id;   /* of the row */
};
/* out_sealed: room for len + SEALED_EXTRA octets. */
void sealer_seal(const struct sealer *s, struct random *random, struct sealed_place place, const void *plain,
                 size_t len, uint8_t *out_sealed);
/* out_plain: room for len - SEALED_EXTRA octets; untouched on failure.  ERR_VERSION; ERR_CORRUPT: not sealed under
 * this key for this place, or damaged.  ERR_NOMEM. */
MUST_CHECK enum err sealer_unseal(const struct sealer *s, struct sealed_place place, const uint8_t *sealed,
                                  size_t len, void *out_plain);

/* A name for a row that can't be guessed; random must be secure. */
void secret_id(struct random *random, char out_id[static SECRET_ID_LEN + 1]);
void secret_octets(struct random *random, void *out, size_t len);
/* A new API key.  Its holder gets it, we keep secret_digest of its characters. */
void api_key_make(struct random *random, char out_key[static API_KEY_LEN + 1]);
/* text looks like an API key; says nothing of whether there is such a one. */
bool api_key_is_text(const char *text);

/* SHA-256. */
void secret_digest(const void *data, size_t len, uint8_t out_digest[static SECRET_DIGEST_LEN]);
/* Takes the same time wherever they differ. */
bool secret_equal(const void *a, const void *b, size_t len);
/* Not left out by the optimiser. */
void secret_wipe(void *p, size_t len);

/* Base 32 of RFC 4648 section 6 in lower case without padding; out: room for (len * 8 + 4) / 5 + 1. */
void base32_text(const uint8_t *data, size_t len, char *out);
#endif

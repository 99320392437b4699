#include "inventory/secrets.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

#define FORMAT 1
#define NONCE_LEN 12
#define TAG_LEN 16
#define HEAD_LEN (1 + NONCE_LEN)

struct sealer {
	uint8_t key[SEALER_KEY_LEN];
};

/* -- randomness and digests -------------------------------------------------------------------------------- */

void secret_octets(struct random *random, void *out, size_t len) {
	uint8_t *to = out;
	while (len > 0) {
		uint64_t draw = random_u64(random);
		size_t n = len < sizeof(draw) ? len : sizeof(draw);
		memcpy(to, &draw, n);
		to += n;
		len -= n;
	}
}

void base32_text(const uint8_t *data, size_t len, char *out) {
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint32_t bits = 0;
	unsigned held = 0;
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | data[i];
		for (held += 8; held >= 5; held -= 5)
			*out++ = digits[bits >> (held - 5) & 31];
	}
	if (held > 0) *out++ = digits[bits << (5 - held) & 31];
	*out = '\0';
}

enum err base64_text(const void *data, size_t len, char *out) {
	gnutls_datum_t in = { .data = (unsigned char *)(uintptr_t)data, .size = (unsigned)len };
	gnutls_datum_t text = { 0 };
	if (gnutls_base64_encode2(&in, &text) != GNUTLS_E_SUCCESS) return ERR_NOMEM;
	memcpy(out, text.data, text.size);
	out[text.size] = '\0';
	gnutls_memset(text.data, 0, text.size);
	gnutls_free(text.data);
	return OK;
}

enum err base64_octets(const char *text, void *out, size_t max, size_t *out_len) {
	gnutls_datum_t in = { .data = (unsigned char *)(uintptr_t)text, .size = (unsigned)strlen(text) };
	gnutls_datum_t octets = { 0 };
	if (gnutls_base64_decode2(&in, &octets) != GNUTLS_E_SUCCESS) return ERR_MALFORMED;
	enum err e = octets.size > max ? ERR_LIMIT : OK;
	if (e == OK) {
		memcpy(out, octets.data, octets.size);
		*out_len = octets.size;
	}
	gnutls_memset(octets.data, 0, octets.size);
	gnutls_free(octets.data);
	return e;
}

/* Characters carry five bits each: no bit of the draw is left over. */
static_assert(SECRET_ID_LEN % 8 == 4, "the draw below has half an octet more");

void secret_id(struct random *random, char out_id[static SECRET_ID_LEN + 1]) {
	uint8_t draw[SECRET_ID_LEN * 5 / 8 + 1];
	char text[sizeof(draw) * 8 / 5 + 2];
	secret_octets(random, draw, sizeof(draw));
	base32_text(draw, sizeof(draw), text);
	memcpy(out_id, text, SECRET_ID_LEN);
	out_id[SECRET_ID_LEN] = '\0';
}

static const char api_key_mark[] = "ust_";
#define API_KEY_MARK_LEN (sizeof(api_key_mark) - 1)

void api_key_make(struct random *random, char out_key[static API_KEY_LEN + 1]) {
	uint8_t draw[32];
	secret_octets(random, draw, sizeof(draw));
	memcpy(out_key, api_key_mark, API_KEY_MARK_LEN);
	base32_text(draw, sizeof(draw), out_key + API_KEY_MARK_LEN);
	secret_wipe(draw, sizeof(draw));
}

bool api_key_is_text(const char *text) {
	if (strncmp(text, api_key_mark, API_KEY_MARK_LEN) != 0) return false;
	size_t len = strspn(text + API_KEY_MARK_LEN, "abcdefghijklmnopqrstuvwxyz234567");
	return len == API_KEY_LEN - API_KEY_MARK_LEN && text[API_KEY_LEN] == '\0';
}

void secret_digest(const void *data, size_t len, uint8_t out_digest[static SECRET_DIGEST_LEN]) {
	int status = gnutls_hash_fast(GNUTLS_DIG_SHA256, data, len, out_digest);
	if (status != GNUTLS_E_SUCCESS) abort(); /* no digest to compare with must never look like one */
}

bool secret_equal(const void *a, const void *b, size_t len) {
	return gnutls_memcmp(a, b, len) == 0;
}

void secret_wipe(void *p, size_t len) {
	if (p) gnutls_memset(p, 0, len);
}

/* -- sealing ------------------------------------------------------------------------------------------------- */

static gnutls_datum_t datum(const void *data, size_t len) {
	return (gnutls_datum_t){ .data = (unsigned char *)(uintptr_t)data, .size = (unsigned)len };
}

/* Kind, NUL, id; returns its length. */
static size_t place_octets(struct sealed_place place, uint8_t out[static SEALED_NAME_MAX + 1]) {
	size_t kind = strlen(place.kind) + 1, id = strlen(place.id);
	assert(kind + id <= SEALED_NAME_MAX + 1);
	memcpy(out, place.kind, kind);
	memcpy(out + kind, place.id, id);
	return kind + id;
}

static gnutls_aead_cipher_hd_t cipher_open(const struct sealer *s) {
	gnutls_aead_cipher_hd_t cipher;
	gnutls_datum_t key = datum(s->key, sizeof(s->key));
	return gnutls_aead_cipher_init(&cipher, GNUTLS_CIPHER_AES_256_GCM, &key) == 0 ? cipher : NULL;
}

enum err sealer_seal(const struct sealer *s, struct random *random, struct sealed_place place,
                     const void *plain, size_t len, uint8_t *out_sealed) {
	uint8_t name[SEALED_NAME_MAX + 1];
	size_t name_len = place_octets(place, name), text_len = len + TAG_LEN;
	gnutls_aead_cipher_hd_t cipher = cipher_open(s);
	if (!cipher) return ERR_NOMEM;
	out_sealed[0] = FORMAT;
	secret_octets(random, out_sealed + 1, NONCE_LEN);
	int status = gnutls_aead_cipher_encrypt(cipher, out_sealed + 1, NONCE_LEN, name, name_len, TAG_LEN,
	                                        plain, len, out_sealed + HEAD_LEN, &text_len);
	gnutls_aead_cipher_deinit(cipher);
	return status == 0 && text_len == len + TAG_LEN ? OK : ERR_NOMEM;
}

enum err sealer_unseal(const struct sealer *s, struct sealed_place place, const uint8_t *sealed, size_t len,
                       void *out_plain) {
	uint8_t name[SEALED_NAME_MAX + 1];
	size_t name_len = place_octets(place, name);
	if (len < SEALED_EXTRA) return ERR_CORRUPT;
	if (sealed[0] != FORMAT) return ERR_VERSION;
	size_t plain_len = len - SEALED_EXTRA;
	uint8_t *plain = try_malloc(plain_len + 1); /* what fails its tag is never seen outside */
	gnutls_aead_cipher_hd_t cipher = plain ? cipher_open(s) : NULL;
	enum err e = cipher ? OK : ERR_NOMEM;
	if (e == OK && gnutls_aead_cipher_decrypt(cipher, sealed + 1, NONCE_LEN, name, name_len, TAG_LEN,
	                                          sealed + HEAD_LEN, len - HEAD_LEN, plain, &plain_len) != 0)
		e = ERR_CORRUPT;
	if (e == OK) memcpy(out_plain, plain, plain_len);
	if (cipher) gnutls_aead_cipher_deinit(cipher);
	secret_wipe(plain, len - SEALED_EXTRA);
	free(plain);
	return e;
}

/* -- the key file -------------------------------------------------------------------------------------------- */

static enum err complain(struct why *why, enum err e, const char *path, const char *text) {
	why_set(why, REASON_SECRET_KEY, "%s: %s", path, text);
	return e;
}

static enum err judge_owner(const char *path, const struct stat *st, struct why *why) {
	if (!S_ISREG(st->st_mode)) return complain(why, ERR_CORRUPT, path, "not a regular file");
	if (st->st_uid != geteuid()) {
		why_set(why, REASON_SECRET_KEY,
		        "%s: belongs to user %u: expected the user of the server, %u (chown)", path,
		        (unsigned)st->st_uid, (unsigned)geteuid());
		return ERR_REFUSED;
	}
	if (st->st_mode & 077) {
		why_set(why, REASON_SECRET_KEY, "%s: mode %04o lets others at it: expected 0600 (chmod 600)",
		        path, (unsigned)st->st_mode & 07777);
		return ERR_REFUSED;
	}
	if (st->st_size != SEALER_KEY_LEN) {
		why_set(why, REASON_SECRET_KEY, "%s: %lld octets: expected %d (put the saved copy back)",
		        path, (long long)st->st_size, SEALER_KEY_LEN);
		return ERR_CORRUPT;
	}
	return OK;
}

static enum err read_key(const char *path, int fd, uint8_t key[static SEALER_KEY_LEN], struct why *why) {
	struct stat st;
	if (fstat(fd, &st) != 0) return complain(why, ERR_IO, path, strerror(errno));
	enum err e = judge_owner(path, &st, why);
	if (e != OK) return e;
	ssize_t n = read(fd, key, SEALER_KEY_LEN);
	if (n < 0) return complain(why, ERR_IO, path, strerror(errno));
	return n == SEALER_KEY_LEN ? OK : complain(why, ERR_CORRUPT, path, "ends too early");
}

/* The file is new under a name of its own, is on the disk, and then gets its name: it is whole or is not there. */
static enum err make_key(const char *path, struct random *random, struct why *why) {
	uint8_t key[SEALER_KEY_LEN];
	secret_octets(random, key, sizeof(key));
	enum err e = file_replace(path, key, sizeof(key), 0600);
	secret_wipe(key, sizeof(key));
	return e == OK ? OK : complain(why, e, path, strerror(errno));
}

static int open_key(const char *path) {
	return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

enum err sealer_open(const char *path, bool may_make, struct random *random, struct sealer **out_sealer,
                     struct why *why) {
	int fd = open_key(path);
	if (fd < 0 && errno == ENOENT && may_make) {
		enum err e = make_key(path, random, why);
		if (e != OK) return e;
		fd = open_key(path);
	}
	if (fd < 0 && errno == ENOENT)
		return complain(why, ERR_NOTFOUND, path, "is gone: put the saved copy back");
	if (fd < 0) return complain(why, ERR_IO, path, strerror(errno));
	struct sealer *s = xcalloc(1, sizeof(*s));
	enum err e = read_key(path, fd, s->key, why);
	close(fd);
	if (e == OK)
		*out_sealer = s;
	else
		sealer_free(s);
	return e;
}

void sealer_free(struct sealer *s) {
	if (!s) return;
	secret_wipe(s, sizeof(*s));
	free(s);
}

#include "inventory/secrets.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/file.h"

#define FORMAT 1
#define HEAD_LEN (1 + AEAD_NONCE_LEN)

static_assert(SEALER_KEY_LEN == AEAD_KEY_LEN && SEALED_EXTRA == HEAD_LEN + AEAD_TAG_LEN, "the layout");

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
	digest_of(DIGEST_SHA256, data, len, out_digest);
}

bool secret_equal(const void *a, const void *b, size_t len) {
	return octets_equal(a, b, len);
}

void secret_wipe(void *p, size_t len) {
	if (p) explicit_bzero(p, len);
}

/* -- sealing ------------------------------------------------------------------------------------------------- */

/* Kind, NUL, id; returns its length. */
static size_t place_octets(struct sealed_place place, uint8_t out[static SEALED_NAME_MAX + 1]) {
	size_t kind = strlen(place.kind) + 1, id = strlen(place.id);
	assert(kind + id <= SEALED_NAME_MAX + 1);
	memcpy(out, place.kind, kind);
	memcpy(out + kind, place.id, id);
	return kind + id;
}

void sealer_seal(const struct sealer *s, struct random *random, struct sealed_place place, const void *plain,
                 size_t len, uint8_t *out_sealed) {
	uint8_t name[SEALED_NAME_MAX + 1];
	const struct aead_place at = {
		.key = s->key, .nonce = out_sealed + 1, .name = name, .name_len = place_octets(place, name)
	};
	out_sealed[0] = FORMAT;
	secret_octets(random, out_sealed + 1, AEAD_NONCE_LEN);
	aead_seal(&at, plain, len, out_sealed + HEAD_LEN);
}

enum err sealer_unseal(const struct sealer *s, struct sealed_place place, const uint8_t *sealed, size_t len,
                       void *out_plain) {
	uint8_t name[SEALED_NAME_MAX + 1];
	const struct aead_place at = {
		.key = s->key, .nonce = sealed + 1, .name = name, .name_len = place_octets(place, name)
	};
	if (len < SEALED_EXTRA) return ERR_CORRUPT;
	if (sealed[0] != FORMAT) return ERR_VERSION;
	size_t plain_len = len - SEALED_EXTRA;
	uint8_t *plain = try_malloc(plain_len + 1); /* what fails its tag is never seen outside */
	enum err e = plain ? OK : ERR_NOMEM;
	if (e == OK && !aead_open(&at, sealed + HEAD_LEN, plain_len, plain)) e = ERR_CORRUPT;
	if (e == OK && plain_len > 0) memcpy(out_plain, plain, plain_len);
	secret_wipe(plain, plain_len);
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

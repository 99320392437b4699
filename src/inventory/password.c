#include "inventory/password.h"

#include <argon2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "inventory/secrets.h"

#define SALT_LEN 16
#define HASH_LEN 32
#define LANES 1U

struct cost {
	unsigned memory_kib, passes, lanes;
};

enum err password_hash(const char *password, struct random *random, char out_hash[static PASSWORD_HASH_MAX]) {
	uint8_t salt[SALT_LEN];
	char hash[PASSWORD_HASH_MAX];
	size_t len = strlen(password);
	if (len < PASSWORD_LEN_MIN || len > PASSWORD_LEN_MAX) return ERR_LIMIT;
	secret_octets(random, salt, sizeof(salt));
	int status = argon2id_hash_encoded(PASSWORD_PASSES, PASSWORD_MEMORY_KIB, LANES, password, len, salt,
	                                   sizeof(salt), HASH_LEN, hash, sizeof(hash));
	if (status != ARGON2_OK) return ERR_NOMEM;
	memcpy(out_hash, hash, strlen(hash) + 1);
	return OK;
}

/* A decimal number behind mark; *text moves past it. */
static bool number_after(const char **text, const char *mark, unsigned *out_number) {
	size_t len = strlen(mark), digits = 0;
	unsigned n = 0;
	if (strncmp(*text, mark, len) != 0) return false;
	const char *p = *text + len;
	for (; p[digits] >= '0' && p[digits] <= '9' && digits < 9; digits++)
		n = n * 10 + (unsigned)(p[digits] - '0');
	*text = p + digits;
	*out_number = n;
	return digits > 0;
}

static bool cost_read(const char *hash, struct cost *out_cost) {
	unsigned version;
	return number_after(&hash, "$argon2id$v=", &version) && version == ARGON2_VERSION_NUMBER &&
	       number_after(&hash, "$m=", &out_cost->memory_kib) &&
	       number_after(&hash, ",t=", &out_cost->passes) &&
	       number_after(&hash, ",p=", &out_cost->lanes) && *hash == '$';
}

static bool cost_is_bounded(const struct cost *c) {
	return c->lanes == LANES && (uint64_t)c->memory_kib * c->passes <= PASSWORD_COST_MAX;
}

/* The time of a try, for a user that is not there. */
static enum err compare_with_nothing(const char *password, size_t len) {
	static const uint8_t salt[SALT_LEN] = { 0 };
	uint8_t hash[HASH_LEN];
	int status = argon2id_hash_raw(PASSWORD_PASSES, PASSWORD_MEMORY_KIB, LANES, password, len, salt,
	                               sizeof(salt), hash, sizeof(hash));
	secret_wipe(hash, sizeof(hash));
	return status == ARGON2_OK ? ERR_MISMATCH : ERR_NOMEM;
}

enum err password_verify(const char *password, const char *hash) {
	struct cost cost;
	size_t len = strnlen(password, PASSWORD_LEN_MAX + 1);
	if (len > PASSWORD_LEN_MAX) return ERR_MISMATCH;
	if (!hash) return compare_with_nothing(password, len);
	if (!cost_read(hash, &cost) || !cost_is_bounded(&cost)) return ERR_CORRUPT;
	int status = argon2id_verify(hash, password, len);
	if (status == ARGON2_OK) return OK;
	if (status == ARGON2_VERIFY_MISMATCH) return ERR_MISMATCH;
	return status == ARGON2_MEMORY_ALLOCATION_ERROR ? ERR_NOMEM : ERR_CORRUPT;
}

bool password_hash_is_old(const char *hash) {
	struct cost cost;
	return !cost_read(hash, &cost) || cost.memory_kib < PASSWORD_MEMORY_KIB ||
	       cost.passes < PASSWORD_PASSES;
}

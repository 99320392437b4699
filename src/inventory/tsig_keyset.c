/* Keysets of accounts, and the key file that their secrets are sealed under. */
#include "inventory/tsig_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "inventory/config_reader.h"

enum err tsig_keys_no_sealer(const struct row_work *w) {
	return row_refuse(w, ERR_IO, "TSIG keys can't be kept: the key file can't be used");
}

/* -- keysets ------------------------------------------------------------------------------------------------- */

/* Takes the key. */
static void keyset_add(struct keyset *set, const struct tsig_key *key) {
	const struct tsig_key **keys = (const struct tsig_key **)(uintptr_t)set->ring.keys;
	keys = xrealloc((void *)(uintptr_t)keys, (set->ring.count + 1) * sizeof(*keys));
	keys[set->ring.count++] = key;
	set->ring.keys = keys;
}

/* A secret that can't be read becomes one that nobody has. */
static void unseal(const struct row_work *w, struct sql_statement *s, struct tsig_key *key) {
	size_t len;
	const uint8_t *sealed = sql_blob(s, 3, &len);
	struct sealed_place place = { TSIG_KEY_KIND, sql_text(s, 0) };
	bool fits = w->sealer && sealed && len >= SEALED_EXTRA && len <= TSIG_SEALED_MAX;
	key->secret_len = SEALER_KEY_LEN;
	if (fits && sealer_unseal(w->sealer, place, sealed, len, key->secret) == OK)
		key->secret_len = (uint16_t)(len - SEALED_EXTRA);
	else
		secret_octets(w->random, key->secret, key->secret_len);
}

static enum err own_keys(const struct row_work *w, int64_t account, struct keyset *set) {
	struct sql_statement *s = sql_prepare(w->db,
	                                      "SELECT public_id, name, algorithm, secret FROM tsig_keys"
	                                      " WHERE account = ? ORDER BY name");
	sql_put_int(s, account);
	enum err e;
	while ((e = sql_step(s)) == OK) {
		struct tsig_key *key = xcalloc(1, sizeof(*key));
		key->algorithm = tsig_algorithm_parse(sql_text(s, 2));
		if (key->algorithm == TSIG_NONE || domain_parse(sql_text(s, 1), &key->name) != OK) {
			free(key); /* no row of ours */
			continue;
		}
		unseal(w, s, key);
		keyset_add(set, key);
	}
	sql_reset(s);
	return e == ERR_NOTFOUND ? OK : row_failed(w, e);
}

enum err tsig_keyset(const struct row_work *w, int64_t account, struct keyset *config,
                     struct keyset **out_keyset) {
	struct keyset *set = keyset_over(config);
	if (config && account == ROW_ACCOUNT_MAIN) {
		for (unsigned i = 0; i < config->ring.count; i++)
			keyset_add(set, config->ring.keys[i]);
		set->borrowed = config->ring.count;
	}
	enum err e = own_keys(w, account, set);
	if (e == OK)
		*out_keyset = set;
	else
		keyset_unref(set);
	return e;
}

/* -- the key file -------------------------------------------------------------------------------------------- */

static const struct sealed_place check_place = { "key-file", "check" };
static const char check_text[] = "the right key file";
#define CHECK_LEN (sizeof(check_text) - 1)
#define CHECK_SEALED (CHECK_LEN + SEALED_EXTRA)
#define CHECK_TEXT_MAX (BASE64_LEN(CHECK_SEALED) + 1)

static enum err check_write(const struct row_work *w) {
	uint8_t sealed[CHECK_SEALED];
	char text[CHECK_TEXT_MAX];
	sealer_seal(w->sealer, w->random, check_place, check_text, CHECK_LEN, sealed);
	base64_text(sealed, sizeof(sealed), text);
	struct sql_statement *s = sql_prepare(w->db, "INSERT INTO meta(key, value) VALUES ('key-file', ?)");
	sql_put_text(s, text);
	return row_failed(w, sql_run(s));
}

static enum err check_read(const struct row_work *w, const char *text) {
	uint8_t sealed[CHECK_SEALED], plain[CHECK_LEN];
	size_t len = 0;
	if (base64_octets(text, sealed, sizeof(sealed), &len) == OK && len == sizeof(sealed) &&
	    sealer_unseal(w->sealer, check_place, sealed, len, plain) == OK)
		return OK;
	why_set(w->why, REASON_SECRET_KEY,
	        "it is not the key file that the secrets of the database are sealed under: put that one back");
	return ERR_CORRUPT;
}

enum err tsig_keys_check(const struct row_work *w) {
	struct sql_statement *s = sql_prepare(w->db, "SELECT value FROM meta WHERE key = 'key-file'");
	enum err e = sql_step(s);
	if (e == OK) e = w->sealer ? check_read(w, sql_text(s, 0)) : tsig_keys_no_sealer(w);
	sql_reset(s);
	if (e == ERR_NOTFOUND) return w->sealer ? check_write(w) : OK;
	return e;
}

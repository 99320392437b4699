#include "inventory/tsig_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "inventory/config_reader.h"

static const struct row_field fields[] = {
	{ "id", 't' }, { "account", 't' }, { "name", 't' }, { "algorithm", 't' }, { "created_at", 'i' },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

#define SELECT                                                                                               \
	"SELECT k.public_id, a.public_id, k.name, k.algorithm, k.created_s"                                  \
	" FROM tsig_keys k JOIN accounts a ON a.id = k.account "
#define PAGE "k.id > COALESCE((SELECT id FROM tsig_keys WHERE public_id = ?), 0) ORDER BY k.id LIMIT ?"

/* -- looking ------------------------------------------------------------------------------------------------- */

enum err tsig_key_get(const struct row_work *w, int64_t account, const char *id, json_t **out_row) {
	struct sql_statement *s = sql_prepare(w->db,
	                                      SELECT "WHERE k.public_id = ? AND (k.account = ? OR ? = 0)");
	sql_put_text(s, id);
	sql_put_int(s, account);
	sql_put_int(s, account);
	return row_failed(w, row_json_one(s, fields, FIELDS, out_row));
}

enum err tsig_key_page(const struct row_work *w, const struct row_page *page, json_t **out_list) {
	struct sql_statement *s = row_page_prepare(w, page, SELECT "WHERE k.account = ? AND " PAGE,
	                                           SELECT "WHERE " PAGE);
	return row_failed(w, rows_json(s, fields, FIELDS, out_list));
}

/* -- making -------------------------------------------------------------------------------------------------- */

static bool key_name_read(const struct row_work *w, const struct tsig_wish *wish, struct tsig_key *key) {
	char text[NAME_TEXT_MAX];
	if (!row_domain_check(w, "name", wish->name, text)) return false;
	if (domain_parse(wish->name, &key->name) == OK && key->name.len > 1) return true;
	field_fault_add(w->faults, "name", "expected a domain name, such as \"key.example.com\"");
	return false;
}

static bool algorithm_read(const struct row_work *w, const struct tsig_wish *wish, struct tsig_key *key) {
	key->algorithm = wish->algorithm ? tsig_algorithm_parse(wish->algorithm) : TSIG_HMAC_SHA256;
	if (key->algorithm != TSIG_NONE) return true;
	field_fault_add(w->faults, "algorithm",
	                "expected hmac-sha256, hmac-sha512, hmac-sha384, hmac-sha224, hmac-sha1 or hmac-md5");
	return false;
}

/* What is wrong with a secret is told without a word of it. */
static bool secret_read(const struct row_work *w, const struct tsig_wish *wish, struct tsig_key *key) {
	if (tsig_secret_parse(wish->secret, key) == OK && key->secret_len >= TSIG_SECRET_MIN) return true;
	field_fault_add(w->faults, "secret", "expected %d to %d octets in base64", TSIG_SECRET_MIN,
	                TSIG_SECRET_MAX);
	return false;
}

/* RFC 8945 section 6 wants a key at least as long as the algorithm's digest. */
static void secret_make(const struct row_work *w, struct tsig_key *key) {
	static const uint8_t lens[] = {
		[TSIG_HMAC_MD5] = 16,    [TSIG_HMAC_SHA1] = 20,   [TSIG_HMAC_SHA224] = 28,
		[TSIG_HMAC_SHA256] = 32, [TSIG_HMAC_SHA384] = 48, [TSIG_HMAC_SHA512] = 64,
	};
	key->secret_len = lens[key->algorithm];
	secret_octets(w->random, key->secret, key->secret_len);
}

static bool key_read(const struct row_work *w, const struct tsig_wish *wish, struct tsig_key *key) {
	bool good = key_name_read(w, wish, key);
	good = algorithm_read(w, wish, key) && good;
	if (wish->secret)
		good = secret_read(w, wish, key) && good;
	else if (good)
		secret_make(w, key);
	return good;
}

static bool ring_has(const struct tsig_keyring *ring, const struct name *name) {
	for (unsigned i = 0; ring && i < ring->count; i++)
		if (name_equal(ring->keys[i]->name.wire, name->wire)) return true;
	return false;
}

static enum err judge_others(const struct row_work *w, const struct tsig_keyring *config, int64_t account,
                             const struct name *name) {
	char text[NAME_TEXT_MAX];
	name_text_short(name->wire, text);
	if (account == ROW_ACCOUNT_MAIN && ring_has(config, name))
		return row_refuse(w, ERR_EXISTS, "the key \"%s\" is in the configuration file", text);
	struct sql_statement *s = sql_prepare(
		w->db, "SELECT COUNT(*), COALESCE(SUM(name = ?), 0) FROM tsig_keys WHERE account = ?");
	sql_put_text(s, text);
	sql_put_int(s, account);
	enum err e = sql_step(s);
	int64_t count = e == OK ? sql_int(s, 0) : 0, same = e == OK ? sql_int(s, 1) : 0;
	sql_reset(s);
	if (e != OK) return row_failed(w, e);
	if (same > 0) return row_refuse(w, ERR_EXISTS, "there is a key \"%s\" already", text);
	if (count < TSIG_KEYS_MAX) return OK;
	return row_refuse(w, ERR_LIMIT, "an account has at most %d TSIG keys", TSIG_KEYS_MAX);
}

static enum err insert(const struct row_work *w, int64_t account, const char *id,
                       const struct tsig_key *key) {
	uint8_t sealed[TSIG_SEALED_MAX];
	char name[NAME_TEXT_MAX];
	struct sealed_place place = { TSIG_KEY_KIND, id };
	if (!w->sealer) return tsig_keys_no_sealer(w);
	sealer_seal(w->sealer, w->random, place, key->secret, key->secret_len, sealed);
	struct sql_statement *s = sql_prepare(
		w->db, "INSERT INTO tsig_keys(public_id, account, name, algorithm, secret,"
		       " created_s) VALUES (?, ?, ?, ?, ?, ?)");
	sql_put_text(s, id);
	sql_put_int(s, account);
	sql_put_text(s, name_text_short(key->name.wire, name));
	sql_put_text(s, tsig_algorithm_text(key->algorithm));
	sql_put_blob(s, sealed, key->secret_len + SEALED_EXTRA);
	sql_put_int(s, w->now_s);
	return row_failed(w, sql_run(s));
}

enum err tsig_key_add(const struct row_work *w, const struct tsig_keyring *config,
                      const struct tsig_wish *wish, char out_secret[static TSIG_SECRET_TEXT_MAX],
                      json_t **out_after) {
	struct tsig_key key = { 0 };
	char id[SECRET_ID_LEN + 1];
	enum err e = key_read(w, wish, &key) ? OK : ERR_CONFIG;
	if (e == OK) e = judge_others(w, config, wish->account, &key.name);
	secret_id(w->random, id);
	if (e == OK) e = insert(w, wish->account, id, &key);
	if (e == OK) base64_text(key.secret, key.secret_len, out_secret);
	if (e == OK) e = tsig_key_get(w, wish->account, id, out_after);
	secret_wipe(&key, sizeof(key));
	return e;
}

/* -- removing ------------------------------------------------------------------------------------------------ */

#define NAMED_MAX 5

struct users {
	char names[WHY_TEXT_MAX];
	size_t len;
	int64_t count;
};

static void users_add(struct users *u, const char *what, const char *name) {
	int n = u->count++ < NAMED_MAX ? snprintf(u->names + u->len, sizeof(u->names) - u->len, "%s%s %s",
	                                          u->len ? ", " : "", what, name)
	                               : 0;
	if (n > 0 && (size_t)n < sizeof(u->names) - u->len)
		u->len += (size_t)n;
	else
		u->names[u->len] = '\0';
}

/* Of the key named by the second argument: names, one row each. */
static enum err users_find(const struct row_work *w, const char *text, const char *what, int64_t account,
                           const char *name, struct users *u) {
	struct sql_statement *s = sql_prepare(w->db, text);
	sql_put_int(s, account);
	sql_put_text(s, name);
	enum err e;
	while ((e = sql_step(s)) == OK)
		users_add(u, what, sql_text(s, 0));
	sql_reset(s);
	return e == ERR_NOTFOUND ? OK : row_failed(w, e);
}

static bool primary_names_key(const char *settings, const char *name) {
	json_t *map = json_loads(settings, 0, NULL);
	const char *text = json_string_value(json_object_get(map, "key"));
	struct name a, b;
	bool names = text && domain_parse(text, &a) == OK && domain_parse(name, &b) == OK &&
	             name_equal(a.wire, b.wire);
	json_decref(map);
	return names;
}

static enum err primaries_find(const struct row_work *w, int64_t account, const char *name, struct users *u) {
	struct sql_statement *s = sql_prepare(
		w->db, "SELECT name, settings FROM primaries WHERE account = ? ORDER BY name");
	sql_put_int(s, account);
	enum err e;
	while ((e = sql_step(s)) == OK)
		if (primary_names_key(sql_text(s, 1), name)) users_add(u, "primary", sql_text(s, 0));
	sql_reset(s);
	return e == ERR_NOTFOUND ? OK : row_failed(w, e);
}

static enum err judge_users(const struct row_work *w, int64_t account, const char *name) {
	struct users u = { 0 };
	enum err e = primaries_find(w, account, name, &u);
	if (e == OK)
		e = users_find(w,
		               "SELECT z.name FROM zones z JOIN uses u ON u.settings = z.settings"
		               " WHERE z.account = ? AND u.kind = 'key' AND u.name = ? ORDER BY z.name",
		               "zone", account, name, &u);
	if (e != OK || u.count == 0) return e;
	if (u.count <= NAMED_MAX) return row_refuse(w, ERR_EXISTS, "in use by %s", u.names);
	return row_refuse(w, ERR_EXISTS, "in use by %s and %lld more", u.names,
	                  (long long)(u.count - NAMED_MAX));
}

struct found {
	int64_t account;
	char name[NAME_TEXT_MAX];
};

static enum err find(const struct row_work *w, const char *id, struct found *out_found) {
	struct sql_statement *s = sql_prepare(w->db,
	                                      "SELECT account, name FROM tsig_keys WHERE public_id = ?");
	sql_put_text(s, id);
	enum err e = sql_step(s);
	if (e == OK) {
		out_found->account = sql_int(s, 0);
		(void)snprintf(out_found->name, sizeof(out_found->name), "%s", sql_text(s, 1)); /* fits */
	}
	sql_reset(s);
	return row_failed(w, e);
}

enum err tsig_key_remove(const struct row_work *w, int64_t account, const char *id, json_t **out_before,
                         int64_t *out_account) {
	json_t *before = NULL;
	struct found found;
	enum err e = tsig_key_get(w, account, id, &before);
	if (e == OK) e = find(w, id, &found);
	if (e == OK) e = judge_users(w, found.account, found.name);
	if (e == OK) {
		struct sql_statement *s = sql_prepare(w->db, "DELETE FROM tsig_keys WHERE public_id = ?");
		sql_put_text(s, id);
		e = row_failed(w, sql_run(s));
	}
	if (e != OK) {
		json_decref(before);
		return e;
	}
	*out_before = before;
	*out_account = found.account;
	return OK;
}

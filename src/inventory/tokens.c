#include "inventory/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const struct row_field fields[] = {
	{ "id", 't' },         { "account", 't' }, { "name", 't' },    { "prefix", 't' },
	{ "scope", 't' },      { "zones", 'j' },   { "primary", 't' }, { "created_at", 'i' },
	{ "expires_at", 'n' }, { "used_at", 'n' },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

#define SELECT                                                                                               \
	"SELECT k.public_id, a.public_id, k.name, k.prefix, k.scope, k.zones, k.primary_address,"            \
	" k.created_s, k.expires_s, k.used_s FROM api_keys k JOIN accounts a ON a.id = k.account "
#define PAGE "k.id > COALESCE((SELECT id FROM api_keys WHERE public_id = ?), 0) ORDER BY k.id LIMIT ?"

/* -- looking ------------------------------------------------------------------------------------------------- */

enum err token_get(const struct row_work *w, int64_t account, const char *id, json_t **out_row) {
	struct sql_statement *s = sql_prepare(w->db,
	                                      SELECT "WHERE k.public_id = ? AND (k.account = ? OR ? = 0)");
	sql_put_text(s, id);
	sql_put_int(s, account);
	sql_put_int(s, account);
	return row_failed(w, row_json_one(s, fields, FIELDS, out_row));
}

enum err token_page(const struct row_work *w, const struct row_page *page, json_t **out_list) {
	struct sql_statement *s = row_page_prepare(w, page, SELECT "WHERE k.account = ? AND " PAGE,
	                                           SELECT "WHERE " PAGE);
	return row_failed(w, rows_json(s, fields, FIELDS, out_list));
}

/* -- making -------------------------------------------------------------------------------------------------- */

/* What a wish becomes in the row. */
struct token_draft {
	const struct token_wish *wish;
	char primary[ADDR_TEXT_MAX]; /* "": none */
	char *zones;                 /* JSON, owned; NULL: all */
};

static bool zones_read(const struct row_work *w, const struct token_wish *wish, struct token_draft *d) {
	char name[NAME_TEXT_MAX];
	bool good = wish->zone_count <= TOKEN_ZONES_MAX;
	if (!good) field_fault_add(w->faults, "zones", "expected at most %d names", TOKEN_ZONES_MAX);
	json_t *list = json_array();
	for (unsigned i = 0; good && i < wish->zone_count; i++)
		good = row_domain_check(w, "zones", wish->zones[i], name) &&
		       json_array_append_new(list, json_string(name)) == 0;
	if (good && wish->zone_count > 0) d->zones = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return good;
}

static bool primary_read(const struct row_work *w, const struct token_wish *wish, struct token_draft *d) {
	struct addr a;
	if (!wish->primary) return true;
	if (addr_parse(wish->primary, 0, &a) != OK) {
		field_fault_add(w->faults, "primary",
		                "expected an address, such as \"192.0.2.1\" or \"2001:db8::1@5300\"");
		return false;
	}
	addr_text(&a, d->primary);
	return true;
}

/* All faults at once. */
static bool draft_read(const struct row_work *w, const struct token_wish *wish, struct token_draft *d) {
	bool good = row_name_check(w, "name", wish->name);
	d->wish = wish;
	good = zones_read(w, wish, d) && good;
	good = primary_read(w, wish, d) && good;
	if (wish->expires_s != 0 && wish->expires_s <= w->now_s) {
		field_fault_add(w->faults, "expires_at", "expected a time that lies ahead");
		good = false;
	}
	return good;
}

static enum err judge_maker(const struct row_work *w, const struct caller *by,
                            const struct token_wish *wish) {
	if (!by) return OK;
	const char *text = NULL;
	if (by->zones || by->has_primary)
		text = "a key that is bound to zones or to a primary makes no keys";
	else if (wish->scope > by->scope)
		text = "a key makes no key that reaches further than itself";
	else if (by->scope != SCOPE_ADMIN && wish->account != by->account)
		text = "a key makes keys of its own account only";
	if (!text) return OK;
	return row_refuse(w, ERR_REFUSED, "%s", text);
}

static enum err judge_others(const struct row_work *w, const struct token_wish *wish) {
	struct sql_statement *s = sql_prepare(
		w->db, "SELECT COUNT(*), COALESCE(SUM(name = ?), 0) FROM api_keys WHERE account = ?");
	sql_put_text(s, wish->name);
	sql_put_int(s, wish->account);
	enum err e = sql_step(s);
	int64_t count = e == OK ? sql_int(s, 0) : 0, same = e == OK ? sql_int(s, 1) : 0;
	sql_reset(s);
	if (e != OK) return row_failed(w, e);
	if (same > 0) return row_refuse(w, ERR_EXISTS, "there is an API key \"%s\" already", wish->name);
	if (count < TOKENS_MAX) return OK;
	return row_refuse(w, ERR_LIMIT, "an account has at most %d API keys", TOKENS_MAX);
}

static void put_text_or_null(struct sql_statement *s, const char *text) {
	if (text && *text)
		sql_put_text(s, text);
	else
		sql_put_null(s);
}

static enum err insert(const struct row_work *w, const struct token_draft *d, const char *id,
                       const char *key) {
	uint8_t digest[SECRET_DIGEST_LEN];
	secret_digest(key, API_KEY_LEN, digest);
	struct sql_statement *s = sql_prepare(
		w->db, "INSERT INTO api_keys(public_id, account, name, prefix, hash, scope, zones,"
		       " primary_address, created_s, expires_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	sql_put_text(s, id);
	sql_put_int(s, d->wish->account);
	sql_put_text(s, d->wish->name);
	sql_put_text_len(s, key, API_KEY_PREFIX_LEN);
	sql_put_blob(s, digest, sizeof(digest));
	sql_put_text(s, scope_text(d->wish->scope));
	put_text_or_null(s, d->zones);
	put_text_or_null(s, d->primary);
	sql_put_int(s, w->now_s);
	sql_put_int(s, d->wish->expires_s);
	return row_failed(w, sql_run(s));
}

enum err token_add(const struct row_work *w, const struct caller *by, const struct token_wish *wish,
                   char out_key[static API_KEY_LEN + 1], json_t **out_after) {
	struct token_draft draft = { 0 };
	char id[SECRET_ID_LEN + 1], key[API_KEY_LEN + 1];
	enum err e = draft_read(w, wish, &draft) ? OK : ERR_CONFIG;
	if (e == OK) e = judge_maker(w, by, wish);
	if (e == OK) e = judge_others(w, wish);
	secret_id(w->random, id);
	api_key_make(w->random, key);
	if (e == OK) e = insert(w, &draft, id, key);
	if (e == OK) e = token_get(w, wish->account, id, out_after);
	if (e == OK) memcpy(out_key, key, sizeof(key));
	secret_wipe(key, sizeof(key));
	free(draft.zones);
	return e;
}

enum err token_remove(const struct row_work *w, int64_t account, const char *id, json_t **out_before,
                      int64_t *out_account) {
	json_t *before = NULL;
	enum err e = token_get(w, account, id, &before);
	if (e != OK) return e;
	struct sql_statement *s = sql_prepare(w->db, "SELECT account FROM api_keys WHERE public_id = ?");
	sql_put_text(s, id);
	e = sql_step(s);
	int64_t owner = e == OK ? sql_int(s, 0) : 0;
	sql_reset(s);
	if (e == OK) {
		s = sql_prepare(w->db, "DELETE FROM api_keys WHERE public_id = ?");
		sql_put_text(s, id);
		e = sql_run(s);
	}
	if (e != OK) {
		json_decref(before);
		return row_failed(w, e);
	}
	*out_before = before;
	*out_account = owner;
	return OK;
}

/* -- finding again -------------------------------------------------------------------------------------------- */

/* ["a.example","b.example"] as texts, each with its NUL. */
static void zones_of(const char *text, struct caller *c) {
	json_t *list = json_loads(text, 0, NULL), *zone;
	size_t i;
	c->zones = xcalloc(1, strlen(text) + 1); /* quotes and commas are more than the NULs */
	json_array_foreach(list, i, zone) {
		size_t len = json_string_length(zone) + 1;
		memcpy(c->zones + c->zones_len, json_string_value(zone), len);
		c->zones_len += len;
	}
	json_decref(list);
}

static void copy_text(char *to, size_t size, const char *text) {
	size_t len = strnlen(text ? text : "", size - 1);
	memcpy(to, text ? text : "", len);
	to[len] = '\0';
}

#define COPY(to, text) copy_text(to, sizeof(to), text)

static struct caller *caller_of(struct sql_statement *s) {
	struct caller *c = xcalloc(1, sizeof(*c));
	atomic_init(&c->references, 1);
	c->token = sql_int(s, 0);
	COPY(c->token_id, sql_text(s, 1));
	c->account = sql_int(s, 2);
	COPY(c->account_id, sql_text(s, 3));
	COPY(c->name, sql_text(s, 4));
	COPY(c->prefix, sql_text(s, 5));
	/* What can't be read reaches nowhere: a bound key stays bound, and an unknown scope reads only. */
	if (scope_parse(sql_text(s, 6), &c->scope) != OK) c->scope = SCOPE_READ;
	if (!sql_is_null(s, 7)) zones_of(sql_text(s, 7), c);
	c->has_primary = !sql_is_null(s, 8);
	if (c->has_primary && addr_parse(sql_text(s, 8), 0, &c->primary) != OK)
		c->primary = (struct addr){ 0 };
	c->expires_s = sql_int(s, 9);
	c->requests_per_minute = (uint32_t)sql_int(s, 10);
	return c;
}

#define VERIFY                                                                                               \
	"SELECT k.id, k.public_id, k.account, a.public_id, k.name, k.prefix, k.scope, k.zones,"              \
	" k.primary_address, k.expires_s, a.requests_per_minute, k.hash, k.used_s"                           \
	" FROM api_keys k JOIN accounts a ON a.id = k.account WHERE k.hash = ?"

/* The row was found by its digest; that it has it is looked at once more, without the database's help. */
static bool has_digest(struct sql_statement *s, const uint8_t digest[static SECRET_DIGEST_LEN]) {
	size_t len;
	const void *hash = sql_blob(s, 11, &len);
	return hash && len == SECRET_DIGEST_LEN && secret_equal(hash, digest, len);
}

enum err token_verify(const struct row_work *w, const char *key, const struct caller **out_caller) {
	uint8_t digest[SECRET_DIGEST_LEN];
	if (!api_key_is_text(key)) return ERR_NOTFOUND;
	secret_digest(key, API_KEY_LEN, digest);
	struct sql_statement *s = sql_prepare(w->db, VERIFY);
	sql_put_blob(s, digest, sizeof(digest));
	enum err e = sql_step(s);
	if (e == OK && !has_digest(s, digest)) e = ERR_NOTFOUND;
	struct caller *c = e == OK ? caller_of(s) : NULL;
	int64_t used_s = e == OK ? sql_int(s, 12) : 0;
	sql_reset(s);
	if (e != OK) return row_failed(w, e);
	if (c->expires_s != 0 && w->now_s >= c->expires_s)
		e = ERR_TIMEOUT;
	else if (w->now_s - used_s >= 60)
		err_ignore(token_used(w, c->token, w->now_s)); /* a full disk keeps nobody from reading */
	if (e == OK)
		*out_caller = c;
	else
		caller_unref(c);
	return e;
}

enum err token_used(const struct row_work *w, int64_t token, int64_t used_s) {
	struct sql_statement *s = sql_prepare(
		w->db, "UPDATE api_keys SET used_s = ? WHERE id = ? AND COALESCE(used_s, 0) < ?");
	sql_put_int(s, used_s);
	sql_put_int(s, token);
	sql_put_int(s, used_s);
	return row_failed(w, sql_run(s));
}

#include "inventory/users.h"

#include <stdio.h>
#include <string.h>

#include "inventory/password.h"

static const struct row_field fields[] = {
	{ "id", 't' }, { "account", 't' }, { "name", 't' }, { "has_password", 'b' }, { "created_at", 'i' },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

#define SELECT                                                                                               \
	"SELECT u.public_id, a.public_id, u.name, u.password IS NOT NULL, u.created_s"                       \
	" FROM users u JOIN accounts a ON a.id = u.account "
#define PAGE "u.id > COALESCE((SELECT id FROM users WHERE public_id = ?), 0) ORDER BY u.id LIMIT ?"

static enum err user_get(const struct row_work *w, int64_t account, const char *id, json_t **out_row) {
	struct sql_statement *s = sql_prepare(w->db,
	                                      SELECT "WHERE u.public_id = ? AND (u.account = ? OR ? = 0)");
	sql_put_text(s, id);
	sql_put_int(s, account);
	sql_put_int(s, account);
	return row_failed(w, row_json_one(s, fields, FIELDS, out_row));
}

enum err user_page(const struct row_work *w, const struct row_page *page, json_t **out_list) {
	struct sql_statement *s = row_page_prepare(w, page, SELECT "WHERE u.account = ? AND " PAGE,
	                                           SELECT "WHERE " PAGE);
	return row_failed(w, rows_json(s, fields, FIELDS, out_list));
}

/* -- changes ------------------------------------------------------------------------------------------------- */

/* ERR_CONFIG: a fault tells, without a word of the password. */
static enum err hash_make(const struct row_work *w, const char *password,
                          char out_hash[static PASSWORD_HASH_MAX]) {
	enum err e = password_hash(password, w->random, out_hash);
	if (e == ERR_NOMEM) return row_refuse(w, e, "%s", err_text(e));
	if (e == OK) return OK;
	field_fault_add(w->faults, "password", "expected %d to %d octets", PASSWORD_LEN_MIN,
	                PASSWORD_LEN_MAX);
	return ERR_CONFIG;
}

static enum err judge_others(const struct row_work *w, int64_t account, const char *name) {
	struct sql_statement *s = sql_prepare(w->db, "SELECT (SELECT COUNT(*) FROM users WHERE account = ?),"
	                                             " EXISTS(SELECT 1 FROM users WHERE name = ?)");
	sql_put_int(s, account);
	sql_put_text(s, name);
	enum err e = sql_step(s);
	int64_t count = e == OK ? sql_int(s, 0) : 0, same = e == OK ? sql_int(s, 1) : 0;
	sql_reset(s);
	if (e != OK) return row_failed(w, e);
	if (same) return row_refuse(w, ERR_EXISTS, "the name \"%s\" is taken", name);
	return count < USERS_MAX ? OK
	                         : row_refuse(w, ERR_LIMIT, "an account has at most %d users", USERS_MAX);
}

enum err user_add(const struct row_work *w, int64_t account, const char *name, const char *password,
                  json_t **out_after) {
	char id[SECRET_ID_LEN + 1], hash[PASSWORD_HASH_MAX];
	enum err e = row_name_check(w, "name", name) ? OK : ERR_CONFIG;
	if (e == OK) e = judge_others(w, account, name);
	if (e == OK && password) e = hash_make(w, password, hash);
	if (e != OK) return e;
	secret_id(w->random, id);
	struct sql_statement *s = sql_prepare(
		w->db, "INSERT INTO users(public_id, account, name, password, created_s)"
		       " VALUES (?, ?, ?, ?, ?)");
	sql_put_text(s, id);
	sql_put_int(s, account);
	sql_put_text(s, name);
	if (password)
		sql_put_text(s, hash);
	else
		sql_put_null(s);
	sql_put_int(s, w->now_s);
	e = row_failed(w, sql_run(s));
	return e == OK ? user_get(w, account, id, out_after) : e;
}

static enum err hash_write(const struct row_work *w, const char *id, const char *hash) {
	struct sql_statement *s = sql_prepare(w->db, "UPDATE users SET password = ? WHERE public_id = ?");
	sql_put_text(s, hash);
	sql_put_text(s, id);
	return row_failed(w, sql_run(s));
}

enum err user_set_password(const struct row_work *w, int64_t account, const char *id, const char *password,
                           json_t **out_after) {
	char hash[PASSWORD_HASH_MAX];
	json_t *after = NULL;
	enum err e = user_get(w, account, id, &after);
	json_decref(after);
	if (e == OK) e = hash_make(w, password, hash);
	if (e == OK) e = hash_write(w, id, hash);
	return e == OK ? user_get(w, account, id, out_after) : e;
}

enum err user_remove(const struct row_work *w, int64_t account, const char *id, json_t **out_before) {
	json_t *before = NULL;
	enum err e = user_get(w, account, id, &before);
	if (e != OK) return e;
	struct sql_statement *s = sql_prepare(w->db, "DELETE FROM users WHERE public_id = ?");
	sql_put_text(s, id);
	e = row_failed(w, sql_run(s));
	if (e == OK)
		*out_before = before;
	else
		json_decref(before);
	return e;
}

/* -- logging in ---------------------------------------------------------------------------------------------- */

struct login_row {
	struct user_found user;
	char hash[PASSWORD_HASH_MAX]; /* "": there is none */
};

static enum err login_find(const struct row_work *w, const char *name, struct login_row *out_row) {
	struct sql_statement *s = sql_prepare(
		w->db, "SELECT account, public_id, password FROM users WHERE name = ?");
	sql_put_text(s, name);
	enum err e = sql_step(s);
	if (e == OK) {
		const char *hash = sql_text(s, 2);
		out_row->user.account = sql_int(s, 0);
		(void)snprintf(out_row->user.id, sizeof(out_row->user.id), "%s", sql_text(s, 1)); /* fits */
		(void)snprintf(out_row->hash, sizeof(out_row->hash), "%s", hash ? hash : "");     /* fits */
	}
	sql_reset(s);
	return e == ERR_NOTFOUND ? OK : row_failed(w, e);
}

static uint32_t wait_of(const struct tries *tries, const struct user_login *l, const char *source) {
	uint32_t one = *source ? tries_wait_s(tries, "source", source, l->mono_ms) : 0;
	uint32_t two = tries_wait_s(tries, "user", l->name, l->mono_ms);
	return one > two ? one : two;
}

static void count_failure(struct tries *tries, const struct user_login *l, const char *source) {
	if (*source) tries_failed(tries, "source", source, l->mono_ms);
	tries_failed(tries, "user", l->name, l->mono_ms);
}

/* A hash of former parameters is made anew while the password is at hand; if that fails the former one still does. */
static void hash_renew(const struct row_work *w, const char *id, const struct login_row *row,
                       const char *password) {
	char hash[PASSWORD_HASH_MAX];
	if (password_hash_is_old(row->hash) && password_hash(password, w->random, hash) == OK)
		err_ignore(hash_write(w, id, hash));
}

enum err user_verify(const struct row_work *w, struct tries *tries, const struct user_login *login,
                     struct user_found *out_user, uint32_t *out_wait_s) {
	char source[ADDR_TEXT_MAX] = "";
	struct login_row row = { 0 };
	if (login->source) tries_source_text(login->source, source);
	uint32_t wait_s = wait_of(tries, login, source);
	if (wait_s > 0) {
		*out_wait_s = wait_s;
		return ERR_AGAIN;
	}
	enum err e = login_find(w, login->name, &row);
	if (e == OK) e = password_verify(login->password, *row.hash ? row.hash : NULL);
	if (e == ERR_MISMATCH) count_failure(tries, login, source);
	if (e == OK) hash_renew(w, row.user.id, &row, login->password);
	if (e == OK) *out_user = row.user;
	secret_wipe(&row, sizeof(row));
	return e;
}

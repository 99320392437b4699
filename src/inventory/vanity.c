#include "inventory/vanity.h"

#include <string.h>

/* -- names for this server ------------------------------------------------------------------------------------- */

static const struct row_field name_fields[] = { { "name", 't' }, { "account", 't' }, { "created_at", 'i' } };

#define VANITY                                                                                               \
	"SELECT v.name, a.public_id, v.created_s FROM vanity v JOIN accounts a ON a.id = v.account"          \
	" WHERE v.account = ? "

static enum err vanity_get(const struct row_work *w, int64_t account, const char *name, json_t **out_row) {
	struct sql_statement *s = sql_prepare(w->db, VANITY "AND v.name = ?");
	sql_put_int(s, account);
	sql_put_text(s, name);
	return row_failed(w, row_json_one(s, name_fields, 3, out_row));
}

enum err vanity_list(const struct row_work *w, int64_t account, json_t **out_list) {
	struct sql_statement *s = sql_prepare(w->db, VANITY "ORDER BY v.name");
	sql_put_int(s, account);
	return row_failed(w, rows_json(s, name_fields, 3, out_list));
}

static enum err judge_others(const struct row_work *w, int64_t account, const char *name) {
	struct sql_statement *s = sql_prepare(w->db, "SELECT (SELECT COUNT(*) FROM vanity WHERE account = ?),"
	                                             " (SELECT account FROM vanity WHERE name = ?)");
	sql_put_int(s, account);
	sql_put_text(s, name);
	enum err e = sql_step(s);
	int64_t count = e == OK ? sql_int(s, 0) : 0, owner = e == OK ? sql_int(s, 1) : 0;
	sql_reset(s);
	if (e != OK) return row_failed(w, e);
	if (owner == account) return row_refuse(w, ERR_EXISTS, "the name \"%s\" is there already", name);
	if (owner != 0) return row_refuse(w, ERR_EXISTS, "the name \"%s\" is not free", name);
	if (count < VANITY_MAX) return OK;
	return row_refuse(w, ERR_LIMIT, "an account has at most %d names for this server", VANITY_MAX);
}

enum err vanity_add(const struct row_work *w, int64_t account, const char *name, json_t **out_after) {
	char text[NAME_TEXT_MAX];
	if (!row_domain_check(w, "name", name, text)) return ERR_CONFIG;
	if (!strchr(text, '.') || text[1] == '\0' || text[0] == '*') {
		field_fault_add(w->faults, "name",
		                "expected the name of a host, such as \"ns1.example.com\"");
		return ERR_CONFIG;
	}
	enum err e = judge_others(w, account, text);
	if (e != OK) return e;
	struct sql_statement *s = sql_prepare(
		w->db, "INSERT INTO vanity(account, name, created_s) VALUES (?, ?, ?)");
	sql_put_int(s, account);
	sql_put_text(s, text);
	sql_put_int(s, w->now_s);
	e = row_failed(w, sql_run(s));
	return e == OK ? vanity_get(w, account, text, out_after) : e;
}

enum err vanity_remove(const struct row_work *w, int64_t account, const char *name, json_t **out_before) {
	char text[NAME_TEXT_MAX];
	json_t *before = NULL;
	if (!row_domain_check(w, "name", name, text)) return ERR_CONFIG;
	enum err e = vanity_get(w, account, text, &before);
	if (e != OK) return e;
	struct sql_statement *s = sql_prepare(w->db, "DELETE FROM vanity WHERE account = ? AND name = ?");
	sql_put_int(s, account);
	sql_put_text(s, text);
	e = row_failed(w, sql_run(s));
	if (e == OK)
		*out_before = before;
	else
		json_decref(before);
	return e;
}

enum err vanity_glue(const struct row_work *w, int64_t account, const char *const *addresses, unsigned count,
                     json_t **out_list) {
	json_t *list = NULL, *row;
	size_t i;
	enum err e = vanity_list(w, account, &list);
	if (e != OK) return e;
	json_array_foreach(list, i, row) {
		json_t *texts = json_array();
		for (unsigned a = 0; texts && a < count; a++)
			if (json_array_append_new(texts, json_string(addresses[a])) != 0) e = ERR_NOMEM;
		if (json_object_set_new(row, "glue", texts) != 0) e = ERR_NOMEM;
	}
	if (e == OK)
		*out_list = list;
	else
		json_decref(list);
	return e;
}

/* -- consents -------------------------------------------------------------------------------------------------- */

static const struct row_field consent_fields[] = { { "name", 't' },
	                                           { "account", 't' },
	                                           { "created_at", 'i' } };
#define CONSENT                                                                                              \
	"SELECT c.name, a.public_id, c.created_s FROM consents c JOIN accounts a ON a.id = c.account"        \
	" JOIN zones z ON z.name = c.name WHERE z.account = ? "

static enum err consent_get(const struct row_work *w, int64_t account, const char *zone, const char *other,
                            json_t **out_row) {
	struct sql_statement *s = sql_prepare(w->db, CONSENT "AND c.name = ? AND a.public_id = ?");
	sql_put_int(s, account);
	sql_put_text(s, zone);
	sql_put_text(s, other);
	return row_failed(w, row_json_one(s, consent_fields, 3, out_row));
}

enum err consent_list(const struct row_work *w, int64_t account, json_t **out_list) {
	struct sql_statement *s = sql_prepare(w->db, CONSENT "ORDER BY c.name, c.account LIMIT ?");
	sql_put_int(s, account);
	sql_put_int(s, CONSENTS_MAX);
	return row_failed(w, rows_json(s, consent_fields, 3, out_list));
}

/* The row of the account called other, if zone is account's. */
static enum err find_other(const struct row_work *w, int64_t account, const char *zone, const char *other,
                           int64_t *out_other) {
	struct sql_statement *s = sql_prepare(w->db, "SELECT a.id FROM zones z, accounts a WHERE z.name = ?"
	                                             " AND z.account = ? AND a.public_id = ?");
	sql_put_text(s, zone);
	sql_put_int(s, account);
	sql_put_text(s, other);
	enum err e = sql_step(s);
	if (e == OK) *out_other = sql_int(s, 0);
	sql_reset(s);
	return row_failed(w, e);
}

static enum err judge_count(const struct row_work *w, int64_t account) {
	struct sql_statement *s = sql_prepare(
		w->db, "SELECT COUNT(*) FROM consents c JOIN zones z ON z.name = c.name"
		       " WHERE z.account = ?");
	sql_put_int(s, account);
	enum err e = sql_step(s);
	int64_t count = e == OK ? sql_int(s, 0) : 0;
	sql_reset(s);
	if (e != OK) return row_failed(w, e);
	if (count < CONSENTS_MAX) return OK;
	return row_refuse(w, ERR_LIMIT, "an account gives at most %d consents", CONSENTS_MAX);
}

enum err consent_add(const struct row_work *w, int64_t account, const char *zone, const char *other,
                     json_t **out_after) {
	char text[NAME_TEXT_MAX];
	int64_t row = 0;
	json_t *former = NULL;
	if (!row_domain_check(w, "name", zone, text)) return ERR_CONFIG;
	enum err e = find_other(w, account, text, other, &row);
	if (e == OK && row == account) {
		field_fault_add(w->faults, "account", "expected another account than the zone's own");
		return ERR_CONFIG;
	}
	if (e != OK) return e;
	if (consent_get(w, account, text, other, &former) == OK) {
		json_decref(former);
		return row_refuse(w, ERR_EXISTS, "that account may have zones above and below \"%s\" already",
		                  text);
	}
	e = judge_count(w, account);
	if (e != OK) return e;
	struct sql_statement *s = sql_prepare(
		w->db, "INSERT INTO consents(name, account, created_s) VALUES (?, ?, ?)");
	sql_put_text(s, text);
	sql_put_int(s, row);
	sql_put_int(s, w->now_s);
	e = row_failed(w, sql_run(s));
	return e == OK ? consent_get(w, account, text, other, out_after) : e;
}

enum err consent_remove(const struct row_work *w, int64_t account, const char *zone, const char *other,
                        json_t **out_before) {
	char text[NAME_TEXT_MAX];
	int64_t row = 0;
	json_t *before = NULL;
	if (!row_domain_check(w, "name", zone, text)) return ERR_CONFIG;
	enum err e = consent_get(w, account, text, other, &before);
	if (e == OK) e = find_other(w, account, text, other, &row);
	if (e != OK) {
		json_decref(before);
		return e;
	}
	struct sql_statement *s = sql_prepare(w->db, "DELETE FROM consents WHERE name = ? AND account = ?");
	sql_put_text(s, text);
	sql_put_int(s, row);
	e = row_failed(w, sql_run(s));
	if (e == OK)
		*out_before = before;
	else
		json_decref(before);
	return e;
}

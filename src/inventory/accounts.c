#include "inventory/accounts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct row_field fields_of_row[] = {
	{ "id", 't' },
	{ "name", 't' },
	{ "plan", 't' },
	{ "zones_max", 'n' },
	{ "records_max", 'n' },
	{ "bytes_max", 'n' },
	{ "requests_per_minute", 'n' },
	{ "ends_at", 'n' },
	{ "grace_s", 'n' },
	{ "notice", 't' },
	{ "notice_at", 'n' },
	{ "proof_token", 't' },
	{ "zones", 'i' },
	{ "created_at", 'i' },
};
#define FIELDS (sizeof(fields_of_row) / sizeof(fields_of_row[0]))

#define SELECT                                                                                               \
	"SELECT public_id, name, plan, zones_max, records_max, bytes_max, requests_per_minute, ends_s,"      \
	" grace_s, notice, notice_s, token, zone_count, created_s FROM accounts "

/* -- looking ------------------------------------------------------------------------------------------------- */

enum err account_find(const struct row_work *w, const char *id, int64_t *out_account) {
	struct sql_statement *s = sql_prepare(w->db,
	                                      "SELECT id FROM accounts WHERE public_id = ? OR name = ?");
	sql_put_text(s, id);
	sql_put_text(s, id);
	enum err e = sql_step(s);
	if (e == OK) *out_account = sql_int(s, 0);
	sql_reset(s);
	return row_failed(w, e);
}

enum err account_get(const struct row_work *w, int64_t account, json_t **out_row) {
	struct sql_statement *s = sql_prepare(w->db, SELECT "WHERE id = ?");
	sql_put_int(s, account);
	return row_failed(w, row_json_one(s, fields_of_row, FIELDS, out_row));
}

enum err account_page(const struct row_work *w, const struct row_page *page, json_t **out_list) {
	static const char text[] = SELECT
		"WHERE id > COALESCE((SELECT id FROM accounts WHERE public_id = ?), 0)"
		" ORDER BY id LIMIT ?";
	const struct row_page all = { .after = page->after, .limit = page->limit };
	return row_failed(w,
	                  rows_json(row_page_prepare(w, &all, text, text), fields_of_row, FIELDS, out_list));
}

/* -- wishes -------------------------------------------------------------------------------------------------- */

/* Bounds, and the columns that hold them. */
static const struct bound {
	const char *field;
	const char *update; /* a statement of its own each: texts are literals */
	int64_t max;
} bounds[] = {
	{ "zones_max", "UPDATE accounts SET zones_max = ? WHERE id = ?", 100000000 },
	{ "records_max", "UPDATE accounts SET records_max = ? WHERE id = ?", INT64_MAX },
	{ "bytes_max", "UPDATE accounts SET bytes_max = ? WHERE id = ?", INT64_MAX },
	{ "requests_per_minute", "UPDATE accounts SET requests_per_minute = ? WHERE id = ?", 1000000 },
	{ "ends_at", "UPDATE accounts SET ends_s = ? WHERE id = ?", 1LL << 40 },
	{ "grace_s", "UPDATE accounts SET grace_s = ? WHERE id = ?", 10 * 366 * 86400LL },
};
#define BOUNDS (sizeof(bounds) / sizeof(bounds[0]))

static const struct bound *bound_find(const char *field) {
	for (unsigned i = 0; i < BOUNDS; i++)
		if (strcmp(bounds[i].field, field) == 0) return &bounds[i];
	return NULL;
}

static bool bound_check(const struct row_work *w, const struct bound *b, const json_t *value) {
	bool is_grace = strcmp(b->field, "grace_s") == 0;
	int64_t min = is_grace ? PLAN_GRACE_MIN_S : 1;
	if (json_is_null(value)) return true;
	if (json_is_integer(value) && json_integer_value(value) >= min && json_integer_value(value) <= b->max)
		return true;
	if (is_grace)
		field_fault_add(w->faults, b->field,
		                "expected at least %lld seconds, so that no zone stops without notice",
		                (long long)PLAN_GRACE_MIN_S);
	else
		field_fault_add(w->faults, b->field, "expected a number from 1 to %lld, or null",
		                (long long)b->max);
	return false;
}

static bool text_check(const struct row_work *w, const char *field, const json_t *value) {
	if (json_is_string(value)) return row_name_check(w, field, json_string_value(value));
	field_fault_add(w->faults, field, "expected a text");
	return false;
}

static bool fields_check(const struct row_work *w, json_t *fields) {
	const char *field;
	json_t *value;
	bool good = true;
	json_object_foreach(fields, field, value) {
		const struct bound *b = bound_find(field);
		bool is_plan = strcmp(field, "plan") == 0;
		if (b)
			good = bound_check(w, b, value) && good;
		else if (strcmp(field, "name") == 0 || (is_plan && !json_is_null(value)))
			good = text_check(w, field, value) && good;
		else if (!is_plan) {
			field_fault_add(w->faults, field, "an account has no such field");
			good = false;
		}
	}
	return good;
}

static enum err name_is_free(const struct row_work *w, int64_t account, const char *name) {
	struct sql_statement *s = sql_prepare(w->db, "SELECT 1 FROM accounts WHERE name = ? AND id <> ?");
	sql_put_text(s, name);
	sql_put_int(s, account);
	enum err e = sql_step(s);
	sql_reset(s);
	if (e == OK) return row_refuse(w, ERR_EXISTS, "there is an account \"%s\" already", name);
	return e == ERR_NOTFOUND ? OK : row_failed(w, e);
}

static enum err text_write(const struct row_work *w, int64_t account, const char *update,
                           const json_t *value) {
	struct sql_statement *s = sql_prepare(w->db, update);
	if (json_is_string(value))
		sql_put_text(s, json_string_value(value));
	else
		sql_put_null(s);
	sql_put_int(s, account);
	return row_failed(w, sql_run(s));
}

static enum err bound_write(const struct row_work *w, int64_t account, const struct bound *b,
                            const json_t *value) {
	struct sql_statement *s = sql_prepare(w->db, b->update);
	if (json_is_null(value))
		sql_put_null(s);
	else
		sql_put_int(s, json_integer_value(value));
	sql_put_int(s, account);
	return row_failed(w, sql_run(s));
}

static enum err field_write(const struct row_work *w, int64_t account, const char *field,
                            const json_t *value) {
	const struct bound *b = bound_find(field);
	if (b) return bound_write(w, account, b, value);
	if (strcmp(field, "plan") == 0)
		return text_write(w, account, "UPDATE accounts SET plan = ? WHERE id = ?", value);
	enum err e = name_is_free(w, account, json_string_value(value));
	return e == OK ? text_write(w, account, "UPDATE accounts SET name = ? WHERE id = ?", value) : e;
}

static enum err fields_write(const struct row_work *w, int64_t account, json_t *fields) {
	const char *field;
	json_t *value;
	json_object_foreach(fields, field, value) {
		enum err e = field_write(w, account, field, value);
		if (e != OK) return e;
	}
	return OK;
}

enum err account_add(const struct row_work *w, json_t *fields, json_t **out_after) {
	char id[SECRET_ID_LEN + 1], token[SECRET_ID_LEN + 1];
	const char *name = json_string_value(json_object_get(fields, "name"));
	bool good = fields_check(w, fields);
	if (!json_object_get(fields, "name")) field_fault_add(w->faults, "name", "expected a name");
	if (!good || !name) return ERR_CONFIG;
	enum err e = name_is_free(w, 0, name);
	if (e != OK) return e;
	secret_id(w->random, id);
	secret_id(w->random, token);
	struct sql_statement *s = sql_prepare(w->db, "INSERT INTO accounts(public_id, name, created_s, token)"
	                                             " VALUES (?, ?, ?, ?)");
	sql_put_text(s, id);
	sql_put_text(s, name);
	sql_put_int(s, w->now_s);
	sql_put_text(s, token);
	e = row_failed(w, sql_run(s));
	int64_t account = sql_last_id(w->db);
	if (e == OK) e = fields_write(w, account, fields);
	return e == OK ? account_get(w, account, out_after) : e;
}

enum err account_set(const struct row_work *w, const char *id, json_t *fields, json_t **out_before,
                     json_t **out_after) {
	int64_t account = 0;
	json_t *before = NULL, *after = NULL;
	if (!fields_check(w, fields)) return ERR_CONFIG;
	enum err e = account_find(w, id, &account);
	if (e == OK && account == ROW_ACCOUNT_MAIN && json_is_integer(json_object_get(fields, "ends_at"))) {
		field_fault_add(w->faults, "ends_at",
		                "the plan of the first account never ends: expected null");
		e = ERR_CONFIG;
	}
	if (e == OK) e = account_get(w, account, &before);
	if (e == OK) e = fields_write(w, account, fields);
	if (e == OK) e = account_get(w, account, &after);
	if (e != OK) {
		json_decref(before);
		return e;
	}
	*out_before = before;
	*out_after = after;
	return OK;
}

static enum err delete_all(const struct row_work *w, int64_t account) {
	static const char *const texts[] = {
		"DELETE FROM api_keys WHERE account = ?",  "DELETE FROM users WHERE account = ?",
		"DELETE FROM tsig_keys WHERE account = ?", "DELETE FROM primaries WHERE account = ?",
		"DELETE FROM consents WHERE account = ?",  "DELETE FROM vanity WHERE account = ?",
		"DELETE FROM claims WHERE account = ?",    "DELETE FROM accounts WHERE id = ?",
	};
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sql_statement *s = sql_prepare(w->db, texts[i]);
		sql_put_int(s, account);
		enum err e = sql_run(s);
		if (e != OK) return row_failed(w, e);
	}
	return OK;
}

enum err account_remove(const struct row_work *w, const char *id, json_t **out_before) {
	int64_t account = 0;
	json_t *before = NULL;
	enum err e = account_find(w, id, &account);
	if (e == OK && account == ROW_ACCOUNT_MAIN)
		return row_refuse(w, ERR_EXISTS,
		                  "the first account stays: it owns the configuration file's zones");
	if (e == OK) e = account_get(w, account, &before);
	if (e != OK) return e;
	long long zones = json_integer_value(json_object_get(before, "zones"));
	if (zones > 0) e = row_refuse(w, ERR_EXISTS, "the account has %lld zones: remove them first", zones);
	if (e == OK) e = delete_all(w, account);
	if (e == OK)
		*out_before = before;
	else
		json_decref(before);
	return e;
}

/* -- quotas -------------------------------------------------------------------------------------------------- */

static const char *day_text(int64_t at_s, char out_text[static 32]) {
	time_t at = (time_t)at_s;
	struct tm tm;
	if (!gmtime_r(&at, &tm) || strftime(out_text, 32, "%Y-%m-%d", &tm) == 0) memcpy(out_text, "?", 2);
	return out_text;
}

enum err account_judge(const struct row_work *w, int64_t account, int64_t more_zones) {
	char day[32];
	struct sql_statement *s = sql_prepare(
		w->db, "SELECT zones_max, zone_count, ends_s FROM accounts WHERE id = ?");
	sql_put_int(s, account);
	enum err e = sql_step(s);
	bool bounded = e == OK && !sql_is_null(s, 0);
	int64_t max = sql_int(s, 0), count = sql_int(s, 1);
	int64_t ends_s = sql_int(s, 2);
	sql_reset(s);
	if (e != OK) return row_failed(w, e);
	if (ends_s != 0 && w->now_s >= ends_s)
		return row_refuse(w, ERR_REFUSED,
		                  "the plan of this account ended on %s: changes are taken again when it has "
		                  "been prolonged",
		                  day_text(ends_s, day));
	if (more_zones <= 0 || !bounded || count + more_zones <= max) return OK;
	return row_refuse(w, ERR_LIMIT, "the account has %lld of at most %lld zones; %lld more were wanted",
	                  (long long)count, (long long)max, (long long)more_zones);
}

enum err account_is_over(const struct row_work *w, int64_t account, bool *out_over) {
	struct sql_statement *s = sql_prepare(
		w->db, "SELECT notice IS NOT NULL AND notice = 'over' FROM accounts WHERE id = ?");
	sql_put_int(s, account);
	enum err e = sql_step(s);
	if (e == OK) *out_over = sql_int(s, 0) != 0;
	sql_reset(s);
	return row_failed(w, e);
}

enum err account_bounds(const struct row_work *w, int64_t account, struct account_bounds *out_bounds) {
	struct sql_statement *s = sql_prepare(w->db,
	                                      "SELECT records_max, bytes_max FROM accounts WHERE id = ?");
	sql_put_int(s, account);
	enum err e = sql_step(s);
	if (e == OK)
		*out_bounds = (struct account_bounds){ .records_max = sql_int(s, 0),
			                               .bytes_max = sql_int(s, 1) };
	sql_reset(s);
	return row_failed(w, e);
}

/* -- the end of plans ----------------------------------------------------------------------------------------- */

enum step { STEP_OPEN, STEP_SOON, STEP_ENDED, STEP_OVER };
static const char *const step_texts[] = { "open", "soon", "ended", "over" };

static enum step step_of(const char *text) {
	for (unsigned i = STEP_SOON; text && i <= STEP_OVER; i++)
		if (strcmp(text, step_texts[i]) == 0) return (enum step)i;
	return STEP_OPEN;
}

static int64_t grace_of(int64_t grace_s) {
	return grace_s == 0 ? PLAN_GRACE_S : grace_s;
}

/* From where an account stands, which was told at told_s, the next step; itself: none. */
static enum step step_next(enum step step, int64_t told_s, const struct account_notice *n, int64_t now_s) {
	if (n->ends_s == 0 || now_s < n->ends_s - PLAN_SOON_S) return STEP_OPEN;
	if (now_s < n->ends_s) return STEP_SOON;
	if (step < STEP_ENDED || now_s < n->over_s) return STEP_ENDED;
	return step == STEP_ENDED && now_s < told_s + PLAN_GRACE_MIN_S ? STEP_ENDED : STEP_OVER;
}

static enum err notice_write(const struct row_work *w, const struct account_notice *n) {
	struct sql_statement *s = sql_prepare(w->db,
	                                      "UPDATE accounts SET notice = ?, notice_s = ? WHERE id = ?");
	if (n->after == step_texts[STEP_OPEN])
		sql_put_null(s);
	else
		sql_put_text(s, n->after);
	sql_put_int(s, w->now_s);
	sql_put_int(s, n->account);
	return row_failed(w, sql_run(s));
}

/* Accounts that have an end, or were told of one. */
#define SWEEP                                                                                                \
	"SELECT id, public_id, notice, notice_s, ends_s, grace_s, name FROM accounts"                        \
	" WHERE ends_s IS NOT NULL OR notice IS NOT NULL"

static bool notice_read(struct sql_statement *s, int64_t now_s, struct account_notice *out_notice) {
	enum step step = step_of(sql_text(s, 2));
	struct account_notice n = { .account = sql_int(s, 0),
		                    .before = step_texts[step],
		                    .ends_s = sql_int(s, 4) };
	(void)snprintf(n.id, sizeof(n.id), "%s", sql_text(s, 1));     /* fits */
	(void)snprintf(n.name, sizeof(n.name), "%s", sql_text(s, 6)); /* fits */
	if (n.ends_s) n.over_s = n.ends_s + grace_of(sql_int(s, 5));
	enum step next = step_next(step, sql_int(s, 3), &n, now_s);
	n.after = step_texts[next];
	*out_notice = n;
	return next != step;
}

enum err accounts_sweep(const struct row_work *w, struct account_notice *out_notices, unsigned *out_count) {
	unsigned count = 0;
	struct sql_statement *s = sql_prepare(w->db, SWEEP);
	enum err e = OK;
	while (count < ACCOUNT_NOTICES_MAX && (e = sql_step(s)) == OK)
		count += notice_read(s, w->now_s, &out_notices[count]);
	sql_reset(s);
	if (e == ERR_NOTFOUND) e = OK;
	if (e != OK) return row_failed(w, e);
	for (unsigned i = 0; e == OK && i < count; i++)
		e = notice_write(w, &out_notices[i]);
	if (e == OK) *out_count = count;
	return e;
}

/* Primaries that accounts have named, and who refers to what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/alloc.h"
#include "inventory/config_reader.h"
#include "inventory/inventory_parts.h"

#define NAMED_MAX 3 /* zones that a refusal names */

/* -- who refers to what --------------------------------------------------------------------------------------------- */

#define USERS                                                                                                \
	" FROM uses u JOIN zones z ON z.settings = u.settings WHERE u.kind = ? AND u.name = ? AND z.account = ?"

static enum err users_count(struct inventory_work *w, int64_t account, const char *kind, const char *name,
                            int64_t *out_count) {
	struct sql_statement *s = sql_prepare(w->db, "SELECT count(*)" USERS);
	sql_put_text(s, kind);
	sql_put_text(s, name);
	sql_put_int(s, account);
	enum err e = sql_step(s);
	if (e == OK) *out_count = sql_int(s, 0);
	sql_reset(s);
	return e;
}

enum err work_users(struct inventory_work *w, int64_t account, const char *kind, const char *name,
                    char *out_text, size_t size) {
	int64_t count = 0;
	enum err e = users_count(w, account, kind, name, &count);
	if (e != OK || count == 0) return e == OK ? ERR_NOTFOUND : e;
	int len = snprintf(out_text, size, "%lld zone%s: ", (long long)count, count == 1 ? "" : "s");
	struct sql_statement *s = sql_prepare(w->db, "SELECT z.name" USERS " ORDER BY z.name LIMIT ?");
	sql_put_text(s, kind);
	sql_put_text(s, name);
	sql_put_int(s, account);
	sql_put_int(s, NAMED_MAX);
	e = sql_step(s);
	for (bool first = true; e == OK && len > 0 && (size_t)len < size; first = false) {
		len += snprintf(out_text + len, size - (size_t)len, "%s%s", first ? "" : ", ",
		                sql_text(s, 0));
		e = sql_step(s);
	}
	if (count > NAMED_MAX && len > 0 && (size_t)len < size)
		(void)snprintf(out_text + len, size - (size_t)len, "…"); /* cut at the end */
	sql_reset(s);
	return e == ERR_NOTFOUND ? OK : e;
}

static void no_faults(void *ctx, const char *field, const char *text) {
	(void)ctx, (void)field, (void)text; /* they were checked when they came */
}

static enum err touch_row(struct inventory_work *w, struct sql_statement *s, int64_t account) {
	const struct settings_faults faults = { NULL, no_faults };
	const struct zone_policy *policy = NULL;
	struct name wire;
	struct why why;
	enum err e = policies_get(w->inv, account, sql_text(s, 2), &faults, &policy, &why);
	if (e == OK) e = name_parse(sql_text(s, 1), &wire);
	if (e != OK) {
		policy_unref(policy);
		return e == ERR_CONFIG ? OK : e;
	}
	struct zone_intent *intent = intent_list_add(&w->result->wanted.put, wire.wire, policy);
	intent->number = (uint64_t)sql_int(s, 0);
	intent->account = (uint32_t)account;
	return OK;
}

enum err work_touched(struct inventory_work *w, int64_t account, const char *kind, const char *name) {
	policies_forget(w->inv, account);
	struct sql_statement *s = sql_prepare(
		w->db, "SELECT DISTINCT z.id, z.name, t.json FROM uses u JOIN settings t ON t.id = u.settings"
		       " JOIN zones z ON z.settings = t.id WHERE u.kind = ? AND u.name = ? AND z.account = ?"
		       " AND z.origin <> 'file' AND (z.proof IS NULL OR z.proof <> 'pending')"
		       " AND z.account NOT IN (SELECT id FROM accounts WHERE notice = 'over')");
	sql_put_text(s, kind);
	sql_put_text(s, name);
	sql_put_int(s, account);
	enum err e = sql_step(s);
	while (e == OK) {
		e = touch_row(w, s, account);
		if (e == OK) e = sql_step(s);
	}
	sql_reset(s);
	return e == ERR_NOTFOUND ? OK : e;
}

/* -- rows ------------------------------------------------------------------------------------------------------------ */

struct primary_row {
	int64_t id, account;
	char *name, *text; /* owned */
};

static void row_done(struct primary_row *row) {
	free(row->name);
	free(row->text);
}

/* account 0: of any, by public id only. */
static enum err row_find(struct sql *db, int64_t account, const char *name_or_id,
                         struct primary_row *out_row) {
	struct sql_statement *s = sql_prepare(db, "SELECT id, account, name, settings FROM primaries WHERE"
	                                          " (account = ? AND name = ?) OR"
	                                          " (public_id = ? AND (account = ? OR ? = 0))");
	sql_put_int(s, account);
	sql_put_text(s, name_or_id);
	sql_put_text(s, name_or_id);
	sql_put_int(s, account);
	sql_put_int(s, account);
	enum err e = sql_step(s);
	if (e == OK)
		*out_row = (struct primary_row){ .id = sql_int(s, 0),
			                         .account = sql_int(s, 1),
			                         .name = xstrdup(sql_text(s, 2)),
			                         .text = xstrdup(sql_text(s, 3)) };
	sql_reset(s);
	return e;
}

static enum err row_write(struct inventory_work *w, const struct primary_row *old, int64_t account,
                          const char *name, const char *text) {
	char id[SECRET_ID_LEN + 1];
	struct sql_statement *s;
	secret_id(w->random, id);
	if (old->id) {
		s = sql_prepare(w->db, "UPDATE primaries SET settings = ? WHERE id = ?");
		sql_put_text(s, text);
		sql_put_int(s, old->id);
		return sql_run(s);
	}
	s = sql_prepare(w->db, "INSERT INTO primaries(public_id, account, name, settings, created_s)"
	                       " VALUES (?, ?, ?, ?, ?)");
	sql_put_text(s, id);
	sql_put_int(s, account);
	sql_put_text(s, name);
	sql_put_text(s, text);
	sql_put_int(s, w->who->now_s);
	return sql_run(s);
}

static enum err audit(struct inventory_work *w, int64_t account, const char *action, const char *name,
                      const char *before, const char *after) {
	const struct work_audit row = { .account = account,
		                        .action = action,
		                        .kind = "primary",
		                        .object = name,
		                        .before = before,
		                        .after = after };
	return work_audit(w, &row);
}

/* -- put -------------------------------------------------------------------------------------------------------------- */

static void field_fault(void *ctx, const char *field, const char *text) {
	char path[SETTINGS_FIELD_MAX + 16];
	(void)snprintf(path, sizeof(path), "settings%s%s", *field ? "." : "", field); /* fits */
	work_fault(ctx, 0, path, "%s", text);
}

static bool file_has(const struct settings_base *b, const char *name) {
	for (unsigned i = 0; i < b->primary_count; i++) {
		if (strcmp(b->primaries[i].name, name) == 0) return true;
	}
	return false;
}

static void reach_judge_one(struct inventory_work *w, const char *field, const json_t *address, enum err *e) {
	struct addr a;
	const char *text = json_string_value(address);
	const char *against = text && addr_parse(text, 0, &a) == OK
	                              ? reach_refusal(&w->inv->settings.reach, &a)
	                              : NULL;
	if (!against) return;
	work_fault(w, 0, field, "%s %s, where this server asks for nobody", text, against);
	*e = ERR_CONFIG;
}

/* As of a zone's primaries: strangers have us ask no address within our networks. */
static enum err reach_judge(struct inventory_work *w, const char *settings) {
	json_t *primary = json_loads(settings, 0, NULL), *item;
	size_t i;
	enum err e = OK;
	reach_judge_one(w, "settings.address", json_object_get(primary, "address"), &e);
	json_array_foreach(json_object_get(primary, "addresses"), i, item)
		reach_judge_one(w, "settings.addresses", item, &e);
	json_decref(primary);
	return e;
}

/* The caller frees out_text. */
static enum err put_read(struct inventory_work *w, const struct inventory_primary_put *put, int64_t account,
                         char **out_text) {
	const struct settings_faults faults = { w, field_fault };
	struct own_primaries own = { w->inv, account };
	struct settings_view view;
	struct why why = { 0 };
	char *text = NULL;
	if (!primary_name_is_good(put->name)) {
		work_fault(w, 0, "name", "expected %s", option_row(OPT_PRIMARY_NAME)->expected);
		return ERR_CONFIG;
	}
	if (account == INTENT_MAIN_ACCOUNT && file_has(w->inv->base, put->name))
		return work_refuse(w, INVENTORY_CONFLICT,
		                   "the primary \"%s\" is in the configuration file, and is changed there",
		                   put->name);
	enum err e = settings_normalise(put->settings, put->settings_len, &faults, &text);
	if (e == OK) e = policies_view(w->inv, &own, &view, &why);
	if (e == OK) e = settings_primary_check(&view, text, &faults);
	if (e == OK && w->inv->settings.is_public && !w->who->is_admin) e = reach_judge(w, text);
	if (e == OK)
		*out_text = text;
	else
		free(text);
	return e;
}

static enum err put_write(struct inventory_work *w, int64_t account, const char *name, const char *text) {
	struct primary_row old = { 0 };
	enum err e = row_find(w->db, account, name, &old);
	if (e != OK && e != ERR_NOTFOUND) return e;
	bool is_new = e == ERR_NOTFOUND;
	if (!is_new && strcmp(old.text, text) == 0) {
		w->result->unchanged++;
		row_done(&old);
		return OK;
	}
	e = row_write(w, &old, account, name, text);
	if (e == OK) e = audit(w, account, is_new ? "primary.add" : "primary.change", name, old.text, text);
	if (e == OK && !is_new) e = proofs_end_with_primary(w, account, name, old.text, text);
	if (e == OK && !is_new) e = work_touched(w, account, "primary", name);
	if (is_new)
		w->result->added++;
	else
		w->result->changed++;
	row_done(&old);
	return e;
}

static enum err put(struct inventory_work *w, void *ctx) {
	const struct inventory_primary_put *put = ctx;
	int64_t account = 0;
	char *text = NULL;
	enum err e = work_account(w, put->account, &account);
	if (e == OK) e = put_read(w, put, account, &text);
	if (e == OK) e = put_write(w, account, put->name, text);
	free(text);
	return e;
}

void inventory_primary_put(struct inventory *inv, const struct inventory_primary_put *wish,
                           const struct inventory_who *who, struct inventory_result *out_result) {
	inventory_change(inv, put, (void *)(uintptr_t)wish, who, out_result);
}

/* -- remove ------------------------------------------------------------------------------------------------------------- */

struct removal {
	const char *name_or_id, *account;
};

static enum err drop(struct inventory_work *w, const struct primary_row *row) {
	char users[200];
	enum err e = work_users(w, row->account, "primary", row->name, users, sizeof(users));
	if (e == OK)
		return work_refuse(w, INVENTORY_CONFLICT, "the primary \"%s\" is used by %s", row->name,
		                   users);
	if (e != ERR_NOTFOUND) return e;
	struct sql_statement *s = sql_prepare(w->db, "DELETE FROM primaries WHERE id = ?");
	sql_put_int(s, row->id);
	e = sql_run(s);
	if (e == OK) e = audit(w, row->account, "primary.remove", row->name, row->text, NULL);
	w->result->removed++;
	return e;
}

static enum err remove_one(struct inventory_work *w, void *ctx) {
	const struct removal *r = ctx;
	struct primary_row row = { 0 };
	int64_t account = w->who->account;
	enum err e = r->account ? work_account(w, r->account, &account) : OK;
	if (e == OK) e = row_find(w->db, account ? account : INTENT_MAIN_ACCOUNT, r->name_or_id, &row);
	if (e == ERR_NOTFOUND && !account) e = row_find(w->db, 0, r->name_or_id, &row);
	if (e == ERR_NOTFOUND)
		return work_refuse(w, INVENTORY_NOT_FOUND, "there is no primary \"%.100s\"", r->name_or_id);
	if (e == OK) e = drop(w, &row);
	row_done(&row);
	return e;
}

void inventory_primary_remove(struct inventory *inv, const char *name_or_id, const char *account,
                              const struct inventory_who *who, struct inventory_result *out_result) {
	struct removal r = { name_or_id, account };
	inventory_change(inv, remove_one, &r, who, out_result);
}

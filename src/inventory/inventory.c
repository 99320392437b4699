#include "inventory/inventory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "inventory/account_plans.h"
#include "inventory/inventory_parts.h"
#include "inventory/schema.h"

#define BUSY_MS 2000
#define COPY_PAGES 2048 /* of 4 KiB a step: some milliseconds */

/* -- states --------------------------------------------------------------------------------------------------- */

const char *inventory_state_word(enum inventory_state state) {
	static const char *const words[] = { "ok", "copy", "unavailable" };
	return words[state];
}

const char *inventory_code_word(enum inventory_code code) {
	static const char *const words[] = { "ok",    "not-found", "conflict", "invalid", "stale",
		                             "quota", "forbidden", "refused",  "too-big", "unavailable" };
	return words[code];
}

enum inventory_state inventory_state(const struct inventory *inv) {
	return inv->state;
}

const struct why *inventory_why(const struct inventory *inv) {
	return &inv->why;
}

int64_t inventory_revision(const struct inventory *inv) {
	return inv->revision;
}

static enum err revision_read(struct sql *db, int64_t *out_revision) {
	struct sql_statement *s = sql_prepare(
		db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'revision'");
	enum err e = sql_step(s);
	if (e == OK) *out_revision = sql_int(s, 0);
	sql_reset(s);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

static void close_database(struct inventory *inv) {
	sql_copy_abandon(inv->copy);
	inv->copy = NULL;
	sql_close(inv->db);
	inv->db = NULL;
	inv->state = INVENTORY_UNAVAILABLE;
}

static enum err open_database(struct inventory *inv, int64_t now_s, struct why *why) {
	const struct sql_options options = { .busy_ms = BUSY_MS };
	struct sql *db = NULL;
	int64_t revision = 0;
	enum err e = sql_open(inv->settings.path, &options, &db, why);
	if (e == OK) e = schema_migrate(db, &inv->random, now_s, why);
	if (e == OK && revision_read(db, &revision) != OK) {
		why_set(why, REASON_INVENTORY_DAMAGED, "%s: it says no revision", inv->settings.path);
		e = ERR_CORRUPT;
	}
	if (e != OK) {
		sql_close(db);
		return e;
	}
	close_database(inv);
	inv->db = db;
	inv->state = INVENTORY_OK;
	inv->revision = revision;
	inv->copied_revision = -1;
	inv->told_others = -1;
	inv->copy_looked_at = false;
	policies_forget(inv, 0);
	return OK;
}

/* A copy of another schema can't be read. */
static void open_copy(struct inventory *inv) {
	const struct sql_options options = { .read_only = true };
	struct sql *db = NULL;
	struct why why;
	int version = 0;
	int64_t revision = 0;
	if (!inv->settings.copy_path || sql_open(inv->settings.copy_path, &options, &db, &why) != OK) return;
	if (schema_find(db, &version) == OK && version == schema_version() &&
	    revision_read(db, &revision) == OK) {
		inv->db = db;
		inv->state = INVENTORY_COPY;
		inv->revision = revision;
		inv->told_others = -1;
		policies_forget(inv, 0);
		return;
	}
	sql_close(db);
}

enum err inventory_retry(struct inventory *inv, int64_t now_s) {
	if (inv->state == INVENTORY_OK) return OK;
	return open_database(inv, now_s, &inv->why);
}

enum err inventory_fails(struct inventory *inv, enum err e) {
	if (e != ERR_CORRUPT || inv->state != INVENTORY_OK) return e;
	sql_why(inv->db, &inv->why);
	close_database(inv);
	open_copy(inv);
	return e;
}

struct inventory *inventory_open(const struct inventory_settings *settings, struct settings_base *base,
                                 int64_t now_s) {
	struct inventory *inv = xcalloc(1, sizeof(*inv));
	inv->settings = *settings;
	inv->settings.path = xstrdup(settings->path);
	inv->settings.copy_path = settings->copy_path ? xstrdup(settings->copy_path) : NULL;
	inv->base = base;
	settings_base_ref(base);
	inv->random = random_secure();
	inv->state = INVENTORY_UNAVAILABLE;
	inv->copied_revision = inv->told_others = -1;
	if (open_database(inv, now_s, &inv->why) != OK) open_copy(inv);
	return inv;
}

void inventory_close(struct inventory *inv) {
	if (!inv) return;
	close_database(inv);
	policies_forget(inv, 0);
	free(inv->policies.slots);
	settings_base_unref(inv->base);
	free((void *)(uintptr_t)inv->settings.path);
	free((void *)(uintptr_t)inv->settings.copy_path);
	free(inv);
}

void inventory_set_sealer(struct inventory *inv, const struct sealer *sealer) {
	inv->settings.sealer = sealer;
	inv->told_others = -1;
	policies_forget(inv, 0);
}

void inventory_set_base(struct inventory *inv, struct settings_base *base) {
	bool same = settings_base_equal(inv->base, base);
	settings_base_ref(base);
	settings_base_unref(inv->base);
	inv->base = base;
	if (same) return; /* policies made of the former one are what this one makes */
	inv->told_others = -1;
	policies_forget(inv, 0);
}

bool inventory_is_told(struct inventory *inv) {
	int64_t others = 0;
	if (!inv->db || inv->told_others < 0) return false;
	return sql_others(inv->db, &others) == OK && others == inv->told_others;
}

enum err inventory_read(struct inventory *inv, struct sql **out_db) {
	if (!inv->db) return ERR_CLOSED;
	*out_db = inv->db;
	return OK;
}

struct row_work inventory_row_work(struct inventory *inv, int64_t now_s, struct why *why) {
	return (struct row_work){ .db = inv->db,
		                  .random = &inv->random,
		                  .sealer = inv->settings.sealer,
		                  .now_s = now_s,
		                  .why = why };
}

/* -- results ---------------------------------------------------------------------------------------------------- */

static void fault_keep(struct inventory_result *r, size_t change, const char *field, const char *text) {
	if (r->fault_count == INVENTORY_FAULTS_MAX) {
		r->faults_left_out++;
		return;
	}
	r->faults = xrealloc(r->faults, (r->fault_count + 1) * sizeof(*r->faults));
	r->faults[r->fault_count++] = (struct inventory_fault){ .change = change,
		                                                .field = xstrdup(field),
		                                                .text = xstrdup(text) };
}

void work_fault(struct inventory_work *w, size_t change, const char *field, const char *format, ...) {
	char text[INVENTORY_TEXT_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut at the end */
	va_end(args);
	fault_keep(w->result, change, field, text);
	if (w->result->code != INVENTORY_DONE) return;
	w->result->code = INVENTORY_INVALID;
	(void)snprintf(w->result->text, sizeof(w->result->text), "%.140s%s%.240s", field, *field ? ": " : "",
	               text); /* cut at the end */
}

void work_refuse_one(struct inventory_work *w, size_t change, enum inventory_code code, const char *format,
                     ...) {
	char text[INVENTORY_TEXT_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut at the end */
	va_end(args);
	fault_keep(w->result, change, "", text);
	if (w->result->code != INVENTORY_DONE) return;
	w->result->code = code;
	memcpy(w->result->text, text, sizeof(text));
}

enum err work_refuse(struct inventory_work *w, enum inventory_code code, const char *format, ...) {
	va_list args;
	va_start(args, format);
	(void)vsnprintf(w->result->text, sizeof(w->result->text), format, args); /* cut at the end */
	va_end(args);
	w->result->code = code;
	return ERR_REFUSED;
}

void inventory_result_done(struct inventory_result *r) {
	for (size_t i = 0; i < r->fault_count; i++) {
		free(r->faults[i].field);
		free(r->faults[i].text);
	}
	free(r->faults);
	wanted_changes_done(&r->wanted);
	*r = (struct inventory_result){ 0 };
}

/* -- transactions ------------------------------------------------------------------------------------------------- */

static void put_text_or_null(struct sql_statement *s, const char *text) {
	if (text)
		sql_put_text(s, text);
	else
		sql_put_null(s);
}

/* Policies are made from more than zones. */
static void work_forget(struct inventory_work *w, int64_t account) {
	w->forget_account = !w->forget || w->forget_account == account ? account : 0;
	w->forget = true;
}

enum err work_audit(struct inventory_work *w, const struct work_audit *row) {
	struct sql_statement *s = sql_prepare(
		w->db,
		"INSERT INTO audit(at_s, revision, account, who, source, action, object_kind, object, before,"
		" after, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	sql_put_int(s, w->who->now_s);
	sql_put_int(s, w->revision);
	if (row->account)
		sql_put_int(s, row->account);
	else
		sql_put_null(s);
	sql_put_text(s, w->who->name);
	put_text_or_null(s, w->who->source);
	sql_put_text(s, row->action);
	sql_put_text(s, row->kind);
	sql_put_text(s, row->object);
	put_text_or_null(s, row->before);
	put_text_or_null(s, row->after);
	put_text_or_null(s, w->who->why);
	w->changed = true;
	if (strcmp(row->kind, "zone") != 0) work_forget(w, row->account);
	if (strcmp(row->kind, "account") == 0 && row->before && row->after &&
	    account_bounds_differ(row->before, row->after))
		w->renewed_account = row->account;
	return sql_run(s);
}

enum err work_account(struct inventory_work *w, const char *public_id, int64_t *out_account) {
	if (!public_id) {
		*out_account = w->who->account ? w->who->account : INTENT_MAIN_ACCOUNT;
		return OK;
	}
	struct sql_statement *s = sql_prepare(w->db, "SELECT id FROM accounts WHERE public_id = ?");
	sql_put_text(s, public_id);
	enum err e = sql_step(s);
	int64_t account = e == OK ? sql_int(s, 0) : 0;
	sql_reset(s);
	if (e != OK && e != ERR_NOTFOUND) return e;
	if (e == ERR_NOTFOUND || (w->who->account && w->who->account != account))
		return work_refuse(w, INVENTORY_NOT_FOUND, "there is no account \"%.60s\"", public_id);
	*out_account = account;
	return OK;
}

static enum err revision_write(struct inventory_work *w) {
	char text[24];
	(void)snprintf(text, sizeof(text), "%lld", (long long)w->revision); /* fits */
	struct sql_statement *s = sql_prepare(w->db, "UPDATE meta SET value = ? WHERE key = 'revision'");
	sql_put_text(s, text);
	return sql_run(s);
}

static enum err run(struct inventory_work *w, inventory_work_fn *work, void *ctx) {
	enum err e = sql_begin(w->db);
	if (e != OK) return e;
	e = work(w, ctx);
	if (e == OK && w->result->code != INVENTORY_DONE) e = ERR_CONFIG;
	if (e == OK && w->renewed_account) e = account_zones_renew(w, w->renewed_account);
	if (e == OK && w->changed) e = revision_write(w);
	if (e == OK) return sql_commit(w->db);
	sql_rollback(w->db);
	return e;
}

/* Nothing was changed, whatever was counted. */
static void result_failed(struct inventory *inv, struct inventory_result *r, enum err e) {
	struct why why;
	wanted_changes_done(&r->wanted);
	r->added = r->changed = r->removed = r->unchanged = 0;
	if (r->code != INVENTORY_DONE) return;
	sql_why(inv->db, &why);
	r->code = INVENTORY_NO_DATABASE;
	(void)snprintf(r->text, sizeof(r->text), "%s",
	               why.evidence[0] ? why.evidence : err_text(e)); /* fits */
}

void inventory_change(struct inventory *inv, inventory_work_fn *work, void *ctx,
                      const struct inventory_who *who, struct inventory_result *out_result) {
	struct inventory_result result = { .revision = inv->revision };
	struct inventory_work w = { .inv = inv,
		                    .db = inv->db,
		                    .random = &inv->random,
		                    .sealer = inv->settings.sealer,
		                    .who = who,
		                    .result = &result,
		                    .revision = inv->revision + 1 };
	if (inv->state != INVENTORY_OK) {
		result.code = INVENTORY_NO_DATABASE;
		(void)snprintf(result.text, sizeof(result.text), "%s", inv->why.evidence); /* fits */
		*out_result = result;
		return;
	}
	enum err e = run(&w, work, ctx);
	if (w.forget) policies_forget(inv, w.forget_account);
	if (e != OK) {
		result_failed(inv, &result, e);
		(void)inventory_fails(inv, e); /* the result says it */
	} else if (w.changed) {
		inv->revision = result.revision = w.revision;
	}
	*out_result = result;
}

/* -- the copy ------------------------------------------------------------------------------------------------------- */

/* What tells two states of a database apart: how far it has come, and the change that brought it there. */
struct state_mark {
	int64_t revision, change, at_s;
};

static enum err mark_read(struct sql *db, struct state_mark *out_mark) {
	enum err e = revision_read(db, &out_mark->revision);
	if (e != OK) return e;
	struct sql_statement *s = sql_prepare(db, "SELECT id, at_s FROM audit ORDER BY id DESC LIMIT 1");
	e = sql_step(s);
	out_mark->change = e == OK ? sql_int(s, 0) : 0;
	out_mark->at_s = e == OK ? sql_int(s, 1) : 0;
	sql_reset(s);
	return e == ERR_NOTFOUND ? OK : e;
}

/* An earlier run has left a copy of just this state: it need not be made again. */
static bool has_copy_already(struct inventory *inv) {
	const struct sql_options options = { .read_only = true };
	struct state_mark own, there;
	struct sql *db = NULL;
	struct why why;
	int version = 0;
	if (inv->copy_looked_at) return false;
	inv->copy_looked_at = true;
	if (access(inv->settings.copy_path, R_OK) != 0 || mark_read(inv->db, &own) != OK) return false;
	if (sql_open(inv->settings.copy_path, &options, &db, &why) != OK) return false;
	bool same = schema_find(db, &version) == OK && version == schema_version() &&
	            mark_read(db, &there) == OK && own.revision == there.revision &&
	            own.change == there.change && own.at_s == there.at_s;
	sql_close(db);
	if (same) inv->copied_revision = own.revision;
	return same;
}

enum err inventory_copy(struct inventory *inv) {
	if (inv->state != INVENTORY_OK || !inv->settings.copy_path) return OK;
	if (!inv->copy) {
		if (inv->copied_revision < 0 && has_copy_already(inv)) return OK;
		if (inv->copied_revision == inv->revision) return OK;
		enum err e = sql_copy_begin(inv->db, inv->settings.copy_path, &inv->copy);
		if (e != OK) return e;
	}
	inv->copying_revision = inv->revision; /* what changes meanwhile is in it too */
	enum err e = sql_copy_step(inv->copy, COPY_PAGES);
	if (e == ERR_AGAIN) return e;
	inv->copy = NULL;
	if (e == OK) inv->copied_revision = inv->copying_revision;
	return e;
}

void inventory_rest(struct inventory *inv) {
	if (inv->db && !inv->copy) sql_rest(inv->db);
}

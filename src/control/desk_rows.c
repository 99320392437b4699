#include "control/desk_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "inventory/accounts.h"
#include "inventory/inventory_work.h"

int64_t desk_owner(const struct request *r) {
	if (r->account != 0) return r->account;
	return r->caller ? r->caller->account : ROW_ACCOUNT_MAIN;
}

/* -- changes ----------------------------------------------------------------------------------------------------------- */

static enum err tell_faults(struct inventory_work *w, const struct field_faults *faults) {
	for (unsigned i = 0; i < faults->count; i++)
		work_fault(w, 0, faults->items[i].field, "%s", faults->items[i].text);
	return ERR_CONFIG;
}

/* What the functions of rows.h return, in the words of the inventory. */
static enum err refused(struct inventory_work *w, enum err e, const struct row_change *c,
                        const struct field_faults *faults, const struct why *why) {
	const char *text = why->evidence[0] ? why->evidence : err_text(e);
	switch (e) {
	case ERR_CONFIG: return tell_faults(w, faults);
	case ERR_NOTFOUND: return work_refuse(w, INVENTORY_NOT_FOUND, "%s", c->missing ? c->missing : text);
	case ERR_EXISTS: return work_refuse(w, INVENTORY_CONFLICT, "%s", text);
	case ERR_REFUSED: return work_refuse(w, INVENTORY_FORBIDDEN, "%s", text);
	case ERR_LIMIT: return work_refuse(w, INVENTORY_QUOTA, "%s", text);
	default: return e;
	}
}

static enum err audit(struct inventory_work *w, const struct row_change *c) {
	char *before = c->before ? json_dumps(c->before, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	char *after = c->after ? json_dumps(c->after, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	const char *object = json_string_value(json_object_get(c->after ? c->after : c->before, c->named));
	const struct work_audit row = { .account = c->owner,
		                        .action = c->action,
		                        .kind = c->kind,
		                        .object = object ? object : "",
		                        .before = before,
		                        .after = after };
	enum err e = work_audit(w, &row);
	free(before);
	free(after);
	return e;
}

static enum err work(struct inventory_work *w, void *ctx) {
	struct row_change *c = ctx;
	struct field_faults faults = { 0 };
	struct why why = { .reason = REASON_NONE };
	const struct row_work rows = { .db = w->db,
		                       .random = w->random,
		                       .sealer = w->sealer,
		                       .now_s = w->who->now_s,
		                       .faults = &faults,
		                       .why = &why };
	/* Keys and names are changed under a plan as zones are; an administrator's changes are not asked for it. */
	enum err e = w->who->is_admin ? OK : account_judge(&rows, desk_owner(c->r), 0);
	if (e == OK) e = c->make(&rows, c);
	e = e == OK ? audit(w, c) : refused(w, e, c, &faults, &why);
	field_faults_done(&faults);
	return e;
}

static json_t *changed_reply(const struct row_change *c) {
	json_t *result = c->after ? json_deep_copy(c->after) : json_object();
	if (c->once && result)
		(void)json_object_set_new(result, c->once,
		                          json_string(c->secret)); /* out of memory: without */
	return reply_result(result, false);
}

static void happened(struct request *r, const struct row_change *c) {
	static const struct {
		const char *kind;
		enum watch_kind watched;
	} kinds[] = { { "key", WATCH_KEY_CHANGED },
		      { "token", WATCH_TOKEN_CHANGED },
		      { "account", WATCH_ACCOUNT_CHANGED } };
	const char *name = json_string_value(json_object_get(c->after ? c->after : c->before, c->named));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].kind, c->kind) != 0) continue;
		r->happened.what = c->action;
		r->happened.kind = kinds[i].watched;
		r->happened.account = c->owner;
		snprintf(r->happened.name, sizeof(r->happened.name), "%s", name ? name : "");
	}
}

json_t *desk_change(struct row_change *c) {
	char who_text[WHO_TEXT_MAX];
	struct request *r = c->r;
	struct inventory_who who = request_who(r, who_text);
	struct inventory_result result = { .code = INVENTORY_DONE };
	if (!r->backend->inventory) return desk_unavailable();
	inventory_change(r->backend->inventory, work, c, &who, &result);
	json_t *reply = result.code == INVENTORY_DONE ? changed_reply(c) : desk_refusal(&result, true);
	if (result.code == INVENTORY_DONE) {
		happened(r, c);
		r->keys_changed = c->opens;
		r->keys_of = c->owner;
	}
	explicit_bzero(c->secret, sizeof(c->secret));
	json_decref(c->before);
	json_decref(c->after);
	desk_keep(r, &result);
	return reply;
}

/* -- reads ------------------------------------------------------------------------------------------------------------- */

json_t *desk_read(struct request *r, row_read_fn *read, const char *missing) {
	struct row_work w;
	struct why why = { .reason = REASON_NONE };
	json_t *value = NULL;
	enum err e = request_rows(r, &w, &why);
	if (e == OK) e = read(&w, r, &value);
	return e == OK ? reply_result(value, false) : desk_failed(e, missing);
}

static unsigned limit_of(const struct request *r) {
	int64_t limit = asked_number(r, "limit", DESK_ROWS_MAX);
	return limit < 1 ? 1 : limit > DESK_ROWS_MAX ? DESK_ROWS_MAX : (unsigned)limit;
}

/* Page after page, until limit rows are there. */
static enum err rows_read(const struct row_work *w, row_page_fn *page, struct row_page p, unsigned limit,
                          json_t *out_rows) {
	size_t had = 0, count = ROWS_PAGE_MAX;
	while (count == ROWS_PAGE_MAX && had < limit) {
		json_t *list = NULL;
		p.limit = limit - had < ROWS_PAGE_MAX ? (unsigned)(limit - had) : ROWS_PAGE_MAX;
		enum err e = page(w, &p, &list);
		if (e != OK) return e;
		count = json_array_size(list);
		(void)json_array_extend(out_rows, list); /* out of memory: without them */
		json_decref(list);
		had += count;
		p.after = json_string_value(
			json_object_get(json_array_get(out_rows, json_array_size(out_rows) - 1), "id"));
		if (!p.after) break;
	}
	return OK;
}

json_t *desk_list(struct request *r, row_page_fn *page) {
	struct row_work w;
	struct why why = { .reason = REASON_NONE };
	json_t *rows = json_array();
	const struct row_page p = { .account = r->account, .after = asked_text(r, "after") };
	enum err e = request_rows(r, &w, &why);
	if (e == OK) e = rows_read(&w, page, p, limit_of(r), rows);
	if (e == OK) return reply_result(rows, false);
	json_decref(rows);
	return desk_unavailable();
}

char *desk_id(const struct row_work *w, const struct request *r, row_page_fn *page) {
	const char *id = asked_text(r, "id"), *name = asked_text(r, "name");
	const struct row_page p = { .account = desk_owner(r) }; /* others may have one of the same name */
	size_t i;
	json_t *rows = json_array(), *row;
	char *found = id ? xstrdup(id) : NULL;
	if (!found && name && rows_read(w, page, p, DESK_ROWS_MAX, rows) == OK) {
		json_array_foreach(rows, i, row) {
			const char *text = json_string_value(json_object_get(row, "name"));
			const char *of = json_string_value(json_object_get(row, "id"));
			if (found || !text || !of || strcasecmp(text, name) != 0) continue;
			found = xstrdup(of);
		}
	}
	json_decref(rows);
	return found;
}

/* What proofs of control need of the inventory beside claims.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/claims.h"
#include "inventory/inventory_parts.h"

static void no_faults(void *ctx, const char *field, const char *text) {
	(void)ctx, (void)field, (void)text; /* they were told when the settings came */
}

enum err inventory_zone_policy(struct inventory *inv, const char *name,
                               const struct zone_policy **out_policy) {
	const struct settings_faults faults = { NULL, no_faults };
	struct zone_row row = { 0 };
	struct why why;
	if (!inv->db) return ERR_CLOSED;
	enum err e = zone_row_find(inv->db, name, NULL, &row);
	if (e == OK) e = policies_get(inv, row.account, row.text, &faults, out_policy, &why);
	zone_row_done(&row);
	return e;
}

/* -- proofs that end -- */

/* Settings of a zone that has this primary only. */
static enum err primary_policy(struct inventory_work *w, int64_t account, const char *text,
                               const struct zone_policy **out_policy) {
	const struct settings_faults faults = { NULL, no_faults };
	struct why why;
	size_t size = strlen(text) + sizeof("{\"primaries\":[]}");
	char *whole = xmalloc(size);
	int len = snprintf(whole, size, "{\"primaries\":[%s]}", text);
	enum err e = len < 0 ? ERR_NOMEM : policies_get(w->inv, account, whole, &faults, out_policy, &why);
	free(whole);
	return e;
}

/* What can't be read any more is another. */
static enum err is_moved(struct inventory_work *w, int64_t account, const char *old, const char *text,
                         bool *out_moved) {
	const struct zone_policy *was = NULL, *is = NULL;
	enum err e = primary_policy(w, account, old, &was);
	if (e == OK || e == ERR_CONFIG) e = primary_policy(w, account, text, &is);
	if (e == OK || e == ERR_CONFIG) *out_moved = !was || !is || !policies_same_primaries(was, is);
	policy_unref(was);
	policy_unref(is);
	return e == ERR_CONFIG ? OK : e;
}

#define PROVEN_BY                                                                                            \
	" WHERE proof = ? AND account = ? AND settings IN (SELECT settings FROM uses WHERE kind = 'primary' AND name = ?)"

static void put_proven_by(struct sql_statement *s, int64_t account, const char *name) {
	sql_put_text(s, CLAIM_PRIMARIES);
	sql_put_int(s, account);
	sql_put_text(s, name);
}

static enum err tell_waiting(struct inventory_work *w, int64_t account, const char *name) {
	struct sql_statement *s = sql_prepare(w->db, "SELECT name FROM zones" PROVEN_BY);
	struct name wire;
	enum err e;
	put_proven_by(s, account, name);
	while ((e = sql_step(s)) == OK)
		if (name_parse(sql_text(s, 0), &wire) == OK)
			(void)intent_list_add(&w->result->wanted.removed, wire.wire,
			                      NULL); /* nothing to be said of it */
	sql_reset(s);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err proofs_end_with_primary(struct inventory_work *w, int64_t account, const char *name, const char *old,
                                 const char *text) {
	bool moved = false;
	if (!w->inv->settings.is_public || w->who->is_admin) return OK;
	enum err e = is_moved(w, account, old, text, &moved);
	if (e != OK || !moved) return e;
	e = tell_waiting(w, account, name);
	if (e != OK) return e;
	struct sql_statement *s = sql_prepare(w->db,
	                                      "UPDATE zones SET proof = 'pending', proof_s = NULL" PROVEN_BY);
	put_proven_by(s, account, name);
	return sql_run(s);
}

/* -- zones that change hands -- */

struct take_over {
	const char *id;
	int64_t version, account;
};

static enum err tell_removed(struct inventory_work *w, const struct zone_row *row) {
	struct name wire;
	enum err e = name_parse(row->name, &wire);
	if (e != OK) return ERR_CORRUPT;
	(void)intent_list_add(&w->result->wanted.removed, wire.wire, NULL); /* nothing is to be said of it */
	w->result->removed++;
	return OK;
}

static enum err take_row(struct inventory_work *w, const struct take_over *t, const struct zone_row *row) {
	const struct work_audit audit = { .account = row->account,
		                          .action = "zone.take-over",
		                          .kind = "zone",
		                          .object = row->name,
		                          .before = row->text };
	if (row->version != t->version || !claim_is_contestable(row->proof))
		return work_refuse(w, INVENTORY_STALE, "%s has been changed", row->name);
	enum err e = zone_row_remove(w, row);
	if (e == OK) e = claim_reserve(w->db, row->name, t->account, w->who->now_s + INVENTORY_CLAIM_S);
	if (e == OK) e = work_audit(w, &audit);
	return e == OK ? tell_removed(w, row) : e;
}

static enum err take_over(struct inventory_work *w, void *ctx) {
	const struct take_over *t = ctx;
	struct zone_row row = { 0 };
	enum err e = zone_row_find(w->db, NULL, t->id, &row);
	if (e == ERR_NOTFOUND) return work_refuse(w, INVENTORY_NOT_FOUND, "there is no such zone");
	if (e == OK) e = take_row(w, t, &row);
	zone_row_done(&row);
	return e;
}

void inventory_take_over(struct inventory *inv, const char *id, int64_t version, int64_t account,
                         const struct inventory_who *who, struct inventory_result *out_result) {
	struct take_over t = { id, version, account };
	inventory_change(inv, take_over, &t, who, out_result);
}

#include "inventory/account_plans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/inventory_parts.h"

struct sweep {
	struct account_notice *notices;
	unsigned count;
};

static enum err audit_notice(struct inventory_work *w, const struct account_notice *n) {
	char before[40], after[120];
	(void)snprintf(before, sizeof(before), "{\"notice\":\"%s\"}", n->before); /* fits */
	(void)snprintf(after, sizeof(after), "{\"ends_at\":%lld,\"notice\":\"%s\",\"over_at\":%lld}",
	               (long long)n->ends_s, n->after, (long long)n->over_s); /* fits */
	const struct work_audit row = { .account = n->account,
		                        .action = "notice",
		                        .kind = "account",
		                        .object = n->name,
		                        .before = before,
		                        .after = after };
	return work_audit(w, &row);
}

/* -- zones of an account -------------------------------------------------------------------------------------------- */

static void no_faults(void *ctx, const char *field, const char *text) {
	(void)ctx, (void)field, (void)text; /* settings that do not hold any more leave the zone out */
}

struct account_zone {
	int64_t number;
	struct name name;
	char *text; /* owned */
};

static enum err zone_put(struct inventory_work *w, int64_t account, const struct account_zone *z) {
	const struct settings_faults faults = { NULL, no_faults };
	const struct zone_policy *policy = NULL;
	struct why why;
	enum err e = policies_get(w->inv, account, z->text, &faults, &policy, &why);
	if (e == ERR_CONFIG) return OK;
	if (e != OK) return e;
	struct zone_intent *intent = intent_list_add(&w->result->wanted.put, z->name.wire, policy);
	intent->number = (uint64_t)z->number;
	intent->account = (uint32_t)account;
	return OK;
}

#define NEXT                                                                                                       \
	"SELECT z.id, z.name, s.json FROM zones z JOIN settings s ON s.id = z.settings"                            \
	" WHERE z.account = ? AND z.name > ? AND z.origin <> 'file' AND (z.proof IS NULL OR z.proof <> 'pending')" \
	" ORDER BY z.name LIMIT 1"

/* One zone after another, since making its policy asks the database too. */
static enum err zones_change(struct inventory_work *w, int64_t account, bool are_served) {
	char after[NAME_TEXT_MAX] = "";
	for (;;) {
		struct account_zone z = { 0 };
		struct sql_statement *s = sql_prepare(w->db, NEXT);
		sql_put_int(s, account);
		sql_put_text(s, after);
		enum err e = sql_step(s);
		if (e == OK) {
			z.number = sql_int(s, 0);
			(void)snprintf(after, sizeof(after), "%s", sql_text(s, 1)); /* fits */
			z.text = xstrdup(sql_text(s, 2));
		}
		sql_reset(s);
		if (e == OK && name_parse(after, &z.name) != OK) e = ERR_CORRUPT;
		if (e == OK && are_served) e = zone_put(w, account, &z);
		if (e == OK && !are_served)
			(void)intent_list_add(&w->result->wanted.removed, z.name.wire, NULL);
		free(z.text);
		if (e != OK) return e == ERR_NOTFOUND ? OK : e;
	}
}

static bool is_over(const char *step) {
	return strcmp(step, "over") == 0;
}

static enum err sweep_within(struct inventory_work *w, void *ctx) {
	struct sweep *sweep = ctx;
	struct why why = { 0 };
	struct row_work rows = inventory_row_work(w->inv, w->who->now_s, &why);
	enum err e = accounts_sweep(&rows, sweep->notices, &sweep->count);
	for (unsigned i = 0; e == OK && i < sweep->count; i++) {
		const struct account_notice *n = &sweep->notices[i];
		e = audit_notice(w, n);
		if (e == OK && is_over(n->before) != is_over(n->after))
			e = zones_change(w, n->account, !is_over(n->after));
	}
	return e;
}

/* -- bounds ----------------------------------------------------------------------------------------------------------- */

bool account_bounds_differ(const char *before, const char *after) {
	static const char *const names[] = { "records_max", "bytes_max" };
	json_t *old = json_loads(before, 0, NULL), *new = json_loads(after, 0, NULL);
	bool differ = false;
	for (unsigned i = 0; i < 2; i++)
		differ = differ || json_integer_value(json_object_get(old, names[i])) !=
		                           json_integer_value(json_object_get(new, names[i]));
	json_decref(old);
	json_decref(new);
	return differ;
}

enum err account_zones_renew(struct inventory_work *w, int64_t account) {
	struct why why = { 0 };
	struct row_work rows = inventory_row_work(w->inv, w->who->now_s, &why);
	bool over = false;
	enum err e = account_is_over(&rows, account, &over);
	policies_forget(w->inv, account);
	return e == OK && !over ? zones_change(w, account, true) : e;
}

/* -- the sweep -------------------------------------------------------------------------------------------------------- */

void account_plans_sweep(struct inventory *inv, int64_t now_s, struct account_notice *out_notices,
                         unsigned *out_count, struct inventory_result *out_result) {
	const struct inventory_who who = { .is_admin = true, .name = "server", .now_s = now_s };
	struct sweep sweep = { .notices = out_notices };
	inventory_change(inv, sweep_within, &sweep, &who, out_result);
	*out_count = out_result->code == INVENTORY_DONE ? sweep.count : 0;
}

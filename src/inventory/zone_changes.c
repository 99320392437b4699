/* inventory_apply: changes of zones, looked at one by one, all within one transaction.  Whatever stands against one is
 * kept as its fault and the next is looked at, so that all faults are told at once; with any nothing is changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/accounts.h"
#include "inventory/claims.h"
#include "inventory/config_reader.h"
#include "inventory/inventory_parts.h"
#include "inventory/names.h"

/* A batch under way. */
struct batch {
	struct inventory_work *w;
	const struct inventory_batch *asked;
	struct symbols named; /* names of the batch: doubles are a fault, and the rest goes with "replace" */
	char **names;         /* owned: what they refer to */
	size_t name_count;
	int64_t judged;       /* account that may change things */
	int64_t over_account; /* of which over tells; 0: of none yet */
	bool over;            /* its plan: its zones are not served */
};

/* One change under way. */
struct one {
	struct batch *b;
	size_t at; /* place in the batch */
	const struct inventory_zone_change *change;
	bool has_row;
	struct zone_row row; /* of the zone that is there already */
	char name[NAME_TEXT_MAX];
	struct name wire;
	int64_t account;                  /* whose zone it is or will be */
	char *text;                       /* owned: its settings in their one form */
	const struct zone_policy *policy; /* a reference */
};

/* Somebody is in the way, or nobody is: a fault is kept, and the next change is looked at. */
#define SKIP ERR_MISMATCH

/* -- which zone, and may it be changed --------------------------------------------------------------------------------- */

static enum err name_of_change(struct one *o) {
	struct inventory_work *w = o->b->w;
	if (!o->change->name) return OK;
	if (domain_parse(o->change->name, &o->wire) != OK) {
		work_fault(w, o->at, "name", "expected the name of a zone, a domain name, found \"%.100s\"",
		           o->change->name);
		return SKIP;
	}
	name_text_short(o->wire.wire, o->name);
	return OK;
}

static bool is_new_wish(const struct one *o) {
	return o->change->action == ZONE_ADD || o->change->action == ZONE_PUT;
}

static enum err not_found(struct one *o) {
	const char *named = o->change->name ? o->change->name : o->change->id;
	work_refuse_one(o->b->w, o->at, INVENTORY_NOT_FOUND, "there is no zone \"%.255s\"",
	                named ? named : "");
	return SKIP;
}

/* What is not proven holds a name for a while only (claims.h); without a word to whom it belonged. */
static enum err make_room(struct one *o);

/* The row may be another account's, of which nothing is told. */
static enum err row_judge(struct one *o) {
	struct inventory_work *w = o->b->w;
	bool is_others = w->who->account && w->who->account != o->row.account;
	bool is_proof = o->change->action == ZONE_PROVEN || o->change->action == ZONE_TRIED;
	if (is_others && is_new_wish(o)) return make_room(o);
	if (is_others) return not_found(o);
	if (!is_proof && strcmp(o->row.origin, o->b->asked->origin) != 0) {
		work_refuse_one(w, o->at, INVENTORY_CONFLICT,
		                strcmp(o->row.origin, "file") == 0
		                        ? "%s is in the configuration file, and is changed there"
		                        : "%s belongs to another source",
		                o->row.name);
		return SKIP;
	}
	if (o->change->action == ZONE_ADD) {
		work_refuse_one(w, o->at, INVENTORY_CONFLICT, "%s is there already", o->row.name);
		return SKIP;
	}
	if (o->change->if_version && o->change->if_version != o->row.version) {
		work_refuse_one(w, o->at, INVENTORY_STALE, "%s has version %lld by now, not %lld",
		                o->row.name, (long long)o->row.version, (long long)o->change->if_version);
		return SKIP;
	}
	return OK;
}

static enum err row_find(struct one *o) {
	const char *id = o->change->name ? NULL : o->change->id;
	if (!o->change->name && !id) return not_found(o);
	enum err e = zone_row_find(o->b->w->db, o->change->name ? o->name : NULL, id, &o->row);
	if (e == ERR_NOTFOUND) return is_new_wish(o) ? OK : not_found(o);
	if (e != OK) return e;
	o->has_row = true;
	o->account = o->row.account;
	if (id) {
		e = name_parse(o->row.name, &o->wire);
		if (e != OK) return ERR_CORRUPT;
		name_text_short(o->wire.wire, o->name);
	}
	return row_judge(o);
}

static enum err once(struct one *o) {
	struct batch *b = o->b;
	if (b->asked->count == 1 && !b->asked->replace) return OK;
	char *name = xstrdup(o->name);
	if (!symbols_add(&b->named, name, strlen(name), (uint32_t)o->at, NULL)) {
		work_fault(b->w, o->at, "name", "%.255s is given twice; expected each zone once", name);
		free(name);
		return SKIP;
	}
	b->names[b->name_count++] = name;
	return OK;
}

/* -- whose it may be ------------------------------------------------------------------------------------------------------ */

/* Rules for strangers. */
static bool for_strangers(const struct inventory_work *w) {
	return w->inv->settings.is_public && !w->who->is_admin;
}

static enum err account_may(struct one *o, int64_t more_zones) {
	struct inventory_work *w = o->b->w;
	struct why why = { 0 };
	struct row_work work = inventory_row_work(w->inv, w->who->now_s, &why);
	if (w->who->is_admin) return OK;
	if (!more_zones && o->b->judged == o->account) return OK;
	enum err e = account_judge(&work, o->account, more_zones);
	if (e == OK) o->b->judged = o->account;
	if (e != ERR_LIMIT && e != ERR_REFUSED) return e;
	work_refuse_one(w, o->at, e == ERR_LIMIT ? INVENTORY_QUOTA : INVENTORY_FORBIDDEN, "%s", why.evidence);
	return SKIP;
}

/* A name that was released is kept for its former owner. */
static enum err claims_judge(struct one *o) {
	struct inventory_work *w = o->b->w;
	struct sql_statement *s = sql_prepare(w->db, "SELECT account, until_s FROM claims WHERE name = ?");
	sql_put_text(s, o->name);
	enum err e = sql_step(s);
	bool is_kept = e == OK && sql_int(s, 1) > w->who->now_s && sql_int(s, 0) != o->account;
	sql_reset(s);
	if (e == ERR_NOTFOUND) return OK;
	if (e != OK) return e;
	if (is_kept) {
		work_refuse_one(w, o->at, INVENTORY_CONFLICT, "%s can't be had", o->name);
		return SKIP;
	}
	s = sql_prepare(w->db, "DELETE FROM claims WHERE name = ?");
	sql_put_text(s, o->name);
	return sql_run(s);
}

static enum err name_judge(struct one *o) {
	const struct inventory_settings *settings = &o->b->w->inv->settings;
	const char *against = settings->names
	                              ? name_rules_refusal(settings->names, o->wire.wire,
	                                                   settings->own_servers, settings->own_server_count)
	                              : NULL;
	if (!against) return claims_judge(o);
	work_fault(o->b->w, o->at, "name", "%s %s", o->name, against);
	return SKIP;
}

/* A new zone: whose, and may it be. */
static enum err owner_find(struct one *o) {
	struct inventory_work *w = o->b->w;
	enum err e = work_account(w, o->change->account, &o->account);
	if (e == ERR_REFUSED) {
		work_refuse_one(w, o->at, w->result->code, "%s", w->result->text);
		return SKIP;
	}
	if (e == OK) e = account_may(o, 1);
	if (e == OK && for_strangers(w)) e = name_judge(o);
	return e;
}

/* -- its settings --------------------------------------------------------------------------------------------------------- */

static void field_fault(void *ctx, const char *field, const char *text) {
	struct one *o = ctx;
	char path[SETTINGS_FIELD_MAX + 16];
	(void)snprintf(path, sizeof(path), "settings%s%s", *field ? "." : "", field); /* fits */
	work_fault(o->b->w, o->at, path, "%s", text);
}

/* Faults tell of each that strangers may not have us ask. */
static enum err reach_judge(struct one *o, const char *field, const struct primary *list, unsigned count) {
	const struct reach_rules *rules = &o->b->w->inv->settings.reach;
	enum err e = OK;
	for (unsigned i = 0; i < count; i++) {
		char path[32], text[ADDR_TEXT_MAX];
		struct addr a = list[i].addr;
		const char *against = reach_refusal(rules, &a);
		if (!against) continue;
		a.port = 0;
		(void)snprintf(path, sizeof(path), "settings.%s[%u]", field, i); /* fits */
		work_fault(o->b->w, o->at, path, "%s %s, where this server asks for nobody",
		           addr_text(&a, text), against);
		e = ERR_CONFIG;
	}
	return e;
}

static enum err reaches_judge(struct one *o) {
	const struct zone_policy *p = o->policy;
	enum err e = reach_judge(o, "primaries", p->primaries, p->primary_count);
	enum err other = reach_judge(o, "notify", p->notify, p->notify_count);
	return e == OK ? other : e;
}

static enum err settings_read(struct one *o) {
	struct inventory_work *w = o->b->w;
	const struct settings_faults faults = { o, field_fault };
	const char *data = o->change->settings ? o->change->settings : "{}";
	size_t len = o->change->settings ? o->change->settings_len : 2;
	struct why why = { 0 };
	enum err e = o->change->action == ZONE_SET ? settings_merge(o->row.text, data, len, &faults, &o->text)
	                                           : settings_normalise(data, len, &faults, &o->text);
	if (e == OK) e = policies_get(w->inv, o->account, o->text, &faults, &o->policy, &why);
	if (e == OK && for_strangers(w)) e = reaches_judge(o);
	if (e == ERR_CONFIG) return SKIP;
	if (e != OK && why.evidence[0]) return work_refuse(w, INVENTORY_NO_DATABASE, "%s", why.evidence);
	return e;
}

/* -- what is done --------------------------------------------------------------------------------------------------------- */

static enum err audit(struct one *o, const char *action, const char *before, const char *after) {
	const struct work_audit row = { .account = o->account,
		                        .action = action,
		                        .kind = "zone",
		                        .object = o->name,
		                        .before = before,
		                        .after = after };
	return work_audit(o->b->w, &row);
}

/* Is the plan of the account over?  Then its zones change in the database only. */
static enum err over_find(struct one *o) {
	struct batch *b = o->b;
	struct why why = { 0 };
	struct row_work work = inventory_row_work(b->w->inv, b->w->who->now_s, &why);
	if (b->over_account == o->account) return OK;
	enum err e = account_is_over(&work, o->account, &b->over);
	if (e == OK) b->over_account = o->account;
	return e;
}

/* Also for a zone that waits: then it is taken back, if it was wanted. */
static enum err tell(struct one *o, int64_t id, const char *proof) {
	struct wanted_changes *wanted = &o->b->w->result->wanted;
	enum err e = over_find(o);
	if (e != OK || o->b->over) return e;
	if (claim_is_pending(proof)) {
		if (o->has_row && !claim_is_pending(o->row.proof))
			(void)intent_list_add(&wanted->removed, o->wire.wire,
			                      NULL); /* nothing is to be said of it */
		return OK;
	}
	policy_ref(o->policy);
	struct zone_intent *intent = intent_list_add(&wanted->put, o->wire.wire, o->policy);
	intent->number = (uint64_t)id;
	intent->account = (uint32_t)o->account;
	return OK;
}

static enum err zone_make(struct one *o) {
	struct inventory_work *w = o->b->w;
	const char *proof = for_strangers(w) ? CLAIM_PENDING : NULL;
	int64_t settings = 0, id = 0;
	enum err e = settings_row(w->db, o->text, &settings);
	if (e == OK) e = zone_row_add(w, o->name, o->account, o->b->asked->origin, settings, proof, &id);
	if (e == OK) e = audit(o, "zone.add", NULL, o->text);
	if (e != OK) return e;
	w->result->added++;
	return tell(o, id, proof);
}

/* Settings that do not hold any more are others. */
static enum err primaries_changed(struct one *o, bool *out_changed) {
	const struct settings_faults faults = { o, field_fault };
	const struct zone_policy *old = NULL;
	struct why why;
	enum err e = policies_get(o->b->w->inv, o->account, o->row.text, &faults, &old, &why);
	if (e != OK && e != ERR_CONFIG) return e;
	*out_changed = !old || !policies_same_primaries(old, o->policy);
	policy_unref(old);
	return OK;
}

static enum err zone_alter(struct one *o) {
	struct inventory_work *w = o->b->w;
	const char *proof = o->row.proof;
	int64_t settings = 0;
	bool moved = false;
	enum err e = OK;
	if (strcmp(o->text, o->row.text) == 0) {
		w->result->unchanged++;
		return OK;
	}
	if (proof && !claim_is_pending(proof)) e = primaries_changed(o, &moved);
	if (e == OK && claim_ends(proof, false, moved) && for_strangers(w)) proof = CLAIM_PENDING;
	if (e == OK) e = settings_row(w->db, o->text, &settings);
	if (e == OK) e = zone_row_change(w, &o->row, settings, proof);
	if (e == OK) e = audit(o, "zone.change", o->row.text, o->text);
	if (e != OK) return e;
	w->result->changed++;
	return tell(o, o->row.id, proof);
}

static enum err claim_keep(struct one *o) {
	struct inventory_work *w = o->b->w;
	if (!for_strangers(w) || claim_is_pending(o->row.proof)) return OK;
	struct sql_statement *s = sql_prepare(w->db,
	                                      "INSERT INTO claims(name, account, until_s) VALUES (?, ?, ?)"
	                                      " ON CONFLICT (name) DO UPDATE SET account = excluded.account,"
	                                      " until_s = excluded.until_s");
	sql_put_text(s, o->name);
	sql_put_int(s, o->account);
	sql_put_int(s, w->who->now_s + INVENTORY_CLAIM_S);
	return sql_run(s);
}

static enum err zone_drop(struct one *o) {
	struct inventory_work *w = o->b->w;
	enum err e = zone_row_remove(w, &o->row);
	if (e == OK) e = claim_keep(o);
	if (e == OK) e = audit(o, "zone.remove", o->row.text, NULL);
	if (e != OK) return e;
	if (!claim_is_pending(o->row.proof))
		(void)intent_list_add(&w->result->wanted.removed, o->wire.wire,
		                      NULL); /* nothing is to be said of it */
	w->result->removed++;
	return OK;
}

static enum err make_room(struct one *o) {
	struct inventory_work *w = o->b->w;
	if (!claim_gives_way(o->row.proof, o->row.changed_s, w->who->now_s)) {
		work_refuse_one(w, o->at, INVENTORY_CONFLICT, "%s can't be had", o->name);
		return SKIP;
	}
	enum err e = zone_row_remove(w, &o->row);
	if (e == OK) e = audit(o, "zone.give-way", o->row.text, NULL);
	zone_row_done(&o->row);
	o->has_row = false;
	return e;
}

static enum err zone_proof(struct one *o) {
	struct inventory_work *w = o->b->w;
	if (!claim_is_pending(o->row.proof)) {
		w->result->unchanged++;
		return OK;
	}
	if (o->change->action == ZONE_TRIED) return zone_row_proof(w, &o->row, CLAIM_PENDING);
	const struct settings_faults faults = { o, field_fault };
	struct why why = { 0 };
	enum err e = policies_get(w->inv, o->account, o->row.text, &faults, &o->policy, &why);
	if (e == OK) e = zone_row_proof(w, &o->row, o->change->proof);
	if (e == OK) e = audit(o, "zone.prove", NULL, NULL);
	if (e != OK) return e == ERR_CONFIG ? SKIP : e;
	w->result->changed++;
	return tell(o, o->row.id, NULL);
}

static enum err do_one(struct one *o) {
	enum inventory_action action = o->change->action;
	enum err e = name_of_change(o);
	if (e == OK) e = row_find(o);
	if (e == OK) e = once(o);
	if (e != OK) return e;
	if (action == ZONE_PROVEN || action == ZONE_TRIED) return zone_proof(o);
	e = o->has_row ? account_may(o, 0) : owner_find(o);
	if (e == OK && action == ZONE_REMOVE) return zone_drop(o);
	if (e == OK) e = settings_read(o);
	if (e != OK) return e;
	return o->has_row ? zone_alter(o) : zone_make(o);
}

static enum err change_one(struct batch *b, size_t at) {
	struct one o = { .b = b, .at = at, .change = &b->asked->changes[at] };
	enum err e = do_one(&o);
	zone_row_done(&o.row);
	free(o.text);
	policy_unref(o.policy);
	return e == SKIP ? OK : e;
}

/* -- the rest goes -------------------------------------------------------------------------------------------------------- */

static int64_t batch_account(const struct batch *b) {
	return b->w->who->account ? b->w->who->account : INTENT_MAIN_ACCOUNT;
}

static enum err count_own(struct batch *b, int64_t *out_count) {
	struct sql_statement *s = sql_prepare(b->w->db,
	                                      "SELECT count(*) FROM zones WHERE account = ? AND origin = ?");
	sql_put_int(s, batch_account(b));
	sql_put_text(s, b->asked->origin);
	enum err e = sql_step(s);
	if (e == OK) *out_count = sql_int(s, 0);
	sql_reset(s);
	return e;
}

/* Names of zones that the batch does not have; the caller frees them and the array. */
static enum err others_find(struct batch *b, char ***out_names, size_t *out_count) {
	char **names = NULL;
	size_t count = 0;
	struct sql_statement *s = sql_prepare(b->w->db,
	                                      "SELECT name FROM zones WHERE account = ? AND origin = ?");
	sql_put_int(s, batch_account(b));
	sql_put_text(s, b->asked->origin);
	enum err e = sql_step(s);
	for (; e == OK; e = sql_step(s)) {
		const char *name = sql_text(s, 0);
		if (symbols_find(&b->named, name, strlen(name), NULL)) continue;
		if ((count & (count - 1)) == 0)
			names = xrealloc(names, (count ? 2 * count : 1) * sizeof(*names));
		names[count++] = xstrdup(name);
	}
	*out_names = names;
	*out_count = count;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err drop_others(struct batch *b, char *const *names, size_t count) {
	enum err e = OK;
	for (size_t i = 0; e == OK && i < count; i++) {
		const struct inventory_zone_change change = { .action = ZONE_REMOVE, .name = names[i] };
		struct one o = { .b = b, .change = &change };
		e = name_of_change(&o);
		if (e == OK) e = row_find(&o);
		if (e == OK) e = zone_drop(&o);
		zone_row_done(&o.row);
	}
	return e;
}

/* before: how many there were. */
static enum err replace_rest(struct batch *b, int64_t before) {
	char **names = NULL;
	size_t count = 0;
	enum err e = others_find(b, &names, &count);
	if (e == OK && !b->asked->force && (int64_t)count * 2 > before)
		e = work_refuse(b->w, INVENTORY_REFUSED,
		                "that would remove %zu of %lld zones, more than half; if it is meant so, say "
		                "force",
		                count, (long long)before);
	if (e == OK) e = drop_others(b, names, count);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return e;
}

/* -- the batch ------------------------------------------------------------------------------------------------------------- */

static enum err apply(struct inventory_work *w, void *ctx) {
	struct batch b = { .w = w, .asked = ctx };
	int64_t before = 0;
	enum err e = OK;
	if (b.asked->count > INVENTORY_ZONES_MAX)
		return work_refuse(w, INVENTORY_TOO_BIG, "expected at most %d zones at once, found %zu",
		                   INVENTORY_ZONES_MAX, b.asked->count);
	b.names = xcalloc(b.asked->count + 1, sizeof(*b.names));
	if (b.asked->replace) e = count_own(&b, &before);
	for (size_t i = 0; e == OK && i < b.asked->count; i++)
		e = change_one(&b, i);
	if (e == OK && w->result->code == INVENTORY_DONE && b.asked->replace) e = replace_rest(&b, before);
	for (size_t i = 0; i < b.name_count; i++)
		free(b.names[i]);
	free(b.names);
	symbols_done(&b.named);
	return e;
}

void inventory_apply(struct inventory *inv, const struct inventory_batch *batch,
                     const struct inventory_who *who, struct inventory_result *out_result) {
	inventory_change(inv, apply, (void *)(uintptr_t)batch, who, out_result);
}

/* What settings in the database mean.  Equal settings of an account share one policy: it is kept under its text, since
 * numbers of rows are given again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/accounts.h"
#include "inventory/inventory_parts.h"
#include "inventory/tsig_keys.h"

/* -- keys and primaries of an account ----------------------------------------------------------------------------------- */

/* Borrowed until they are forgotten. */
static enum err keys_of(struct inventory *inv, int64_t account, struct keyset **out_keys, struct why *why) {
	struct keyset_kept *kept = &inv->policies.keysets[(uint64_t)account % KEYSETS_KEPT];
	if (kept->account != account) {
		struct keyset *keys = NULL;
		struct row_work work = inventory_row_work(inv, 0, why);
		enum err e = tsig_keyset(&work, account, inv->base->keyset, &keys);
		if (e != OK) return e;
		keyset_unref(kept->keyset);
		*kept = (struct keyset_kept){ .account = account, .keyset = keys };
	}
	*out_keys = kept->keyset;
	return OK;
}

static enum err own_primary(void *ctx, const char *name, char **out_text) {
	const struct own_primaries *own = ctx;
	struct sql_statement *s = sql_prepare(
		own->inv->db, "SELECT settings FROM primaries WHERE account = ? AND name = ?");
	sql_put_int(s, own->account);
	sql_put_text(s, name);
	enum err e = sql_step(s);
	if (e == OK) *out_text = xstrdup(sql_text(s, 0));
	sql_reset(s);
	return e;
}

enum err policies_view(struct inventory *inv, struct own_primaries *own, struct settings_view *out_view,
                       struct why *why) {
	struct keyset *keys = NULL;
	enum err e = keys_of(inv, own->account, &keys, why);
	struct account_bounds bounds = { 0 };
	struct row_work work = inventory_row_work(inv, 0, why);
	if (e == OK) e = account_bounds(&work, own->account, &bounds);
	if (e != OK) return e;
	*out_view = (struct settings_view){ .base = inv->base,
		                            .is_main = own->account == INTENT_MAIN_ACCOUNT,
		                            .keys = keys,
		                            .max_zone_bytes = (uint64_t)bounds.bytes_max,
		                            .max_zone_records = (uint64_t)bounds.records_max,
		                            .primary = own_primary,
		                            .ctx = own };
	return OK;
}

/* -- policies --------------------------------------------------------------------------------------------------------- */

static struct policy_kept *slot_of(const struct policies *p, int64_t account, const char *text) {
	uint64_t h = symbols_hash(p->seed, text, strlen(text));
	size_t i = symbols_hash(h, &account, sizeof(account)) & (p->capacity - 1);
	while (p->slots[i].text && (p->slots[i].account != account || strcmp(p->slots[i].text, text) != 0))
		i = (i + 1) & (p->capacity - 1);
	return &p->slots[i];
}

static void grow(struct policies *p) {
	if (p->capacity == 0) p->seed = symbols_seed();
	struct policies larger = { .capacity = p->capacity ? p->capacity * 2 : 64, .seed = p->seed };
	larger.slots = xcalloc(larger.capacity, sizeof(*larger.slots));
	for (size_t i = 0; i < p->capacity; i++) {
		if (p->slots[i].text) *slot_of(&larger, p->slots[i].account, p->slots[i].text) = p->slots[i];
	}
	free(p->slots);
	p->slots = larger.slots;
	p->capacity = larger.capacity;
}

enum err policies_get(struct inventory *inv, int64_t account, const char *text,
                      const struct settings_faults *faults, const struct zone_policy **out_policy,
                      struct why *why) {
	struct policies *p = &inv->policies;
	struct own_primaries own = { inv, account };
	struct settings_view view;
	const struct zone_policy *policy = NULL;
	if (p->count * 2 >= p->capacity) grow(p);
	struct policy_kept *slot = slot_of(p, account, text);
	if (slot->text) {
		policy_ref(slot->policy);
		*out_policy = slot->policy;
		return OK;
	}
	enum err e = policies_view(inv, &own, &view, why);
	if (e == OK) e = settings_policy(&view, text, faults, &policy);
	if (e != OK) return e;
	if (p->count < POLICIES_MAX) {
		*slot = (struct policy_kept){ .account = account, .text = xstrdup(text), .policy = policy };
		policy_ref(policy);
		p->count++;
	}
	*out_policy = policy;
	return OK;
}

static void keyset_forget(struct keyset_kept *k) {
	keyset_unref(k->keyset);
	*k = (struct keyset_kept){ 0 };
}

/* What stays moves into a table of its own, where it is found again. */
void policies_forget(struct inventory *inv, int64_t account) {
	struct policies *p = &inv->policies;
	struct policy_kept *old = p->slots;
	p->slots = xcalloc(p->capacity + 1, sizeof(*p->slots));
	p->count = 0;
	for (size_t i = 0; i < p->capacity; i++) {
		if (!old[i].text) continue;
		if (account && old[i].account != account) {
			*slot_of(p, old[i].account, old[i].text) = old[i];
			p->count++;
			continue;
		}
		free(old[i].text);
		policy_unref(old[i].policy);
	}
	free(old);
	for (size_t i = 0; i < KEYSETS_KEPT; i++) {
		if (!account || p->keysets[i].account == account) keyset_forget(&p->keysets[i]);
	}
}

/* -- all zones ---------------------------------------------------------------------------------------------------------- */

static void no_faults(void *ctx, const char *field, const char *text) {
	(void)ctx, (void)field, (void)text; /* the zone is counted as left out */
}

/* Policies by account and row of settings, which are the same during one read. */
struct known {
	struct known_slot {
		int64_t account, settings;        /* settings 0: free */
		const struct zone_policy *policy; /* a reference; NULL: the settings do not hold */
	} * slots;
	size_t capacity, count;
	uint64_t seed;
};

static struct known_slot *known_slot(const struct known *k, int64_t account, int64_t settings) {
	const int64_t key[] = { account, settings };
	size_t i = symbols_hash(k->seed, key, sizeof(key)) & (k->capacity - 1);
	while (k->slots[i].settings && (k->slots[i].settings != settings || k->slots[i].account != account))
		i = (i + 1) & (k->capacity - 1);
	return &k->slots[i];
}

static void known_grow(struct known *k) {
	struct known larger = { .capacity = k->capacity ? k->capacity * 2 : 64,
		                .count = k->count,
		                .seed = k->slots ? k->seed : symbols_seed() };
	larger.slots = xcalloc(larger.capacity, sizeof(*larger.slots));
	for (size_t i = 0; i < k->capacity; i++) {
		const struct known_slot *s = &k->slots[i];
		if (s->settings) *known_slot(&larger, s->account, s->settings) = *s;
	}
	free(k->slots);
	*k = larger;
}

static enum err read_policy(struct inventory *inv, struct known_slot *slot) {
	const struct settings_faults faults = { NULL, no_faults };
	struct why why;
	char *text = NULL;
	struct sql_statement *s = sql_prepare(inv->db, "SELECT json FROM settings WHERE id = ?");
	sql_put_int(s, slot->settings);
	enum err e = sql_step(s);
	if (e == OK) text = xstrdup(sql_text(s, 0));
	sql_reset(s);
	if (e != OK) return e == ERR_NOTFOUND ? OK : e;
	e = policies_get(inv, slot->account, text, &faults, &slot->policy, &why);
	free(text);
	(void)why; /* as no_faults */
	/* Settings that do not hold leave their zones out; a disk that fails does not. */
	return e == ERR_CONFIG || e == ERR_NOTFOUND ? OK : e;
}

/* Borrowed; NULL: the settings do not hold. */
static enum err known_policy(struct inventory *inv, struct known *k, int64_t account, int64_t settings,
                             const struct zone_policy **out_policy) {
	if (k->count * 2 >= k->capacity) known_grow(k);
	struct known_slot *slot = known_slot(k, account, settings);
	if (slot->settings == 0) {
		*slot = (struct known_slot){ .account = account, .settings = settings };
		k->count++;
		enum err e = read_policy(inv, slot);
		if (e != OK) return e;
	}
	*out_policy = slot->policy;
	return OK;
}

static void known_done(struct known *k) {
	for (size_t i = 0; i < k->capacity; i++)
		policy_unref(k->slots[i].policy);
	free(k->slots);
}

static enum err load_row(struct inventory *inv, struct known *k, struct sql_statement *s,
                         struct intent_list *zones, size_t *left_out) {
	const struct zone_policy *policy = NULL;
	struct name name;
	int64_t account = sql_int(s, 2);
	enum err e = known_policy(inv, k, account, sql_int(s, 3), &policy);
	if (e != OK) return e;
	if (!policy || name_parse(sql_text(s, 1), &name) != OK) {
		(*left_out)++;
		return OK;
	}
	policy_ref(policy);
	struct zone_intent *intent = intent_list_add(zones, name.wire, policy);
	intent->number = (uint64_t)sql_int(s, 0);
	intent->account = (uint32_t)account;
	return OK;
}

/* ERR_NOTFOUND: all zones are the configuration's, however many there are.  Only that is asked of the index: where there are
 * others, it takes longer to go by it than through the table (300,000 rows 0.22 s, 0.16 through the table). */
static enum err find_any(struct sql *db) {
	struct sql_statement *s = sql_prepare(db, "SELECT 1 FROM zones INDEXED BY zones_inventory"
	                                          " WHERE origin <> 'file' LIMIT 1");
	enum err e = sql_step(s);
	sql_reset(s);
	return e;
}

static enum err load_all(struct inventory *inv, struct known *k, struct intent_list *zones,
                         size_t *left_out) {
	enum err e = find_any(inv->db);
	if (e != OK) return e;
	struct sql_statement *s = sql_prepare(
		inv->db, "SELECT id, name, account, settings FROM zones NOT INDEXED WHERE origin <> 'file'"
			 " AND (proof IS NULL OR proof <> 'pending')"
			 " AND account NOT IN (SELECT id FROM accounts WHERE notice = 'over')");
	e = sql_step(s);
	for (; e == OK; e = sql_step(s)) {
		e = load_row(inv, k, s, zones, left_out);
		if (e != OK) break;
	}
	sql_reset(s);
	return e;
}

enum err inventory_load(struct inventory *inv, struct intent_list *out_zones, size_t *out_left_out) {
	struct intent_list zones = { 0 };
	struct known known = { 0 };
	size_t left_out = 0;
	int64_t others = -1;
	if (!inv->db) return ERR_CLOSED;
	inv->told_others = -1;
	enum err e = sql_others(inv->db, &others); /* before: what others write meanwhile is read next time */
	if (e != OK) return inventory_fails(inv, e);
	e = load_all(inv, &known, &zones, &left_out);
	known_done(&known);
	if (e != ERR_NOTFOUND) {
		intent_list_done(&zones);
		return inventory_fails(inv, e);
	}
	inv->told_others = others;
	*out_zones = zones;
	*out_left_out = left_out;
	return OK;
}

static bool same_terms(const struct tls_terms *a, const struct tls_terms *b) {
	return a && b ? tls_terms_equal(a, b) : a == b;
}

bool policies_same_primaries(const struct zone_policy *a, const struct zone_policy *b) {
	if (a->primary_count != b->primary_count) return false;
	for (unsigned i = 0; i < a->primary_count; i++) {
		if (!addr_equal(&a->primaries[i].addr, &b->primaries[i].addr)) return false;
		if (!same_terms(a->primaries[i].tls, b->primaries[i].tls)) return false;
	}
	return true;
}

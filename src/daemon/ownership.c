#include "daemon/ownership.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "zone/lookup.h"

struct ownership {
	struct prover *prover;
	struct inventory *inventory; /* desk */
	struct zone_table *table;
	void (*changed)(void *ctx, struct wanted_changes *changes);
	void *ctx;
	struct log *log;
	struct random random;
};

/* -- on the desk -- */

static void take_primaries(const struct zone_policy *policy, struct prover_case *c) {
	for (unsigned i = 0; i < policy->primary_count && i < PROVER_PRIMARIES_MAX; i++) {
		const struct primary *p = &policy->primaries[i];
		c->primaries[c->primary_count] = p->addr;
		c->primary_tls[c->primary_count++] = p->tls && p->tls->mode == TLS_MODE_STRICT;
	}
}

/* ERR_NOTFOUND: it does not wait, or can't be contested by claimant (0: nobody). */
static enum err gather_one(struct ownership *o, struct sql *db, const char *name, int64_t claimant,
                           struct prover_case *c) {
	const struct zone_policy *policy;
	struct name wire;
	memset(c, 0, sizeof(*c));
	enum err e = name_parse(name, &wire);
	if (e != OK) return e;
	name_to_lower(&wire);
	name_text_short(wire.wire, c->name);
	e = claim_facts_read(db, c->name, claimant, &c->facts);
	if (e != OK) return e;
	c->is_contest = claimant != 0;
	if (!(claimant ? claim_is_contestable(c->facts.proof) : claim_is_pending(c->facts.proof)))
		return ERR_NOTFOUND;
	if (claimant) return OK; /* primaries are no proof against another */
	e = inventory_zone_policy(o->inventory, c->name, &policy);
	if (e != OK) return e;
	take_primaries(policy, c);
	policy_unref(policy);
	return OK;
}

struct due_names {
	char (*names)[NAME_TEXT_MAX];
	unsigned count, limit;
};

static void take_due(void *ctx, const char *name) {
	struct due_names *due = ctx;
	if (due->count == due->limit || strlen(name) >= NAME_TEXT_MAX) return;
	memcpy(due->names[due->count++], name, strlen(name) + 1);
}

/* A zone whose settings do not hold any more is left out: it could not be transferred. */
static enum err gather_due(struct ownership *o, struct sql *db, int64_t now_s, struct prover_case *cases,
                           unsigned limit, unsigned *out_count) {
	struct due_names due = { .names = xcalloc(limit, sizeof(*due.names)), .limit = limit };
	enum err e = claim_due(db, now_s, limit, take_due, &due);
	unsigned count = 0;
	for (unsigned i = 0; i < due.count && e == OK; i++)
		if (gather_one(o, db, due.names[i], 0, &cases[count]) == OK) count++;
	free(due.names);
	if (e == OK) *out_count = count;
	return e;
}

static enum err gather(void *ctx, const char *name, int64_t claimant, int64_t now_s,
                       struct prover_case *cases, unsigned limit, unsigned *out_count) {
	struct ownership *o = ctx;
	struct sql *db;
	enum err e = inventory_read(o->inventory, &db);
	if (e != OK) return e;
	if (!name) return gather_due(o, db, now_s, cases, limit, out_count);
	e = gather_one(o, db, name, claimant, cases);
	if (e == OK || e == ERR_NOTFOUND) *out_count = e == OK;
	return e == ERR_NOTFOUND ? OK : e;
}

/* Takes the differences out of the result, and ends it. */
static enum err take_result(struct inventory_result *result, struct wanted_changes *out_changes) {
	enum err e = result->code == INVENTORY_DONE ? OK : ERR_STALE;
	if (e == OK) {
		*out_changes = result->wanted;
		result->wanted = (struct wanted_changes){ 0 };
	}
	inventory_result_done(result);
	return e;
}

static enum err mark(void *ctx, const struct prover_case *c, enum proof_kind kind, int64_t now_s,
                     struct wanted_changes *out_changes) {
	struct ownership *o = ctx;
	bool proven = kind != PROOF_MISSING;
	struct inventory_zone_change change = { .action = proven ? ZONE_PROVEN : ZONE_TRIED,
		                                .id = c->facts.id,
		                                .if_version = c->facts.version,
		                                .proof = proven ? proof_kind_text(kind) : NULL };
	struct inventory_batch batch = { .changes = &change, .count = 1, .origin = "api" };
	struct inventory_who who = { .is_admin = true, .name = "proof of control", .now_s = now_s };
	struct inventory_result result = { 0 };
	if (c->is_contest)
		inventory_take_over(o->inventory, c->facts.id, c->facts.version, c->facts.account, &who,
		                    &result);
	else
		inventory_apply(o->inventory, &batch, &who, &result);
	return take_result(&result, out_changes);
}

/* -- on the loop -- */

static void changed(void *ctx, struct wanted_changes *changes) {
	struct ownership *o = ctx;
	o->changed(o->ctx, changes);
}

static bool delegates(void *ctx, const uint8_t *zone, const uint8_t *name) {
	const struct ownership *o = ctx;
	struct lookup found;
	struct zone_entry *entry = table_find(o->table, zone);
	const struct zone_version *v = entry ? table_served(o->table, entry) : NULL;
	if (!v || !name_is_within(name, zone)) return false;
	zone_lookup(v, name, &found);
	return found.kind == LOOKUP_CUT && found.node_labels == name_labels(name);
}

static void told(void *ctx, const char *name, const struct proof_verdict *verdict) {
	struct ownership *o = ctx;
	if (verdict->kind == PROOF_MISSING)
		log_event(o->log, EVENT_ZONE_UNPROVEN, LOG_STR("zone", name),
		          LOG_STR("reason", proof_fault_slug(verdict->fault)));
	else
		log_event(o->log, EVENT_ZONE_PROVEN, LOG_STR("zone", name),
		          LOG_STR("by", proof_kind_text(verdict->kind)));
}

struct ownership *ownership_new(uv_loop_t *loop, const struct ownership_settings *settings) {
	struct ownership *o = xcalloc(1, sizeof(*o));
	o->inventory = settings->inventory;
	o->table = settings->table;
	o->changed = settings->changed;
	o->ctx = settings->ctx;
	o->log = settings->log;
	o->random = random_secure();
	struct prover_settings prover = { .config = settings->config,
		                          .desk = settings->desk,
		                          .rules = settings->rules,
		                          .random = &o->random,
		                          .ops = { o, gather, mark, changed, delegates, told } };
	o->prover = prover_new(loop, &prover);
	return o;
}

struct prover *ownership_prover(struct ownership *o) {
	return o->prover;
}

void ownership_stop(struct ownership *o, void (*done)(void *ctx), void *ctx) {
	if (o)
		prover_stop(o->prover, done, ctx);
	else
		done(ctx);
}

void ownership_free(struct ownership *o) {
	if (!o) return;
	prover_free(o->prover);
	free(o);
}

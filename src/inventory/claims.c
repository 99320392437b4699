#include "inventory/claims.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

bool claim_is_pending(const char *proof) {
	return proof && strcmp(proof, CLAIM_PENDING) == 0;
}

bool claim_ends(const char *proof, bool account_changed, bool primaries_changed) {
	if (!proof) return false;
	return account_changed || (primaries_changed && strcmp(proof, CLAIM_PRIMARIES) == 0);
}

static void keep_text(char out[static CLAIM_WORD_MAX], const char *text) {
	if (snprintf(out, CLAIM_WORD_MAX, "%s", text ? text : "") < 0) out[0] = '\0';
}

bool claim_gives_way(const char *proof, int64_t changed_s, int64_t now_s) {
	return claim_is_pending(proof) && now_s - changed_s >= CLAIM_HOLD_S;
}

/* As the rows have names. */
static void row_name(const uint8_t *name, char out[static NAME_TEXT_MAX]) {
	struct name lower;
	name_copy(&lower, name);
	name_to_lower(&lower);
	name_text_short(lower.wire, out);
}

bool claim_is_contestable(const char *proof) {
	return proof && strcmp(proof, CLAIM_PRIMARIES) == 0;
}

/* rname: owned by the caller. */
static enum err read_zone(struct sql *db, const char *name, struct claim_facts *facts, char **out_rname) {
	struct sql_statement *s = sql_prepare(
		db, "SELECT id, version, account, public_id, rname, proof FROM zones WHERE name = ?");
	sql_put_text(s, name);
	enum err e = sql_step(s);
	if (e == OK) {
		facts->number = sql_int(s, 0);
		facts->version = sql_int(s, 1);
		if (facts->account == 0) facts->account = sql_int(s, 2);
		keep_text(facts->id, sql_text(s, 3));
		*out_rname = xstrdup(sql_text(s, 4) ? sql_text(s, 4) : "");
		keep_text(facts->proof, sql_text(s, 5));
	}
	sql_reset(s);
	return e;
}

static enum err read_account(struct sql *db, struct claim_facts *facts) {
	struct sql_statement *s = sql_prepare(db, "SELECT public_id, token FROM accounts WHERE id = ?");
	sql_put_int(s, facts->account);
	enum err e = sql_step(s);
	if (e == OK) {
		keep_text(facts->account_id, sql_text(s, 0));
		keep_text(facts->token, sql_text(s, 1));
	}
	sql_reset(s);
	return e;
}

/* -- whose is the nearest zone -- */

struct holder {
	struct name zone;
	int64_t account;
	char proof[CLAIM_WORD_MAX]; /* "": none is needed */
	bool consents;
};

static enum err read_holder(struct sql *db, const uint8_t *name, int64_t account, struct holder *out_holder) {
	char text[NAME_TEXT_MAX];
	row_name(name, text);
	struct sql_statement *s = sql_prepare(
		db, "SELECT z.account, z.proof, EXISTS (SELECT 1 FROM consents c"
		    " WHERE c.name = z.name AND c.account = ?) FROM zones z"
		    " WHERE z.name = ? AND (z.proof IS NULL OR z.proof <> 'pending')");
	sql_put_int(s, account);
	sql_put_text(s, text);
	enum err e = sql_step(s);
	if (e == OK) {
		name_copy(&out_holder->zone, name);
		out_holder->account = sql_int(s, 0);
		keep_text(out_holder->proof, sql_text(s, 1));
		out_holder->consents = sql_int(s, 2) != 0;
	}
	sql_reset(s);
	return e;
}

/* The zone that does not wait and is nearest to name, from name without its first `skip` labels upward.
 * ERR_NOTFOUND: there is none. */
static enum err find_holder(struct sql *db, const uint8_t *name, unsigned skip, int64_t account,
                            struct holder *out_holder) {
	unsigned labels = name_labels(name);
	for (unsigned i = skip; i <= labels; i++) {
		enum err e = read_holder(db, name_skip(name, i), account, out_holder);
		if (e != ERR_NOTFOUND) return e;
	}
	return ERR_NOTFOUND;
}

static enum err read_above(struct sql *db, const uint8_t *name, struct claim_facts *facts) {
	struct holder holder;
	if (name[0] == 0) return OK;
	enum err e = find_holder(db, name, 1, facts->account, &holder);
	if (e == OK && holder.account != facts->account)
		facts->above = (struct claim_neighbour){ .is_there = true,
			                                 .consents = holder.consents,
			                                 .name = holder.zone };
	return e == ERR_NOTFOUND ? OK : e;
}

/* Labels in rname end with the octet 1: what begins with it ends before the same with 2. */
static enum err read_below(struct sql *db, const char *rname, struct claim_facts *facts) {
	size_t len = strlen(rname);
	char *end = xstrdup(len > 0 ? rname : "\x7f"); /* the root: above all names of letters */
	if (len > 0) end[len - 1] = 2;
	struct sql_statement *s = sql_prepare(
		db,
		"SELECT z.name FROM zones z WHERE z.rname > ? AND z.rname < ? AND z.account <> ?"
		" AND (z.proof IS NULL OR z.proof <> 'pending')"
		" AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.name = z.name AND c.account = ?) LIMIT 1");
	sql_put_text(s, rname);
	sql_put_text(s, end);
	sql_put_int(s, facts->account);
	sql_put_int(s, facts->account);
	enum err e = sql_step(s);
	if (e == OK) facts->below.is_there = name_parse(sql_text(s, 0), &facts->below.name) == OK;
	sql_reset(s);
	free(end);
	return e == ERR_NOTFOUND ? OK : e;
}

/* -- own names -- */

struct vanity_list {
	struct name names[CLAIM_VANITY_MAX];
	unsigned count;
};

static enum err read_vanity(struct sql *db, int64_t account, struct vanity_list *out_list) {
	struct sql_statement *s = sql_prepare(db, "SELECT name FROM vanity WHERE account = ? ORDER BY name");
	enum err e;
	sql_put_int(s, account);
	while (out_list->count < CLAIM_VANITY_MAX && (e = sql_step(s)) == OK)
		if (name_parse(sql_text(s, 0), &out_list->names[out_list->count]) == OK) out_list->count++;
	bool full = out_list->count == CLAIM_VANITY_MAX;
	sql_reset(s);
	return full || e == ERR_NOTFOUND ? OK : e;
}

/* Who only says that a name is his could have the zones of all who really use it. */
static enum err keep_proven_vanity(struct sql *db, const struct vanity_list *list,
                                   struct claim_facts *facts) {
	for (unsigned i = 0; i < list->count; i++) {
		struct holder holder;
		enum err e = find_holder(db, list->names[i].wire, 0, facts->account, &holder);
		if (e == ERR_NOTFOUND) continue;
		if (e != OK) return e;
		if (holder.account == facts->account && strcmp(holder.proof, CLAIM_PRIMARIES) != 0)
			facts->vanity[facts->vanity_count++] = list->names[i];
	}
	return OK;
}

enum err claim_facts_read(struct sql *db, const char *name, int64_t claimant, struct claim_facts *out_facts) {
	struct claim_facts *facts = xcalloc(1, sizeof(*facts));
	struct vanity_list *list = xcalloc(1, sizeof(*list));
	struct name wire;
	char *rname = NULL;
	enum err e = name_parse(name, &wire);
	facts->account = claimant;
	if (e == OK) e = read_zone(db, name, facts, &rname);
	if (e == OK) e = read_account(db, facts);
	if (e == OK) e = read_above(db, wire.wire, facts);
	if (e == OK) e = read_below(db, rname, facts);
	if (e == OK) e = read_vanity(db, facts->account, list);
	if (e == OK) e = keep_proven_vanity(db, list, facts);
	if (e == OK) *out_facts = *facts;
	free(rname);
	free(list);
	free(facts);
	return e;
}

enum err claim_due(struct sql *db, int64_t now_s, unsigned limit, void (*each)(void *ctx, const char *name),
                   void *ctx) {
	struct sql_statement *s = sql_prepare(
		db,
		"SELECT name FROM (SELECT name, COALESCE(proof_s, 0) AS tried, ROW_NUMBER() OVER"
		" (PARTITION BY account ORDER BY COALESCE(proof_s, 0), id) AS place FROM zones"
		" WHERE proof = 'pending' AND (proof_s IS NULL OR proof_s <= changed_s OR proof_s + CASE"
		" WHEN proof_s - changed_s < ? THEN ? WHEN proof_s - changed_s > ? THEN ?"
		" ELSE proof_s - changed_s END <= ?)) AS due WHERE place <= ? ORDER BY place, tried LIMIT ?");
	enum err e;
	sql_put_int(s, CLAIM_WAIT_MIN_S);
	sql_put_int(s, CLAIM_WAIT_MIN_S);
	sql_put_int(s, CLAIM_WAIT_MAX_S);
	sql_put_int(s, CLAIM_WAIT_MAX_S);
	sql_put_int(s, now_s);
	sql_put_int(s, CLAIM_AT_ONCE);
	sql_put_int(s, limit);
	while ((e = sql_step(s)) == OK)
		each(ctx, sql_text(s, 0));
	sql_reset(s);
	return e == ERR_NOTFOUND ? OK : e;
}

enum err claim_reserve(struct sql *db, const char *name, int64_t account, int64_t until_s) {
	struct sql_statement *s = sql_prepare(
		db, "INSERT INTO claims(name, account, until_s) VALUES (?, ?, ?) ON CONFLICT (name)"
		    " DO UPDATE SET account = excluded.account, until_s = excluded.until_s");
	sql_put_text(s, name);
	sql_put_int(s, account);
	sql_put_int(s, until_s);
	return sql_run(s);
}

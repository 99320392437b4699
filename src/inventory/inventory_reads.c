/* Lists and single rows, for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/config_reader.h"
#include "inventory/inventory_parts.h"

/* -- zones ------------------------------------------------------------------------------------------------------- */

#define ZONE                                                                                                    \
	"SELECT z.id, z.account, z.public_id, z.name, a.public_id, a.name, z.origin, s.json, z.proof, a.token," \
	" z.version, z.created_s, z.changed_s, z.proof_s FROM zones z JOIN settings s ON s.id = z.settings"     \
	" JOIN accounts a ON a.id = z.account "

static void zone_give(struct sql_statement *s, inventory_zone_fn *each, void *ctx) {
	const char *proof = sql_text(s, 8);
	const struct inventory_zone zone = {
		.number = (uint64_t)sql_int(s, 0),
		.account = sql_int(s, 1),
		.id = sql_text(s, 2),
		.name = sql_text(s, 3),
		.account_id = sql_text(s, 4),
		.account_name = sql_text(s, 5),
		.origin = sql_text(s, 6),
		.settings = sql_text(s, 7),
		.proof = proof,
		.token = sql_text(s, 9),
		.version = sql_int(s, 10),
		.created_s = sql_int(s, 11),
		.changed_s = sql_int(s, 12),
		.proof_s = sql_int(s, 13),
	};
	each(ctx, &zone);
}

/* The end of a read. */
static enum err ended(struct inventory *inv, struct sql_statement *s, enum err e) {
	sql_reset(s);
	return e == ERR_NOTFOUND ? OK : inventory_fails(inv, e);
}

enum err inventory_zone_find(struct inventory *inv, int64_t account, const char *name, const char *id,
                             inventory_zone_fn *each, void *ctx) {
	struct name wire;
	char text[NAME_TEXT_MAX];
	if (!inv->db) return ERR_CLOSED;
	if (name && domain_parse(name, &wire) != OK) return ERR_NOTFOUND;
	struct sql_statement *s = sql_prepare(inv->db,
	                                      name ? ZONE "WHERE z.name = ?" : ZONE "WHERE z.public_id = ?");
	sql_put_text(s, name ? name_text_short(wire.wire, text) : id);
	enum err e = sql_step(s);
	if (e == OK && account && sql_int(s, 1) != account) e = ERR_NOTFOUND;
	if (e == OK) zone_give(s, each, ctx);
	sql_reset(s);
	return inventory_fails(inv, e);
}

static enum err count_all(struct inventory *inv, const struct inventory_page *p, uint64_t *out_total) {
	struct sql_statement *s = sql_prepare(inv->db,
	                                      p->account ? "SELECT sum(zone_count) FROM accounts WHERE id = ?"
	                                                 : "SELECT sum(zone_count) FROM accounts");
	if (p->account) sql_put_int(s, p->account);
	enum err e = sql_step(s);
	if (e == OK) *out_total = (uint64_t)sql_int(s, 0);
	sql_reset(s);
	return e;
}

/* Names are kept in lower case. */
static void lower(const char *text, char out_text[static NAME_TEXT_MAX]) {
	size_t len = 0;
	for (; text[len] && len < NAME_TEXT_MAX - 1; len++)
		out_text[len] = (char)(text[len] >= 'A' && text[len] <= 'Z' ? text[len] + 32 : text[len]);
	out_text[len] = '\0';
}

enum err inventory_zone_page(struct inventory *inv, const struct inventory_page *page,
                             inventory_zone_fn *each, void *ctx, uint64_t *out_total, bool *out_more) {
	char after[NAME_TEXT_MAX] = "";
	unsigned given = 0;
	uint64_t total = 0;
	if (!inv->db) return ERR_CLOSED;
	if (page->after) lower(page->after, after);
	enum err e = count_all(inv, page, &total);
	if (e != OK) return inventory_fails(inv, e);
	struct sql_statement *s = sql_prepare(
		inv->db, page->account ? ZONE "WHERE z.account = ? AND z.name > ? ORDER BY z.name LIMIT ?"
				       : ZONE "WHERE z.name > ? ORDER BY z.name LIMIT ?");
	if (page->account) sql_put_int(s, page->account);
	sql_put_text(s, after);
	sql_put_int(s, (int64_t)page->limit + 1); /* one more tells whether there is one */
	e = sql_step(s);
	for (; e == OK && given < page->limit; e = sql_step(s)) {
		zone_give(s, each, ctx);
		given++;
	}
	bool more = e == OK;
	e = ended(inv, s, more ? ERR_NOTFOUND : e);
	if (e != OK) return e;
	*out_total = total;
	*out_more = more;
	return OK;
}

/* Along an index alone, unless the origin is asked for. */
static const char *names_text(const struct inventory_names *n) {
	static const char *const texts[] = {
		"SELECT name, NULL FROM zones WHERE name > ? ORDER BY name LIMIT ?",
		"SELECT name, NULL FROM zones WHERE account = ? AND name > ? ORDER BY name LIMIT ?",
		"SELECT name, origin FROM zones WHERE name > ? ORDER BY name LIMIT ?",
		"SELECT name, origin FROM zones WHERE account = ? AND name > ? ORDER BY name LIMIT ?",
	};
	return texts[(n->account ? 1 : 0) + (n->origin ? 2 : 0)];
}

enum err inventory_zone_names(struct inventory *inv, const struct inventory_names *names,
                              inventory_name_fn *each, void *ctx, char out_last[static NAME_TEXT_MAX]) {
	char last[NAME_TEXT_MAX] = "";
	unsigned seen = 0;
	if (!inv->db) return ERR_CLOSED;
	struct sql_statement *s = sql_prepare(inv->db, names_text(names));
	if (names->account) sql_put_int(s, names->account);
	sql_put_text(s, names->after);
	sql_put_int(s, names->limit);
	enum err e = sql_step(s);
	for (; e == OK; e = sql_step(s)) {
		const char *name = sql_text(s, 0);
		if (!names->origin || strcmp(names->origin, sql_text(s, 1)) == 0) each(ctx, name);
		if (++seen == names->limit) (void)snprintf(last, sizeof(last), "%s", name); /* fits */
	}
	e = ended(inv, s, e);
	if (e == OK) memcpy(out_last, last, sizeof(last));
	return e;
}

enum err inventory_pending(struct inventory *inv, int64_t before_s, unsigned limit, inventory_zone_fn *each,
                           void *ctx) {
	if (!inv->db) return ERR_CLOSED;
	struct sql_statement *s = sql_prepare(inv->db, ZONE "WHERE z.proof = 'pending' AND"
	                                                    " COALESCE(z.proof_s, 0) < ?"
	                                                    " ORDER BY COALESCE(z.proof_s, 0) LIMIT ?");
	sql_put_int(s, before_s);
	sql_put_int(s, limit);
	enum err e = sql_step(s);
	for (; e == OK; e = sql_step(s))
		zone_give(s, each, ctx);
	return ended(inv, s, e);
}

/* -- primaries ------------------------------------------------------------------------------------------------------ */

enum err inventory_primary_list(struct inventory *inv, int64_t account, inventory_primary_fn *each,
                                void *ctx) {
	if (!inv->db) return ERR_CLOSED;
	struct sql_statement *s = sql_prepare(
		inv->db, "SELECT p.public_id, p.name, p.settings, a.public_id, p.created_s FROM primaries p"
			 " JOIN accounts a ON a.id = p.account WHERE p.account = ? OR ? = 0"
			 " ORDER BY p.account, p.name");
	sql_put_int(s, account);
	sql_put_int(s, account);
	enum err e = sql_step(s);
	for (; e == OK; e = sql_step(s)) {
		const struct inventory_primary p = { .id = sql_text(s, 0),
			                             .name = sql_text(s, 1),
			                             .settings = sql_text(s, 2),
			                             .account_id = sql_text(s, 3),
			                             .created_s = sql_int(s, 4) };
		each(ctx, &p);
	}
	return ended(inv, s, e);
}

/* -- the audit ------------------------------------------------------------------------------------------------------- */

#define AUDIT                                                                                                \
	"SELECT u.id, u.at_s, u.revision, u.account, a.public_id, u.who, u.source, u.action, u.object_kind," \
	" u.object, u.before, u.after, u.why FROM audit u LEFT JOIN accounts a ON a.id = u.account WHERE "

static const char *audit_text(int64_t account, const char *object) {
	static const char *const texts[] = {
		AUDIT "u.id < ? ORDER BY u.id DESC LIMIT ?",
		AUDIT "u.account = ? AND u.id < ? ORDER BY u.id DESC LIMIT ?",
		AUDIT "u.object = ? AND u.id < ? ORDER BY u.id DESC LIMIT ?",
		AUDIT "u.account = ? AND u.object = ? AND u.id < ? ORDER BY u.id DESC LIMIT ?",
	};
	return texts[(account ? 1 : 0) + (object ? 2 : 0)];
}

static void audit_give(struct sql_statement *s, inventory_audit_fn *each, void *ctx) {
	const struct inventory_audit row = {
		.id = sql_int(s, 0),
		.at_s = sql_int(s, 1),
		.revision = sql_int(s, 2),
		.account = sql_int(s, 3),
		.account_id = sql_text(s, 4),
		.who = sql_text(s, 5),
		.source = sql_text(s, 6),
		.action = sql_text(s, 7),
		.kind = sql_text(s, 8),
		.object = sql_text(s, 9),
		.before = sql_text(s, 10),
		.after = sql_text(s, 11),
		.why = sql_text(s, 12),
	};
	each(ctx, &row);
}

enum err inventory_audit_page(struct inventory *inv, int64_t account, int64_t before, const char *object,
                              unsigned limit, inventory_audit_fn *each, void *ctx) {
	if (!inv->db) return ERR_CLOSED;
	struct sql_statement *s = sql_prepare(inv->db, audit_text(account, object));
	if (account) sql_put_int(s, account);
	if (object) sql_put_text(s, object);
	sql_put_int(s, before ? before : INT64_MAX);
	sql_put_int(s, limit);
	enum err e = sql_step(s);
	for (; e == OK; e = sql_step(s))
		audit_give(s, each, ctx);
	return ended(inv, s, e);
}

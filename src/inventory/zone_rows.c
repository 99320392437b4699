/* Rows of zones and of their settings: a statement for each thing that can be done to them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/config_reader.h"
#include "inventory/inventory_parts.h"

/* -- settings --------------------------------------------------------------------------------------------------- */

struct use_row {
	struct sql *db;
	int64_t settings;
};

static enum err use_add(void *ctx, const char *kind, const char *name) {
	const struct use_row *u = ctx;
	struct sql_statement *s = sql_prepare(u->db, "INSERT INTO uses(settings, kind, name) VALUES (?, ?, ?)"
	                                             " ON CONFLICT DO NOTHING");
	sql_put_int(s, u->settings);
	sql_put_text(s, kind);
	sql_put_text(s, name);
	return sql_run(s);
}

enum err settings_row(struct sql *db, const char *text, int64_t *out_id) {
	struct sql_statement *s = sql_prepare(db, "SELECT id FROM settings WHERE json = ?");
	sql_put_text(s, text);
	enum err e = sql_step(s);
	int64_t id = e == OK ? sql_int(s, 0) : 0;
	sql_reset(s);
	if (e == ERR_NOTFOUND) {
		s = sql_prepare(db, "INSERT INTO settings(json) VALUES (?)");
		sql_put_text(s, text);
		e = sql_run(s);
		struct use_row uses = { db, sql_last_id(db) };
		id = uses.settings;
		if (e == OK) e = settings_uses(text, use_add, &uses);
	}
	if (e == OK) *out_id = id;
	return e;
}

enum err settings_row_drop(struct sql *db, int64_t id) {
	struct sql_statement *s = sql_prepare(db, "SELECT 1 FROM zones WHERE settings = ? LIMIT 1");
	sql_put_int(s, id);
	enum err e = sql_step(s);
	sql_reset(s);
	if (e != ERR_NOTFOUND) return e;
	s = sql_prepare(db, "DELETE FROM settings WHERE id = ?");
	sql_put_int(s, id);
	return sql_run(s);
}

/* -- zones ------------------------------------------------------------------------------------------------------ */

static char *kept(struct sql_statement *s, int column) {
	const char *text = sql_text(s, column);
	return text ? xstrdup(text) : NULL;
}

#define COLUMNS                                                                                                      \
	"SELECT z.id, z.account, z.settings, z.version, z.changed_s, z.public_id, z.name, z.origin, s.json, z.proof" \
	" FROM zones z JOIN settings s ON s.id = z.settings WHERE "

enum err zone_row_find(struct sql *db, const char *name, const char *public_id, struct zone_row *out_row) {
	struct sql_statement *s = sql_prepare(db, name ? COLUMNS "z.name = ?" : COLUMNS "z.public_id = ?");
	sql_put_text(s, name ? name : public_id);
	enum err e = sql_step(s);
	if (e == OK)
		*out_row = (struct zone_row){
			.id = sql_int(s, 0),
			.account = sql_int(s, 1),
			.settings = sql_int(s, 2),
			.version = sql_int(s, 3),
			.changed_s = sql_int(s, 4),
			.public_id = kept(s, 5),
			.name = kept(s, 6),
			.origin = kept(s, 7),
			.text = kept(s, 8),
			.proof = kept(s, 9),
		};
	sql_reset(s);
	return e;
}

void zone_row_done(struct zone_row *row) {
	free(row->public_id);
	free(row->name);
	free(row->origin);
	free(row->text);
	free(row->proof);
	*row = (struct zone_row){ 0 };
}

/* Labels from the root down, each with the octet 1 behind it. */
static enum err reversed(const char *name, char out_text[static 2 * NAME_TEXT_MAX]) {
	struct name wire;
	const uint8_t *labels[128];
	unsigned count = 0;
	size_t len = 0;
	enum err e = name_parse(name, &wire);
	if (e != OK) return e;
	for (const uint8_t *at = wire.wire; *at; at += 1 + *at)
		labels[count++] = at;
	while (count-- > 0) {
		uint8_t one[65] = { 0 };
		char text[NAME_TEXT_MAX];
		memcpy(one, labels[count], (size_t)*labels[count] + 1);
		name_text_short(one, text);
		len += (size_t)snprintf(out_text + len, 2 * NAME_TEXT_MAX - len, "%s\1", text); /* fits */
	}
	out_text[len] = '\0';
	return OK;
}

static enum err count_change(struct sql *db, int64_t account, int64_t by) {
	struct sql_statement *s = sql_prepare(db,
	                                      "UPDATE accounts SET zone_count = zone_count + ? WHERE id = ?");
	sql_put_int(s, by);
	sql_put_int(s, account);
	return sql_run(s);
}

enum err zone_row_add(struct inventory_work *w, const char *name, int64_t account, const char *origin,
                      int64_t settings, const char *proof, int64_t *out_id) {
	char id[SECRET_ID_LEN + 1], rname[2 * NAME_TEXT_MAX];
	enum err e = reversed(name, rname);
	if (e != OK) return e;
	secret_id(w->random, id);
	struct sql_statement *s = sql_prepare(
		w->db,
		"INSERT INTO zones(public_id, name, rname, account, origin, settings, version, created_s,"
		" changed_s, proof) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?)");
	sql_put_text(s, id);
	sql_put_text(s, name);
	sql_put_text(s, rname);
	sql_put_int(s, account);
	sql_put_text(s, origin);
	sql_put_int(s, settings);
	sql_put_int(s, w->who->now_s);
	sql_put_int(s, w->who->now_s);
	if (proof)
		sql_put_text(s, proof);
	else
		sql_put_null(s);
	e = sql_run(s);
	if (e != OK) return e;
	*out_id = sql_last_id(w->db);
	return count_change(w->db, account, 1);
}

enum err zone_row_change(struct inventory_work *w, const struct zone_row *row, int64_t settings,
                         const char *proof) {
	struct sql_statement *s = sql_prepare(w->db, "UPDATE zones SET settings = ?, version = version + 1,"
	                                             " changed_s = ?, proof = ? WHERE id = ?");
	sql_put_int(s, settings);
	sql_put_int(s, w->who->now_s);
	if (proof)
		sql_put_text(s, proof);
	else
		sql_put_null(s);
	sql_put_int(s, row->id);
	enum err e = sql_run(s);
	return e == OK ? settings_row_drop(w->db, row->settings) : e;
}

enum err zone_row_remove(struct inventory_work *w, const struct zone_row *row) {
	struct sql_statement *s = sql_prepare(w->db, "DELETE FROM zones WHERE id = ?");
	sql_put_int(s, row->id);
	enum err e = sql_run(s);
	if (e == OK) e = count_change(w->db, row->account, -1);
	if (e == OK) {
		s = sql_prepare(w->db,
		                "DELETE FROM consents WHERE name = ?"); /* the next owner has given none */
		sql_put_text(s, row->name);
		e = sql_run(s);
	}
	return e == OK ? settings_row_drop(w->db, row->settings) : e;
}

enum err zone_row_proof(struct inventory_work *w, const struct zone_row *row, const char *proof) {
	struct sql_statement *s = sql_prepare(w->db, "UPDATE zones SET proof = ?, proof_s = ? WHERE id = ?");
	sql_put_text(s, proof);
	sql_put_int(s, w->who->now_s);
	sql_put_int(s, row->id);
	return sql_run(s);
}

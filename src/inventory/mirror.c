/* The configuration's zones as rows, so that lists, numbers and owners are the same for all. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/inventory_parts.h"

#define ORIGIN "file"

struct mirror {
	struct intent_list *zones;
	const struct settings_text *settings;
	struct symbols named; /* zones that the file has, by their place */
	bool *same;           /* by place: the row is as it is wanted */
	char **gone;          /* zones of the table that the file has no more */
	size_t gone_count;
};

static enum err audit(struct inventory_work *w, const char *action, const char *name, const char *before,
                      const char *after) {
	const struct work_audit row = { .account = INTENT_MAIN_ACCOUNT,
		                        .action = action,
		                        .kind = "zone",
		                        .object = name,
		                        .before = before,
		                        .after = after };
	return work_audit(w, &row);
}

static enum err alter(struct inventory_work *w, const struct zone_row *row, const char *text) {
	int64_t settings = 0;
	if (strcmp(row->text, text) == 0) {
		w->result->unchanged++;
		return OK;
	}
	enum err e = settings_row(w->db, text, &settings);
	if (e == OK) e = zone_row_change(w, row, settings, NULL);
	if (e == OK) e = audit(w, "zone.change", row->name, row->text, text);
	w->result->changed++;
	return e;
}

static enum err make(struct inventory_work *w, const char *name, const char *text, int64_t *out_id) {
	int64_t settings = 0;
	enum err e = settings_row(w->db, text, &settings);
	if (e == OK) e = zone_row_add(w, name, INTENT_MAIN_ACCOUNT, ORIGIN, settings, NULL, out_id);
	if (e == OK) e = audit(w, "zone.add", name, NULL, text);
	w->result->added++;
	return e;
}

static enum err put(struct inventory_work *w, struct zone_intent *zone, const char *text) {
	char name[NAME_TEXT_MAX];
	struct zone_row row = { 0 };
	int64_t id = 0;
	name_text_short(zone->name, name);
	enum err e = zone_row_find(w->db, name, NULL, &row);
	if (e == ERR_NOTFOUND) {
		e = make(w, name, text, &id);
		zone->number = (uint64_t)id;
		return e;
	}
	if (e != OK) return e;
	if (strcmp(row.origin, ORIGIN) == 0) {
		zone->number = (uint64_t)row.id;
		e = alter(w, &row, text);
	} else {
		w->result->unchanged++; /* another's: the loop says so when the file wants it */
	}
	zone_row_done(&row);
	return e;
}

static enum err drop_one(struct inventory_work *w, const char *name) {
	struct zone_row row = { 0 };
	enum err e = zone_row_find(w->db, name, NULL, &row);
	if (e == OK) e = zone_row_remove(w, &row);
	if (e == OK) e = audit(w, "zone.remove", name, row.text, NULL);
	zone_row_done(&row);
	w->result->removed++;
	return e;
}

static const char *text_of(const struct inventory_work *w, const struct mirror *m,
                           const struct zone_intent *zone) {
	const struct settings_base *base = w->inv->base;
	if (m->settings) return m->settings[zone->settings].json;
	return base && zone->settings < base->text_count ? base->texts[zone->settings] : "{}";
}

static void gone_keep(struct mirror *m, const char *name) {
	if ((m->gone_count & (m->gone_count - 1)) == 0)
		m->gone = xrealloc(m->gone, (m->gone_count ? 2 * m->gone_count : 1) * sizeof(*m->gone));
	m->gone[m->gone_count++] = xstrdup(name);
}

/* A row that is as the file wants it needs no more than this look. */
static void row_compare(struct inventory_work *w, struct mirror *m, struct sql_statement *s) {
	struct name wire;
	uint32_t at = 0;
	const char *name = sql_text(s, 0);
	if (name_parse(name, &wire) != OK || !symbols_find(&m->named, wire.wire, wire.len, &at)) {
		gone_keep(m, name);
		return;
	}
	struct zone_intent *zone = &m->zones->zones[at];
	if (strcmp(sql_text(s, 2), text_of(w, m, zone)) != 0) return;
	zone->number = (uint64_t)sql_int(s, 1);
	m->same[at] = true;
	w->result->unchanged++;
}

static enum err compare_all(struct inventory_work *w, struct mirror *m) {
	struct sql_statement *s = sql_prepare(
		w->db, "SELECT z.name, z.id, s.json FROM zones z JOIN settings s ON s.id = z.settings"
		       " WHERE z.origin = 'file'");
	enum err e = sql_step(s);
	for (; e == OK; e = sql_step(s))
		row_compare(w, m, s);
	sql_reset(s);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err mirror(struct inventory_work *w, void *ctx) {
	struct mirror *m = ctx;
	for (size_t i = 0; i < m->zones->count; i++) {
		const uint8_t *name = m->zones->zones[i].name;
		(void)symbols_add(&m->named, name, name_len(name), (uint32_t)i, NULL); /* the first counts */
	}
	m->same = xcalloc(m->zones->count + 1, sizeof(*m->same));
	enum err e = compare_all(w, m);
	for (size_t i = 0; e == OK && i < m->gone_count; i++)
		e = drop_one(w, m->gone[i]);
	for (size_t i = 0; e == OK && i < m->zones->count; i++) {
		if (!m->same[i]) e = put(w, &m->zones->zones[i], text_of(w, m, &m->zones->zones[i]));
	}
	return e;
}

void inventory_mirror(struct inventory *inv, struct intent_list *zones, const struct settings_text *settings,
                      const struct inventory_who *who, struct inventory_result *out_result) {
	struct mirror m = { .zones = zones, .settings = settings };
	inventory_change(inv, mirror, &m, who, out_result);
	symbols_done(&m.named);
	for (size_t i = 0; i < m.gone_count; i++)
		free(m.gone[i]);
	free(m.gone);
	free(m.same);
}

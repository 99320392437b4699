/* The configuration's zones as rows, so that lists, numbers and owners are the same for all. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/inventory_parts.h"

#define ORIGIN "file"

struct mirror {
	struct intent_list *zones;
	const struct settings_text *settings;
	struct symbols named; /* zones that the file has */
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

/* Zones of the table that the file has no more; the caller frees them. */
static enum err gone(struct inventory_work *w, const struct mirror *m, char ***out_names, size_t *out_count) {
	char **names = NULL;
	size_t count = 0;
	struct sql_statement *s = sql_prepare(w->db, "SELECT name FROM zones WHERE origin = 'file'");
	enum err e = sql_step(s);
	for (; e == OK; e = sql_step(s)) {
		struct name wire;
		const char *name = sql_text(s, 0);
		if (name_parse(name, &wire) == OK && symbols_find(&m->named, wire.wire, wire.len, NULL))
			continue;
		if ((count & (count - 1)) == 0)
			names = xrealloc(names, (count ? 2 * count : 1) * sizeof(*names));
		names[count++] = xstrdup(name);
	}
	*out_names = names;
	*out_count = count;
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err drop_gone(struct inventory_work *w, const struct mirror *m) {
	char **names = NULL;
	size_t count = 0;
	enum err e = gone(w, m, &names, &count);
	for (size_t i = 0; i < count; i++) {
		if (e == OK) e = drop_one(w, names[i]);
		free(names[i]);
	}
	free(names);
	return e;
}

static enum err mirror(struct inventory_work *w, void *ctx) {
	struct mirror *m = ctx;
	enum err e = OK;
	for (size_t i = 0; i < m->zones->count; i++) {
		const uint8_t *name = m->zones->zones[i].name;
		(void)symbols_add(&m->named, name, name_len(name), (uint32_t)i, NULL); /* the first counts */
	}
	e = drop_gone(w, m);
	for (size_t i = 0; e == OK && i < m->zones->count; i++) {
		struct zone_intent *zone = &m->zones->zones[i];
		e = put(w, zone, m->settings ? m->settings[zone->settings].json : "{}");
	}
	symbols_done(&m->named);
	return e;
}

void inventory_mirror(struct inventory *inv, struct intent_list *zones, const struct settings_text *settings,
                      const struct inventory_who *who, struct inventory_result *out_result) {
	struct mirror m = { .zones = zones, .settings = settings };
	inventory_change(inv, mirror, &m, who, out_result);
}

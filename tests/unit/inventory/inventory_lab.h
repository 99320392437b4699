/* An inventory in a folder of its own, and changes of it in few words. */
#ifndef INVENTORY_LAB_H
#define INVENTORY_LAB_H

#include "config_lab.h"
#include "database_lab.h"

#include "inventory/claims.h"
#include "inventory/inventory.h"
#include "inventory/inventory_work.h"

#define LAB_NOW 1000000000

struct inventory_lab {
	struct database_lab *files;
	char copy_path[128];
	struct config *config;
	struct inventory_settings settings;
	struct inventory *inv;
	struct inventory_who who;
	struct inventory_result result; /* of the latest change */
};

static inline void inventory_lab_open(struct inventory_lab *lab) {
	lab->inv = inventory_open(&lab->settings, lab->config->base, LAB_NOW);
}

static inline int inventory_lab_setup(void **state) {
	struct inventory_lab *lab = calloc(1, sizeof(*lab));
	void *files = NULL;
	database_lab_setup(&files);
	lab->files = files;
	snprintf(lab->copy_path, sizeof(lab->copy_path), "%s.copy", lab->files->path);
	lab->config = lab_config("keys: [ { name: k1, secret: c2VjcmV0MTIz } ]\n"
	                         "primaries: [ { name: p1, addresses: [\"192.0.2.1\"], key: k1 } ]\n"
	                         "templates: [ { name: eager, refresh-max: 60, primaries: [p1] } ]\n");
	lab->settings = (struct inventory_settings){ .path = lab->files->path, .copy_path = lab->copy_path };
	lab->who = (struct inventory_who){
		.is_admin = true, .name = "uid 0 (root)", .source = "::1", .why = "a test", .now_s = LAB_NOW
	};
	inventory_lab_open(lab);
	if (inventory_state(lab->inv) != INVENTORY_OK) fail_msg("%s", inventory_why(lab->inv)->evidence);
	*state = lab;
	return 0;
}

static inline int inventory_lab_teardown(void **state) {
	struct inventory_lab *lab = *state;
	inventory_result_done(&lab->result);
	inventory_close(lab->inv);
	config_free(lab->config);
	void *files = lab->files;
	database_lab_teardown(&files);
	free(lab);
	return 0;
}

static inline void inventory_lab_reopen(struct inventory_lab *lab) {
	inventory_close(lab->inv);
	inventory_lab_open(lab);
}

static inline enum inventory_code lab_batch(struct inventory_lab *lab,
                                            const struct inventory_zone_change *changes, size_t count,
                                            bool replace, bool force) {
	const struct inventory_batch batch = {
		.changes = changes, .count = count, .origin = "api", .replace = replace, .force = force
	};
	inventory_result_done(&lab->result);
	inventory_apply(lab->inv, &batch, &lab->who, &lab->result);
	return lab->result.code;
}

/* settings: with ' for ". */
static inline enum inventory_code lab_change(struct inventory_lab *lab, enum inventory_action action,
                                             const char *name, const char *settings) {
	char text[2000];
	snprintf(text, sizeof(text), "%s", settings ? settings : "{}");
	for (char *p = text; *p; p++)
		if (*p == '\'') *p = '"';
	const struct inventory_zone_change change = {
		.action = action, .name = name, .settings = text, .settings_len = strlen(text)
	};
	return lab_batch(lab, &change, 1, false, false);
}

/* An account with at most so many zones (0: no bound); its row. */
static inline int64_t lab_account(struct inventory_lab *lab, const char *name, int zones_max) {
	struct sql *db = NULL;
	assert_int_equal(inventory_read(lab->inv, &db), OK);
	struct sql_statement *s = sql_prepare(
		db,
		"INSERT INTO accounts(public_id, name, created_s, token, zones_max) VALUES (?, ?, 1, 't', ?)");
	sql_put_text(s, name);
	sql_put_text(s, name);
	if (zones_max)
		sql_put_int(s, zones_max);
	else
		sql_put_null(s);
	assert_int_equal(sql_run(s), OK);
	return sql_last_id(db);
}

static inline void lab_be(struct inventory_lab *lab, int64_t account) {
	lab->who.account = account;
	lab->who.is_admin = account == 0;
}

/* What a read gives, as text. */
struct lab_text {
	char text[8192];
	size_t len;
};

static inline void lab_zone_note(void *ctx, const struct inventory_zone *z) {
	struct lab_text *t = ctx;
	t->len += (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len, "%s %s %s %s v%lld %s\n",
	                           z->name, z->account_name, z->origin, z->settings, (long long)z->version,
	                           z->proof ? z->proof : "-");
}

static inline const char *lab_zone(struct inventory_lab *lab, const char *name) {
	static struct lab_text t;
	t = (struct lab_text){ 0 };
	if (inventory_zone_find(lab->inv, lab->who.account, name, NULL, lab_zone_note, &t) != OK)
		return "none";
	t.text[t.len - 1] = '\0';
	return t.text;
}

static inline int64_t lab_number(struct inventory_lab *lab, const char *question) {
	struct sql *db = NULL;
	assert_int_equal(inventory_read(lab->inv, &db), OK);
	return database_lab_number(db, question);
}

#endif

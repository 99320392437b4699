/* A database with its tables, two accounts beside the first, a key file, and what functions on rows ask for. */
#ifndef ROWS_LAB_H
#define ROWS_LAB_H

#include "database_lab.h"

#include "inventory/rows.h"

struct rows_lab {
	struct database_lab *database;
	char key_path[128];
	struct sealer *sealer;
	struct random random;
	struct field_faults faults;
	struct why why;
	struct row_work work;
	int64_t anna, bert; /* rows of accounts */
	char main_id[SECRET_ID_LEN + 1], anna_id[SECRET_ID_LEN + 1], bert_id[SECRET_ID_LEN + 1];
};

static inline int64_t rows_lab_account(struct rows_lab *lab, const char *name,
                                       char out_id[static SECRET_ID_LEN + 1]) {
	secret_id(&lab->random, out_id);
	struct sql_statement *s = sql_prepare(lab->work.db,
	                                      "INSERT INTO accounts(public_id, name, created_s, token)"
	                                      " VALUES (?, ?, 1, 'proof')");
	sql_put_text(s, out_id);
	sql_put_text(s, name);
	assert_int_equal(sql_run(s), OK);
	return sql_last_id(lab->work.db);
}

static inline int rows_lab_setup(void **state) {
	struct rows_lab *lab = calloc(1, sizeof(*lab));
	void *database = NULL;
	assert_non_null(lab);
	database_lab_setup(&database);
	lab->database = database;
	lab->random = random_seeded(5);
	snprintf(lab->key_path, sizeof(lab->key_path), "%s/secret.key", lab->database->folder);
	if (sealer_open(lab->key_path, true, &lab->random, &lab->sealer, &lab->why) != OK)
		fail_msg("%s", lab->why.evidence);
	lab->work = (struct row_work){ .db = database_lab_open(lab->database),
		                       .random = &lab->random,
		                       .sealer = lab->sealer,
		                       .now_s = 1000000,
		                       .faults = &lab->faults,
		                       .why = &lab->why };
	if (schema_migrate(lab->work.db, &lab->random, lab->work.now_s, &lab->why) != OK)
		fail_msg("%s", lab->why.evidence);
	struct sql_statement *s = sql_prepare(lab->work.db, "SELECT public_id FROM accounts WHERE id = 1");
	assert_int_equal(sql_step(s), OK);
	memcpy(lab->main_id, sql_text(s, 0), sizeof(lab->main_id));
	sql_reset(s);
	lab->anna = rows_lab_account(lab, "anna", lab->anna_id);
	lab->bert = rows_lab_account(lab, "bert", lab->bert_id);
	*state = lab;
	return 0;
}

static inline int rows_lab_teardown(void **state) {
	struct rows_lab *lab = *state;
	void *database = lab->database;
	field_faults_done(&lab->faults);
	sql_close(lab->work.db);
	sealer_free(lab->sealer);
	database_lab_teardown(&database);
	free(lab);
	return 0;
}

static inline void rows_lab_run(struct rows_lab *lab, const char *text) {
	if (sql_script(lab->work.db, text) == OK) return;
	sql_why(lab->work.db, &lab->why);
	fail_msg("%s: %s", text, lab->why.evidence);
}

/* A zone of an account whose settings name a key. */
static inline void rows_lab_zone(struct rows_lab *lab, int64_t account, const char *name, const char *key) {
	char text[2000];
	snprintf(
		text, sizeof(text),
		"INSERT OR IGNORE INTO settings(json) VALUES ('{\"k\":\"%s\"}');"
		"INSERT OR IGNORE INTO uses(settings, kind, name)"
		" SELECT id, 'key', '%s' FROM settings WHERE json = '{\"k\":\"%s\"}';"
		"INSERT INTO zones(public_id, name, rname, account, origin, settings, version, created_s, changed_s)"
		" SELECT 'id-%s', '%s', '%s', %lld, 'api', id, 1, 1, 1 FROM settings"
		" WHERE json = '{\"k\":\"%s\"}'",
		key, key, key, name, name, name, (long long)account, key);
	rows_lab_run(lab, text);
}

/* The only fault is of this field; faults are forgotten then. */
static inline void rows_lab_fault(struct rows_lab *lab, const char *field) {
	assert_int_equal(lab->faults.count, 1);
	assert_string_equal(lab->faults.items[0].field, field);
	field_faults_done(&lab->faults);
}

static inline void rows_lab_why(struct rows_lab *lab, const char *part) {
	if (!strstr(lab->why.evidence, part)) fail_msg("\"%s\" is not in \"%s\"", part, lab->why.evidence);
}

static inline const char *member_text(const json_t *row, const char *name) {
	const char *text = json_string_value(json_object_get(row, name));
	return text ? text : "(none)";
}

static inline int64_t member_int(const json_t *row, const char *name) {
	return json_integer_value(json_object_get(row, name));
}

#define ROWS_TEST(name) cmocka_unit_test_setup_teardown(name, rows_lab_setup, rows_lab_teardown)

#endif

#include "database_lab.h"

#include "base/fault.h"

#define NOW 1000000

static enum err migrate(struct sql *db, struct why *why) {
	struct random random = random_seeded(7);
	return schema_migrate(db, &random, NOW, why);
}

static void a_new_database_gets_tables_and_an_account(void **state) {
	struct sql *db = database_lab_open(*state);
	struct why why = { 0 };
	int version = -1;
	assert_int_equal(schema_find(db, &version), OK);
	assert_int_equal(version, 0);
	assert_int_equal(migrate(db, &why), OK);
	assert_int_equal(schema_find(db, &version), OK);
	assert_int_equal(version, schema_version());
	struct sql_statement *s = sql_prepare(db,
	                                      "SELECT id, name, created_s, length(public_id) FROM accounts");
	assert_int_equal(sql_step(s), OK);
	assert_int_equal(sql_int(s, 0), 1);
	assert_string_equal(sql_text(s, 1), "main");
	assert_int_equal(sql_int(s, 2), NOW);
	assert_int_equal(sql_int(s, 3), 20);
	assert_int_equal(sql_step(s), ERR_NOTFOUND);
	assert_int_equal(migrate(db, &why), OK); /* again: nothing is to do */
	assert_int_equal(database_lab_number(db, "SELECT count(*) FROM accounts"), 1);
	sql_close(db);
}

/* As a program of that time left it. */
static void make_version(struct sql *db, int version) {
	char text[100];
	for (int v = 1; v <= version; v++)
		assert_int_equal(sql_script(db, schema_step(v)), OK);
	if (version == 0) return;
	snprintf(text, sizeof(text), "INSERT INTO meta(key, value) VALUES ('schema', '%d')", version);
	assert_int_equal(sql_script(db, text), OK);
	assert_int_equal(sql_script(db, "INSERT INTO accounts(id, public_id, name, created_s, token)"
	                                " VALUES (1, 'kept', 'main', 5, 't')"),
	                 OK);
}

static void every_earlier_version_becomes_this_one(void **state) {
	const struct database_lab *lab = *state;
	for (int v = 0; v <= schema_version(); v++) {
		struct why why = { 0 };
		int version = -1;
		struct sql *db = database_lab_open(lab);
		make_version(db, v);
		assert_int_equal(migrate(db, &why), OK);
		assert_int_equal(schema_find(db, &version), OK);
		assert_int_equal(version, schema_version());
		assert_int_equal(database_lab_number(db, "SELECT count(*) FROM accounts"), 1);
		if (v > 0) assert_int_equal(database_lab_number(db, "SELECT created_s FROM accounts"), 5);
		sql_close(db);
		unlink(lab->path);
	}
	assert_null(schema_step(schema_version() + 1));
	assert_null(schema_step(0));
}

static void a_newer_one_is_refused_and_left_alone(void **state) {
	struct sql *db = database_lab_open(*state);
	struct why why = { 0 };
	assert_int_equal(migrate(db, &why), OK);
	assert_int_equal(sql_script(db, "UPDATE meta SET value = '999' WHERE key = 'schema'"), OK);
	assert_int_equal(migrate(db, &why), ERR_VERSION);
	assert_non_null(strstr(why.evidence, "newer version"));
	assert_int_equal(database_lab_number(db, "SELECT value FROM meta WHERE key = 'schema'"), 999);
	sql_close(db);
}

static void one_that_does_not_say_is_damaged(void **state) {
	struct sql *db = database_lab_open(*state);
	struct why why = { 0 };
	assert_int_equal(migrate(db, &why), OK);
	assert_int_equal(sql_script(db, "DELETE FROM meta WHERE key = 'schema'"), OK);
	assert_int_equal(migrate(db, &why), ERR_CORRUPT);
	assert_int_equal(why.reason, REASON_INVENTORY_DAMAGED);
	sql_close(db);
}

static void a_step_that_fails_leaves_the_former_version(void **state) {
	struct sql *db = database_lab_open(*state);
	struct why why = { 0 };
	int version = -1;
	fault_arm("inventory-commit", 1);
	assert_int_equal(migrate(db, &why), ERR_IO);
	assert_int_equal(schema_find(db, &version), OK);
	assert_int_equal(version, 0);
	assert_int_equal(migrate(db, &why), OK);
	sql_close(db);
}

static void a_row_of_nobody_is_refused(void **state) {
	struct sql *db = database_lab_open(*state);
	struct why why = { 0 };
	assert_int_equal(migrate(db, &why), OK);
	struct sql_statement *s = sql_prepare(
		db, "INSERT INTO consents(name, account, created_s) VALUES ('a', 9, 1)");
	assert_int_equal(sql_run(s), ERR_EXISTS);
	sql_close(db);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, database_lab_setup, database_lab_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_new_database_gets_tables_and_an_account),
		TEST(every_earlier_version_becomes_this_one),
		TEST(a_newer_one_is_refused_and_left_alone),
		TEST(one_that_does_not_say_is_damaged),
		TEST(a_step_that_fails_leaves_the_former_version),
		TEST(a_row_of_nobody_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

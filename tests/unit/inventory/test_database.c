#include "database_lab.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fault.h"

static void make_rows(struct sql *db, int count) {
	assert_int_equal(sql_script(db, "CREATE TABLE IF NOT EXISTS t(n INTEGER PRIMARY KEY, text TEXT)"),
	                 OK);
	assert_int_equal(sql_begin(db), OK);
	for (int i = 0; i < count; i++) {
		struct sql_statement *s = sql_prepare(db, "INSERT INTO t(text) VALUES (?)");
		sql_put_text(s, "a row that takes its place");
		assert_int_equal(sql_run(s), OK);
	}
	assert_int_equal(sql_commit(db), OK);
}

static int64_t rows(struct sql *db) {
	return database_lab_number(db, "SELECT count(*) FROM t");
}

static void values_come_back_as_they_were_put(void **state) {
	struct sql *db = database_lab_open(*state);
	assert_int_equal(sql_script(db, "CREATE TABLE v(i INTEGER, t TEXT, b BLOB, n TEXT)"), OK);
	struct sql_statement *s = sql_prepare(db, "INSERT INTO v VALUES (?, ?, ?, ?)");
	sql_put_int(s, INT64_MIN);
	sql_put_text_len(s, "text and more", 4);
	sql_put_blob(s, "\0\1\2", 3);
	sql_put_null(s);
	assert_int_equal(sql_run(s), OK);
	assert_int_equal(sql_last_id(db), 1);
	s = sql_prepare(db, "SELECT i, t, b, n FROM v");
	assert_int_equal(sql_step(s), OK);
	size_t len = 0;
	assert_int_equal(sql_int(s, 0), INT64_MIN);
	assert_string_equal(sql_text(s, 1), "text");
	assert_memory_equal(sql_blob(s, 2, &len), "\0\1\2", 3);
	assert_int_equal(len, 3);
	assert_true(sql_is_null(s, 3));
	assert_null(sql_text(s, 3));
	assert_int_equal(sql_step(s), ERR_NOTFOUND);
	sql_close(db);
}

static void the_same_text_is_prepared_once(void **state) {
	struct sql *db = database_lab_open(*state);
	char again[] = "SELECT 1";
	assert_ptr_equal(sql_prepare(db, "SELECT 1"), sql_prepare(db, again));
	sql_close(db);
}

static void it_is_a_log_ahead_and_synchronous(void **state) {
	struct sql *db = database_lab_open(*state);
	struct sql_statement *s = sql_prepare(db, "PRAGMA journal_mode");
	assert_int_equal(sql_step(s), OK);
	assert_string_equal(sql_text(s, 0), "wal");
	assert_int_equal(database_lab_number(db, "PRAGMA synchronous"), 2);
	assert_int_equal(database_lab_number(db, "PRAGMA foreign_keys"), 1);
	sql_close(db);
}

static void what_is_rolled_back_never_was(void **state) {
	struct sql *db = database_lab_open(*state);
	make_rows(db, 3);
	assert_int_equal(sql_begin(db), OK);
	assert_int_equal(sql_script(db, "DELETE FROM t"), OK);
	sql_rollback(db);
	assert_false(sql_in_transaction(db));
	assert_int_equal(rows(db), 3);
	sql_rollback(db); /* without a transaction: nothing */
	sql_close(db);
}

static void a_commit_that_fails_leaves_nothing(void **state) {
	struct sql *db = database_lab_open(*state);
	make_rows(db, 3);
	assert_int_equal(sql_begin(db), OK);
	assert_int_equal(sql_script(db, "DELETE FROM t"), OK);
	fault_arm("inventory-commit", 1);
	assert_int_equal(sql_commit(db), ERR_IO);
	assert_false(sql_in_transaction(db));
	assert_int_equal(rows(db), 3);
	sql_close(db);
}

static void a_row_twice_is_told_apart(void **state) {
	struct sql *db = database_lab_open(*state);
	make_rows(db, 1);
	struct sql_statement *s = sql_prepare(db, "INSERT INTO t(n) VALUES (1)");
	assert_int_equal(sql_run(s), ERR_EXISTS);
	sql_close(db);
}

static void a_wrong_statement_says_so(void **state) {
	struct sql *db = database_lab_open(*state);
	struct why why = { 0 };
	struct sql_statement *s = sql_prepare(db, "SELECT * FROM nowhere");
	sql_put_int(s, 1); /* kept until the step */
	assert_int_equal(sql_step(s), ERR_IO);
	sql_why(db, &why);
	assert_non_null(strstr(why.evidence, "no such table"));
	sql_close(db);
}

static void a_file_of_something_else_is_damage(void **state) {
	const struct database_lab *lab = *state;
	const struct sql_options options = { 0 };
	struct sql *db = NULL;
	struct why why = { 0 };
	FILE *f = fopen(lab->path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("no database at all\n", f);
	fclose(f);
	assert_int_equal(sql_open(lab->path, &options, &db, &why), ERR_CORRUPT);
	assert_int_equal(why.reason, REASON_INVENTORY_DAMAGED);
	assert_non_null(strstr(why.evidence, lab->path));
	assert_null(db);
}

/* Every page but the first is overwritten: the file opens, and the rows are gone. */
static void damage_within_is_found_and_told(void **state) {
	const struct database_lab *lab = *state;
	struct why why = { 0 };
	struct sql *db = database_lab_open(lab);
	make_rows(db, 2000);
	sql_close(db);
	int fd = open(lab->path, O_RDWR);
	char junk[4096];
	memset(junk, 0xa5, sizeof(junk));
	for (off_t at = 4096; at < 16 * 4096; at += 4096)
		assert_int_equal(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
	close(fd);
	db = database_lab_open(lab);
	assert_int_equal(sql_check(db), ERR_CORRUPT);
	sql_why(db, &why);
	assert_int_equal(why.reason, REASON_INVENTORY_DAMAGED);
	sql_close(db);
}

static void a_sound_file_passes_the_check(void **state) {
	struct sql *db = database_lab_open(*state);
	make_rows(db, 2000);
	assert_int_equal(sql_check(db), OK);
	sql_close(db);
}

static void a_full_disk_is_told_and_nothing_is_lost(void **state) {
	const struct database_lab *lab = *state;
	struct sql *db = database_lab_open(lab);
	struct why why = { 0 };
	make_rows(db, 10);
	sql_close(db);
	const struct sql_options options = { .pages_max = 8 };
	assert_int_equal(sql_open(lab->path, &options, &db, &why), OK);
	assert_int_equal(sql_begin(db), OK);
	enum err e = OK;
	for (int i = 0; i < 10000 && e == OK; i++) {
		struct sql_statement *s = sql_prepare(db, "INSERT INTO t(text) VALUES (?)");
		sql_put_text(s, "a row for which there is no place any more");
		e = sql_run(s);
	}
	assert_int_equal(e, ERR_IO);
	sql_why(db, &why);
	assert_int_equal(why.reason, REASON_INVENTORY_FAILED);
	assert_non_null(strstr(why.evidence, "the disk is full"));
	sql_rollback(db);
	assert_int_equal(rows(db), 10);
	sql_close(db);
}

static void a_lock_of_another_is_told(void **state) {
	struct sql *other = database_lab_open(*state), *db = database_lab_open(*state);
	struct why why = { 0 };
	make_rows(other, 1);
	assert_int_equal(sql_begin(other), OK);
	assert_int_equal(sql_begin(db), ERR_AGAIN);
	sql_why(db, &why);
	assert_non_null(strstr(why.evidence, "another process keeps it locked"));
	assert_int_equal(rows(db), 1); /* reading goes on */
	sql_rollback(other);
	assert_int_equal(sql_begin(db), OK);
	sql_rollback(db);
	sql_close(db);
	sql_close(other);
}

static void a_path_that_is_not_there_is_told(void **state) {
	(void)state;
	const struct sql_options options = { 0 };
	struct sql *db = NULL;
	struct why why = { 0 };
	assert_int_equal(sql_open("/nonexistent/inventory.db", &options, &db, &why), ERR_IO);
	assert_non_null(strstr(why.evidence, "can't be opened"));
}

/* -- copies ------------------------------------------------------------------------------------------------- */

static enum err copy_all(struct sql *db, const char *path) {
	struct sql_copy *copy = NULL;
	enum err e = sql_copy_begin(db, path, &copy);
	if (e != OK) return e;
	do
		e = sql_copy_step(copy, 4);
	while (e == ERR_AGAIN);
	return e;
}

static int64_t rows_of_copy(const char *path) {
	const struct sql_options options = { .read_only = true };
	struct sql *db = NULL;
	struct why why = { 0 };
	assert_int_equal(sql_open(path, &options, &db, &why), OK);
	int64_t count = rows(db);
	assert_int_equal(sql_script(db, "DELETE FROM t"), ERR_IO);
	sql_close(db);
	return count;
}

static void a_copy_is_whole_and_needs_no_other_file(void **state) {
	const struct database_lab *lab = *state;
	char path[128], beside[160];
	struct stat st;
	struct sql *db = database_lab_open(lab);
	make_rows(db, 5000);
	snprintf(path, sizeof(path), "%s.copy", lab->path);
	assert_int_equal(copy_all(db, path), OK);
	make_rows(db, 1);
	assert_int_equal(rows_of_copy(path), 5000);
	snprintf(beside, sizeof(beside), "%s.new", path);
	assert_int_equal(stat(beside, &st), -1);
	assert_int_equal(copy_all(db, path), OK); /* replaces the former one */
	assert_int_equal(rows_of_copy(path), 5001);
	sql_close(db);
}

static void changes_during_a_copy_are_in_it(void **state) {
	const struct database_lab *lab = *state;
	char path[128];
	struct sql *db = database_lab_open(lab);
	struct sql_copy *copy = NULL;
	make_rows(db, 5000);
	snprintf(path, sizeof(path), "%s.copy", lab->path);
	assert_int_equal(sql_copy_begin(db, path, &copy), OK);
	assert_int_equal(sql_copy_step(copy, 1), ERR_AGAIN);
	make_rows(db, 7);
	enum err e;
	do
		e = sql_copy_step(copy, 16);
	while (e == ERR_AGAIN);
	assert_int_equal(e, OK);
	assert_int_equal(rows_of_copy(path), 5007);
	sql_close(db);
}

static void a_copy_given_up_leaves_the_former_one(void **state) {
	const struct database_lab *lab = *state;
	char path[128];
	struct sql *db = database_lab_open(lab);
	struct sql_copy *copy = NULL;
	make_rows(db, 5000);
	snprintf(path, sizeof(path), "%s.copy", lab->path);
	assert_int_equal(copy_all(db, path), OK);
	make_rows(db, 5000);
	assert_int_equal(sql_copy_begin(db, path, &copy), OK);
	assert_int_equal(sql_copy_step(copy, 1), ERR_AGAIN);
	sql_copy_abandon(copy);
	assert_int_equal(rows_of_copy(path), 5000);
	sql_close(db);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, database_lab_setup, database_lab_teardown)
	const struct CMUnitTest tests[] = {
		TEST(values_come_back_as_they_were_put),
		TEST(the_same_text_is_prepared_once),
		TEST(it_is_a_log_ahead_and_synchronous),
		TEST(what_is_rolled_back_never_was),
		TEST(a_commit_that_fails_leaves_nothing),
		TEST(a_row_twice_is_told_apart),
		TEST(a_wrong_statement_says_so),
		TEST(a_file_of_something_else_is_damage),
		TEST(damage_within_is_found_and_told),
		TEST(a_sound_file_passes_the_check),
		TEST(a_full_disk_is_told_and_nothing_is_lost),
		TEST(a_lock_of_another_is_told),
		TEST(a_path_that_is_not_there_is_told),
		TEST(a_copy_is_whole_and_needs_no_other_file),
		TEST(changes_during_a_copy_are_in_it),
		TEST(a_copy_given_up_leaves_the_former_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

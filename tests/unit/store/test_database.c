/* The database file: its bound, and what happens when it is damaged as a whole. */
#include "lab.h"

#include <malloc.h>

#include "store/database.h"

static void database_path(const struct lab *lab, const char *end, char path[static 128]) {
	snprintf(path, 128, "%s/store.mdb%s", lab->dir, end);
}

/* Zones enough for a tree of several levels. */
static void fill(struct lab *lab, unsigned zones) {
	struct why why;
	struct store_batch *b = store_batch_new(lab->store);
	for (unsigned i = 0; i < zones; i++) {
		char text[64];
		snprintf(text, sizeof(text), "zone%u.example", i);
		struct name name = lab_name(text);
		struct zone_version *v = lab_zone(text, 7, i % 40), *saved;
		struct zone_state state = { .checked_s = 1007 };
		assert_int_equal(store_batch_put(b, name.wire, &state, v, NULL, &saved), OK);
		version_unref(saved);
		version_unref(v);
	}
	assert_int_equal(store_batch_commit(b, &why), OK);
}

static void assert_moved_aside(struct lab *lab) {
	char aside[128];
	database_path(lab, ".damaged", aside);
	assert_int_equal(access(aside, F_OK), 0);
	struct lab_loaded l = lab_load(lab, "zone1.example");
	assert_int_equal(l.zones, 0);
	assert_int_equal(lab_save(lab, "zone1.example", 8, LAB_SMALL), OK);
	lab_reopen(lab);
	l = lab_load(lab, "zone1.example");
	assert_non_null(l.version);
	version_unref(l.version);
}

static void file_that_is_no_database_is_moved_aside(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128], text[5000];
	memset(text, 'x', sizeof(text));
	lab_init(&lab);
	store_close(lab.store);
	database_path(&lab, "", path);
	int fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	close(fd);
	lab_open(&lab);
	assert_moved_aside(&lab);
	lab_done(&lab);
}

static void truncated_database_is_moved_aside(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	struct stat st;
	lab_init(&lab);
	fill(&lab, 300);
	store_close(lab.store);
	database_path(&lab, "", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size / 2), 0);
	lab_open(&lab);
	assert_moved_aside(&lab);
	lab_done(&lab);
}

static void empty_database_file_is_a_new_store(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	lab_init(&lab);
	store_close(lab.store);
	database_path(&lab, "", path);
	assert_int_equal(truncate(path, 0), 0);
	lab_open(&lab);
	database_path(&lab, ".damaged", path);
	assert_int_equal(access(path, F_OK), -1);
	lab_done(&lab);
}

static void count_versions(void *ctx, const uint8_t *name, const struct zone_state *state,
                           struct zone_version *version) {
	unsigned *versions = ctx;
	(void)name;
	if (version) {
		/* served only if it is whole */
		assert_int_equal(image_check_deep(&version->image), OK);
		assert_int_equal(version_serial(version), 7);
		assert_int_equal(state->checked_s, 1007);
		(*versions)++;
	}
	version_unref(version);
}

static void overwrite(const char *path, off_t at, const void *data, size_t len) {
	int fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, data, len, at), len);
	close(fd);
}

/* A page of the database lost to zeros or to noise, one after the other: the store opens, and what it
 * serves is right. */
static void lost_page_never_stops_the_start(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	struct stat st;
	uint8_t lost[2][4096] = { { 0 } };
	uint32_t noise = 12345;
	for (size_t i = 0; i < sizeof(lost[1]); i++) {
		noise = noise * 1664525 + 1013904223;
		lost[1][i] = (uint8_t)(noise >> 24);
	}
	lab_init(&lab);
	fill(&lab, 60);
	store_close(lab.store);
	database_path(&lab, "", path);
	assert_int_equal(stat(path, &st), 0);
	size_t size = (size_t)st.st_size;
	char *saved = malloc(size);
	int fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, saved, size), size);
	close(fd);
	for (off_t at = 0; at < st.st_size; at += 4096) {
		unsigned versions = 0;
		overwrite(path, at, lost[(at / 4096) % 2], 4096);
		lab_open(&lab);
		assert_int_equal(load_all(lab.store, count_versions, &versions), OK);
		assert_true(versions <= 60);
		store_close(lab.store);
		assert_int_equal(truncate(path, 0), 0);
		overwrite(path, 0, saved, size);
	}
	lab_open(&lab);
	unsigned versions = 0;
	assert_int_equal(load_all(lab.store, count_versions, &versions), OK);
	assert_int_equal(versions, 60);
	free(saved);
	lab_done(&lab);
}

static void database_without_permission_stays_where_it_is(void **unused) {
	(void)unused;
	struct lab lab;
	struct why why;
	char path[128];
	struct store *s;
	lab_init(&lab);
	fill(&lab, 3);
	store_close(lab.store);
	database_path(&lab, "", path);
	/* Root may read anything: a folder in its place fails for everyone. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(store_open(lab.dir, NULL, &s, &why), ERR_IO);
	assert_non_null(strstr(why.evidence, path));
	assert_int_equal(rmdir(path), 0);
	lab_open(&lab);
	lab_done(&lab);
}

static void full_database_says_its_limit_and_keeps_what_it_has(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	struct why why;
	struct database *db;
	struct database_txn *txn;
	struct octets value;
	static const uint8_t big[40000];
	lab_init(&lab);
	snprintf(path, sizeof(path), "%s/bounded.mdb", lab.dir);
	assert_int_equal(database_open(path, (size_t)1 << 20, &db, &why), OK);
	enum err e = OK;
	unsigned saved = 0;
	for (uint8_t i = 0; e == OK; i++) {
		const uint8_t key[2] = { 1, i };
		assert_int_equal(database_begin(db, true, &txn, &why), OK);
		e = database_put(txn, TABLE_IMAGES, (struct octets){ key, 2 },
		                 (struct octets){ big, sizeof(big) });
		if (e == OK) {
			e = database_commit(txn, &why);
		} else {
			database_explain(txn, &why);
			database_abort(txn);
		}
		saved += e == OK;
	}
	assert_int_equal(e, ERR_LIMIT);
	assert_non_null(strstr(why.evidence, "limit of 1 MiB"));
	assert_true(saved > 10);
	assert_int_equal(database_begin(db, false, &txn, &why), OK);
	assert_int_equal(database_get(txn, TABLE_IMAGES, (struct octets){ "\1\0", 2 }, &value), OK);
	database_abort(txn);
	database_close(db);
	lab_done(&lab);
}

/* KiB of the file that the process has mapped and touched. */
static unsigned resident_kib(const char *path) {
	char line[512];
	unsigned kib = 0;
	bool is_ours = false, found = false;
	FILE *smaps = fopen("/proc/self/smaps", "re");
	assert_non_null(smaps);
	while (fgets(line, sizeof(line), smaps)) {
		const char *at = strchr(line, '/');
		if (at || strchr(line, '-')) is_ours = at && strncmp(at, path, strlen(path)) == 0;
		if (is_ours && sscanf(line, "Rss: %u", &kib) == 1) found = true;
		if (found) break;
	}
	fclose(smaps);
	assert_true(found);
	return kib;
}

static void assert_zones(struct lab *lab, unsigned zones) {
	struct lab_loaded l = lab_load(lab, "zone1.example");
	assert_int_equal(l.zones, zones);
	version_unref(l.version);
}

static void pages_that_were_read_leave_the_process_at_rest(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	lab_init(&lab);
	fill(&lab, 2000);
	database_path(&lab, "", path);
	lab_reopen(&lab);
	assert_zones(&lab, 2000);
	assert_true(resident_kib(path) > 1000);
	store_rest(lab.store);
	assert_int_equal(resident_kib(path), 0);
	assert_zones(&lab, 2000);
	lab_done(&lab);
}

static void memory_of_a_large_commit_is_given_back_at_rest(void **unused) {
	(void)unused;
	struct lab lab;
	lab_init(&lab);
	fill(&lab, 2000);
	size_t before = mallinfo2().uordblks;
	store_rest(lab.store);
	if (before) assert_true(mallinfo2().uordblks < before - (1 << 20)); /* 0: this heap does not tell */
	assert_zones(&lab, 2000);
	assert_int_equal(lab_save(&lab, "zone1.example", 8, LAB_SMALL), OK);
	lab_reopen(&lab);
	assert_zones(&lab, 2000);
	lab_done(&lab);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_that_is_no_database_is_moved_aside),
		cmocka_unit_test(truncated_database_is_moved_aside),
		cmocka_unit_test(empty_database_file_is_a_new_store),
		cmocka_unit_test(lost_page_never_stops_the_start),
		cmocka_unit_test(database_without_permission_stays_where_it_is),
		cmocka_unit_test(pages_that_were_read_leave_the_process_at_rest),
		cmocka_unit_test(memory_of_a_large_commit_is_given_back_at_rest),
		cmocka_unit_test(full_database_says_its_limit_and_keeps_what_it_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Writing the inventory fails at every step, the process dies at any instant, the disk is full, the file is damaged:
 * what was acknowledged is there, nothing is there by half, and the audit tells of each change. */
#include "inventory_lab.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/random.h"

#define SETTINGS_A "{\"primaries\":[\"192.0.2.1\"]}"
#define SETTINGS_B "{\"max-shrink\":9,\"primaries\":[\"192.0.2.2\"]}"

static struct inventory_zone_change change_of(enum inventory_action action, const char *name,
                                              const char *settings) {
	return (struct inventory_zone_change){
		.action = action, .name = name, .settings = settings, .settings_len = strlen(settings)
	};
}

/* -- every step fails --------------------------------------------------------------------------------------------------- */

/* All that tables have which a change may touch, as one text; the caller frees it. */
static char *dump(struct inventory_lab *lab) {
	static const char *const questions[] = {
		"SELECT name || rname || account || origin || settings || version || changed_s FROM zones ORDER BY name",
		"SELECT id || json FROM settings ORDER BY id",
		"SELECT settings || kind || name FROM uses ORDER BY 1",
		"SELECT id || zone_count FROM accounts ORDER BY id",
		"SELECT id || action || object || revision FROM audit ORDER BY id",
		"SELECT key || value FROM meta ORDER BY key",
	};
	char *text = NULL;
	size_t len = 0;
	struct sql *db = NULL;
	FILE *out = open_memstream(&text, &len);
	assert_int_equal(inventory_read(lab->inv, &db), OK);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		struct sql_statement *s = sql_prepare(db, questions[i]);
		while (sql_step(s) == OK)
			fprintf(out, "%s\n", sql_text(s, 0));
	}
	fclose(out);
	return text;
}

static enum inventory_code mixed_batch(struct inventory_lab *lab) {
	const struct inventory_zone_change changes[] = {
		change_of(ZONE_ADD, "new.example", SETTINGS_B),
		change_of(ZONE_PUT, "kept.example", SETTINGS_A),
		change_of(ZONE_SET, "changed.example", SETTINGS_B),
		change_of(ZONE_REMOVE, "gone.example", "{}"),
	};
	return lab_batch(lab, changes, 4, false, false);
}

static void every_step_fails(struct inventory_lab *lab, const char *point) {
	static const char *const names[] = { "kept.example", "changed.example", "gone.example" };
	for (int i = 0; i < 3; i++) {
		struct inventory_zone_change one = change_of(ZONE_ADD, names[i], SETTINGS_A);
		assert_int_equal(lab_batch(lab, &one, 1, false, false), INVENTORY_DONE);
	}
	char *before = dump(lab);
	unsigned nth = 0;
	for (;;) {
		fault_arm(point, ++nth);
		enum inventory_code code = mixed_batch(lab);
		fault_arm(NULL, 0);
		if (code == INVENTORY_DONE) break;
		assert_int_equal(code, INVENTORY_NO_DATABASE);
		assert_int_equal(lab->result.wanted.put.count + lab->result.wanted.removed.count, 0);
		char *after = dump(lab);
		assert_string_equal(before, after);
		free(after);
	}
	assert_true(nth > 1);
	print_message("%s: %u steps\n", point, nth - 1);
	free(before);
	assert_int_equal(inventory_revision(lab->inv), 4);
	assert_int_equal(lab_number(lab, "SELECT count(*) FROM audit"), 6);
	assert_int_equal(lab_number(lab, "SELECT zone_count FROM accounts WHERE id = 1"), 3);
}

static void a_step_that_fails_leaves_all_as_it_was(void **state) {
	every_step_fails(*state, "inventory-step");
}

static void a_commit_that_fails_leaves_all_as_it_was(void **state) {
	every_step_fails(*state, "inventory-commit");
}

/* -- the process dies ------------------------------------------------------------------------------------------------------ */

#define GROUP 3 /* zones of one change */

/* Change n: three zones are added at once; of an earlier change they are removed. */
static enum inventory_code nth_change(struct inventory_lab *lab, uint32_t n) {
	char names[2 * GROUP][64];
	struct inventory_zone_change changes[2 * GROUP];
	size_t count = 0;
	for (int i = 0; i < GROUP; i++) {
		snprintf(names[count], sizeof(names[count]), "z%u-%d.example", n, i);
		changes[count] = change_of(ZONE_ADD, names[count], n % 2 ? SETTINGS_A : SETTINGS_B);
		count++;
	}
	for (int i = 0; i < GROUP && n % 4 == 3; i++) {
		snprintf(names[count], sizeof(names[count]), "z%u-%d.example", n - 2, i);
		changes[count] = change_of(ZONE_REMOVE, names[count], "{}");
		count++;
	}
	return lab_batch(lab, changes, count, false, false);
}

static _Noreturn void child_changes(struct inventory_lab *lab, int acks, uint32_t next) {
	inventory_lab_open(lab);
	for (uint32_t n = next;; n++) {
		if (nth_change(lab, n) != INVENTORY_DONE) _exit(2);
		if (write(acks, &n, sizeof(n)) != sizeof(n)) _exit(3);
		while (inventory_copy(lab->inv) == ERR_AGAIN) {
		}
	}
}

/* Kills it when so many were acknowledged; returns the last that was. */
static uint32_t run_and_kill(struct inventory_lab *lab, uint32_t next, uint32_t wanted) {
	int acks[2];
	uint32_t n, last = next - 1;
	assert_int_equal(pipe(acks), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(acks[0]);
		child_changes(lab, acks[1], next);
	}
	close(acks[1]);
	while (last + 1 < next + wanted && read(acks[0], &n, sizeof(n)) == sizeof(n))
		last = n;
	kill(child, SIGKILL);
	while (read(acks[0], &n, sizeof(n)) == sizeof(n))
		last = n;
	close(acks[0]);
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return last;
}

static int64_t zones_called(struct inventory_lab *lab, uint32_t n) {
	char like[64];
	struct sql *db = NULL;
	assert_int_equal(inventory_read(lab->inv, &db), OK);
	snprintf(like, sizeof(like), "z%u-_.example", n);
	struct sql_statement *s = sql_prepare(db, "SELECT count(*) FROM zones WHERE name LIKE ?");
	sql_put_text(s, like);
	assert_int_equal(sql_step(s), OK);
	int64_t count = sql_int(s, 0);
	sql_reset(s);
	return count;
}

/* Returns the last change that is there. */
static uint32_t expect_whole(struct inventory_lab *lab, uint32_t acknowledged) {
	struct sql *db = NULL;
	assert_int_equal(inventory_state(lab->inv), INVENTORY_OK);
	assert_int_equal(inventory_read(lab->inv, &db), OK);
	assert_int_equal(sql_check(db), OK);
	uint32_t there = (uint32_t)inventory_revision(lab->inv);
	assert_true(there == acknowledged || there == acknowledged + 1);
	int64_t removals = 0;
	for (uint32_t n = 1; n <= there; n++) {
		bool removed = n % 4 == 1 && n + 2 <= there;
		removals += removed;
		assert_int_equal(zones_called(lab, n), removed ? 0 : GROUP);
	}
	assert_int_equal(zones_called(lab, there + 1), 0);
	assert_int_equal(lab_number(lab, "SELECT count(*) FROM audit"), GROUP * ((int64_t)there + removals));
	assert_int_equal(lab_number(lab, "SELECT count(DISTINCT revision) FROM audit"), there);
	assert_int_equal(lab_number(lab, "SELECT zone_count FROM accounts"),
	                 GROUP * ((int64_t)there - removals));
	return there;
}

static void what_was_acknowledged_survives_death_at_any_instant(void **state) {
	struct inventory_lab *lab = *state;
	struct random random = random_seeded(5);
	uint32_t there = 0;
	for (int round = 0; round < 40; round++) {
		inventory_close(lab->inv);
		lab->inv = NULL;
		uint32_t last = run_and_kill(lab, there + 1, 1 + random_below(&random, 6));
		inventory_lab_open(lab);
		there = expect_whole(lab, last);
	}
}

/* -- the disk is full ------------------------------------------------------------------------------------------------------- */

static enum inventory_code add_numbered(struct inventory_lab *lab, int n) {
	char name[64];
	snprintf(name, sizeof(name), "zone-that-takes-room-%d.example", n);
	struct inventory_zone_change one = change_of(ZONE_ADD, name, SETTINGS_A);
	return lab_batch(lab, &one, 1, false, false);
}

static void limit_files(rlim_t bytes) {
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_refuses_changes_and_is_got_over(void **state) {
	struct inventory_lab *lab = *state;
	struct rlimit before;
	struct intent_list zones = { 0 };
	size_t left_out = 0;
	int n = 0;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN); /* the write fails instead */
	limit_files(400000);
	enum inventory_code code;
	do
		code = add_numbered(lab, n++);
	while (code == INVENTORY_DONE && n < 10000);
	limit_files(before.rlim_cur);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(code, INVENTORY_NO_DATABASE);
	assert_non_null(strstr(lab->result.text, "inventory.db"));
	assert_int_equal(inventory_load(lab->inv, &zones, &left_out), OK);
	assert_int_equal(zones.count, n - 1);
	intent_list_done(&zones);
	assert_int_equal(add_numbered(lab, n), INVENTORY_DONE);
	assert_int_equal(inventory_revision(lab->inv), n);
}

/* -- the file is damaged -------------------------------------------------------------------------------------------------------- */

static void count_zone(void *ctx, const struct inventory_zone *zone) {
	size_t *count = ctx;
	(void)zone;
	(*count)++;
}

/* Pages are overwritten at random: whatever comes of it is an error or an answer, and the end of nothing. */
static void damage_is_told_or_not_seen(void **state) {
	struct inventory_lab *lab = *state;
	struct random random = random_seeded(9);
	unsigned told = 0;
	for (int i = 0; i < 300; i++)
		add_numbered(lab, i);
	while (inventory_copy(lab->inv) == ERR_AGAIN) {
	}
	for (int round = 0; round < 60; round++) {
		struct intent_list zones = { 0 };
		struct stat st;
		size_t left_out = 0, count = 0;
		uint64_t total;
		bool more;
		char junk[512];
		const struct inventory_page page = { .limit = 1000 };
		inventory_close(lab->inv);
		int fd = open(lab->files->path, O_RDWR);
		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		for (size_t i = 0; i < sizeof(junk); i++)
			junk[i] = (char)random_u64(&random);
		off_t at = (off_t)random_below(&random, (uint32_t)st.st_size - sizeof(junk));
		char kept[512];
		assert_int_equal(pread(fd, kept, sizeof(kept), at), sizeof(kept));
		assert_int_equal(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
		inventory_lab_open(lab);
		enum err e = inventory_load(lab->inv, &zones, &left_out);
		intent_list_done(&zones);
		err_ignore(inventory_zone_page(lab->inv, &page, count_zone, &count, &total,
		                               &more)); /* as below */
		(void)add_numbered(lab, 1000 + round);  /* whatever comes of it */
		told += e != OK || inventory_state(lab->inv) != INVENTORY_OK;
		if (inventory_state(lab->inv) == INVENTORY_COPY) {
			assert_int_equal(inventory_load(lab->inv, &zones, &left_out), OK);
			assert_int_equal(zones.count, 300);
			intent_list_done(&zones);
		}
		close(fd);
		inventory_close(lab->inv); /* from the good copy again */
		char *data = NULL;
		size_t len = 0;
		assert_int_equal(file_read(lab->copy_path, 1U << 30, &data, &len), OK);
		char beside[200];
		snprintf(beside, sizeof(beside), "%s-wal", lab->files->path);
		unlink(beside);
		snprintf(beside, sizeof(beside), "%s-shm", lab->files->path);
		unlink(beside);
		assert_int_equal(file_replace(lab->files->path, data, len, 0600), OK);
		free(data);
		inventory_lab_open(lab);
		assert_int_equal(inventory_state(lab->inv), INVENTORY_OK);
	}
	print_message("damage was told %u times of 60\n", told);
	assert_true(told > 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, inventory_lab_setup, inventory_lab_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_step_that_fails_leaves_all_as_it_was),
		TEST(a_commit_that_fails_leaves_all_as_it_was),
		TEST(what_was_acknowledged_survives_death_at_any_instant),
		TEST(a_full_disk_refuses_changes_and_is_got_over),
		TEST(damage_is_told_or_not_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

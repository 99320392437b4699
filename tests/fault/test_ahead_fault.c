/* The process dies at each step of a commit that is written ahead: who was told of the new version finds it at the next
 * start, with a history that leads to it; else there is the old one or the new one.  Also when the database is full at the
 * commit, and other commits have to make room for it. */
#include "committer_lab.h"

#include "killed_child.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/fault.h"

#define OLD 7
#define NEW 8
#define HOSTS 40

static const char *const points[] = { "journal-put", "store-put", "ahead-write", "ahead-told",
	                              "store-commit" };
#define POINTS (sizeof(points) / sizeof(points[0]))

static void say_told(void *ctx) {
	int fd = open(ctx, O_WRONLY | O_CREAT, 0640);
	assert_true(fd >= 0);
	close(fd);
}

static enum err save_early(struct store *s, char *told_path) {
	struct name name = lab_name(LAB_ZONE);
	struct change *step = lab_step(OLD, NEW, HOSTS);
	struct store_steps steps = { &step, 1, lab_bounds };
	struct zone_state state = lab_state(NEW);
	struct store_outcome outcome = { .error = OK };
	struct why why;
	struct store_batch *b = store_batch_new(s);
	assert_int_equal(store_batch_step(b, name.wire, &state, &steps, &outcome), OK);
	enum err e = store_batch_commit_early(b, say_told, told_path, &why);
	change_unref(step);
	return e != OK ? e : outcome.error;
}

static enum err save_something(struct store *s) {
	struct name name = lab_name("other.example");
	struct zone_state state = { .checked_s = 1 };
	struct why why;
	struct store_batch *b = store_batch_new(s);
	assert_int_equal(store_batch_state(b, name.wire, &state), OK);
	return store_batch_commit(b, &why);
}

static void told_path_of(const char *dir, char path[static 128]) {
	snprintf(path, 128, "%s/told", dir);
}

/* Older steps may have been given up for room. */
static uint32_t what_is_there(struct lab *lab) {
	char steps[200];
	struct lab_loaded l = lab_restart(lab, 1 << 20, steps);
	assert_non_null(l.version);
	uint32_t serial = version_serial(l.version);
	assert_is_version(l.version, serial, HOSTS);
	assert_int_equal(l.state.serial, serial);
	assert_int_equal(l.state.checked_s, 1000 + serial);
	assert_int_equal(l.state.why.reason, REASON_NONE);
	size_t old = strncmp(steps, "6-7", 3) == 0 ? 3 : 0;
	assert_string_equal(steps + old + (old && serial == NEW), serial == NEW ? "7-8" : "");
	version_unref(l.version);
	return serial;
}

static int save_new(const char *dir) {
	struct why why;
	struct store *s;
	char path[128];
	told_path_of(dir, path);
	if (store_open(dir, NULL, &s, &why) != OK) return 2;
	enum err e = save_something(s); /* the first commit is made without */
	if (e == OK) e = save_early(s, path);
	store_close(s);
	return e == OK ? 0 : 1;
}

enum history { WITHOUT, WITH };

/* Whether the process was killed. */
static bool try_kill(enum history history, const char *point, unsigned nth, bool *out_told) {
	struct lab lab;
	char path[128];
	lab_init(&lab);
	lab_save_image(&lab, history == WITH ? OLD - 1 : OLD, OLD, HOSTS, &lab_bounds);
	store_close(lab.store);
	int status = run_child(lab.dir, NULL, point, nth);
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	assert_true(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
	told_path_of(lab.dir, path);
	bool told = access(path, F_OK) == 0;
	lab_open(&lab);
	uint32_t serial = what_is_there(&lab);
	if (told || !killed || strcmp(point, "ahead-told") == 0) assert_int_equal(serial, NEW);
	if (serial == OLD) assert_int_equal(save_early(lab.store, path), OK);
	assert_int_equal(what_is_there(&lab), NEW);
	lab_done(&lab);
	*out_told = told;
	return killed;
}

static void killed_process_keeps_what_it_told(void **unused) {
	(void)unused;
	for (size_t p = 0; p < POINTS; p++) {
		unsigned nth = 1;
		bool told;
		while (try_kill(WITHOUT, points[p], nth, &told)) {
			assert_int_equal(told, strcmp(points[p], "store-commit") == 0 && nth == 2);
			nth++;
		}
		assert_true(nth > 1); /* the point is on the way */
	}
}

/* How often it had been told. */
static unsigned killed_everywhere(enum history history, const char *faults, const char *point) {
	char both[64];
	unsigned after = 0;
	bool told;
	snprintf(both, sizeof(both), "%s,%s", faults, point);
	for (unsigned nth = 1; try_kill(history, both, nth, &told); nth++)
		after += told;
	return after;
}

/* The second commit, which was told, finds the database full; so does the one after there was made room, perhaps. */
static void killed_process_keeps_what_it_told_when_the_database_is_full(void **unused) {
	(void)unused;
	static const char *const full[] = { "store-full:2", "store-full:2,store-full:5" };
	static const char *const steps[] = { "ahead-write", "ahead-renewed", "store-commit" };
	for (size_t p = 0; p < sizeof(steps) / sizeof(steps[0]); p++) {
		unsigned after = 0;
		for (size_t f = 0; f < sizeof(full) / sizeof(full[0]); f++) {
			after += killed_everywhere(WITHOUT, full[f], steps[p]);
			after += killed_everywhere(WITH, full[f], steps[p]);
		}
		assert_true(after > 0); /* the point is on the way */
	}
}

/* -- several that share a commit -- */

#define LAST 10 /* serial after all steps */

static uint32_t last_told(const char *dir) {
	char path[128];
	uint32_t serial = OLD;
	told_path_of(dir, path);
	int fd = open(path, O_RDONLY);
	if (fd < 0) return OLD;
	while (read(fd, &serial, sizeof(serial)) == sizeof(serial))
		continue;
	close(fd);
	return serial;
}

/* Each is noted when it is told, before the next one comes. */
static bool tell_all(struct lab *lab) {
	char path[128];
	told_path_of(lab->dir, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0640);
	for (uint32_t serial = OLD; fd >= 0 && serial < LAST; serial++) {
		unsigned told;
		uint32_t next = serial + 1;
		if (lab_tell_step(lab, LAB_ZONE, serial, next, HOSTS, &told) != OK) return false;
		if (write(fd, &next, sizeof(next)) != sizeof(next)) return false;
	}
	return close(fd) == 0;
}

static int save_gathered(const char *dir) {
	struct lab lab;
	struct why why;
	snprintf(lab.dir, sizeof(lab.dir), "%s", dir);
	if (store_open(dir, NULL, &lab.store, &why) != OK) return 2;
	lab.store->committer.open_ms = 60000;
	lab.store->committer.told_ms = INT64_MAX / 2; /* others came before */
	if (save_something(lab.store) != OK || !store_committer_start(lab.store)) return 3;
	bool ok = tell_all(&lab);
	store_committer_stop(lab.store);
	store_close(lab.store);
	return ok ? 0 : 1;
}

/* Whether the process was killed; what it had told is there after it, and what comes next can be saved. */
static bool try_kill_gathered(enum history history, const char *point, unsigned nth, uint32_t *out_told) {
	struct lab lab;
	lab_init(&lab);
	lab_save_image(&lab, history == WITH ? OLD - 1 : OLD, OLD, HOSTS, &lab_bounds);
	store_close(lab.store);
	int status = run_child(lab.dir, "gathered", point, nth);
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	assert_true(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
	uint32_t told = last_told(lab.dir);
	char steps[200];
	for (unsigned starts = 0; starts < 2; starts++) {
		lab_open(&lab);
		struct lab_loaded l = lab_restart(&lab, 1 << 20, steps);
		uint32_t serial = version_serial(l.version);
		assert_in_range(serial, killed ? told : LAST, told + 1 < LAST ? told + 1 : LAST);
		assert_is_version(l.version, serial, HOSTS);
		assert_int_equal(l.state.why.reason, REASON_NONE);
		version_unref(l.version);
		if (starts == 0 && serial < LAST) {
			assert_int_equal(lab_save_step(&lab, serial, serial + 1, HOSTS, &lab_bounds).error,
			                 OK);
			told = serial + 1;
		}
		store_close(lab.store);
	}
	lab_open(&lab);
	lab_done(&lab);
	*out_told = told;
	return killed;
}

static void killed_process_keeps_all_that_it_told_for_one_commit(void **unused) {
	(void)unused;
	static const char *const full[] = { "", "store-full:2,", "store-full:2,store-full:3,", "store-put:5,",
		                            "store-put:5,store-full:2," };
	for (size_t p = 0; p < POINTS + 1; p++) {
		const char *point = p < POINTS ? points[p] : "ahead-renewed";
		unsigned passed = 0;
		for (size_t f = 0; f < sizeof(full) / sizeof(full[0]); f++) {
			char both[64];
			uint32_t told;
			snprintf(both, sizeof(both), "%s%s", full[f], point);
			unsigned nth = 1;
			while (try_kill_gathered(f % 2 ? WITH : WITHOUT, both, nth, &told))
				nth++;
			passed += nth - 1;
		}
		assert_true(passed > 0); /* the point is on the way */
	}
}

int main(int argc, char **argv) {
	if (argc == 3 && strcmp(argv[1], "save-new") == 0) return save_new(argv[2]);
	if (argc == 4 && strcmp(argv[1], "save-new") == 0) return save_gathered(argv[2]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_process_keeps_what_it_told),
		cmocka_unit_test(killed_process_keeps_what_it_told_when_the_database_is_full),
		cmocka_unit_test(killed_process_keeps_all_that_it_told_for_one_commit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

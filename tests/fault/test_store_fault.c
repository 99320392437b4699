/* Every step of saving fails, or the process dies at it: afterwards there is the old version or the new
 * one of everything that was saved together, and never a mix. */
#include "lab.h"

#include "killed_child.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/fault.h"

#define OLD 7
#define NEW 8

static const char *const points[] = { "file-write",   "file-sync", "file-rename", "dir-sync",
	                              "store-commit", "store-put", "file-remove" };
#define POINTS (sizeof(points) / sizeof(points[0]))

/* Two zones that have files, two that have not, one that changes sides each way; and one that goes. */
static const struct {
	const char *zone;
	unsigned old_hosts, new_hosts;
} rows[] = {
	{ "large.example", LAB_LARGE, LAB_LARGE },
	{ "small.example", LAB_SMALL, LAB_SMALL },
	{ "grows.example", LAB_SMALL, LAB_LARGE },
	{ "shrinks.example", LAB_LARGE, LAB_SMALL },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* All changes in one batch: OLD is the first filling. */
static enum err save_all(struct store *s, uint32_t serial) {
	struct why why;
	struct store_batch *b = store_batch_new(s);
	enum err e = OK;
	for (size_t i = 0; i < ROWS && e == OK; i++) {
		struct name name = lab_name(rows[i].zone);
		struct zone_version *saved;
		struct zone_version *v = lab_zone(rows[i].zone, serial,
		                                  serial == OLD ? rows[i].old_hosts : rows[i].new_hosts);
		struct zone_state state = { .checked_s = 1000 + serial };
		e = store_batch_put(b, name.wire, &state, v, NULL, &saved);
		if (e == OK) version_unref(saved);
		version_unref(v);
	}
	struct name gone = lab_name("gone.example"), stated = lab_name("stated.example");
	struct zone_state state = { .checked_s = 1000 + serial };
	if (e == OK) e = store_batch_state(b, stated.wire, &state);
	if (e == OK)
		e = serial == OLD ? store_batch_state(b, gone.wire, &state)
		                  : store_batch_remove(b, gone.wire);
	if (e == OK) return store_batch_commit(b, &why);
	store_batch_abort(b);
	return e;
}

struct seen {
	uint32_t serial; /* that everything must have; 0: nothing seen yet */
	unsigned zones;
	bool gone;
};

static void see(void *ctx, const uint8_t *name, const struct zone_state *state,
                struct zone_version *version) {
	struct seen *seen = ctx;
	struct name gone = lab_name("gone.example"), stated = lab_name("stated.example");
	uint32_t serial = (uint32_t)(state->checked_s - 1000);
	if (!seen->serial) seen->serial = serial;
	assert_int_equal(serial, seen->serial);
	if (!name_equal(name, gone.wire) && !name_equal(name, stated.wire)) {
		assert_non_null(version);
		assert_int_equal(version_serial(version), serial);
		assert_int_equal(image_check_deep(&version->image), OK);
	}
	seen->gone |= name_equal(name, gone.wire);
	seen->zones++;
	version_unref(version);
}

/* Which of the two is there: all of it. */
static uint32_t what_is_there(struct store *s) {
	struct seen seen = { 0 };
	assert_int_equal(load_all(s, see, &seen), OK);
	assert_true(seen.serial == OLD || seen.serial == NEW);
	assert_int_equal(seen.gone, seen.serial == OLD);
	assert_int_equal(seen.zones, ROWS + 1 + (seen.serial == OLD));
	return seen.serial;
}

static void assert_no_waste(const struct lab *lab) {
	char path[128];
	assert_int_equal(lab_files(lab, path), 2); /* of OLD as of NEW */
}

/* Passing on, an armed point fires in the end; one that fired already does not. */
static bool has_fired(const char *point, unsigned nth) {
	for (unsigned i = 0; i < nth; i++) {
		if (fault_fires(point)) return false;
	}
	return true;
}

static void failed_step_leaves_the_old_version(void **unused) {
	(void)unused;
	for (size_t p = 0; p < POINTS; p++) {
		unsigned failures = 0;
		for (unsigned nth = 1;; nth++) {
			struct lab lab;
			lab_init(&lab);
			assert_int_equal(save_all(lab.store, OLD), OK);
			fault_arm(points[p], nth);
			enum err e = save_all(lab.store, NEW);
			bool fired = has_fired(points[p], nth);
			assert_int_equal(what_is_there(lab.store), e == OK ? NEW : OLD);
			lab_reopen(&lab);
			assert_int_equal(what_is_there(lab.store), e == OK ? NEW : OLD);
			assert_no_waste(&lab);
			assert_int_equal(save_all(lab.store, NEW), OK); /* the next attempt is not hurt */
			assert_int_equal(what_is_there(lab.store), NEW);
			assert_no_waste(&lab);
			lab_done(&lab);
			if (!fired) break;
			failures++;
		}
		assert_true(failures > 0);
	}
}

static void nothing_is_promised_while_the_directory_is_not_safe(void **unused) {
	(void)unused;
	struct lab lab;
	lab_init(&lab);
	fault_arm("dir-sync", 1);
	assert_int_equal(lab_save(&lab, "small.example", NEW, LAB_SMALL), ERR_IO);
	assert_int_equal(lab_load(&lab, "small.example").zones, 0);
	assert_int_equal(lab_save(&lab, "small.example", NEW, LAB_SMALL), OK); /* it is tried again */
	fault_arm("dir-sync", 1);
	assert_int_equal(lab_save(&lab, "small.example", NEW, LAB_SMALL), OK); /* and not once more */
	fault_arm(NULL, 0);
	lab_done(&lab);
}

static void failed_put_says_why(void **unused) {
	(void)unused;
	struct lab lab;
	struct name name = lab_name("large.example");
	struct zone_version *v = lab_zone("large.example", NEW, LAB_LARGE), *saved;
	struct zone_state state = { 0 };
	lab_init(&lab);
	struct store_batch *b = store_batch_new(lab.store);
	fault_arm("file-sync", 1);
	assert_int_equal(store_batch_put(b, name.wire, &state, v, NULL, &saved), ERR_IO);
	assert_int_equal(store_batch_why(b)->reason, REASON_STORE_FAILED);
	assert_non_null(strstr(store_batch_why(b)->evidence, strerror(EIO)));
	store_batch_abort(b);
	version_unref(v);
	lab_done(&lab);
}

/* A process of its own that saves NEW over what dir holds, and dies where the environment says. */
static int save_new(const char *dir) {
	struct why why;
	struct store *s;
	if (store_open(dir, NULL, &s, &why) != OK) return 2;
	enum err e = save_all(s, NEW);
	store_close(s);
	return e == OK ? 0 : 1;
}

static void killed_process_leaves_the_old_version_or_the_new_one(void **unused) {
	(void)unused;
	for (size_t p = 0; p < POINTS; p++) {
		unsigned kills = 0;
		for (unsigned nth = 1;; nth++) {
			struct lab lab;
			lab_init(&lab);
			assert_int_equal(save_all(lab.store, OLD), OK);
			store_close(lab.store);
			int status = run_child(lab.dir, NULL, points[p], nth);
			bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
			assert_true(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
			lab_open(&lab);
			uint32_t serial = what_is_there(lab.store);
			if (!killed) assert_int_equal(serial, NEW);
			if (strcmp(points[p], "file-remove") == 0)
				assert_int_equal(serial, NEW); /* was committed */
			assert_no_waste(&lab);
			assert_int_equal(save_all(lab.store, NEW), OK);
			assert_int_equal(what_is_there(lab.store), NEW);
			lab_done(&lab);
			if (!killed) break;
			kills++;
		}
		assert_true(kills > 0);
	}
}

/* The first start is no exception: nothing, or all. */
static void killed_first_save_leaves_nothing_or_all(void **unused) {
	(void)unused;
	for (size_t p = 0; p < POINTS; p++) {
		struct lab lab;
		lab_init(&lab);
		store_close(lab.store);
		int status = run_child(lab.dir, NULL, points[p], 1);
		assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
		lab_open(&lab);
		struct lab_loaded l = lab_load(&lab, rows[0].zone);
		version_unref(l.version);
		if (l.zones) assert_int_equal(what_is_there(lab.store), NEW);
		lab_done(&lab);
	}
}

int main(int argc, char **argv) {
	if (argc == 3 && strcmp(argv[1], "save-new") == 0) return save_new(argv[2]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failed_step_leaves_the_old_version),
		cmocka_unit_test(nothing_is_promised_while_the_directory_is_not_safe),
		cmocka_unit_test(failed_put_says_why),
		cmocka_unit_test(killed_process_leaves_the_old_version_or_the_new_one),
		cmocka_unit_test(killed_first_save_leaves_nothing_or_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every step of saving steps and images fails, or the process dies at it: afterwards there is the old version or the new
 * one, with a history that leads to it, and never a mix. */
#include "journal_lab.h"

#include "killed_child.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/fault.h"

#define OLD 7
#define NEW 8

static const char *const points[] = { "journal-put", "store-put",   "store-commit", "file-write",
	                              "file-sync",   "file-rename", "dir-sync",     "file-remove" };
#define POINTS (sizeof(points) / sizeof(points[0]))

/* How the version NEW is saved. */
enum way { WAY_STEP, WAY_IMAGE, WAY_MERGED, WAYS };

static enum err save_way(struct store *s, enum way way) {
	struct name name = lab_name(LAB_ZONE);
	struct zone_version *v = lab_zone(LAB_ZONE, NEW, LAB_LARGE), *saved = NULL;
	struct change *step = lab_step(OLD, NEW, LAB_LARGE);
	struct store_steps steps = { &step, 1, lab_bounds };
	struct zone_state state = lab_state(NEW);
	struct store_outcome outcome = { .error = OK }, merged = { .error = OK };
	struct why why;
	struct store_batch *b = store_batch_new(s);
	enum err e = way == WAY_IMAGE ? store_batch_put(b, name.wire, &state, v, &steps, &saved)
	                              : store_batch_step(b, name.wire, &state, &steps, &outcome);
	if (e == OK && way == WAY_MERGED) e = store_batch_image(b, name.wire, v, &saved, &merged);
	if (e == OK)
		e = store_batch_commit(b, &why);
	else
		store_batch_abort(b);
	version_unref(saved);
	version_unref(v);
	change_unref(step);
	return e != OK ? e : outcome.error != OK ? outcome.error : merged.error;
}

/* The version that a start gives; the history leads to it. */
static uint32_t what_is_there(struct lab *lab) {
	char steps[200];
	struct lab_loaded l = lab_restart(lab, 1 << 20, steps);
	assert_non_null(l.version);
	uint32_t serial = version_serial(l.version);
	assert_is_version(l.version, serial, LAB_LARGE);
	assert_int_equal(l.state.serial, serial);
	assert_int_equal(l.state.checked_s, 1000 + serial);
	assert_int_equal(l.state.why.reason, REASON_NONE);
	assert_history(lab, serial == NEW ? "7-8" : "");
	version_unref(l.version);
	return serial;
}

static void assert_no_waste(const struct lab *lab) {
	char path[128];
	assert_int_equal(lab_files(lab, path), 1);
}

static bool has_fired(const char *point, unsigned nth) {
	for (unsigned i = 0; i < nth; i++)
		if (fault_fires(point)) return false;
	return true;
}

static void failed_step_leaves_the_old_version(void **unused) {
	(void)unused;
	for (size_t p = 0; p < POINTS; p++) {
		for (int way = 0; way < WAYS; way++) {
			for (unsigned nth = 1;; nth++) {
				struct lab lab;
				lab_init(&lab);
				lab_save_image(&lab, OLD, OLD, LAB_LARGE, &lab_bounds);
				fault_arm(points[p], nth);
				enum err e = save_way(lab.store, (enum way)way);
				bool fired = has_fired(points[p], nth);
				assert_int_equal(what_is_there(&lab), e == OK ? NEW : OLD);
				assert_no_waste(&lab);
				if (e != OK) assert_int_equal(save_way(lab.store, (enum way)way), OK);
				assert_int_equal(what_is_there(&lab), NEW);
				assert_no_waste(&lab);
				lab_done(&lab);
				if (!fired) break;
			}
		}
	}
}

/* No memory for a frame: nothing of the batch is saved. */
static void frame_without_memory_leaves_the_old_version(void **unused) {
	(void)unused;
	struct lab lab;
	struct name name = lab_name(LAB_ZONE);
	struct change *step = lab_step(OLD, NEW, LAB_SMALL);
	struct store_steps steps = { &step, 1, lab_bounds };
	struct zone_state state = lab_state(NEW);
	struct store_outcome outcome;
	struct why why;
	lab_init(&lab);
	lab_save_image(&lab, OLD, OLD, LAB_SMALL, &lab_bounds);
	struct store_batch *b = store_batch_new(lab.store);
	assert_int_equal(store_batch_step(b, name.wire, &state, &steps, &outcome), OK);
	fault_arm("alloc", 1);
	assert_int_equal(store_batch_commit(b, &why), ERR_NOMEM);
	fault_arm(NULL, 0);
	assert_history(&lab, "");
	change_unref(step);
	lab_done(&lab);
}

static int save_new(const char *dir, enum way way) {
	struct why why;
	struct store *s;
	if (store_open(dir, NULL, &s, &why) != OK) return 2;
	enum err e = save_way(s, way);
	store_close(s);
	return e == OK ? 0 : 1;
}

static void killed_process_leaves_the_old_version_or_the_new_one(void **unused) {
	(void)unused;
	for (size_t p = 0; p < POINTS; p++) {
		for (int way = 0; way < WAYS; way++) {
			for (unsigned nth = 1;; nth++) {
				struct lab lab;
				lab_init(&lab);
				lab_save_image(&lab, OLD, OLD, LAB_LARGE, &lab_bounds);
				store_close(lab.store);
				char way_text[4];
				snprintf(way_text, sizeof(way_text), "%d", way);
				int status = run_child(lab.dir, way_text, points[p], nth);
				bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
				assert_true(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
				lab_open(&lab);
				uint32_t serial = what_is_there(&lab);
				if (!killed || strcmp(points[p], "file-remove") == 0)
					assert_int_equal(serial, NEW);
				assert_no_waste(&lab);
				if (serial == OLD) assert_int_equal(save_way(lab.store, (enum way)way), OK);
				assert_int_equal(what_is_there(&lab), NEW);
				lab_done(&lab);
				if (!killed) break;
			}
		}
	}
}

int main(int argc, char **argv) {
	if (argc == 4 && strcmp(argv[1], "save-new") == 0)
		return save_new(argv[2], (enum way)(argv[3][0] - '0'));
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failed_step_leaves_the_old_version),
		cmocka_unit_test(frame_without_memory_leaves_the_old_version),
		cmocka_unit_test(killed_process_leaves_the_old_version_or_the_new_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

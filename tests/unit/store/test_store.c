#include "lab.h"

#include <errno.h>
#include <sys/wait.h>

#include "store/store.h"

static void assert_serves(struct lab *lab, const char *zone, uint32_t serial) {
	struct lab_loaded l = lab_load(lab, zone);
	assert_true(l.found);
	assert_true(l.state.has_version);
	assert_non_null(l.version);
	assert_int_equal(l.state.serial, serial);
	assert_int_equal(version_serial(l.version), serial);
	assert_int_equal(l.state.checked_s, 1000 + serial);
	version_unref(l.version);
}

static void assert_has_not(struct lab *lab, const char *zone) {
	struct lab_loaded l = lab_load(lab, zone);
	assert_false(l.found);
}

static void new_store_is_empty(void **unused) {
	(void)unused;
	struct lab lab;
	lab_init(&lab);
	struct lab_loaded l = lab_load(&lab, "example.com");
	assert_int_equal(l.zones, 0);
	lab_done(&lab);
}

static void small_zone_comes_back_after_a_restart(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "Example.COM", 7, LAB_SMALL), OK);
	assert_int_equal(lab_files(&lab, path), 0);
	assert_serves(&lab, "example.com", 7);
	lab_reopen(&lab);
	assert_serves(&lab, "example.com", 7);
	lab_done(&lab);
}

static void large_zone_comes_back_from_its_file(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "example.com", 7, LAB_LARGE), OK);
	assert_int_equal(lab_files(&lab, path), 1);
	lab_reopen(&lab);
	assert_int_equal(lab_files(&lab, path), 1);
	assert_serves(&lab, "example.com", 7);
	lab_done(&lab);
}

static void root_zone_is_kept_like_any_other(void **unused) {
	(void)unused;
	struct lab lab;
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, ".", 5, LAB_SMALL), OK);
	lab_reopen(&lab);
	assert_serves(&lab, ".", 5);
	lab_done(&lab);
}

static void new_version_replaces_the_old_one_and_its_file(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	const struct {
		unsigned before, after, files;
	} rows[] = { { LAB_SMALL, LAB_SMALL, 0 },
		     { LAB_SMALL, LAB_LARGE, 1 },
		     { LAB_LARGE, LAB_LARGE, 1 },
		     { LAB_LARGE, LAB_SMALL, 0 } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lab_init(&lab);
		assert_int_equal(lab_save(&lab, "example.com", 7, rows[i].before), OK);
		assert_int_equal(lab_save(&lab, "example.com", 8, rows[i].after), OK);
		assert_int_equal(lab_files(&lab, path), rows[i].files);
		lab_reopen(&lab);
		assert_serves(&lab, "example.com", 8);
		lab_done(&lab);
	}
}

static void removed_zone_is_gone_with_its_file(void **unused) {
	(void)unused;
	struct lab lab;
	struct why why;
	char path[128];
	struct name large = lab_name("example.com"), small = lab_name("EXAMPLE.org");
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "example.com", 7, LAB_LARGE), OK);
	assert_int_equal(lab_save(&lab, "example.org", 7, LAB_SMALL), OK);
	struct store_batch *b = store_batch_new(lab.store);
	assert_int_equal(store_batch_remove(b, large.wire), OK);
	assert_int_equal(store_batch_remove(b, small.wire), OK);
	assert_int_equal(store_batch_commit(b, &why), OK);
	assert_int_equal(lab_files(&lab, path), 0);
	assert_has_not(&lab, "example.com");
	lab_reopen(&lab);
	struct lab_loaded l = lab_load(&lab, "example.org");
	assert_int_equal(l.zones, 0);
	lab_done(&lab);
}

static void whole_state_comes_back(void **unused) {
	(void)unused;
	struct lab lab;
	struct why why;
	struct name name = lab_name("example.com");
	struct zone_state state = { .checked_s = 1,
		                    .refresh_s = 2,
		                    .expire_s = INT64_MAX,
		                    .since_s = -4,
		                    .serial = 99,
		                    .primary_serial = UINT32_MAX,
		                    .failures = 6,
		                    .has_version = true,
		                    .has_primary_serial = true,
		                    .expired = true };
	why_set(&state.why, REASON_TSIG_BADTIME, "%0300d", 1);
	lab_init(&lab);
	struct store_batch *b = store_batch_new(lab.store);
	assert_int_equal(store_batch_state(b, name.wire, &state), OK);
	assert_int_equal(store_batch_commit(b, &why), OK);
	lab_reopen(&lab);
	struct lab_loaded l = lab_load(&lab, "example.com");
	assert_true(l.found);
	assert_false(l.state.has_version); /* nothing was saved */
	assert_null(l.version);
	assert_int_equal(l.state.checked_s, 1);
	assert_int_equal(l.state.refresh_s, 2);
	assert_true(l.state.expire_s == INT64_MAX);
	assert_true(l.state.since_s == -4);
	assert_int_equal(l.state.primary_serial, UINT32_MAX);
	assert_int_equal(l.state.failures, 6);
	assert_true(l.state.has_primary_serial && l.state.expired);
	assert_int_equal(l.state.why.reason, REASON_TSIG_BADTIME);
	assert_string_equal(l.state.why.evidence, state.why.evidence);
	lab_done(&lab);
}

static void new_state_leaves_the_version_in_place(void **unused) {
	(void)unused;
	struct lab lab;
	struct why why;
	struct name name = lab_name("example.com");
	const unsigned sizes[] = { LAB_SMALL, LAB_LARGE };
	for (int i = 0; i < 2; i++) {
		lab_init(&lab);
		assert_int_equal(lab_save(&lab, "example.com", 7, sizes[i]), OK);
		struct zone_state state = { .checked_s = 4711, .serial = 1, .expired = true };
		struct store_batch *b = store_batch_new(lab.store);
		assert_int_equal(store_batch_state(b, name.wire, &state), OK);
		assert_int_equal(store_batch_commit(b, &why), OK);
		lab_reopen(&lab);
		struct lab_loaded l = lab_load(&lab, "example.com");
		assert_true(l.state.has_version && l.state.expired);
		assert_int_equal(l.state.checked_s, 4711);
		assert_int_equal(l.state.serial, 7);
		assert_int_equal(version_serial(l.version), 7);
		version_unref(l.version);
		lab_done(&lab);
	}
}

static void later_change_of_a_batch_wins(void **unused) {
	(void)unused;
	struct lab lab;
	struct why why;
	char path[128];
	struct name name = lab_name("example.com");
	struct zone_version *saved;
	lab_init(&lab);
	struct store_batch *b = store_batch_new(lab.store);
	for (uint32_t serial = 7; serial < 10; serial++) {
		struct zone_version *v = lab_zone("example.com", serial, LAB_LARGE);
		struct zone_state state = { .checked_s = 1000 + serial };
		assert_int_equal(store_batch_put(b, name.wire, &state, v, NULL, &saved), OK);
		version_unref(saved);
		version_unref(v);
	}
	assert_int_equal(store_batch_commit(b, &why), OK);
	assert_int_equal(lab_files(&lab, path), 1);
	lab_reopen(&lab);
	assert_serves(&lab, "example.com", 9);
	lab_done(&lab);
}

static void aborted_batch_leaves_nothing(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	struct name name = lab_name("example.com");
	struct zone_version *v = lab_zone("example.com", 7, LAB_LARGE), *saved;
	struct zone_state state = { 0 };
	lab_init(&lab);
	struct store_batch *b = store_batch_new(lab.store);
	assert_int_equal(store_batch_put(b, name.wire, &state, v, NULL, &saved), OK);
	store_batch_abort(b);
	assert_int_equal(lab_files(&lab, path), 0);
	assert_int_equal(image_check_deep(&saved->image), OK); /* a mapping outlives its file's name */
	version_unref(saved);
	version_unref(v);
	assert_has_not(&lab, "example.com");
	lab_done(&lab);
}

static void large_version_is_published_from_its_file(void **unused) {
	(void)unused;
	struct lab lab;
	struct why why;
	struct name name = lab_name("example.com");
	struct zone_version *v = lab_zone("example.com", 7, LAB_LARGE), *saved;
	struct zone_state state = { 0 };
	lab_init(&lab);
	struct store_batch *b = store_batch_new(lab.store);
	assert_int_equal(store_batch_put(b, name.wire, &state, v, NULL, &saved), OK);
	assert_ptr_not_equal(saved, v);
	assert_int_equal(saved->layers[0]->memory, VERSION_MAPPED);
	assert_memory_equal(layer_octets(saved->layers[0]), layer_octets(v->layers[0]),
	                    layer_size(v->layers[0]));
	assert_int_equal(store_batch_commit(b, &why), OK);
	version_unref(saved);
	version_unref(v);
	lab_done(&lab);
}

static void files_that_no_zone_names_are_removed_at_start(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128], other[128];
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "example.com", 7, LAB_LARGE), OK);
	const char *const names[] = { "0123456789abcdef.img", "0123456789abcdee.tmp", "README" };
	for (int i = 0; i < 3; i++) {
		snprintf(other, sizeof(other), "%s/images/%s", lab.dir, names[i]);
		close(open(other, O_WRONLY | O_CREAT, 0600));
	}
	assert_int_equal(lab_files(&lab, path), 4);
	lab_reopen(&lab);
	assert_int_equal(lab_files(&lab, path), 2); /* what is not ours stays */
	assert_serves(&lab, "example.com", 7);
	lab_done(&lab);
}

static void second_daemon_on_one_directory_is_refused(void **unused) {
	(void)unused;
	struct lab lab;
	struct why why;
	struct store *second;
	lab_init(&lab);
	assert_int_equal(store_open(lab.dir, NULL, &second, &why), ERR_EXISTS);
	assert_non_null(strstr(why.evidence, "another understudyd"));
	assert_non_null(strstr(why.evidence, lab.dir));
	lab_done(&lab);
}

static void directory_that_cannot_be_made_is_named(void **unused) {
	(void)unused;
	struct why why;
	struct store *s;
	assert_int_equal(store_open("/proc/understudy-nowhere", NULL, &s, &why), ERR_IO);
	assert_int_equal(why.reason, REASON_STORE_FAILED);
	assert_non_null(strstr(why.evidence, "/proc/understudy-nowhere"));
}

static void thousands_of_zones_come_back(void **unused) {
	(void)unused;
	struct lab lab;
	struct why why;
	const unsigned zones = 2000;
	lab_init(&lab);
	struct store_batch *b = store_batch_new(lab.store);
	for (unsigned i = 0; i < zones; i++) {
		char text[64];
		snprintf(text, sizeof(text), "zone%u.example", i);
		struct name name = lab_name(text);
		struct zone_version *v = lab_zone(text, i + 1, 2), *saved;
		struct zone_state state = { .checked_s = 1001 + i };
		assert_int_equal(store_batch_put(b, name.wire, &state, v, NULL, &saved), OK);
		version_unref(saved);
		version_unref(v);
	}
	assert_int_equal(store_batch_commit(b, &why), OK);
	lab_reopen(&lab);
	assert_serves(&lab, "zone1234.example", 1235);
	struct lab_loaded l = lab_load(&lab, "none.example");
	assert_int_equal(l.zones, zones);
	lab_done(&lab);
}

static bool is_even(void *ctx, const uint8_t *name, const struct zone_version **out_version) {
	(void)ctx;
	(void)out_version;
	return (name[name[0]] - '0') % 2 == 0;
}

static void zones_are_loaded_in_turns(void **state) {
	(void)state;
	struct lab lab;
	struct store_cursor cursor = { 0 };
	char apex[32];
	lab_init(&lab);
	for (unsigned i = 0; i < 10; i++) {
		(void)snprintf(apex, sizeof(apex), "zone%u.example", i);
		assert_int_equal(lab_save(&lab, apex, i, LAB_SMALL), OK);
	}
	assert_int_equal(lab_save(&lab, "large.example", 7, LAB_LARGE), OK);
	lab_reopen(&lab);
	struct lab_loaded files = { .name = lab_name("large.example") },
			  l = { .name = lab_name("zone4.example") };
	assert_int_equal(store_load_files(lab.store, lab_keep, &files), OK);
	assert_int_equal(files.zones, 1);
	assert_non_null(files.version);
	unsigned turns = 0;
	while (store_load_some(lab.store, &cursor, 3, is_even, lab_keep, &l) == OK)
		turns++;
	assert_int_equal(turns, 3); /* of 3, 3, 3 and the last 2 */
	assert_int_equal(l.zones, 5);
	assert_int_equal(version_serial(l.version), 4);
	version_unref(files.version);
	version_unref(l.version);
	lab_done(&lab);
}

static bool was_looked_at(void *ctx, const uint8_t *name, const struct zone_version **out_version) {
	(void)name;
	const struct lab_loaded *l = ctx;
	*out_version = l->looked;
	return true;
}

/* One zone as a start reads it after a question has looked at it. */
static struct lab_loaded load_after(struct lab *lab, const char *apex, struct zone_version *looked) {
	struct lab_loaded l = { .name = lab_name(apex), .looked = looked };
	struct store_cursor cursor = { 0 };
	while (store_load_some(lab->store, &cursor, 10, was_looked_at, lab_keep, &l) == OK) {
	}
	assert_non_null(l.version);
	return l;
}

static void what_a_question_has_read_is_not_read_again(void **state) {
	(void)state;
	struct lab lab;
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "a.example", 7, LAB_SMALL), OK);
	lab_reopen(&lab);
	struct zone_version *looked = store_look(lab.store, lab_name("a.example").wire, INT64_MIN);
	assert_non_null(looked);
	struct lab_loaded l = load_after(&lab, "a.example", looked);
	assert_ptr_not_equal(l.version, looked); /* which others borrow */
	assert_ptr_equal(l.version->layers[0], looked->layers[0]);
	version_unref(looked);
	assert_int_equal(version_serial(l.version), 7);
	version_unref(l.version);
	lab_done(&lab);
}

static void what_a_question_has_read_is_left_when_another_image_is_saved(void **state) {
	(void)state;
	struct lab lab;
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "a.example", 7, LAB_SMALL), OK);
	struct zone_version *looked = store_look(lab.store, lab_name("a.example").wire, INT64_MIN);
	assert_non_null(looked);
	assert_int_equal(lab_save(&lab, "a.example", 8, LAB_SMALL), OK);
	struct lab_loaded l = load_after(&lab, "a.example", looked);
	assert_int_equal(version_serial(l.version), 8);
	version_unref(looked);
	version_unref(l.version);
	lab_done(&lab);
}

static void one_zone_is_loaded_by_its_name(void **state) {
	(void)state;
	struct lab lab;
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "a.example", 7, LAB_SMALL), OK);
	struct lab_loaded l = { .name = lab_name("a.example") };
	assert_int_equal(store_load_one(lab.store, lab_name("b.example").wire, lab_keep, &l), ERR_NOTFOUND);
	assert_int_equal(store_load_one(lab.store, l.name.wire, lab_keep, &l), OK);
	assert_int_equal(version_serial(l.version), 7);
	version_unref(l.version);
	lab_done(&lab);
}

static enum err save_state(struct lab *lab, const char *apex, const struct zone_state *state) {
	struct why why;
	struct store_batch *b = store_batch_new(lab->store);
	assert_int_equal(store_batch_state(b, lab_name(apex).wire, state), OK);
	return store_batch_commit(b, &why);
}

static void a_look_gives_what_may_be_answered(void **state) {
	(void)state;
	struct lab lab;
	struct name name = lab_name("a.example"), large = lab_name("large.example");
	struct zone_state saved = { .expire_s = 5000 };
	lab_init(&lab);
	assert_null(store_look(lab.store, name.wire, 1000));
	assert_int_equal(lab_save(&lab, "a.example", 7, LAB_SMALL), OK);
	assert_int_equal(lab_save(&lab, "large.example", 7, LAB_LARGE), OK);
	assert_int_equal(save_state(&lab, "a.example", &saved), OK);
	assert_int_equal(save_state(&lab, "large.example", &saved), OK);
	struct zone_version *v = store_look(lab.store, name.wire, 4999);
	assert_int_equal(version_serial(v), 7);
	version_unref(v);
	assert_null(store_look(lab.store, name.wire, 5000));
	assert_null(store_look(lab.store, large.wire, 4999)); /* verifying it would take too long */
	saved.expired = true;
	assert_int_equal(save_state(&lab, "a.example", &saved), OK);
	assert_null(store_look(lab.store, name.wire, 4999));
	lab_done(&lab);
}

/* A start that fails in between: nothing is left behind, of its child neither. */
static void store_that_was_only_begun_can_be_closed(void **unused) {
	(void)unused;
	struct lab lab;
	struct store *s;
	struct why why;
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "small.example", 7, LAB_SMALL), OK);
	store_close(lab.store);
	assert_int_equal(store_open_begin(lab.dir, NULL, &s, &why), OK);
	assert_int_equal(store_open_begin(lab.dir, NULL, &lab.store, &why), ERR_EXISTS); /* it is locked */
	store_close(s);
	errno = 0;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	lab_open(&lab);
	struct lab_loaded l = { .name = lab_name("small.example") };
	assert_int_equal(load_all(lab.store, lab_keep, &l), OK);
	assert_non_null(l.version);
	version_unref(l.version);
	lab_done(&lab);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_store_is_empty),
		cmocka_unit_test(store_that_was_only_begun_can_be_closed),
		cmocka_unit_test(small_zone_comes_back_after_a_restart),
		cmocka_unit_test(large_zone_comes_back_from_its_file),
		cmocka_unit_test(root_zone_is_kept_like_any_other),
		cmocka_unit_test(new_version_replaces_the_old_one_and_its_file),
		cmocka_unit_test(removed_zone_is_gone_with_its_file),
		cmocka_unit_test(whole_state_comes_back),
		cmocka_unit_test(new_state_leaves_the_version_in_place),
		cmocka_unit_test(later_change_of_a_batch_wins),
		cmocka_unit_test(aborted_batch_leaves_nothing),
		cmocka_unit_test(large_version_is_published_from_its_file),
		cmocka_unit_test(files_that_no_zone_names_are_removed_at_start),
		cmocka_unit_test(second_daemon_on_one_directory_is_refused),
		cmocka_unit_test(directory_that_cannot_be_made_is_named),
		cmocka_unit_test(thousands_of_zones_come_back),
		cmocka_unit_test(zones_are_loaded_in_turns),
		cmocka_unit_test(what_a_question_has_read_is_not_read_again),
		cmocka_unit_test(what_a_question_has_read_is_left_when_another_image_is_saved),
		cmocka_unit_test(one_zone_is_loaded_by_its_name),
		cmocka_unit_test(a_look_gives_what_may_be_answered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

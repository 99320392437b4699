#include "journal_lab.h"

#define HOSTS LAB_SMALL

static void steps_behind_the_image_are_replayed_at_the_next_start(void **unused) {
	(void)unused;
	const unsigned sizes[] = { LAB_SMALL, LAB_LARGE };
	for (int i = 0; i < 2; i++) {
		struct lab lab;
		lab_init(&lab);
		lab_save_image(&lab, 7, 7, sizes[i], &lab_bounds);
		assert_int_equal(lab_save_step(&lab, 7, 8, sizes[i], &lab_bounds).error, OK);
		assert_int_equal(lab_save_step(&lab, 8, 9, sizes[i], &lab_bounds).error, OK);
		assert_history(&lab, "7-8 8-9");
		assert_restart(&lab, 9, sizes[i], i ? "" : "7-8 8-9"); /* large ones are not kept in memory */
		lab_done(&lab);
	}
}

static void image_with_its_step_goes_on_with_the_history(void **unused) {
	(void)unused;
	struct lab lab;
	lab_init(&lab);
	lab_save_image(&lab, 7, 7, HOSTS, &lab_bounds);
	lab_save_image(&lab, 7, 8, HOSTS, &lab_bounds);
	assert_int_equal(lab_save_step(&lab, 8, 9, HOSTS, &lab_bounds).error, OK);
	lab_save_image(&lab, 9, 10, HOSTS, &lab_bounds);
	assert_history(&lab, "7-8 8-9 9-10");
	assert_restart(&lab, 10, HOSTS, "7-8 8-9 9-10");
	lab_done(&lab);
}

static void image_whose_way_is_not_known_ends_the_history(void **unused) {
	(void)unused;
	struct lab lab;
	lab_init(&lab);
	lab_save_image(&lab, 7, 7, HOSTS, &lab_bounds);
	assert_int_equal(lab_save_step(&lab, 7, 8, HOSTS, &lab_bounds).error, OK);
	lab_save_image(&lab, 9, 9, HOSTS, &lab_bounds);
	assert_history(&lab, "");
	assert_restart(&lab, 9, HOSTS, "");
	lab_save_image(&lab, 9, 10, HOSTS, &lab_bounds);
	lab_save_image(&lab, 20, 21, HOSTS, &lab_bounds); /* begins elsewhere */
	assert_history(&lab, "20-21");
	lab_done(&lab);
}

static void step_that_does_not_follow_is_refused(void **unused) {
	(void)unused;
	struct lab lab;
	lab_init(&lab);
	assert_int_equal(lab_save_step(&lab, 7, 8, HOSTS, &lab_bounds).error, ERR_STALE);
	lab_save_image(&lab, 7, 7, HOSTS, &lab_bounds);
	assert_int_equal(lab_save_step(&lab, 6, 8, HOSTS, &lab_bounds).error, ERR_STALE);
	assert_restart(&lab, 7, HOSTS, "");
	lab_done(&lab);
}

static void bounds_drop_the_oldest_steps(void **unused) {
	(void)unused;
	struct history_bounds few = { .versions = 3, .bytes = 1 << 20 };
	struct lab lab;
	lab_init(&lab);
	lab_save_image(&lab, 7, 7, HOSTS, &few);
	for (uint32_t serial = 8; serial < 15; serial++)
		lab_save_image(&lab, serial - 1, serial, HOSTS, &few);
	assert_history(&lab, "11-12 12-13 13-14");

	struct change *step = lab_step(13, 14, HOSTS);
	struct history_bounds short_ones = { .versions = 100, .bytes = 5 * change_bytes(step) / 2 };
	change_unref(step);
	lab_save_image(&lab, 14, 15, HOSTS, &short_ones);
	assert_history(&lab, "13-14 14-15");

	struct history_bounds young = { .versions = 100, .bytes = 1 << 20, .age_s = 1 };
	lab_save_image(&lab, 15, 16, HOSTS, &young); /* came at 1016; 14-15 at 1015 */
	assert_history(&lab, "14-15 15-16");

	struct history_bounds none = { .bytes = 1 << 20 };
	lab_save_image(&lab, 16, 17, HOSTS, &none);
	assert_history(&lab, "");
	assert_restart(&lab, 17, HOSTS, "");
	lab_done(&lab);
}

static void steps_behind_the_image_are_never_trimmed(void **unused) {
	(void)unused;
	struct history_bounds one = { .versions = 1, .bytes = 1, .age_s = 1 };
	struct lab lab;
	lab_init(&lab);
	lab_save_image(&lab, 7, 7, HOSTS, &one);
	for (uint32_t serial = 8; serial < 12; serial++)
		assert_int_equal(lab_save_step(&lab, serial - 1, serial, HOSTS, &one).error, OK);
	assert_history(&lab, "7-8 8-9 9-10 10-11");
	assert_restart(&lab, 11, HOSTS, "7-8 8-9 9-10 10-11");
	lab_done(&lab);
}

static void many_steps_want_an_image_and_then_demand_one(void **unused) {
	(void)unused;
	struct lab lab;
	bool wanted = false;
	uint32_t serial = 7;
	struct store_outcome outcome = { .error = OK };
	lab_init(&lab);
	lab_save_image(&lab, 7, 7, 300, &lab_bounds);
	while (serial < 100) {
		outcome = lab_save_step(&lab, serial, serial + 1, 300, &lab_bounds);
		if (outcome.error != OK) break;
		wanted |= outcome.wants_image;
		serial++;
	}
	assert_true(wanted);
	assert_int_equal(outcome.error, ERR_LIMIT);
	char steps[200];
	struct lab_loaded l = lab_restart(&lab, 0, steps);
	assert_is_version(l.version, serial, 300);
	version_unref(l.version);
	lab_save_image(&lab, serial, serial + 1, 300, &lab_bounds);
	outcome = lab_save_step(&lab, serial + 1, serial + 2, 300, &lab_bounds);
	assert_int_equal(outcome.error, OK);
	assert_false(outcome.wants_image);
	lab_done(&lab);
}

/* Save the image of a serial on the way; the steps behind it stay. */
static enum err save_image_of(struct lab *lab, uint32_t serial, unsigned hosts) {
	struct name name = lab_name(LAB_ZONE);
	struct zone_version *v = lab_zone(LAB_ZONE, serial, hosts), *saved;
	struct store_outcome outcome;
	struct why why;
	struct store_batch *b = store_batch_new(lab->store);
	assert_int_equal(store_batch_image(b, name.wire, v, &saved, &outcome), OK);
	assert_int_equal(store_batch_commit(b, &why), OK);
	version_unref(saved);
	version_unref(v);
	return outcome.error;
}

static void image_of_a_version_on_the_way_leaves_what_came_after(void **unused) {
	(void)unused;
	char path[128];
	struct lab lab;
	lab_init(&lab);
	lab_save_image(&lab, 7, 7, LAB_LARGE, &lab_bounds);
	assert_int_equal(lab_save_step(&lab, 7, 8, LAB_LARGE, &lab_bounds).error, OK);
	assert_int_equal(save_image_of(&lab, 8, LAB_LARGE), OK);
	assert_int_equal(lab_save_step(&lab, 8, 9, LAB_LARGE, &lab_bounds).error, OK);
	assert_int_equal(lab_files(&lab, path), 1);
	assert_restart(&lab, 9, LAB_LARGE, "");
	assert_history(&lab, "7-8 8-9");
	assert_int_equal(save_image_of(&lab, 7, LAB_LARGE), ERR_STALE); /* before the image */
	assert_int_equal(save_image_of(&lab, 8, LAB_LARGE), OK);
	assert_int_equal(lab_files(&lab, path), 1);
	assert_restart(&lab, 9, LAB_LARGE, "");
	lab_done(&lab);
}

static void removed_zone_takes_its_history_along(void **unused) {
	(void)unused;
	struct lab lab;
	struct why why;
	struct name name = lab_name(LAB_ZONE);
	lab_init(&lab);
	lab_save_image(&lab, 7, 7, HOSTS, &lab_bounds);
	assert_int_equal(lab_save_step(&lab, 7, 8, HOSTS, &lab_bounds).error, OK);
	struct store_batch *b = store_batch_new(lab.store);
	assert_int_equal(store_batch_remove(b, name.wire), OK);
	assert_int_equal(store_batch_commit(b, &why), OK);
	assert_history(&lab, "");
	lab_save_image(&lab, 8, 8, HOSTS, &lab_bounds);
	assert_history(&lab, "");
	assert_restart(&lab, 8, HOSTS, "");
	lab_done(&lab);
}

static void state_alone_leaves_the_journal_in_place(void **unused) {
	(void)unused;
	struct lab lab;
	struct why why;
	struct name name = lab_name(LAB_ZONE);
	struct zone_state state = { .checked_s = 4711 };
	lab_init(&lab);
	lab_save_image(&lab, 7, 7, HOSTS, &lab_bounds);
	assert_int_equal(lab_save_step(&lab, 7, 8, HOSTS, &lab_bounds).error, OK);
	struct store_batch *b = store_batch_new(lab.store);
	assert_int_equal(store_batch_state(b, name.wire, &state), OK);
	assert_int_equal(store_batch_commit(b, &why), OK);
	assert_restart(&lab, 8, HOSTS, "7-8");
	lab_done(&lab);
}

static void set_state(struct lab *lab, const struct zone_state *state) {
	struct name name = lab_name(LAB_ZONE);
	struct why why;
	struct store_batch *b = store_batch_new(lab->store);
	assert_int_equal(store_batch_state(b, name.wire, state), OK);
	assert_int_equal(store_batch_commit(b, &why), OK);
}

static void rollback_survives_a_restart(void **unused) {
	(void)unused;
	/* Serials 7 … 10; the image is at 9. */
	const struct {
		uint32_t serial;
		const char *history;
	} rows[] = { { 10, "7-8 8-9 9-10" }, { 9, "7-8 8-9" }, { 8, "7-8" }, { 7, "" } };
	for (int i = 0; i < 4; i++) {
		struct lab lab;
		char steps[200];
		struct zone_state state = { .held = true,
			                    .has_rollback = true,
			                    .held_serial = rows[i].serial };
		lab_init(&lab);
		lab_save_image(&lab, 7, 7, HOSTS, &lab_bounds);
		lab_save_image(&lab, 7, 8, HOSTS, &lab_bounds);
		lab_save_image(&lab, 8, 9, HOSTS, &lab_bounds);
		assert_int_equal(lab_save_step(&lab, 9, 10, HOSTS, &lab_bounds).error, OK);
		set_state(&lab, &state);
		struct lab_loaded l = lab_restart(&lab, 1 << 20, steps);
		assert_is_version(l.version, rows[i].serial, HOSTS);
		assert_string_equal(steps, rows[i].history);
		assert_true(l.state.held && l.state.has_rollback);
		assert_int_equal(l.state.held_serial, rows[i].serial);
		assert_int_equal(l.state.serial, 10); /* what is saved is not changed by it */
		version_unref(l.version);
		state.has_rollback = false;
		set_state(&lab, &state);
		assert_restart(&lab, 10, HOSTS, "7-8 8-9 9-10");
		lab_done(&lab);
	}
}

static void rollback_beyond_the_history_is_told(void **unused) {
	(void)unused;
	struct lab lab;
	char steps[200];
	struct zone_state state = { .held = true, .has_rollback = true, .held_serial = 5, .refresh_s = 9 };
	lab_init(&lab);
	lab_save_image(&lab, 7, 7, HOSTS, &lab_bounds);
	lab_save_image(&lab, 7, 8, HOSTS, &lab_bounds);
	set_state(&lab, &state);
	struct lab_loaded l = lab_restart(&lab, 1 << 20, steps);
	assert_is_version(l.version, 8, HOSTS);
	assert_true(l.state.held && !l.state.has_rollback);
	assert_int_equal(l.state.why.reason, REASON_STORE_DAMAGED);
	assert_non_null(strstr(l.state.why.evidence, "serial 5"));
	version_unref(l.version);
	lab_done(&lab);
}

static void steps_are_read_from_serial_to_serial(void **unused) {
	(void)unused;
	struct lab lab;
	struct name name = lab_name("EXAMPLE.com");
	struct changes *c;
	lab_init(&lab);
	lab_save_image(&lab, 7, 7, HOSTS, &lab_bounds);
	for (uint32_t serial = 8; serial < 12; serial++)
		lab_save_image(&lab, serial - 1, serial, HOSTS, &lab_bounds);
	assert_int_equal(store_read_steps(lab.store, name.wire, 8, 10, 1 << 20, &c), OK);
	assert_int_equal(c->count, 2);
	assert_int_equal(c->steps[0]->from, 8);
	assert_int_equal(c->steps[1]->to, 10);
	struct zone_version *v = lab_zone(LAB_ZONE, 8, HOSTS), *next;
	struct builder_limits limits = { 0 };
	struct why why;
	assert_int_equal(version_apply(v, c->steps, 2, APPLY_FORWARD, &limits, &next, &why), OK);
	assert_is_version(next, 10, HOSTS);
	version_unref(next);
	version_unref(v);
	changes_unref(c);
	assert_int_equal(store_read_steps(lab.store, name.wire, 10, 8, 1 << 20, &c), ERR_NOTFOUND);
	assert_int_equal(store_read_steps(lab.store, name.wire, 6, 8, 1 << 20, &c), ERR_NOTFOUND);
	assert_int_equal(store_read_steps(lab.store, name.wire, 7, 11, 100, &c), ERR_LIMIT);
	struct name other = lab_name("example.org");
	assert_int_equal(store_read_steps(lab.store, other.wire, 7, 8, 1 << 20, &c), ERR_NOTFOUND);
	lab_done(&lab);
}

static void history_in_memory_has_a_bound_for_all_zones(void **unused) {
	(void)unused;
	struct lab lab;
	char steps[200];
	lab_init(&lab);
	lab_save_image(&lab, 7, 7, HOSTS, &lab_bounds);
	for (uint32_t serial = 8; serial < 12; serial++)
		lab_save_image(&lab, serial - 1, serial, HOSTS, &lab_bounds);
	struct change *step = lab_step(10, 11, HOSTS);
	struct lab_loaded l = lab_restart(&lab, 2 * change_bytes(step) + 1, steps);
	assert_string_equal(steps, "9-10 10-11");
	version_unref(l.version);
	l = lab_restart(&lab, 0, steps);
	assert_string_equal(steps, "");
	version_unref(l.version);
	change_unref(step);
	lab_done(&lab);
}

static void version_remembers_the_steps_that_led_to_it(void **unused) {
	(void)unused;
	struct lab lab;
	struct zone_version *a = lab_zone(LAB_ZONE, 8, HOSTS), *b = lab_zone(LAB_ZONE, 9, HOSTS);
	struct change *first = lab_step(7, 8, HOSTS), *second = lab_step(8, 9, HOSTS);
	struct store_steps steps = { &first, 1, lab_bounds };
	lab_init(&lab);
	store_remember(lab.store, a, NULL, &steps);
	assert_null(a->changes); /* no memory was given */
	store_set_history_memory(lab.store, change_bytes(first) + change_bytes(second));
	store_remember(lab.store, a, NULL, &steps);
	assert_int_equal(a->changes->count, 1);
	steps.steps = &second;
	store_remember(lab.store, b, a->changes, &steps);
	assert_int_equal(b->changes->count, 2);
	version_unref(a);
	version_unref(b);
	change_unref(first);
	change_unref(second);
	lab_done(&lab);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_behind_the_image_are_replayed_at_the_next_start),
		cmocka_unit_test(image_with_its_step_goes_on_with_the_history),
		cmocka_unit_test(image_whose_way_is_not_known_ends_the_history),
		cmocka_unit_test(step_that_does_not_follow_is_refused),
		cmocka_unit_test(bounds_drop_the_oldest_steps),
		cmocka_unit_test(steps_behind_the_image_are_never_trimmed),
		cmocka_unit_test(many_steps_want_an_image_and_then_demand_one),
		cmocka_unit_test(image_of_a_version_on_the_way_leaves_what_came_after),
		cmocka_unit_test(removed_zone_takes_its_history_along),
		cmocka_unit_test(state_alone_leaves_the_journal_in_place),
		cmocka_unit_test(rollback_survives_a_restart),
		cmocka_unit_test(rollback_beyond_the_history_is_told),
		cmocka_unit_test(steps_are_read_from_serial_to_serial),
		cmocka_unit_test(history_in_memory_has_a_bound_for_all_zones),
		cmocka_unit_test(version_remembers_the_steps_that_led_to_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

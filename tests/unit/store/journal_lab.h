/* Zones that go from serial to serial, and what the store makes of the steps. */
#ifndef UNDERSTUDY_TESTS_STORE_JOURNAL_LAB_H
#define UNDERSTUDY_TESTS_STORE_JOURNAL_LAB_H

#include "lab.h"

#include "zone/apply.h"

#define LAB_ZONE "example.com"

static const struct history_bounds lab_bounds = { .versions = 100, .bytes = 1 << 20, .age_s = 0 };

/* The difference of two serials of one zone (lab_zone: every address differs). */
static inline struct change *lab_step_of(const char *zone, uint32_t from, uint32_t to, unsigned hosts) {
	struct zone_version *a = lab_zone(zone, from, hosts), *b = lab_zone(zone, to, hosts);
	struct change *c = NULL;
	assert_int_equal(version_diff(a, b, 0, 1000 + to, &c), OK);
	version_unref(a);
	version_unref(b);
	return c;
}

static inline struct change *lab_step(uint32_t from, uint32_t to, unsigned hosts) {
	return lab_step_of(LAB_ZONE, from, to, hosts);
}

static inline struct zone_state lab_state(uint32_t serial) {
	return (struct zone_state){ .checked_s = 1000 + serial, .serial = serial, .has_version = true };
}

/* Save the step to a serial in delta form. */
static inline struct store_outcome lab_save_step(struct lab *lab, uint32_t from, uint32_t to, unsigned hosts,
                                                 const struct history_bounds *bounds) {
	struct name name = lab_name(LAB_ZONE);
	struct change *step = lab_step(from, to, hosts);
	struct store_steps steps = { &step, 1, *bounds };
	struct zone_state state = lab_state(to);
	struct store_outcome outcome = { .error = ERR_FAULT };
	struct why why;
	struct store_batch *b = store_batch_new(lab->store);
	assert_int_equal(store_batch_step(b, name.wire, &state, &steps, &outcome), OK);
	assert_int_equal(store_batch_commit(b, &why), OK);
	change_unref(step);
	return outcome;
}

/* Save a whole image of a zone with the step that led to it; from == to: with none. */
static inline void lab_save_image_of(struct lab *lab, const char *zone, uint32_t from, uint32_t to,
                                     unsigned hosts, const struct history_bounds *bounds) {
	struct name name = lab_name(zone);
	struct zone_version *v = lab_zone(zone, to, hosts), *saved;
	struct change *step = from == to ? NULL : lab_step_of(zone, from, to, hosts);
	struct store_steps steps = { &step, 1, *bounds };
	struct zone_state state = lab_state(to);
	struct why why;
	struct store_batch *b = store_batch_new(lab->store);
	assert_int_equal(store_batch_put(b, name.wire, &state, v, step ? &steps : NULL, &saved), OK);
	assert_int_equal(store_batch_commit(b, &why), OK);
	change_unref(step);
	version_unref(saved);
	version_unref(v);
}

static inline void lab_save_image(struct lab *lab, uint32_t from, uint32_t to, unsigned hosts,
                                  const struct history_bounds *bounds) {
	lab_save_image_of(lab, LAB_ZONE, from, to, hosts, bounds);
}

/* The serials that the history names, oldest first: "7-8 8-9". */
static inline void lab_list_step(void *ctx, const struct history_step *step) {
	char *text = ctx;
	size_t len = strlen(text);
	snprintf(text + len, 200 - len, "%s%u-%u", len ? " " : "", step->from, step->to);
}
#define assert_history(lab, expected)                                                                        \
	do {                                                                                                 \
		char text[200] = "";                                                                         \
		struct name zone = lab_name(LAB_ZONE);                                                       \
		assert_int_equal(store_history((lab)->store, zone.wire, lab_list_step, text), OK);           \
		assert_string_equal(text, expected);                                                         \
	} while (0)

/* v is the version that lab_zone makes for the serial. */
static inline void assert_is_version(const struct zone_version *v, uint32_t serial, unsigned hosts) {
	struct zone_version *expected = lab_zone(LAB_ZONE, serial, hosts);
	struct change *c;
	assert_non_null(v);
	assert_int_equal(version_serial(v), serial);
	assert_int_equal(version_diff(expected, v, 0, 0, &c), OK);
	assert_int_equal(c->count[0] + c->count[1], 2); /* the SOAs alone */
	change_unref(c);
	version_unref(expected);
}

/* A start: the version served, and the steps in memory as text. */
static inline struct lab_loaded lab_restart(struct lab *lab, uint64_t memory_bytes, char steps[static 200]) {
	lab_reopen(lab);
	store_set_history_memory(lab->store, memory_bytes);
	struct lab_loaded l = { .name = lab_name(LAB_ZONE) };
	assert_int_equal(load_all(lab->store, lab_keep, &l), OK);
	steps[0] = '\0';
	const struct changes *c = l.version ? l.version->changes : NULL;
	for (unsigned i = 0; c && i < c->count; i++) {
		struct history_step step = { .from = c->steps[i]->from, .to = c->steps[i]->to };
		lab_list_step(steps, &step);
	}
	return l;
}

#define assert_restart(lab, number, hosts, history)                                                          \
	do {                                                                                                 \
		char restart_steps[200];                                                                     \
		struct lab_loaded loaded = lab_restart((lab), 1 << 20, restart_steps);                       \
		assert_is_version(loaded.version, (number), (hosts));                                        \
		assert_int_equal(loaded.state.serial, (number));                                             \
		assert_string_equal(restart_steps, history);                                                 \
		assert_int_equal(loaded.state.why.reason, REASON_NONE);                                      \
		version_unref(loaded.version);                                                               \
	} while (0)

#endif

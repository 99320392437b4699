/* The journal against a model: a random sequence of versions saved whole, as steps, as images of an earlier one, of
 * states, removals, rollbacks and restarts; after each restart the version served, the history listed and the steps in
 * memory are what the model says. */
#include "journal_lab.h"

#include "base/random.h"

enum { ROUNDS = 12, ACTIONS = 60, SERIALS = 400 };

#define KEPT 6 /* history-versions */

/* The chain is the serials first … last of `serials`, an unbroken way; the image is the version at place `image`. */
struct model {
	uint32_t serials[SERIALS];
	unsigned first, image, last;
	bool exists;
	bool rolled_back;
	uint32_t held_serial;
};

struct run {
	struct lab lab;
	struct model model;
	struct random random;
	uint32_t next_serial;
};

static unsigned hosts_of(uint32_t serial) {
	return 1 + serial % 5;
}

static struct zone_version *make(uint32_t serial) {
	return lab_zone(LAB_ZONE, serial, hosts_of(serial));
}

static struct change *step_between(uint32_t from, uint32_t to) {
	struct zone_version *a = make(from), *b = make(to);
	struct change *c;
	assert_int_equal(version_diff(a, b, 0, 1000, &c), OK);
	version_unref(a);
	version_unref(b);
	return c;
}

static void trim(struct model *m) {
	unsigned kept = m->last - m->first, behind = m->last - m->image;
	while (kept > KEPT && kept > behind) {
		m->first++;
		kept--;
	}
}

static struct zone_state state_of(const struct run *run) {
	return (struct zone_state){ .has_version = true,
		                    .held = run->model.rolled_back,
		                    .has_rollback = run->model.rolled_back,
		                    .held_serial = run->model.rolled_back ? run->model.held_serial : 0 };
}

static void commit(struct store_batch *b) {
	struct why why;
	assert_int_equal(store_batch_commit(b, &why), OK);
}

/* A further version; whole or as its step, with or without the way to it. */
static void save_next(struct run *run, bool whole, bool way_known) {
	struct model *m = &run->model;
	struct name name = lab_name(LAB_ZONE);
	uint32_t from = m->exists ? m->serials[m->last] : 0, to = run->next_serial++;
	const struct history_bounds bounds = { .versions = KEPT, .bytes = 1 << 20 };
	struct zone_state state = state_of(run);
	struct change *step = m->exists && way_known ? step_between(from, to) : NULL;
	struct store_steps steps = { &step, 1, bounds };
	struct store_batch *b = store_batch_new(run->lab.store);
	if (whole || !step) {
		struct zone_version *v = make(to), *saved;
		assert_int_equal(store_batch_put(b, name.wire, &state, v, step ? &steps : NULL, &saved), OK);
		version_unref(saved);
		version_unref(v);
		commit(b);
	} else {
		struct store_outcome outcome;
		assert_int_equal(store_batch_step(b, name.wire, &state, &steps, &outcome), OK);
		commit(b);
		assert_int_equal(outcome.error, OK);
	}
	m->last = m->exists ? m->last + 1 : 0;
	m->serials[m->last] = to;
	if (!step) m->first = m->last;
	if (whole || !step) m->image = m->last;
	m->exists = true;
	trim(m);
	change_unref(step);
}

static void save_image_on_the_way(struct run *run) {
	struct model *m = &run->model;
	struct name name = lab_name(LAB_ZONE);
	unsigned place = m->image + random_below(&run->random, m->last - m->image + 1);
	struct zone_version *v = make(m->serials[place]), *saved;
	struct store_outcome outcome;
	struct store_batch *b = store_batch_new(run->lab.store);
	assert_int_equal(store_batch_image(b, name.wire, v, &saved, &outcome), OK);
	commit(b);
	assert_int_equal(outcome.error, OK);
	m->image = place;
	version_unref(saved);
	version_unref(v);
}

static void save_state(struct run *run) {
	struct model *m = &run->model;
	struct name name = lab_name(LAB_ZONE);
	m->rolled_back = random_below(&run->random, 2);
	m->held_serial = m->serials[m->first + random_below(&run->random, m->last - m->first + 1)];
	struct zone_state state = state_of(run);
	struct store_batch *b = store_batch_new(run->lab.store);
	assert_int_equal(store_batch_state(b, name.wire, &state), OK);
	commit(b);
}

static void remove_zone(struct run *run) {
	struct name name = lab_name(LAB_ZONE);
	struct store_batch *b = store_batch_new(run->lab.store);
	assert_int_equal(store_batch_remove(b, name.wire), OK);
	commit(b);
	run->model = (struct model){ 0 };
}

static unsigned place_served(const struct model *m) {
	if (!m->rolled_back) return m->last;
	for (unsigned place = m->last; place > m->first; place--)
		if (m->serials[place] == m->held_serial) return place;
	return m->serials[m->first] == m->held_serial ? m->first : m->last;
}

static void history_text(const struct model *m, unsigned to, char text[static 400]) {
	text[0] = '\0';
	for (unsigned i = m->first; m->exists && i < to; i++) {
		struct history_step step = { .from = m->serials[i], .to = m->serials[i + 1] };
		lab_list_step(text, &step);
	}
}

static void restart(struct run *run) {
	struct model *m = &run->model;
	char steps[400], expected[400];
	history_text(m, m->last, expected);
	assert_history(&run->lab, expected);
	struct lab_loaded l = lab_restart(&run->lab, 1 << 20, steps);
	assert_int_equal(l.found, m->exists);
	if (!m->exists) return;
	unsigned place = place_served(m);
	assert_is_version(l.version, m->serials[place], hosts_of(m->serials[place]));
	history_text(m, place, expected);
	assert_string_equal(steps, expected);
	assert_int_equal(l.state.serial, m->serials[m->last]);
	version_unref(l.version);
	history_text(m, m->last, expected);
	assert_history(&run->lab, expected);
}

static void act(struct run *run) {
	unsigned action = random_below(&run->random, 100);
	if (!run->model.exists || action < 15)
		save_next(run, true, true);
	else if (action < 60)
		save_next(run, false, true);
	else if (action < 65)
		save_next(run, true, false);
	else if (action < 75)
		save_image_on_the_way(run);
	else if (action < 83)
		save_state(run);
	else if (action < 86)
		remove_zone(run);
	else
		restart(run);
}

static void journal_is_what_the_model_says(void **unused) {
	(void)unused;
	const char *given = getenv("SEED");
	struct random secure = random_secure();
	uint64_t seed = given ? strtoull(given, NULL, 10) : random_u64(&secure) % 1000000;
	print_message("SEED=%llu\n", (unsigned long long)seed);
	for (int round = 0; round < ROUNDS; round++) {
		struct run run = { .random = random_seeded(seed + (uint64_t)round), .next_serial = 1 };
		lab_init(&run.lab);
		for (int i = 0; i < ACTIONS; i++)
			act(&run);
		restart(&run);
		lab_done(&run.lab);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = { cmocka_unit_test(journal_is_what_the_model_says) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* When a whole image is made of a zone's layers, and that the wish for one is not forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "transfer/followed.h"
#include "transfer/merger.h"
#include "transfer_lab.h"
#include "zone/apply.h"
#include "zone_make.h"

#define ZONE "example.net."
#define HOSTS 3000 /* large enough for layers */
#define BASE 10    /* serial of the image that is saved */

static struct transfer_lab lab;

static bool is_active(struct transfer_lab *l, void *ctx) {
	return strcmp(lab_report(l, ctx).state, "active") == 0;
}

static struct followed *followed(struct transfer_lab *l) {
	return followed_of(table_find(l->table, lab_name(ZONE).wire));
}

static struct zone_version *large(uint32_t serial) {
	char owner[64], address[32];
	struct builder *b = make_zone(ZONE, serial);
	for (unsigned i = 0; i < HOSTS; i++) {
		snprintf(owner, sizeof(owner), "h%u." ZONE, i);
		make_a(b, owner, "192.0.2.1");
	}
	snprintf(address, sizeof(address), "198.51.100.%u", serial % 256);
	make_a(b, "www." ZONE, address);
	return make_done(b);
}

struct saving {
	struct save save; /* first: the saver hands it back */
	uint32_t serial;
	bool told;
};

static bool prepare(struct save *s) {
	s->state = (struct zone_state){ .checked_s = clock_now().wall_s,
		                        .serial = ((struct saving *)s)->serial,
		                        .has_version = true };
	return true;
}

static void on_told(struct save *s) {
	assert_int_equal(s->error, OK);
	version_unref(s->saved);
	((struct saving *)s)->told = true;
}

static bool is_told(struct transfer_lab *l, void *ctx) {
	(void)l;
	return ((struct saving *)ctx)->told;
}

static void save(struct transfer_lab *l, struct saving *s) {
	s->save.name = followed(l)->name;
	s->save.prepare = prepare;
	s->save.told = on_told;
	saver_add(l->t->saver, &s->save);
	assert_true(lab_run(l, is_told, s));
}

static void serve(struct transfer_lab *l, struct zone_version *v) {
	struct followed *z = followed(l);
	version_unref(z->version);
	z->version = v;
	z->follow.serial = z->committed = version_serial(v);
	steps_publish(z, v, ZONE_SERVED);
}

/* The next serial, as differences of the one served, in the store and in service. */
static void step(struct transfer_lab *l) {
	static const struct builder_limits no_limits = { 0 };
	struct followed *z = followed(l);
	uint32_t serial = version_serial(z->version);
	struct zone_version *a = large(serial), *b = large(serial + 1), *next = NULL;
	struct change *c = NULL;
	struct why why;
	assert_int_equal(version_diff(a, b, 0, 0, &c), OK);
	assert_int_equal(version_apply(z->version, &c, 1, APPLY_FORWARD, &no_limits, &next, &why), OK);
	struct saving s = { .save = { .kind = SAVE_STEPS, .steps = { &c, 1, { 100, 1 << 20, 0 } } },
		            .serial = serial + 1 };
	save(l, &s);
	serve(l, next);
	change_unref(c);
	version_unref(a);
	version_unref(b);
}

static int setup(void **state) {
	struct transfer_lab *l = *state = &lab;
	lab_begin(l);
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	p->checks.max_shrink = 50;
	lab_add(l, ZONE, p);
	policy_unref(p);
	if (!lab_run(l, is_active, (void *)(uintptr_t)ZONE)) return 1;
	struct zone_version *v = large(BASE);
	struct saving s = { .save = { .kind = SAVE_VERSION, .version = v }, .serial = BASE };
	save(l, &s);
	serve(l, v);
	step(l);
	assert_false(version_is_whole(followed(l)->version));
	return 0;
}

static int teardown(void **state) {
	lab_end(*state);
	return 0;
}

static bool is_idle(struct transfer_lab *l, void *ctx) {
	(void)ctx;
	return merger_is_idle(l->t->merger);
}

static bool is_whole(struct transfer_lab *l, void *ctx) {
	(void)ctx;
	return merger_is_idle(l->t->merger) && version_is_whole(followed(l)->version);
}

static void assert_gets_whole(struct transfer_lab *l, uint32_t serial) {
	assert_true(lab_run(l, is_whole, NULL));
	assert_int_equal(version_serial(followed(l)->version), serial);
	assert_false(followed(l)->wants_image);
	assert_null(followed(l)->merging);
}

static void a_wish_is_kept_while_a_version_is_being_saved(void **state) {
	struct transfer_lab *l = *state;
	struct followed *z = followed(l);
	z->follow.state = FOLLOW_SAVING;
	merger_look(l->t->merger, z, true);
	assert_true(merger_is_idle(l->t->merger)); /* it would not be saved: no work for nothing */
	z->follow.state = FOLLOW_WAITING;
	merger_look(l->t->merger, z, false);
	assert_gets_whole(l, BASE + 1);
}

static void an_image_that_met_a_save_is_made_when_the_save_is_over(void **state) {
	struct transfer_lab *l = *state;
	struct followed *z = followed(l);
	merger_look(l->t->merger, z, true);
	assert_false(merger_is_idle(l->t->merger));
	z->follow.state = FOLLOW_SAVING;
	assert_true(lab_run(l, is_idle, NULL));
	assert_false(version_is_whole(z->version));
	z->follow.state = FOLLOW_WAITING;
	merger_look(l->t->merger, z, false);
	assert_gets_whole(l, BASE + 1);
}

static void a_wish_during_a_merge_of_deltas_is_kept(void **state) {
	struct transfer_lab *l = *state;
	struct followed *z = followed(l);
	while (version_merge_need(z->version) == MERGE_NOT) {
		version_merge_keep(z->version); /* or steps are laid together at once */
		step(l);
	}
	uint32_t serial = version_serial(z->version);
	assert_int_equal(version_merge_need(z->version), MERGE_DELTAS);
	merger_look(l->t->merger, z, false);
	assert_false(merger_is_idle(l->t->merger));
	merger_look(l->t->merger, z, true);
	assert_gets_whole(l, serial);
}

static void a_refused_version_lets_the_image_be_made(void **state) {
	struct transfer_lab *l = *state;
	followed(l)->wants_image = true; /* and a save was in its way */
	l->primary.serial = 100;         /* a handful of names: the guard will not have it */
	assert_int_equal(transfer_refresh(l->t, lab_name(ZONE).wire), OK);
	assert_gets_whole(l, BASE + 1);
	assert_int_equal(lab_report(l, ZONE).saved.why.reason, REASON_SHRUNK);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_wish_is_kept_while_a_version_is_being_saved),
		TEST(an_image_that_met_a_save_is_made_when_the_save_is_over),
		TEST(a_wish_during_a_merge_of_deltas_is_kept),
		TEST(a_refused_version_lets_the_image_be_made),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

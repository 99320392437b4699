/* Steps are told when they are written ahead, while the store still commits. */
#include "../store/journal_lab.h"

#include "base/fault.h"
#include "transfer/saver.h"

#define HOSTS 3

struct early {
	struct lab lab;
	uv_loop_t loop;
	struct saver *saver;
	struct name name;
};

struct step_save {
	struct save save; /* first: the saver hands it back */
	struct early *early;
	struct change *step;
	struct step_save *next; /* added when this one is told; NULL: none */
	enum err told;
};

static void ignore_closed(void *ctx) {
	(void)ctx;
}

static int setup(void **state) {
	struct early *e = calloc(1, sizeof(*e));
	assert_non_null(e);
	lab_init(&e->lab);
	lab_save_image(&e->lab, 7, 7, HOSTS, &lab_bounds);
	assert_int_equal(uv_loop_init(&e->loop), 0);
	e->saver = saver_new(&e->loop, e->lab.store, NULL);
	e->name = lab_name(LAB_ZONE);
	*state = e;
	return 0;
}

/* What is still to be committed is. */
static void end_saver(struct early *e) {
	if (!e->saver) return;
	saver_close(e->saver, ignore_closed, NULL);
	(void)uv_run(&e->loop, UV_RUN_DEFAULT); /* nothing is left to do in the end */
	saver_free(e->saver);
	e->saver = NULL;
}

static int teardown(void **state) {
	struct early *e = *state;
	end_saver(e);
	assert_int_equal(uv_loop_close(&e->loop), 0);
	lab_done(&e->lab);
	free(e);
	return 0;
}

static bool wanted(struct save *s) {
	(void)s;
	return true;
}

static void on_told(struct save *s) {
	struct step_save *step = (struct step_save *)s;
	step->told = s->error;
	if (step->next) saver_add(step->early->saver, &step->next->save);
}

static void step_save_init(struct step_save *s, struct early *e, uint32_t from, struct step_save *next) {
	*s = (struct step_save){ .early = e, .next = next, .told = ERR_FAULT };
	s->step = lab_step(from, from + 1, HOSTS);
	s->save = (struct save){ .kind = SAVE_STEPS,
		                 .name = e->name.wire,
		                 .state = lab_state(from + 1),
		                 .prepare = wanted,
		                 .told = on_told };
	s->save.steps = (struct store_steps){ &s->step, 1, lab_bounds };
}

static void step_is_told_before_the_job_ends(void **state) {
	struct early *e = *state;
	struct step_save first, second;
	step_save_init(&second, e, 8, NULL);
	step_save_init(&first, e, 7, &second);
	saver_add(e->saver, &first.save);
	(void)uv_run(&e->loop, UV_RUN_DEFAULT);
	assert_int_equal(first.told, OK);
	assert_false(first.save.wants_image);
	assert_int_equal(second.told, OK); /* in a job of its own */
	assert_true(saver_is_idle(e->saver));
	assert_int_equal(saver_count(e->saver), 2);
	end_saver(e);
	assert_restart(&e->lab, 9, HOSTS, "7-8 8-9");
	change_unref(first.step);
	change_unref(second.step);
}

/* Whether the database can commit it at once is not what it waits for. */
static void step_that_is_written_ahead_is_saved(void **state) {
	struct early *e = *state;
	struct step_save step;
	step_save_init(&step, e, 7, NULL);
	fault_arm("store-commit", 1);
	saver_add(e->saver, &step.save);
	(void)uv_run(&e->loop, UV_RUN_DEFAULT);
	assert_int_equal(step.told, OK);
	end_saver(e);
	fault_arm(NULL, 0);
	assert_restart(&e->lab, 8, HOSTS, "7-8");
	change_unref(step.step);
}

static void step_that_does_not_follow_is_told_so(void **state) {
	struct early *e = *state;
	struct step_save step;
	step_save_init(&step, e, 8, NULL);
	saver_add(e->saver, &step.save);
	(void)uv_run(&e->loop, UV_RUN_DEFAULT);
	assert_int_equal(step.told, ERR_STALE);
	assert_int_equal(step.save.why.reason, REASON_STORE_FAILED);
	end_saver(e);
	assert_restart(&e->lab, 7, HOSTS, "");
	change_unref(step.step);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(step_is_told_before_the_job_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(step_that_is_written_ahead_is_saved, setup, teardown),
		cmocka_unit_test_setup_teardown(step_that_does_not_follow_is_told_so, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

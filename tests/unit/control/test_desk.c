#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "control/desk.h"

struct lab {
	uv_loop_t loop;
	struct desk *desk;
	sem_t go;
	_Atomic unsigned run;
	unsigned back, skipped, order[DESK_JOBS_MAX];
};

struct lab_job {
	struct desk_job job;
	struct lab *lab;
	unsigned number;
	bool waits;
};

static void on_run(struct desk_job *job) {
	struct lab_job *j = (struct lab_job *)job;
	if (j->waits) sem_wait(&j->lab->go);
	atomic_fetch_add(&j->lab->run, 1);
}

static void on_done(struct desk_job *job) {
	struct lab_job *j = (struct lab_job *)job;
	j->lab->order[j->lab->back++] = j->number;
	if (job->skipped) j->lab->skipped++;
}

static void lab_open(struct lab *lab) {
	*lab = (struct lab){ 0 };
	assert_int_equal(uv_loop_init(&lab->loop), 0);
	assert_int_equal(sem_init(&lab->go, 0, 0), 0);
	assert_int_equal(desk_new(&lab->loop, &lab->desk), OK);
}

static void lab_close(struct lab *lab) {
	desk_stop(lab->desk);
	uv_run(&lab->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&lab->loop), 0);
	sem_destroy(&lab->go);
}

static struct lab_job job_of(struct lab *lab, unsigned number, bool waits) {
	return (struct lab_job){
		.job = { .run = on_run, .done = on_done }, .lab = lab, .number = number, .waits = waits
	};
}

static void jobs_come_back_in_the_order_of_taking(void **state) {
	struct lab lab;
	struct lab_job jobs[100];
	(void)state;
	lab_open(&lab);
	for (unsigned i = 0; i < 100; i++) {
		jobs[i] = job_of(&lab, i, false);
		assert_int_equal(desk_take(lab.desk, &jobs[i].job), OK);
	}
	while (lab.back < 100)
		uv_run(&lab.loop, UV_RUN_ONCE);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(lab.order[i], i);
	assert_int_equal(atomic_load(&lab.run), 100);
	lab_close(&lab);
}

static void the_loop_is_not_held_and_more_than_the_bound_is_refused(void **state) {
	static struct lab_job jobs[DESK_JOBS_MAX + 1];
	struct lab lab;
	(void)state;
	lab_open(&lab);
	for (unsigned i = 0; i <= DESK_JOBS_MAX; i++) {
		jobs[i] = job_of(&lab, i, i == 0); /* the first holds up the desk */
		assert_int_equal(desk_take(lab.desk, &jobs[i].job), i < DESK_JOBS_MAX ? OK : ERR_LIMIT);
	}
	uv_run(&lab.loop, UV_RUN_NOWAIT);
	assert_int_equal(lab.back, 0);
	sem_post(&lab.go);
	while (lab.back < DESK_JOBS_MAX)
		uv_run(&lab.loop, UV_RUN_ONCE);
	assert_int_equal(lab.skipped, 0);
	lab_close(&lab);
}

static void stopping_ends_the_job_under_way_and_skips_the_rest(void **state) {
	struct lab lab;
	struct lab_job jobs[3];
	(void)state;
	lab_open(&lab);
	for (unsigned i = 0; i < 3; i++) {
		jobs[i] = job_of(&lab, i, false);
		assert_int_equal(desk_take(lab.desk, &jobs[i].job), OK);
	}
	desk_stop(lab.desk);
	assert_int_equal(lab.back, 3);
	assert_int_equal(atomic_load(&lab.run) + lab.skipped, 3);
	uv_run(&lab.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&lab.loop), 0);
	sem_destroy(&lab.go);
}

static void what_is_put_begins_with_the_next_that_is_taken_and_before_it(void **state) {
	struct lab lab;
	struct lab_job jobs[2];
	(void)state;
	lab_open(&lab);
	jobs[0] = job_of(&lab, 0, true); /* if it ran alone the desk would be held up here */
	assert_int_equal(desk_put(lab.desk, &jobs[0].job), OK);
	jobs[1] = job_of(&lab, 1, false);
	assert_int_equal(desk_take(lab.desk, &jobs[1].job), OK);
	sem_post(&lab.go);
	while (lab.back < 2)
		uv_run(&lab.loop, UV_RUN_ONCE);
	assert_int_equal(lab.order[0], 0);
	assert_int_equal(lab.skipped, 0);
	lab_close(&lab);
}

static void what_is_put_sleeps_until_it_is_time(void **state) {
	struct lab lab;
	struct lab_job job;
	(void)state;
	lab_open(&lab);
	job = job_of(&lab, 0, false);
	assert_int_equal(desk_put(lab.desk, &job.job), OK);
	desk_stop(lab.desk); /* waits for what has begun */
	assert_int_equal(atomic_load(&lab.run), 0);
	assert_int_equal(lab.skipped, 1);
	uv_run(&lab.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&lab.loop), 0);
	sem_destroy(&lab.go);
	lab_open(&lab);
	job = job_of(&lab, 0, false);
	assert_int_equal(desk_put(lab.desk, &job.job), OK);
	desk_go(lab.desk);
	while (lab.back < 1)
		uv_run(&lab.loop, UV_RUN_ONCE);
	assert_int_equal(atomic_load(&lab.run), 1);
	lab_close(&lab);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_come_back_in_the_order_of_taking),
		cmocka_unit_test(the_loop_is_not_held_and_more_than_the_bound_is_refused),
		cmocka_unit_test(what_is_put_begins_with_the_next_that_is_taken_and_before_it),
		cmocka_unit_test(what_is_put_sleeps_until_it_is_time),
		cmocka_unit_test(stopping_ends_the_job_under_way_and_skips_the_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

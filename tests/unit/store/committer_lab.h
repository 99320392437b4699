/* A store whose batches are committed on its own thread, and steps that are told there one after the other. */
#ifndef UNDERSTUDY_TESTS_STORE_COMMITTER_LAB_H
#define UNDERSTUDY_TESTS_STORE_COMMITTER_LAB_H

#include "journal_lab.h"

#include <semaphore.h>

#include "store/batch_parts.h"

/* One job. */
struct lab_job {
	struct store_batch *batch;
	enum err error;
	unsigned told;
	sem_t ended;
};

static inline void lab_count_told(void *ctx) {
	struct lab_job *j = ctx;
	j->told++;
}

static inline void lab_commit_job(void *ctx) {
	struct lab_job *j = ctx;
	struct why why;
	j->error = store_batch_commit_early(j->batch, lab_count_told, j, &why);
	sem_post(&j->ended);
}

/* Returns when the job has ended; how often it was told.  Takes b. */
static inline enum err lab_commit(struct lab *lab, struct store_batch *b, unsigned *out_told) {
	struct lab_job j = { .batch = b };
	assert_int_equal(sem_init(&j.ended, 0, 0), 0);
	store_committer_run(lab->store, lab_commit_job, &j);
	while (sem_wait(&j.ended) != 0)
		continue;
	sem_destroy(&j.ended);
	*out_told = j.told;
	return j.error;
}

static inline void lab_add_step(struct store_batch *b, const char *zone, uint32_t from, uint32_t to,
                                unsigned hosts, struct store_outcome *outcome) {
	struct name name = lab_name(zone);
	struct change *step = lab_step_of(zone, from, to, hosts);
	struct store_steps steps = { &step, 1, lab_bounds };
	struct zone_state state = lab_state(to);
	*outcome = (struct store_outcome){ .error = ERR_FAULT };
	assert_int_equal(store_batch_step(b, name.wire, &state, &steps, outcome), OK);
	change_unref(step);
}

/* A step of one zone in a batch of its own. */
static inline enum err lab_tell_step(struct lab *lab, const char *zone, uint32_t from, uint32_t to,
                                     unsigned hosts, unsigned *out_told) {
	struct store_batch *b = store_batch_new(lab->store);
	struct store_outcome outcome;
	lab_add_step(b, zone, from, to, hosts, &outcome);
	enum err e = lab_commit(lab, b, out_told);
	return e == OK ? outcome.error : e;
}

#endif

#include "store/committer.h"

#include <time.h>

#include "base/thread.h"
#include "store/batch_parts.h"

void committer_init(struct committer *w) {
	pthread_condattr_t monotonic;
	w->open_ms = COMMITTER_OPEN_MS;
	w->told_ms = -COMMITTER_OPEN_MS;
	(void)pthread_mutex_init(&w->lock, NULL); /* plain ones: none of these can fail */
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&w->work, &monotonic);
	(void)pthread_cond_init(&w->settled, NULL);
	(void)pthread_condattr_destroy(&monotonic);
}

void committer_done(struct committer *w) {
	(void)pthread_cond_destroy(&w->settled); /* nobody waits */
	(void)pthread_cond_destroy(&w->work);
	(void)pthread_mutex_destroy(&w->lock);
}

/* The results of the locks are those of a thread that unlocks what it holds: never a failure. */
static void lock(struct committer *w) {
	(void)pthread_mutex_lock(&w->lock);
}

static void unlock(struct committer *w) {
	(void)pthread_mutex_unlock(&w->lock);
}

void committer_tell_settled(struct store *s) {
	struct committer *w = &s->committer;
	lock(w);
	w->is_hurried = false;
	w->settled_count++;
	(void)pthread_cond_broadcast(&w->settled);
	unlock(w);
}

bool committer_wait(struct store *s) {
	struct committer *w = &s->committer;
	lock(w);
	bool runs = w->runs;
	uint64_t before = w->settled_count;
	w->is_hurried |= runs;
	(void)pthread_cond_signal(&w->work);
	while (w->runs && atomic_load(&s->is_ahead) && w->settled_count == before)
		(void)pthread_cond_wait(&w->settled, &w->lock);
	unlock(w);
	return runs;
}

/* -- the thread; the lock is held, but while it writes -- */

static int64_t now_ms(void) {
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool committer_expects_more(struct store *s) {
	struct committer *w = &s->committer;
	int64_t before = w->told_ms;
	w->told_ms = now_ms();
	return w->told_ms - before < w->open_ms;
}

static void do_job(struct store *s) {
	struct committer *w = &s->committer;
	void (*job)(void *ctx) = w->job;
	bool was_open = s->open != NULL;
	w->job = NULL;
	unlock(w);
	job(w->job_ctx);
	lock(w);
	if (!was_open) w->due_ms = now_ms() + w->open_ms;
}

static void settle(struct store *s) {
	unlock(&s->committer);
	gather_settle(s);
	committer_tell_settled(s);
	lock(&s->committer);
}

/* For work, or until the time of what is open has come. */
static void wait(struct store *s) {
	struct committer *w = &s->committer;
	const struct timespec due = { w->due_ms / 1000, w->due_ms % 1000 * 1000000 };
	if (s->open)
		(void)pthread_cond_timedwait(&w->work, &w->lock, &due);
	else
		(void)pthread_cond_wait(&w->work, &w->lock);
}

static void turn(struct store *s) {
	struct committer *w = &s->committer;
	if (w->is_hurried || (s->open && now_ms() >= w->due_ms))
		settle(s);
	else if (w->job)
		do_job(s);
	else if (w->is_ending)
		settle(s);
	else
		wait(s);
}

static void *run(void *ctx) {
	struct store *s = ctx;
	struct committer *w = &s->committer;
	lock(w);
	while (!w->is_ending || w->job || s->open)
		turn(s);
	w->runs = false;
	(void)pthread_cond_broadcast(&w->settled);
	unlock(w);
	return NULL;
}

/* -- for whoever gives the jobs -- */

bool store_committer_start(struct store *s) {
	struct committer *w = &s->committer;
	w->is_ending = false;
	w->runs = true;
	if (thread_start(&w->thread, "store", run, s)) return true;
	w->runs = false;
	return false;
}

void store_committer_run(struct store *s, void (*job)(void *ctx), void *ctx) {
	struct committer *w = &s->committer;
	lock(w);
	w->job = job;
	w->job_ctx = ctx;
	(void)pthread_cond_signal(&w->work);
	unlock(w);
}

void store_committer_stop(struct store *s) {
	struct committer *w = &s->committer;
	lock(w);
	w->is_ending = true;
	(void)pthread_cond_signal(&w->work);
	unlock(w);
	(void)pthread_join(w->thread, NULL); /* it is ours, and ends */
}

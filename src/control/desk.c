#include "control/desk.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/thread.h"

struct queue {
	struct desk_job *first, **end;
};

struct desk {
	uv_async_t async; /* something is back */
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t some;  /* the thread has work, or is to end */
	struct queue taken, back;
	bool stopping;
	bool hurries;  /* what is taken is to be done */
	unsigned jobs; /* taken and not back; the loop's alone */
	bool stopped;  /* the loop's alone */
};

static void jobs_add(struct queue *q, struct desk_job *job) {
	job->next = NULL;
	*q->end = job;
	q->end = &job->next;
}

static struct desk_job *jobs_take(struct queue *q) {
	struct desk_job *job = q->first;
	if (!job) return NULL;
	q->first = job->next;
	if (!q->first) q->end = &q->first;
	return job;
}

/* A plain lock: to take and to leave it cannot fail. */
static void lock(struct desk *d) {
	(void)pthread_mutex_lock(&d->lock);
}

static void unlock(struct desk *d) {
	(void)pthread_mutex_unlock(&d->lock);
}

static void *desk_run(void *ctx) {
	struct desk *d = ctx;
	lock(d);
	for (;;) {
		while (!(d->taken.first && d->hurries) && !d->stopping)
			(void)pthread_cond_wait(&d->some, &d->lock); /* cannot fail either */
		struct desk_job *job = jobs_take(&d->taken);
		if (!job) break;
		d->hurries = d->taken.first != NULL;
		job->skipped = d->stopping;
		unlock(d);
		if (!job->skipped) job->run(job);
		lock(d);
		jobs_add(&d->back, job);
		(void)uv_async_send(&d->async); /* the handle is open until the thread has ended */
	}
	unlock(d);
	return NULL;
}

static void bring_back(struct desk *d) {
	for (;;) {
		lock(d);
		struct desk_job *job = jobs_take(&d->back);
		unlock(d);
		if (!job) return;
		d->jobs--;
		job->done(job);
	}
}

static void on_async(uv_async_t *async) {
	bring_back(async->data);
}

static void on_closed(uv_handle_t *handle) {
	struct desk *d = handle->data;
	(void)pthread_cond_destroy(&d->some); /* nobody waits */
	(void)pthread_mutex_destroy(&d->lock);
	free(d);
}

enum err desk_new(uv_loop_t *loop, struct desk **out_desk) {
	struct desk *d = xcalloc(1, sizeof(*d));
	d->taken.end = &d->taken.first;
	d->back.end = &d->back.first;
	(void)pthread_mutex_init(&d->lock, NULL); /* plain ones: cannot fail */
	(void)pthread_cond_init(&d->some, NULL);
	if (uv_async_init(loop, &d->async, on_async) != 0) {
		free(d);
		return ERR_LIMIT;
	}
	d->async.data = d;
	if (!thread_start(&d->thread, "desk", desk_run, d)) {
		uv_close((uv_handle_t *)&d->async, on_closed);
		return ERR_LIMIT;
	}
	*out_desk = d;
	return OK;
}

static void hurry(struct desk *d) {
	d->hurries = d->taken.first != NULL;
	(void)pthread_cond_signal(&d->some);
}

static enum err add(struct desk *d, struct desk_job *job, bool hurries) {
	if (d->stopped) return ERR_CLOSED;
	if (d->jobs == DESK_JOBS_MAX) return ERR_LIMIT;
	d->jobs++;
	job->skipped = false;
	lock(d);
	jobs_add(&d->taken, job);
	if (hurries) hurry(d);
	unlock(d);
	return OK;
}

enum err desk_take(struct desk *d, struct desk_job *job) {
	return add(d, job, true);
}

enum err desk_put(struct desk *d, struct desk_job *job) {
	return add(d, job, false);
}

void desk_go(struct desk *d) {
	lock(d);
	hurry(d);
	unlock(d);
}

void desk_stop(struct desk *d) {
	if (!d || d->stopped) return;
	d->stopped = true;
	lock(d);
	d->stopping = true;
	(void)pthread_cond_signal(&d->some);
	unlock(d);
	(void)pthread_join(d->thread, NULL); /* it ends */
	bring_back(d);
	uv_close((uv_handle_t *)&d->async, on_closed);
}

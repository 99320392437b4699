#include "transfer/saver.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"

struct saver {
	uv_loop_t *loop;
	struct store *store;
	struct log *log;
	struct save *first, *last; /* waiting */
	struct save *job;          /* being written, and not told */
	bool is_running;           /* the job; it may be told already */
	_Atomic bool is_safe;      /* it may be told */
	_Atomic bool is_written;   /* it has ended */
	uv_async_t news;           /* wakes the loop for both; keeps it while a job is running */
	struct why why;            /* of the job */
	enum err error;
	uint64_t count; /* told */
	void (*idle)(void *ctx);
	void *idle_ctx;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* -- on the thread that writes -- */

static enum err write_one(struct store_batch *batch, struct save *s) {
	const struct store_steps *steps = s->steps.count ? &s->steps : NULL;
	switch (s->kind) {
	case SAVE_VERSION: return store_batch_put(batch, s->name, &s->state, s->version, steps, &s->saved);
	case SAVE_STEPS: return store_batch_step(batch, s->name, &s->state, &s->steps, &s->outcome);
	case SAVE_IMAGE: return store_batch_image(batch, s->name, s->version, &s->saved, &s->outcome);
	case SAVE_STATE: return store_batch_state(batch, s->name, &s->state);
	default: return store_batch_remove(batch, s->name);
	}
}

static void wake(struct saver *s, _Atomic bool *what) {
	atomic_store(what, true);
	(void)uv_async_send(&s->news); /* fails only after saver_close */
}

/* From here on the saves are the loop's. */
static void on_safe(void *ctx) {
	struct saver *s = ctx;
	wake(s, &s->is_safe);
}

static void write_job(void *ctx) {
	struct saver *s = ctx;
	struct store_batch *batch = store_batch_new(s->store);
	for (struct save *i = s->job; i; i = i->next) {
		if (i->error != OK) continue;
		i->error = write_one(batch, i);
		if (i->error != OK && i->kind <= SAVE_IMAGE) i->why = *store_batch_why(batch);
	}
	s->error = store_batch_commit_early(batch, on_safe, s, &s->why);
	wake(s, &s->is_written);
}

/* -- on the loop -- */

static void start(struct saver *s);

static void settle_one(struct save *i, enum err e, const struct why *why) {
	i->wants_image = i->outcome.wants_image;
	if (e == OK && i->error == OK) i->error = i->outcome.error;
	if (i->error == OK && e != OK) {
		i->error = e;
		why_set(&i->why, REASON_STORE_FAILED, "%s", why->evidence);
	} else if (i->error != OK && i->why.reason == REASON_NONE) {
		why_set(&i->why, REASON_STORE_FAILED, "writing to the store: %s", err_text(i->error));
	}
	if (i->error != OK) {
		version_unref(i->saved);
		i->saved = NULL;
	}
}

/* All of them before the first is told: what is told may start the next job, whose end would be taken for this one's. */
static void settle(struct save *first, enum err e, const struct why *why) {
	for (struct save *i = first; i; i = i->next)
		settle_one(i, e, why);
}

static void tell_job(struct saver *s, enum err e, const struct why *why) {
	struct save *i = s->job;
	settle(i, e, why);
	s->job = NULL;
	log_gather(s->log);
	while (i) {
		struct save *next = i->next;
		s->count++;
		i->told(i);
		i = next;
	}
	log_write_out(s->log);
}

static void on_written(struct saver *s) {
	if (s->error != OK) log_event(s->log, EVENT_STORE_FAILED, LOG_STR("error", s->why.evidence));
	s->is_running = false;
	uv_unref((uv_handle_t *)&s->news);
	if (s->job) tell_job(s, s->error, &s->why);
	start(s);
	saver_check_idle(s);
}

/* Its end is asked for first: what is safe then was so before. */
static void on_news(uv_async_t *async) {
	struct saver *s = async->data;
	bool is_written = atomic_exchange(&s->is_written, false);
	bool is_safe = atomic_exchange(&s->is_safe, false);
	if (is_safe) tell_job(s, OK, NULL); /* as good as saved, also while the job goes on */
	if (is_written) on_written(s);
}

/* Take what waits, up to the bounds of a batch. */
static struct save *take(struct saver *s) {
	struct save *first = s->first, *last = NULL;
	uint64_t octets = 0;
	for (unsigned n = 0; s->first && n < SAVER_BATCH_MAX; n++) {
		struct save *i = s->first;
		uint64_t more = i->version ? version_bytes(i->version) : 0;
		if (n > 0 && octets + more > SAVER_BATCH_OCTETS) break;
		octets += more;
		i->error = i->prepare(i) ? OK : ERR_NOTFOUND;
		last = i;
		s->first = i->next;
	}
	if (!s->first) s->last = NULL;
	if (last) last->next = NULL;
	return last ? first : NULL;
}

static void start(struct saver *s) {
	if (s->is_running || !s->first) return;
	s->job = take(s);
	s->is_running = true;
	uv_ref((uv_handle_t *)&s->news);
	store_committer_run(s->store, write_job, s);
}

void saver_add(struct saver *s, struct save *save) {
	save->next = NULL;
	save->saved = NULL;
	save->outcome = (struct store_outcome){ .error = OK };
	save->why = (struct why){ .reason = REASON_NONE };
	if (s->last)
		s->last->next = save;
	else
		s->first = save;
	s->last = save;
	start(s);
}

bool saver_is_idle(const struct saver *s) {
	return !s->is_running && !s->first;
}

void saver_check_idle(struct saver *s) {
	if (saver_is_idle(s) && s->idle) s->idle(s->idle_ctx);
}

void saver_on_idle(struct saver *s, void (*idle)(void *ctx), void *ctx) {
	s->idle = idle;
	s->idle_ctx = ctx;
}

uint64_t saver_count(const struct saver *s) {
	return s->count;
}

struct saver *saver_new(uv_loop_t *loop, struct store *store, struct log *log) {
	struct saver *s = xcalloc(1, sizeof(*s));
	s->loop = loop;
	s->store = store;
	s->log = log;
	s->news.data = s;
	if (uv_async_init(loop, &s->news, on_news) != 0) abort(); /* no file descriptor at start */
	if (!store_committer_start(store)) abort();               /* nor a thread */
	uv_unref((uv_handle_t *)&s->news);
	return s;
}

static void on_closed(uv_handle_t *handle) {
	struct saver *s = handle->data;
	s->closed(s->closed_ctx);
}

void saver_close(struct saver *s, void (*closed)(void *ctx), void *ctx) {
	s->closed = closed;
	s->closed_ctx = ctx;
	store_committer_stop(s->store);
	uv_close((uv_handle_t *)&s->news, on_closed);
}

void saver_free(struct saver *s) {
	free(s);
}

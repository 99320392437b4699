#include "diagnose/walker.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "diagnose/walk_ask.h"

#define PORT_DNS 53

struct walker {
	uv_loop_t *loop;
	struct random *random;
	struct addr roots[WALK_ROOTS_MAX];
	unsigned root_count;
	uint16_t port;
	bool anywhere;
	unsigned jobs; /* under way */
	unsigned open; /* questions and timers whose handles are not closed */
	struct walk_ask_ops ops;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

struct walker_job {
	struct walker *walker;
	struct walk *walk;
	struct walk_ask *ask; /* NULL: none under way */
	uv_timer_t timer;     /* first its beginning, then its time */
	void (*done)(void *ctx, const struct findings *found);
	void *ctx;
};

static const char *const root_addresses[] = {
#define ROOT_SERVER(letter, four, six) four, six,
#include "diagnose/roots.def"
#undef ROOT_SERVER
};

/* -- the end of a job -- */

static void closed_one(struct walker *w) {
	w->open--;
	if (w->stopped && w->open == 0) w->stopped(w->stopped_ctx);
}

static void on_ask_closed(void *ctx) {
	closed_one(ctx);
}

static void on_job_closed(uv_handle_t *handle) {
	struct walker_job *job = handle->data;
	struct walker *w = job->walker;
	walk_free(job->walk);
	free(job);
	closed_one(w);
}

static void end_job(struct walker_job *job) {
	walk_ask_cancel(job->ask);
	job->ask = NULL;
	job->done = NULL;
	job->walker->jobs--;
	uv_close((uv_handle_t *)&job->timer, on_job_closed);
}

void walker_cancel(struct walker_job *job) {
	if (job && job->done) end_job(job);
}

static void tell(struct walker_job *job) {
	void (*done)(void *ctx, const struct findings *found) = job->done;
	end_job(job);
	done(job->ctx, walk_findings(job->walk)); /* it is freed when the loop closes the timer */
}

/* -- questions -- */

static void ask_next(struct walker_job *job) {
	struct walker *w = job->walker;
	struct walk_question question;
	if (!walk_next(job->walk, &question)) {
		tell(job);
		return;
	}
	w->open++;
	job->ask = walk_ask_send(w->loop, &question, &w->ops, job);
}

static bool on_answer(void *ctx, const uint8_t *data, size_t len) {
	struct walker_job *job = ctx;
	if (walk_answer(job->walk, data, len) == WALK_STRANGE) return false;
	job->ask = NULL; /* it closes itself */
	ask_next(job);
	return true;
}

/* No socket of the family, or no way to any address of it. */
static bool is_family_dead(int error) {
	return error == UV_ENETUNREACH || error == UV_EAFNOSUPPORT || error == UV_EADDRNOTAVAIL;
}

static void on_failed(void *ctx, int error) {
	struct walker_job *job = ctx;
	job->ask = NULL;
	walk_silent(job->walk, error == 0 ? "no answer" : uv_strerror(error), is_family_dead(error));
	ask_next(job);
}

static void on_time(uv_timer_t *timer) {
	struct walker_job *job = timer->data;
	walk_give_up(job->walk, "it took longer than half a minute");
	tell(job);
}

static void on_begin(uv_timer_t *timer) {
	(void)uv_timer_start(timer, on_time, WALKER_TIME_MS, 0); /* cannot fail: it is initialised */
	ask_next(timer->data);
}

struct walker_job *walker_start(struct walker *w, const uint8_t *zone,
                                void (*done)(void *ctx, const struct findings *found), void *ctx) {
	struct walk_settings settings = { .roots = w->roots,
		                          .root_count = w->root_count,
		                          .port = w->port,
		                          .anywhere = w->anywhere,
		                          .questions_max = WALKER_QUESTIONS_MAX,
		                          .random = w->random };
	if (w->jobs == WALKER_WALKS_MAX || w->stopped) return NULL;
	struct walker_job *job = xcalloc(1, sizeof(*job));
	job->walker = w;
	job->walk = walk_new(&settings, zone);
	job->done = done;
	job->ctx = ctx;
	w->jobs++;
	w->open++;
	(void)uv_timer_init(w->loop, &job->timer); /* always 0 */
	job->timer.data = job;
	(void)uv_timer_start(&job->timer, on_begin, 0, 0); /* cannot fail: it is initialised */
	return job;
}

/* -- beginning and end -- */

static void take_roots(struct walker *w, const struct walker_settings *settings) {
	unsigned count = sizeof(root_addresses) / sizeof(root_addresses[0]);
	w->anywhere = settings->root_count > 0;
	w->port = w->anywhere ? settings->roots[0].port : PORT_DNS;
	for (unsigned i = 0; i < settings->root_count && i < WALK_ROOTS_MAX; i++)
		w->roots[w->root_count++] = settings->roots[i];
	for (unsigned i = 0; i < count && !w->anywhere; i++)
		if (addr_parse(root_addresses[i], PORT_DNS, &w->roots[w->root_count]) == OK) w->root_count++;
}

struct walker *walker_new(uv_loop_t *loop, const struct walker_settings *settings, struct random *random) {
	struct walker *w = xcalloc(1, sizeof(*w));
	w->loop = loop;
	w->random = random;
	w->ops = (struct walk_ask_ops){ on_answer, on_failed, on_ask_closed, w };
	take_roots(w, settings);
	return w;
}

uint16_t walker_port(const struct walker *w) {
	return w->port;
}

bool walker_anywhere(const struct walker *w) {
	return w->anywhere;
}

void walker_stop(struct walker *w, void (*done)(void *ctx), void *ctx) {
	w->stopped = done;
	w->stopped_ctx = ctx;
	if (w->open == 0) done(ctx);
}

void walker_free(struct walker *w) {
	free(w);
}

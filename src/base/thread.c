#include "base/thread.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

struct start {
	void *(*run)(void *);
	void *ctx;
	char name[THREAD_NAME_MAX + 1];
};

static void copy_name(const char *name, char out[static THREAD_NAME_MAX + 1]) {
	(void)snprintf(out, THREAD_NAME_MAX + 1, "%s", name); /* a longer one is cut */
}

/* Without it a thread has its program's name. */
static void set_name(const char *name) {
	(void)pthread_setname_np(pthread_self(), name);
}

static void *run_named(void *arg) {
	struct start start = *(struct start *)arg;
	free(arg);
	set_name(start.name);
	return start.run(start.ctx);
}

void thread_name(const char *name) {
	static _Thread_local const char *given;
	char text[THREAD_NAME_MAX + 1];
	if (given == name) return;
	given = name;
	copy_name(name, text);
	set_name(text);
}

bool thread_start(pthread_t *out_thread, const char *name, void *(*run)(void *), void *ctx) {
	struct start *start = xmalloc(sizeof(*start));
	sigset_t all, before;
	start->run = run;
	start->ctx = ctx;
	copy_name(name, start->name);
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before); /* fails for a wrong first argument only */
	bool ok = pthread_create(out_thread, NULL, run_named, start) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!ok) free(start);
	return ok;
}

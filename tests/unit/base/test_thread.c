/* base/thread: threads have names, and leave signals to the main thread. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/thread.h"

struct seen {
	char name[64];
	bool takes_signals;
};

/* As the system tells it to others. */
static void name_of_this_thread(char *out, size_t size) {
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", gettid());
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(out, (int)size, file));
	out[strcspn(out, "\n")] = '\0';
	fclose(file);
}

static void *look(void *ctx) {
	struct seen *seen = ctx;
	sigset_t blocked;
	name_of_this_thread(seen->name, sizeof(seen->name));
	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
	seen->takes_signals = !sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGHUP);
	return NULL;
}

static struct seen seen_by(const char *name) {
	struct seen seen = { .takes_signals = true };
	pthread_t thread;
	assert_true(thread_start(&thread, name, look, &seen));
	assert_int_equal(pthread_join(thread, NULL), 0);
	return seen;
}

static void thread_has_the_name_it_was_given(void **state) {
	(void)state;
	assert_string_equal(seen_by("images").name, "images");
	assert_string_equal(seen_by("a name of more than fifteen").name, "a name of more ");
}

static void signals_stay_with_whoever_starts_it(void **state) {
	sigset_t blocked;
	(void)state;
	assert_false(seen_by("deaf").takes_signals);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
	assert_false(sigismember(&blocked, SIGTERM));
}

static void *renamed(void *ctx) {
	thread_name("another");
	return look(ctx);
}

static void thread_of_others_can_be_named(void **state) {
	(void)state;
	struct seen seen = { .takes_signals = true };
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, renamed, &seen), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_string_equal(seen.name, "another");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thread_has_the_name_it_was_given),
		cmocka_unit_test(signals_stay_with_whoever_starts_it),
		cmocka_unit_test(thread_of_others_can_be_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

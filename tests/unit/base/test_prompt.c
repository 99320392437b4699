/* What a thread asks of the scheduler: read back from the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/prompt.h"

/* struct sched_attr of sched_setattr(2) in its first size: the header that has it can't be had with pthread.h. */
struct turns {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

struct found {
	int policy; /* to be set before, -1: as it is */
	struct turns before, after;
	int slack_ns;
};

static void read_turns(struct turns *out) {
	assert_int_equal(syscall(SYS_sched_getattr, 0, out, sizeof(*out), 0), 0);
}

static void *become_prompt(void *ctx) {
	struct found *f = ctx;
	struct sched_param param = { 0 };
	if (f->policy >= 0) assert_int_equal(sched_setscheduler(0, f->policy, &param), 0);
	read_turns(&f->before);
	prompt_thread();
	read_turns(&f->after);
	f->slack_ns = prctl(PR_GET_TIMERSLACK);
	return NULL;
}

/* In a thread of its own: the test's keeps what it has. */
static struct found found_with(int policy) {
	struct found f = { .policy = policy };
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, become_prompt, &f), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(f.after.policy, f.before.policy);
	assert_int_equal(f.after.nice, f.before.nice);
	assert_int_equal(f.slack_ns, 1);
	return f;
}

static int kernel_has_turns(void) {
	struct utsname u;
	int major = 0, minor = 0;
	assert_int_equal(uname(&u), 0);
	assert_int_equal(sscanf(u.release, "%d.%d", &major, &minor), 2);
	return major > 6 || (major == 6 && minor >= 12);
}

static void turns_are_short_where_the_kernel_knows_them(void **state) {
	(void)state;
	struct found f = found_with(-1);
	if (kernel_has_turns()) assert_int_equal(f.after.runtime_ns, PROMPT_SLICE_NS);
}

static void another_policy_is_left_alone(void **state) {
	(void)state;
	struct found f = found_with(SCHED_BATCH);
	assert_int_equal(f.after.policy, SCHED_BATCH);
	assert_int_equal(f.after.runtime_ns, f.before.runtime_ns);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_are_short_where_the_kernel_knows_them),
		cmocka_unit_test(another_policy_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

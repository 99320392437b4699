#include "base/prompt.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Only threads of the usual policy have such turns: one that an operator has made a real-time thread stays it. */
static void shorten_turns(void) {
	struct sched_attr attr = { .size = sizeof(attr) };
	if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) != 0 || attr.sched_policy != SCHED_NORMAL)
		return;
	attr.sched_runtime = PROMPT_SLICE_NS;
	(void)syscall(SYS_sched_setattr, 0, &attr, 0); /* where it fails all is as it was */
}

void prompt_thread(void) {
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* nanoseconds; as above */
	shorten_turns();
}

/* The only mutable state of the process that is not passed in: a fault must reach code that has no handle,
 * such as an allocation.  Guarded by `lock`; `armed` alone is read without it. */
#include "base/fault.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_UNREAD, STATE_OFF, STATE_ARMED };

static struct {
	atomic_int state;
	pthread_mutex_t lock;
	char point[32];
	unsigned left; /* passes until it fires */
	bool kill;
} fault = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void arm_locked(const char *point, unsigned nth, bool kill_process) {
	bool on = point && nth > 0;
	snprintf(fault.point, sizeof(fault.point), "%s", on ? point : "");
	fault.left = nth;
	fault.kill = kill_process;
	atomic_store(&fault.state, on ? STATE_ARMED : STATE_OFF);
}

/* "point:nth" or "point:nth:kill"; anything else arms nothing. */
static void arm_from_environment_locked(void) {
	const char *text = getenv("UNDERSTUDY_FAULT");
	char point[32], action[8] = "";
	unsigned nth = 0;
	int fields = text ? sscanf(text, "%31[^:]:%9u:%7s", point, &nth, action) : 0;
	if (fields >= 2)
		arm_locked(point, nth, strcmp(action, "kill") == 0);
	else
		arm_locked(NULL, 0, false);
}

static bool pass_slowly(const char *point) {
	pthread_mutex_lock(&fault.lock);
	if (atomic_load(&fault.state) == STATE_UNREAD) arm_from_environment_locked();
	bool fires = atomic_load(&fault.state) == STATE_ARMED && strcmp(point, fault.point) == 0 &&
	             --fault.left == 0;
	if (fires) atomic_store(&fault.state, STATE_OFF);
	bool kill_process = fires && fault.kill;
	pthread_mutex_unlock(&fault.lock);
	if (kill_process) raise(SIGKILL);
	return fires;
}

bool fault_fires(const char *point) {
	if (__builtin_expect(atomic_load_explicit(&fault.state, memory_order_relaxed) == STATE_OFF, 1)) {
		return false;
	}
	return pass_slowly(point);
}

void fault_arm(const char *point, unsigned nth) {
	pthread_mutex_lock(&fault.lock);
	arm_locked(point, nth, false);
	pthread_mutex_unlock(&fault.lock);
}

/* The only mutable state of the process that is not passed in: a fault must reach code that has no handle,
 * such as an allocation.  Guarded by `lock`; `state` alone is read without it. */
#include "base/fault.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_UNREAD, STATE_OFF, STATE_ARMED };

struct fault {
	char point[32];
	unsigned left; /* passes until it fires; 0: it does not */
	bool kill;
};

static struct {
	atomic_int state;
	pthread_mutex_t lock;
	struct fault armed[FAULTS_MAX];
} faults = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void tell_state_locked(void) {
	bool on = false;
	for (unsigned i = 0; i < FAULTS_MAX; i++)
		on |= faults.armed[i].left > 0;
	atomic_store(&faults.state, on ? STATE_ARMED : STATE_OFF);
}

/* "point:nth" or "point:nth:kill"; anything else arms nothing. */
static void arm_from_text_locked(struct fault *f, const char *text) {
	char action[8] = "";
	int fields = sscanf(text, "%31[^:]:%9u:%7[^,]", f->point, &f->left, action);
	if (fields < 2) f->left = 0;
	f->kill = fields == 3 && strcmp(action, "kill") == 0;
}

static void arm_from_environment_locked(void) {
	const char *text = getenv("UNDERSTUDY_FAULT");
	for (unsigned i = 0; i < FAULTS_MAX && text && *text; i++) {
		arm_from_text_locked(&faults.armed[i], text);
		text += strcspn(text, ",");
		text += *text == ',';
	}
	tell_state_locked();
}

static bool pass_locked(const char *point, bool *out_kill) {
	bool fires = false;
	for (unsigned i = 0; i < FAULTS_MAX; i++) {
		struct fault *f = &faults.armed[i];
		if (f->left == 0 || strcmp(point, f->point) != 0 || --f->left > 0) continue;
		fires = true;
		*out_kill |= f->kill;
	}
	return fires;
}

static bool pass_slowly(const char *point) {
	bool kill_process = false;
	pthread_mutex_lock(&faults.lock);
	if (atomic_load(&faults.state) == STATE_UNREAD) arm_from_environment_locked();
	bool fires = atomic_load(&faults.state) == STATE_ARMED && pass_locked(point, &kill_process);
	if (fires) tell_state_locked();
	pthread_mutex_unlock(&faults.lock);
	if (kill_process) raise(SIGKILL);
	return fires;
}

bool fault_fires(const char *point) {
	if (__builtin_expect(atomic_load_explicit(&faults.state, memory_order_relaxed) == STATE_OFF, 1)) {
		return false;
	}
	return pass_slowly(point);
}

static void arm_locked(const char *point, unsigned nth) {
	unsigned i = 0;
	while (i < FAULTS_MAX && faults.armed[i].left > 0)
		i++;
	if (i == FAULTS_MAX) return;
	snprintf(faults.armed[i].point, sizeof(faults.armed[i].point), "%s", point);
	faults.armed[i].left = nth;
	faults.armed[i].kill = false;
}

void fault_arm(const char *point, unsigned nth) {
	pthread_mutex_lock(&faults.lock);
	memset(faults.armed, 0, sizeof(faults.armed));
	if (point) arm_locked(point, nth);
	tell_state_locked();
	pthread_mutex_unlock(&faults.lock);
}

void fault_arm_more(const char *point, unsigned nth) {
	pthread_mutex_lock(&faults.lock);
	arm_locked(point, nth);
	tell_state_locked();
	pthread_mutex_unlock(&faults.lock);
}

/* This test program, started anew, with a fault point at which it is killed.  Include after cmocka.h. */
#ifndef UNDERSTUDY_TESTS_KILLED_CHILD_H
#define UNDERSTUDY_TESTS_KILLED_CHILD_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Arguments: "save-new", dir, and way, which may be NULL.  Returns its status as waitpid(2) gives it. */
static inline int run_child(const char *dir, const char *way, const char *point, unsigned nth) {
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char fault[96];
		snprintf(fault, sizeof(fault), "%s:%u:kill", point, nth);
		setenv("UNDERSTUDY_FAULT", fault, 1);
		execl("/proc/self/exe", "test_fault", "save-new", dir, way, (char *)NULL);
		_exit(3);
	}
	int status;
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return status;
}

#endif

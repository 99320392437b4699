/* Fault points. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"

/* Exit status of a child that passes the point twice: how often it fired, or 100 + the signal that ended it. */
static int fired_in_child(const char *environment) {
	pid_t child = fork();
	if (child == 0) {
		setenv("UNDERSTUDY_FAULT", environment, 1);
		int fired = fault_fires("other");
		fired += fault_fires("some");
		fired += fault_fires("some");
		_exit(fired);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? 100 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* First of all: the variable is read at the first pass of a process. */
static void the_environment_names_a_point_and_a_pass(void **state) {
	(void)state;
	assert_int_equal(fired_in_child("some:1"), 1);
	assert_int_equal(fired_in_child("some:2"), 1);
	assert_int_equal(fired_in_child("some:3"), 0);
	assert_int_equal(fired_in_child("some:2:kill"), 100 + SIGKILL);
	assert_int_equal(fired_in_child("some:3:kill"), 0);
	assert_int_equal(fired_in_child("some"), 0);
	assert_int_equal(fired_in_child("some:"), 0);
	assert_int_equal(fired_in_child("some:0"), 0);
	assert_int_equal(fired_in_child(":1"), 0);
	assert_int_equal(fired_in_child(""), 0);
	assert_int_equal(fired_in_child("other:1,some:1"), 2);
	assert_int_equal(fired_in_child("some:1,some:2"), 2);
	assert_int_equal(fired_in_child("other:1,some:2:kill"), 100 + SIGKILL);
	assert_int_equal(fired_in_child("other:1:kill,some:2"), 100 + SIGKILL);
	assert_int_equal(fired_in_child("nobody:1:kill,some:2"), 1);
	assert_int_equal(fired_in_child("a:1,b:1,c:1,d:1,some:1"), 0); /* no more than FAULTS_MAX */
	assert_int_equal(fired_in_child("a-name-that-is-longer-than-any-point-of-ours:1"), 0);
}

static void an_armed_point_fires_once_at_its_pass(void **state) {
	(void)state;
	fault_arm("some", 3);
	assert_false(fault_fires("some"));
	assert_false(fault_fires("other"));
	assert_false(fault_fires("some"));
	assert_true(fault_fires("some"));
	assert_false(fault_fires("some"));
}

static void a_disarmed_point_does_not_fire(void **state) {
	(void)state;
	fault_arm("some", 1);
	fault_arm(NULL, 0);
	assert_false(fault_fires("some"));
}

static void allocations_of_peers_sizes_may_fail(void **state) {
	(void)state;
	fault_arm("alloc", 2);
	char *p = try_malloc(0);
	assert_non_null(p);
	assert_null(try_realloc(p, 10));
	p = try_realloc(p, 10);
	assert_non_null(p);
	free(p);
	fault_arm(NULL, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environment_names_a_point_and_a_pass),
		cmocka_unit_test(an_armed_point_fires_once_at_its_pass),
		cmocka_unit_test(a_disarmed_point_does_not_fire),
		cmocka_unit_test(allocations_of_peers_sizes_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

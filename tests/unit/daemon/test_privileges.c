#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/privileges.h"

struct fixture {
	char folder[64], state_folder[96], socket_folder[96], socket[128];
};

static int setup(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	(void)umask(022); /* modes below are told for it */
	snprintf(f->folder, sizeof(f->folder), "/tmp/understudy-privileges.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	assert_int_equal(chmod(f->folder, 0755), 0);
	snprintf(f->state_folder, sizeof(f->state_folder), "%s/state", f->folder);
	snprintf(f->socket_folder, sizeof(f->socket_folder), "%s/run", f->folder);
	snprintf(f->socket, sizeof(f->socket), "%s/control.sock", f->socket_folder);
	*state = f;
	return 0;
}

static int teardown(void **state) {
	struct fixture *f = *state;
	(void)rmdir(f->state_folder); /* some tests do not make them */
	(void)rmdir(f->socket_folder);
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

static void missing_folders_are_made(void **state) {
	struct fixture *f = *state;
	char text[PRIVILEGES_TEXT_MAX] = "";
	struct stat st;
	assert_int_equal(privileges_drop(NULL, f->state_folder, f->socket, text), OK);
	assert_int_equal(stat(f->state_folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(stat(f->socket_folder, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(privileges_drop(NULL, f->state_folder, f->socket, text), OK);
}

static void a_folder_that_cannot_be_made_is_named(void **state) {
	struct fixture *f = *state;
	char text[PRIVILEGES_TEXT_MAX] = "";
	assert_int_equal(privileges_drop(NULL, "/proc/understudy", f->socket, text), ERR_IO);
	assert_non_null(strstr(text, "/proc/understudy"));
}

static void an_unknown_user_is_named(void **state) {
	struct fixture *f = *state;
	char text[PRIVILEGES_TEXT_MAX] = "";
	assert_int_equal(privileges_drop("nosuch-user", f->state_folder, f->socket, text), ERR_IO);
	assert_non_null(strstr(text, "nosuch-user"));
}

/* In a child, for there is no way back.  0: all as promised. */
static int drop_in_child(const struct fixture *f, const struct passwd *nobody) {
	char text[PRIVILEGES_TEXT_MAX] = "";
	struct stat st;
	if (privileges_drop("nobody", f->state_folder, f->socket, text) != OK) return 1;
	if (getuid() != nobody->pw_uid || geteuid() != nobody->pw_uid || getegid() != nobody->pw_gid)
		return 2;
	if (setuid(0) == 0) return 3;
	if (stat(f->state_folder, &st) != 0 || st.st_uid != nobody->pw_uid) return 4;
	if (access(f->socket_folder, W_OK) != 0) return 5;
	return 0;
}

static void the_way_back_to_root_is_closed_and_the_folders_are_the_users(void **state) {
	struct fixture *f = *state;
	const struct passwd *nobody = getpwnam("nobody");
	if (geteuid() != 0 || !nobody) skip();
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) _exit(drop_in_child(f, nobody));
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(missing_folders_are_made, setup, teardown),
		cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_made_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(an_unknown_user_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(the_way_back_to_root_is_closed_and_the_folders_are_the_users,
		                                setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

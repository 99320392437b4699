/* base/systemd_library: libsystemd is found when it is wanted, and says what it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/systemd_library.h"

static bool is_loaded(void) {
	char line[512];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "re");
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		found |= strstr(line, "libsystemd.so") != NULL;
	fclose(maps);
	return found;
}

static void without_a_manager_nothing_is_loaded(void **state) {
	(void)state;
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	assert_false(systemd_library_notify("READY=1"));
	assert_false(is_loaded());
}

static void a_manager_is_told(void **state) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char folder[] = "/tmp/test-systemd-XXXXXX", word[64];
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", folder);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
	assert_true(systemd_library_notify("READY=1\nSTATUS=answering for 3 zones"));
	assert_true(is_loaded());
	ssize_t len = recv(fd, word, sizeof(word), MSG_DONTWAIT);
	assert_int_equal(len, strlen("READY=1\nSTATUS=answering for 3 zones"));
	assert_memory_equal(word, "READY=1\nSTATUS=answering for 3 zones", (size_t)len);
	close(fd);
	unlink(address.sun_path);
	assert_false(systemd_library_notify("READY=1")); /* the manager is gone */
	rmdir(folder);
}

/* As in most containers, where the library is there nevertheless. */
static void line_for_no_journal_is_not_sent(void **state) {
	(void)state;
	struct iovec field = { "MESSAGE=a test", strlen("MESSAGE=a test") };
	if (access("/run/systemd/journal", F_OK) == 0) skip();
	assert_false(systemd_library_journal(&field, 1));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_manager_nothing_is_loaded),
		cmocka_unit_test(a_manager_is_told),
		cmocka_unit_test(line_for_no_journal_is_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Datagrams to sockets of the file system and to abstract ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/unix_send.h"

/* A socket of the abstract kind whose name is this process's. */
static int listening(char path[static 64]) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)snprintf(path, 64, "@understudy-test-%d", (int)getpid());
	memcpy(address.sun_path + 1, path + 1, strlen(path) - 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
	                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))),
	                 0);
	return fd;
}

static void parts_come_as_one_datagram(void **state) {
	(void)state;
	char path[64], got[64], one[] = "READY=1\n", two[] = "STATUS=x";
	struct iovec parts[] = { { one, 8 }, { two, 8 } };
	int fd = listening(path);
	assert_true(unix_send(path, parts, 2));
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), 16);
	assert_memory_equal(got, "READY=1\nSTATUS=x", 16);
	close(fd);
}

static void where_nobody_is_nothing_is_sent(void **state) {
	(void)state;
	char long_path[200], word[] = "x";
	struct iovec part = { word, 1 };
	memset(long_path, '/', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_false(unix_send("/nonexistent/socket", &part, 1));
	assert_false(unix_send("@understudy-test-nobody", &part, 1));
	assert_false(unix_send("relative", &part, 1));
	assert_false(unix_send("", &part, 1));
	assert_false(unix_send("@", &part, 1));
	assert_false(unix_send(long_path, &part, 1));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_come_as_one_datagram),
		cmocka_unit_test(where_nobody_is_nothing_is_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

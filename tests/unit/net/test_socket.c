/* Listening sockets on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/socket.h"

static struct addr address(const char *text) {
	struct addr a;
	assert_int_equal(addr_parse(text, 0, &a), OK);
	return a;
}

/* An address of this process alone: at 127.0.0.1 a port that is free for UDP may be taken by somebody's TCP
 * connection. */
static struct addr own_address(void) {
	char text[ADDR_TEXT_MAX];
	unsigned pid = (unsigned)getpid();
	snprintf(text, sizeof(text), "127.%u.%u.%u", 100 + pid / 62500 % 100, pid / 250 % 250, 1 + pid % 250);
	return address(text);
}

static int open_ok(enum err (*open)(const struct addr *, int *, struct socket_error *),
                   const struct addr *a) {
	struct socket_error error = { 0 };
	int fd = -1;
	if (open(a, &fd, &error) != OK) fail_msg("%s", error.text);
	return fd;
}

static void workers_share_one_address(void **state) {
	(void)state;
	struct addr a = own_address(), bound;
	int udp = open_ok(socket_udp_listen, &a);
	assert_int_equal(socket_local_addr(udp, &bound), OK);
	assert_true(bound.port != 0);
	int udp2 = open_ok(socket_udp_listen, &bound);
	int tcp = open_ok(socket_tcp_listen, &bound);
	int tcp2 = open_ok(socket_tcp_listen, &bound);
	close(udp);
	close(udp2);
	close(tcp);
	close(tcp2);
}

static void address_of_another_server_is_not_free(void **state) {
	(void)state;
	struct addr a = own_address(), bound;
	struct socket_error error = { 0 };
	int udp = open_ok(socket_udp_listen, &a);
	assert_int_equal(socket_local_addr(udp, &bound), OK);
	assert_int_equal(socket_address_free(&bound, &error), ERR_IO);
	assert_int_equal(error.system_errno, EADDRINUSE);
	assert_non_null(strstr(error.text, "UDP 127."));
	close(udp);
	assert_int_equal(socket_address_free(&bound, &error), OK);

	int tcp = open_ok(socket_tcp_listen, &bound);
	assert_int_equal(socket_address_free(&bound, &error), ERR_IO);
	assert_non_null(strstr(error.text, "TCP 127."));
	close(tcp);
}

static void failure_names_address_and_reason(void **state) {
	(void)state;
	struct addr a = address("192.0.2.77@5300"); /* nobody's */
	struct socket_error error = { 0 };
	int fd = -7;
	assert_int_equal(socket_udp_listen(&a, &fd, &error), ERR_IO);
	assert_string_equal(error.text, "UDP 192.0.2.77@5300: bind: Cannot assign requested address");
	assert_int_equal(error.system_errno, EADDRNOTAVAIL);
	assert_int_equal(socket_tcp_listen(&a, &fd, &error), ERR_IO);
	assert_string_equal(error.text, "TCP 192.0.2.77@5300: bind: Cannot assign requested address");
	assert_int_equal(fd, -7);
}

static void ipv6_wildcard_leaves_ipv4_alone(void **state) {
	(void)state;
	struct addr any6 = address("::"), bound;
	int six = open_ok(socket_udp_listen, &any6);
	assert_int_equal(socket_local_addr(six, &bound), OK);
	struct addr any4 = address("0.0.0.0");
	any4.port = bound.port;
	int four = open_ok(socket_udp_listen, &any4);
	close(six);
	close(four);
}

static void sockets_never_block_nor_outlive_exec(void **state) {
	(void)state;
	struct addr a = address("::1");
	int udp = open_ok(socket_udp_listen, &a), tcp = open_ok(socket_tcp_listen, &a);
	assert_true(fcntl(udp, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(tcp, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(udp, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(tcp, F_GETFD) & FD_CLOEXEC);
	close(udp);
	close(tcp);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_share_one_address),
		cmocka_unit_test(address_of_another_server_is_not_free),
		cmocka_unit_test(failure_names_address_and_reason),
		cmocka_unit_test(ipv6_wildcard_leaves_ipv4_alone),
		cmocka_unit_test(sockets_never_block_nor_outlive_exec),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

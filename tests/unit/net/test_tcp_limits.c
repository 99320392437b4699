/* Time-outs, shares and budgets of the TCP server. */
#include "tcp_fixture.h"

#include <fcntl.h>
#include <sys/resource.h>

static uint8_t buf[TCP_MESSAGE_MAX];

static const struct tcp_limits short_times = { .first_ms = 3000, .idle_ms = 10000, .drain_ms = 20000 };

static void later(struct tcp_fixture *f, int64_t ms) {
	test_now_ms += ms;
	tcp_fixture_settle(f);
}

static void client_without_a_request_is_closed_soon(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(&short_times);
	int silent = tcp_client(f), dribbling = tcp_client(f);
	later(f, 2999);
	assert_false(tcp_is_closed(f, silent));
	tcp_send_raw(dribbling, "\0\4e", 3); /* part of a request buys no time */
	later(f, 1);
	assert_true(tcp_is_closed(f, silent));
	assert_true(tcp_is_closed(f, dribbling));
	assert_int_equal(tcp_fixture_counters(f).timed_out, 2);
	close(silent);
	close(dribbling);
	tcp_fixture_stop(f);
}

static void served_client_may_be_idle_longer(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(&short_times);
	int fd = tcp_client(f);
	tcp_expect_echo(f, fd);
	later(f, 9000);
	tcp_expect_echo(f, fd);
	later(f, 9999);
	assert_false(tcp_is_closed(f, fd));
	tcp_send(fd, "nothing", 7); /* not answered, so it is no reason to stay */
	later(f, 1);
	assert_true(tcp_is_closed(f, fd));
	close(fd);
	tcp_fixture_stop(f);
}

static unsigned idle_of(struct tcp_fixture *f, int fd) {
	tcp_send(fd, "idle?", 5);
	assert_int_equal(tcp_read(f, fd, buf), 4);
	return load_u32(buf);
}

static void idle_time_shrinks_while_many_are_connected(void **state) {
	(void)state;
	struct tcp_limits limits = { .conns_max = 20, .conns_per_client = 20, .idle_ms = 10000 };
	struct tcp_fixture *f = tcp_fixture_start(&limits);
	int fds[20];
	for (unsigned i = 0; i < 20; i++) {
		fds[i] = tcp_client(f);
		unsigned open = i + 1;
		unsigned want = open <= 10 ? 10000 : open == 20 ? TCP_IDLE_LEAST_MS : (20 - open) * 1000;
		assert_int_equal(idle_of(f, fds[i]), want);
	}
	/* All of them are due after the least time; as some go, the others have more. */
	later(f, TCP_IDLE_LEAST_MS - 1);
	assert_int_equal(tcp_fixture_counters(f).open, 20);
	later(f, 1);
	assert_int_equal(tcp_fixture_counters(f).open, 19);
	assert_int_equal(tcp_fixture_counters(f).timed_out, 1);
	assert_true(tcp_is_closed(f, fds[0]));
	later(f, 500);
	assert_int_equal(tcp_fixture_counters(f).open, 18);
	later(f, 8999); /* 9999 in all, and at ten the whole time holds again */
	assert_int_equal(tcp_fixture_counters(f).open, 10);
	assert_int_equal(idle_of(f, fds[19]), 10000);
	later(f, 1);
	assert_int_equal(tcp_fixture_counters(f).open, 1);
	for (unsigned i = 0; i < 20; i++)
		close(fds[i]);
	tcp_fixture_stop(f);
}

static void client_that_does_not_read_is_closed(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(&short_times);
	int lazy = tcp_client(f);
	tcp_send_stream_request(lazy, 's', 4000000000U, 60000);
	tcp_fixture_settle(f);
	later(f, 19999);
	assert_int_equal(tcp_fixture_counters(f).open, 1);
	later(f, 1);
	assert_int_equal(tcp_fixture_counters(f).open, 0);
	assert_int_equal(tcp_fixture_counters(f).slow, 1);
	assert_int_equal(f->streams_freed, 1);
	close(lazy);
	tcp_fixture_stop(f);
}

static void stream_may_take_long_while_its_client_reads(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(&short_times);
	int fd = tcp_client(f);
	tcp_send_stream_request(fd, 's', 2000, 60000);
	for (unsigned i = 0; i < 2000; i++) {
		assert_int_equal(tcp_read(f, fd, buf), 60000);
		if (i % 100 == 0) later(f, 10000);
	}
	assert_int_equal(tcp_fixture_counters(f).open, 1);
	close(fd);
	tcp_fixture_stop(f);
}

static void full_server_closes_who_is_idle_longest(void **state) {
	(void)state;
	struct tcp_limits limits = { .conns_max = 4, .conns_per_client = 4 };
	struct tcp_fixture *f = tcp_fixture_start(&limits);
	int fds[5];
	for (int i = 0; i < 4; i++) {
		fds[i] = tcp_client(f);
		tcp_expect_echo(f, fds[i]);
		test_now_ms++;
	}
	tcp_expect_echo(f, fds[0]); /* now the second is idle longest */
	fds[4] = tcp_client_from(f, "127.0.0.2");
	assert_true(tcp_is_closed(f, fds[1]));
	assert_false(tcp_is_closed(f, fds[0]));
	tcp_expect_echo(f, fds[4]);
	assert_int_equal(tcp_fixture_counters(f).evicted, 1);
	assert_int_equal(tcp_fixture_counters(f).open, 4);
	for (int i = 0; i < 5; i++)
		close(fds[i]);
	tcp_fixture_stop(f);
}

static void client_beyond_its_share_pays_itself(void **state) {
	(void)state;
	struct tcp_limits limits = { .conns_max = 10, .conns_per_client = 2 };
	struct tcp_fixture *f = tcp_fixture_start(&limits);
	int other = tcp_client_from(f, "127.0.0.2");
	tcp_expect_echo(f, other);
	test_now_ms++;
	int first = tcp_client(f);
	tcp_expect_echo(f, first);
	test_now_ms++;
	int second = tcp_client(f);
	tcp_expect_echo(f, second);
	int third = tcp_client(f);
	assert_true(tcp_is_closed(f, first));
	assert_false(tcp_is_closed(f, other));
	tcp_expect_echo(f, third);

	/* With both in use the next one is refused. */
	tcp_send_stream_request(second, 's', 4000000000U, 60000);
	tcp_send_stream_request(third, 's', 4000000000U, 60000);
	tcp_fixture_settle(f);
	int fourth = tcp_client(f);
	assert_true(tcp_is_closed(f, fourth));
	assert_int_equal(tcp_fixture_counters(f).refused, 1);
	assert_int_equal(tcp_fixture_counters(f).open, 3);
	close(first);
	close(second);
	close(third);
	close(fourth);
	close(other);
	tcp_fixture_stop(f);
}

static void busy_connections_are_not_given_up_for_new_ones(void **state) {
	(void)state;
	struct tcp_limits limits = { .conns_max = 2, .conns_per_client = 2 };
	struct tcp_fixture *f = tcp_fixture_start(&limits);
	int one = tcp_client(f), two = tcp_client(f);
	tcp_send_stream_request(one, 's', 4000000000U, 60000);
	tcp_send_stream_request(two, 's', 4000000000U, 60000);
	tcp_fixture_settle(f);
	int three = tcp_client_from(f, "127.0.0.2");
	assert_true(tcp_is_closed(f, three));
	assert_int_equal(tcp_fixture_counters(f).refused, 1);
	close(one);
	close(two);
	close(three);
	tcp_fixture_stop(f);
}

static void quiet_connections_own_no_buffers(void **state) {
	(void)state;
	enum { CLIENTS = 200 };
	struct tcp_limits limits = { .conns_max = CLIENTS, .conns_per_client = CLIENTS, .buffers_bytes = 1 };
	struct tcp_fixture *f = tcp_fixture_start(&limits);
	int fds[CLIENTS];
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = tcp_client(f);
		tcp_expect_echo(f, fds[i]);
	}
	assert_int_equal(tcp_fixture_counters(f).out_of_memory, 0);
	assert_int_equal(tcp_fixture_counters(f).open, CLIENTS);
	tcp_send_raw(fds[0], "\0\4e", 3); /* this one needs a buffer */
	assert_true(tcp_is_closed(f, fds[0]));
	assert_int_equal(tcp_fixture_counters(f).out_of_memory, 1);
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
	tcp_fixture_stop(f);
}

static void buffers_are_given_back(void **state) {
	(void)state;
	struct tcp_limits limits = { .buffers_bytes = 256 * 1024 };
	struct tcp_fixture *f = tcp_fixture_start(&limits);
	for (int i = 0; i < 20; i++) {
		int stream = tcp_client(f), part = tcp_client(f);
		tcp_send_stream_request(stream, 's', 100, 60000);
		tcp_send_raw(part, "\0\4e", 3);
		tcp_fixture_settle(f);
		tcp_send_raw(part, "bcd", 3);
		assert_int_equal(tcp_read(f, part, buf), 4);
		for (int m = 0; m < (i % 2 ? 100 : 50); m++)
			assert_int_equal(tcp_read(f, stream, buf), 60000);
		close(stream);
		close(part);
		while (tcp_fixture_counters(f).open > 0)
			net_worker_turn(f->worker, 5);
	}
	assert_int_equal(tcp_fixture_counters(f).out_of_memory, 0);
	tcp_fixture_stop(f);
}

static void server_without_descriptors_neither_spins_nor_hangs(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	struct rlimit old, low;
	int busy = tcp_client(f), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	tcp_send_stream_request(busy, 's', 4000000000U, 60000);
	tcp_fixture_settle(f);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(next);
	low.rlim_cur = (rlim_t)next; /* every lower number is in use */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);

	struct sockaddr_storage sa;
	struct addr to;
	assert_int_equal(addr_parse("127.0.0.1", f->listen.port, &to), OK);
	socklen_t len = addr_to_sockaddr(&to, &sa);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	for (int i = 0; tcp_fixture_counters(f).refused == 0; i++) {
		assert_true(i < 1000);
		net_worker_turn(f->worker, 5);
	}
	assert_true(tcp_is_closed(f, fd));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(fd);
	close(busy);
	tcp_fixture_stop(f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_without_a_request_is_closed_soon),
		cmocka_unit_test(served_client_may_be_idle_longer),
		cmocka_unit_test(idle_time_shrinks_while_many_are_connected),
		cmocka_unit_test(client_that_does_not_read_is_closed),
		cmocka_unit_test(stream_may_take_long_while_its_client_reads),
		cmocka_unit_test(full_server_closes_who_is_idle_longest),
		cmocka_unit_test(client_beyond_its_share_pays_itself),
		cmocka_unit_test(busy_connections_are_not_given_up_for_new_ones),
		cmocka_unit_test(quiet_connections_own_no_buffers),
		cmocka_unit_test(buffers_are_given_back),
		cmocka_unit_test(server_without_descriptors_neither_spins_nor_hangs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

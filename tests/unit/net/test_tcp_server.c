/* Framing, order, streams and ends of connections. */
#include <limits.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include "tcp_fixture.h"

#include <stdio.h>

#include "base/random.h"

static uint8_t buf[TCP_MESSAGE_MAX];

static void pipelined_requests_are_answered_in_order(void **state) {
	(void)state;
	enum { REQUESTS = 3 * TCP_REQUESTS_PER_TURN + 5 };
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	static uint8_t all[REQUESTS * 16];
	size_t len = 0;
	for (int i = 0; i < REQUESTS; i++) {
		store_u16(all + len, 5);
		len += 2 + (size_t)snprintf((char *)all + len + 2, 14, "e%04u", (unsigned)i);
	}
	int fd = tcp_client(f);
	tcp_send_raw(fd, all, len);
	for (int i = 0; i < REQUESTS; i++) {
		char want[16];
		snprintf(want, sizeof(want), "e%04u", (unsigned)i);
		assert_int_equal(tcp_read(f, fd, buf), 5);
		assert_memory_equal(buf, want, 5);
	}
	assert_int_equal(tcp_fixture_counters(f).requests, REQUESTS);
	close(fd);
	tcp_fixture_stop(f);
}

/* Segments with data that have come: at least as many as the server made of them by its writes. */
static unsigned data_segments(int fd) {
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_data_segs_in;
}

static void answers_to_what_came_at_once_go_out_in_one_write(void **state) {
	(void)state;
	enum { REQUESTS = 100, TIMES = 3 };
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	uint8_t all[REQUESTS * 7];
	for (int i = 0; i < REQUESTS; i++)
		memcpy(all + (size_t)7 * i, "\0\5equal", 7);
	int fd = tcp_client(f);
	for (unsigned time = 1; time <= TIMES; time++) {
		tcp_send_raw(fd, all, sizeof(all));
		for (int i = 0; i < REQUESTS; i++)
			assert_int_equal(tcp_read(f, fd, buf), 5);
		assert_int_equal(data_segments(fd), time);
	}
	close(fd);
	tcp_fixture_stop(f);
}

static void request_may_come_octet_by_octet(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	int fd = tcp_client(f);
	for (int round = 0; round < 2; round++) {
		static const char frame[] = "\0\6e12345\0\3eab";
		for (unsigned i = 0; i < 13; i++) {
			tcp_send_raw(fd, frame + i, 1);
			tcp_fixture_settle(f);
		}
		assert_int_equal(tcp_read(f, fd, buf), 6);
		assert_memory_equal(buf, "e12345", 6);
		assert_int_equal(tcp_read(f, fd, buf), 3);
	}
	close(fd);
	tcp_fixture_stop(f);
}

/* 300 requests of random lengths in pieces of random lengths, with turns of the worker and reads in between. */
static void cuts_in_the_stream_do_not_matter(void **state) {
	(void)state;
	enum { REQUESTS = 300, LONGEST = 3000 };
	static uint8_t all[REQUESTS * (LONGEST + 2)];
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct random random = random_seeded(seed);
		struct tcp_fixture *f = tcp_fixture_start(NULL);
		size_t len = 0, sent = 0, read = 0;
		for (int i = 0; i < REQUESTS; i++) {
			uint32_t size = 3 + random_below(&random, random_below(&random, LONGEST - 3) + 1);
			memset(all + len + 2, i, size);
			store_u16(all + len, (uint16_t)size);
			all[len + 2] = 'e';
			len += size + 2;
		}
		int fd = tcp_client(f);
		while (read < len) {
			size_t piece = 1 + random_below(&random, seed % 2 ? 20000 : 500);
			if (piece > len - sent) piece = len - sent;
			ssize_t n = piece ? send(fd, all + sent, piece, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
			sent += n > 0 ? (size_t)n : 0;
			net_worker_turn(f->worker, sent == len ? 1 : 0);
			n = random_below(&random, 4) == 0 ? recv(fd, buf, sizeof(buf), MSG_DONTWAIT) : -1;
			if (n < 0) continue;
			assert_true(n > 0 && read + (size_t)n <= len);
			assert_memory_equal(buf, all + read, n);
			read += (size_t)n;
		}
		close(fd);
		tcp_fixture_stop(f);
	}
}

static void largest_messages_pass_both_ways(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	static uint8_t request[2 + TCP_MESSAGE_MAX];
	memset(request, 'e', sizeof(request));
	store_u16(request, TCP_MESSAGE_MAX);
	int fd = tcp_client(f);
	for (int i = 0; i < 3; i++) {
		/* In parts, as the worker must read before the client can send it all. */
		for (size_t sent = 0; sent < sizeof(request);) {
			ssize_t n = send(fd, request + sent, sizeof(request) - sent, MSG_DONTWAIT);
			sent += n > 0 ? (size_t)n : 0;
			net_worker_turn(f->worker, 0);
		}
		assert_int_equal(tcp_read(f, fd, buf), TCP_MESSAGE_MAX);
		assert_memory_equal(buf, request + 2, TCP_MESSAGE_MAX);
	}
	close(fd);
	tcp_fixture_stop(f);
}

static void client_that_stops_sending_gets_every_answer(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	int fd = tcp_client(f);
	tcp_send(fd, "e1", 2);
	tcp_send_stream_request(fd, 's', 100, 30000);
	tcp_send(fd, "e2", 2);
	tcp_send_raw(fd, "\0", 1); /* half a frame is nothing */
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(tcp_read(f, fd, buf), 2);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(tcp_read(f, fd, buf), 30000);
		assert_int_equal(load_u32(buf), i);
	}
	assert_int_equal(tcp_read(f, fd, buf), 2);
	assert_memory_equal(buf, "e2", 2);
	assert_int_equal(tcp_read(f, fd, buf), TCP_END);
	assert_int_equal(tcp_fixture_counters(f).open, 0);
	close(fd);
	tcp_fixture_stop(f);
}

static void streams_do_not_hold_up_others(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	int endless = tcp_client(f), reading = tcp_client(f), asking = tcp_client(f);
	tcp_send_stream_request(endless, 's', 4000000000U, 60000);
	tcp_send_stream_request(reading, 's', 1000, 60000);
	tcp_fixture_settle(f); /* until the endless one's client must read */
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(tcp_read(f, reading, buf), 60000);
		assert_int_equal(load_u32(buf), i);
		if (i % 100 == 0) tcp_expect_echo(f, asking);
		if (i % 2 == 0) {
			assert_int_equal(tcp_read(f, endless, buf), 60000);
			assert_int_equal(load_u32(buf), i / 2);
		}
	}
	tcp_fixture_settle(f);
	assert_int_equal(f->streams_freed, 1);
	close(endless);
	for (int i = 0; f->streams_freed != 2; i++) {
		assert_true(i < 1000);
		net_worker_turn(f->worker, 5);
	}
	assert_int_equal(tcp_fixture_counters(f).open, 2);
	close(reading);
	close(asking);
	tcp_fixture_stop(f);
}

/* Octets that wait for the client. */
static int waiting(int fd) {
	int n;
	assert_int_equal(ioctl(fd, FIONREAD, &n), 0);
	return n;
}

/* However many streams run, a turn makes a few slices, and nobody has the next one before all others. */
static void slices_are_few_in_a_turn_and_dealt_in_rounds(void **state) {
	(void)state;
	enum { CLIENTS = 10, MESSAGE = 60000 };
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	int fds[CLIENTS], least = 0;
	for (unsigned i = 0; i < CLIENTS; i++)
		fds[i] = tcp_client(f);
	for (unsigned i = 0; i < CLIENTS; i++)
		tcp_send_stream_request(fds[i], 's', 4000000000U, MESSAGE);
	while (least == 0) {
		int total = 0, most = 0;
		uint64_t before = tcp_fixture_counters(f).messages;
		net_worker_turn(f->worker, 5);
		assert_in_range(tcp_fixture_counters(f).messages - before, 1, 2 * TCP_SLICES_PER_TURN);
		least = INT_MAX;
		for (unsigned i = 0; i < CLIENTS; i++) {
			int n = waiting(fds[i]);
			total += n;
			if (n > most) most = n;
			if (n < least) least = n;
		}
		assert_true(least > 0 || most <= 2 * (MESSAGE + 2));
		assert_true(total > 0);
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		close(fds[i]);
	for (int i = 0; f->streams_freed != CLIENTS; i++) {
		assert_true(i < 1000);
		net_worker_turn(f->worker, 5);
	}
	tcp_fixture_stop(f);
}

static void requests_behind_a_stream_wait_for_its_end(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	int fd = tcp_client(f);
	tcp_send_stream_request(fd, 's', 3, 10);
	tcp_send_stream_request(fd, 's', 0, 0); /* a stream of nothing */
	tcp_send_stream_request(fd, 's', 2, 20);
	tcp_send(fd, "end of it", 9);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(tcp_read(f, fd, buf), i < 3 ? 10 : 20);
	assert_int_equal(tcp_read(f, fd, buf), 9);
	assert_int_equal(f->streams_freed, 3);
	close(fd);
	tcp_fixture_stop(f);
}

static void stream_that_breaks_off_closes(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	int fd = tcp_client(f);
	tcp_send_stream_request(fd, 'a', 30, 60000);
	long len;
	unsigned messages = 0;
	while ((len = tcp_read(f, fd, buf)) != TCP_END)
		messages++;
	assert_true(messages <= 30);
	assert_int_equal(f->streams_freed, 1);
	assert_int_equal(tcp_fixture_counters(f).open, 0);
	close(fd);
	tcp_fixture_stop(f);
}

static void last_answer_arrives_though_the_client_goes_on_sending(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	int fd = tcp_client(f);
	tcp_send(fd, "e1", 2);
	tcp_send(fd, "z2", 2);
	tcp_send(fd, "e3", 2);
	tcp_fixture_settle(f);
	tcp_send(fd, "e4", 2); /* must not make the kernel reset the connection before the answers are read */
	tcp_fixture_settle(f);
	assert_int_equal(tcp_read(f, fd, buf), 2);
	assert_int_equal(tcp_read(f, fd, buf), 2);
	assert_memory_equal(buf, "z2", 2);
	assert_int_equal(tcp_read(f, fd, buf), TCP_END);
	assert_int_equal(tcp_fixture_counters(f).open, 1);
	close(fd);
	for (int i = 0; tcp_fixture_counters(f).open != 0; i++) {
		assert_true(i < 1000);
		net_worker_turn(f->worker, 5);
	}
	assert_int_equal(tcp_fixture_counters(f).requests, 2);
	tcp_fixture_stop(f);
}

static void empty_frame_closes(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	int fd = tcp_client(f);
	tcp_send(fd, "e1", 2);
	tcp_send_raw(fd, "\0\0\0\2e2", 6);
	assert_int_equal(tcp_read(f, fd, buf), 2);
	assert_int_equal(tcp_read(f, fd, buf), TCP_END);
	assert_int_equal(tcp_fixture_counters(f).requests, 1);
	close(fd);
	tcp_fixture_stop(f);
}

static void unanswered_requests_keep_the_connection(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	int fd = tcp_client(f);
	tcp_send(fd, "nothing", 7);
	tcp_expect_echo(f, fd);
	tcp_expect_echo(f, fd);
	close(fd);
	tcp_fixture_stop(f);
}

static void reset_during_a_stream_frees_it(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	int fd = tcp_client(f);
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	tcp_send_stream_request(fd, 's', 4000000000U, 60000);
	tcp_fixture_settle(f);
	assert_int_equal(f->streams_made, 1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(fd);
	for (int i = 0; f->streams_freed == 0; i++) {
		assert_true(i < 1000);
		net_worker_turn(f->worker, 5);
	}
	tcp_fixture_stop(f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipelined_requests_are_answered_in_order),
		cmocka_unit_test(answers_to_what_came_at_once_go_out_in_one_write),
		cmocka_unit_test(request_may_come_octet_by_octet),
		cmocka_unit_test(cuts_in_the_stream_do_not_matter),
		cmocka_unit_test(largest_messages_pass_both_ways),
		cmocka_unit_test(client_that_stops_sending_gets_every_answer),
		cmocka_unit_test(streams_do_not_hold_up_others),
		cmocka_unit_test(slices_are_few_in_a_turn_and_dealt_in_rounds),
		cmocka_unit_test(requests_behind_a_stream_wait_for_its_end),
		cmocka_unit_test(stream_that_breaks_off_closes),
		cmocka_unit_test(last_answer_arrives_though_the_client_goes_on_sending),
		cmocka_unit_test(empty_frame_closes),
		cmocka_unit_test(unanswered_requests_keep_the_connection),
		cmocka_unit_test(reset_during_a_stream_frees_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

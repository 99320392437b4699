/* The loop as a whole: run by a thread, asked over UDP and TCP, stopped from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "net/socket.h"
#include "net/worker.h"

/* Touched by the worker's thread only, read after it has ended. */
struct seen {
	int online; /* 1 or 0: never waits while it may hold something */
	unsigned questions, waits, batches, wrong;
};

static void answer_udp(void *ctx, struct udp_packet *packets, unsigned count) {
	struct seen *seen = ctx;
	for (unsigned i = 0; i < count; i++) {
		struct udp_packet *p = &packets[i];
		seen->questions++;
		seen->wrong += !seen->online || p->peer.family != AF_INET || p->answer_len > 0;
		memcpy(udp_answer_begin(packets, i), p->request, p->request_len);
		p->answer_len = p->request_len;
	}
}

static void answer_tcp(void *ctx, struct tcp_conn *conn, const uint8_t *req, size_t len) {
	struct seen *seen = ctx;
	seen->questions++;
	seen->wrong += !seen->online || tcp_peer(conn)->port == 0 || tcp_answer(conn, req, len) != OK;
}

static void before_wait(void *ctx) {
	((struct seen *)ctx)->online = 0;
	((struct seen *)ctx)->waits++;
}

static void after_wait(void *ctx) {
	((struct seen *)ctx)->online = 1;
}

static void between_batches(void *ctx) {
	((struct seen *)ctx)->batches++;
}

static void *run(void *worker) {
	net_worker_run(worker);
	return NULL;
}

static int connected(int type, const struct addr *to) {
	struct sockaddr_storage sa;
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(to->family, type | SOCK_CLOEXEC, 0);
	socklen_t len = addr_to_sockaddr(to, &sa);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	return fd;
}

static void worker_answers_until_it_is_stopped(void **state) {
	(void)state;
	struct seen seen = { .online = 1 };
	struct net_worker_config config = { .udp = answer_udp,
		                            .tcp = answer_tcp,
		                            .before_wait = before_wait,
		                            .after_wait = after_wait,
		                            .between_batches = between_batches,
		                            .ctx = &seen,
		                            .now = clock_now };
	struct net_worker *worker;
	struct addr listen;
	struct socket_error error;
	int udp, tcp;
	pthread_t thread;
	char got[16];
	assert_int_equal(addr_parse("127.0.0.1", 0, &listen), OK);
	assert_int_equal(net_worker_new(&config, &worker), OK);
	assert_int_equal(socket_udp_listen(&listen, &udp, &error), OK);
	assert_int_equal(socket_local_addr(udp, &listen), OK);
	assert_int_equal(socket_tcp_listen(&listen, &tcp, &error), OK);
	assert_int_equal(net_worker_add_udp(worker, udp), OK);
	assert_int_equal(net_worker_add_tcp(worker, tcp), OK);
	assert_int_equal(pthread_create(&thread, NULL, run, worker), 0);

	int ask_udp = connected(SOCK_DGRAM, &listen), ask_tcp = connected(SOCK_STREAM, &listen);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(send(ask_udp, "abc", 3, 0), 3);
		assert_int_equal(send(ask_tcp, "\0\3def", 5, 0), 5);
		assert_int_equal(recv(ask_udp, got, sizeof(got), 0), 3);
		assert_memory_equal(got, "abc", 3);
		assert_int_equal(recv(ask_tcp, got, 5, MSG_WAITALL), 5);
		assert_memory_equal(got, "\0\3def", 5);
	}
	struct net_worker_counters counters = net_worker_counters(worker);
	assert_int_equal(counters.udp.received, 100);
	assert_int_equal(counters.tcp.requests, 100);
	assert_int_equal(counters.tcp.open, 1);

	net_worker_stop(worker);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(seen.online, 1);
	assert_int_equal(seen.wrong, 0);
	assert_int_equal(seen.questions, 200);
	assert_true(seen.waits > 0);
	assert_true(seen.batches >= 200);
	net_worker_free(worker);
	assert_int_equal(recv(ask_tcp, got, 1, 0), 0);
	close(ask_udp);
	close(ask_tcp);
}

/* -- questions that come fast ------------------------------------------------------------------------------------ */

static unsigned paused_us, pauses;

static void note_pause(unsigned us) {
	paused_us = us;
	pauses++;
}

struct turn {
	unsigned packets; /* that it finds */
	bool begins_with_pause;
};

static void turns_pause_as_told(unsigned coalesce_us, const struct turn *turns, size_t count) {
	struct seen seen = { .online = 1 };
	struct net_worker_config config = { .udp = answer_udp,
		                            .tcp = answer_tcp,
		                            .before_wait = before_wait,
		                            .after_wait = after_wait,
		                            .ctx = &seen,
		                            .now = clock_now,
		                            .pause = note_pause,
		                            .coalesce_us = coalesce_us };
	struct net_worker *worker;
	struct addr listen;
	struct socket_error error;
	int udp;
	unsigned sent = 0;
	assert_int_equal(addr_parse("127.0.0.1", 0, &listen), OK);
	assert_int_equal(net_worker_new(&config, &worker), OK);
	assert_int_equal(socket_udp_listen(&listen, &udp, &error), OK);
	assert_int_equal(socket_local_addr(udp, &listen), OK);
	assert_int_equal(net_worker_add_udp(worker, udp), OK);
	int ask_udp = connected(SOCK_DGRAM, &listen);
	for (size_t i = 0; i < count; i++) {
		for (unsigned k = 0; k < turns[i].packets; k++)
			assert_int_equal(send(ask_udp, "abc", 3, 0), 3);
		pauses = 0;
		net_worker_turn(worker, 0);
		assert_int_equal(pauses, turns[i].begins_with_pause);
		assert_int_equal(seen.questions, sent += turns[i].packets);
	}
	assert_int_equal(seen.wrong, 0);
	close(ask_udp);
	net_worker_free(worker);
}

static void worker_pauses_where_questions_come_fast(void **state) {
	(void)state;
	static const struct turn turns[] = {
		{ NET_COALESCE_FROM - 1, false },
		{ NET_COALESCE_FROM, false },
		{ NET_COALESCE_WHILE, true },
		{ NET_COALESCE_WHILE - 1, true },
		{ NET_COALESCE_FROM - 1, false },
		{ 1, false },
		{ UDP_BATCH_MAX + 1, false },
		{ 0, true },
		{ UDP_BATCH_MAX, false },
		{ UDP_BATCH_MAX, true },
		{ 0, true },
		{ 0, false },
	};
	turns_pause_as_told(70, turns, sizeof(turns) / sizeof(turns[0]));
	assert_int_equal(paused_us, 70);
}

static void worker_without_coalescing_never_pauses(void **state) {
	(void)state;
	static const struct turn turns[] = { { UDP_BATCH_MAX, false },
		                             { UDP_BATCH_MAX, false },
		                             { 0, false } };
	turns_pause_as_told(0, turns, sizeof(turns) / sizeof(turns[0]));
}

static void worker_that_is_behind_does_not_pause(void **state) {
	(void)state;
	static const struct turn turns[] = { { UDP_BATCHES_PER_TURN * UDP_BATCH_MAX, false }, { 0, false } };
	turns_pause_as_told(70, turns, sizeof(turns) / sizeof(turns[0]));
}

static void worker_takes_a_bounded_number_of_sockets(void **state) {
	(void)state;
	struct net_worker_config config = { .udp = answer_udp, .tcp = answer_tcp, .now = clock_now };
	struct net_worker *worker;
	struct addr a;
	struct socket_error error;
	int fd;
	assert_int_equal(addr_parse("127.0.0.1", 0, &a), OK);
	assert_int_equal(net_worker_new(&config, &worker), OK);
	for (unsigned i = 0; i < NET_WORKER_SOCKETS_MAX; i++) {
		assert_int_equal(socket_udp_listen(&a, &fd, &error), OK);
		assert_int_equal(net_worker_add_udp(worker, fd), OK);
	}
	assert_int_equal(socket_udp_listen(&a, &fd, &error), OK);
	assert_int_equal(net_worker_add_udp(worker, fd), ERR_LIMIT);
	close(fd);
	net_worker_free(worker);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worker_answers_until_it_is_stopped),
		cmocka_unit_test(worker_pauses_where_questions_come_fast),
		cmocka_unit_test(worker_without_coalescing_never_pauses),
		cmocka_unit_test(worker_that_is_behind_does_not_pause),
		cmocka_unit_test(worker_takes_a_bounded_number_of_sockets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

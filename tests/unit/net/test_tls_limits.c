/* TLS clients that are slow, odd or too many. */
#include "tls_fixture.h"

#include "base/random.h"

static uint8_t buf[TCP_MESSAGE_MAX];

static const char *const versions[] = { TLS_12, TLS_13 };

/* At every octet of what the client has to say: it closes, or goes on sending nothing. */
static void client_may_leave_at_every_octet(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	for (unsigned v = 0; v < 2; v++) {
		bool is_done = false;
		unsigned cuts = 0;
		for (size_t cut = 0; !is_done && cut < 5000; cut += cut < 8 || cut % 64 == 0 ? 1 : 7) {
			struct tls_client *c = tls_client_new(f, versions[v], "dot");
			c->sent_max = cut;
			for (int i = 0; i < 20 && !is_done; i++) {
				is_done = gnutls_handshake(c->session) == 0;
				tcp_fixture_settle(f->tcp);
			}
			if (is_done) {
				c->sent_max = SIZE_MAX;
				tls_client_send(c, "echo", 4);
			}
			tls_client_free(c);
			tls_wait_open(f, 0);
			cuts++;
		}
		assert_true(is_done && cuts > 20);
	}
	assert_true(tls_counters(f).tls_failed > 40);
	tls_fixture_stop(f);
}

static void handshake_that_stops_is_closed_in_time(void **state) {
	(void)state;
	struct tcp_limits limits = { .first_ms = 3000 };
	struct tls_fixture *f = tls_fixture_start(&limits);
	struct tls_client *silent = tls_client_new(f, ANY_TLS, "dot"),
			  *half = tls_client_new(f, ANY_TLS, "dot");
	struct tls_client *late = tls_client_open(f, ANY_TLS);
	half->sent_max = 100;
	assert_int_equal(gnutls_handshake(half->session), GNUTLS_E_AGAIN);
	test_now_ms += 2999;
	tcp_fixture_settle(f->tcp);
	assert_int_equal(tls_counters(f).open, 3);
	test_now_ms += 1;
	tcp_fixture_settle(f->tcp);
	assert_int_equal(tls_counters(f).open, 0);
	assert_int_equal(tls_counters(f).timed_out, 3);
	assert_int_equal(tls_counters(f).tls_timed_out, 2);
	/* Who has shaken hands and asked nothing is told. */
	assert_int_equal(tls_client_recv(late, buf, sizeof(buf)), 0);
	tls_client_free(silent);
	tls_client_free(half);
	tls_client_free(late);
	tls_fixture_stop(f);
}

static void garbage_is_counted_and_closed(void **state) {
	(void)state;
	static const char *const garbage[] = { "\0\4echo", "GET / HTTP/1.1\r\n\r\n",
		                               "\x16\3\1\2\0\2\0\1\xfc\3\3", "\x16\3\1\xff\xff",
		                               "\x80\x2e\1\0\2" };
	struct tls_fixture *f = tls_fixture_start(NULL);
	for (unsigned i = 0; i < 5; i++) {
		uint8_t block[4096];
		size_t len = i == 0 ? 6 : i == 2 ? 11 : strlen(garbage[i]);
		memset(block, 0xee, sizeof(block));
		memcpy(block, garbage[i], len);
		int fd = tcp_client_to(f->tcp, "127.0.0.1", f->listen.port);
		tcp_send_raw(fd, block, sizeof(block));
		tls_wait_open(f, 0);
		assert_int_equal(tls_counters(f).tls_failed, i + 1);
		close(fd);
	}
	tls_fixture_stop(f);
}

static void random_octets_are_closed_or_waited_for(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	struct random random = random_seeded(7);
	for (unsigned i = 0; i < 300; i++) {
		uint8_t block[300] = { 0x16, 3, (uint8_t)random_below(&random, 5), 0 };
		for (unsigned j = 4; j < sizeof(block); j++)
			block[j] = (uint8_t)random_below(&random, 256);
		int fd = tcp_client_to(f->tcp, "127.0.0.1", f->listen.port);
		tcp_send_raw(fd, block, sizeof(block));
		tcp_fixture_settle(f->tcp);
		close(fd);
		tls_wait_open(f, 0);
	}
	assert_int_equal(tls_counters(f).tls_failed, 300);
	tls_fixture_stop(f);
}

static void sessions_are_charged_to_the_budget(void **state) {
	(void)state;
	struct tcp_limits limits = { .buffers_bytes = 3 * TLS_SESSION_BYTES };
	struct tls_fixture *f = tls_fixture_start(&limits);
	struct tls_client *all[3];
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++)
			all[i] = tls_client_open(f, ANY_TLS);
		struct tls_client *more = tls_client_new(f, ANY_TLS, "dot");
		assert_true(tls_client_shake(more) < 0);
		assert_int_equal(tls_counters(f).out_of_memory, round + 1);
		tls_client_expect_echo(all[0]);
		tls_client_free(more);
		for (int i = 0; i < 3; i++)
			tls_client_free(all[i]);
		tls_wait_open(f, 0);
	}
	tls_fixture_stop(f);
}

static void turn_takes_few_handshake_steps(void **state) {
	(void)state;
	enum { CLIENTS = 20 };
	struct tls_fixture *f = tls_fixture_start(NULL);
	struct tls_client *all[CLIENTS];
	for (int i = 0; i < CLIENTS; i++)
		all[i] = tls_client_new(f, ANY_TLS, "dot");
	tcp_fixture_settle(f->tcp);
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(gnutls_handshake(all[i]->session), GNUTLS_E_AGAIN);
	int answered = 0;
	net_worker_turn(f->tcp->worker, 100);
	for (int i = 0; i < CLIENTS; i++)
		answered += recv(all[i]->fd, buf, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
	assert_in_range(answered, 1, TCP_HANDSHAKES_PER_TURN);
	for (int i = 0; i < CLIENTS; i++) {
		assert_int_equal(tls_client_shake(all[i]), 0);
		tls_client_expect_echo(all[i]);
		tls_client_free(all[i]);
	}
	tls_fixture_stop(f);
}

static void listener_without_certificate_closes(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start(NULL);
	struct addr any, listen;
	struct socket_error error;
	int fd;
	assert_int_equal(addr_parse("127.0.0.1", 0, &any), OK);
	assert_int_equal(socket_tcp_listen(&any, &fd, &error), OK);
	assert_int_equal(socket_local_addr(fd, &listen), OK);
	assert_int_equal(net_worker_add_tls(f->worker, fd), OK);
	int client = tcp_client_to(f, "127.0.0.1", listen.port);
	tcp_send_raw(client, "\x16\3\1", 3);
	assert_true(tcp_is_closed(f, client));
	close(client);
	tcp_fixture_stop(f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_may_leave_at_every_octet),
		cmocka_unit_test(handshake_that_stops_is_closed_in_time),
		cmocka_unit_test(garbage_is_counted_and_closed),
		cmocka_unit_test(random_octets_are_closed_or_waited_for),
		cmocka_unit_test(sessions_are_charged_to_the_budget),
		cmocka_unit_test(turn_takes_few_handshake_steps),
		cmocka_unit_test(listener_without_certificate_closes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

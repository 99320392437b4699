/* Connections of proxies, over TCP and TLS: whose they are. */
#include "tls_fixture.h"

#include "proxy_make.h"

static uint8_t buf[TCP_MESSAGE_MAX];

static struct prefix_set *allowed;

/* The proxy is 127.0.0.9. */
static int setup(void **state) {
	(void)state;
	struct addr_prefix prefix;
	if (addr_prefix_parse("127.0.0.9", &prefix) != OK) return -1;
	allowed = prefix_set_new(&prefix, 1);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	prefix_set_free(allowed);
	return 0;
}

static int proxy(struct tcp_fixture *f) {
	return tcp_client_from(f, "127.0.0.9");
}

static void send_header(int fd, const char *source, uint16_t port) {
	uint8_t data[PROXY_HEADER_MAX];
	tcp_send_raw(fd, data, proxy_make(data, source, port, 1, 0));
}

/* Who asks, by the server's word; port 0: whatever it is. */
static void expect_peer(struct tcp_fixture *f, int fd, const char *address, uint16_t port) {
	char got[ADDR_TEXT_MAX], want[ADDR_TEXT_MAX];
	tcp_send(fd, "peer", 4);
	long len = tcp_read(f, fd, buf);
	assert_in_range(len, 1, ADDR_TEXT_MAX - 1);
	snprintf(got, sizeof(got), "%.*s", (int)len, (const char *)buf);
	if (port == 0) *strchr(got, '@') = '\0';
	snprintf(want, sizeof(want), port ? "%s@%u" : "%s", address, port);
	assert_string_equal(got, want);
}

static void connection_is_its_clients(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start_with(NULL, allowed);
	int one = proxy(f), two = proxy(f);
	send_header(one, "192.0.2.7", 4711);
	send_header(two, "2001:db8::7", 53);
	expect_peer(f, one, "192.0.2.7", 4711);
	expect_peer(f, two, "2001:db8::7", 53);
	expect_peer(f, one, "192.0.2.7", 4711);
	assert_int_equal(tcp_fixture_counters(f).proxied, 2);
	close(one);
	close(two);
	tcp_fixture_stop(f);
}

static void header_and_requests_may_come_in_one_piece_or_octet_by_octet(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start_with(NULL, allowed);
	for (size_t piece = 1; piece < 200; piece += piece < 60 ? 1 : 40) {
		uint8_t data[PROXY_HEADER_MAX];
		size_t len = proxy_make(data, "2001:db8::7", 53, 1, 30);
		memcpy(data + len, "\0\4peer\0\4echo", 12);
		len += 12;
		int fd = proxy(f);
		for (size_t at = 0; at < len; at += piece) {
			tcp_send_raw(fd, data + at, piece < len - at ? piece : len - at);
			tcp_fixture_settle(f);
		}
		assert_int_equal(tcp_read(f, fd, buf), 14);
		assert_memory_equal(buf, "2001:db8::7@53", 14);
		assert_int_equal(tcp_read(f, fd, buf), 4);
		close(fd);
	}
	tcp_fixture_stop(f);
}

static void proxy_may_ask_for_itself(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start_with(NULL, allowed);
	int local = proxy(f), bare = proxy(f), dribbling = proxy(f);
	tcp_send_raw(local, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
	expect_peer(f, local, "127.0.0.9", 0);
	expect_peer(f, bare, "127.0.0.9", 0);
	for (unsigned i = 0; i < 6; i++) {
		tcp_send_raw(dribbling, &"\0\4peer"[i], 1);
		tcp_fixture_settle(f);
	}
	assert_true(tcp_read(f, dribbling, buf) > 9);
	assert_memory_equal(buf, "127.0.0.9", 9);
	assert_int_equal(tcp_fixture_counters(f).proxied, 1);
	close(local);
	close(bare);
	close(dribbling);
	tcp_fixture_stop(f);
}

static void malformed_headers_are_counted_and_closed(void **state) {
	(void)state;
	static const char *const bad[] = { "\r\n\r\n\0\r\nQUIT\n\x11\x11\0\x0c",
		                           "\r\n\r\n\0\r\nQUIT\n\x22\x11\0\x0c",
		                           "\r\n\r\n\0\r\nQUIT\n\x21\x41\0\x0c",
		                           "\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
		                           "PROXY TCP4 1.2.3.4 1.2.3.4 5 53\r\n" };
	struct tcp_fixture *f = tcp_fixture_start_with(NULL, allowed);
	for (unsigned i = 0; i < 5; i++) {
		int fd = proxy(f);
		tcp_send_raw(fd, bad[i], 16);
		assert_true(tcp_is_closed(f, fd));
		assert_int_equal(tcp_fixture_counters(f).proxy_malformed, i + 1);
		close(fd);
	}
	tcp_fixture_stop(f);
}

static void header_of_a_stranger_closes(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start_with(NULL, allowed);
	int fd = tcp_client(f);
	send_header(fd, "127.0.0.9", 1);
	assert_true(tcp_is_closed(f, fd));
	assert_int_equal(tcp_fixture_counters(f).proxy_refused, 1);
	assert_int_equal(tcp_fixture_counters(f).requests, 0);
	close(fd);
	tcp_fixture_stop(f);
}

static void second_header_closes(void **state) {
	(void)state;
	struct tcp_fixture *f = tcp_fixture_start_with(NULL, allowed);
	int fd = proxy(f);
	send_header(fd, "192.0.2.7", 1);
	send_header(fd, "192.0.2.8", 1);
	assert_true(tcp_is_closed(f, fd));
	assert_int_equal(tcp_fixture_counters(f).requests, 0);
	close(fd);
	tcp_fixture_stop(f);
}

static void header_that_does_not_end_is_closed_in_time(void **state) {
	(void)state;
	struct tcp_limits limits = { .first_ms = 3000 };
	struct tcp_fixture *f = tcp_fixture_start_with(&limits, allowed);
	uint8_t data[PROXY_HEADER_MAX];
	size_t len = proxy_make(data, "192.0.2.7", 1, 1, 0);
	for (size_t cut = 0; cut < len; cut++) {
		int waiting = proxy(f), leaving = proxy(f);
		tcp_send_raw(waiting, data, cut);
		tcp_send_raw(leaving, data, cut);
		tcp_fixture_settle(f);
		close(leaving);
		for (int i = 0; tcp_fixture_counters(f).open != 1; i++) {
			assert_true(i < 1000);
			net_worker_turn(f->worker, 5);
		}
		test_now_ms += 3000;
		assert_true(tcp_is_closed(f, waiting));
		assert_int_equal(tcp_fixture_counters(f).open, 0);
		close(waiting);
	}
	assert_int_equal(tcp_fixture_counters(f).timed_out, len);
	tcp_fixture_stop(f);
}

static void clients_behind_a_proxy_have_a_share_each(void **state) {
	(void)state;
	struct tcp_limits limits = { .conns_max = 20, .conns_per_client = 2 };
	struct tcp_fixture *f = tcp_fixture_start_with(&limits, allowed);
	int fds[10], own[3], direct = tcp_client_from(f, "127.0.0.1");
	tcp_expect_echo(f, direct);
	for (int i = 0; i < 10; i++) {
		char source[32];
		snprintf(source, sizeof(source), "192.0.2.%d", 1 + i / 2);
		fds[i] = proxy(f);
		send_header(fds[i], source, 1);
		expect_peer(f, fds[i], source, 1);
		test_now_ms++;
	}
	for (int i = 0; i < 3; i++) { /* the proxy itself has no share */
		own[i] = proxy(f);
		tcp_expect_echo(f, own[i]);
	}
	assert_int_equal(tcp_fixture_counters(f).open, 14);
	assert_int_equal(tcp_fixture_counters(f).evicted, 0);

	/* A third connection of one client costs it its longest idle one. */
	int third = proxy(f);
	send_header(third, "192.0.2.3", 1);
	expect_peer(f, third, "192.0.2.3", 1);
	assert_true(tcp_is_closed(f, fds[4]));
	assert_false(tcp_is_closed(f, fds[5]));
	assert_int_equal(tcp_fixture_counters(f).evicted, 1);

	/* With both in use it is refused. */
	tcp_send_stream_request(fds[5], 's', 4000000000U, 60000);
	tcp_send_stream_request(third, 's', 4000000000U, 60000);
	tcp_fixture_settle(f);
	int fourth = proxy(f);
	send_header(fourth, "192.0.2.3", 1);
	assert_true(tcp_is_closed(f, fourth));
	assert_int_equal(tcp_fixture_counters(f).refused, 1);
	assert_int_equal(tcp_fixture_counters(f).open, 14);

	/* A client counts the same whether it comes by the proxy or not. */
	int behind = proxy(f);
	send_header(behind, "127.0.0.1", 1);
	expect_peer(f, behind, "127.0.0.1", 1);
	int again = tcp_client_from(f, "127.0.0.1");
	tcp_expect_echo(f, again);
	assert_true(tcp_is_closed(f, direct));
	for (int i = 0; i < 10; i++)
		close(fds[i]);
	for (int i = 0; i < 3; i++)
		close(own[i]);
	close(third);
	close(fourth);
	close(behind);
	close(again);
	close(direct);
	tcp_fixture_stop(f);
}

/* -- over TLS ------------------------------------------------------------------------------------------------- */

static struct tls_client *proxy_tls(struct tls_fixture *f) {
	return tls_client_new_from(f, "127.0.0.9", ANY_TLS, "dot");
}

static void expect_peer_tls(struct tls_client *c, const char *address) {
	tls_client_send(c, "peer", 4);
	long len = tls_client_read(c, buf);
	assert_true(len > (long)strlen(address));
	assert_memory_equal(buf, address, strlen(address));
	assert_int_equal(buf[strlen(address)], '@');
}

static void header_stands_in_clear_before_the_handshake(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start_with(NULL, allowed);
	for (size_t piece = 1; piece < 60; piece += piece < 20 ? 3 : 11) {
		uint8_t data[PROXY_HEADER_MAX];
		size_t len = proxy_make(data, "192.0.2.7", 4711, 1, 7);
		struct tls_client *c = proxy_tls(f);
		for (size_t at = 0; at < len; at += piece) {
			tcp_send_raw(c->fd, data + at, piece < len - at ? piece : len - at);
			tcp_fixture_settle(f->tcp);
		}
		c->piece = piece % 2 ? SIZE_MAX : piece;
		assert_int_equal(tls_client_shake(c), 0);
		expect_peer_tls(c, "192.0.2.7");
		tls_client_free(c);
	}
	tls_fixture_stop(f);
}

static void proxy_may_shake_hands_without_header(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start_with(NULL, allowed);
	for (int local = 0; local < 2; local++) {
		for (size_t piece = 1; piece < 40; piece += 13) {
			struct tls_client *c = proxy_tls(f);
			c->piece = piece;
			if (local) tcp_send_raw(c->fd, "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
			assert_int_equal(tls_client_shake(c), 0);
			expect_peer_tls(c, "127.0.0.9");
			tls_client_free(c);
		}
	}
	tls_fixture_stop(f);
}

static void header_inside_tls_closes(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start_with(NULL, allowed);
	uint8_t data[PROXY_HEADER_MAX];
	struct tls_client *c = proxy_tls(f), *stranger = tls_client_new(f, ANY_TLS, "dot");
	assert_int_equal(tls_client_shake(c), 0);
	tls_client_send_raw(c, data, proxy_make(data, "192.0.2.7", 1, 1, 0));
	assert_true(tls_client_read(c, buf) < 0);
	tcp_send_raw(stranger->fd, data, 28);
	assert_true(tls_client_shake(stranger) < 0);
	tls_wait_open(f, 0);
	tls_client_free(c);
	tls_client_free(stranger);
	tls_fixture_stop(f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connection_is_its_clients),
		cmocka_unit_test(header_and_requests_may_come_in_one_piece_or_octet_by_octet),
		cmocka_unit_test(proxy_may_ask_for_itself),
		cmocka_unit_test(malformed_headers_are_counted_and_closed),
		cmocka_unit_test(header_of_a_stranger_closes),
		cmocka_unit_test(second_header_closes),
		cmocka_unit_test(header_that_does_not_end_is_closed_in_time),
		cmocka_unit_test(clients_behind_a_proxy_have_a_share_each),
		cmocka_unit_test(header_stands_in_clear_before_the_handshake),
		cmocka_unit_test(proxy_may_shake_hands_without_header),
		cmocka_unit_test(header_inside_tls_closes),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* Query workers on loopback sockets: answers by UDP and TCP, transfers, new versions under questions, stop. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "../serve/lab.h"
#include "daemon/workers.h"

enum { WORKERS = 2, DEADLINE_MS = 20000 };

struct running {
	struct lab *lab;
	struct workers *workers;
	struct addr listen[2];
};

static const char
	*const zone = "@ SOA ns admin %u 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.80\n";

static struct zone_version *version_of(unsigned serial) {
	char text[256];
	snprintf(text, sizeof(text), zone, serial);
	return zone_from_text("example.", text, SIGN_NONE);
}

/* A port that is free for both protocols on both addresses. */
static void choose_port(struct addr listen[static 2]) {
	struct socket_error error;
	for (uint16_t port = (uint16_t)(20000 + getpid() % 20000);; port++) {
		assert_int_equal(addr_parse("127.0.0.1", port, &listen[0]), OK);
		assert_int_equal(addr_parse("::1", port, &listen[1]), OK);
		if (socket_address_free(&listen[0], &error) == OK &&
		    socket_address_free(&listen[1], &error) == OK)
			return;
	}
}

static int setup(void **state) {
	struct running *r = calloc(1, sizeof(*r));
	struct socket_error error;
	r->lab = lab_new();
	serve_worker_free(r->lab->worker); /* the workers bring their own */
	r->lab->worker = NULL;
	r->lab->versions[r->lab->version_count++] = version_of(1);
	table_publish(r->lab->table, lab_entry(r->lab, "example."), r->lab->versions[0], ZONE_SERVED);
	choose_port(r->listen);
	struct workers_settings settings = { .count = WORKERS, .listen = r->listen, .listen_count = 2 };
	assert_int_equal(workers_open(&settings, &r->workers, &error), OK);
	assert_int_equal(workers_start(r->workers, r->lab->serve, r->lab->epoch), OK);
	*state = r;
	return 0;
}

static int teardown(void **state) {
	struct running *r = *state;
	workers_free(r->workers);
	lab_free(r->lab);
	free(r);
	return 0;
}

/* -- a client ------------------------------------------------------------------------------------------------ */

static int client(const struct addr *to, int type) {
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sockaddr(to, &sa);
	int fd = socket(to->family, type, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	return fd;
}

static void wait_readable(int fd) {
	struct pollfd p = { .fd = fd, .events = POLLIN };
	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
}

static const char *ask_udp(struct running *r, const struct addr *to, const char *question) {
	struct lab *lab = r->lab;
	struct lab_question q = lab_parse(question);
	lab_build(lab, &q);
	int fd = client(to, SOCK_DGRAM);
	assert_int_equal(send(fd, lab->request, lab->request_len, 0), (ssize_t)lab->request_len);
	wait_readable(fd);
	ssize_t n = recv(fd, lab->answer, sizeof(lab->answer), 0);
	assert_true(n > 0);
	lab->answer_len = (size_t)n;
	close(fd);
	return lab_show(lab);
}

static void send_tcp(struct lab *lab, int fd, const char *question) {
	uint8_t frame[2 + 512];
	struct lab_question q = lab_parse(question);
	lab_build(lab, &q);
	store_u16(frame, (uint16_t)lab->request_len);
	memcpy(frame + 2, lab->request, lab->request_len);
	assert_int_equal(send(fd, frame, lab->request_len + 2, 0), (ssize_t)lab->request_len + 2);
}

static void receive(int fd, uint8_t *data, size_t len) {
	for (size_t at = 0; at < len;) {
		wait_readable(fd);
		ssize_t n = recv(fd, data + at, len - at, 0);
		assert_true(n > 0);
		at += (size_t)n;
	}
}

static const char *receive_tcp(struct lab *lab, int fd) {
	uint8_t len[2];
	receive(fd, len, 2);
	lab->answer_len = load_u16(len);
	receive(fd, lab->answer, lab->answer_len);
	return lab_show(lab);
}

/* -- tests ----------------------------------------------------------------------------------------------------- */

#define WWW "NOERROR aa\nAN www.example. 3600 A 192.0.2.80\n"

static void both_addresses_answer_by_udp(void **state) {
	struct running *r = *state;
	for (unsigned i = 0; i < 20; i++) {
		assert_string_equal(ask_udp(r, &r->listen[i % 2], "www.example. A"), WWW);
		assert_string_equal(ask_udp(r, &r->listen[i % 2], "www.other. A"), "REFUSED\n");
	}
	assert_int_equal(workers_count(r->workers).udp.received, 40);
	struct serve_counters c;
	serve_count(r->lab->serve, &c);
	assert_int_equal(c.queries_udp, 40);
}

static void one_connection_takes_many_questions_and_a_transfer(void **state) {
	struct running *r = *state;
	int fd = client(&r->listen[0], SOCK_STREAM);
	send_tcp(r->lab, fd, "www.example. A");
	send_tcp(r->lab, fd, "example. AXFR");
	send_tcp(r->lab, fd, "www.example. A");
	assert_string_equal(receive_tcp(r->lab, fd), WWW);
	assert_int_equal(lab_lines(receive_tcp(r->lab, fd), "AN "), 5);
	assert_string_equal(receive_tcp(r->lab, fd), WWW);
	close(fd);
}

static void new_versions_are_published_under_questions(void **state) {
	struct running *r = *state;
	struct lab *lab = r->lab;
	struct name apex;
	char answer[128];
	assert_int_equal(name_parse("example.", &apex), OK);
	struct zone_entry *entry = table_find(lab->table, apex.wire);
	for (unsigned serial = 2; serial < 200; serial++) {
		struct zone_version *v = version_of(serial);
		table_publish(lab->table, entry, v, ZONE_SERVED);
		version_unref(v);
		epoch_collect(lab->epoch);
		snprintf(
			answer, sizeof(answer),
			"NOERROR aa\nAN example. 3600 SOA ns.example. admin.example. %u 3600 600 86400 300\n",
			serial);
		assert_string_equal(ask_udp(r, &r->listen[serial % 2], "example. SOA"), answer);
	}
}

static void address_in_use_is_told(void **state) {
	struct running *r = *state;
	struct workers *second = NULL;
	struct socket_error error;
	struct workers_settings settings = { .count = 1, .listen = r->listen, .listen_count = 2 };
	assert_int_equal(workers_open(&settings, &second, &error), ERR_IO);
	assert_null(second);
	assert_non_null(strstr(error.text, "127.0.0.1"));
}

static void stop_closes_connections(void **state) {
	struct running *r = *state;
	int fd = client(&r->listen[0], SOCK_STREAM);
	send_tcp(r->lab, fd, "example. AXFR");
	assert_int_equal(lab_lines(receive_tcp(r->lab, fd), "AN "), 5);
	workers_stop(r->workers);
	uint8_t octet;
	wait_readable(fd);
	assert_true(recv(fd, &octet, 1, 0) <= 0);
	close(fd);
}

int main(void) {
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(both_addresses_answer_by_udp),
		ROW(one_connection_takes_many_questions_and_a_transfer),
		ROW(new_versions_are_published_under_questions),
		ROW(address_in_use_is_told),
		ROW(stop_closes_connections),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

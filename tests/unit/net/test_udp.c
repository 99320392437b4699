/* UDP batches over loopback.  The handler answers with what it was asked and the asker's port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/socket.h"
#include "net/udp.h"
#include "proxy_make.h"

struct seen {
	unsigned requests;
	unsigned batches;
};

static void echo(void *ctx, struct udp_packet *packets, unsigned count) {
	struct seen *seen = ctx;
	for (unsigned i = 0; i < count; i++) {
		struct udp_packet *p = &packets[i];
		uint8_t *answer = udp_answer_begin(packets, i);
		seen->requests++;
		if (p->request_len > 0 && p->request[0] == 'n') continue;
		int n = snprintf((char *)answer, UDP_ANSWER_MAX, "%.*s@%u", (int)p->request_len,
		                 (const char *)p->request, p->peer.port);
		p->answer_len = (size_t)n;
	}
}

static void batch_done(void *ctx) {
	((struct seen *)ctx)->batches++;
}

struct fixture {
	struct udp_batch *batch;
	struct prefix_set *proxies;
	struct seen seen;
	struct udp_handler handler;
	struct addr listen;
	int fd;
};

/* Takes proxies. */
static struct fixture *start_with(struct fixture *f, const char *listen, struct prefix_set *proxies) {
	struct addr a;
	struct socket_error error = { 0 };
	memset(f, 0, sizeof(*f));
	assert_int_equal(addr_parse(listen, 0, &a), OK);
	if (socket_udp_listen(&a, &f->fd, &error) != OK) fail_msg("%s", error.text);
	assert_int_equal(socket_local_addr(f->fd, &f->listen), OK);
	f->proxies = proxies;
	f->batch = udp_batch_new();
	udp_batch_set_proxies(f->batch, proxies);
	f->handler = (struct udp_handler){ .answer = echo, .between_batches = batch_done, .ctx = &f->seen };
	return f;
}

static struct fixture *start(struct fixture *f, const char *listen) {
	return start_with(f, listen, NULL);
}

static void stop(struct fixture *f) {
	udp_batch_free(f->batch);
	prefix_set_free(f->proxies);
	close(f->fd);
}

static int client(const char *text, uint16_t port, uint16_t *out_port) {
	struct addr to, own;
	struct sockaddr_storage sa;
	assert_int_equal(addr_parse(text, port, &to), OK);
	int fd = socket(to.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = addr_to_sockaddr(&to, &sa);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(socket_local_addr(fd, &own), OK);
	*out_port = own.port;
	return fd;
}

static bool readable(int fd) {
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, 5000) == 1;
}

/* The client is connected, so only an answer from the address it asked arrives. */
static void expect(int fd, const char *text, uint16_t port) {
	char got[256] = { 0 }, want[256];
	snprintf(want, sizeof(want), "%s@%u", text, port);
	assert_true(readable(fd));
	assert_true(recv(fd, got, sizeof(got) - 1, 0) > 0);
	assert_string_equal(got, want);
}

static void every_sender_gets_its_own_answer(void **state) {
	(void)state;
	struct fixture f;
	int fds[40];
	uint16_t ports[40];
	char text[32];
	start(&f, "127.0.0.1");
	for (int i = 0; i < 40; i++) {
		fds[i] = client("127.0.0.1", f.listen.port, &ports[i]);
		snprintf(text, sizeof(text), "%squestion%d", i % 4 == 3 ? "n" : "", i);
		assert_true(send(fds[i], text, strlen(text), 0) > 0);
	}
	assert_true(readable(f.fd));
	assert_int_equal(udp_serve(f.batch, f.fd, &f.handler), 40);
	for (int i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "question%d", i);
		if (i % 4 != 3) expect(fds[i], text, ports[i]);
		close(fds[i]);
	}
	struct udp_counters counters = udp_batch_counters(f.batch);
	assert_int_equal(counters.received, 40);
	assert_int_equal(counters.sent, 30);
	assert_int_equal(counters.send_failed, 0);
	assert_int_equal(f.seen.batches, 1);
	stop(&f);
}

static void answers_leave_from_the_address_asked(void **state) {
	(void)state;
	static const struct {
		const char *listen, *ask;
	} rows[] = { { "0.0.0.0", "127.0.0.1" },
		     { "0.0.0.0", "127.0.0.99" },
		     { "::", "::1" },
		     { "127.0.0.9", "127.0.0.9" } };
	for (unsigned i = 0; i < 4; i++) {
		struct fixture f;
		uint16_t port;
		start(&f, rows[i].listen);
		int fd = client(rows[i].ask, f.listen.port, &port);
		assert_true(send(fd, "x", 1, 0) == 1);
		assert_true(readable(f.fd));
		assert_int_equal(udp_serve(f.batch, f.fd, &f.handler), 1);
		expect(fd, "x", port);
		close(fd);
		stop(&f);
	}
}

static void too_long_request_is_dropped(void **state) {
	(void)state;
	static uint8_t big[UDP_REQUEST_MAX + 1];
	struct fixture f;
	uint16_t port;
	start(&f, "127.0.0.1");
	int fd = client("127.0.0.1", f.listen.port, &port);
	assert_int_equal(send(fd, big, sizeof(big), 0), sizeof(big));
	assert_int_equal(send(fd, big, UDP_REQUEST_MAX, 0), UDP_REQUEST_MAX);
	assert_int_equal(send(fd, "y", 1, 0), 1);
	assert_true(readable(f.fd));
	assert_int_equal(udp_serve(f.batch, f.fd, &f.handler), 3);
	assert_int_equal(f.seen.requests, 2);
	assert_int_equal(udp_batch_counters(f.batch).too_long, 1);
	close(fd);
	stop(&f);
}

static void send_back(void *ctx, struct udp_packet *packets, unsigned count) {
	struct seen *seen = ctx;
	for (unsigned i = 0; i < count; i++) {
		struct udp_packet *p = &packets[i];
		uint8_t *answer = udp_answer_begin(packets, i);
		seen->requests++;
		memset(answer, 0xee, UDP_ANSWER_MAX); /* all of it may be written to, whatever stays of it */
		memcpy(answer, p->request, p->request_len);
		p->answer_len = p->request_len;
	}
}

/* Short ones and long ones in one batch, each other than the one before. */
static void requests_and_answers_of_any_length_are_whole(void **state) {
	static const uint16_t lengths[] = { 1,   511,  512,  513,  4096, 12,  4095, 64,  63, 65, 2000, 512,
		                            513, 4096, 4096, 4096, 1,    100, 1232, 600, 17, 30, 4000, 2 };
	enum { COUNT = sizeof(lengths) / sizeof(lengths[0]) };
	static uint8_t data[UDP_REQUEST_MAX], got[UDP_REQUEST_MAX + 1];
	(void)state;
	struct fixture f;
	uint16_t port;
	start(&f, "127.0.0.1");
	f.handler.answer = send_back;
	int fd = client("127.0.0.1", f.listen.port, &port);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < COUNT; i++) {
			for (unsigned k = 0; k < lengths[i]; k++)
				data[k] = (uint8_t)(k * 7 + k / 256 + i * 31 + round);
			assert_int_equal(send(fd, data, lengths[i], 0), lengths[i]);
		}
		assert_true(readable(f.fd));
		assert_int_equal(udp_serve(f.batch, f.fd, &f.handler), COUNT);
		for (unsigned i = 0; i < COUNT; i++) {
			assert_true(readable(fd));
			assert_int_equal(recv(fd, got, sizeof(got), 0), lengths[i]);
			for (unsigned k = 0; k < lengths[i]; k++)
				assert_int_equal(got[k], (uint8_t)(k * 7 + k / 256 + i * 31 + round));
		}
	}
	close(fd);
	stop(&f);
}

/* The longest answers to the largest batch: the row of answers is full to its end, and no further. */
static void a_batch_has_room_for_the_longest_answers(void **state) {
	static uint8_t row[UDP_BATCH_MAX * UDP_ANSWER_MAX];
	struct udp_packet packets[UDP_BATCH_MAX] = { { .answer = row } };
	(void)state;
	for (unsigned i = 0; i < UDP_BATCH_MAX; i++) {
		assert_ptr_equal(udp_answer_begin(packets, i), row + (size_t)i * UDP_ANSWER_MAX);
		packets[i].answer_len = UDP_ANSWER_MAX;
	}
	for (unsigned i = 1; i < UDP_BATCH_MAX; i++) { /* what is not answered takes nothing */
		packets[i - 1].answer_len = i % 3 ? 0 : 65;
		const uint8_t *before = packets[i - 1].answer;
		assert_ptr_equal(udp_answer_begin(packets, i), before + (i % 3 ? 0 : 128));
	}
}

/* Dropped ones, those without an answer and long ones in one batch: each answer goes to whom it is for. */
static void a_mixed_batch_is_answered_one_by_one(void **state) {
	static uint8_t big[UDP_REQUEST_MAX + 1], got[UDP_REQUEST_MAX + 64];
	(void)state;
	struct fixture f;
	int fds[3];
	uint16_t ports[3];
	start(&f, "127.0.0.1");
	for (unsigned i = 0; i < 3; i++)
		fds[i] = client("127.0.0.1", f.listen.port, &ports[i]);
	memset(big, 'q', sizeof(big));
	for (unsigned round = 0; round < 3; round++) {
		assert_int_equal(send(fds[0], big, sizeof(big), 0), sizeof(big)); /* dropped */
		assert_int_equal(send(fds[1], "n", 1, 0), 1);
		assert_int_equal(send(fds[1], big, 600, 0), 600);
		assert_int_equal(send(fds[2], "short", 5, 0), 5);
	}
	assert_true(readable(f.fd));
	assert_int_equal(udp_serve(f.batch, f.fd, &f.handler), 12);
	for (unsigned round = 0; round < 3; round++) {
		assert_true(readable(fds[1]));
		assert_true(recv(fds[1], got, sizeof(got), 0) > 600);
		assert_memory_equal(got, big, 600);
		expect(fds[2], "short", ports[2]);
	}
	for (unsigned i = 0; i < 3; i++)
		close(fds[i]);
	stop(&f);
}

static void flood_ends_the_turn_but_loses_nothing(void **state) {
	(void)state;
	enum { PACKETS = UDP_BATCH_MAX * UDP_BATCHES_PER_TURN + 10 };
	struct fixture f;
	uint16_t port;
	start(&f, "127.0.0.1");
	int fd = client("127.0.0.1", f.listen.port, &port);
	for (int i = 0; i < PACKETS; i++)
		assert_int_equal(send(fd, "n", 1, 0), 1);
	assert_int_equal(udp_serve(f.batch, f.fd, &f.handler), PACKETS - 10);
	assert_int_equal(udp_serve(f.batch, f.fd, &f.handler), 10);
	assert_int_equal(udp_serve(f.batch, f.fd, &f.handler), 0);
	assert_int_equal(f.seen.requests, PACKETS);
	close(fd);
	stop(&f);
}

static void answer_that_cannot_leave_does_not_stop_the_others(void **state) {
	(void)state;
	struct fixture f;
	uint16_t port, port2;
	start(&f, "127.0.0.1");
	int gone = client("127.0.0.1", f.listen.port, &port), fd = client("127.0.0.1", f.listen.port, &port2);
	assert_int_equal(send(gone, "a", 1, 0), 1);
	close(gone); /* its answers meet a closed port, which the socket hears of at a later call */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(send(fd, "b", 1, 0), 1);
		assert_true(readable(f.fd));
		while (udp_serve(f.batch, f.fd, &f.handler) == 0)
			assert_true(readable(f.fd));
		expect(fd, "b", port2);
	}
	close(fd);
	stop(&f);
}

/* Needs the right to make raw packets; skipped without. */
static void source_port_zero_is_dropped(void **state) {
	(void)state;
	int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);
	if (raw < 0) skip();
	struct fixture f;
	struct sockaddr_storage sa;
	start(&f, "127.0.0.1");
	struct {
		struct udphdr header;
		char text[4];
	} packet = { .header = { .dest = htons(f.listen.port), .len = htons(sizeof(packet)) },
		     .text = "abc" };
	struct addr to = f.listen;
	to.port = 0;
	socklen_t len = addr_to_sockaddr(&to, &sa);
	assert_int_equal(sendto(raw, &packet, sizeof(packet), 0, (struct sockaddr *)&sa, len),
	                 sizeof(packet));
	assert_true(readable(f.fd));
	assert_int_equal(udp_serve(f.batch, f.fd, &f.handler), 1);
	assert_int_equal(f.seen.requests, 0);
	assert_int_equal(udp_batch_counters(f.batch).bad_source, 1);
	close(raw);
	stop(&f);
}

/* -- proxies ------------------------------------------------------------------------------------------------- */

static struct fixture *start_behind(struct fixture *f, const char *proxy) {
	struct addr_prefix prefix;
	assert_int_equal(addr_prefix_parse(proxy, &prefix), OK);
	return start_with(f, "127.0.0.1", prefix_set_new(&prefix, 1));
}

static void send_behind(int fd, const char *source, uint16_t port, size_t extra, const char *text) {
	uint8_t data[UDP_REQUEST_MAX + 1];
	size_t len = proxy_make(data, source, port, 2, extra);
	memcpy(data + len, text, strlen(text));
	assert_true(send(fd, data, len + strlen(text), 0) > 0);
}

static void serve_one(struct fixture *f) {
	assert_true(readable(f->fd));
	assert_int_equal(udp_serve(f->batch, f->fd, &f->handler), 1);
}

static void proxy_tells_who_asks_and_gets_the_answer(void **state) {
	(void)state;
	struct fixture f;
	uint16_t port;
	start_behind(&f, "127.0.0.0/8");
	int fd = client("127.0.0.1", f.listen.port, &port);
	for (uint16_t i = 0; i < 100;
	     i++) { /* also where the header or the question reaches beyond short requests */
		send_behind(fd, i % 2 ? "192.0.2.7" : "2001:db8::7", 1000 + i, i < 90 ? 430 + i : i * 5,
		            "question");
		serve_one(&f);
		expect(fd, "question", 1000 + i);
	}
	assert_int_equal(udp_batch_counters(f.batch).proxied, 100);
	close(fd);
	stop(&f);
}

static void proxy_may_ask_for_itself(void **state) {
	(void)state;
	struct fixture f;
	uint16_t port;
	uint8_t local[20] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0self";
	start_behind(&f, "127.0.0.1");
	int fd = client("127.0.0.1", f.listen.port, &port);
	assert_int_equal(send(fd, local, sizeof(local), 0), sizeof(local));
	serve_one(&f);
	expect(fd, "self", port);
	assert_int_equal(send(fd, "bare", 4, 0), 4);
	serve_one(&f);
	expect(fd, "bare", port);
	close(fd);
	stop(&f);
}

static void header_of_a_stranger_is_dropped(void **state) {
	(void)state;
	struct fixture f;
	uint16_t port;
	start_behind(&f, "192.0.2.0/24");
	int fd = client("127.0.0.1", f.listen.port, &port);
	send_behind(fd, "192.0.2.7", 1000, 0, "question");
	serve_one(&f);
	assert_int_equal(f.seen.requests, 0);
	assert_int_equal(udp_batch_counters(f.batch).proxy_refused, 1);
	assert_int_equal(send(fd, "bare", 4, 0), 4);
	serve_one(&f);
	expect(fd, "bare", port);
	close(fd);
	stop(&f);
}

static void header_that_cannot_be_read_is_dropped(void **state) {
	(void)state;
	struct fixture f;
	uint16_t port;
	uint8_t data[UDP_REQUEST_MAX];
	unsigned dropped = 0;
	start_behind(&f, "127.0.0.1");
	int fd = client("127.0.0.1", f.listen.port, &port);
	size_t len = proxy_make(data, "2001:db8::7", 1000, 2, 20);
	for (size_t cut = 1; cut < len; cut++, dropped++) {
		assert_int_equal(send(fd, data, cut, 0), (ssize_t)cut);
		serve_one(&f);
	}
	send_behind(fd, "192.0.2.7", 1000, PROXY_HEADER_MAX, "question");
	serve_one(&f);
	assert_true(send(fd, "PROXY TCP4 192.0.2.7 192.0.2.1 1 53\r\nquestion", 45, 0) > 0);
	serve_one(&f);
	assert_int_equal(f.seen.requests, 0);
	assert_int_equal(udp_batch_counters(f.batch).proxy_malformed, dropped + 2);
	close(fd);
	stop(&f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sender_gets_its_own_answer),
		cmocka_unit_test(answers_leave_from_the_address_asked),
		cmocka_unit_test(too_long_request_is_dropped),
		cmocka_unit_test(requests_and_answers_of_any_length_are_whole),
		cmocka_unit_test(a_batch_has_room_for_the_longest_answers),
		cmocka_unit_test(a_mixed_batch_is_answered_one_by_one),
		cmocka_unit_test(flood_ends_the_turn_but_loses_nothing),
		cmocka_unit_test(answer_that_cannot_leave_does_not_stop_the_others),
		cmocka_unit_test(source_port_zero_is_dropped),
		cmocka_unit_test(proxy_tells_who_asks_and_gets_the_answer),
		cmocka_unit_test(proxy_may_ask_for_itself),
		cmocka_unit_test(header_of_a_stranger_is_dropped),
		cmocka_unit_test(header_that_cannot_be_read_is_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

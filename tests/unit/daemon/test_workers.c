/* Query workers on loopback sockets: answers by UDP and TCP, transfers, new versions under questions, stop. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "../net/certificate_make.h"
#include "../net/proxy_make.h"
#include "../serve/lab.h"
#include "daemon/workers.h"
#include "net/tls.h"

enum { WORKERS = 2, DEADLINE_MS = 20000 };

struct running {
	struct lab *lab;
	struct workers *workers;
	struct addr listen[2], tls;
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

/* Another port than the first ones'. */
static void choose_tls_port(struct running *r) {
	struct socket_error error;
	r->tls = r->listen[0];
	do {
		r->tls.port++;
	} while (socket_tcp_address_free(&r->tls, &error) != OK);
}

static struct tls_credentials *credentials(const char *name) {
	struct tls_credentials *c = NULL;
	struct tls_files files;
	char text[TLS_TEXT_MAX];
	tls_files_make(&files, name);
	assert_int_equal(tls_credentials_load(files.certificate, files.key, false, &c, text), OK);
	tls_files_remove(&files);
	return c;
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
	choose_tls_port(r);
	struct addr_prefix proxy;
	struct tls_credentials *tls = credentials("first");
	struct workers_settings settings = { .count = WORKERS,
		                             .listen = r->listen,
		                             .listen_count = 2,
		                             .tls_listen = &r->tls,
		                             .tls_listen_count = 1,
		                             .tls = tls,
		                             .proxies = &proxy,
		                             .proxies_count = 1 };
	assert_int_equal(addr_prefix_parse("::1", &proxy), OK);
	assert_int_equal(workers_open(&settings, &r->workers, &error), OK);
	tls_credentials_unref(tls);
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

/* What it is told to try again are tickets. */
static void receive_tls(gnutls_session_t session, uint8_t *data, size_t len) {
	ssize_t n = GNUTLS_E_AGAIN;
	for (int i = 0; i < 10 && n == GNUTLS_E_AGAIN; i++)
		n = gnutls_record_recv(session, data, len);
	assert_int_equal(n, len);
}

/* A question over a connection of its own; the name that the certificate is for.  Waits in the socket. */
static void ask_tls(struct running *r, const char *question, char name[static 64]) {
	gnutls_session_t session;
	gnutls_certificate_credentials_t any;
	struct lab *lab = r->lab;
	uint8_t frame[2 + 512], len[2];
	size_t name_len = 64;
	unsigned count;
	struct lab_question q = lab_parse(question);
	lab_build(lab, &q);
	int fd = client(&r->tls, SOCK_STREAM);
	assert_int_equal(gnutls_init(&session, GNUTLS_CLIENT), 0);
	assert_int_equal(gnutls_certificate_allocate_credentials(&any), 0);
	assert_int_equal(gnutls_set_default_priority(session), 0);
	assert_int_equal(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, any), 0);
	gnutls_transport_set_int(session, fd);
	gnutls_handshake_set_timeout(session, DEADLINE_MS);
	gnutls_record_set_timeout(session, DEADLINE_MS);
	assert_int_equal(gnutls_handshake(session), 0);
	store_u16(frame, (uint16_t)lab->request_len);
	memcpy(frame + 2, lab->request, lab->request_len);
	assert_int_equal(gnutls_record_send(session, frame, lab->request_len + 2), lab->request_len + 2);
	receive_tls(session, len, 2);
	lab->answer_len = load_u16(len);
	receive_tls(session, lab->answer, lab->answer_len);
	gnutls_x509_crt_t crt;
	const gnutls_datum_t *shown = gnutls_certificate_get_peers(session, &count);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_import(crt, shown, GNUTLS_X509_FMT_DER), 0);
	assert_int_equal(gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name,
	                                               &name_len),
	                 0);
	gnutls_x509_crt_deinit(crt);
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(any);
	close(fd);
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

static void questions_are_answered_over_tls_while_certificates_change(void **state) {
	struct running *r = *state;
	struct tls_credentials *both[] = { credentials("first"), credentials("second") };
	char name[64];
	for (unsigned i = 0; i < 40; i++) {
		ask_tls(r, "www.example. A", name);
		assert_string_equal(lab_show(r->lab), WWW);
		assert_string_equal(name, i % 2 ? "second" : "first");
		workers_set_tls(r->workers, both[(i + 1) % 2]);
	}
	assert_int_equal(workers_count(r->workers).tcp.tls_opened, 40);
	struct serve_counters c;
	serve_count(r->lab->serve, &c);
	assert_int_equal(c.queries_tls, 40);
	tls_credentials_unref(both[0]);
	tls_credentials_unref(both[1]);
}

static void listed_proxies_may_send_headers(void **state) {
	struct running *r = *state;
	struct lab *lab = r->lab;
	uint8_t packet[512];
	struct lab_question q = lab_parse("www.example. A");
	for (int i = 0; i < 2; i++) {
		lab_build(lab, &q);
		int fd = client(&r->listen[1 - i], SOCK_DGRAM);
		size_t len = proxy_make(packet, "192.0.2.7", 1, 2, 0);
		memcpy(packet + len, lab->request, lab->request_len);
		assert_true(send(fd, packet, len + lab->request_len, 0) > 0);
		if (i == 0) { /* ::1 is listed, 127.0.0.1 is not */
			wait_readable(fd);
			assert_int_equal(recv(fd, lab->answer, sizeof(lab->answer), 0),
			                 lab->request_len + 16);
		} else {
			assert_string_equal(ask_udp(r, &r->listen[0], "www.example. A"), WWW);
		}
		close(fd);
	}
	struct udp_counters c = workers_count(r->workers).udp;
	for (int i = 0; c.proxy_refused == 0; i++) { /* the other worker may have answered before */
		assert_true(i < 1000);
		(void)ask_udp(r, &r->listen[0], "www.example. A"); /* for the time that it takes */
		c = workers_count(r->workers).udp;
	}
	assert_int_equal(c.proxied, 1);
	assert_int_equal(c.proxy_refused, 1);
}

static void proxies_change_under_questions(void **state) {
	struct running *r = *state;
	struct addr_prefix lists[2][2];
	assert_int_equal(addr_prefix_parse("127.0.0.0/8", &lists[0][0]), OK);
	assert_int_equal(addr_prefix_parse("::1", &lists[0][1]), OK);
	assert_int_equal(addr_prefix_parse("192.0.2.0/24", &lists[1][0]), OK);
	lists[1][1] = lists[1][0];
	for (unsigned i = 0; i < 300; i++) {
		workers_set_proxies(r->workers, lists[i % 2], i % 3);
		epoch_collect(r->lab->epoch);
		assert_string_equal(ask_udp(r, &r->listen[i % 2], "www.example. A"), WWW);
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
		ROW(questions_are_answered_over_tls_while_certificates_change),
		ROW(listed_proxies_may_send_headers),
		ROW(proxies_change_under_questions),
		ROW(address_in_use_is_told),
		ROW(stop_closes_connections),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

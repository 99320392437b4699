/* DNS over TLS as a client sees it: handshakes, framing, ends, certificates that change. */
#include "tls_fixture.h"

#include "base/random.h"

static uint8_t buf[TCP_MESSAGE_MAX];

static const char *const versions[] = { TLS_12, TLS_13 };

static void question_is_answered_over_both_versions(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct tls_client *c = tls_client_open(f, versions[i]);
		gnutls_datum_t alpn;
		assert_int_equal(gnutls_alpn_get_selected_protocol(c->session, &alpn), 0);
		assert_int_equal(alpn.size, 3);
		assert_memory_equal(alpn.data, "dot", 3);
		tls_client_expect_echo(c);
		tls_client_send(c, "transport?", 10);
		assert_int_equal(tls_client_read(c, buf), 3);
		assert_memory_equal(buf, "tls", 3);
		tls_client_free(c);
	}
	tls_wait_open(f, 0);
	assert_int_equal(tls_counters(f).tls_opened, 2);
	assert_int_equal(tls_counters(f).tls_failed, 0);
	int plain = tcp_client(f->tcp);
	tcp_send(plain, "transport?", 10);
	assert_int_equal(tcp_read(f->tcp, plain, buf), 3);
	assert_memory_equal(buf, "tcp", 3);
	close(plain);
	tls_fixture_stop(f);
}

static void client_that_names_no_protocol_is_welcome(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct tls_client *c = tls_client_new(f, versions[i], NULL);
		assert_int_equal(tls_client_shake(c), 0);
		tls_client_expect_echo(c);
		tls_client_free(c);
	}
	tls_fixture_stop(f);
}

static void client_of_another_protocol_is_refused(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	struct tls_client *c = tls_client_new(f, ANY_TLS, "h2");
	assert_int_equal(tls_client_shake(c), GNUTLS_E_FATAL_ALERT_RECEIVED);
	assert_int_equal(gnutls_alert_get(c->session), GNUTLS_A_NO_APPLICATION_PROTOCOL);
	tls_wait_open(f, 0);
	assert_int_equal(tls_counters(f).tls_failed, 1);
	tls_client_free(c);
	tls_fixture_stop(f);
}

static void what_is_too_weak_is_refused(void **state) {
	(void)state;
	static const char *const weak[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.1",
		"NORMAL:-VERS-ALL:+VERS-TLS1.0",
		TLS_12 ":-KX-ALL:+RSA",
		TLS_12 ":-KX-ALL:+DHE-RSA",
		TLS_12 ":-CIPHER-ALL:+AES-128-CBC",
		TLS_13 ":-GROUP-ALL:+GROUP-FFDHE2048",
	};
	struct tls_fixture *f = tls_fixture_start(NULL);
	unsigned count = sizeof(weak) / sizeof(weak[0]);
	for (unsigned i = 0; i < count; i++) {
		struct tls_client *c = tls_client_new(f, weak[i], "dot");
		assert_int_equal(tls_client_shake(c), GNUTLS_E_FATAL_ALERT_RECEIVED);
		tls_wait_open(f, 0);
		tls_client_free(c);
	}
	assert_int_equal(tls_counters(f).tls_failed, count);
	tls_fixture_stop(f);
}

static void handshake_may_come_octet_by_octet(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct tls_client *c = tls_client_new(f, versions[i], "dot");
		c->piece = 1;
		assert_int_equal(tls_client_shake(c), 0);
		tls_client_expect_echo(c);
		tls_client_expect_echo(c);
		tls_client_free(c);
	}
	tls_fixture_stop(f);
}

/* As test_tcp_server's, over records: requests of random lengths in records of random lengths. */
static void cuts_in_the_stream_do_not_matter(void **state) {
	(void)state;
	enum { REQUESTS = 300, LONGEST = 3000 };
	static uint8_t all[REQUESTS * (LONGEST + 2)];
	struct tls_fixture *f = tls_fixture_start(NULL);
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct random random = random_seeded(seed);
		struct tls_client *c = tls_client_open(f, versions[seed % 2]);
		size_t len = 0, sent = 0, read = 0;
		for (int i = 0; i < REQUESTS; i++) {
			uint32_t size = 3 + random_below(&random, random_below(&random, LONGEST - 3) + 1);
			memset(all + len + 2, i, size);
			store_u16(all + len, (uint16_t)size);
			all[len + 2] = 'e';
			len += size + 2;
		}
		size_t piece = 0;
		while (read < len) {
			if (piece == 0) piece = 1 + random_below(&random, seed % 3 ? 16384 : 500);
			if (piece > len - sent) piece = len - sent;
			ssize_t n = piece ? gnutls_record_send(c->session, all + sent, piece) : 0;
			assert_true(n >= 0 || n == GNUTLS_E_AGAIN);
			sent += n > 0 ? (size_t)n : 0;
			piece -= n > 0 ? (size_t)n : 0;
			net_worker_turn(f->tcp->worker, sent == len ? 1 : 0);
			if (random_below(&random, 4) != 0) continue;
			n = gnutls_record_recv(c->session, buf, sizeof(buf));
			if (n == GNUTLS_E_AGAIN) continue;
			assert_true(n > 0 && read + (size_t)n <= len);
			assert_memory_equal(buf, all + read, n);
			read += (size_t)n;
		}
		tls_client_free(c);
	}
	tls_fixture_stop(f);
}

static void requests_of_one_record_each_are_answered_in_order(void **state) {
	(void)state;
	enum { REQUESTS = 500 };
	struct tls_fixture *f = tls_fixture_start(NULL);
	struct tls_client *c = tls_client_open(f, ANY_TLS);
	char text[8];
	for (unsigned i = 0; i < REQUESTS; i++) {
		snprintf(text, sizeof(text), "e%04u", i);
		tls_client_send(c, text, 5);
	}
	for (unsigned i = 0; i < REQUESTS; i++) {
		snprintf(text, sizeof(text), "e%04u", i);
		assert_int_equal(tls_client_read(c, buf), 5);
		assert_memory_equal(buf, text, 5);
	}
	tls_client_free(c);
	tls_fixture_stop(f);
}

static void answers_to_what_came_at_once_go_out_in_one_record(void **state) {
	(void)state;
	enum { REQUESTS = 20 };
	struct tls_fixture *f = tls_fixture_start(NULL);
	struct tls_client *c = tls_client_open(f, ANY_TLS);
	tls_client_expect_echo(c);
	for (unsigned i = 0; i < REQUESTS; i++)
		tls_client_send(c, "equal", 5);
	assert_int_equal(tls_client_recv(c, buf, sizeof(buf)), REQUESTS * 7);
	assert_memory_equal(buf, "\0\5equal\0\5equal", 14);
	tls_client_free(c);
	tls_fixture_stop(f);
}

static void largest_messages_pass_both_ways(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	for (unsigned v = 0; v < 2; v++) {
		struct tls_client *c = tls_client_open(f, versions[v]);
		static uint8_t request[TCP_MESSAGE_MAX];
		memset(request, 'e', sizeof(request));
		for (int i = 0; i < 3; i++) {
			tls_client_send(c, request, sizeof(request));
			assert_int_equal(tls_client_read(c, buf), TCP_MESSAGE_MAX);
			assert_memory_equal(buf, request, TCP_MESSAGE_MAX);
		}
		tls_client_free(c);
	}
	tls_fixture_stop(f);
}

static void stream_to_a_client_that_reads_late_arrives_whole(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	for (unsigned v = 0; v < 2; v++) {
		struct tls_client *c = tls_client_open(f, versions[v]), *other = tls_client_open(f, ANY_TLS);
		tls_client_send_stream_request(c, 's', 300, 60000);
		tls_client_send(c, "end of it", 9);
		tcp_fixture_settle(f->tcp); /* until the client must read */
		for (unsigned i = 0; i < 300; i++) {
			assert_int_equal(tls_client_read(c, buf), 60000);
			assert_int_equal(load_u32(buf), i);
			if (i % 100 == 0) tls_client_expect_echo(other);
		}
		assert_int_equal(tls_client_read(c, buf), 9);
		tls_client_free(c);
		tls_client_free(other);
	}
	tls_fixture_stop(f);
}

static void client_that_says_goodbye_gets_every_answer_and_a_goodbye(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	for (unsigned v = 0; v < 2; v++) {
		struct tls_client *c = tls_client_open(f, versions[v]);
		tls_client_send(c, "e1", 2);
		tls_client_send_stream_request(c, 's', 100, 30000);
		tls_client_send(c, "e2", 2);
		assert_int_equal(gnutls_bye(c->session, GNUTLS_SHUT_WR), 0);
		assert_int_equal(tls_client_read(c, buf), 2);
		for (unsigned i = 0; i < 100; i++)
			assert_int_equal(tls_client_read(c, buf), 30000);
		assert_int_equal(tls_client_read(c, buf), 2);
		assert_memory_equal(buf, "e2", 2);
		assert_int_equal(tls_client_read(c, buf), TLS_GOODBYE);
		tls_wait_open(f, 0);
		tls_client_free(c);
	}
	tls_fixture_stop(f);
}

static void client_that_stops_sending_without_goodbye_gets_every_answer(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	for (unsigned v = 0; v < 2; v++) {
		struct tls_client *c = tls_client_open(f, versions[v]);
		tls_client_send(c, "e1", 2);
		tls_client_send_stream_request(c, 's', 100, 30000);
		assert_int_equal(shutdown(c->fd, SHUT_WR), 0);
		assert_int_equal(tls_client_read(c, buf), 2);
		for (unsigned i = 0; i < 100; i++)
			assert_int_equal(tls_client_read(c, buf), 30000);
		assert_int_equal(tls_client_read(c, buf), TLS_GOODBYE);
		tls_wait_open(f, 0);
		tls_client_free(c);
	}
	tls_fixture_stop(f);
}

static void goodbye_is_said_when_we_close(void **state) {
	(void)state;
	struct tcp_limits limits = { .idle_ms = 10000 };
	struct tls_fixture *f = tls_fixture_start(&limits);
	for (unsigned v = 0; v < 2; v++) {
		struct tls_client *asked = tls_client_open(f, versions[v]),
				  *idle = tls_client_open(f, versions[v]);
		tls_client_send(asked, "z1", 2);
		tls_client_send(asked, "e2", 2);
		assert_int_equal(tls_client_read(asked, buf), 2);
		assert_int_equal(tls_client_read(asked, buf), TLS_GOODBYE);
		tls_client_expect_echo(idle);
		test_now_ms += 10000;
		assert_int_equal(tls_client_read(idle, buf), TLS_GOODBYE);
		tls_client_free(asked);
		tls_client_free(idle);
		tls_wait_open(f, 0);
	}
	tls_fixture_stop(f);
}

static void empty_records_and_key_updates_are_nothing(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	struct tls_client *c = tls_client_open(f, TLS_13);
	tls_client_expect_echo(c);
	for (int i = 0; i < 5; i++)
		assert_int_equal(gnutls_record_send2(c->session, "", 0, 10, 0), 0);
	tls_client_expect_echo(c);
	assert_int_equal(gnutls_session_key_update(c->session, GNUTLS_KU_PEER), 0);
	tls_client_expect_echo(c);
	tls_client_expect_echo(c);
	tls_client_free(c);
	tls_fixture_stop(f);
}

static void second_handshake_is_not_done(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	struct tls_client *c = tls_client_open(f, TLS_12);
	tls_client_expect_echo(c);
	int n = GNUTLS_E_AGAIN;
	for (int i = 0; i < 1000 && n == GNUTLS_E_AGAIN; i++) {
		n = gnutls_handshake(c->session);
		tls_step(f);
	}
	assert_true(n < 0 && n != GNUTLS_E_AGAIN);
	tls_wait_open(f, 0);
	assert_int_equal(tls_counters(f).tls_opened, 1);
	tls_client_free(c);
	tls_fixture_stop(f);
}

static void new_certificate_is_for_new_connections(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	struct tls_client *before = tls_client_open(f, ANY_TLS);
	tls_client_expect_name(before, "one");
	tls_fixture_certificate(f, "skipped");
	tls_fixture_certificate(f, "two");
	struct tls_client *after = tls_client_open(f, ANY_TLS);
	tls_client_expect_name(after, "two");
	tls_client_expect_echo(before);
	tls_client_expect_echo(after);
	tls_client_free(before);
	tls_client_free(after);
	tls_fixture_stop(f);
}

/* The session of a connection, to be resumed by the next. */
static gnutls_datum_t keep_session(struct tls_client *c) {
	gnutls_datum_t data;
	tls_client_expect_echo(c); /* behind it the ticket is here */
	assert_int_equal(gnutls_session_get_data2(c->session, &data), 0);
	return data;
}

static void session_is_resumed_until_the_certificate_changes(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	for (unsigned v = 0; v < 2; v++) {
		struct tls_client *first = tls_client_open(f, versions[v]);
		gnutls_datum_t data = keep_session(first);
		for (int changed = 0; changed < 2; changed++) {
			uint64_t resumed = tls_counters(f).tls_resumed;
			if (changed) tls_fixture_certificate(f, "two");
			struct tls_client *c = tls_client_new(f, versions[v], "dot");
			assert_int_equal(gnutls_session_set_data(c->session, data.data, data.size), 0);
			assert_int_equal(tls_client_shake(c), 0);
			assert_int_equal(gnutls_session_is_resumed(c->session), !changed);
			tls_client_expect_echo(c);
			assert_int_equal(tls_counters(f).tls_resumed - resumed, !changed);
			tls_client_free(c);
		}
		gnutls_free(data.data);
		tls_client_free(first);
	}
	tls_fixture_stop(f);
}

static void expect_pin(struct tls_client *c, const char *text) {
	tls_client_send(c, "certificate?", 12);
	assert_int_equal(tls_client_read(c, buf), (long)strlen(text));
	assert_memory_equal(buf, text, strlen(text));
}

/* A client of one version with a certificate of its own (NULL: without). */
static struct tls_client *open_with(struct tls_fixture *f, const char *version,
                                    const struct tls_files *files) {
	struct tls_client *c = tls_client_new(f, version, "dot");
	if (files) {
		assert_int_equal(gnutls_certificate_set_x509_key_file(c->credentials, files->certificate,
		                                                      files->key, GNUTLS_X509_FMT_PEM),
		                 0);
	}
	assert_int_equal(tls_client_shake(c), 0);
	return c;
}

static void pin_of_file(const char *path, char text[static PIN_TEXT_MAX]) {
	gnutls_datum_t pem, der;
	struct pin pin;
	assert_int_equal(gnutls_load_file(path, &pem), 0);
	assert_int_equal(gnutls_pem_base64_decode2("CERTIFICATE", &pem, &der), 0);
	assert_int_equal(pin_of_certificate(&der, &pin), OK);
	pin_text(&pin, text);
	gnutls_free(pem.data);
	gnutls_free(der.data);
}

static void ask_clients(struct tls_fixture *f, const struct tls_files *own) {
	struct tls_credentials *asking = NULL;
	char text[TLS_TEXT_MAX];
	assert_int_equal(tls_credentials_load(own->certificate, own->key, true, &asking, text), OK);
	net_worker_set_tls(f->tcp->worker, asking);
	tls_credentials_unref(asking);
}

static void client_is_known_by_its_certificate_where_it_is_asked(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	struct tls_files files;
	char pin[PIN_TEXT_MAX];
	tls_files_make(&files, "client");
	pin_of_file(files.certificate, pin);
	for (unsigned i = 0; i < 2; i++) {
		struct tls_client *c = open_with(f, versions[i], &files);
		expect_pin(c, "none"); /* nobody has asked for it */
		tls_client_free(c);
	}
	ask_clients(f, &files);
	for (unsigned i = 0; i < 2; i++) {
		struct tls_client *c = open_with(f, versions[i], &files),
				  *without = open_with(f, versions[i], NULL);
		expect_pin(c, pin);
		expect_pin(without, "none");
		tls_client_free(c);
		tls_client_free(without);
	}
	tls_files_remove(&files);
	tls_fixture_stop(f);
}

static void resumed_session_is_the_same_clients(void **state) {
	(void)state;
	struct tls_fixture *f = tls_fixture_start(NULL);
	struct tls_files files;
	char pin[PIN_TEXT_MAX];
	tls_files_make(&files, "client");
	pin_of_file(files.certificate, pin);
	ask_clients(f, &files);
	for (unsigned i = 0; i < 2; i++) {
		gnutls_datum_t session;
		struct tls_client *first = open_with(f, versions[i], &files);
		expect_pin(first, pin);
		assert_int_equal(gnutls_session_get_data2(first->session, &session), 0);
		struct tls_client *c = tls_client_new(f, versions[i], "dot");
		assert_int_equal(gnutls_session_set_data(c->session, session.data, session.size), 0);
		assert_int_equal(tls_client_shake(c), 0);
		assert_true(gnutls_session_is_resumed(c->session));
		expect_pin(c, pin);
		gnutls_free(session.data);
		tls_client_free(first);
		tls_client_free(c);
	}
	tls_files_remove(&files);
	tls_fixture_stop(f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_is_answered_over_both_versions),
		cmocka_unit_test(client_that_names_no_protocol_is_welcome),
		cmocka_unit_test(client_of_another_protocol_is_refused),
		cmocka_unit_test(what_is_too_weak_is_refused),
		cmocka_unit_test(handshake_may_come_octet_by_octet),
		cmocka_unit_test(cuts_in_the_stream_do_not_matter),
		cmocka_unit_test(requests_of_one_record_each_are_answered_in_order),
		cmocka_unit_test(answers_to_what_came_at_once_go_out_in_one_record),
		cmocka_unit_test(largest_messages_pass_both_ways),
		cmocka_unit_test(stream_to_a_client_that_reads_late_arrives_whole),
		cmocka_unit_test(client_that_says_goodbye_gets_every_answer_and_a_goodbye),
		cmocka_unit_test(client_that_stops_sending_without_goodbye_gets_every_answer),
		cmocka_unit_test(goodbye_is_said_when_we_close),
		cmocka_unit_test(empty_records_and_key_updates_are_nothing),
		cmocka_unit_test(second_handshake_is_not_done),
		cmocka_unit_test(new_certificate_is_for_new_connections),
		cmocka_unit_test(session_is_resumed_until_the_certificate_changes),
		cmocka_unit_test(client_is_known_by_its_certificate_where_it_is_asked),
		cmocka_unit_test(resumed_session_is_the_same_clients),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

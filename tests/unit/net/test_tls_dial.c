/* The client's side of TLS against a server in memory: who is believed, and what is said about the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/tls_dial.h"
#include "tls_server_make.h"

static struct tls_files server_files, other_files;

static int setup(void **state) {
	(void)state;
	tls_files_make(&server_files, "ns.example");
	tls_files_make(&other_files, "other.example");
	return 0;
}

static int teardown(void **state) {
	(void)state;
	tls_files_remove(&server_files);
	tls_files_remove(&other_files);
	return 0;
}

/* -- terms ---------------------------------------------------------------------------------------------------- */

static struct pin pin_of(const struct tls_files *files) {
	gnutls_datum_t pem, der;
	struct pin pin;
	assert_int_equal(gnutls_load_file(files->certificate, &pem), 0);
	assert_int_equal(gnutls_pem_base64_decode2("CERTIFICATE", &pem, &der), 0);
	assert_int_equal(pin_of_certificate(&der, &pin), OK);
	gnutls_free(pem.data);
	gnutls_free(der.data);
	return pin;
}

static struct tls_terms pinned(const struct tls_files *files) {
	return (struct tls_terms){ .pins = { pin_of(files) }, .pin_count = 1 };
}

static struct tls_trust *trust(const struct tls_terms *terms) {
	struct tls_trust *t = NULL;
	char text[TLS_TEXT_MAX] = "";
	if (tls_trust_load(terms, &t, text) != OK) fail_msg("%s", text);
	return t;
}

static struct tls_dial *dial(const struct tls_terms *terms) {
	struct tls_trust *t = trust(terms);
	struct tls_dial *d = tls_dial_new(t);
	assert_non_null(d);
	tls_trust_unref(t);
	return d;
}

/* -- the wire ------------------------------------------------------------------------------------------------- */

static void carry_out(struct tls_dial *d, struct tls_server *s) {
	uint8_t *data = NULL;
	size_t len = tls_dial_output(d, &data);
	if (len > 0) wire_put(&s->in, data, len);
	free(data);
}

/* Handshake in pieces of so many octets. */
static enum err shake(struct tls_dial *d, struct tls_server *s, size_t piece, struct why *why) {
	for (int i = 0; i < 20000; i++) {
		enum err e = tls_dial_handshake(d, why);
		carry_out(d, s);
		if (e != ERR_AGAIN) return e;
		tls_server_turn(s);
		size_t len = s->out.len - s->out.pos;
		if (len > piece) len = piece;
		if (len > 0)
			tls_dial_input(d, s->out.data + s->out.pos, len);
		else if (s->cut)
			tls_dial_input_end(d);
		s->out.pos += len;
	}
	fail_msg("the handshake goes on for ever");
	return ERR_AGAIN;
}

static const struct tls_server_settings plain_settings = { .alpn = "dot", .files = &server_files };

static enum err outcome(const struct tls_terms *terms, const struct tls_server_settings *settings,
                        struct why *why) {
	struct tls_dial *d = dial(terms);
	struct tls_server *s = tls_server_new(settings);
	enum err e = shake(d, s, SIZE_MAX, why);
	tls_dial_free(d);
	tls_server_free(s);
	return e;
}

static void expect(const struct tls_terms *terms, const struct tls_server_settings *settings,
                   enum reason reason, const char *words) {
	struct why why = { 0 };
	assert_int_not_equal(outcome(terms, settings, &why), OK);
	assert_string_equal(reason_slug(why.reason), reason_slug(reason));
	if (!strstr(why.evidence, words)) fail_msg("\"%s\" is not in \"%s\"", words, why.evidence);
}

static void expect_open(const struct tls_terms *terms, const struct tls_server_settings *settings) {
	struct why why = { 0 };
	if (outcome(terms, settings, &why) != OK) fail_msg("%s", why.evidence);
}

/* -- who is believed -------------------------------------------------------------------------------------------- */

static void server_is_known_by_its_pin_or_by_authority_and_name(void **state) {
	(void)state;
	struct tls_terms by_pin = pinned(&server_files);
	struct tls_terms by_ca = { .name = (char *)(uintptr_t) "ns.example", .ca = server_files.certificate };
	struct tls_terms any = { .mode = TLS_MODE_OPPORTUNISTIC };
	expect_open(&by_pin, &plain_settings);
	expect_open(&by_ca, &plain_settings);
	expect_open(&any, &plain_settings);
	by_pin.name = by_ca.name;
	by_pin.ca = by_ca.ca;
	expect_open(&by_pin, &plain_settings);
	by_pin.pins[1] = by_pin.pins[0];
	by_pin.pins[0] = pin_of(&other_files);
	by_pin.pin_count = 2;
	expect_open(&by_pin, &plain_settings);
}

static void other_servers_are_refused_and_what_was_seen_is_told(void **state) {
	(void)state;
	char seen[PIN_TEXT_MAX], expected[PIN_TEXT_MAX];
	struct pin server_pin = pin_of(&server_files), other_pin = pin_of(&other_files);
	struct tls_terms terms = pinned(&other_files);
	expect(&terms, &plain_settings, REASON_TLS_PIN, pin_text(&server_pin, seen));
	expect(&terms, &plain_settings, REASON_TLS_PIN, pin_text(&other_pin, expected));
	terms = (struct tls_terms){ .name = (char *)(uintptr_t) "ns.example", .ca = other_files.certificate };
	expect(&terms, &plain_settings, REASON_TLS_CA, "CN=ns.example");
	terms.ca = server_files.certificate;
	terms.name = (char *)(uintptr_t) "www.example";
	expect(&terms, &plain_settings, REASON_TLS_NAME, "expected www.example");
	/* Where both are asked for, both must hold. */
	terms.name = (char *)(uintptr_t) "ns.example";
	terms.pins[0] = other_pin;
	terms.pin_count = 1;
	expect(&terms, &plain_settings, REASON_TLS_PIN, "pin seen");
}

static void old_versions_and_other_protocols_are_refused(void **state) {
	(void)state;
	struct tls_terms terms = pinned(&server_files);
	struct tls_server_settings settings = plain_settings;
	settings.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
	/* GnuTLS finds no cipher in common before it looks at versions; OpenSSL says protocol_version. */
	expect(&terms, &settings, REASON_TLS_HANDSHAKE, "TLS 1.3");
	settings.priority = NULL;
	settings.alpn = NULL;
	expect(&terms, &settings, REASON_TLS_ALPN, "dot");
}

/* Data or an alert after the handshake, as far as the client looks. */
static enum err read_after(struct tls_dial *d, struct tls_server *s, struct why *why) {
	uint8_t buf[16384];
	size_t len = 0;
	tls_server_turn(s);
	if (s->out.len > s->out.pos) tls_dial_input(d, s->out.data + s->out.pos, s->out.len - s->out.pos);
	s->out.pos = s->out.len;
	return tls_dial_read(d, buf, sizeof(buf), &len, why);
}

static void certificate_of_ours_is_shown_where_it_is_asked(void **state) {
	(void)state;
	struct tls_terms terms = pinned(&server_files);
	struct tls_server_settings settings = plain_settings;
	settings.clients = GNUTLS_CERT_REQUIRE;
	struct why why = { 0 };
	struct tls_dial *d = dial(&terms);
	struct tls_server *s = tls_server_new(&settings);
	/* In TLS 1.3 the server's objection comes when we think that all is done. */
	assert_int_equal(shake(d, s, SIZE_MAX, &why), OK);
	assert_int_not_equal(read_after(d, s, &why), OK);
	assert_int_equal(why.reason, REASON_TLS_CLIENT_CERTIFICATE);
	tls_dial_free(d);
	tls_server_free(s);
	terms.certificate = other_files.certificate;
	terms.key = other_files.key;
	d = dial(&terms);
	s = tls_server_new(&settings);
	assert_int_equal(shake(d, s, SIZE_MAX, &why), OK);
	assert_int_equal(read_after(d, s, &why), ERR_AGAIN);
	unsigned count = 0;
	struct pin pin, own = pin_of(&other_files);
	const gnutls_datum_t *list = gnutls_certificate_get_peers(s->session, &count);
	assert_int_equal(count, 1);
	assert_int_equal(pin_of_certificate(&list[0], &pin), OK);
	assert_true(pin_equal(&pin, &own));
	tls_dial_free(d);
	tls_server_free(s);
}

/* -- octets ------------------------------------------------------------------------------------------------------- */

static void handshake_and_data_come_in_pieces_of_any_size(void **state) {
	(void)state;
	struct tls_terms terms = pinned(&server_files);
	static const size_t pieces[] = { 1, 2, 7, 500, SIZE_MAX };
	for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct tls_dial *d = dial(&terms);
		struct tls_server *s = tls_server_new(&plain_settings);
		struct why why = { 0 };
		char question[600], answer[20000], buf[20000];
		memset(question, 'q', sizeof(question));
		memset(answer, 'a', sizeof(answer));
		assert_int_equal(shake(d, s, pieces[i], &why), OK);
		assert_int_equal(tls_dial_write(d, (const uint8_t *)question, sizeof(question)), OK);
		carry_out(d, s);
		tls_server_turn(s);
		assert_int_equal(gnutls_record_recv(s->session, buf, sizeof(buf)), sizeof(question));
		size_t sent = 0, got = 0;
		while (sent < sizeof(answer)) {
			ssize_t n = gnutls_record_send(s->session, answer + sent, sizeof(answer) - sent);
			assert_true(n > 0);
			sent += (size_t)n;
		}
		while (got < sizeof(answer)) {
			size_t len = 0, left = s->out.len - s->out.pos;
			enum err e = tls_dial_read(d, (uint8_t *)buf + got, sizeof(buf) - got, &len, &why);
			got += len;
			if (e == OK) continue;
			assert_int_equal(e, ERR_AGAIN);
			assert_true(left > 0);
			if (left > pieces[i]) left = pieces[i];
			tls_dial_input(d, s->out.data + s->out.pos, left);
			s->out.pos += left;
		}
		assert_memory_equal(buf, answer, sizeof(answer));
		tls_dial_free(d);
		tls_server_free(s);
	}
}

static void end_with_and_without_goodbye_are_told_apart(void **state) {
	(void)state;
	struct tls_terms terms = pinned(&server_files);
	for (unsigned polite = 0; polite < 2; polite++) {
		struct tls_dial *d = dial(&terms);
		struct tls_server *s = tls_server_new(&plain_settings);
		struct why why = { 0 };
		assert_int_equal(shake(d, s, SIZE_MAX, &why), OK);
		assert_int_equal(read_after(d, s, &why), ERR_AGAIN);
		if (polite)
			gnutls_bye(s->session, GNUTLS_SHUT_WR);
		else
			tls_dial_input_end(d);
		assert_int_equal(read_after(d, s, &why), polite ? ERR_CLOSED : ERR_MALFORMED);
		assert_int_equal(why.reason, polite ? REASON_CLOSED : REASON_TLS_EARLY_CLOSE);
		assert_int_equal(tls_dial_write(d, (const uint8_t *)"q", 1), ERR_CLOSED);
		tls_dial_free(d);
		tls_server_free(s);
	}
}

static void expect_of_octets(const char *octets, size_t len, bool ends, enum reason reason) {
	struct tls_terms terms = pinned(&server_files);
	struct tls_dial *d = dial(&terms);
	struct why why = { 0 };
	assert_int_equal(tls_dial_handshake(d, &why), ERR_AGAIN);
	tls_dial_input(d, (const uint8_t *)octets, len);
	enum err e = tls_dial_handshake(d, &why);
	if (e == ERR_AGAIN && ends) {
		tls_dial_input_end(d);
		e = tls_dial_handshake(d, &why);
	}
	assert_int_not_equal(e, OK);
	assert_int_not_equal(e, ERR_AGAIN);
	assert_string_equal(reason_slug(why.reason), reason_slug(reason));
	tls_dial_free(d);
}

static void clear_text_and_cuts_in_the_handshake_are_told_apart(void **state) {
	(void)state;
	expect_of_octets("HTTP/1.1 400 Bad Request\r\n\r\n", 28, true, REASON_TLS_NONE);
	expect_of_octets("\0\x1c\x16\x03\x81\x05\0\0\0\0\0\0\0\0", 14, true, REASON_TLS_NONE);
	expect_of_octets("", 0, true, REASON_TLS_EARLY_CLOSE);
	expect_of_octets("\x16\x03\x03", 3, true, REASON_TLS_EARLY_CLOSE);
	expect_of_octets("\x15\x03\x03\0\2\2\x46", 7, false, REASON_TLS_VERSION);
	expect_of_octets("\x15\x03\x03\0\2\2\x78", 7, false, REASON_TLS_ALPN);
	expect_of_octets("\x15\x03\x03\0\2\2\x28", 7, false, REASON_TLS_HANDSHAKE);
	expect_of_octets("\x16\x03\x03\0\4\2\0\0\0", 9, false, REASON_TLS_HANDSHAKE);
}

/* -- files ---------------------------------------------------------------------------------------------------------- */

static void refused(const struct tls_terms *terms, const char *words) {
	struct tls_trust *t = NULL;
	char text[TLS_TEXT_MAX] = "";
	assert_int_equal(tls_trust_load(terms, &t, text), ERR_CONFIG);
	assert_null(t);
	if (!strstr(text, words)) fail_msg("\"%s\" is not in \"%s\"", words, text);
}

static void files_that_cannot_be_used_are_named(void **state) {
	(void)state;
	struct tls_terms terms = { .ca = (char *)(uintptr_t) "/nowhere/ca" };
	refused(&terms, "ca /nowhere/ca: no such file");
	terms.ca = server_files.key;
	refused(&terms, server_files.key);
	terms = (struct tls_terms){ .certificate = server_files.certificate, .key = other_files.key };
	refused(&terms, "does not belong");
	terms.key = (char *)(uintptr_t) "/nowhere/key";
	refused(&terms, "key /nowhere/key: no such file");
}

static void terms_are_compared_by_content(void **state) {
	(void)state;
	struct tls_terms a = pinned(&server_files);
	a.name = (char *)(uintptr_t) "n";
	a.ca = server_files.certificate;
	struct tls_terms *b = tls_terms_copy(&a);
	assert_true(tls_terms_equal(&a, b));
	assert_false(tls_terms_equal(&a, NULL));
	b->pins[0].sha256[0]++;
	assert_false(tls_terms_equal(&a, b));
	b->pins[0].sha256[0]--;
	b->mode = TLS_MODE_OPPORTUNISTIC;
	assert_false(tls_terms_equal(&a, b));
	b->mode = a.mode;
	free(b->name);
	b->name = NULL;
	assert_false(tls_terms_equal(&a, b));
	tls_terms_free(b);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_is_known_by_its_pin_or_by_authority_and_name),
		cmocka_unit_test(other_servers_are_refused_and_what_was_seen_is_told),
		cmocka_unit_test(old_versions_and_other_protocols_are_refused),
		cmocka_unit_test(certificate_of_ours_is_shown_where_it_is_asked),
		cmocka_unit_test(handshake_and_data_come_in_pieces_of_any_size),
		cmocka_unit_test(end_with_and_without_goodbye_are_told_apart),
		cmocka_unit_test(clear_text_and_cuts_in_the_handshake_are_told_apart),
		cmocka_unit_test(files_that_cannot_be_used_are_named),
		cmocka_unit_test(terms_are_compared_by_content),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

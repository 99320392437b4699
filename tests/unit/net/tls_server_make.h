/* A TLS server in memory, of another make than ours only in its settings: what a client under test talks to. */
#ifndef UNDERSTUDY_TESTS_TLS_SERVER_MAKE_H
#define UNDERSTUDY_TESTS_TLS_SERVER_MAKE_H

#include <errno.h>

#include "certificate_make.h"

struct wire {
	unsigned char data[1 << 18];
	size_t pos, len;
};

struct tls_server_settings {
	const char *priority, *alpn; /* NULL: TLS 1.3; no ALPN */
	const struct tls_files *files;
	gnutls_certificate_request_t clients;
};

struct tls_server {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	struct wire in, out;
	bool cut;
	bool open;
	int error; /* of its handshake */
};

static inline ssize_t tls_server_pull(gnutls_transport_ptr_t from, void *buf, size_t len) {
	struct tls_server *s = from;
	size_t left = s->in.len - s->in.pos;
	if (left == 0) {
		gnutls_transport_set_errno(s->session, EAGAIN);
		return -1;
	}
	if (len > left) len = left;
	memcpy(buf, s->in.data + s->in.pos, len);
	s->in.pos += len;
	return (ssize_t)len;
}

static inline void wire_put(struct wire *w, const void *data, size_t len) {
	if (w->pos == w->len) w->pos = w->len = 0;
	must(len <= sizeof(w->data) - w->len);
	memcpy(w->data + w->len, data, len);
	w->len += len;
}

static inline ssize_t tls_server_push(gnutls_transport_ptr_t to, const void *data, size_t len) {
	struct tls_server *s = to;
	wire_put(&s->out, data, len);
	return (ssize_t)len;
}

static inline struct tls_server *tls_server_new(const struct tls_server_settings *settings) {
	struct tls_server *s = calloc(1, sizeof(*s));
	const char *priority = settings->priority ? settings->priority : "NORMAL:-VERS-ALL:+VERS-TLS1.3";
	gnutls_datum_t alpn = { (unsigned char *)(uintptr_t)settings->alpn,
		                settings->alpn ? (unsigned)strlen(settings->alpn) : 0 };
	must(s && gnutls_init(&s->session, GNUTLS_SERVER | GNUTLS_NONBLOCK) == 0);
	must(gnutls_priority_set_direct(s->session, priority, NULL) == 0);
	must(gnutls_certificate_allocate_credentials(&s->credentials) == 0);
	must(gnutls_certificate_set_x509_key_file(s->credentials, settings->files->certificate,
	                                          settings->files->key, GNUTLS_X509_FMT_PEM) == 0);
	must(gnutls_credentials_set(s->session, GNUTLS_CRD_CERTIFICATE, s->credentials) == 0);
	if (settings->alpn) must(gnutls_alpn_set_protocols(s->session, &alpn, 1, 0) == 0);
	gnutls_certificate_server_set_request(s->session, settings->clients);
	gnutls_transport_set_ptr(s->session, s);
	gnutls_transport_set_pull_function(s->session, tls_server_pull);
	gnutls_transport_set_push_function(s->session, tls_server_push);
	return s;
}

static inline void tls_server_free(struct tls_server *s) {
	gnutls_deinit(s->session);
	gnutls_certificate_free_credentials(s->credentials);
	free(s);
}

/* Do what can be done with what came in. */
static inline void tls_server_turn(struct tls_server *s) {
	if (s->open || s->error) return;
	int n = gnutls_handshake(s->session);
	s->open = n == 0;
	if (n == 0 || n == GNUTLS_E_AGAIN) return;
	s->error = n;
	(void)gnutls_alert_send_appropriate(s->session, n);
}

#endif

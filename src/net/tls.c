/* Sessions read the socket through `ahead`, so that small records cost one recv for many.  Promise: when GnuTLS has
 * been told EAGAIN, ahead is empty (it was given all of it), so an event of the socket is never missed. */
#include "net/tls.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/gnutls_library.h"
#include "net/tls_file.h"

#define AHEAD_BYTES TLS_HEAD_MAX
#define RECORDS_PER_RECEIVE 64 /* so that empty records and warnings can't keep us */

/* RFC 9325: no static keys, no CBC, no finite-field groups (costly for us, cheap for whoever asks), no SHA-1. */
static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
				 "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:"
				 "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:-SIGN-RSA-SHA1:"
				 "-SIGN-ECDSA-SHA1";

struct tls_credentials {
	atomic_uint references;
	gnutls_certificate_credentials_t certificate;
	gnutls_priority_t priority;
	gnutls_datum_t ticket_key; /* from which GnuTLS derives a new one every few hours */
	int64_t expire_s;
	bool asks_clients;
};

struct tls_session {
	gnutls_session_t gnutls;
	struct tls_credentials *credentials;
	int fd;
	bool is_open;      /* the handshake is done, no error has come */
	bool is_half_sent; /* GnuTLS keeps a record that the socket did not take whole */
	bool said_goodbye;
	bool has_pin;
	struct pin pin; /* of the client's certificate */
	bool is_cut;    /* the socket has ended */
	bool has_end;   /* end_errno is to be told by the next tls_recv */
	int end_errno;  /* 0: the client sends no more */
	size_t ahead_pos, ahead_len;
	uint8_t ahead[AHEAD_BYTES];
};

/* -- credentials ------------------------------------------------------------------------------------------------ */

static enum err join(struct tls_credentials *c, const gnutls_datum_t *certificate, const gnutls_datum_t *key,
                     const char *certificate_path, const char *key_path, char *text) {
	int n = gnutls->certificate_allocate_credentials(&c->certificate);
	if (n == 0)
		n = gnutls->certificate_set_x509_key_mem(c->certificate, certificate, key,
		                                         GNUTLS_X509_FMT_PEM);
	if (n == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return tls_file_says_mismatch(text, certificate_path, key_path);
	if (n >= 0) n = gnutls->priority_init(&c->priority, priorities, NULL);
	if (n >= 0) n = gnutls->session_ticket_key_generate(&c->ticket_key);
	return n >= 0 ? OK : tls_file_says(text, "certificate", certificate_path, gnutls->strerror(n));
}

enum err tls_credentials_load(const char *certificate_path, const char *key_path, bool asks_clients,
                              struct tls_credentials **out_credentials, char out_text[static TLS_TEXT_MAX]) {
	gnutls_datum_t certificate = { 0 }, key = { 0 };
	const char *why;
	if (gnutls_want(&why) != OK) return tls_file_says(out_text, "certificate", certificate_path, why);
	struct tls_credentials *c = xcalloc(1, sizeof(*c));
	atomic_init(&c->references, 1);
	c->asks_clients = asks_clients;
	enum err e = tls_file_read("certificate", certificate_path, &certificate, out_text);
	if (e == OK) e = tls_file_read("key", key_path, &key, out_text);
	if (e == OK)
		e = tls_file_check_certificate(&certificate, "certificate", certificate_path, &c->expire_s,
		                               out_text);
	if (e == OK) e = tls_file_check_key(&key, key_path, out_text);
	if (e == OK) e = join(c, &certificate, &key, certificate_path, key_path, out_text);
	tls_file_forget(&certificate);
	tls_file_forget(&key);
	if (e != OK) {
		tls_credentials_unref(c);
		return e;
	}
	*out_credentials = c;
	return OK;
}

struct tls_credentials *tls_credentials_ref(struct tls_credentials *c) {
	atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
	return c;
}

void tls_credentials_unref(struct tls_credentials *c) {
	if (!c || atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1) return;
	if (c->certificate) gnutls->certificate_free_credentials(c->certificate);
	if (c->priority) gnutls->priority_deinit(c->priority);
	if (c->ticket_key.data) explicit_bzero(c->ticket_key.data, c->ticket_key.size);
	gnutls_release(c->ticket_key.data);
	free(c);
}

int64_t tls_credentials_expire_s(const struct tls_credentials *c) {
	return c->expire_s;
}

/* -- mailbox ------------------------------------------------------------------------------------------------------ */

void tls_mailbox_put(struct tls_mailbox *box, struct tls_credentials *c) {
	/* What nobody has taken is ours again. */
	tls_credentials_unref(
		atomic_exchange_explicit(&box->next, tls_credentials_ref(c), memory_order_acq_rel));
}

struct tls_credentials *tls_mailbox_current(struct tls_mailbox *box) {
	if (!atomic_load_explicit(&box->next, memory_order_relaxed)) return box->current;
	struct tls_credentials *next = atomic_exchange_explicit(&box->next, NULL, memory_order_acq_rel);
	if (!next) return box->current;
	tls_credentials_unref(box->current); /* sessions that use it have references of their own */
	return box->current = next;
}

void tls_mailbox_done(struct tls_mailbox *box) {
	tls_credentials_unref(atomic_exchange(&box->next, NULL));
	tls_credentials_unref(box->current);
	box->current = NULL;
}

/* -- the socket ----------------------------------------------------------------------------------------------------- */

/* A connection that ends without close_notify would make the session unfit to send on; so GnuTLS hears of no end. */
static ssize_t receive(struct tls_session *s, void *buf, size_t cap) {
	ssize_t n = recv(s->fd, buf, cap, MSG_DONTWAIT);
	if (n != 0) return n;
	s->is_cut = true;
	errno = EAGAIN;
	return -1;
}

static ssize_t pull(gnutls_transport_ptr_t from, void *buf, size_t len) {
	struct tls_session *s = from;
	if (s->ahead_pos == s->ahead_len) {
		if (len >= AHEAD_BYTES) return receive(s, buf, len);
		ssize_t n = receive(s, s->ahead, AHEAD_BYTES);
		if (n < 0) return n;
		s->ahead_pos = 0;
		s->ahead_len = (size_t)n;
	}
	size_t left = s->ahead_len - s->ahead_pos;
	if (len > left) len = left;
	memcpy(buf, s->ahead + s->ahead_pos, len);
	s->ahead_pos += len;
	return (ssize_t)len;
}

/* What belongs together leaves together. */
static ssize_t push(gnutls_transport_ptr_t to, const giovec_t *parts, int count) {
	const struct tls_session *s = to;
	struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)count };
	return sendmsg(s->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* -- sessions ------------------------------------------------------------------------------------------------------ */

static int configure(struct tls_session *s) {
	static const gnutls_datum_t dot = { (unsigned char *)"dot", 3 };
	const struct tls_credentials *c = s->credentials;
	int n = gnutls->priority_set(s->gnutls, c->priority);
	if (n == 0) n = gnutls->credentials_set(s->gnutls, GNUTLS_CRD_CERTIFICATE, c->certificate);
	/* A client that names no protocol is welcome, one that names others only was meant for another server
	 * (RFC 7301 section 3.2). */
	if (n == 0) n = gnutls->alpn_set_protocols(s->gnutls, &dot, 1, GNUTLS_ALPN_MANDATORY);
	if (c->asks_clients) gnutls->certificate_server_set_request(s->gnutls, GNUTLS_CERT_REQUEST);
	if (n == 0) n = gnutls->session_ticket_enable_server(s->gnutls, &c->ticket_key);
	gnutls->handshake_set_max_packet_length(s->gnutls, TLS_HANDSHAKE_MAX);
	gnutls->transport_set_ptr(s->gnutls, s);
	gnutls->transport_set_pull_function(s->gnutls, pull);
	gnutls->transport_set_vec_push_function(s->gnutls, push);
	return n;
}

struct tls_session *tls_session_new(struct tls_credentials *c, int fd, const uint8_t *head, size_t head_len) {
	assert(head_len <= TLS_HEAD_MAX);
	struct tls_session *s = try_malloc(sizeof(*s));
	if (!s) return NULL;
	*s = (struct tls_session){ .credentials = tls_credentials_ref(c), .fd = fd, .ahead_len = head_len };
	if (head_len > 0) memcpy(s->ahead, head, head_len);
	if (gnutls->init(&s->gnutls, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) != 0) {
		s->gnutls = NULL;
	} else if (configure(s) == 0) {
		return s;
	}
	tls_session_free(s, false);
	return NULL;
}

void tls_session_free(struct tls_session *s, bool says_goodbye) {
	if (!s) return;
	if (says_goodbye) tls_goodbye(s);
	if (s->gnutls) gnutls->deinit(s->gnutls);
	tls_credentials_unref(s->credentials);
	free(s);
}

static bool is_retry(long n) {
	return n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
}

/* That the client has the certificate's key is what the handshake has shown (RFC 8446 section 4.4.3). */
static void keep_pin(struct tls_session *s) {
	unsigned count = 0;
	if (!s->credentials->asks_clients) return;
	const gnutls_datum_t *list = gnutls->certificate_get_peers(s->gnutls, &count);
	s->has_pin = list && count > 0 && pin_of_certificate(&list[0], &s->pin) == OK;
}

enum err tls_handshake(struct tls_session *s) {
	int n = GNUTLS_E_WARNING_ALERT_RECEIVED;
	for (unsigned i = 0; i < RECORDS_PER_RECEIVE && n == GNUTLS_E_WARNING_ALERT_RECEIVED; i++)
		n = gnutls->handshake(s->gnutls);
	s->is_open = n == 0;
	if (n == 0) {
		keep_pin(s);
		return OK;
	}
	if (is_retry(n)) return s->is_cut ? ERR_CLOSED : ERR_AGAIN;
	if (n == GNUTLS_E_PREMATURE_TERMINATION || n == GNUTLS_E_PUSH_ERROR || n == GNUTLS_E_PULL_ERROR ||
	    n == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return ERR_CLOSED;
	(void)gnutls->alert_send_appropriate(s->gnutls, n); /* the socket may not take it; we close anyway */
	return ERR_MALFORMED;
}

bool tls_wants_write(const struct tls_session *s) {
	return gnutls->record_get_direction(s->gnutls) == 1;
}

bool tls_is_resumed(const struct tls_session *s) {
	return gnutls->session_is_resumed(s->gnutls) != 0;
}

const struct pin *tls_client_pin(const struct tls_session *s) {
	return s->has_pin ? &s->pin : NULL;
}

/* The client sends no more (0), or the session is dead. */
static void end(struct tls_session *s, int number) {
	s->has_end = true;
	s->end_errno = number;
	if (number != 0) s->is_open = false;
}

/* What GnuTLS said instead of octets.  False: nothing more is to be had now. */
static bool goes_on(struct tls_session *s, long n) {
	if (n == GNUTLS_E_AGAIN && !s->is_cut) return false;
	if (n == 0 || n == GNUTLS_E_AGAIN) { /* messages have lengths: a cut can't deceive us */
		end(s, 0);
		return false;
	}
	/* A client that wants to shake hands again is not answered (RFC 9325 section 3.5). */
	if (gnutls->error_is_fatal((int)n) || n == GNUTLS_E_REHANDSHAKE) {
		end(s, ECONNRESET);
		return false;
	}
	return true;
}

ssize_t tls_recv(struct tls_session *s, void *buf, size_t cap) {
	size_t len = 0;
	for (unsigned i = 0; i < RECORDS_PER_RECEIVE && len < cap && !s->has_end; i++) {
		ssize_t n = gnutls->record_recv(s->gnutls, (uint8_t *)buf + len, cap - len);
		if (n > 0)
			len += (size_t)n;
		else if (!goes_on(s, n))
			break;
	}
	if (len > 0) return (ssize_t)len;
	errno = s->has_end ? s->end_errno : EAGAIN;
	return errno == 0 ? 0 : -1;
}

bool tls_has_input(const struct tls_session *s) {
	return s->has_end || s->ahead_pos < s->ahead_len || gnutls->record_check_pending(s->gnutls) > 0;
}

ssize_t tls_send(struct tls_session *s, const void *data, size_t len) {
	/* A record that went half is gone on with by giving nothing; then the result counts it whole. */
	ssize_t n = s->is_half_sent ? gnutls->record_send(s->gnutls, NULL, 0)
	                            : gnutls->record_send(s->gnutls, data, len);
	s->is_half_sent = is_retry(n);
	if (n > 0) return n;
	errno = s->is_half_sent ? EAGAIN : ECONNRESET;
	if (!s->is_half_sent) s->is_open = false;
	return -1;
}

void tls_goodbye(struct tls_session *s) {
	if (s->is_open && !s->said_goodbye && !s->is_half_sent)
		(void)gnutls->bye(
			s->gnutls,
			GNUTLS_SHUT_WR); /* if the socket does not take it, the client sees the end only */
	s->said_goodbye = true;
}

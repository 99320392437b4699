/* GnuTLS reads what the owner has put in (`in`) and writes to a buffer (`out`) that the owner takes.  Promise: when GnuTLS
 * has been told EAGAIN, `in` is empty. */
#include "net/tls_dial.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/gnutls_library.h"
#include "net/tls_judge.h"

#define FIRST_OCTETS 8        /* kept to tell what is no TLS */
#define IDLE_MAX 64           /* calls of GnuTLS in a row that use no octet up */
#define OUTPUT_STEP_BYTES 512 /* a question and its record */

struct tls_dial {
	gnutls_session_t gnutls;
	struct tls_trust *trust;
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len, out_cap;
	uint8_t first[FIRST_OCTETS];
	size_t first_len;
	struct why why; /* what the judge of the certificate found */
	bool is_cut, is_open, is_dead;
};

/* -- octets --------------------------------------------------------------------------------------------------------- */

static ssize_t pull(gnutls_transport_ptr_t from, void *buf, size_t len) {
	struct tls_dial *d = from;
	if (d->in_len == 0) {
		if (d->is_cut) return 0;
		gnutls->transport_set_errno(d->gnutls, EAGAIN);
		return -1;
	}
	if (len > d->in_len) len = d->in_len;
	memcpy(buf, d->in, len);
	d->in += len;
	d->in_len -= len;
	return (ssize_t)len;
}

static bool make_room(struct tls_dial *d, size_t len) {
	size_t cap = d->out_cap ? d->out_cap : OUTPUT_STEP_BYTES;
	if (len > TLS_DIAL_OUTPUT_MAX - d->out_len) return false;
	while (cap < d->out_len + len)
		cap *= 2;
	if (cap == d->out_cap) return true;
	uint8_t *larger = try_malloc(cap);
	if (!larger) return false;
	if (d->out_len > 0) memcpy(larger, d->out, d->out_len);
	free(d->out);
	d->out = larger;
	d->out_cap = cap;
	return true;
}

static ssize_t push(gnutls_transport_ptr_t to, const void *data, size_t len) {
	struct tls_dial *d = to;
	if (!make_room(d, len)) {
		gnutls->transport_set_errno(d->gnutls, ENOBUFS);
		return -1;
	}
	memcpy(d->out + d->out_len, data, len);
	d->out_len += len;
	return (ssize_t)len;
}

void tls_dial_input(struct tls_dial *d, const uint8_t *data, size_t len) {
	assert(d->in_len == 0);
	d->in = data;
	d->in_len = len;
	for (size_t i = 0; i < len && d->first_len < FIRST_OCTETS; i++)
		d->first[d->first_len++] = data[i];
}

void tls_dial_input_end(struct tls_dial *d) {
	d->is_cut = true;
}

size_t tls_dial_output(struct tls_dial *d, uint8_t **out_data) {
	size_t len = d->out_len;
	if (len == 0) return 0;
	*out_data = d->out;
	d->out = NULL;
	d->out_len = d->out_cap = 0;
	return len;
}

/* -- life ------------------------------------------------------------------------------------------------------------- */

/* Within the handshake, before anything of ours is shown: who fails here learns nothing. */
static int verify(gnutls_session_t session) {
	struct tls_dial *d = gnutls->session_get_ptr(session);
	enum err e = tls_judge_certificate(session, tls_trust_terms(d->trust), &d->why);
	return e == OK ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static bool is_address(const char *name) {
	uint8_t ip[16];
	return inet_pton(AF_INET, name, ip) == 1 || inet_pton(AF_INET6, name, ip) == 1;
}

static int configure(struct tls_dial *d) {
	static const gnutls_datum_t dot = { (unsigned char *)"dot", 3 };
	const char *name = tls_trust_terms(d->trust)->name;
	int n = gnutls->priority_set(d->gnutls, tls_trust_priority(d->trust));
	if (n == 0)
		n = gnutls->credentials_set(d->gnutls, GNUTLS_CRD_CERTIFICATE,
		                            tls_trust_credentials(d->trust));
	if (n == 0) n = gnutls->alpn_set_protocols(d->gnutls, &dot, 1, 0);
	/* RFC 6066 section 3: no literal addresses. */
	if (n == 0 && name && !is_address(name))
		n = gnutls->server_name_set(d->gnutls, GNUTLS_NAME_DNS, name, strlen(name));
	gnutls->session_set_ptr(d->gnutls, d);
	gnutls->session_set_verify_function(d->gnutls, verify);
	gnutls->handshake_set_max_packet_length(d->gnutls, TLS_DIAL_HANDSHAKE_MAX);
	gnutls->transport_set_ptr(d->gnutls, d);
	gnutls->transport_set_pull_function(d->gnutls, pull);
	gnutls->transport_set_push_function(d->gnutls, push);
	return n;
}

struct tls_dial *tls_dial_new(struct tls_trust *t) {
	struct tls_dial *d = try_malloc(sizeof(*d));
	if (!d) return NULL;
	*d = (struct tls_dial){ .trust = tls_trust_ref(t) };
	/* A session that is resumed shows no certificate: each connection is to be judged by today's terms. */
	if (gnutls->init(&d->gnutls,
	                 GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS) != 0)
		d->gnutls = NULL;
	else if (configure(d) == 0)
		return d;
	tls_dial_free(d);
	return NULL;
}

void tls_dial_free(struct tls_dial *d) {
	if (!d) return;
	if (d->gnutls) gnutls->deinit(d->gnutls);
	tls_trust_unref(d->trust);
	free(d->out);
	free(d);
}

/* -- handshake ---------------------------------------------------------------------------------------------------------- */

static bool is_retry(long n) {
	return n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
}

/* GnuTLS may say EAGAIN, or tell a warning, in the middle of what came in: then it is called again. */
static bool is_to_be_called_again(const struct tls_dial *d, long n, size_t before, unsigned *idle) {
	if (!is_retry(n) && n != GNUTLS_E_WARNING_ALERT_RECEIVED) return false;
	if (is_retry(n) && d->in_len == 0 && !d->is_cut) return false;
	*idle = d->in_len < before ? 0 : *idle + 1;
	return *idle < IDLE_MAX;
}

static bool is_end(long n) {
	return n == GNUTLS_E_PREMATURE_TERMINATION || n == GNUTLS_E_PULL_ERROR;
}

static bool is_dot(struct tls_dial *d, struct why *why) {
	gnutls_datum_t chosen;
	bool any = gnutls->alpn_get_selected_protocol(d->gnutls, &chosen) == 0;
	if (any && chosen.size == 3 && memcmp(chosen.data, "dot", 3) == 0) return true;
	why_set(why, REASON_TLS_ALPN, "the server took no protocol of those offered, expected \"dot\"");
	return false;
}

static enum err fail_handshake(struct tls_dial *d, int n, struct why *why) {
	d->is_dead = true;
	if (d->why.reason != REASON_NONE) {
		*why = d->why;
		(void)gnutls->alert_send_appropriate(d->gnutls, n); /* the connection ends in any case */
		return ERR_REFUSED;
	}
	if (is_end(n) && tls_judge_is_tls(d->first, d->first_len)) {
		why_set(why, REASON_TLS_EARLY_CLOSE, "the server closed the connection during the handshake");
		return ERR_CLOSED;
	}
	tls_judge_failure(d->gnutls, n, d->first, d->first_len, why);
	if (n != GNUTLS_E_FATAL_ALERT_RECEIVED)
		(void)gnutls->alert_send_appropriate(d->gnutls, n); /* as above */
	return ERR_MALFORMED;
}

enum err tls_dial_handshake(struct tls_dial *d, struct why *out_why) {
	assert(!d->is_open && !d->is_dead);
	unsigned idle = 0;
	size_t before;
	int n;
	do {
		before = d->in_len;
		n = gnutls->handshake(d->gnutls);
	} while (is_to_be_called_again(d, n, before, &idle));
	if (is_retry(n) && idle < IDLE_MAX) return ERR_AGAIN;
	if (n != 0) return fail_handshake(d, n, out_why);
	if (!is_dot(d, out_why)) {
		d->is_dead = true;
		(void)gnutls->alert_send(d->gnutls, GNUTLS_AL_FATAL,
		                         GNUTLS_A_NO_APPLICATION_PROTOCOL); /* the connection ends */
		return ERR_REFUSED;
	}
	d->is_open = true;
	return OK;
}

/* -- data --------------------------------------------------------------------------------------------------------------- */

static enum err fail_read(struct tls_dial *d, long n, struct why *why) {
	d->is_dead = true;
	if (n == 0) {
		why_set(why, REASON_CLOSED, "closed by the primary");
		return ERR_CLOSED;
	}
	if (is_end(n))
		why_set(why, REASON_TLS_EARLY_CLOSE, "the connection ended without TLS' close_notify");
	else
		tls_judge_failure(d->gnutls, (int)n, NULL, 0, why);
	return ERR_MALFORMED;
}

enum err tls_dial_read(struct tls_dial *d, uint8_t *buf, size_t cap, size_t *out_len, struct why *out_why) {
	assert(d->is_open && !d->is_dead && cap > 0);
	unsigned idle = 0;
	size_t before;
	ssize_t n;
	do { /* also for tickets, changes of keys and records without data */
		before = d->in_len;
		n = gnutls->record_recv(d->gnutls, buf, cap);
	} while (is_to_be_called_again(d, n, before, &idle));
	if (n > 0) {
		*out_len = (size_t)n;
		return OK;
	}
	return is_retry(n) && idle < IDLE_MAX ? ERR_AGAIN : fail_read(d, n, out_why);
}

enum err tls_dial_write(struct tls_dial *d, const uint8_t *data, size_t len) {
	assert(d->is_open);
	if (d->is_dead || !make_room(d, 2 * len + 64)) return ERR_CLOSED;
	ssize_t n = gnutls->record_send(d->gnutls, data, len);
	if (n == (ssize_t)len) return OK; /* what is sent is shorter than a record */
	d->is_dead = true;
	return ERR_CLOSED;
}

void tls_dial_goodbye(struct tls_dial *d) {
	if (d->is_open && !d->is_dead) (void)gnutls->bye(d->gnutls, GNUTLS_SHUT_WR); /* for politeness only */
	d->is_dead = true;
}

#include "net/tls_trust.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/gnutls_library.h"
#include "net/tls_file.h"

/* RFC 9103 section 7.2: TLS 1.3 or later.  No groups that are costly for us. */
static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:"
				 "+CHACHA20-POLY1305:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:"
				 "+GROUP-SECP384R1:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1";

struct tls_trust {
	atomic_uint references;
	struct tls_terms *terms;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
};

/* -- terms -------------------------------------------------------------------------------------------------------- */

static bool text_equal(const char *a, const char *b) {
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool tls_terms_equal(const struct tls_terms *a, const struct tls_terms *b) {
	if (a == b) return true;
	if (!a || !b) return false;
	return a->mode == b->mode && text_equal(a->name, b->name) && text_equal(a->ca, b->ca) &&
	       text_equal(a->certificate, b->certificate) && text_equal(a->key, b->key) &&
	       a->pin_count == b->pin_count &&
	       memcmp(a->pins, b->pins, a->pin_count * sizeof(a->pins[0])) == 0 &&
	       a->plain_port == b->plain_port;
}

static char *text_copy(const char *text) {
	return text ? xstrdup(text) : NULL;
}

struct tls_terms *tls_terms_copy(const struct tls_terms *terms) {
	struct tls_terms *copy = xmemdup(terms, sizeof(*terms));
	copy->name = text_copy(terms->name);
	copy->ca = text_copy(terms->ca);
	copy->certificate = text_copy(terms->certificate);
	copy->key = text_copy(terms->key);
	return copy;
}

void tls_terms_free(struct tls_terms *terms) {
	if (!terms) return;
	free(terms->name);
	free(terms->ca);
	free(terms->certificate);
	free(terms->key);
	free(terms);
}

/* -- files -------------------------------------------------------------------------------------------------------- */

static enum err load_system(struct tls_trust *t, char *text) {
	int n = gnutls->certificate_set_x509_system_trust(t->credentials);
	if (n > 0) return OK;
	return tls_file_says(text, "ca", TLS_SYSTEM_CA,
	                     n == 0 ? "the system has no authorities" : gnutls->strerror(n));
}

static enum err load_ca(struct tls_trust *t, const char *path, char *text) {
	gnutls_datum_t pem = { 0 };
	int64_t unused;
	enum err e = tls_file_read("ca", path, &pem, text);
	if (e == OK) e = tls_file_check_certificate(&pem, "ca", path, &unused, text);
	if (e == OK) {
		int n = gnutls->certificate_set_x509_trust_mem(t->credentials, &pem, GNUTLS_X509_FMT_PEM);
		if (n <= 0) e = tls_file_says(text, "ca", path, n == 0 ? "none in it" : gnutls->strerror(n));
	}
	tls_file_forget(&pem);
	return e;
}

static enum err join_own(struct tls_trust *t, const gnutls_datum_t *certificate, const gnutls_datum_t *key,
                         char *text) {
	int n = gnutls->certificate_set_x509_key_mem(t->credentials, certificate, key, GNUTLS_X509_FMT_PEM);
	if (n == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return tls_file_says_mismatch(text, t->terms->certificate, t->terms->key);
	return n >= 0 ? OK : tls_file_says(text, "certificate", t->terms->certificate, gnutls->strerror(n));
}

static enum err load_own(struct tls_trust *t, char *text) {
	gnutls_datum_t certificate = { 0 }, key = { 0 };
	const char *certificate_path = t->terms->certificate;
	int64_t unused;
	enum err e = tls_file_read("certificate", certificate_path, &certificate, text);
	if (e == OK) e = tls_file_read("key", t->terms->key, &key, text);
	if (e == OK)
		e = tls_file_check_certificate(&certificate, "certificate", certificate_path, &unused, text);
	if (e == OK) e = tls_file_check_key(&key, t->terms->key, text);
	if (e == OK) e = join_own(t, &certificate, &key, text);
	tls_file_forget(&certificate);
	tls_file_forget(&key);
	return e;
}

static enum err load(struct tls_trust *t, char *text) {
	const struct tls_terms *terms = t->terms;
	const char *why;
	if (gnutls_want(&why) != OK) return tls_file_says(text, "tls", "", why);
	int n = gnutls->certificate_allocate_credentials(&t->credentials);
	if (n == 0) n = gnutls->priority_init(&t->priority, priorities, NULL);
	if (n != 0) return tls_file_says(text, "tls", "", gnutls->strerror(n));
	enum err e = OK;
	if (terms->ca)
		e = strcmp(terms->ca, TLS_SYSTEM_CA) == 0 ? load_system(t, text)
		                                          : load_ca(t, terms->ca, text);
	if (e == OK && terms->certificate) e = load_own(t, text);
	return e;
}

enum err tls_trust_load(const struct tls_terms *terms, struct tls_trust **out_trust,
                        char out_text[static TLS_TEXT_MAX]) {
	struct tls_trust *t = xcalloc(1, sizeof(*t));
	atomic_init(&t->references, 1);
	t->terms = tls_terms_copy(terms);
	enum err e = load(t, out_text);
	if (e != OK) {
		tls_trust_unref(t);
		return e;
	}
	*out_trust = t;
	return OK;
}

struct tls_trust *tls_trust_ref(struct tls_trust *t) {
	atomic_fetch_add_explicit(&t->references, 1, memory_order_relaxed);
	return t;
}

void tls_trust_unref(struct tls_trust *t) {
	if (!t || atomic_fetch_sub_explicit(&t->references, 1, memory_order_acq_rel) != 1) return;
	if (t->credentials) gnutls->certificate_free_credentials(t->credentials);
	if (t->priority) gnutls->priority_deinit(t->priority);
	tls_terms_free(t->terms);
	free(t);
}

const struct tls_terms *tls_trust_terms(const struct tls_trust *t) {
	return t->terms;
}

gnutls_certificate_credentials_t tls_trust_credentials(const struct tls_trust *t) {
	return t->credentials;
}

gnutls_priority_t tls_trust_priority(const struct tls_trust *t) {
	return t->priority;
}

#include "net/tls_judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/gnutls_library.h"

#define NAMES_TEXT_MAX 100 /* of the names in a certificate, in evidence */
#define DN_TEXT_MAX 80
#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22

/* -- words ---------------------------------------------------------------------------------------------------------- */

/* Names that the certificate is for, as far as there is room. */
static const char *names_text(gnutls_x509_crt_t crt, char out[static NAMES_TEXT_MAX]) {
	struct writer w = writer_init(out, NAMES_TEXT_MAX - 1);
	for (unsigned i = 0;; i++) {
		char name[NAMES_TEXT_MAX];
		size_t size = sizeof(name);
		int type = gnutls->x509_crt_get_subject_alt_name(crt, i, name, &size, NULL);
		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) break;
		if (type != GNUTLS_SAN_DNSNAME || w.cap - w.len < size + 2) continue;
		if (w.len > 0) write_bytes(&w, ", ", 2);
		write_bytes(&w, name, size);
	}
	out[w.len] = '\0';
	return w.len > 0 ? out : "no host name";
}

static const char *issuer_text(gnutls_x509_crt_t crt, char out[static DN_TEXT_MAX]) {
	size_t size = DN_TEXT_MAX;
	return gnutls->x509_crt_get_issuer_dn(crt, out, &size) == 0 ? out : "an issuer with a long name";
}

static const char *day_text(time_t time_s, char out[static 32]) {
	struct tm tm;
	if (!gmtime_r(&time_s, &tm) || strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm) == 0) return "a far day";
	return out;
}

/* -- the certificate -------------------------------------------------------------------------------------------------- */

static enum err judge_pin(const gnutls_datum_t *der, const struct tls_terms *terms, struct why *why) {
	struct pin seen;
	char seen_text[PIN_TEXT_MAX], expected[PIN_TEXT_MAX];
	if (pin_of_certificate(der, &seen) != OK) {
		why_set(why, REASON_TLS_CERTIFICATE, "the certificate can't be read");
		return ERR_REFUSED;
	}
	for (unsigned i = 0; i < terms->pin_count; i++) {
		if (pin_equal(&terms->pins[i], &seen)) return OK;
	}
	why_set(why, REASON_TLS_PIN, "pin seen %s, expected %s%s", pin_text(&seen, seen_text),
	        pin_text(&terms->pins[0], expected), terms->pin_count > 1 ? " or another" : "");
	return ERR_REFUSED;
}

static void blame_time(gnutls_x509_crt_t crt, struct why *why) {
	char from[32], until[32];
	why_set(why, REASON_TLS_TIME, "the certificate is valid from %s until %s",
	        day_text(gnutls->x509_crt_get_activation_time(crt), from),
	        day_text(gnutls->x509_crt_get_expiration_time(crt), until));
}

static void blame_other(unsigned status, struct why *why) {
	gnutls_datum_t text = { 0 };
	int n = gnutls->certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0);
	why_set(why, REASON_TLS_CERTIFICATE, "%s", n == 0 ? (const char *)text.data : "it does not hold");
	gnutls_release(text.data);
}

/* What is wrong first is told: who has signed it, then when it holds, then for whom. */
static void blame_chain(gnutls_x509_crt_t crt, unsigned status, const struct tls_terms *terms,
                        struct why *why) {
	char names[NAMES_TEXT_MAX], issuer[DN_TEXT_MAX];
	if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA))
		why_set(why, REASON_TLS_CA, "the certificate is signed by \"%s\", expected one of %.60s",
		        issuer_text(crt, issuer), terms->ca);
	else if (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED))
		blame_time(crt, why);
	else if (status & GNUTLS_CERT_UNEXPECTED_OWNER)
		why_set(why, REASON_TLS_NAME, "the certificate is for %s, expected %.80s",
		        names_text(crt, names), terms->name);
	else
		blame_other(status, why);
}

static enum err judge_chain(gnutls_session_t session, const gnutls_datum_t *der,
                            const struct tls_terms *terms, struct why *why) {
	gnutls_typed_vdata_st asked[] = {
		{ GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)terms->name, 0 },
		{ GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER, 0 },
	};
	gnutls_x509_crt_t crt = NULL;
	unsigned status = 0;
	int n = gnutls->certificate_verify_peers(session, asked, 2, &status);
	if (n == 0 && status == 0) return OK;
	if (n == 0) n = gnutls->x509_crt_init(&crt);
	if (n == 0) n = gnutls->x509_crt_import(crt, der, GNUTLS_X509_FMT_DER);
	if (n == 0)
		blame_chain(crt, status, terms, why);
	else
		why_set(why, REASON_TLS_CERTIFICATE, "%s", gnutls->strerror(n));
	if (crt) gnutls->x509_crt_deinit(crt);
	return ERR_REFUSED;
}

enum err tls_judge_certificate(gnutls_session_t session, const struct tls_terms *terms, struct why *out_why) {
	unsigned count = 0;
	if (terms->mode == TLS_MODE_OPPORTUNISTIC) return OK;
	const gnutls_datum_t *list = gnutls->certificate_get_peers(session, &count);
	if (!list || count == 0) {
		why_set(out_why, REASON_TLS_CERTIFICATE, "the server shows no certificate");
		return ERR_REFUSED;
	}
	enum err e = terms->pin_count > 0 ? judge_pin(&list[0], terms, out_why) : OK;
	if (e == OK && terms->ca) e = judge_chain(session, &list[0], terms, out_why);
	return e;
}

/* -- failures ----------------------------------------------------------------------------------------------------------- */

static enum reason reason_of_alert(gnutls_alert_description_t alert) {
	switch (alert) {
	case GNUTLS_A_PROTOCOL_VERSION: return REASON_TLS_VERSION;
	case GNUTLS_A_NO_APPLICATION_PROTOCOL: return REASON_TLS_ALPN;
	case GNUTLS_A_BAD_CERTIFICATE:
	case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
	case GNUTLS_A_CERTIFICATE_REVOKED:
	case GNUTLS_A_CERTIFICATE_EXPIRED:
	case GNUTLS_A_CERTIFICATE_UNKNOWN:
	case GNUTLS_A_UNKNOWN_CA:
	case GNUTLS_A_ACCESS_DENIED:
	case GNUTLS_A_CERTIFICATE_REQUIRED: return REASON_TLS_CLIENT_CERTIFICATE;
	default: return REASON_TLS_HANDSHAKE;
	}
}

static void blame_alert(gnutls_session_t session, struct why *why) {
	gnutls_alert_description_t alert = gnutls->alert_get(session);
	const char *name = gnutls->alert_get_name(alert);
	bool nothing_in_common = alert == GNUTLS_A_HANDSHAKE_FAILURE ||
	                         alert == GNUTLS_A_INSUFFICIENT_SECURITY;
	why_set(why, reason_of_alert(alert), "the server says by an alert: %s (%u)%s",
	        name ? name : "unknown", (unsigned)alert,
	        nothing_in_common ? "; perhaps it does not speak TLS 1.3" : "");
}

/* A record of a handshake or an alert, of any version of TLS (RFC 8446 section 5.1). */
bool tls_judge_is_tls(const uint8_t *first, size_t first_len) {
	if (first_len > 0 && first[0] != RECORD_HANDSHAKE && first[0] != RECORD_ALERT) return false;
	return first_len < 2 || first[1] == 3;
}

static void blame_clear_text(const uint8_t *first, size_t len, struct why *why) {
	char hex[32];
	size_t shown = 0;
	for (size_t i = 0; i < len && shown + 4 < sizeof(hex); i++)
		shown += (size_t)snprintf(hex + shown, sizeof(hex) - shown, " %02x", first[i]);
	hex[shown] = '\0';
	why_set(why, REASON_TLS_NONE, "what came is not TLS, it begins with%s", hex);
}

void tls_judge_failure(gnutls_session_t session, int n, const uint8_t *first, size_t first_len,
                       struct why *out_why) {
	if (!tls_judge_is_tls(first, first_len))
		blame_clear_text(first, first_len, out_why);
	else if (n == GNUTLS_E_FATAL_ALERT_RECEIVED)
		blame_alert(session, out_why);
	else if (n == GNUTLS_E_UNSUPPORTED_VERSION_PACKET)
		why_set(out_why, REASON_TLS_VERSION, "the server chose a version before TLS 1.3");
	else
		why_set(out_why, REASON_TLS_HANDSHAKE, "%s", gnutls->strerror(n));
}

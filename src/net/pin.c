#include "net/pin.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#define BASE64_LEN (PIN_TEXT_MAX - 1)

enum err pin_parse(const char *text, struct pin *out_pin) {
	gnutls_datum_t in = { (unsigned char *)(uintptr_t)text, (unsigned)strlen(text) }, out = { 0 };
	enum err e = ERR_MALFORMED;
	if (in.size != BASE64_LEN || gnutls_base64_decode2(&in, &out) != 0) return ERR_MALFORMED;
	if (out.size == PIN_LEN) {
		memcpy(out_pin->sha256, out.data, PIN_LEN);
		e = OK;
	}
	gnutls_free(out.data);
	return e;
}

const char *pin_text(const struct pin *p, char out[static PIN_TEXT_MAX]) {
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (unsigned i = 0; i < BASE64_LEN - 1; i++) {
		unsigned bit = i * 6, high = p->sha256[bit / 8];
		unsigned low = bit / 8 + 1 < PIN_LEN ? p->sha256[bit / 8 + 1] : 0;
		out[i] = digits[((high << 8 | low) >> (10 - bit % 8)) & 63U];
	}
	out[BASE64_LEN - 1] = '='; /* 32 octets leave one place empty */
	out[BASE64_LEN] = '\0';
	return out;
}

bool pin_equal(const struct pin *a, const struct pin *b) {
	return memcmp(a->sha256, b->sha256, PIN_LEN) == 0; /* public on both sides */
}

static int hash_key(gnutls_pubkey_t key, struct pin *out) {
	gnutls_datum_t der = { 0 };
	int n = gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der);
	if (n == 0) n = gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, out->sha256);
	gnutls_free(der.data);
	return n;
}

enum err pin_of_certificate(const gnutls_datum_t *der, struct pin *out_pin) {
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t key = NULL;
	struct pin pin = { { 0 } };
	int n = gnutls_x509_crt_init(&crt);
	if (n == 0) n = gnutls_pubkey_init(&key);
	if (n == 0) n = gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER);
	if (n == 0) n = gnutls_pubkey_import_x509(key, crt, 0);
	if (n == 0) n = hash_key(key, &pin);
	if (key) gnutls_pubkey_deinit(key);
	if (crt) gnutls_x509_crt_deinit(crt);
	if (n != 0) return ERR_MALFORMED;
	*out_pin = pin;
	return OK;
}

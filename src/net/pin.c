#include "net/pin.h"

#include <string.h>

#include "base/crypto.h"
#include "base/gnutls_library.h"

#define TEXT_LEN (PIN_TEXT_MAX - 1)

enum err pin_parse(const char *text, struct pin *out_pin) {
	struct pin pin;
	size_t len = 0;
	if (strlen(text) != TEXT_LEN || base64_octets(text, pin.sha256, PIN_LEN, &len) != OK ||
	    len != PIN_LEN)
		return ERR_MALFORMED;
	*out_pin = pin;
	return OK;
}

const char *pin_text(const struct pin *p, char out[static PIN_TEXT_MAX]) {
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (unsigned i = 0; i < TEXT_LEN - 1; i++) {
		unsigned bit = i * 6, high = p->sha256[bit / 8];
		unsigned low = bit / 8 + 1 < PIN_LEN ? p->sha256[bit / 8 + 1] : 0;
		out[i] = digits[((high << 8 | low) >> (10 - bit % 8)) & 63U];
	}
	out[TEXT_LEN - 1] = '='; /* 32 octets leave one place empty */
	out[TEXT_LEN] = '\0';
	return out;
}

bool pin_equal(const struct pin *a, const struct pin *b) {
	return memcmp(a->sha256, b->sha256, PIN_LEN) == 0; /* public on both sides */
}

static int hash_key(gnutls_pubkey_t key, struct pin *out) {
	gnutls_datum_t der = { 0 };
	int n = gnutls->pubkey_export2(key, GNUTLS_X509_FMT_DER, &der);
	if (n == 0) digest_of(DIGEST_SHA256, der.data, der.size, out->sha256);
	gnutls_release(der.data);
	return n;
}

enum err pin_of_certificate(const gnutls_datum_t *der, struct pin *out_pin) {
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t key = NULL;
	struct pin pin = { { 0 } };
	if (gnutls_want(NULL) != OK) return ERR_MALFORMED;
	int n = gnutls->x509_crt_init(&crt);
	if (n == 0) n = gnutls->pubkey_init(&key);
	if (n == 0) n = gnutls->x509_crt_import(crt, der, GNUTLS_X509_FMT_DER);
	if (n == 0) n = gnutls->pubkey_import_x509(key, crt, 0);
	if (n == 0) n = hash_key(key, &pin);
	if (key) gnutls->pubkey_deinit(key);
	if (crt) gnutls->x509_crt_deinit(crt);
	if (n != 0) return ERR_MALFORMED;
	*out_pin = pin;
	return OK;
}

/* DNSKEY records as keys of GnuTLS: RFC 3110 and 5702 (RSA), 6605 (ECDSA), 8080 (EdDSA). */
#include "zone/dnssec_key.h"

#include "base/gnutls_library.h"

#define KEY_FIXED 4 /* flags, protocol, algorithm */
#define FLAG_ZONE 0x0100
#define FLAG_REVOKE 0x0080
#define RSA_MODULUS_MAX 512 /* octets */
#define RSA_EXPONENT_MAX 5

static const struct algorithm {
	uint8_t number;
	gnutls_sign_algorithm_t sign;
	gnutls_ecc_curve_t curve;
	unsigned coordinate; /* octets of one; 0: RSA */
} algorithms[] = {
	{ 5, GNUTLS_SIGN_RSA_SHA1, GNUTLS_ECC_CURVE_INVALID, 0 },
	{ 7, GNUTLS_SIGN_RSA_SHA1, GNUTLS_ECC_CURVE_INVALID, 0 },
	{ 8, GNUTLS_SIGN_RSA_SHA256, GNUTLS_ECC_CURVE_INVALID, 0 },
	{ 10, GNUTLS_SIGN_RSA_SHA512, GNUTLS_ECC_CURVE_INVALID, 0 },
	{ 13, GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_ECC_CURVE_SECP256R1, 32 },
	{ 14, GNUTLS_SIGN_ECDSA_SHA384, GNUTLS_ECC_CURVE_SECP384R1, 48 },
	{ 15, GNUTLS_SIGN_EDDSA_ED25519, GNUTLS_ECC_CURVE_ED25519, 32 },
	{ 16, GNUTLS_SIGN_EDDSA_ED448, GNUTLS_ECC_CURVE_ED448, 57 },
};

static const struct algorithm *algorithm_find(uint8_t number) {
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (algorithms[i].number == number) return &algorithms[i];
	return NULL;
}

static gnutls_datum_t datum(const uint8_t *data, size_t len) {
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)data, (unsigned)len };
}

/* -- reading -- */

/* RFC 3110 section 2: length of the exponent in one octet or in three, exponent, modulus. */
static bool import_rsa(gnutls_pubkey_t key, const uint8_t *p, size_t len) {
	if (len < 3) return false;
	size_t exponent = p[0], from = 1;
	if (exponent == 0) {
		exponent = load_u16(p + 1);
		from = 3;
	}
	if (exponent == 0 || exponent > RSA_EXPONENT_MAX || from + exponent >= len) return false;
	size_t modulus = len - from - exponent;
	if (modulus > RSA_MODULUS_MAX) return false;
	gnutls_datum_t e = datum(p + from, exponent), m = datum(p + from + exponent, modulus);
	return gnutls->pubkey_import_rsa_raw(key, &m, &e) == 0;
}

static bool import_curve(gnutls_pubkey_t key, const struct algorithm *a, const uint8_t *p, size_t len) {
	bool is_ecdsa = a->number < 15;
	if (len != (size_t)a->coordinate * (is_ecdsa ? 2 : 1)) return false;
	gnutls_datum_t x = datum(p, a->coordinate), y = datum(p + a->coordinate, a->coordinate);
	return gnutls->pubkey_import_ecc_raw(key, a->curve, &x, is_ecdsa ? &y : NULL) == 0;
}

static bool import(gnutls_pubkey_t key, const uint8_t *rdata, size_t len) {
	const struct algorithm *a = algorithm_find(rdata[3]);
	if (!a) return false;
	return a->coordinate ? import_curve(key, a, rdata + KEY_FIXED, len - KEY_FIXED)
	                     : import_rsa(key, rdata + KEY_FIXED, len - KEY_FIXED);
}

/* RFC 4034 appendix B. */
static uint16_t key_tag(const uint8_t *rdata, size_t len) {
	uint32_t sum = 0;
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? rdata[i] : (uint32_t)rdata[i] << 8;
	return (uint16_t)(sum + (sum >> 16));
}

static bool is_zone_key(const uint8_t *rdata, size_t len) {
	return len > KEY_FIXED && (load_u16(rdata) & FLAG_ZONE) && !(load_u16(rdata) & FLAG_REVOKE) &&
	       rdata[2] == 3;
}

void dnssec_keys_read(const struct rrset *dnskeys, struct dnssec_keys *out_keys) {
	const uint8_t *p = dnskeys->rdatas;
	*out_keys = (struct dnssec_keys){ 0 };
	for (unsigned i = 0; i < dnskeys->count && out_keys->count < DNSSEC_KEYS_MAX; i++) {
		uint16_t len;
		const uint8_t *rdata = rrset_next(&p, &len);
		struct dnssec_key *k = &out_keys->items[out_keys->count];
		if (!is_zone_key(rdata, len) || gnutls->pubkey_init(&k->key) != 0) continue;
		if (import(k->key, rdata, len)) {
			k->tag = key_tag(rdata, len);
			k->algorithm = rdata[3];
			out_keys->count++;
		} else {
			gnutls->pubkey_deinit(k->key);
			out_keys->unknown++;
		}
	}
}

void dnssec_keys_done(struct dnssec_keys *k) {
	while (k->count)
		gnutls->pubkey_deinit(k->items[--k->count].key);
}

/* -- verifying -- */

bool dnssec_key_verify(const struct dnssec_key *k, const uint8_t *data, size_t len, const uint8_t *signature,
                       size_t signature_len) {
	const struct algorithm *a = algorithm_find(k->algorithm);
	gnutls_datum_t what = datum(data, len), sig = datum(signature, signature_len), coded = { 0 };
	if (k->algorithm == 13 || k->algorithm == 14) { /* RFC 6605 section 4: r and s side by side */
		if (signature_len != 2 * (size_t)a->coordinate) return false;
		gnutls_datum_t r = datum(signature, a->coordinate),
			       s = datum(signature + a->coordinate, a->coordinate);
		if (gnutls->encode_rs_value(&coded, &r, &s) != 0) return false;
		sig = coded;
	}
	int status = gnutls->pubkey_verify_data2(k->key, a->sign, GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1, &what,
	                                         &sig);
	gnutls_release(coded.data);
	return status >= 0;
}

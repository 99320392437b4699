/* Certificates and keys in files, made by the test itself.  Whatever fails ends the process. */
#ifndef UNDERSTUDY_TESTS_CERTIFICATE_MAKE_H
#define UNDERSTUDY_TESTS_CERTIFICATE_MAKE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Files of a test, and the folder that they are in. */
struct tls_files {
	char folder[64];
	char certificate[128], key[128];
};

static inline void must(bool ok) {
	if (!ok) abort();
}

static inline void write_text(const char *path, const void *data, size_t len) {
	FILE *f = fopen(path, "wb");
	must(f && fwrite(data, 1, len, f) == len);
	must(fclose(f) == 0);
}

static inline gnutls_x509_privkey_t make_key(void) {
	gnutls_x509_privkey_t key;
	unsigned bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
	must(gnutls_x509_privkey_init(&key) == 0);
	must(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, bits, 0) == 0);
	return key;
}

/* A self-signed certificate for the name, valid for a day from now, and its key, into the two files. */
static inline void tls_make_certificate(const char *name, const char *certificate, const char *key) {
	gnutls_x509_privkey_t private_key = make_key();
	gnutls_x509_crt_t crt;
	gnutls_datum_t pem;
	time_t now = time(NULL);
	must(gnutls_x509_crt_init(&crt) == 0);
	must(gnutls_x509_crt_set_version(crt, 3) == 0);
	must(gnutls_x509_crt_set_serial(crt, "\1", 1) == 0);
	must(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
	                                   (unsigned)strlen(name)) == 0);
	must(gnutls_x509_crt_set_activation_time(crt, now - 3600) == 0);
	must(gnutls_x509_crt_set_expiration_time(crt, now + 86400) == 0);
	must(gnutls_x509_crt_set_key(crt, private_key) == 0);
	must(gnutls_x509_crt_sign2(crt, crt, private_key, GNUTLS_DIG_SHA256, 0) == 0);
	must(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem) == 0);
	write_text(certificate, pem.data, pem.size);
	gnutls_free(pem.data);
	must(gnutls_x509_privkey_export2(private_key, GNUTLS_X509_FMT_PEM, &pem) == 0);
	write_text(key, pem.data, pem.size);
	gnutls_free(pem.data);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(private_key);
}

static inline void tls_files_make(struct tls_files *files, const char *name) {
	snprintf(files->folder, sizeof(files->folder), "/tmp/understudy-tls-XXXXXX");
	must(mkdtemp(files->folder) != NULL);
	snprintf(files->certificate, sizeof(files->certificate), "%s/certificate", files->folder);
	snprintf(files->key, sizeof(files->key), "%s/key", files->folder);
	tls_make_certificate(name, files->certificate, files->key);
}

static inline void tls_files_remove(const struct tls_files *files) {
	unlink(files->certificate);
	unlink(files->key);
	must(rmdir(files->folder) == 0);
}

#endif

#include "net/tls_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/gnutls_library.h"

#define TEXT_OF_PATH "%.200s" /* of a path, in sentences */

enum err tls_file_says(char text[static TLS_TEXT_MAX], const char *what, const char *path, const char *why) {
	(void)snprintf(text, TLS_TEXT_MAX, "%s " TEXT_OF_PATH ": %s", what, path, why); /* cutting is right */
	return ERR_CONFIG;
}

enum err tls_file_says_mismatch(char text[static TLS_TEXT_MAX], const char *certificate_path,
                                const char *key_path) {
	(void)snprintf(text, TLS_TEXT_MAX, /* cutting is right */
	               "key " TEXT_OF_PATH ": does not belong to certificate " TEXT_OF_PATH, key_path,
	               certificate_path);
	return ERR_CONFIG;
}

enum err tls_file_read(const char *what, const char *path, gnutls_datum_t *out_pem,
                       char text[static TLS_TEXT_MAX]) {
	char *data, reason[96];
	size_t len;
	enum err e = file_read(path, TLS_FILE_MAX, &data, &len);
	if (e == ERR_LIMIT) return tls_file_says(text, what, path, "larger than a mebibyte");
	if (e == ERR_NOTFOUND) return tls_file_says(text, what, path, "no such file");
	if (e != OK) return tls_file_says(text, what, path, strerror_r(errno, reason, sizeof(reason)));
	*out_pem = (gnutls_datum_t){ (unsigned char *)data, (unsigned)len };
	return OK;
}

void tls_file_forget(gnutls_datum_t *pem) {
	if (pem->data) explicit_bzero(pem->data, pem->size);
	free(pem->data);
	*pem = (gnutls_datum_t){ 0 };
}

enum err tls_file_check_certificate(const gnutls_datum_t *pem, const char *what, const char *path,
                                    int64_t *out_expire_s, char text[static TLS_TEXT_MAX]) {
	gnutls_x509_crt_t *list = NULL;
	unsigned count = 0;
	int n = gnutls->x509_crt_list_import2(&list, &count, pem, GNUTLS_X509_FMT_PEM, 0);
	if (n < 0) return tls_file_says(text, what, path, gnutls->strerror(n));
	int64_t expire_s = count > 0 ? gnutls->x509_crt_get_expiration_time(list[0]) : -1;
	for (unsigned i = 0; i < count; i++)
		gnutls->x509_crt_deinit(list[i]);
	gnutls_release(list);
	if (expire_s < 0) return tls_file_says(text, what, path, "no certificate in it");
	*out_expire_s = expire_s;
	return OK;
}

enum err tls_file_check_key(const gnutls_datum_t *pem, const char *path, char text[static TLS_TEXT_MAX]) {
	gnutls_x509_privkey_t key;
	int n = gnutls->x509_privkey_init(&key);
	if (n != 0) return tls_file_says(text, "key", path, gnutls->strerror(n));
	n = gnutls->x509_privkey_import2(key, pem, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN);
	gnutls->x509_privkey_deinit(key);
	if (n == GNUTLS_E_DECRYPTION_FAILED || n == GNUTLS_E_PKCS1_WRONG_PAD)
		return tls_file_says(text, "key", path,
		                     "protected by a password; expected a key without one");
	return n == 0 ? OK : tls_file_says(text, "key", path, gnutls->strerror(n));
}

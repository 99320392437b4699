/* PEM files of certificates and keys, with sentences about those that can't be used. */
#ifndef UNDERSTUDY_NET_TLS_FILE_H
#define UNDERSTUDY_NET_TLS_FILE_H

#include <gnutls/gnutls.h>

#include "base/err.h"
#include "net/tls.h"

/* "what path: why" into text.  Returns ERR_CONFIG. */
enum err tls_file_says(char text[static TLS_TEXT_MAX], const char *what, const char *path, const char *why);
/* The whole file, at most TLS_FILE_MAX octets; to be given to tls_file_forget.  ERR_CONFIG, text filled. */
MUST_CHECK enum err tls_file_read(const char *what, const char *path, gnutls_datum_t *out_pem,
                                  char text[static TLS_TEXT_MAX]);
/* Keys do not stay in memory that is used again. */
void tls_file_forget(gnutls_datum_t *pem);
/* pem holds at least one certificate; out_expire_s: of the first.  ERR_CONFIG, text filled. */
MUST_CHECK enum err tls_file_check_certificate(const gnutls_datum_t *pem, const char *what, const char *path,
                                               int64_t *out_expire_s, char text[static TLS_TEXT_MAX]);
/* pem is a private key without password.  ERR_CONFIG, text filled. */
MUST_CHECK enum err tls_file_check_key(const gnutls_datum_t *pem, const char *path,
                                       char text[static TLS_TEXT_MAX]);
/* "key … does not belong to certificate …".  Returns ERR_CONFIG. */
enum err tls_file_says_mismatch(char text[static TLS_TEXT_MAX], const char *certificate_path,
                                const char *key_path);

#endif

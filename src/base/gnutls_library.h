/* GnuTLS, loaded when TLS or a signature is first wanted: with the libraries behind it, it would cost each start some
 * milliseconds and the process two mebibytes, which only those pay that way who use it (docs/decisions/0032).
 * What others need of cryptography is in crypto.h.  Any thread. */
#ifndef UNDERSTUDY_BASE_GNUTLS_LIBRARY_H
#define UNDERSTUDY_BASE_GNUTLS_LIBRARY_H

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/err.h"

struct gnutls_library {
#define GNUTLS_FUNCTION(name) __typeof__(gnutls_##name) *name;
#include "base/gnutls_library.def"
#undef GNUTLS_FUNCTION
};

/* Loads it, once: it stays until the process ends.  ERR_UNSUPPORTED: it can't be had now; *out_why, if not NULL, says why
 * (static memory).  Asked before the first use by whoever makes something of the library's; who has such a thing need not ask. */
MUST_CHECK enum err gnutls_want(const char **out_why);

/* gnutls->init(...) is gnutls_init(...).  Its members are NULL before gnutls_want has said OK. */
extern const struct gnutls_library *const gnutls;

/* gnutls_free, which is a variable of the library. */
void gnutls_release(void *p);

#endif

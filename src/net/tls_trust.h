/* On what terms we talk to a server over TLS (RFC 9103), and the files that these terms name, once read.
 *
 *   strict          the server's certificate must hold: by a pinned public key, by an authority and its name, or by both
 *                   where both are given.  Nothing is ever said in clear.
 *   opportunistic   encrypted, without looking at the certificate; in clear where TLS can't be had
 *
 * Terms are plain values.  A trust is immutable and counted: any thread may take and drop references. */
#ifndef UNDERSTUDY_NET_TLS_TRUST_H
#define UNDERSTUDY_NET_TLS_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/pin.h"
#include "net/tls.h"

#define TLS_PINS_MAX 8
#define TLS_SYSTEM_CA "system"

enum tls_mode { TLS_MODE_STRICT, TLS_MODE_OPPORTUNISTIC };

struct tls_terms {
	enum tls_mode mode;
	char *name;              /* host name of the server; NULL: it is not told one */
	char *ca;                /* path of authorities (PEM), or TLS_SYSTEM_CA; NULL: none is asked for */
	char *certificate, *key; /* paths (PEM) of what we show; NULL: nothing */
	struct pin pins[TLS_PINS_MAX]; /* one of them must fit, if there is any */
	unsigned pin_count;
	uint16_t plain_port; /* where an opportunistic server answers in clear */
};
/* By content. */
bool tls_terms_equal(const struct tls_terms *a, const struct tls_terms *b);
/* The copy owns its texts. */
struct tls_terms *tls_terms_copy(const struct tls_terms *terms);
/* NULL is allowed. */
void tls_terms_free(struct tls_terms *terms);

struct tls_trust;

/* Read what the terms name; terms are copied.  ERR_CONFIG: out_text says which file and why, as a sentence for an
 * operator.  The caller owns a reference. */
MUST_CHECK enum err tls_trust_load(const struct tls_terms *terms, struct tls_trust **out_trust,
                                   char out_text[static TLS_TEXT_MAX]);
/* Returns t, with a reference more. */
struct tls_trust *tls_trust_ref(struct tls_trust *t);
/* NULL is allowed. */
void tls_trust_unref(struct tls_trust *t);
const struct tls_terms *tls_trust_terms(const struct tls_trust *t);
/* For sessions (tls_dial.h): GnuTLS' credentials and priorities, borrowed. */
gnutls_certificate_credentials_t tls_trust_credentials(const struct tls_trust *t);
gnutls_priority_t tls_trust_priority(const struct tls_trust *t);

#endif

/* A pin: the SHA-256 of a certificate's public key (SubjectPublicKeyInfo, RFC 7858 section 4.2), by which a peer is known
 * over TLS whatever else its certificate says.  Written in base64, as kdig's +tls-pin takes it. */
#ifndef UNDERSTUDY_NET_PIN_H
#define UNDERSTUDY_NET_PIN_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define PIN_LEN 32
#define PIN_TEXT_MAX 45 /* NUL included */

struct pin {
	uint8_t sha256[PIN_LEN];
};

/* From base64.  ERR_MALFORMED: it is none, or not of 32 octets. */
MUST_CHECK enum err pin_parse(const char *text, struct pin *out_pin);
/* Returns out. */
const char *pin_text(const struct pin *p, char out[static PIN_TEXT_MAX]);
bool pin_equal(const struct pin *a, const struct pin *b);
/* Of a certificate in DER.  ERR_MALFORMED. */
MUST_CHECK enum err pin_of_certificate(const gnutls_datum_t *der, struct pin *out_pin);

#endif

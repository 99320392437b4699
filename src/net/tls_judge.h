/* A server's certificate, judged by our terms: which reason, and what was expected and what was seen. */
#ifndef UNDERSTUDY_NET_TLS_JUDGE_H
#define UNDERSTUDY_NET_TLS_JUDGE_H

#include <gnutls/gnutls.h>

#include "base/why.h"
#include "net/tls_trust.h"

/* Of the session whose server has just shown it.  ERR_REFUSED, out_why filled. */
MUST_CHECK enum err tls_judge_certificate(gnutls_session_t session, const struct tls_terms *terms,
                                          struct why *out_why);
/* Does what a server begins with look like TLS, as far as it has come? */
bool tls_judge_is_tls(const uint8_t *first, size_t first_len);
/* What GnuTLS' failure n means; first: the octets that the server began with (at least first_len of them). */
void tls_judge_failure(gnutls_session_t session, int n, const uint8_t *first, size_t first_len,
                       struct why *out_why);

#endif

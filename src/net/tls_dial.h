/* TLS, client side (RFC 8446, RFC 9103): TLS 1.3 only, ALPN "dot", which the server must take.  Sans-IO: octets of the
 * server go in, octets for it come out; whoever owns the socket carries them.
 *
 *   tls_dial_handshake until OK, then tls_dial_read and tls_dial_write; after each call what tls_dial_output has is to be
 *   sent.  ERR_AGAIN: everything that came in is used, more must come.
 *
 * The server's octets are hostile: they cost memory within TLS_DIAL_OUTPUT_MAX, a handshake message of
 * TLS_DIAL_HANDSHAKE_MAX and a record of 16 KiB.  Every failure has a reason and its evidence: what was expected, what was
 * seen.
 * Thread: a session belongs to one. */
#ifndef UNDERSTUDY_NET_TLS_DIAL_H
#define UNDERSTUDY_NET_TLS_DIAL_H

#include <stddef.h>

#include "base/why.h"
#include "net/tls_trust.h"

#define TLS_DIAL_OUTPUT_MAX (256U << 10)   /* octets that wait to be sent */
#define TLS_DIAL_HANDSHAKE_MAX (64U << 10) /* octets of a handshake message of the server */

struct tls_dial;

/* Takes a reference on t.  NULL: no memory. */
struct tls_dial *tls_dial_new(struct tls_trust *t);
/* NULL is allowed. */
void tls_dial_free(struct tls_dial *d);

/* What came from the server; borrowed until a call says ERR_AGAIN or fails.  Only when what came before is used. */
void tls_dial_input(struct tls_dial *d, const uint8_t *data, size_t len);
/* The server's side of the connection ended. */
void tls_dial_input_end(struct tls_dial *d);

/* OK: it is done, the server is who it must be and speaks "dot".  ERR_AGAIN.  ERR_CLOSED, ERR_REFUSED, ERR_MALFORMED: it
 * is over, out_why tells. */
MUST_CHECK enum err tls_dial_handshake(struct tls_dial *d, struct why *out_why);
/* After the handshake.  OK: out_len octets (at least one) of at most cap.  ERR_AGAIN.  ERR_CLOSED: the server said that it
 * sends no more; ERR_MALFORMED, ERR_REFUSED: the session is dead; out_why tells. */
MUST_CHECK enum err tls_dial_read(struct tls_dial *d, uint8_t *buf, size_t cap, size_t *out_len,
                                  struct why *out_why);
/* After the handshake.  All of it or nothing.  ERR_CLOSED: the session is dead. */
MUST_CHECK enum err tls_dial_write(struct tls_dial *d, const uint8_t *data, size_t len);
/* close_notify (RFC 8446 section 6.1): we send no more. */
void tls_dial_goodbye(struct tls_dial *d);
/* Octets to send now: *out_data is taken over by the caller, who frees it.  0: none, out_data untouched. */
size_t tls_dial_output(struct tls_dial *d, uint8_t **out_data);

#endif

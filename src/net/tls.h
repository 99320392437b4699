/* TLS, server side, on a connected non-blocking socket: DNS over TLS (RFC 7858), TLS 1.2 and 1.3 with forward
 * secrecy and authenticated ciphers only (RFC 9325).  No renegotiation, no compression, no early data; tickets for
 * resumption, whose key changes with time and with every load of the credentials.  Nothing here blocks; a session
 * takes at most TLS_SESSION_BYTES of memory, whatever its client sends.
 *
 * Credentials are immutable and counted: any thread may take and drop references.  A session belongs to one thread. */
#ifndef UNDERSTUDY_NET_TLS_H
#define UNDERSTUDY_NET_TLS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "net/pin.h"

#define TLS_TEXT_MAX 640               /* sentence about files that can't be used, NUL included */
#define TLS_FILE_MAX (1U << 20)        /* octets of a certificate or key file */
#define TLS_SESSION_BYTES (64U * 1024) /* what one session is charged with */
#define TLS_HANDSHAKE_MAX (16U * 1024) /* octets of a client's handshake message */
#define TLS_HEAD_MAX 512 /* octets that may be read from the socket before the session is made */

struct tls_credentials;
struct tls_session;

/* Read a certificate (PEM, followed by those that lead to its authority) and its private key (PEM).
 * asks_clients: clients are asked for certificates of their own, which they need not have; whose one is, it has proven
 * by its key, but who has signed it is not looked at (tls_client_pin).
 * ERR_CONFIG: out_text says which file and why, as a sentence for an operator.  The caller owns a reference. */
MUST_CHECK enum err tls_credentials_load(const char *certificate_path, const char *key_path,
                                         bool asks_clients, struct tls_credentials **out_credentials,
                                         char out_text[static TLS_TEXT_MAX]);
/* Returns c, with a reference more. */
struct tls_credentials *tls_credentials_ref(struct tls_credentials *c);
/* NULL is allowed. */
void tls_credentials_unref(struct tls_credentials *c);
/* Wall seconds after which the certificate is no longer valid. */
int64_t tls_credentials_expire_s(const struct tls_credentials *c);

/* Hands credentials from any thread to the one that makes sessions.  Zeros: none yet. */
struct tls_mailbox {
	_Atomic(struct tls_credentials *) next; /* put, not yet taken; holds a reference */
	struct tls_credentials *current;        /* the taker's only; holds a reference */
};
/* Any thread: c replaces what was put before.  A reference is added. */
void tls_mailbox_put(struct tls_mailbox *box, struct tls_credentials *c);
/* Taker only: the newest; NULL: none.  Borrowed until the next call. */
struct tls_credentials *tls_mailbox_current(struct tls_mailbox *box);
/* When nobody uses the box any more. */
void tls_mailbox_done(struct tls_mailbox *box);

/* A session on fd (borrowed), whose handshake has not begun.  head: octets (at most TLS_HEAD_MAX) that were read
 * from fd already.  Takes a reference on c.  NULL: no memory. */
struct tls_session *tls_session_new(struct tls_credentials *c, int fd, const uint8_t *head, size_t head_len);
/* Says goodbye (close_notify, RFC 8446 section 6.1) if it is told to, as far as the socket takes it at once.
 * The socket stays open. */
void tls_session_free(struct tls_session *s, bool says_goodbye);

/* The next step of the handshake.  OK: it is done; ERR_AGAIN: when the socket can be read, or written if
 * tls_wants_write; ERR_CLOSED: the client gave up; ERR_MALFORMED: no TLS, or nothing that we speak, which the client
 * was told by an alert. */
MUST_CHECK enum err tls_handshake(struct tls_session *s);
bool tls_wants_write(const struct tls_session *s);
/* After the handshake: went it by a ticket of an earlier session? */
bool tls_is_resumed(const struct tls_session *s);
/* After the handshake: of the certificate that the client has proven to be its own; NULL: it has shown none. */
const struct pin *tls_client_pin(const struct tls_session *s);

/* As recv(2) and send(2) on a non-blocking socket: octets, 0 when the client sends no more (close_notify, or the
 * end of the connection), -1 with errno EAGAIN, or with another one when the session is dead.  What tls_send did not
 * take is to be sent again, the same octets first. */
ssize_t tls_recv(struct tls_session *s, void *buf, size_t cap);
ssize_t tls_send(struct tls_session *s, const void *data, size_t len);
/* tls_recv has something to say for which the socket will not become readable. */
bool tls_has_input(const struct tls_session *s);
/* close_notify: we send no more.  Once is enough, more do nothing. */
void tls_goodbye(struct tls_session *s);

#endif

/* What stands before the first request of a connection.  Used by tcp_server.c only. */
#ifndef UNDERSTUDY_NET_TCP_OPEN_H
#define UNDERSTUDY_NET_TCP_OPEN_H

#include "base/err.h"
#include "net/tcp_conn.h"

/* The next step of the TLS handshake.  credentials: for a session that is not made yet; NULL: there are none.
 * OK: requests may come; ERR_AGAIN: at the next event (tcp_conn_events); else close the connection.  Counts what
 * became of the handshake. */
MUST_CHECK enum err tcp_open_tls(struct tcp_conn *c, struct tls_credentials *credentials);

#endif

/* What stands before the first request of a connection.  Used by tcp_server.c only. */
#ifndef UNDERSTUDY_NET_TCP_OPEN_H
#define UNDERSTUDY_NET_TCP_OPEN_H

#include "base/err.h"
#include "net/tcp_conn.h"

/* In stage TCP_STAGE_PROXY, of a proxy's connection: read its header, and no octet of what follows.
 * OK: out_source is whom it speaks for (AF_UNSPEC: itself), the next stage has begun; ERR_NOTFOUND: there is no
 * header, the next stage has begun; ERR_AGAIN: more must come; else close the connection.  Counts headers. */
MUST_CHECK enum err tcp_open_proxy(struct tcp_conn *c, struct addr *out_source);

/* In stage TCP_STAGE_TLS: the next step of the handshake.  credentials: for a session that is not made yet; NULL:
 * there are none.
 * OK: requests may come; ERR_AGAIN: at the next event (tcp_conn_events); else close the connection.  Counts
 * handshakes that are done. */
MUST_CHECK enum err tcp_open_tls(struct tcp_conn *c, struct tls_credentials *credentials);

#endif

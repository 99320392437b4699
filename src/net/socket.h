/* Listening sockets of the query workers.  Every worker has its own socket for every address (SO_REUSEPORT), so
 * that the kernel spreads the load and no worker waits for another.
 * Thread: any; nothing is shared. */
#ifndef UNDERSTUDY_NET_SOCKET_H
#define UNDERSTUDY_NET_SOCKET_H

#include "base/addr.h"
#include "base/err.h"

#define SOCKET_ERROR_MAX 192 /* text of a failure, NUL included */
#define SOCKET_BACKLOG 511   /* connections that may wait for accept */

/* Sentence for an operator, filled on failure only: what was tried, the address, the system's error. */
struct socket_error {
	char text[SOCKET_ERROR_MAX];
	int system_errno;
};

/* Open a UDP socket bound to a.  Non-blocking, close-on-exec, IPv6 only where the family is IPv6.  On a wildcard
 * address the socket tells where each packet was sent to (IP_PKTINFO), so that the answer leaves from there (RFC
 * 2181 section 4.1).  Path MTU news is ignored and answers may be fragmented by routers on the way, not stuck
 * (RFC 9715 leaves this to the size limit of EDNS, 1232).
 * ERR_IO: out_error tells why.  The caller owns the descriptor. */
MUST_CHECK enum err socket_udp_listen(const struct addr *a, int *out_fd, struct socket_error *out_error);

/* Open a listening TCP socket bound to a; accepted connections inherit TCP_NODELAY and a bound on unsent bytes
 * in the kernel.  ERR_IO: out_error tells why.  The caller owns the descriptor. */
MUST_CHECK enum err socket_tcp_listen(const struct addr *a, int *out_fd, struct socket_error *out_error);

/* Is a free for UDP and TCP?  Because of SO_REUSEPORT a second server of the same user would open the same
 * addresses without an error and take half of the questions: ask this once before the first socket is opened.
 * ERR_IO: it is in use (or can't be bound at all); out_error tells. */
MUST_CHECK enum err socket_address_free(const struct addr *a, struct socket_error *out_error);
/* The same for TCP alone. */
MUST_CHECK enum err socket_tcp_address_free(const struct addr *a, struct socket_error *out_error);

/* The address fd is bound to (with the port the kernel chose for port 0).  ERR_IO. */
MUST_CHECK enum err socket_local_addr(int fd, struct addr *out_addr);

#endif

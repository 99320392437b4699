/* Internet addresses, address prefixes and their text forms.  Plain values; no ownership. */
#ifndef UNDERSTUDY_BASE_ADDR_H
#define UNDERSTUDY_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"

#define ADDR_TEXT_MAX 64 /* longest text with port, NUL included */

/* family AF_INET or AF_INET6; AF_UNSPEC is "none".  port in host order, 0: not given. */
struct addr {
	sa_family_t family;
	uint16_t port;
	uint8_t ip[16]; /* network order; AF_INET uses the first 4 */
};

struct addr_prefix {
	struct addr addr; /* port unused; bits after len are 0 */
	uint8_t len;      /* prefix length in bits */
};

/* "192.0.2.1", "192.0.2.1@5300", "2001:db8::1@53".  No port in the text: default_port.
 * ERR_MALFORMED: not an address. */
MUST_CHECK enum err addr_parse(const char *text, uint16_t default_port, struct addr *out_addr);

/* "192.0.2.0/24", "2001:db8::/32", or a bare address (full length).  ERR_MALFORMED: not a prefix, or bits set
 * beyond its length. */
MUST_CHECK enum err addr_prefix_parse(const char *text, struct addr_prefix *out_prefix);

/* Text form; "192.0.2.1@53", without "@port" when port is 0.  Returns buf. */
const char *addr_text(const struct addr *a, char buf[static ADDR_TEXT_MAX]);
const char *addr_prefix_text(const struct addr_prefix *p, char buf[static ADDR_TEXT_MAX]);

/* Same family and address bytes; ports are not looked at. */
bool addr_same_ip(const struct addr *a, const struct addr *b);
bool addr_equal(const struct addr *a, const struct addr *b);
bool addr_in_prefix(const struct addr *a, const struct addr_prefix *p);

/* IPv4-mapped IPv6 addresses come out as AF_INET. */
struct addr addr_from_sockaddr(const struct sockaddr *sa);
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out_sa);

#endif

/* Headers of the PROXY protocol as a proxy makes them. */
#ifndef UNDERSTUDY_TESTS_PROXY_MAKE_H
#define UNDERSTUDY_TESTS_PROXY_MAKE_H

#include <arpa/inet.h>
#include <string.h>

#include "base/bytes.h"
#include "net/proxy.h"

/* From the source to a proxy's address; transport 1 is stream, 2 datagram; `extra` octets of additions.  Result: its
 * length. */
static inline size_t proxy_make(uint8_t *data, const char *source, uint16_t port, unsigned transport,
                                size_t extra) {
	size_t ip_len = strchr(source, ':') ? 16 : 4, len = 2 * ip_len + 4 + extra;
	memcpy(data, "\r\n\r\n\0\r\nQUIT\n", 12);
	data[12] = 0x21;
	data[13] = (uint8_t)((ip_len == 4 ? 0x10 : 0x20) | transport);
	store_u16(data + 14, (uint16_t)len);
	memset(data + 16, 0xfe, len);
	(void)inet_pton(ip_len == 4 ? AF_INET : AF_INET6, source, data + 16); /* tests give addresses */
	store_u16(data + 16 + 2 * ip_len, port);
	return 16 + len;
}

#endif

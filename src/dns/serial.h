/* Serial number arithmetic, RFC 1982. */
#ifndef UNDERSTUDY_DNS_SERIAL_H
#define UNDERSTUDY_DNS_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

/* a is newer than b (RFC 1982 section 3.2).  Exactly half the space apart is undefined there: not newer. */
static inline bool serial_newer(uint32_t a, uint32_t b) {
	uint32_t distance = a - b;
	return distance != 0 && distance < 0x80000000U;
}

#endif

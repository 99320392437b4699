/* A version from records that a script has written, in hexadecimal. */
#ifndef TESTS_UNIT_ZONE_VECTOR_ZONE_H
#define TESTS_UNIT_ZONE_VECTOR_ZONE_H

#include "zone_make.h"

static inline size_t from_hex(const char *text, uint8_t *out) {
	size_t len = strlen(text) / 2;
	for (size_t i = 0; i < len; i++) {
		unsigned octet;
		sscanf(text + 2 * i, "%2x", &octet);
		out[i] = (uint8_t)octet;
	}
	return len;
}

static inline void vector_add(struct builder *b, const char *owner, uint16_t type, uint32_t ttl_s,
                              const uint8_t *rdata, size_t len) {
	uint8_t name[NAME_MAX_LEN];
	struct why why;
	(void)from_hex(owner, name);
	enum err e = builder_add(b, name, type, ttl_s, rdata, (uint16_t)len, &why);
	if (e != OK) fprintf(stderr, "vector: %s\n", why.evidence);
	assert(e == OK);
}

#endif

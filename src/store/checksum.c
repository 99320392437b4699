#include "store/checksum.h"

#include <stdbool.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/alloc.h"
#include "zone/image.h"

struct checksum {
	XXH3_state_t *state;
	bool started; /* the header has passed */
};

uint64_t checksum_of(const void *data, size_t len, const void *key, size_t key_len) {
	return XXH3_64bits_withSeed(data, len, XXH3_64bits(key, key_len));
}

struct checksum *checksum_new(void) {
	struct checksum *c = xmalloc(sizeof(*c));
	c->state = XXH3_createState();
	if (!c->state) abort(); /* as xmalloc does */
	checksum_reset(c);
	return c;
}

void checksum_reset(struct checksum *c) {
	(void)XXH3_64bits_reset(c->state); /* fails on NULL only */
	c->started = false;
}

static void add(struct checksum *c, const void *data, size_t len) {
	(void)XXH3_64bits_update(c->state, data, len); /* fails on NULL only */
}

void checksum_add(struct checksum *c, const uint8_t *data, size_t len) {
	if (!c->started) {
		static const uint8_t zero[sizeof(uint64_t)];
		size_t at = offsetof(struct image_header, checksum);
		add(c, data, at);
		add(c, zero, sizeof(zero));
		data += at + sizeof(zero);
		len -= at + sizeof(zero);
		c->started = true;
	}
	add(c, data, len);
}

uint64_t checksum_get(const struct checksum *c) {
	return XXH3_64bits_digest(c->state);
}

void checksum_free(struct checksum *c) {
	if (!c) return;
	(void)XXH3_freeState(c->state); /* always XXH_OK */
	free(c);
}

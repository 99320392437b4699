/* A set of byte strings, each with a number: names of keys, primaries, templates and zones while they are read.
 * Open addressing; grows by itself.  Keys are borrowed and must outlive the set.  One thread. */
#ifndef UNDERSTUDY_INVENTORY_SYMBOLS_H
#define UNDERSTUDY_INVENTORY_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol {
	const void *key; /* NULL: the slot is free */
	uint32_t len;
	uint32_t value;
};
struct symbols {
	struct symbol *slots;
	size_t capacity, count;
};

/* FNV-1a, to be continued over several pieces. */
#define SYMBOLS_HASH_START 0xcbf29ce484222325ULL
static inline uint64_t symbols_hash(uint64_t h, const void *data, size_t len) {
	const uint8_t *p = data;
	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h ^ (h >> 29);
}

/* false: not there; out_value may be NULL. */
bool symbols_find(const struct symbols *s, const void *key, size_t len, uint32_t *out_value);
/* false: the key is there already (with *out_value, which may be NULL); nothing changes. */
bool symbols_add(struct symbols *s, const void *key, size_t len, uint32_t value, uint32_t *out_value);
/* Room for so many in all, so that it does not grow meanwhile. */
void symbols_reserve(struct symbols *s, size_t count);
void symbols_done(struct symbols *s);

#endif

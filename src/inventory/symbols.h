/* A set of byte strings, each with a number: names of keys, primaries, templates and zones while they are read.
 * Open addressing; grows by itself.  Keys are borrowed and must outlive the set.  Their hashes begin with a random number
 * of the set's own: who may choose names can't choose such that collide.  One thread. */
#ifndef UNDERSTUDY_INVENTORY_SYMBOLS_H
#define UNDERSTUDY_INVENTORY_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone/digest.h"

struct symbol {
	const void *key; /* NULL: the slot is free */
	uint32_t len;
	uint32_t value;
};
struct symbols {
	struct symbol *slots;
	size_t capacity, count;
	uint64_t seed; /* drawn with the first slots */
};

/* For a table of others: a start that nobody can know, and the hash that begins with it or goes on from another. */
uint64_t symbols_seed(void);
static inline uint64_t symbols_hash(uint64_t h, const void *data, size_t len) {
	return digest_bytes(data, len, h);
}

/* false: not there; out_value may be NULL. */
bool symbols_find(const struct symbols *s, const void *key, size_t len, uint32_t *out_value);
/* false: the key is there already (with *out_value, which may be NULL); nothing changes. */
bool symbols_add(struct symbols *s, const void *key, size_t len, uint32_t value, uint32_t *out_value);
/* Room for so many in all, so that it does not grow meanwhile. */
void symbols_reserve(struct symbols *s, size_t count);
void symbols_done(struct symbols *s);

#endif

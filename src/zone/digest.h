/* The hash of names in images and of the zone table, and the checksum of images: XXH3-64.
 * Name hash: from the right, hash(label … root) = XXH3(lower-case label with its length octet, seed = hash of the
 * rest); the hash of nothing is the table's seed.  So a walk from the apex down hashes every octet once. */
#ifndef UNDERSTUDY_ZONE_DIGEST_H
#define UNDERSTUDY_ZONE_DIGEST_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stddef.h>
#include <stdint.h>

/* label: length octet and octets, lower case. */
static inline uint64_t digest_label(uint64_t rest, const uint8_t *label) {
	return XXH3_64bits_withSeed(label, (size_t)label[0] + 1, rest);
}

static inline uint64_t digest_bytes(const void *data, size_t len, uint64_t seed) {
	return XXH3_64bits_withSeed(data, len, seed);
}

#endif

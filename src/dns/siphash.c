#include "dns/siphash.h"

#include <endian.h>
#include <string.h>

struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t load_le64(const uint8_t *p) {
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static uint64_t rotate(uint64_t v, unsigned bits) {
	return (v << bits) | (v >> (64 - bits));
}

static inline void rounds(struct sip *s, unsigned count) {
	for (unsigned i = 0; i < count; i++) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotate(s->v1, 13) ^ s->v0;
		s->v3 = rotate(s->v3, 16) ^ s->v2;
		s->v0 = rotate(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotate(s->v1, 17) ^ s->v2;
		s->v3 = rotate(s->v3, 21) ^ s->v0;
		s->v2 = rotate(s->v2, 32);
	}
}

static inline void take_word(struct sip *s, uint64_t word) {
	s->v3 ^= word;
	rounds(s, 2);
	s->v0 ^= word;
}

/* What is left over below eight octets, with the length in the highest one. */
static uint64_t last_word(const uint8_t *data, size_t len) {
	uint64_t word = (uint64_t)len << 56;
	const uint8_t *rest = data + (len & ~(size_t)7);
	for (unsigned i = 0; i < (len & 7); i++)
		word |= (uint64_t)rest[i] << (8 * i);
	return word;
}

void siphash24(const uint8_t key[static SIPHASH_KEY_LEN], const uint8_t *data, size_t len,
               uint8_t out[static SIPHASH_LEN]) {
	uint64_t k0 = load_le64(key), k1 = load_le64(key + 8);
	struct sip s = { k0 ^ 0x736f6d6570736575U, k1 ^ 0x646f72616e646f6dU, k0 ^ 0x6c7967656e657261U,
		         k1 ^ 0x7465646279746573U };
	for (size_t i = 0; i + 8 <= len; i += 8)
		take_word(&s, load_le64(data + i));
	take_word(&s, last_word(data, len));
	s.v2 ^= 0xff;
	rounds(&s, 4);
	uint64_t hash = htole64(s.v0 ^ s.v1 ^ s.v2 ^ s.v3);
	memcpy(out, &hash, sizeof(hash));
}

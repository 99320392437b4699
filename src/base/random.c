/* Secure draws come from the kernel, RANDOM_DRAWS at a time, kept in state; `left` says how many are unused.  Seeded
 * draws are xoshiro256** (Blackman and Vigna), which fills the state from the seed by splitmix64. */
#include "base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void refill(struct random *r) {
	uint8_t *to = (uint8_t *)r->state;
	size_t got = 0;
	while (got < sizeof(r->state)) {
		ssize_t n = getrandom(to + got, sizeof(r->state) - got, 0);
		if (n < 0 && errno != EINTR) abort(); /* no randomness: predictable IDs are worse */
		if (n > 0) got += (size_t)n;
	}
	r->left = RANDOM_DRAWS;
}

struct random random_secure(void) {
	struct random r = { .secure = 1 };
	refill(&r);
	return r;
}

struct random random_seeded(uint64_t seed) {
	struct random r = { .secure = 0 };
	for (unsigned i = 0; i < 4; i++) {
		uint64_t z = (seed += 0x9e3779b97f4a7c15U);
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
		r.state[i] = z ^ (z >> 31);
	}
	return r;
}

static uint64_t rotate(uint64_t x, unsigned k) {
	return (x << k) | (x >> (64 - k));
}

static uint64_t next_seeded(uint64_t s[4]) {
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

uint64_t random_u64(struct random *r) {
	if (!r->secure) return next_seeded(r->state);
	if (r->left == 0) refill(r);
	uint64_t v = r->state[--r->left];
	r->state[r->left] = 0; /* what was given out is not kept */
	return v;
}

uint64_t random_seed(void) {
	static _Thread_local struct random own = { .secure = 1 };
	return random_u64(&own);
}

uint32_t random_below(struct random *r, uint32_t bound) {
	/* Draws from the incomplete last stretch of the range are thrown away, so no value is favoured. */
	uint64_t fair_end = UINT64_MAX - UINT64_MAX % bound;
	uint64_t v;
	do {
		v = random_u64(r);
	} while (v >= fair_end);
	return (uint32_t)(v % bound);
}

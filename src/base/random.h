/* Random numbers, given as a value so that tests and the simulation can seed them.
 * random_secure: unpredictable (message IDs, ports, jitter of the running daemon); random_seeded:
 * deterministic sequence. */
#ifndef UNDERSTUDY_BASE_RANDOM_H
#define UNDERSTUDY_BASE_RANDOM_H

#include <stdint.h>

/* Of a secure generator from one call to the kernel, which gives 256 octets at once. */
#define RANDOM_DRAWS 32

struct random {
	uint64_t state[RANDOM_DRAWS]; /* a seeded one uses four */
	uint32_t left;                /* draws until a secure generator reseeds; 0 with seeded ones: never */
	uint32_t secure;
};

struct random random_secure(void);
struct random random_seeded(uint64_t seed);
uint64_t random_u64(struct random *r);
/* Unpredictable, for a table's hash: from draws that the thread keeps, so that it mostly costs no call to the kernel.  Nothing
 * that others see may come from it. */
uint64_t random_seed(void);
/* Uniform in 0 … bound-1; bound > 0. */
uint32_t random_below(struct random *r, uint32_t bound);

#endif

/* Random numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"

static void one_seed_gives_one_sequence(void **state) {
	(void)state;
	struct random a = random_seeded(42), b = random_seeded(42), c = random_seeded(43);
	unsigned same = 0;
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t v = random_u64(&a);
		assert_true(v == random_u64(&b));
		same += v == random_u64(&c);
	}
	assert_int_equal(same, 0);
}

static void secure_draws_do_not_repeat(void **state) {
	(void)state;
	struct random a = random_secure(), b = random_secure();
	uint64_t seen[64];
	for (unsigned i = 0; i < 64; i++) {
		seen[i] = random_u64(i % 2 ? &a : &b);
		for (unsigned j = 0; j < i; j++)
			assert_true(seen[i] != seen[j]);
	}
}

static void seeds_do_not_repeat(void **state) {
	(void)state;
	uint64_t seen[3 * RANDOM_DRAWS];
	for (unsigned i = 0; i < 3 * RANDOM_DRAWS; i++) {
		seen[i] = random_seed();
		for (unsigned j = 0; j < i; j++)
			assert_true(seen[i] != seen[j]);
	}
}

static void draws_stay_below_their_bound_and_reach_all_values(void **state) {
	(void)state;
	struct random r = random_seeded(1);
	unsigned count[7] = { 0 };
	for (unsigned i = 0; i < 7000; i++) {
		uint32_t v = random_below(&r, 7);
		assert_true(v < 7);
		count[v]++;
	}
	for (unsigned v = 0; v < 7; v++)
		assert_in_range(count[v], 850, 1150); /* 1000 awaited, deviation 29 */
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(random_below(&r, 1), 0);
	uint32_t highest = 0;
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t v = random_below(&r, UINT32_MAX);
		if (v > highest) highest = v;
	}
	assert_true(highest > 0xf0000000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_seed_gives_one_sequence),
		cmocka_unit_test(secure_draws_do_not_repeat),
		cmocka_unit_test(seeds_do_not_repeat),
		cmocka_unit_test(draws_stay_below_their_bound_and_reach_all_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

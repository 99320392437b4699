/* Arenas and their budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"

static void pieces_are_aligned_and_apart(void **state) {
	(void)state;
	struct arena a = arena_init(1 << 20);
	uint8_t *pieces[500];
	for (unsigned i = 0; i < 500; i++) {
		pieces[i] = arena_alloc(&a, i % 97 + 1);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % 8, 0);
		memset(pieces[i], (int)(i & 255), i % 97 + 1);
	}
	for (unsigned i = 0; i < 500; i++)
		for (unsigned j = 0; j < i % 97 + 1; j++)
			assert_int_equal(pieces[i][j], i & 255);
	arena_done(&a);
}

static void the_budget_is_a_bound(void **state) {
	(void)state;
	struct arena a = arena_init(1000);
	size_t got = 0;
	while (arena_alloc(&a, 96))
		got += 96;
	assert_int_equal(got, 960);
	assert_null(arena_alloc(&a, 41));
	assert_non_null(arena_alloc(&a, 40));
	assert_null(arena_alloc(&a, 1));
	assert_int_equal(a.used_bytes, 1000);
	arena_done(&a);
}

static void sizes_chosen_by_others_can_not_wrap_around(void **state) {
	(void)state;
	struct arena a = arena_init(SIZE_MAX);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 8));
	assert_null(arena_alloc(&a, SIZE_MAX / 2 + 1));
	arena_done(&a);
}

static void large_pieces_get_room_of_their_own(void **state) {
	(void)state;
	struct arena a = arena_init(64 << 20);
	char *big = arena_alloc(&a, 5 << 20), *small = arena_alloc(&a, 8);
	assert_non_null(big);
	assert_non_null(small);
	memset(big, 1, 5 << 20);
	memset(small, 2, 8);
	assert_int_equal(big[(5 << 20) - 1], 1);
	arena_done(&a);
}

static void short_memory_is_null_and_not_the_end(void **state) {
	(void)state;
	struct arena a = arena_init(1 << 20);
	fault_arm("alloc", 1);
	assert_null(arena_alloc(&a, 10));
	assert_non_null(arena_alloc(&a, 10));
	fault_arm(NULL, 0);
	arena_done(&a);
}

static void an_arena_can_be_used_again_after_its_end(void **state) {
	(void)state;
	struct arena a = arena_init(104);
	assert_non_null(arena_alloc(&a, 100));
	arena_done(&a);
	assert_int_equal(a.used_bytes, 0);
	assert_non_null(arena_alloc(&a, 100));
	arena_done(&a);
	arena_done(&a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_and_apart),
		cmocka_unit_test(the_budget_is_a_bound),
		cmocka_unit_test(sizes_chosen_by_others_can_not_wrap_around),
		cmocka_unit_test(large_pieces_get_room_of_their_own),
		cmocka_unit_test(short_memory_is_null_and_not_the_end),
		cmocka_unit_test(an_arena_can_be_used_again_after_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Objects in blocks: they keep what is written into them, whatever goes around them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/packed.h"

#define OBJECTS 3000

static size_t size_of(unsigned i) {
	return 1 + i % 300;
}

static void objects_begin_with_zeros_and_keep_what_is_written(void **state) {
	(void)state;
	static uint8_t *objects[OBJECTS];
	static uint32_t places[OBJECTS];
	struct packed p = { 0 };
	for (unsigned i = 0; i < OBJECTS; i++) {
		objects[i] = packed_take(&p, size_of(i), &places[i]);
		assert_int_equal((uintptr_t)objects[i] % sizeof(void *), 0);
		for (size_t k = 0; k < size_of(i); k++)
			assert_int_equal(objects[i][k], 0);
		memset(objects[i], (int)(i % 251) + 1, size_of(i));
	}
	for (unsigned i = 0; i < OBJECTS; i++) {
		for (size_t k = 0; k < size_of(i); k++)
			assert_int_equal(objects[i][k], i % 251 + 1);
		packed_give(objects[i], size_of(i), places[i]);
	}
	packed_done(&p);
}

static void what_is_freed_is_zero_again_when_it_is_taken_anew(void **state) {
	(void)state;
	struct packed p = { 0 };
	uint32_t place;
	for (unsigned i = 0; i < OBJECTS; i++) {
		uint8_t *object = packed_take(&p, 100, &place);
		for (size_t k = 0; k < 100; k++)
			assert_int_equal(object[k], 0);
		memset(object, 0xff, 100);
		packed_give(object, 100, place);
	}
	packed_done(&p);
}

static void objects_outlive_their_owner(void **state) {
	(void)state;
	struct packed p = { 0 };
	uint32_t place;
	uint64_t *object = packed_take(&p, sizeof(*object), &place);
	*object = 7;
	packed_done(&p);
	assert_int_equal(*object, 7);
	packed_give(object, sizeof(*object), place); /* memory checkers see a block that stays */
}

/* Each round leaves one of its objects, which would hold a block for ever. */
static void one_that_stays_of_many_does_not_hold_a_block_each(void **state) {
	(void)state;
	enum { ROUNDS = 300, ROUND = 1000, SIZE = 104, BLOCK = 65536 };
	static uint8_t *kept[ROUNDS], *gone[ROUND];
	static uint32_t kept_places[ROUNDS], gone_places[ROUND];
	struct packed p = { 0 };
	for (unsigned i = 0; i < ROUNDS; i++) {
		for (unsigned k = 1; k < ROUND; k++)
			gone[k] = packed_take(&p, SIZE, &gone_places[k]);
		kept[i] = packed_take(&p, SIZE, &kept_places[i]);
		memset(kept[i], (int)(i % 251) + 1, SIZE);
		for (unsigned k = 1; k < ROUND; k++)
			packed_give(gone[k], SIZE, gone_places[k]);
	}
	assert_true(packed_held(&p) <= 2 * (ROUNDS + ROUND) * SIZE + 2 * BLOCK);
	for (unsigned i = 0; i < ROUNDS; i++) {
		for (unsigned k = 0; k < SIZE; k++)
			assert_int_equal(kept[i][k], i % 251 + 1);
		packed_give(kept[i], SIZE, kept_places[i]);
	}
	assert_true(packed_held(&p) <= BLOCK); /* the one that is being filled */
	packed_done(&p);
}

static void blocks_are_begun_again_once_they_are_in_use(void **state) {
	(void)state;
	enum { COUNT = 4000, SIZE = 104 };
	static uint8_t *objects[COUNT];
	static uint32_t places[COUNT];
	struct packed p = { 0 };
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < COUNT; i++)
			objects[i] = packed_take(&p, SIZE, &places[i]);
		assert_true(packed_held(&p) >= COUNT * SIZE);
		for (unsigned i = 0; i < COUNT; i++)
			packed_give(objects[i], SIZE, places[i]);
	}
	packed_done(&p);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_begin_with_zeros_and_keep_what_is_written),
		cmocka_unit_test(what_is_freed_is_zero_again_when_it_is_taken_anew),
		cmocka_unit_test(objects_outlive_their_owner),
		cmocka_unit_test(one_that_stays_of_many_does_not_hold_a_block_each),
		cmocka_unit_test(blocks_are_begun_again_once_they_are_in_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

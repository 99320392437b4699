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

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_begin_with_zeros_and_keep_what_is_written),
		cmocka_unit_test(what_is_freed_is_zero_again_when_it_is_taken_anew),
		cmocka_unit_test(objects_outlive_their_owner),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

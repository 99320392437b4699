/* Serial number arithmetic, RFC 1982. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "dns/serial.h"

static void the_next_serials_are_newer(void **state) {
	(void)state;
	assert_true(serial_newer(1, 0));
	assert_true(serial_newer(2026112202, 2026112201));
	assert_false(serial_newer(2026112201, 2026112202));
	assert_true(serial_newer(0x7fffffff, 0));
}

static void serials_go_round(void **state) {
	(void)state;
	assert_true(serial_newer(0, 0xffffffff));
	assert_true(serial_newer(44, 0xffffffff));
	assert_false(serial_newer(0xffffffff, 0));
	assert_true(serial_newer(0x80000001, 2));
}

/* RFC 1982 section 3.2 leaves these undefined; RFC 1995 wants no transfer for what is not newer. */
static void half_the_space_apart_neither_is_newer(void **state) {
	(void)state;
	assert_false(serial_newer(0x80000000, 0));
	assert_false(serial_newer(0, 0x80000000));
	assert_false(serial_newer(0x80000007, 7));
}

static void of_two_serials_at_most_one_is_newer(void **state) {
	(void)state;
	struct random r = random_seeded(1982);
	for (unsigned i = 0; i < 100000; i++) {
		uint32_t a = (uint32_t)random_u64(&r), step = random_below(&r, 0x7fffffff) + 1;
		assert_true(serial_newer(a + step, a));
		assert_false(serial_newer(a, a + step));
		assert_false(serial_newer(a, a));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_serials_are_newer),
		cmocka_unit_test(serials_go_round),
		cmocka_unit_test(half_the_space_apart_neither_is_newer),
		cmocka_unit_test(of_two_serials_at_most_one_is_newer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

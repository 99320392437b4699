/* Blocks that grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/fault.h"
#include "base/growing.h"

#define MIB ((size_t)1 << 20)

static void fill(const struct growing *g, size_t from, size_t to) {
	for (size_t i = from; i < to; i += 997)
		((uint8_t *)g->at)[i] = (uint8_t)(i / 997);
}

static void assert_filled(const struct growing *g, size_t to) {
	for (size_t i = 0; i < to; i += 997)
		assert_int_equal(((uint8_t *)g->at)[i], (uint8_t)(i / 997));
}

static void octets_stay_while_it_grows(void **state) {
	(void)state;
	struct growing g = { 0 };
	size_t used = 0;
	for (size_t wanted = 997; wanted < 100 * MIB; wanted = wanted / 997 * 3 / 2 * 997 + 997) {
		assert_int_equal(growing_room(&g, used, wanted), OK);
		assert_true(g.cap >= wanted);
		assert_int_equal(g.is_pages, wanted >= GROWING_PAGES_FROM);
		assert_filled(&g, used);
		fill(&g, used, wanted);
		used = wanted;
	}
	growing_fit(&g, used);
	assert_int_equal(g.cap, used);
	assert_filled(&g, used);
	growing_free(&g);
	assert_null(g.at);
}

static void what_is_fitted_can_be_given_back_by_size(void **state) {
	(void)state;
	for (size_t size = 5000; size < 8 * MIB; size *= 40) {
		struct growing g = { 0 };
		assert_int_equal(growing_room(&g, 0, 2 * size), OK);
		fill(&g, 0, size);
		growing_fit(&g, size);
		assert_filled(&g, size);
		growing_release(g.at, size, g.is_pages);
	}
}

static void zeroed_is_zero(void **state) {
	(void)state;
	for (size_t size = 100; size < 20 * MIB; size *= 20) {
		struct growing g = { 0 };
		assert_int_equal(growing_zeroed(&g, size), OK);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(((uint8_t *)g.at)[i], 0);
		growing_free(&g);
	}
}

static void failure_leaves_it_as_it_was(void **state) {
	(void)state;
	struct growing g = { 0 };
	assert_int_equal(growing_room(&g, 0, 997), OK);
	fill(&g, 0, 997);
	fault_arm("alloc", 1);
	assert_int_equal(growing_room(&g, 997, 4 * MIB), ERR_NOMEM);
	fault_arm(NULL, 0);
	assert_filled(&g, 997);
	assert_int_equal(growing_room(&g, 997, 4 * MIB), OK);
	assert_int_equal(growing_room(&g, 997, SIZE_MAX / 2), ERR_NOMEM);
	assert_filled(&g, 997);
	growing_free(&g);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(octets_stay_while_it_grows),
		cmocka_unit_test(what_is_fitted_can_be_given_back_by_size),
		cmocka_unit_test(zeroed_is_zero),
		cmocka_unit_test(failure_leaves_it_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

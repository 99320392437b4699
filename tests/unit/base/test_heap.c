/* What the heap grows by is there before it is touched. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/heap.h"

#define PIECES 4000
#define PIECE 1000

/* Whether a page at the end of the heap was had; -1: there is no such page. */
static int last_page_is_there(void) {
	unsigned char there = 0;
	long size = sysconf(_SC_PAGESIZE);
	uint8_t *last = (uint8_t *)sbrk(0) - size;
	return mincore(last, (size_t)size, &there) == 0 ? there & 1 : -1;
}

static void what_the_heap_grew_by_is_there(void **state) {
	(void)state;
	static void *pieces[PIECES];
	struct heap h = { 0 };
	heap_fill(&h);
	uintptr_t before = h.end;
	for (unsigned i = 0; i < PIECES; i++)
		pieces[i] = malloc(PIECE);
	bool grew = (uintptr_t)sbrk(0) >= before + PIECES * PIECE / 2;
	if (!grew) skip(); /* a build that watches memory has a heap of its own */
	assert_int_equal(last_page_is_there(), 0);
	heap_fill(&h);
	assert_int_equal(last_page_is_there(), 1);
	for (unsigned i = 0; i < PIECES; i++)
		free(pieces[i]);
	heap_rest();
	assert_true((uintptr_t)sbrk(0) < h.end);
	heap_fill(&h); /* it has shrunk: nothing to be had */
	assert_int_equal(h.end, (uintptr_t)sbrk(0));
}

int main(void) {
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_the_heap_grew_by_is_there) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

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

#define PAGES 8

/* Which of the pages from at on are in memory: a bit each. */
static unsigned pages_there(uint8_t *at, size_t page) {
	unsigned char there[PAGES];
	unsigned bits = 0;
	assert_int_equal(mincore(at, PAGES * page, there), 0);
	for (unsigned i = 0; i < PAGES; i++)
		bits |= (there[i] & 1U) << i;
	return bits;
}

/* Whole pages of the range alone: what lies beside it may be of no use to anybody. */
static void pages_of_a_range_are_had(void **state) {
	(void)state;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *at = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(at != MAP_FAILED);
	(void)madvise(at, PAGES * page, MADV_NOHUGEPAGE); /* one fault would bring them all */
	heap_have(at + 1, page - 2);
	heap_have(at, page - 1);
	assert_int_equal(pages_there(at, page), 0);
	heap_have(at + page + 1, 4 * page);
	assert_int_equal(pages_there(at, page), 0x1c);
	heap_have(at, page);
	assert_int_equal(pages_there(at, page), 0x1d);
	munmap(at, PAGES * page);
}

int main(void) {
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_the_heap_grew_by_is_there),
		                            cmocka_unit_test(pages_of_a_range_are_had) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/growing.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"

#define HUGE_PAGE ((size_t)2 << 20)
#define FIRST_PAGES ((size_t)16 << 20) /* address space of a block that has just become the system's */

static size_t rounded(size_t size, size_t unit) {
	return (size + unit - 1) / unit * unit;
}

/* A range that begins where a huge page may; size: of whole huge pages.  NULL: there is none. */
static uint8_t *range_new(size_t size, int protection) {
	uint8_t *at = mmap(NULL, size + HUGE_PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	                   -1, 0);
	if (at == MAP_FAILED) return NULL;
	size_t front = rounded((uintptr_t)at, HUGE_PAGE) - (uintptr_t)at;
	/* Can fail only where one range would become two too many: then some address space stays behind. */
	if (front) (void)munmap(at, front);
	(void)munmap(at + front + size, HUGE_PAGE - front);
	return at + front;
}

static uint8_t *pages_new(size_t size) {
	uint8_t *at = range_new(size, PROT_READ | PROT_WRITE);
	if (at) (void)madvise(at, size, MADV_HUGEPAGE); /* for speed only: a kernel may have none */
	return at;
}

/* Page tables move, octets stay; what was asked of the range before holds for the new one. */
static uint8_t *pages_move(void *old, size_t old_size, size_t size) {
	uint8_t *at = range_new(size, PROT_NONE);
	if (!at) return NULL;
	void *moved = mremap(old, old_size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at);
	if (moved != MAP_FAILED) return moved;
	(void)munmap(at, size); /* a range of ours */
	return NULL;
}

static enum err become_pages(struct growing *g, size_t used, size_t wanted) {
	size_t cap = wanted < FIRST_PAGES ? FIRST_PAGES : rounded(wanted, HUGE_PAGE);
	void *at = pages_new(cap);
	if (!at) return ERR_NOMEM;
	if (used) memcpy(at, g->at, used);
	free(g->at);
	*g = (struct growing){ .at = at, .cap = cap, .is_pages = true };
	return OK;
}

static enum err grow_pages(struct growing *g, size_t wanted) {
	size_t cap = rounded(wanted > g->cap * 2 ? wanted : g->cap * 2, HUGE_PAGE);
	void *at = pages_move(g->at, g->cap, cap);
	if (!at) return ERR_NOMEM;
	g->at = at;
	g->cap = cap;
	return OK;
}

static enum err grow_small(struct growing *g, size_t wanted) {
	void *at = realloc(g->at, wanted);
	if (!at) return ERR_NOMEM;
	g->at = at;
	g->cap = wanted;
	return OK;
}

enum err growing_room(struct growing *g, size_t used, size_t wanted) {
	if (wanted <= g->cap) return OK;
	if (wanted > SIZE_MAX / 4 || fault_fires("alloc")) return ERR_NOMEM;
	if (g->is_pages) return grow_pages(g, wanted);
	return wanted < GROWING_PAGES_FROM ? grow_small(g, wanted) : become_pages(g, used, wanted);
}

enum err growing_zeroed(struct growing *g, size_t wanted) {
	enum err e = growing_room(g, 0, wanted);
	if (e == OK && !g->is_pages) memset(g->at, 0, wanted);
	return e;
}

void growing_fit(struct growing *g, size_t used) {
	if (g->is_pages) {
		size_t kept = rounded(used, (size_t)sysconf(_SC_PAGESIZE));
		if (kept < g->cap) (void)munmap((uint8_t *)g->at + kept, g->cap - kept); /* as in range_new */
	} else {
		void *fitted = realloc(g->at, used);
		if (fitted) g->at = fitted; /* shrinking may fail; the block is good as it is */
	}
	g->cap = used;
}

void growing_release(void *at, size_t size, bool is_pages) {
	if (is_pages)
		(void)munmap(at, size); /* a range of ours; the last page goes whole */
	else
		free(at);
}

void growing_free(struct growing *g) {
	if (g->at) growing_release(g->at, g->cap, g->is_pages);
	*g = (struct growing){ 0 };
}

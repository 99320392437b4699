#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fault.h"

/* A small allocation failed: there is no sensible way on, and a core file shows where. */
static void *or_die(void *p) {
	if (p) return p;
	fputs("understudy: out of memory\n", stderr);
	abort();
}

void *xmalloc(size_t size) {
	return or_die(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size) {
	return or_die(count && size ? calloc(count, size) : calloc(1, 1));
}

void *xrealloc(void *p, size_t size) {
	return or_die(realloc(p, size ? size : 1));
}

char *xstrdup(const char *s) {
	return or_die(strdup(s));
}

void *xmemdup(const void *p, size_t size) {
	void *copy = xmalloc(size);
	if (size) memcpy(copy, p, size);
	return copy;
}

void *xpages(size_t size) {
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return or_die(p == MAP_FAILED ? NULL : p);
}

void xpages_free(void *p, size_t size) {
	if (p) (void)munmap(p, size); /* it was mapped as it is */
}

void *try_malloc(size_t size) {
	return fault_fires("alloc") ? NULL : malloc(size ? size : 1);
}

void *try_realloc(void *p, size_t size) {
	return fault_fires("alloc") ? NULL : realloc(p, size ? size : 1);
}

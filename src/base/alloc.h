/* Small allocations, whose failure ends the process; sizes that a peer chooses go to arena.h or to the
 * functions named try_, which return NULL. */
#ifndef UNDERSTUDY_BASE_ALLOC_H
#define UNDERSTUDY_BASE_ALLOC_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
void *xmemdup(const void *p, size_t size) __attribute__((malloc, returns_nonnull));

/* Whole pages, zeroed and not touched yet, so that what is never used takes no memory: for large things, of which there are
 * few.  xpages_free takes the same size. */
void *xpages(size_t size) __attribute__((malloc, returns_nonnull));
void xpages_free(void *p, size_t size);

/* NULL when memory is short, or when fault point "alloc" fires. */
void *try_malloc(size_t size);
void *try_realloc(void *p, size_t size);

#endif

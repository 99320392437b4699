/* All that a store has, at once: what a start reads in turns. */
#ifndef UNDERSTUDY_TESTS_STORE_LOAD_ALL_H
#define UNDERSTUDY_TESTS_STORE_LOAD_ALL_H

#include "store/store.h"

static inline enum err load_all(struct store *s, store_each_fn *each, void *ctx) {
	struct store_cursor cursor = { 0 };
	enum err e = store_load_files(s, each, ctx);
	while (e == OK)
		e = store_load_some(s, &cursor, SIZE_MAX, NULL, each, ctx);
	return e == ERR_NOTFOUND ? OK : e;
}

#endif

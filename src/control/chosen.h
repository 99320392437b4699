/* Names of zones that are in some state, chosen on the loop, where states are known, in slices that hold it up for a
 * millisecond or two; of all that fit the first ones in the order of pages.  For src/control only.
 * Cost: a look at each zone of the server for a page; memory: that of the names kept.  A zone that moves within the
 * list while it is looked through may be missed.  Thread: the loop's. */
#ifndef UNDERSTUDY_CONTROL_CHOSEN_H
#define UNDERSTUDY_CONTROL_CHOSEN_H

#include "control/request.h"

#define CHOSEN_SLICE 8192 /* zones looked at before others have their turn */

struct chosen {
	int64_t account; /* 0: of all */
	/* NULL: any.  Borrowed from the request. */
	const char *state, *health, *reason, *text, *after;
	size_t limit; /* names to keep */
	/* What was found; a heap, the last in order first, until chosen_sort. */
	char **names;
	size_t count;
	uint64_t total; /* that fit, kept or not */
	size_t cursor;
};

/* The filters are filled, and limit is at least 1. */
void chosen_begin(struct chosen *c);
/* false: there are zones left to look at. */
bool chosen_slice(struct chosen *c, const struct control_backend *backend);
/* One name more, if it comes behind `after` and among the first. */
void chosen_offer(struct chosen *c, const char *name);
void chosen_sort(struct chosen *c);
void chosen_free(struct chosen *c);

#endif

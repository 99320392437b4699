/* Names of zones that are in some state, chosen on the loop, where states are known, or that have a text in them, chosen
 * on the desk; in slices that hold either up for a millisecond or two; of all that fit the first ones in the order of
 * pages.  For src/control only.
 * Cost: a look at each zone for a page; memory: that of the names kept.  A zone that moves within the list while it is
 * looked through may be missed.  Thread: the loop's, or the desk's, never both at a time. */
#ifndef UNDERSTUDY_CONTROL_CHOSEN_H
#define UNDERSTUDY_CONTROL_CHOSEN_H

#include "control/request.h"

/* Work before others have their turn: a look at a zone is 1, one whose name is needed CHOSEN_NAME more. */
#define CHOSEN_SLICE 65536
#define CHOSEN_NAME 7

/* A word that is looked for.  Words of zones are constants, so what was found of one is remembered by its place. */
struct chosen_word {
	const char *wanted; /* NULL: any.  Borrowed from the request. */
	const char *last;
	bool fits;
};

struct chosen {
	int64_t account; /* 0: of all */
	struct chosen_word state, health, reason;
	bool has_text;
	char text[NAME_TEXT_MAX], after[NAME_TEXT_MAX]; /* in lower case */
	size_t limit;                                   /* names to keep */
	/* What was found; a heap, the last in order first, until chosen_sort. */
	char **names;
	size_t count;
	uint64_t total; /* that fit, kept or not */
	size_t cursor;
	char looked[NAME_TEXT_MAX]; /* of the database: up to this name */
};

/* The filters are filled, and limit is at least 1. */
void chosen_begin(struct chosen *c);
/* Copy text or (NULL: empty) nothing into one of the fields above, in lower case, as names are kept. */
void chosen_lower(const char *text, char out_text[static NAME_TEXT_MAX]);
/* false: there are zones left to look at. */
bool chosen_slice(struct chosen *c, const struct control_backend *backend);
/* Has it the text?  Then it is counted and offered. */
void chosen_look(struct chosen *c, const char *name);
/* One name more, if it comes behind `after` and among the first. */
void chosen_offer(struct chosen *c, const char *name);
void chosen_sort(struct chosen *c);
void chosen_free(struct chosen *c);

#endif

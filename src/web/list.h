/* Lists that may be long: a page when the caller says limit, with the way to the next one in the header Link (RFC
 * 8288); else all of it, sent slice by slice as the daemon gives it, so that neither side ever holds the whole.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_WEB_LIST_H
#define UNDERSTUDY_WEB_LIST_H

#include "web/exchange.h"

#define LIST_LIMIT_MAX 1000
#define LIST_SLICE 200

struct list {
	const char *rows;   /* name of the list in the daemon's result, unless the result is one */
	const char *cursor; /* the daemon's field for "after this one" */
	bool cursor_number; /* it is a number */
	json_t *(*row)(struct exchange *x, json_t *row);     /* as the API has it; NULL: json_camel */
	void (*filter)(struct exchange *x, json_t *request); /* NULL: none */
	const char *begin, *end;                             /* around the rows: "[", "]" */
};

/* Answer with what the route's request gives.  begin: instead of list->begin, taken; NULL: that. */
void list_answer(struct exchange *x, const struct list *list, char *begin);

/* The rows of a result: itself, or its member.  Borrowed; NULL: none. */
json_t *list_rows(json_t *result, const char *name);

#endif

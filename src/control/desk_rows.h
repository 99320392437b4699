/* Changes and reads of rows beside zones: keys, API keys, accounts, names.  A change goes through inventory_change: one
 * transaction, a row of the audit.  For src/control only.  Thread: the desk's. */
#ifndef UNDERSTUDY_CONTROL_DESK_ROWS_H
#define UNDERSTUDY_CONTROL_DESK_ROWS_H

#include "control/desk_parts.h"
#include "inventory/tsig_keys.h"

struct row_change {
	struct request *r;
	/* Makes the change; fills after, before and owner as far as they are known. */
	enum err (*make)(const struct row_work *w, struct row_change *c);
	const char *action, *kind; /* of the audit: "add", "key" */
	const char *named;         /* member of before or after that names the object */
	bool opens; /* it changes what API keys of the owner open: what is remembered of them is forgotten */
	int64_t owner;          /* the account that it is of; preset, and corrected by make */
	json_t *before, *after; /* references, of desk_change's end */
	const char *once;       /* member of the reply, with secret, that is shown once; NULL: none */
	char secret[TSIG_SECRET_TEXT_MAX];
	const char *missing; /* what is said when there is no such row */
};
/* The reply: after, or {}. */
json_t *desk_change(struct row_change *c);
/* Whose a new row is: the account asked for or the caller's own. */
int64_t desk_owner(const struct request *r);

/* Rows as a list: all of them, at most DESK_ROWS_MAX; with the field limit so many behind the one with the id after. */
#define DESK_ROWS_MAX 10000
typedef enum err row_page_fn(const struct row_work *w, const struct row_page *page, json_t **out_list);
json_t *desk_list(struct request *r, row_page_fn *page);
/* The public id that is meant by the field "id", or by "name", or NULL; owned. */
char *desk_id(const struct row_work *w, const struct request *r, row_page_fn *page);
/* One row, or all of something, read by one function.  Takes nothing. */
typedef enum err row_read_fn(const struct row_work *w, struct request *r, json_t **out_value);
json_t *desk_read(struct request *r, row_read_fn *read, const char *missing);

#endif

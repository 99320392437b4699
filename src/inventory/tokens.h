/* API keys as rows: made, listed, removed, found again.  What is kept of a key is its digest; its holder sees it once.
 *
 * JSON of a key: id, account (public id), name, prefix (its visible part), scope, zones (list or null), primary (address or
 * null), created_at, expires_at, used_at.
 * Thread: the database's. */
#ifndef UNDERSTUDY_INVENTORY_TOKENS_H
#define UNDERSTUDY_INVENTORY_TOKENS_H

#include "inventory/rows.h"

#define TOKENS_MAX 1000 /* of one account */
#define TOKEN_ZONES_MAX 1000

struct token_wish {
	int64_t account;
	const char *name;
	enum scope scope;
	const char *const *zones; /* names; with zone_count 0: all of the account */
	unsigned zone_count;
	const char *primary; /* address with or without port; NULL: not bound to one */
	int64_t expires_s;   /* 0: never */
};
/* by: who wants it; NULL: the operator.  Nobody makes a key that reaches further than the own one; a key that is bound
 * to zones or to a primary makes none.  out_after: JSON of the row, a new reference.  Errors: rows.h. */
MUST_CHECK enum err token_add(const struct row_work *w, const struct caller *by,
                              const struct token_wish *wish, char out_key[static API_KEY_LEN + 1],
                              json_t **out_after);
/* id: public.  account 0: of any.  out_before: JSON of the row, a new reference; out_account: whose it was. */
MUST_CHECK enum err token_remove(const struct row_work *w, int64_t account, const char *id,
                                 json_t **out_before, int64_t *out_account);

MUST_CHECK enum err token_get(const struct row_work *w, int64_t account, const char *id, json_t **out_row);
/* In the order in which they were made. */
MUST_CHECK enum err token_page(const struct row_work *w, const struct row_page *page, json_t **out_list);

/* Whose key it is; a new reference.  Its last use is written if that is not known to the minute.  ERR_NOTFOUND: there is
 * no such key, or it was removed; ERR_TIMEOUT: it has expired.  To the outside both are the same. */
MUST_CHECK enum err token_verify(const struct row_work *w, const char *key, const struct caller **out_caller);
/* The last use of a key, by its row, unless a later one is known. */
MUST_CHECK enum err token_used(const struct row_work *w, int64_t token, int64_t used_s);

#endif

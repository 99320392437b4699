/* Accounts: whose zones are whose, how much of everything an account may have, and until when.
 *
 * The end of a plan comes in steps, each told before anything is taken away (accounts_sweep):
 *
 *   open --PLAN_SOON_S before the end--> soon --the end--> ended --the grace is over--> over
 *     ^----------------------------------- the plan has a new end ---------------------------'
 *
 * soon: nothing is refused yet.  ended: changes are refused, zones are served.  over: its zones are not served.  "over" is
 * reached from "ended" only, and not before PLAN_GRACE_MIN_S after that was told, even if the server was off meanwhile.
 *
 * JSON of an account: id, name, plan, zones_max, records_max, bytes_max, requests_per_minute, ends_at, grace_s,
 * notice (the step that was told last), notice_at, proof_token, zones (their number), created_at; null: no bound.
 * Thread: the database's. */
#ifndef UNDERSTUDY_INVENTORY_ACCOUNTS_H
#define UNDERSTUDY_INVENTORY_ACCOUNTS_H

#include "inventory/rows.h"

#define PLAN_SOON_S (7 * 86400LL)
#define PLAN_GRACE_S (14 * 86400LL) /* if none is given */
#define PLAN_GRACE_MIN_S 86400LL

/* fields: an object with name, plan, zones_max, records_max, bytes_max, requests_per_minute, ends_at, grace_s; null and
 * what is left out: no bound.  Errors: rows.h. */
MUST_CHECK enum err account_add(const struct row_work *w, json_t *fields, json_t **out_after);
/* id: public, or the name.  Given fields replace, null takes a bound away.  out_before, out_after: new references. */
MUST_CHECK enum err account_set(const struct row_work *w, const char *id, json_t *fields, json_t **out_before,
                                json_t **out_after);
/* With its users, keys, primaries, names and consents.  ERR_EXISTS: it has zones, or is the first. */
MUST_CHECK enum err account_remove(const struct row_work *w, const char *id, json_t **out_before);

/* The row of a public id or of a name.  ERR_NOTFOUND. */
MUST_CHECK enum err account_find(const struct row_work *w, const char *id, int64_t *out_account);
MUST_CHECK enum err account_get(const struct row_work *w, int64_t account, json_t **out_row);
/* page->account is not looked at. */
MUST_CHECK enum err account_page(const struct row_work *w, const struct row_page *page, json_t **out_list);

/* May the account change things, and have so many zones more?  ERR_REFUSED: its plan has ended; ERR_LIMIT: the quota. */
MUST_CHECK enum err account_judge(const struct row_work *w, int64_t account, int64_t more_zones);
/* Is the plan of the account over, and was that told?  Then its zones are not served. */
MUST_CHECK enum err account_is_over(const struct row_work *w, int64_t account, bool *out_over);
/* What no zone of this account may exceed, whatever its settings allow; 0: no bound. */
struct account_bounds {
	int64_t records_max, bytes_max;
};
MUST_CHECK enum err account_bounds(const struct row_work *w, int64_t account,
                                   struct account_bounds *out_bounds);

/* A step that an account has taken. */
struct account_notice {
	int64_t account;
	char id[SECRET_ID_LEN + 1], name[CALLER_NAME_MAX];
	const char *before, *after; /* "open", "soon", "ended", "over" */
	int64_t ends_s, over_s;
};
#define ACCOUNT_NOTICES_MAX 1000 /* of one sweep; the rest comes with the next */
/* Let time pass for the plans: each account takes at most one step, which is written down and told.  To be called every
 * minute or so, within a transaction; out_notices: room for ACCOUNT_NOTICES_MAX. */
MUST_CHECK enum err accounts_sweep(const struct row_work *w, struct account_notice *out_notices,
                                   unsigned *out_count);

#endif

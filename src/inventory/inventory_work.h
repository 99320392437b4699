/* What a change of the inventory may call while its transaction is open; for src/inventory only. */
#ifndef UNDERSTUDY_INVENTORY_INVENTORY_WORK_H
#define UNDERSTUDY_INVENTORY_INVENTORY_WORK_H

#include "inventory/database.h"
#include "inventory/inventory.h"

struct inventory_work {
	struct inventory *inv;
	struct sql *db;
	struct random *random; /* secure */
	const struct sealer *sealer;
	const struct inventory_who *who;
	struct inventory_result *result;
	int64_t revision; /* of this transaction */
	bool changed;     /* a row of the audit was written */
	bool forget;      /* something that policies of this account (0: of all) are made from has changed */
	int64_t forget_account;
	int64_t renewed_account; /* whose zones get their policies anew at the end; 0: nobody's */
};

/* All give a value that is not OK, to be returned. */
MUST_CHECK enum err work_refuse(struct inventory_work *w, enum inventory_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* One of several; the work goes on to find others, and returns ERR_CONFIG at last.  field as in inventory_fault. */
void work_fault(struct inventory_work *w, size_t change, const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A row of the audit, which also makes the revision count.  before, after: JSON without secrets, or NULL. */
struct work_audit {
	int64_t account; /* whose object it is; 0: nobody's */
	const char *action, *kind, *object, *before, *after;
};
MUST_CHECK enum err work_audit(struct inventory_work *w, const struct work_audit *row);

/* The row of the account with this public id; NULL: who->account, or the main one.  Not found (also: not the account of
 * who): the work is refused. */
MUST_CHECK enum err work_account(struct inventory_work *w, const char *public_id, int64_t *out_account);

/* Zones of the account whose settings name the thing ("key", "primary"): a text with the count and the first few names.
 * OK: there are some; ERR_NOTFOUND: none. */
MUST_CHECK enum err work_users(struct inventory_work *w, int64_t account, const char *kind, const char *name,
                               char *out_text, size_t size);
/* The thing has changed: these zones get policies made anew. */
MUST_CHECK enum err work_touched(struct inventory_work *w, int64_t account, const char *kind,
                                 const char *name);

#endif

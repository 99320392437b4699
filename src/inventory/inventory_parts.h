/* What the parts of the inventory share; for src/inventory only.
 *
 *   inventory.c        opening, states, transactions, the audit, the copy
 *   policies.c         what settings in the database mean: policies, made once
 *   zone_changes.c     inventory_apply
 *   zone_rows.c        rows of zones and settings, one statement each
 *   inventory_reads.c  lists and single rows for people
 *   own_primaries.c    primaries that accounts have named
 *   mirror.c           the configuration's zones as rows
 *   zone_proofs.c      what proofs of control ask and do */
#ifndef UNDERSTUDY_INVENTORY_INVENTORY_PARTS_H
#define UNDERSTUDY_INVENTORY_INVENTORY_PARTS_H

#include "inventory/inventory_work.h"
#include "inventory/rows.h"
#include "inventory/symbols.h"

#define POLICIES_MAX 65536 /* kept; further ones are made anew */
#define KEYSETS_KEPT 1024  /* of accounts, one a place */

struct policy_kept {
	int64_t account;
	char *text; /* NULL: the place is free */
	const struct zone_policy *policy;
};
struct policies {
	struct policy_kept *slots;
	size_t capacity, count;
	uint64_t seed; /* of their hashes */
	struct keyset_kept {
		int64_t account; /* 0: the place is free */
		struct keyset *keyset;
	} keysets[KEYSETS_KEPT];
};

struct inventory {
	struct inventory_settings settings; /* paths are owned */
	struct settings_base *base;
	struct sql *db; /* NULL: unavailable */
	enum inventory_state state;
	struct why why;
	int64_t revision;
	struct random random;
	struct policies policies;
	int64_t told_others; /* sql_others when inventory_load read all; -1: what it told does not hold any more */
	struct sql_copy *copy;                     /* under way */
	int64_t copied_revision, copying_revision; /* -1: none yet */
	bool copy_looked_at;                       /* that of an earlier run */
};

/* -- inventory.c */
struct row_work inventory_row_work(struct inventory *inv, int64_t now_s, struct why *why);
/* The database fails with e: what it means for the state.  Returns e. */
enum err inventory_fails(struct inventory *inv, enum err e);
/* Of a change of the batch: kept as its fault too; the first is what the result says.  The work goes on. */
void work_refuse_one(struct inventory_work *w, size_t change, enum inventory_code code, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));

/* -- policies.c */
/* What text (in its one form) means for an account.  A reference.  ERR_CONFIG: faults tell.  Others: the database
 * fails, or a key can't be read (why tells). */
MUST_CHECK enum err policies_get(struct inventory *inv, int64_t account, const char *text,
                                 const struct settings_faults *faults, const struct zone_policy **out_policy,
                                 struct why *why);
/* Are the same machines asked, and trusted alike?  Then a proof by the primaries still holds. */
bool policies_same_primaries(const struct zone_policy *a, const struct zone_policy *b);
/* What keys and primaries of the account (0: of all) were. */
void policies_forget(struct inventory *inv, int64_t account);
/* What the settings of an account are read with; keys are borrowed until policies_forget. */
struct own_primaries {
	struct inventory *inv;
	int64_t account;
};
MUST_CHECK enum err policies_view(struct inventory *inv, struct own_primaries *own,
                                  struct settings_view *out_view, struct why *why);

/* -- zone_proofs.c */
/* A named primary of the account is to have other settings (both in their one form): zones that it has proven wait for a
 * new proof. */
MUST_CHECK enum err proofs_end_with_primary(struct inventory_work *w, int64_t account, const char *name,
                                            const char *old, const char *text);

/* -- zone_rows.c */
struct zone_row {
	int64_t id, account, settings, version, changed_s;
	char *public_id, *name, *origin, *text, *proof; /* owned */
};
void zone_row_done(struct zone_row *row);
/* By name or by public id; the other is NULL.  ERR_NOTFOUND. */
MUST_CHECK enum err zone_row_find(struct sql *db, const char *name, const char *public_id,
                                  struct zone_row *out_row);
MUST_CHECK enum err zone_row_add(struct inventory_work *w, const char *name, int64_t account,
                                 const char *origin, int64_t settings, const char *proof, int64_t *out_id);
MUST_CHECK enum err zone_row_change(struct inventory_work *w, const struct zone_row *row, int64_t settings,
                                    const char *proof);
MUST_CHECK enum err zone_row_remove(struct inventory_work *w, const struct zone_row *row);
MUST_CHECK enum err zone_row_proof(struct inventory_work *w, const struct zone_row *row, const char *proof);
/* The row of the text, made with what it names if there is none. */
MUST_CHECK enum err settings_row(struct sql *db, const char *text, int64_t *out_id);
/* Gone, if no zone has them. */
MUST_CHECK enum err settings_row_drop(struct sql *db, int64_t id);

#endif

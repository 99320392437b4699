/* What should be served, and for whom: accounts, zones and what they refer to, in a database.
 *
 * inventory_apply and inventory_change are the only doors for changes: everything is looked at first and all faults are
 * told at once; then one transaction, one row of the audit for each object that changed, revision + 1 if any did.  The
 * same change again changes nothing.  What it means for serving comes back as differences, which the loop gives to
 * wanted_change.
 *
 * Thread: one, the desk's, which may wait for the disk. */
#ifndef UNDERSTUDY_INVENTORY_INVENTORY_H
#define UNDERSTUDY_INVENTORY_INVENTORY_H

#include "inventory/config.h"
#include "inventory/reach.h"
#include "inventory/secrets.h"
#include "inventory/wanted.h"

#define INVENTORY_ZONES_MAX 100000   /* of one batch */
#define INVENTORY_SETTINGS_MAX 65536 /* octets of the settings of a zone */
#define INVENTORY_FAULTS_MAX 200     /* further ones are only counted */
#define INVENTORY_PAGE_MAX 1000
#define INVENTORY_TEXT_MAX 400
#define INVENTORY_CLAIM_S (7 * 86400) /* a released name is kept for its former owner, in public mode */

struct name_rules;
struct settings_base;
struct sql;
struct inventory;

struct inventory_settings {
	const char *path;               /* of the database */
	const char *copy_path;          /* read when it can't be */
	const struct sealer *sealer;    /* borrowed; NULL: secrets of TSIG keys can't be read */
	const struct name_rules *names; /* borrowed; NULL: no list of names that are nobody's */
	const struct name *own_servers; /* borrowed: names of our name servers */
	unsigned own_server_count;
	struct reach_rules reach; /* borrows: where strangers' primaries may be */
	bool is_public;           /* server.mode: strangers have accounts here */
};

/* ok: the database is read and written.  copy: the database can't be had, its last copy is read, changes are refused.
 * unavailable: neither can be had; reads and changes are refused. */
enum inventory_state { INVENTORY_OK, INVENTORY_COPY, INVENTORY_UNAVAILABLE };
const char *inventory_state_word(enum inventory_state state);

/* Opens, always: what is wrong is the state's to tell, and tried again by inventory_retry.  base: what settings may
 * refer to of the configuration (a reference is taken). */
struct inventory *inventory_open(const struct inventory_settings *settings, struct settings_base *base,
                                 int64_t now_s);
void inventory_close(struct inventory *inv);
enum inventory_state inventory_state(const struct inventory *inv);
/* Why it is not INVENTORY_OK. */
const struct why *inventory_why(const struct inventory *inv);
int64_t inventory_revision(const struct inventory *inv);
/* Of a state that is not INVENTORY_OK: try again.  OK: it is now; inventory_load tells what is wanted. */
MUST_CHECK enum err inventory_retry(struct inventory *inv, int64_t now_s);
/* Another key file, or none (NULL); borrowed. */
void inventory_set_sealer(struct inventory *inv, const struct sealer *sealer);
/* The configuration was read again.  inventory_load tells what is wanted then, unless inventory_is_told says that nothing
 * is another. */
void inventory_set_base(struct inventory *inv, struct settings_base *base);
/* What inventory_load told last, with the changes since, is what it would tell now: nobody else has written to the database
 * since, and settings refer to the same. */
bool inventory_is_told(struct inventory *inv);

/* All zones that are to be served and are not of the file, for wanted_replace(…, WANTED_DATABASE, …).  A zone whose
 * settings do not hold any more (a template that the configuration lacks) is left out and counted.  ERR_IO, ERR_CORRUPT:
 * what is served stays.  Cost: one pass over all zones; each text of settings is read once. */
MUST_CHECK enum err inventory_load(struct inventory *inv, struct intent_list *out_zones,
                                   size_t *out_left_out);

/* -- who, and what came of it ------------------------------------------------------------------------------------- */

struct inventory_who {
	int64_t account;    /* whose things are seen and changed; 0: everybody's */
	bool is_admin;      /* rules for tenants do not hold */
	const char *name;   /* for the audit: "token laptop (ust_abc123)", "uid 0 (root)" */
	const char *source; /* address; NULL */
	const char *why;    /* NULL */
	int64_t now_s;
};

enum inventory_code {
	INVENTORY_DONE,
	INVENTORY_NOT_FOUND, /* or another account's */
	INVENTORY_CONFLICT,
	INVENTORY_INVALID, /* faults tell */
	INVENTORY_STALE,   /* the version is another */
	INVENTORY_QUOTA,
	INVENTORY_FORBIDDEN, /* who asks may not: the plan of the account has ended, or the key does not reach so far */
	INVENTORY_REFUSED, /* the guard */
	INVENTORY_TOO_BIG,
	INVENTORY_NO_DATABASE
};
/* As the control socket says it: "not-found", "unavailable"… */
const char *inventory_code_word(enum inventory_code code);

struct inventory_fault {
	size_t change; /* which of the batch it is about */
	char *field;   /* "name", "settings.primaries[0].key"; "" for the whole */
	char *text;
};
/* Start with {0}. */
struct inventory_result {
	enum inventory_code code;
	char text[INVENTORY_TEXT_MAX]; /* one sentence, of a refusal */
	struct inventory_fault *faults;
	size_t fault_count, faults_left_out;
	size_t added, changed, removed, unchanged;
	int64_t revision; /* after it */
	/* With INVENTORY_DONE: what to give to wanted_change. */
	struct wanted_changes wanted;
};
void inventory_result_done(struct inventory_result *result);

/* -- changes of zones ------------------------------------------------------------------------------------------------ */

enum inventory_action {
	ZONE_ADD, /* name, settings; a zone that exists is a conflict, but for one that gives way (claims.h) */
	ZONE_PUT,    /* name, settings; made, or changed to exactly these */
	ZONE_SET,    /* settings: given ones replace, null takes one back */
	ZONE_REMOVE, /* one that does not exist: not found */
	ZONE_PROVEN, /* its proof holds: it is served from now on.  proof says which */
	ZONE_TRIED   /* its proof was looked for in vain at now_s: only that time is kept */
};
struct inventory_zone_change {
	enum inventory_action action;
	const char *name;     /* presentation form; or NULL: */
	const char *id;       /* public id */
	const char *settings; /* a JSON object; NULL: {} */
	size_t settings_len;
	int64_t if_version;  /* 0: whatever it is */
	const char *account; /* public id of the owner of a new zone; NULL: who->account, or "main" */
	const char *proof;   /* ZONE_PROVEN: a word of claims.h, which is kept in the row */
};
struct inventory_batch {
	const struct inventory_zone_change *changes;
	size_t count;
	const char *origin; /* "api"; rows of another one are not touched */
	bool replace;       /* zones of the origin and account that no change names are removed… */
	bool force;         /* …even more than half of them */
};
/* All or nothing.  What came of it is in the result, which the caller ends by inventory_result_done. */
void inventory_apply(struct inventory *inv, const struct inventory_batch *batch,
                     const struct inventory_who *who, struct inventory_result *out_result);

/* The wish of the configuration file is mirrored, so that its zones have rows as others have (origin "file", account
 * "main").  Names that others have already are counted as unchanged and left alone.  The numbers of rows are filled into
 * zones; nothing is told of wanted.  settings: texts, by zone_intent.settings; NULL: those of base. */
struct settings_text {
	char *json;
	size_t len;
};
void inventory_mirror(struct inventory *inv, struct intent_list *zones, const struct settings_text *settings,
                      const struct inventory_who *who, struct inventory_result *out_result);

/* -- other changes: keys, tokens, primaries, accounts… ------------------------------------------------------------- */

/* Runs work within a transaction, by the rules above; see inventory_work.h for what it may call.  Not OK: the work has
 * said why (work_refuse, work_fault), or the database fails; nothing is changed. */
struct inventory_work;
typedef enum err inventory_work_fn(struct inventory_work *work, void *ctx);
void inventory_change(struct inventory *inv, inventory_work_fn *work, void *ctx,
                      const struct inventory_who *who, struct inventory_result *out_result);
/* Reads by the same functions, without a transaction.  ERR_CLOSED: there is no database. */
MUST_CHECK enum err inventory_read(struct inventory *inv, struct sql **out_db);

/* Named primaries of an account: settings as `primaries[]` of the configuration without the name. */
struct inventory_primary_put {
	const char *name, *settings;
	size_t settings_len;
	const char *account; /* as above */
};
void inventory_primary_put(struct inventory *inv, const struct inventory_primary_put *put,
                           const struct inventory_who *who, struct inventory_result *out_result);
/* Refused while zones refer to it, some of which are named. */
void inventory_primary_remove(struct inventory *inv, const char *name_or_id, const char *account,
                              const struct inventory_who *who, struct inventory_result *out_result);

/* -- reads ----------------------------------------------------------------------------------------------------------- */

/* Borrowed during the call that gives it. */
struct inventory_zone {
	uint64_t number;
	int64_t account;
	const char *id, *name;
	const char *account_id, *account_name;
	const char *origin;
	const char *settings; /* canonical JSON */
	const char *proof;    /* NULL: none is needed; CLAIM_PENDING; else how it is proven (claims.h) */
	const char *token;    /* of the account, for proofs */
	int64_t version, created_s, changed_s;
	int64_t proof_s; /* when it was last looked for; 0: never */
};
typedef void inventory_zone_fn(void *ctx, const struct inventory_zone *zone);

/* name (presentation form) or id; account as in who.  ERR_NOTFOUND: none, or another account's.  ERR_CLOSED: there is no
 * database. */
MUST_CHECK enum err inventory_zone_find(struct inventory *inv, int64_t account, const char *name,
                                        const char *id, inventory_zone_fn *each, void *ctx);

struct inventory_page {
	int64_t account;   /* 0: all */
	const char *after; /* name of the last row of the page before; NULL: from the start */
	unsigned limit;    /* 1 to INVENTORY_PAGE_MAX */
};
/* Zones in the order of their names (octet by octet).  out_total: of all pages.  out_more: there are further ones.
 * ERR_CLOSED. */
MUST_CHECK enum err inventory_zone_page(struct inventory *inv, const struct inventory_page *page,
                                        inventory_zone_fn *each, void *ctx, uint64_t *out_total,
                                        bool *out_more);

struct inventory_names {
	int64_t account;    /* 0: all */
	const char *origin; /* NULL: any */
	const char *after;  /* in lower case, as names are kept; "": from the start */
	unsigned limit;     /* names to look at */
};
typedef void inventory_name_fn(void *ctx, const char *name);
/* Look at so many names, in their order, and tell of those that fit: a pass over all, in turns.  out_last: where to go on
 * from; "": that was all. */
MUST_CHECK enum err inventory_zone_names(struct inventory *inv, const struct inventory_names *names,
                                         inventory_name_fn *each, void *ctx,
                                         char out_last[static NAME_TEXT_MAX]);
/* Zones whose proof is pending and was last looked for before before_s, the longest waiting first. */
MUST_CHECK enum err inventory_pending(struct inventory *inv, int64_t before_s, unsigned limit,
                                      inventory_zone_fn *each, void *ctx);

struct inventory_primary {
	const char *id, *name, *settings, *account_id;
	int64_t created_s;
};
typedef void inventory_primary_fn(void *ctx, const struct inventory_primary *primary);
MUST_CHECK enum err inventory_primary_list(struct inventory *inv, int64_t account, inventory_primary_fn *each,
                                           void *ctx);

struct inventory_audit {
	int64_t id, at_s, revision, account; /* account 0: none */
	const char *account_id, *who, *source, *action, *kind, *object, *before, *after, *why;
};
typedef void inventory_audit_fn(void *ctx, const struct inventory_audit *row);
/* Newest first; before: id of the last row of the page before, 0: from the newest.  object: NULL, or name of what it is
 * about. */
MUST_CHECK enum err inventory_audit_page(struct inventory *inv, int64_t account, int64_t before,
                                         const char *object, unsigned limit, inventory_audit_fn *each,
                                         void *ctx);

/* -- proofs of control (claims.h, src/diagnose/proof.h) -------------------------------------------------------------- */

/* What a zone's settings mean, whether it is wanted or waits.  The caller has a reference.  ERR_NOTFOUND; ERR_CONFIG: they
 * do not hold any more; ERR_CLOSED: there is no database; others: it fails. */
MUST_CHECK enum err inventory_zone_policy(struct inventory *inv, const char *name,
                                          const struct zone_policy **out_policy);
/* Another account has proven more than who has the zone (claim_is_contestable): the row goes, and the name is kept for
 * that account for INVENTORY_CLAIM_S.  Stale: it has been changed since that version. */
void inventory_take_over(struct inventory *inv, const char *id, int64_t version, int64_t account,
                         const struct inventory_who *who, struct inventory_result *out_result);

/* -- the copy ------------------------------------------------------------------------------------------------------ */

/* Go on with the copy, or begin one if the last, be it of an earlier run, is older than the revision: some pages.  ERR_AGAIN: there is more to do;
 * OK: the copy is that of now.  Errors: tried again from the start at the next call. */
MUST_CHECK enum err inventory_copy(struct inventory *inv);
/* Much was read or written and nothing more comes: memory that only this took is given back. */
void inventory_rest(struct inventory *inv);

#endif

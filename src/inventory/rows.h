/* What the tables of accounts, users and keys have in common: what is at hand while rows are read and changed, faults in
 * words, and rows as JSON.  The JSON of a row is what the control socket gives and what the audit keeps: columns that
 * hold secrets have no place in it.
 * Thread: the database's. */
#ifndef UNDERSTUDY_INVENTORY_ROWS_H
#define UNDERSTUDY_INVENTORY_ROWS_H

#include <jansson.h>

#include "dns/name.h"
#include "inventory/caller.h"
#include "inventory/database.h"
#include "inventory/secrets.h"

#define ROW_ACCOUNT_MAIN 1 /* owns what the configuration file names */
#define ROWS_PAGE_MAX 1000
#define ROW_NAME_MAX (CALLER_NAME_MAX - 1) /* octets of a name that people give */
#define FIELD_FAULTS_MAX 50

/* What is wrong with what somebody wants: the field, and what is expected of it. */
struct field_fault {
	char *field, *text;
};
struct field_faults {
	struct field_fault *items; /* owned */
	unsigned count;
};
/* Further ones than FIELD_FAULTS_MAX are left out. */
void field_fault_add(struct field_faults *f, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void field_faults_done(struct field_faults *f);

/* Of one change, or of one look.  Everything in it is borrowed. */
struct row_work {
	struct sql *db;
	struct random *random;       /* secure */
	const struct sealer *sealer; /* NULL: there is no key file, so no TSIG key can be read or added */
	int64_t now_s;
	struct field_faults *faults; /* filled with ERR_CONFIG */
	struct why *why; /* filled with ERR_REFUSED, ERR_EXISTS, ERR_LIMIT and failures of the database */
};
/* What changing functions return beside their own:
 *   ERR_CONFIG    faults tell what is wrong
 *   ERR_NOTFOUND  there is no such row in this account
 *   ERR_EXISTS    another row has the name, or others need this one; why tells
 *   ERR_REFUSED   who asks may not; why tells
 *   ERR_LIMIT     a quota; why tells
 *   else          the database failed; why tells
 * After any of them the transaction is to be rolled back. */

/* e, with why->evidence saying why not. */
enum err row_refuse(const struct row_work *w, enum err e, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* e, with why filled if it is a failure of the database. */
enum err row_failed(const struct row_work *w, enum err e);

/* A member of the JSON of a row, made from a column: 't' text, 'i' number, 'n' number where 0 and NULL are null,
 * 'j' JSON as text, 'b' truth.  NULL is null with all but 'b'. */
struct row_field {
	const char *name;
	char kind;
};
/* The row that s is at; columns as fields.  NULL: memory is short, or a column is no JSON. */
json_t *row_json(struct sql_statement *s, const struct row_field *fields, unsigned count);
/* All rows of s, to its end, as a list. */
MUST_CHECK enum err rows_json(struct sql_statement *s, const struct row_field *fields, unsigned count,
                              json_t **out_list);
/* The first row of s.  ERR_NOTFOUND. */
MUST_CHECK enum err row_json_one(struct sql_statement *s, const struct row_field *fields, unsigned count,
                                 json_t **out_row);

/* A page of a list: rows of account (0: of all) behind the row with the public id after (NULL: from the first). */
struct row_page {
	int64_t account;
	const char *after;
	unsigned limit; /* 1 to ROWS_PAGE_MAX */
};
/* Put the page's arguments: sql of either text ends in
 *   [account = ? AND] id > COALESCE((SELECT id FROM ... WHERE public_id = ?), 0) ORDER BY id LIMIT ? */
struct sql_statement *row_page_prepare(const struct row_work *w, const struct row_page *page,
                                       const char *of_account, const char *of_all);

/* A name that people give: 1 to ROW_NAME_MAX octets of UTF-8 without control characters, no blank at its ends.
 * false: a fault tells. */
bool row_name_check(const struct row_work *w, const char *field, const char *name);
/* text, a domain name, in lower case without a final dot.  false: a fault tells. */
bool row_domain_check(const struct row_work *w, const char *field, const char *text,
                      char out_text[static NAME_TEXT_MAX]);

#endif

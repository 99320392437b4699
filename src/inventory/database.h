/* The database of the inventory: tables, statements, transactions.  The one place that knows SQLite, so that
 * another database can stand behind the same functions; the SQL that passes through here keeps to what the
 * common ones share.  (Names begin with sql_: src/store has a database of its own.)
 *
 * A statement is prepared once and found again by its text.  Arguments are put one after another; a failure on
 * the way is kept, and told by the step:
 *
 *     struct sql_statement *s = sql_prepare(db, "UPDATE zones SET version = ? WHERE id = ?");
 *     sql_put_int(s, version);
 *     sql_put_int(s, id);
 *     enum err e = sql_run(s);
 *
 * Errors of every call that can fail: ERR_CORRUPT: the file is damaged or no database.  ERR_IO: it can't be read or
 * written, or the disk is full.  ERR_AGAIN: another process keeps it locked.  ERR_EXISTS: a row like this exists, or
 * one that it needs does not.  ERR_NOMEM.  sql_why tells the latest in words.
 * Thread: one, which may wait for the disk. */
#ifndef UNDERSTUDY_INVENTORY_DATABASE_H
#define UNDERSTUDY_INVENTORY_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"

struct sql;
struct sql_statement;

struct sql_options {
	int busy_ms;        /* how long another's lock is waited for */
	uint32_t pages_max; /* the file never grows beyond so many pages; 0: no bound */
	bool read_only;     /* it must exist, and nobody changes it meanwhile */
};

/* Open the file path, made if it does not exist: write-ahead log, every commit on the disk before it is
 * acknowledged, foreign keys hold.  why is filled on failure. */
MUST_CHECK enum err sql_open(const char *path, const struct sql_options *options, struct sql **out_db,
                             struct why *why);
/* NULL is fine.  What is not committed is lost. */
void sql_close(struct sql *db);
/* Pages kept to be read again are given back; they come back when they are needed. */
void sql_rest(struct sql *db);
/* Read everything once, as far as that can tell whether the file is sound.  Costs a pass over the file. */
MUST_CHECK enum err sql_check(struct sql *db);
/* What the latest failure was: REASON_INVENTORY_DAMAGED or REASON_INVENTORY_FAILED. */
void sql_why(const struct sql *db, struct why *why);

/* One statement after another, without arguments and results. */
MUST_CHECK enum err sql_script(struct sql *db, const char *text);

MUST_CHECK enum err sql_begin(struct sql *db);
/* Ends the transaction in any case.  Passes the fault point "inventory-commit". */
MUST_CHECK enum err sql_commit(struct sql *db);
/* Without a transaction: nothing. */
void sql_rollback(struct sql *db);
bool sql_in_transaction(const struct sql *db);

/* Never NULL.  text: a literal, kept by reference.  It belongs to db, and the same text gives the same statement:
 * what was left of its former use ends. */
struct sql_statement *sql_prepare(struct sql *db, const char *text);
/* The next argument.  Octets are borrowed until the statement is prepared again; NULL is the null of SQL. */
void sql_put_int(struct sql_statement *s, int64_t number);
void sql_put_text(struct sql_statement *s, const char *text);
void sql_put_text_len(struct sql_statement *s, const char *text, size_t len);
void sql_put_blob(struct sql_statement *s, const void *data, size_t len);
void sql_put_null(struct sql_statement *s);

/* OK: there is a row.  ERR_NOTFOUND: there is none, or no further one.  Passes the fault point "inventory-step". */
MUST_CHECK enum err sql_step(struct sql_statement *s);
/* A statement that gives no rows, to its end. */
MUST_CHECK enum err sql_run(struct sql_statement *s);
/* Give back what a statement that was not stepped to its end holds. */
void sql_reset(struct sql_statement *s);

/* Of the row; columns from 0.  Texts and blobs are borrowed until the next step or reset. */
int64_t sql_int(struct sql_statement *s, int column);
const char *sql_text(struct sql_statement *s, int column); /* NULL for null */
const void *sql_blob(struct sql_statement *s, int column, size_t *out_len);
bool sql_is_null(struct sql_statement *s, int column);

int64_t sql_last_id(const struct sql *db); /* of the row inserted last */
int64_t sql_changes(const struct sql *db); /* rows that the statement run last changed */
/* Another number than before: somebody else has changed the database.  Own changes do not count. */
MUST_CHECK enum err sql_others(struct sql *db, int64_t *out_number);

/* A copy of the whole database as it is when the copy is done, in a file of its own that needs no other.  Made in
 * pieces, between which the database may change; a former copy stays until the new one is whole and on the disk. */
struct sql_copy;
MUST_CHECK enum err sql_copy_begin(struct sql *db, const char *path, struct sql_copy **out_copy);
/* ERR_AGAIN: there is more to do.  Anything else ends the copy: OK: path has it. */
MUST_CHECK enum err sql_copy_step(struct sql_copy *copy, int pages);
/* NULL is fine.  Path stays as it was. */
void sql_copy_abandon(struct sql_copy *copy);

#endif

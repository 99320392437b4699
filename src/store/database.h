/* Ordered records under keys, changed by transactions: the one place that knows LMDB.
 *
 * One transaction writes at a time.  Those that read wait for none: each sees what was committed when it began, whose pages
 * LMDB keeps until it ends, so it should not last.  What readers are there LMDB notes in a file beside the database, which
 * it makes anew when no process has it open.
 * Thread: any; a transaction stays on the thread that began it, which begins no second one meanwhile. */
#ifndef UNDERSTUDY_STORE_DATABASE_H
#define UNDERSTUDY_STORE_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/why.h"

struct database;
struct database_txn;

enum database_table {
	TABLE_STATES,  /* struct saved_state under the zone's name */
	TABLE_IMAGES,  /* images up to STORE_INLINE_MAX under the zone's name */
	TABLE_JOURNAL, /* frames under the zone's name and a sequence number (store/frame.h) */
	TABLE_COUNT
};

struct octets {
	const void *data;
	size_t len;
};

/* Open or create the database file path.  max_bytes: the file never grows beyond it.
 * ERR_CORRUPT: the file is no database, or a damaged one.  ERR_IO, ERR_NOMEM.  why is filled on failure. */
MUST_CHECK enum err database_open(const char *path, size_t max_bytes, struct database **out_db,
                                  struct why *why);
void database_close(struct database *db);

/* Read everything once, as far as that can tell whether the file is sound: ERR_CORRUPT if it is not.  LMDB
 * trusts its file, so a damaged one may also end the process: see database_probe_begin. */
MUST_CHECK enum err database_check(struct database *db);

/* open and check in a child process, which begin forks and end waits for: ERR_CORRUPT if the child says so or dies of it; any
 * other trouble, and a file that does not exist, is OK: database_open will tell.  why is filled on failure.  Nobody opens
 * the database in between.  Begin before there are threads, as the child allocates memory.
 * Of a file larger than DATABASE_PROBE_BYTES end says OK at once: it is read by a child of its own behind the start, if the
 * one before it has ended well; it leaves the file path.unchecked until then. */
#define DATABASE_PROBE_BYTES (64U << 20)
struct database_probe {
	pid_t child; /* not positive: there is none */
	bool is_later;
};
struct database_probe database_probe_begin(const char *path, size_t max_bytes);
MUST_CHECK enum err database_probe_end(struct database_probe probe, const char *path, struct why *why);

/* One that writes waits for the one that does.  why is filled on failure of begin and commit.  Data that a transaction returns stays until it ends. */
MUST_CHECK enum err database_begin(struct database *db, bool write, struct database_txn **out_txn,
                                   struct why *why);
/* One that reads, without ever waiting.  ERR_AGAIN, ERR_IO …: not now. */
MUST_CHECK enum err database_look(struct database *db, struct database_txn **out_txn);
void database_abort(struct database_txn *txn);
/* Ends txn in any case.  Passes the fault points "store-full", "store-commit" and "store-committed".  ERR_LIMIT: max_bytes is reached. */
MUST_CHECK enum err database_commit(struct database_txn *txn, struct why *why);

/* The number that LMDB gives to txn, which writes: one more than that of the last that was committed. */
uint64_t database_transaction(const struct database_txn *txn);
uint64_t database_last_transaction(struct database *db);
/* Until nobody writes. */
void database_wait_for_writer(struct database *db);
/* What a former process has committed is on the disk. */
MUST_CHECK enum err database_sync(struct database *db, struct why *why);

/* ERR_NOTFOUND. */
MUST_CHECK enum err database_get(struct database_txn *txn, enum database_table table, struct octets key,
                                 struct octets *out_value);
/* Replace or add.  Passes the fault point "store-put".  ERR_LIMIT: max_bytes is reached. */
MUST_CHECK enum err database_put(struct database_txn *txn, enum database_table table, struct octets key,
                                 struct octets value);
/* A key that does not exist is fine. */
MUST_CHECK enum err database_delete(struct database_txn *txn, enum database_table table, struct octets key);

/* Every key that begins with prefix. */
MUST_CHECK enum err database_delete_prefix(struct database_txn *txn, enum database_table table,
                                           struct octets prefix);
/* Octets of the file that the table takes. */
MUST_CHECK enum err database_table_bytes(struct database_txn *txn, enum database_table table,
                                         uint64_t *out_bytes);

typedef void database_each_fn(void *ctx, struct octets key, struct octets value);
MUST_CHECK enum err database_each(struct database_txn *txn, enum database_table table, database_each_fn *each,
                                  void *ctx);
/* Nothing is read or written for now: pages of the file that were leave the process.  They stay in the page cache.  After much
 * was written, the file is opened anew, unless somebody reads: LMDB keeps as many pages of memory as its largest transaction
 * has changed until the file is closed.  Waits for who writes. */
void database_rest(struct database *db);

/* Where the process has mapped the file; start NULL: not known. */
struct database_map {
	void *start;
	size_t len;
};
struct database_map database_map_find(const char *path);
/* The first max records whose keys are greater than after (no octets: from the first on).  ERR_NOTFOUND: there are no more
 * behind them. */
MUST_CHECK enum err database_some(struct database_txn *txn, enum database_table table, struct octets after,
                                  size_t max, database_each_fn *each, void *ctx);
/* Say in why what e, a result of get, put, delete or each, means for the operator. */
void database_explain(const struct database_txn *txn, struct why *why);

#endif

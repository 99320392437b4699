/* One small commit, written ahead of the database's own, so that what it saves may be told and served after one short write
 * in place of LMDB's two syncs and the file system's journal (docs/decisions/0026).
 *
 *     operations are in LMDB's transaction ──► record in store.ahead, synced ──► told ──► LMDB's own commit
 *                                                      │ a crash here                      │ or here
 *                                                      └── the next start makes the commit from the record
 *
 * A record names the transaction that it stands for: with that in the database, or with another state of a zone than the
 * one that the change was made of, it counts no more.  So the next one is written only when the database has synced that
 * transaction; the first commit of a process is made without one, which syncs what was there before.
 * When a database that is full makes other transactions necessary before the one that was told, each of them first writes
 * the record anew, as it will count after that transaction.  Until it is committed the former one counts: the file has two
 * slots, and a record is never written over the one before it.
 * Format: docs/formats/store.md.
 * Bounds: AHEAD_BYTES and AHEAD_OPERATIONS; what is larger is committed as before.
 * Thread: the one that writes. */
#ifndef UNDERSTUDY_STORE_AHEAD_H
#define UNDERSTUDY_STORE_AHEAD_H

#include "store/batch_parts.h"

#define AHEAD_BYTES 65536 /* of a record at most, and of a slot */
#define AHEAD_SLOTS 2
#define AHEAD_FILE_BYTES (AHEAD_SLOTS * AHEAD_BYTES) /* always */
#define AHEAD_OPERATIONS 16

/* The file; made, with all of its octets, if it is not there.  Its failure is none of the store's: out_fd is -1 then, and
 * every commit is made without. */
void ahead_open(int directory_fd, int *out_fd);

/* Few operations, each of them a step or a state of another zone, with a step among them. */
bool ahead_takes(const struct store_batch *b);
/* Into the slot that is not the current one; durable when it is OK.  `former` of each operation is set.  Passes the fault
 * point "ahead-write".  ERR_LIMIT: larger than a slot; ERR_IO, ERR_NOMEM. */
MUST_CHECK enum err ahead_write(const struct store_batch *b, uint64_t transaction);
/* What was written last is the record that counts. */
void ahead_turn(struct store *s);
/* At a start, before anything is written: commit what was told and did not come into the database. */
void ahead_replay(struct store *s);

/* -- the record (ahead_record.c) -- */

/* Octets written to buf; 0: it does not fit. */
size_t ahead_encode(const struct store_batch *b, uint64_t transaction, uint8_t buf[static AHEAD_BYTES]);
/* Fills b, which is new.  ERR_NOTFOUND: there is no record; ERR_CORRUPT: it is not whole; ERR_VERSION, ERR_NOMEM.  b may
 * have some operations then. */
MUST_CHECK enum err ahead_decode(const uint8_t buf[static AHEAD_BYTES], struct store_batch *b,
                                 uint64_t *out_transaction);

#endif

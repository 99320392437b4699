/* Small commits, written ahead of the database's own, so that what they save may be told and served after one short write
 * in place of LMDB's two syncs and the file system's journal (docs/decisions/0026, 0031).
 *
 *     operations are in LMDB's transaction ──► record in store.ahead, synced ──► told ──► … the next ones, in the same
 *                                                      │ a crash here                transaction … ──► LMDB's own commit
 *                                                      │                                                    │ or here
 *                                                      └── the next start makes the commit from the records ┘
 *
 * Records name the transaction that they stand for, which may be that of several batches: each is a part, and its checksum
 * covers that of the part before.  With the transaction in the database, or with another state of a zone than the one that
 * its first change was made of, they count no more.  So those of the next are written only when the database has synced the
 * transaction; the first commit of a process is made without one, which syncs what was there before.
 * When a database that is full makes other transactions necessary before the one that was told, each of them first writes
 * the record anew, as one part, as it will count after that transaction.  Until it is committed the former ones count: the
 * file has two slots, and parts are never written over those of the transaction before.
 * Format: docs/formats/store.md.
 * Bounds: a batch AHEAD_BYTES and AHEAD_OPERATIONS, a transaction AHEAD_SLOT_BYTES and AHEAD_TOLD_MAX; a batch that is larger
 * is committed as before.
 * Thread: the one that writes. */
#ifndef UNDERSTUDY_STORE_AHEAD_H
#define UNDERSTUDY_STORE_AHEAD_H

#include "store/batch_parts.h"

#define AHEAD_BYTES 65536       /* of a batch's part at most */
#define AHEAD_SLOT_BYTES 262144 /* of a transaction's parts, which begin at whole blocks */
#define AHEAD_BLOCK_BYTES 4096  /* whole ones are written: nothing has to be read for it */
#define AHEAD_SLOTS 2
#define AHEAD_FILE_BYTES (AHEAD_SLOTS * AHEAD_SLOT_BYTES) /* always */
#define AHEAD_OPERATIONS 16                               /* of a batch */
#define AHEAD_TOLD_MAX 512                                /* operations of a transaction */

/* The file; made, with all of its octets, if it is not there.  Commits that were told and did not come into the database
 * are made, before anything else is written.  The file's failure is none of the store's: every commit is made without
 * then.  ERR_NOMEM: what was told can't be read now; nothing was changed. */
MUST_CHECK enum err ahead_open(struct store *s);
void ahead_close(struct store *s);

/* b was applied.  Few operations, each of them a step or a state, with a step among them that was not refused: a transaction
 * that changes nothing takes no number, and the next would have the same one. */
bool ahead_takes(const struct store_batch *b);
/* After what the open transaction has told (NULL: nothing), or, without, into the slot that is not the current one; durable
 * when it is OK.  `former` of each operation is set.  Passes the fault point "ahead-write".  ERR_LIMIT: larger than may be;
 * ERR_IO, ERR_NOMEM. */
MUST_CHECK enum err ahead_write(const struct store_batch *told, const struct store_batch *b,
                                uint64_t transaction);
/* What was written last, as the first of a transaction, is what counts. */
void ahead_turn(struct store *s);
/* Another batch of the largest kind fits behind what the transaction has told. */
bool ahead_has_room(const struct store *s, const struct store_batch *told);

/* -- a part (ahead_record.c) -- */

static inline size_t ahead_whole_blocks(size_t len) {
	return (len + AHEAD_BLOCK_BYTES - 1) / AHEAD_BLOCK_BYTES * AHEAD_BLOCK_BYTES;
}

/* Octets written to buf; 0: it does not fit.  chain: of the parts before. */
size_t ahead_encode(const struct store_batch *told, const struct store_batch *b, uint64_t transaction,
                    const struct ahead_chain *chain, uint8_t *buf, size_t cap);
/* buf is a whole part behind those of chain. */
void ahead_chain_add(struct ahead_chain *chain, const uint8_t *buf);
/* The part at the beginning of buf, behind those of chain: its operations go into b, and chain goes on.  ERR_NOTFOUND: there
 * is no further part; ERR_CORRUPT: it is not whole; ERR_VERSION, ERR_NOMEM.  b and chain are as before then. */
MUST_CHECK enum err ahead_decode(const uint8_t *buf, size_t cap, struct ahead_chain *chain,
                                 struct store_batch *b);

#endif

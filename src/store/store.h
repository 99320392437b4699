/* What survives a crash: for every zone its state and its served version, committed together in LMDB.
 * Images up to STORE_INLINE_MAX octets stand in the database, larger ones in files beside it
 * (images/<16 hex>.img), which are written and synced before the commit that names them and removed after
 * the commit that no longer does; files that no commit names are removed at start.  docs/formats/store.md.
 *
 * Thread: one writer at a time (transfer's saver thread); store_load_all before the others start. */
#ifndef UNDERSTUDY_STORE_STORE_H
#define UNDERSTUDY_STORE_STORE_H

#include "base/log.h"
#include "base/why.h"
#include "zone/version.h"

#define STORE_INLINE_MAX 65536

/* Wall-clock timers and what was seen last. */
struct zone_state {
	int64_t checked_s;       /* last time a primary confirmed or sent the served version; 0: never */
	int64_t refresh_s;       /* next planned attempt */
	int64_t expire_s;        /* when the served version expires */
	int64_t since_s;         /* since when `reason` holds */
	uint32_t serial;         /* of the saved version; valid if has_version */
	uint32_t primary_serial; /* last seen at a primary; valid if has_primary_serial */
	uint32_t failures;       /* in a row */
	bool has_version;
	bool has_primary_serial;
	bool expired;
	struct why why; /* last failure, or REASON_NONE */
};

struct store;

/* Open or create dir (mode 0750).  The database in it never grows beyond 16 GiB (1 GiB on 32-bit machines).
 * One that is damaged is moved aside to store.mdb.damaged, which is logged, and the store starts empty.
 * ERR_EXISTS: another daemon uses dir; ERR_IO, ERR_NOMEM.  why is filled on failure.
 * Forks a child that reads the database first, so call it before there are threads. */
MUST_CHECK enum err store_open(const char *dir, struct log *log, struct store **out_store, struct why *why);
void store_close(struct store *s);

/* Calls each(ctx, name, state, version) for every zone saved; version is NULL if none or damaged (then
 * state->why.reason is STORE_DAMAGED and has_version false, and it was logged; since_s is not touched, and
 * a state that can't be read is zero but for that).  each takes the reference, is called on this thread
 * only and must not change the store.  Verifies checksums.  Files are mapped, not read into memory.  name:
 * lower case. */
typedef void store_each_fn(void *ctx, const uint8_t *name, const struct zone_state *state,
                           struct zone_version *version);
MUST_CHECK enum err store_load_all(struct store *s, store_each_fn *each, void *ctx);

/* A group of changes that is committed at once with one sync. */
struct store_batch;
struct store_batch *store_batch_new(struct store *s);
/* Save version and state together; serial and has_version are taken from v, whose apex is name.  For a
 * large image its file is written and synced here: ERR_IO with errno, ERR_NOMEM; the batch is then as
 * before and may go on.  *out_version is the version to publish in place of v after the commit: a mapping
 * of the saved file for large images, else v itself; a new reference either way. */
MUST_CHECK enum err store_batch_put(struct store_batch *b, const uint8_t *name,
                                    const struct zone_state *state, struct zone_version *v,
                                    struct zone_version **out_version);
/* Why the last store_batch_put that failed did so; borrowed from b. */
const struct why *store_batch_why(const struct store_batch *b);
/* State alone; the saved version stays with its serial, whatever state says of it. */
MUST_CHECK enum err store_batch_state(struct store_batch *b, const uint8_t *name,
                                      const struct zone_state *state);
MUST_CHECK enum err store_batch_remove(struct store_batch *b, const uint8_t *name);
/* Drop b and the files written for it. */
void store_batch_abort(struct store_batch *b);
/* All or nothing.  Later changes of a zone win over earlier ones.  Frees b in any case.  On failure
 * nothing of the batch is saved and files written for it are removed. */
MUST_CHECK enum err store_batch_commit(struct store_batch *b, struct why *why);

/* Zone file text of a version, in slices: appends whole records to out until the next does not fit; false
 * when there is no more.  Start with {0}.  A record needs at most TEXT_RECORD_CAP(its rdlength) octets
 * (dns/text.h); false with out->failed: out, as it came, had no room for the next one. */
struct export_cursor {
	uint32_t walk;
	uint32_t rrset, rdata;
	bool header_done;
};
bool export_next(const struct zone_version *v, struct export_cursor *cursor, struct writer *out);

#endif

/* What survives a crash: for every zone its state, its version and its history, committed together in LMDB.
 * Images up to STORE_INLINE_MAX octets stand in the database, larger ones in files beside it
 * (images/<16 hex>.img), which are written and synced before the commit that names them and removed after
 * the commit that no longer does; files that no commit names are removed at start.
 *
 * The journal holds the steps from version to version, one frame each, in the order in which they came:
 *
 *     oldest kept ──step──► … ──step──► saved image ──step──► … ──step──► newest version
 *     └────── history ──────────────────────┘         └── replayed at the next start ──┘
 *
 * Of the history the oldest steps are dropped when a zone's bounds are passed; the steps behind the image stay until
 * another image is saved.  docs/formats/store.md.
 *
 * Thread: one writer at a time (store_committer_start's thread); loading on one, the loop's; history is read on any thread that
 * may wait for the disk. */
#ifndef UNDERSTUDY_STORE_STORE_H
#define UNDERSTUDY_STORE_STORE_H

#include "base/log.h"
#include "base/why.h"
#include "zone/history_memory.h"
#include "zone/lookup.h"

#define STORE_INLINE_MAX 65536

/* Wall-clock timers and what was seen last. */
struct zone_state {
	int64_t checked_s;       /* last time a primary confirmed or sent the served version; 0: never */
	int64_t refresh_s;       /* next planned attempt */
	int64_t expire_s;        /* when the served version expires */
	int64_t since_s;         /* since when `reason` holds */
	uint32_t serial;         /* of the newest saved version; valid if has_version */
	uint32_t primary_serial; /* last seen at a primary; valid if has_primary_serial */
	uint32_t failures;       /* in a row */
	bool has_version;
	bool has_primary_serial;
	bool expired;
	bool held;             /* an operator has stopped transfers */
	bool has_rollback;     /* an operator has gone back to an earlier version, held_serial */
	uint32_t held_serial;  /* valid if has_rollback */
	uint32_t giver;        /* who gave the version: a hash of the primary's name; 0: not known */
	uint32_t expire_cut_s; /* it expires so much earlier than its SOA and checked_s say */
	struct why why;        /* last failure, or REASON_NONE */
};

/* What led from the version saved last to the one that is saved now. */
struct store_steps {
	struct change *const *steps; /* in order; references of their own are taken */
	unsigned count;              /* at least 1 */
	struct history_bounds bounds;
};

/* Written by a commit that succeeds: what became of one change of the batch. */
struct store_outcome {
	enum err error;   /* OK; ERR_STALE, ERR_LIMIT: see there; nothing of this change is saved then */
	bool wants_image; /* the steps behind the saved image are many: save a whole image soon */
};

struct store;

/* Open or create dir (mode 0750).  The database in it never grows beyond 16 GiB (1 GiB on 32-bit machines).
 * One that is damaged is moved aside to store.mdb.damaged, which is logged, and the store starts empty.
 * ERR_EXISTS: another daemon uses dir; ERR_IO, ERR_NOMEM.  why is filled on failure.
 * Forks a child that reads the database first, so call it before there are threads.  A few threads begin to read the files
 * of large images, which store_load_files waits for: whatever else a start does goes in between. */
MUST_CHECK enum err store_open(const char *dir, struct log *log, struct store **out_store, struct why *why);
/* The same in two steps: whatever needs no store goes in between, while the child reads.  Until store_open_end has gone well
 * nothing is asked of the store but to be closed, or to set what store_set_history_memory sets. */
MUST_CHECK enum err store_open_begin(const char *dir, struct log *log, struct store **out_store,
                                     struct why *why);
MUST_CHECK enum err store_open_end(struct store *s, struct why *why);
void store_close(struct store *s);
/* Nothing is to be saved or read for now: memory that only this takes is given back.  Any thread that may wait for the
 * disk. */
void store_rest(struct store *s);

/* -- the start -- */

/* A zone as it was saved; version is NULL if none or damaged (then state->why.reason is STORE_DAMAGED and has_version
 * false, and it was logged; since_s is not touched, and a state that can't be read is zero but for that).  Takes the
 * reference, is called on the caller's thread only and must not change the store.  Checksums were verified.  Files are
 * mapped, not read into memory.  name: lower case. */
typedef void store_each_fn(void *ctx, const uint8_t *name, const struct zone_state *state,
                           struct zone_version *version);
/* False: the zone is passed over.  *out_version, NULL as it comes: what store_look has given of it, borrowed; where it is
 * still what is saved it is not read again: the version that is handed over stands on the same image. */
typedef bool store_wants_fn(void *ctx, const uint8_t *name, const struct zone_version **out_version);
struct store_cursor {
	size_t len; /* 0: before the first zone */
	uint8_t key[NAME_MAX_LEN];
};

/* Zones whose images are files, each looked for by what the files say of themselves.  Costs what the files cost, however
 * many zones are in the database.  Once, before store_load_some. */
MUST_CHECK enum err store_load_files(struct store *s, store_each_fn *each, void *ctx);
/* The others in turn, max more of them (wanted or not); wants NULL: all.  Start with {0}.  ERR_NOTFOUND: there are no
 * more. */
MUST_CHECK enum err store_load_some(struct store *s, struct store_cursor *cursor, size_t max,
                                    store_wants_fn *wants, store_each_fn *each, void *ctx);
/* All were read: what that took is given back. */
void store_loaded(struct store *s);
/* One of the others, by its name in lower case.  ERR_NOTFOUND. */
MUST_CHECK enum err store_load_one(struct store *s, const uint8_t *name, store_each_fn *each, void *ctx);
/* The version to answer from of one whose turn has not come; a reference.  NULL: it has none, or one that expired, is
 * damaged or a file.  Waits for nothing but pages of the database.  Thread: any. */
struct zone_version *store_look(struct store *s, const uint8_t *name, int64_t now_s);

/* A group of changes that is committed at once with one sync. */
struct store_batch;
struct store_batch *store_batch_new(struct store *s);
/* Save a whole image (version_is_whole) and state together; serial and has_version are taken from v, whose apex is
 * name.  For a large image its file is written and synced here: ERR_IO with errno, ERR_NOMEM; the batch is then as
 * before and may go on.  *out_version is the version to publish in place of v after the commit: a mapping
 * of the saved file for large images, else v itself; a new reference either way.
 * What is open on the committer's thread is committed before a file is written.
 * steps: the last one's `to` is v's serial.  If they do not follow on the version saved last, or are NULL, the history
 * ends here and begins anew. */
MUST_CHECK enum err store_batch_put(struct store_batch *b, const uint8_t *name,
                                    const struct zone_state *state, struct zone_version *v,
                                    const struct store_steps *steps, struct zone_version **out_version);
/* Save the steps to a new version instead of its image, with the state; the saved image stays and the steps are
 * replayed at the next start.  serial is taken from the last step.  Costs what the steps cost.
 * outcome->error: ERR_STALE: they do not follow on the version saved last; ERR_LIMIT: too many steps are behind the
 * image already: save the version whole.  outcome lives until the commit. */
MUST_CHECK enum err store_batch_step(struct store_batch *b, const uint8_t *name,
                                     const struct zone_state *state, const struct store_steps *steps,
                                     struct store_outcome *outcome);
/* Save the whole image of a version that the journal leads to or through: v's serial is that of the saved image or of a
 * step behind it (the newest such).  The steps up to it become history, those behind it stay; the state stays.  As
 * store_batch_put otherwise.  outcome->error: ERR_STALE: there is no such version. */
MUST_CHECK enum err store_batch_image(struct store_batch *b, const uint8_t *name, struct zone_version *v,
                                      struct zone_version **out_version, struct store_outcome *outcome);
/* Saving v whole (if it is) costs little more than its steps and saves the replay at the next start. */
bool store_prefers_image(const struct zone_version *v);
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

/* As store_batch_commit.  A batch of a few small steps and states is written ahead of the database's commit (store/ahead.h):
 * safe is called once, from here, as soon as it survives a crash; outcomes are written then, and nothing of the caller's is
 * touched after.  The result is OK then, also if the database can't commit it now: the store does so before anything else
 * that it saves, or at the next start. */
typedef void store_safe_fn(void *ctx);
MUST_CHECK enum err store_batch_commit_early(struct store_batch *b, store_safe_fn *safe, void *ctx,
                                             struct why *why);

/* A thread of the store's own, on which all batches are committed from now on, in jobs.  What is told there, if there was
 * something a fifth of a second before, shares a commit of the database with what follows within another fifth.  False: there is no thread to be had. */
MUST_CHECK bool store_committer_start(struct store *s);
/* When the job before has nothing more to do but to return.  Thread: the one that has started it, as for the next. */
void store_committer_run(struct store *s, void (*job)(void *ctx), void *ctx);
/* Returns when the last job and all commits are done. */
void store_committer_stop(struct store *s);

/* -- history -- */

/* One step of a zone's history. */
struct history_step {
	uint32_t from, to;       /* serials */
	uint32_t removed, added; /* records, the SOA of each side not counted */
	int64_t time_s;          /* when it came here */
	uint64_t bytes;          /* in the database */
};
/* Calls each for every step that is kept, oldest first; nothing for a zone without.  The store waits meanwhile: each
 * must not call it.  Damaged steps end the list.  ERR_IO, ERR_CORRUPT: the database can't be read. */
typedef void store_history_fn(void *ctx, const struct history_step *step);
MUST_CHECK enum err store_history(struct store *s, const uint8_t *name, store_history_fn *each, void *ctx);
/* The steps that lead from serial `from` to the later serial `to` (for version_apply, forward or backward): one
 * reference, the caller's.  Where a serial occurs twice the newest way is meant.
 * ERR_NOTFOUND: the history has no such way; ERR_LIMIT: more than max_bytes; ERR_CORRUPT, ERR_IO, ERR_NOMEM. */
MUST_CHECK enum err store_read_steps(struct store *s, const uint8_t *name, uint32_t from, uint32_t to,
                                     uint64_t max_bytes, struct changes **out_changes);

/* How much of all zones' history may be in memory, for transfers out; without this call: none.  Any thread. */
void store_set_history_memory(struct store *s, uint64_t bytes);
/* Set next->changes before next is published: former (NULL: none) and the further steps (NULL: none, the way from
 * former is not known), the newest of them, as far as the zone's and the overall share of memory go.  Any thread. */
void store_remember(struct store *s, struct zone_version *next, const struct changes *former,
                    const struct store_steps *steps);

/* Zone file text of a version, in slices: appends whole records to out until the next does not fit, or NSEC3 owners would
 * follow on names; false when there is no more.  Start with {0}.  A record needs at most TEXT_RECORD_CAP(its rdlength) octets
 * (dns/text.h); false with out->failed: out, as it came, had no room for the next one. */
struct export_cursor {
	struct zone_walk walk;
	uint32_t rrset, rdata;
	bool header_done;
};
bool export_next(const struct zone_version *v, struct export_cursor *cursor, struct writer *out);

#endif

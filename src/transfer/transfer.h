/* Following the primaries: schedule, SOA questions, transfers in, ingest (build, check, save, publish,
 * announce), NOTIFY out.  Everything here runs on the transfer thread's libuv loop but transfer_notified (any
 * thread) and the saver (libuv's pool).  The state machines inside (follow.h, transfer_in.h, schedule.h …) are
 * sans-IO. */
#ifndef UNDERSTUDY_TRANSFER_TRANSFER_H
#define UNDERSTUDY_TRANSFER_TRANSFER_H

#include <uv.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/told.h"
#include "inventory/policy.h"
#include "store/store.h"
#include "transfer/attempt.h"
#include "transfer/notify_out.h"
#include "transfer/strangers.h"
#include "transfer/trust_book.h"
#include "transfer/truth.h"
#include "zone/table.h"

struct transfer;

struct transfer_settings {
	unsigned transfers_max; /* running at once over all primaries, e.g. 32 */
	unsigned
		transfers_per_primary; /* at once per primary address (pipelined on its connections), e.g. 8 */
	unsigned connections_per_primary; /* 2 */
	unsigned udp_queries_max;         /* SOA questions in flight */
	uint64_t collect_max_bytes; /* octets of records that all transfers under way may hold; 0: no bound */
	struct trust_book *trust;   /* for primaries over TLS; borrowed; NULL: there are none */
};

/* Of a zone under our care. */
struct zone_truth {
	enum truth_state state;
	enum reason reason;
	bool has_serial;
	uint32_t serial;
};
struct transfer_progress {
	struct addr primary;
	uint32_t messages;
	uint64_t records, bytes;
};

/* Whoever wants to know what happens; what it is not asked for may be NULL.  Called in the midst of things: it looks, and
 * asks transfer for nothing. */
struct transfer_watcher {
	void *ctx;
	void (*attempt)(void *ctx, const uint8_t *zone, const struct attempt *attempt);
	/* The state or its reason is another; also when the zone is new. */
	void (*state)(void *ctx, const uint8_t *zone, struct zone_truth former, struct zone_truth now);
	/* A transfer begins (all 0), and goes on: at most twice a second. */
	void (*progress)(void *ctx, const uint8_t *zone, const struct transfer_progress *progress);
};

/* loop, table, store, epoch, log are borrowed. */
struct transfer *transfer_new(uv_loop_t *loop, const struct transfer_settings *settings,
                              struct zone_table *table, struct store *store, struct epoch *epoch,
                              struct log *log);
/* Before the first zone comes. */
void transfer_set_watcher(struct transfer *t, const struct transfer_watcher *watcher);
/* Cancel everything in flight, save the states, close handles; calls done when the loop holds nothing of ours. */
void transfer_stop(struct transfer *t, void (*done)(void *ctx), void *ctx);
void transfer_free(struct transfer *t);

/* At start, before zones are added; the store need not be open yet.  What the store has of the zones that are added then is
 * read in turns of the loop, and of one that somebody asks for at once; questions are answered from the store meanwhile
 * (store_look, by table_set_reader).  What the inventory never claims is removed from the store by transfer_claimed. */
void transfer_load_begin(struct transfer *t);
/* Images that are files are verified now.  Before or after zones are added, and before anything else is asked of them. */
MUST_CHECK enum err transfer_load_files(struct transfer *t);
/* When all zones of the start were added: read on for so long; the rest follows in turns. */
void transfer_load_on(struct transfer *t, unsigned ms);
void transfer_claimed(struct transfer *t);
/* Others had much memory and gave it back: when nothing is saved for a while, it goes back to the system. */
void transfer_rest(struct transfer *t);

/* Inventory's changes.  A zone with a saved version is served at once (or SERVFAIL if its expire time is past);
 * one without is transferred at once. */
void transfer_zone_added(struct transfer *t, const uint8_t *name, const struct zone_policy *policy);
void transfer_zone_changed(struct transfer *t, const uint8_t *name, const struct zone_policy *policy);
void transfer_zone_removed(struct transfer *t, const uint8_t *name);

/* An accepted NOTIFY; any thread, never blocks; coalesced per zone by entry->notify_pending; one that comes during
 * a transfer is remembered.  Must be called inside an epoch that holds entry. */
void transfer_notified(struct transfer *t, struct zone_entry *entry, const struct addr *peer, bool has_serial,
                       uint32_t serial);

/* The trust book was read again: what failed over TLS may be tried at once. */
void transfer_trust_changed(struct transfer *t);

/* A NOTIFY that was refused: its sender is told in the zone's status.  As transfer_notified.  key: as the request named
 * it, NULL for none; tsig_error: 0 if it verified. */
void transfer_stranger(struct transfer *t, const struct zone_entry *entry, const struct addr *peer,
                       const uint8_t *key, uint16_t tsig_error);

/* Operator's wishes.  ERR_NOTFOUND; ERR_REFUSED: the zone is held. */
MUST_CHECK enum err transfer_refresh(struct transfer *t, const uint8_t *name);    /* ask for the SOA now */
MUST_CHECK enum err transfer_retransfer(struct transfer *t, const uint8_t *name); /* AXFR now, any serial */
/* Stop transfers of a zone (told: the store has it; not called unless OK is returned, as below); one that is being saved ends.  NOTIFYs are noted.  The expire time counts on. */
MUST_CHECK enum err transfer_hold(struct transfer *t, const uint8_t *name, struct told told);
/* … and begin again: the primary is asked at once.  ERR_MISMATCH: it is not held. */
MUST_CHECK enum err transfer_release(struct transfer *t, const uint8_t *name, struct told told);

/* Earlier versions.  ERR_NOTFOUND: no such zone; ERR_STALE: the history does not lead there; others: why is filled. */
/* The steps that are kept, oldest first: store_history. */
MUST_CHECK enum err transfer_history(struct transfer *t, const uint8_t *name, store_history_fn *each,
                                     void *ctx);
/* What leads from one serial to the other, one reference. */
MUST_CHECK enum err transfer_diff(struct transfer *t, const uint8_t *name, uint32_t from, uint32_t to,
                                  struct change **out_change, struct why *why);
/* Serve the version with this serial and hold the zone; it survives a restart.  The expire time counts on. */
MUST_CHECK enum err transfer_rollback(struct transfer *t, const uint8_t *name, uint32_t serial,
                                      struct why *why, struct told told);

/* Let the version through that a guard refused last: it is transferred again, and passes that guard if it is still the
 * same.  ERR_NOTFOUND; ERR_MISMATCH: none was refused. */
MUST_CHECK enum err transfer_accept(struct transfer *t, const uint8_t *name);

/* Attempts kept for the status of a zone: the newest so many. */
#define ATTEMPTS_KEPT 8

/* What a zone does now or will do. */
enum zone_action {
	NEXT_ASKS,             /* asks for the SOA record at at_s */
	NEXT_TRANSFERS,        /* transfers at at_s, without a question before */
	NEXT_AWAITS_ANSWER,    /* has asked */
	NEXT_COPIES,           /* a transfer is under way or waits for its turn */
	NEXT_SAVES,            /* what came is built, checked and saved */
	NEXT_WAITS_FOR_RELEASE /* held */
};
struct zone_next {
	enum zone_action action;
	bool has_primary;
	struct addr primary;
	int64_t at_s; /* 0: now, or not known */
};

/* All there is to say about a zone. */
struct zone_report {
	struct name name;
	const char *state; /* truth_text */
	int64_t state_s;   /* since when */
	bool held;         /* by an operator; state tells "expired" of an expired one all the same */
	bool rolled_back;  /* what is served is an earlier version */
	bool noted;        /* held, and something came that a release will act on */
	struct zone_next next;
	bool has_serial;
	uint32_t serial; /* served (or held while expired) */
	uint64_t records, bytes;
	struct soa soa;                   /* valid with has_serial */
	const struct zone_policy *policy; /* borrowed until the next loop turn */
	struct zone_state saved;          /* timers, last failure, primary's serial */
	bool transferring;
	bool has_refused; /* a guard refused a version, which may be accepted */
	uint32_t refused_serial;
	struct why warning;               /* about the version served; REASON_NONE: none */
	const struct notify_list *notify; /* whom we told, and what came; borrowed until the next loop turn */
	unsigned stranger_count;
	struct stranger_seen strangers[STRANGERS_PER_ZONE]; /* senders of refused NOTIFYs, newest first */
	unsigned attempt_count;
	struct attempt attempts[ATTEMPTS_KEPT]; /* newest first */
};
MUST_CHECK enum err transfer_report(struct transfer *t, const uint8_t *name, struct zone_report *out_report);
/* false: there is no such zone. */
bool transfer_truth(const struct transfer *t, const uint8_t *name, struct zone_truth *out_truth);
/* Version for an export: a reference, or NULL. */
struct zone_version *transfer_version(struct transfer *t, const uint8_t *name);

/* Since the start, but for the last lines: zones now. */
struct transfer_counters {
#define TRANSFER_COUNTER(name, text) uint64_t name;
#include "transfer/counters.def"
#undef TRANSFER_COUNTER
	uint64_t ixfr_failed_by[REASON_COUNT]; /* why an AXFR had to follow */
	uint64_t failed_by[REASON_COUNT];      /* attempts of any kind */
	uint64_t zones, zones_served, zones_pending, zones_expired;
	uint64_t zones_unread;        /* of zones_pending: what is saved of them is still to be read */
	uint64_t states[TRUTH_COUNT]; /* as judged when something last happened to the zone */
};
void transfer_count(const struct transfer *t, struct transfer_counters *out_counters);

#endif

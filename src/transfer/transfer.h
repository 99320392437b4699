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
#include "inventory/policy.h"
#include "store/store.h"
#include "transfer/attempt.h"
#include "transfer/trust_book.h"
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

/* loop, table, store, epoch, log are borrowed. */
struct transfer *transfer_new(uv_loop_t *loop, const struct transfer_settings *settings,
                              struct zone_table *table, struct store *store, struct epoch *epoch,
                              struct log *log);
/* Cancel everything in flight, save the states, close handles; calls done when the loop holds nothing of ours. */
void transfer_stop(struct transfer *t, void (*done)(void *ctx), void *ctx);
void transfer_free(struct transfer *t);

/* At start, before zones are added: take over all that the store has; versions wait until their zone is added.
 * What the inventory never claims is removed from the store by transfer_claimed. */
MUST_CHECK enum err transfer_load(struct transfer *t);
void transfer_claimed(struct transfer *t);

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

/* Operator's wishes.  ERR_NOTFOUND. */
MUST_CHECK enum err transfer_refresh(struct transfer *t, const uint8_t *name);    /* ask for the SOA now */
MUST_CHECK enum err transfer_retransfer(struct transfer *t, const uint8_t *name); /* AXFR now, any serial */

/* Let the version through that a guard refused last: it is transferred again, and passes that guard if it is still the
 * same.  ERR_NOTFOUND; ERR_MISMATCH: none was refused. */
MUST_CHECK enum err transfer_accept(struct transfer *t, const uint8_t *name);

/* Attempts kept for the status of a zone: the newest so many. */
#define ATTEMPTS_KEPT 8

/* All there is to say about a zone. */
struct zone_report {
	struct name name;
	const char *state; /* "pending", "active", "stale", "expired", "error" */
	bool has_serial;
	uint32_t serial; /* served (or held while expired) */
	uint64_t records, bytes;
	struct soa soa;                   /* valid with has_serial */
	const struct zone_policy *policy; /* borrowed until the next loop turn */
	struct zone_state saved;          /* timers, last failure, primary's serial */
	bool transferring;
	bool has_refused; /* a guard refused a version, which may be accepted */
	uint32_t refused_serial;
	struct why warning; /* about the version served; REASON_NONE: none */
	unsigned attempt_count;
	struct attempt attempts[ATTEMPTS_KEPT]; /* newest first */
};
MUST_CHECK enum err transfer_report(struct transfer *t, const uint8_t *name, struct zone_report *out_report);
/* Version for an export: a reference, or NULL. */
struct zone_version *transfer_version(struct transfer *t, const uint8_t *name);

/* Since the start, but for the last line: zones now. */
struct transfer_counters {
#define TRANSFER_COUNTER(name, text) uint64_t name;
#include "transfer/counters.def"
#undef TRANSFER_COUNTER
	uint64_t ixfr_failed_by[REASON_COUNT]; /* why an AXFR had to follow */
	uint64_t failed_by[REASON_COUNT];      /* attempts of any kind */
	uint64_t zones, zones_served, zones_pending, zones_expired;
};
void transfer_count(const struct transfer *t, struct transfer_counters *out_counters);

#endif

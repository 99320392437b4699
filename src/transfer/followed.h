/* A zone as the transfer thread holds it: the state machine, the version, what is under way for it; 259 octets and its
 * name, with its attempts about 310.  And the
 * parts that all zones share (struct transfer), for the files of this folder only.
 * Thread: transfer's. */
#ifndef UNDERSTUDY_TRANSFER_FOLLOWED_H
#define UNDERSTUDY_TRANSFER_FOLLOWED_H

#include "base/heap.h"
#include "base/packed.h"
#include "transfer/answer.h"
#include "transfer/asker.h"
#include "transfer/copy.h"
#include "transfer/follow.h"
#include "transfer/guard.h"
#include "transfer/history.h"
#include "transfer/inbox.h"
#include "transfer/ingest.h"
#include "transfer/notify_out.h"
#include "transfer/saver.h"
#include "transfer/schedule.h"
#include "transfer/transfer.h"

/* What hardly any zone has at rest: see followed_seldom. */
struct seldom {
	struct guard_memory *guarded; /* NULL: nothing was refused or odd */
	struct why *unserved;         /* found by the watchdog; NULL: nothing */
	struct notify_list notify;
	struct stranger_list strangers;
};

/* Counted references: the table's entry holds one, everything queued for the saver holds one. */
struct followed {
	struct follow follow; /* first: entry->follow points here */
	struct schedule_item due;
	struct transfer *transfer;
	struct zone_entry *entry;     /* NULL: not claimed, or removed */
	struct zone_version *version; /* a reference on what is served, or held while expired; NULL: none */
	struct history *history;
	struct soa_query *query; /* under way; NULL: none */
	struct copy *copy;       /* under way; NULL: none */
	struct merge *merging;   /* waiting or under way; NULL: none */
	struct save *dirty;      /* the state waits to be saved; NULL: it does not */
	struct seldom *seldom;   /* NULL: nothing of it */
	struct followed *next;   /* in the map of what nobody has claimed, or in the list of those to save */
	int64_t state_s;         /* since when the state is what was last told; 0: not told yet */
	uint32_t committed;      /* serial that the store has; valid with follow.has_version */
	uint16_t asked;          /* primary that query or copy is with */
	uint8_t state;           /* enum truth_state, as it was last told */
	uint8_t reason;          /* enum reason, as it was last told */
	unsigned references;
	uint32_t place;   /* in its block: base/packed.h */
	bool rolled_back; /* an operator went back to the version held, and has not released it */
	bool is_earlier; /* the store has saved newer versions than the one held, which its state must name */
	bool wants_image; /* the store has asked for a whole image, which it has not got yet */
	uint8_t name[];   /* lower case */
};

#define UNCLAIMED_BUCKETS 65536

/* load.c: zones wait for their records; the store's are read in turn; those that it does not have begin. */
enum load_step { LOAD_WAITS, LOAD_STORED, LOAD_NEW, LOAD_DONE };

struct transfer {
	uv_loop_t *loop;
	struct zone_table *table;
	struct store *store;
	struct epoch *epoch;
	struct log *log;
	struct random random;
	struct pool *pool;
	struct asker *asker;
	struct saver *saver;
	struct ingest *ingest;
	struct merger *merger;
	struct notifier *notifier;
	struct inbox *inbox;
	struct strangers *strangers;
	struct schedule schedule;
	struct packed followed; /* memory of all zones */
	struct packed versions; /* of small ones that are held */
	struct packed attempts; /* of all zones: history.c */
	struct heap heap;
	uv_timer_t tick;    /* the schedule's next */
	uv_timer_t lazy;    /* states to save */
	uv_timer_t collect; /* retired versions to free */
	uv_timer_t wake;    /* primaries came back */
	uv_timer_t watch;
	uv_timer_t rest; /* see rest.c */
	uv_work_t rest_work;
	bool resting;          /* rest_work is under way */
	bool rest_waits;       /* for the saver, which was busy when its time came */
	uint64_t rested_saves; /* saver_count when it began last */
	size_t watch_cursor;   /* where its next look begins */
	enum load_step load_step;
	uv_timer_t load;
	struct store_cursor load_cursor;
	size_t load_walk, load_count; /* place in the table; zones at the start, while it lasts */
	size_t unread;                /* entries of the table that have no followed yet */
	struct followed *
		*unclaimed; /* UNCLAIMED_BUCKETS lists of what nobody wants; NULL: there can be none */
	size_t unclaimed_count;
	bool all_claimed;       /* what is unclaimed when all is read is to be removed */
	struct followed *dirty; /* states to save, by next */
	struct moment last;     /* clocks as they were read last */
	struct transfer_counters counters;
	struct transfer_watcher watcher;
	bool stopping;
	unsigned to_close; /* parts whose handles are still open */
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

/* NULL: what was saved of it was not read yet. */
static inline struct followed *followed_of(struct zone_entry *entry) {
	return (struct followed *)entry->follow;
}
struct followed *followed_new(struct transfer *t, const uint8_t *name);
void followed_ref(struct followed *z);
void followed_unref(struct followed *z);
/* From now on it has one, which stays where it is as long as the zone. */
struct seldom *followed_seldom(struct followed *z);
/* Hold v from now on, instead of what was; takes the reference. */
void followed_hold(struct followed *z, struct zone_version *v);
/* Between what is saved and the state machine. */
void followed_load(struct followed *z, const struct zone_state *state, struct zone_version *version);
struct zone_state followed_state(const struct followed *z);
const struct zone_policy *followed_policy(const struct followed *z);
/* Whoever answers for the zone knows when it expires, or did. */
void followed_tell_expiry(struct followed *z);

/* -- load.c -- */

/* The zone of an entry, which is read now if it was not yet. */
struct followed *followed_at(struct transfer *t, struct zone_entry *entry);
/* NULL: there is no such zone. */
struct followed *followed_find(struct transfer *t, const uint8_t *name);
/* A zone was put into the table: begin to follow it, now or when its turn comes. */
void load_begin_zone(struct transfer *t, struct zone_entry *entry);
/* One after another; NULL: there are no more. */
struct followed *load_pop_unclaimed(struct transfer *t);
void load_init(struct transfer *t);

/* -- clocks.c: time as all of transfer sees it -- */

/* Read the clocks; when the wall clock was set back, all times move with it first. */
int64_t clocks_now_s(struct transfer *t);
/* Zones are due: have the schedule looked at when its first one is. */
void clocks_arm(struct transfer *t);
void clocks_init(struct transfer *t);
/* Something was retired: free it when no reader can hold it. */
void clocks_collect(struct transfer *t);

/* -- report.c -- */

/* Something happened: the state may be another now. */
void state_update(struct followed *z);

/* -- watch.c -- */

void watch_init(struct transfer *t);
/* Is what was committed what questions get?  If not, it is told and mended. */
void watch_zone(struct followed *z);

/* -- rest.c -- */

/* After the saver is made, whose idle callback it takes until transfer_stop. */
/* Something that saves nothing has read much. */
void rest_soon(struct transfer *t);
void rest_init(struct transfer *t);

/* -- attempt.c -- */

/* Into the history of the zone, the counters and the log.  The only way an attempt gets there. */
void record_attempt(struct followed *z, const struct attempt *attempt);

/* -- wake.c: zones of primaries that came back -- */

void wake_init(struct transfer *t);

/* -- steps.c: decisions of the state machine carried out -- */

struct follow_env steps_env(struct followed *z);
void steps_apply(struct followed *z, struct follow_decision d);
/* A copy, or what is done with it, failed: what now? */
void steps_failed(struct followed *z, const struct why *why, bool no_tcp);
/* What is under way is given up, without a result. */
void steps_cancel(struct followed *z);
/* Change what is served, and the counters of it.  v: NULL for none. */
void steps_publish(struct followed *z, struct zone_version *v, enum zone_status status);
/* Save the state within two seconds, together with others'. */
void steps_keep(struct followed *z);
void steps_save_dirty(struct transfer *t);

#endif

/* The table of zones: which zones this server has, and the version of each that is served.
 *
 * Readers (query workers) find entries and load their published pointers without locks, inside an epoch;
 * one writer thread (transfer's) changes the table.  Cost of add, remove, find: constant (amortised). */
#ifndef UNDERSTUDY_ZONE_TABLE_H
#define UNDERSTUDY_ZONE_TABLE_H

#include <stdatomic.h>

#include "base/addr.h"
#include "base/epoch.h"
#include "zone/sought.h"
#include "zone/version.h"

enum zone_status {
	ZONE_PENDING, /* never had a version: SERVFAIL */
	ZONE_SERVED,
	ZONE_EXPIRED /* SERVFAIL */
};

struct zone_policy; /* inventory/policy.h */
struct follow;      /* transfer's own state of the zone */

struct zone_entry {
	_Atomic(struct zone_version *)
		served; /* NULL unless status is ZONE_SERVED, or &table_unread: see table_served */
	_Atomic(const struct zone_policy *)
		policy;                 /* never NULL; the writer holds the reference and gives it up by
	                                             * epoch when it changes or the zone goes */
	_Atomic int64_t expires_at_s;   /* wall time when the version held expires or did; 0: not known */
	struct follow *follow;          /* writer thread only; NULL: not read from the store yet */
	uint32_t place;                 /* in its block: base/packed.h */
	_Atomic uint8_t status;         /* enum zone_status */
	_Atomic uint8_t notify_pending; /* a NOTIFY waits in transfer's inbox: later ones coalesce */
	uint8_t labels;                 /* of name */
	uint8_t name_len;
	uint8_t name[]; /* wire form, lower case */
};
_Static_assert(sizeof(struct zone_entry) == 40, "a million of them are kept");

struct zone_table;

/* In `served`: there is a version, but it was not read from the store yet. */
extern struct zone_version table_unread;
/* Reads it: a reference, or NULL.  Any thread, within an epoch; waits for nothing. */
struct table_reader {
	void *ctx;
	struct zone_version *(*read)(void *ctx, const struct zone_entry *entry);
};

struct zone_table *table_new(struct epoch *epoch);
void table_free(struct zone_table *t);

/* Before there are readers. */
void table_set_reader(struct zone_table *t, const struct table_reader *reader);
/* What questions get now, read from the store if it was not yet; NULL: nothing.  As table_find_zone. */
struct zone_version *table_read(const struct zone_table *t, struct zone_entry *entry);
static inline struct zone_version *table_served(const struct zone_table *t, struct zone_entry *entry) {
	struct zone_version *v = atomic_load_explicit(&entry->served, memory_order_acquire);
	return __builtin_expect(v == &table_unread, 0) ? table_read(t, entry) : v;
}
/* Writer thread: the entry, just added, has what the store has; table_publish ends that. */
void table_leave_unread(struct zone_entry *entry);

/* Longest zone that qname is in; NULL: none.  strict: the zone must be above qname, not qname itself (DS at
 * the parent side).  Thread: readers inside an epoch, and the writer. */
struct zone_entry *table_find_zone(const struct zone_table *t, const uint8_t *qname, bool strict);
/* The same for a name that is prepared. */
struct zone_entry *table_find_sought(const struct zone_table *t, const struct sought *s, bool strict);
/* The same, not strict, and s remembers it: until the epoch ends that is what is found for s. */
struct zone_entry *table_expect(const struct zone_table *t, struct sought *s);
/* Exactly this zone. */
struct zone_entry *table_find(const struct zone_table *t, const uint8_t *name);
/* Some zone, for what all have in common; NULL: there is none (or hardly any left of very many).  Thread: as
 * table_find_zone. */
struct zone_entry *table_any(const struct zone_table *t);

/* Writer thread.  ERR_EXISTS. */
MUST_CHECK enum err table_add(struct zone_table *t, const uint8_t *name, const struct zone_policy *policy,
                              struct zone_entry **out_entry);
/* Writer thread.  The entry and its version are freed when no reader can hold them. */
void table_remove(struct zone_table *t, struct zone_entry *entry);
/* Writer thread: room for so many more, so that adding them moves nothing. */
void table_reserve(struct zone_table *t, size_t more);
size_t table_count(const struct zone_table *t);
/* Writer thread: entries in no particular order; start with cursor 0; NULL at the end.  Entries added or
 * removed meanwhile may be missed or seen. */
struct zone_entry *table_next(const struct zone_table *t, size_t *cursor);

/* Publish: takes a reference of its own on v (NULL: serve none, status says why); the former version is
 * released by epoch.  Writer thread. */
void table_publish(struct zone_table *t, struct zone_entry *entry, struct zone_version *v,
                   enum zone_status status);

#endif

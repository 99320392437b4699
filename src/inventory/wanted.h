/* What is to be served now: the union of what all sources want (the configuration file, the database), in memory.
 *
 * A name belongs to the source that had it first; another that wants it too is told so, and gets nothing, until the
 * name is free and the source says its wish again.  Differences go to the watcher, in any order but removals first.
 * Memory: 24 octets, its place in the index (11 to 21) and its name for each zone.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_INVENTORY_WANTED_H
#define UNDERSTUDY_INVENTORY_WANTED_H

#include "inventory/intents.h"

enum wanted_source { WANTED_FILE, WANTED_DATABASE, WANTED_SOURCES };

/* During each call wanted_find still or already knows the zone. */
struct wanted_watcher {
	void *ctx;
	void (*added)(void *ctx, const uint8_t *name, const struct zone_policy *policy, uint32_t account);
	void (*changed)(void *ctx, const uint8_t *name, const struct zone_policy *policy, uint32_t account);
	void (*removed)(void *ctx, const uint8_t *name);
	/* The zone is another account's from now on.  NULL: nobody asks. */
	void (*moved)(void *ctx, const uint8_t *name, uint32_t former, uint32_t account);
	/* source wants a name that belongs to another one.  NULL: nobody asks. */
	void (*refused)(void *ctx, const uint8_t *name, enum wanted_source source);
};

struct wanted;
struct wanted *wanted_new(const struct wanted_watcher *watcher);
/* Tells the watcher nothing. */
void wanted_free(struct wanted *w);

struct wanted_summary {
	size_t added, changed, removed, unchanged, refused;
};
/* The whole wish of a source.  Idempotent.  Each name at most once in the list (the configuration's reader reports
 * doubles): ERR_EXISTS, nothing is applied. */
MUST_CHECK enum err wanted_replace(struct wanted *w, enum wanted_source source,
                                   const struct intent_list *list, struct wanted_summary *out_summary);

/* What a transaction of the inventory has changed of what is to be served.  Start with {0}. */
struct wanted_changes {
	struct intent_list put;     /* new, or with another policy, owner or number */
	struct intent_list removed; /* policies are NULL */
};
/* Takes the content; changes are empty afterwards.  What has happened already is passed over. */
void wanted_change(struct wanted *w, enum wanted_source source, struct wanted_changes *changes,
                   struct wanted_summary *out_summary);
void wanted_changes_done(struct wanted_changes *changes);

struct wanted_zone {
	const struct zone_policy *policy; /* borrowed until the next change */
	uint64_t number;                  /* 0: none is known */
	uint32_t account;
	enum wanted_source source;
	uint16_t note; /* 0, or what wanted_note left */
};
/* name: lower case.  false: nobody wants it. */
bool wanted_find(const struct wanted *w, const uint8_t *name, struct wanted_zone *out_zone);
/* Keep two octets of others with the zone, for who looks through all of them; a zone that is new has 0.
 * name: lower case.  false: nobody wants it. */
bool wanted_note(struct wanted *w, const uint8_t *name, uint16_t note, uint32_t *out_account);
size_t wanted_count(const struct wanted *w);
/* One zone after another, in any order; *cursor begins with 0.  false: there are no more.  The name is borrowed until
 * the next change. */
bool wanted_next(const struct wanted *w, size_t *cursor, const uint8_t **out_name,
                 struct wanted_zone *out_zone);

#endif

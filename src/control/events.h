/* What happens, for those who watch: a ring of the latest events, from which each of them reads at its own pace.  Who is
 * too slow is told how many were lost; nobody is waited for.
 *
 * Nothing is kept while nobody watches, nor has for EVENTS_KEEP_S, the time in which one may come back and go on.
 * Bound: EVENTS_MAX events.  Thread: the loop's. */
#ifndef UNDERSTUDY_CONTROL_EVENTS_H
#define UNDERSTUDY_CONTROL_EVENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "dns/name.h"

#define EVENTS_MAX 4096
#define EVENTS_KEEP_S 60

enum watch_kind {
#define WATCH(name, slug, fields, text) WATCH_##name,
#include "control/watch.def"
#undef WATCH
	WATCH_COUNT
};
const char *watch_kind_text(enum watch_kind kind); /* "zone.added" */
/* false: there is no such one. */
bool watch_kind_find(const char *text, enum watch_kind *out_kind);

struct events;
struct events *events_new(void);
/* Nobody watches any more. */
void events_free(struct events *e);

/* Is it worth while to make an event? */
bool events_wanted(const struct events *e, int64_t now_s);
/* account: whose it is; 0: only for those who see all.  zone: NULL for none.  Takes fields, an object, to which sequence,
 * time, event and zone are added. */
void events_tell(struct events *e, enum watch_kind kind, int64_t account, const uint8_t *zone, json_t *fields,
                 int64_t now_s);

/* One who watches; stands in what it belongs to. */
struct watcher {
	struct events *events;
	struct watcher *next, **link;
	uint64_t at;      /* the event to read next */
	int64_t account;  /* sees its events only; -1: all */
	unsigned kinds;   /* bits of enum watch_kind */
	bool of_one_zone; /* zone holds */
	struct name zone;
	bool (*may_see)(void *ctx, const uint8_t *zone); /* zone NULL: an event of no zone; NULL: all */
	/* Called at most once after watcher_read found nothing, when there is something. */
	void (*some)(void *ctx);
	void *ctx;
	bool waits;
};
/* The fields account, kinds, zone, may_see, some and ctx are filled.  after: events behind this sequence, as far as they are still
 * there; -1: from now on. */
void watcher_begin(struct watcher *w, struct events *e, int64_t after, int64_t now_s);
/* As often as one likes. */
void watcher_end(struct watcher *w, int64_t now_s);
/* The next event, or {"lost": n}, at least so many: a new reference.  NULL: there is none yet. */
json_t *watcher_read(struct watcher *w);
uint64_t events_sequence(const struct events *e); /* of the latest event; 0: none yet */

#endif

#include "control/events.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct event {
	json_t *object; /* a reference; NULL: never used */
	int64_t account;
	enum watch_kind kind;
	struct name zone; /* len 0: none */
};

struct events {
	struct event ring[EVENTS_MAX]; /* event n stands at n % EVENTS_MAX */
	uint64_t latest;               /* sequence; 0: none yet */
	uint64_t oldest;               /* sequence of the oldest that is kept, or of the next one */
	struct watcher *watchers;
	int64_t watched_s; /* when the last one left */
};

static const char *const slugs[WATCH_COUNT] = {
#define WATCH(name, slug, fields, text) slug,
#include "control/watch.def"
#undef WATCH
};

const char *watch_kind_text(enum watch_kind kind) {
	return slugs[kind];
}

bool watch_kind_find(const char *text, enum watch_kind *out_kind) {
	for (int i = 0; i < WATCH_COUNT; i++) {
		if (strcmp(slugs[i], text) != 0) continue;
		*out_kind = (enum watch_kind)i;
		return true;
	}
	return false;
}

struct events *events_new(void) {
	struct events *e = xcalloc(1, sizeof(*e));
	e->oldest = 1;
	return e;
}

void events_free(struct events *e) {
	if (!e) return;
	for (uint64_t n = 1; n <= e->latest && n <= EVENTS_MAX;
	     n++) /* what was never used is left untouched */
		json_decref(e->ring[n % EVENTS_MAX].object);
	free(e);
}

uint64_t events_sequence(const struct events *e) {
	return e->latest;
}

/* -- telling -------------------------------------------------------------------------------------------------- */

bool events_wanted(const struct events *e, int64_t now_s) {
	return e->watchers || (e->watched_s != 0 && now_s - e->watched_s < EVENTS_KEEP_S);
}

static bool concerns(const struct watcher *w, const struct event *event) {
	if (!(w->kinds & 1U << event->kind)) return false;
	if (w->account >= 0 && w->account != event->account) return false;
	if (w->may_see && !w->may_see(w->ctx, event->zone.len > 0 ? event->zone.wire : NULL)) return false;
	if (!w->of_one_zone) return true;
	return event->zone.len > 0 && name_equal(event->zone.wire, w->zone.wire);
}

/* Whoever is called may read, and so wait again, or leave. */
static void wake(struct events *e, const struct event *event) {
	struct watcher *next;
	for (struct watcher *w = e->watchers; w; w = next) {
		next = w->next;
		if (!w->waits || !concerns(w, event)) continue;
		w->waits = false;
		w->some(w->ctx);
	}
}

/* json_object_set_new takes the value in any case and fails only when memory is short: then a field is missing. */
static void set(json_t *object, const char *key, json_t *value) {
	(void)json_object_set_new(object, key, value);
}

void events_tell(struct events *e, enum watch_kind kind, int64_t account, const uint8_t *zone, json_t *fields,
                 int64_t now_s) {
	if (!fields || !events_wanted(e, now_s)) {
		json_decref(fields);
		return;
	}
	struct event *event = &e->ring[++e->latest % EVENTS_MAX];
	char text[NAME_TEXT_MAX];
	if (e->latest >= e->oldest + EVENTS_MAX) e->oldest = e->latest - EVENTS_MAX + 1;
	json_decref(event->object);
	*event = (struct event){ .object = fields, .account = account, .kind = kind };
	set(fields, "sequence", json_integer((json_int_t)e->latest));
	set(fields, "time", json_integer(now_s));
	set(fields, "event", json_string(slugs[kind]));
	if (zone) {
		name_copy(&event->zone, zone);
		set(fields, "zone", json_string(name_text_short(zone, text)));
	}
	wake(e, event);
}

/* -- reading -------------------------------------------------------------------------------------------------- */

/* Nothing was kept for a while: what is there of before does not lead here. */
static void forget(struct events *e) {
	if (e->latest == 0) return;
	e->oldest = ++e->latest + 1;
	json_decref(e->ring[e->latest % EVENTS_MAX].object);
	e->ring[e->latest % EVENTS_MAX] = (struct event){ .object = NULL };
}

void watcher_begin(struct watcher *w, struct events *e, int64_t after, int64_t now_s) {
	if (!events_wanted(e, now_s)) forget(e);
	w->events = e;
	w->at = after >= 0 && (uint64_t)after <= e->latest ? (uint64_t)after + 1 : e->latest + 1;
	w->waits = false;
	w->next = e->watchers;
	w->link = &e->watchers;
	if (w->next) w->next->link = &w->next;
	e->watchers = w;
}

void watcher_end(struct watcher *w, int64_t now_s) {
	if (!w->link) return;
	*w->link = w->next;
	if (w->next) w->next->link = w->link;
	w->link = NULL;
	w->events->watched_s = now_s;
}

static json_t *lost(struct watcher *w) {
	uint64_t count = w->events->oldest - w->at;
	w->at = w->events->oldest;
	return json_pack("{s:I}", "lost", (json_int_t)count);
}

json_t *watcher_read(struct watcher *w) {
	struct events *e = w->events;
	if (w->at < e->oldest) return lost(w);
	while (w->at <= e->latest) {
		const struct event *event = &e->ring[w->at++ % EVENTS_MAX];
		if (event->object && concerns(w, event)) return json_incref(event->object);
	}
	w->waits = true;
	return NULL;
}

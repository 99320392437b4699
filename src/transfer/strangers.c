#include "transfer/strangers.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"

#define QUEUE_MAX 64
#define QUEUE_MS 200

struct stranger {
	struct stranger *next;          /* of the zone, older */
	struct stranger *newer, *older; /* of all zones */
	struct stranger_list *zone;
	struct addr peer;
	int64_t first_s, last_s;
	uint64_t count;
	uint16_t tsig_error;
	uint8_t key_len; /* 0: none */
	uint8_t key[];
};

/* On its way from a worker. */
struct waiting {
	struct waiting *next;
	struct name zone;
	struct stranger_seen seen;
};

struct strangers {
	uv_async_t async;
	uv_timer_t timer;
	_Atomic(struct waiting *) queue; /* a stack; emptied as a whole */
	_Atomic unsigned queued;
	_Atomic bool closing;
	struct stranger_list *(*zone_of)(void *ctx, const uint8_t *name);
	void *ctx;
	struct stranger *newest, *oldest; /* of all zones */
	unsigned count;
	void (*closed)(void *ctx);
	void *closed_ctx;
	unsigned open;
};

/* -- lists -- */

static void unlink_zone(struct stranger *st) {
	struct stranger **at = &st->zone->newest;
	while (*at != st)
		at = &(*at)->next;
	*at = st->next;
}

static void unlink_all(struct strangers *s, struct stranger *st) {
	*(st->newer ? &st->newer->older : &s->newest) = st->older;
	*(st->older ? &st->older->newer : &s->oldest) = st->newer;
	s->count--;
}

static void drop(struct strangers *s, struct stranger *st) {
	unlink_zone(st);
	unlink_all(s, st);
	free(st);
}

static void link_newest(struct strangers *s, struct stranger_list *zone, struct stranger *st) {
	st->zone = zone;
	st->next = zone->newest;
	zone->newest = st;
	st->newer = NULL;
	st->older = s->newest;
	*(s->newest ? &s->newest->newer : &s->oldest) = st;
	s->newest = st;
	s->count++;
}

static bool is_same(const struct stranger *st, const struct stranger_seen *seen) {
	if (!addr_same_ip(&st->peer, &seen->peer) || st->tsig_error != seen->tsig_error) return false;
	if (!seen->has_key || st->key_len == 0) return !seen->has_key && st->key_len == 0;
	return name_equal(st->key, seen->key.wire);
}

static struct stranger *find(const struct stranger_list *zone, const struct stranger_seen *seen) {
	struct stranger *st = zone->newest;
	while (st && !is_same(st, seen))
		st = st->next;
	return st;
}

static struct stranger *stranger_new(const struct stranger_seen *seen) {
	uint8_t len = seen->has_key ? seen->key.len : 0;
	struct stranger *st = xcalloc(1, sizeof(*st) + len);
	st->peer = seen->peer;
	st->first_s = seen->first_s;
	st->tsig_error = seen->tsig_error;
	st->key_len = len;
	if (len) memcpy(st->key, seen->key.wire, len);
	return st;
}

static void make_room(struct strangers *s, struct stranger_list *zone) {
	unsigned count = 0;
	struct stranger *last = NULL;
	for (struct stranger *st = zone->newest; st; st = st->next, count++)
		last = st;
	if (count >= STRANGERS_PER_ZONE) drop(s, last);
	if (s->count >= STRANGERS_MAX) drop(s, s->oldest);
}

void strangers_note(struct strangers *s, struct stranger_list *zone, const struct stranger_seen *seen) {
	struct stranger *st = find(zone, seen);
	if (st) {
		unlink_zone(st);
		unlink_all(s, st);
	} else {
		make_room(s, zone);
		st = stranger_new(seen);
	}
	st->count += seen->count;
	st->last_s = seen->last_s;
	link_newest(s, zone, st);
}

unsigned strangers_read(const struct stranger_list *zone,
                        struct stranger_seen out_seen[static STRANGERS_PER_ZONE]) {
	unsigned n = 0;
	for (const struct stranger *st = zone->newest; st; st = st->next) {
		assert(n < STRANGERS_PER_ZONE);
		struct stranger_seen *seen = &out_seen[n++];
		*seen = (struct stranger_seen){ .peer = st->peer,
			                        .has_key = st->key_len > 0,
			                        .tsig_error = st->tsig_error,
			                        .count = st->count,
			                        .first_s = st->first_s,
			                        .last_s = st->last_s };
		if (seen->has_key) name_copy(&seen->key, st->key);
	}
	return n;
}

void strangers_forget(struct strangers *s, struct stranger_list *zone) {
	while (zone->newest)
		drop(s, zone->newest);
}

/* -- from the workers -- */

void strangers_put(struct strangers *s, const uint8_t *zone, const struct addr *peer, const uint8_t *key,
                   uint16_t tsig_error) {
	if (atomic_load(&s->closing)) return;
	if (atomic_fetch_add(&s->queued, 1) >= QUEUE_MAX) {
		atomic_fetch_sub(&s->queued, 1);
		return;
	}
	struct waiting *w = xmalloc(sizeof(*w));
	int64_t now_s = clock_now().wall_s;
	w->seen = (struct stranger_seen){ .peer = *peer,
		                          .has_key = key != NULL,
		                          .tsig_error = tsig_error,
		                          .count = 1,
		                          .first_s = now_s,
		                          .last_s = now_s };
	if (key) name_copy(&w->seen.key, key);
	name_copy(&w->zone, zone);
	w->next = atomic_load(&s->queue);
	while (!atomic_compare_exchange_weak(&s->queue, &w->next, w)) {
	}
	(void)uv_async_send(&s->async); /* fails only after strangers_close */
}

/* Newest first, which for lists of newest senders is as good; take: into the zones' lists. */
static void empty_queue(struct strangers *s, bool take) {
	struct waiting *w = atomic_exchange(&s->queue, NULL);
	while (w) {
		struct waiting *next = w->next;
		struct stranger_list *zone = take ? s->zone_of(s->ctx, w->zone.wire) : NULL;
		if (zone) strangers_note(s, zone, &w->seen);
		free(w);
		atomic_fetch_sub(&s->queued, 1);
		w = next;
	}
}

static void on_timer(uv_timer_t *timer) {
	empty_queue(timer->data, true);
}

/* Not at once: so many come in QUEUE_MS and no more, whatever is sent. */
static void on_async(uv_async_t *async) {
	struct strangers *s = async->data;
	if (uv_is_active((uv_handle_t *)&s->timer)) return;
	(void)uv_timer_start(&s->timer, on_timer, QUEUE_MS, 0); /* cannot fail: it is initialised */
}

struct strangers *strangers_new(uv_loop_t *loop,
                                struct stranger_list *(*zone_of)(void *ctx, const uint8_t *name), void *ctx) {
	struct strangers *s = xcalloc(1, sizeof(*s));
	s->zone_of = zone_of;
	s->ctx = ctx;
	s->async.data = s->timer.data = s;
	(void)uv_timer_init(loop, &s->timer);                       /* always 0 */
	if (uv_async_init(loop, &s->async, on_async) != 0) abort(); /* no file descriptor at start */
	s->open = 2;
	return s;
}

static void on_closed(uv_handle_t *handle) {
	struct strangers *s = handle->data;
	if (--s->open == 0) s->closed(s->closed_ctx);
}

void strangers_close(struct strangers *s, void (*closed)(void *ctx), void *ctx) {
	atomic_store(&s->closing, true);
	s->closed = closed;
	s->closed_ctx = ctx;
	uv_close((uv_handle_t *)&s->async, on_closed);
	uv_close((uv_handle_t *)&s->timer, on_closed);
}

void strangers_free(struct strangers *s) {
	if (!s) return;
	empty_queue(s, false);
	while (s->oldest)
		drop(s, s->oldest);
	free(s);
}

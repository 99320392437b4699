/* A clock that counts retirements, and for each reader the clock value it saw when it last held nothing:
 *
 *   writer:  publish new pointer ── clock = clock + 1 ── remember (old, clock) ........ collect
 *   reader:  ...load pointer, use it... ── seen = clock ── load pointer, use it...
 *
 * A retired object may be freed when every online reader has seen a clock value not below its stamp: reading
 * that value happens after the publication, so the reader can only load the new pointer since.  seen == 0 is
 * offline and holds nobody up. */
#include "base/epoch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"

/* One cache line each: readers write only their own. */
struct epoch_reader {
	_Alignas(64) atomic_uint_fast64_t seen;
	struct epoch *epoch;
	bool used; /* guarded by the epoch's lock */
};

struct retired {
	struct retired *next;
	uint64_t stamp;
	void *p;
	void (*free_fn)(void *);
};

struct epoch {
	struct epoch_reader readers[EPOCH_READERS_MAX];
	_Alignas(64) atomic_uint_fast64_t clock;
	pthread_mutex_t lock;    /* guards what follows and readers[].used */
	struct retired *oldest;  /* stamps grow from here to newest */
	struct retired **newest; /* the next field of the last entry, or &oldest */
	unsigned waiting;
};

struct epoch *epoch_new(void) {
	struct epoch *e = aligned_alloc(64, sizeof(*e));
	if (!e) abort();
	for (unsigned i = 0; i < EPOCH_READERS_MAX; i++) {
		atomic_init(&e->readers[i].seen, 0);
		e->readers[i].epoch = e;
		e->readers[i].used = false;
	}
	atomic_init(&e->clock, 1);
	pthread_mutex_init(&e->lock, NULL);
	e->oldest = NULL;
	e->newest = &e->oldest;
	e->waiting = 0;
	return e;
}

static void free_list(struct retired *r) {
	while (r) {
		struct retired *next = r->next;
		r->free_fn(r->p);
		free(r);
		r = next;
	}
}

void epoch_free(struct epoch *e) {
	if (!e) return;
	free_list(e->oldest);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

struct epoch_reader *epoch_join(struct epoch *e) {
	struct epoch_reader *found = NULL;
	pthread_mutex_lock(&e->lock);
	for (unsigned i = 0; i < EPOCH_READERS_MAX && !found; i++) {
		if (!e->readers[i].used) found = &e->readers[i];
	}
	if (found) found->used = true;
	pthread_mutex_unlock(&e->lock);
	if (found) epoch_online(found);
	return found;
}

void epoch_leave(struct epoch_reader *r) {
	struct epoch *e = r->epoch;
	epoch_offline(r);
	pthread_mutex_lock(&e->lock);
	r->used = false;
	pthread_mutex_unlock(&e->lock);
}

void epoch_quiescent(struct epoch_reader *r) {
	uint64_t now = atomic_load_explicit(&r->epoch->clock, memory_order_acquire);
	/* Skipping the store when nothing was retired keeps the line clean in other caches. */
	if (now != atomic_load_explicit(&r->seen, memory_order_relaxed)) {
		atomic_store_explicit(&r->seen, now, memory_order_release);
	}
}

void epoch_offline(struct epoch_reader *r) {
	atomic_store_explicit(&r->seen, 0, memory_order_release);
}

void epoch_online(struct epoch_reader *r) {
	/* A collector that still took us for offline read `seen` before this store in the one order of all
	 * sequentially consistent operations; then its clock step is before the second load, which so
	 * happens after the publication that the step followed. */
	atomic_store(&r->seen, atomic_load(&r->epoch->clock));
	(void)atomic_load(&r->epoch->clock); /* for its ordering only */
}

void epoch_retire(struct epoch *e, void *p, void (*free_fn)(void *)) {
	if (!p) return;
	struct retired *r = xmalloc(sizeof(*r));
	*r = (struct retired){ .p = p, .free_fn = free_fn };
	pthread_mutex_lock(&e->lock);
	r->stamp = atomic_fetch_add(&e->clock, 1) + 1;
	*e->newest = r;
	e->newest = &r->next;
	e->waiting++;
	pthread_mutex_unlock(&e->lock);
}

/* The lowest clock value that an online reader has seen; the clock itself when none is online. */
static uint64_t lowest_seen_locked(struct epoch *e) {
	uint64_t lowest = atomic_load(&e->clock);
	for (unsigned i = 0; i < EPOCH_READERS_MAX; i++) {
		if (!e->readers[i].used) continue;
		uint64_t seen = atomic_load(&e->readers[i].seen);
		if (seen != 0 && seen < lowest) lowest = seen;
	}
	return lowest;
}

unsigned epoch_collect(struct epoch *e) {
	pthread_mutex_lock(&e->lock);
	struct retired *first = e->oldest, **end = &e->oldest;
	uint64_t lowest = first ? lowest_seen_locked(e) : 0;
	while (*end && (*end)->stamp <= lowest) {
		end = &(*end)->next;
		e->waiting--;
	}
	bool any = end != &e->oldest;
	if (any) {
		e->oldest = *end;
		*end = NULL;
		if (!e->oldest) e->newest = &e->oldest;
	}
	unsigned waiting = e->waiting;
	pthread_mutex_unlock(&e->lock);
	/* Outside the lock: free_fn may take its time, or retire something itself. */
	if (any) free_list(first);
	return waiting;
}

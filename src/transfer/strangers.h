/* NOTIFYs that were refused, for the status of their zones: who sent them, signed how, how many.  A primary that sends
 * from an address that nobody listed is the commonest way to fall out of step unseen.
 *
 * Bounded, as anybody may send: QUEUE_MAX wait for the transfer thread, which looks every QUEUE_MS; a zone remembers
 * the newest STRANGERS_PER_ZONE senders, all zones together STRANGERS_MAX; the oldest gives way.
 *
 * Threads: strangers_put any, without a lock and without waiting; the rest the loop's. */
#ifndef UNDERSTUDY_TRANSFER_STRANGERS_H
#define UNDERSTUDY_TRANSFER_STRANGERS_H

#include <uv.h>

#include "base/addr.h"
#include "dns/name.h"

#define STRANGERS_PER_ZONE 4
#define STRANGERS_MAX 16384

struct strangers;
struct stranger;

/* Of one zone, newest first; zeroed at first. */
struct stranger_list {
	struct stranger *newest;
};

/* A sender as it is told. */
struct stranger_seen {
	struct addr peer; /* its port says nothing */
	bool has_key;
	struct name key;     /* as the request named it; valid with has_key */
	uint16_t tsig_error; /* 0: no TSIG, or it verified; BADSIG, BADKEY, BADTIME … (RFC 8945 section 3) */
	uint64_t count;
	int64_t first_s, last_s;
};

/* zone_of: the list of a zone by its name, NULL if it is gone. */
struct strangers *strangers_new(uv_loop_t *loop,
                                struct stranger_list *(*zone_of)(void *ctx, const uint8_t *name), void *ctx);
/* key: NULL for none.  Dropped silently when too many wait. */
void strangers_put(struct strangers *s, const uint8_t *zone, const struct addr *peer, const uint8_t *key,
                   uint16_t tsig_error);
/* One that came at now_s; also what the queue is emptied into. */
void strangers_note(struct strangers *s, struct stranger_list *zone, const struct stranger_seen *seen);
unsigned strangers_read(const struct stranger_list *zone,
                        struct stranger_seen out_seen[static STRANGERS_PER_ZONE]);
/* The zone goes. */
void strangers_forget(struct strangers *s, struct stranger_list *zone);
/* Nobody calls strangers_put any more. */
void strangers_close(struct strangers *s, void (*closed)(void *ctx), void *ctx);
/* Frees what all lists hold. */
void strangers_free(struct strangers *s);

#endif

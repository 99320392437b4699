/* Walks (walk.h) on the wire: a bounded number of them at once, each with one question under way.  Both families are
 * tried; one that this machine has no route for costs nothing.
 *
 * Roots of one's own: all name servers below are then asked at the port of the first root, and at any address; with the
 * real ones at port 53, and at no address of special purpose.
 * Bounds of one walk: WALKER_QUESTIONS_MAX questions, WALKER_TIME_MS.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_DIAGNOSE_WALKER_H
#define UNDERSTUDY_DIAGNOSE_WALKER_H

#include <uv.h>

#include "diagnose/walk.h"

#define WALKER_WALKS_MAX 16
#define WALKER_QUESTIONS_MAX 120
#define WALKER_TIME_MS 30000

struct walker_settings {
	const struct addr *roots; /* server.root-servers, with ports; borrowed for walker_new */
	unsigned root_count;      /* 0: the root servers of the Internet */
};

struct walker;
struct walker_job;

/* random is borrowed. */
struct walker *walker_new(uv_loop_t *loop, const struct walker_settings *settings, struct random *random);
/* No job is left.  Calls done when all sockets are closed; then walker_free. */
void walker_stop(struct walker *w, void (*done)(void *ctx), void *ctx);
void walker_free(struct walker *w);

/* Where name servers are asked, and whether at any address: what proof.h must know too. */
uint16_t walker_port(const struct walker *w);
bool walker_anywhere(const struct walker *w);

/* Begin a walk for zone (copied).  done is called once, never from inside; found is borrowed for the call.  NULL:
 * WALKER_WALKS_MAX are under way. */
struct walker_job *walker_start(struct walker *w, const uint8_t *zone,
                                void (*done)(void *ctx, const struct findings *found), void *ctx);
/* done will not be called.  NULL is allowed. */
void walker_cancel(struct walker_job *job);

#endif

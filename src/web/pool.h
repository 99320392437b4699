/* Connections to the control socket of understudyd, and what is asked over them (docs/formats/control.md).
 *
 * A connection carries one request at a time.  Three lanes, each with its own connections, so that slow readers of
 * long answers keep nobody from short ones: QUICK (answers at once), LONG (answers in slices: exports,
 * differences), WATCH (events, for as long as somebody listens).
 * Who waits for QUICK or LONG is taken by owner: whose requests have the fewest connections goes first, and no owner
 * gets more than three quarters of the connections or of the places to wait, so that nobody is kept out by one who
 * asks much or slowly.
 * Connections are made when they are needed and kept; when the daemon is away a request fails, and the next one tries anew.
 * Bounds: connections and waiting requests of each lane, octets of a reply (CONTROL_REPLY_MAX), time for an answer.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_WEB_POOL_H
#define UNDERSTUDY_WEB_POOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum lane { LANE_QUICK, LANE_LONG, LANE_WATCH, LANE_COUNT };

struct pool;
struct ask; /* a request on its way; gone after its last reply or ask_cancel */

/* reply: one line of the daemon, borrowed.  NULL, and last: the daemon is away, or broke its word.  Never called
 * from within pool_ask. */
typedef void ask_reply(void *arg, json_t *reply, bool last);

/* path: borrowed. */
struct pool *pool_new(uv_loop_t *loop, const char *path);
/* Requests that wait get their NULL. */
void pool_close(struct pool *p);

#define POOL_OURSELVES 0 /* the owner that no bound holds */

/* Take request.  owner: who asks (limits_owner).  NULL: too many wait already, of all or of this owner. */
struct ask *pool_ask(struct pool *p, enum lane lane, uint64_t owner, json_t *request, ask_reply *reply,
                     void *arg);
/* The request only reads: if the daemon closes a connection that was kept, and nothing of the reply has come, it is sent once
 * more over a new one. */
void ask_may_repeat(struct ask *a);
/* Nothing comes any more, and the daemon is told by a closed connection. */
void ask_cancel(struct ask *a);
/* Take no further replies until resumed: the daemon waits meanwhile. */
void ask_pause(struct ask *a);
void ask_resume(struct ask *a);

#endif

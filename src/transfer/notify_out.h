/* NOTIFY to those whom the policy names, after a new version is served (RFC 1996): by UDP, sent up to five times with
 * doubled waits; the answer is checked.  A newer version of the zone replaces what is still under way.
 * Bounded: so many under way at once, of one receiver, and begun in a second (notify_queue.h); the rest waits, one task
 * for each zone and receiver at most.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_NOTIFY_OUT_H
#define UNDERSTUDY_TRANSFER_NOTIFY_OUT_H

#include <uv.h>

#include "base/log.h"
#include "base/random.h"
#include "base/why.h"
#include "inventory/policy.h"

#define NOTIFY_OUT_MAX 128 /* under way at once */

struct notifier;
struct notify_task;

enum notify_outcome {
	NOTIFY_WAITS, /* for its turn, or for the answer */
	NOTIFY_ANSWERED,
	NOTIFY_FAILED
};
/* What one receiver was told last. */
struct notify_told {
	struct addr addr;
	uint32_t serial;
	int64_t begun_s, ended_s; /* ended_s: 0 while it waits */
	enum notify_outcome outcome;
	enum reason reason; /* of a failure */
	char *evidence;     /* of a failure; owned; NULL: none */
};

/* The tasks of one zone, and what its receivers were told last; zeroed at first. */
struct notify_list {
	struct notify_task *first;
	struct notify_told *told; /* owned; one for each receiver of the last policy that was told */
	unsigned told_count;
};
/* After notifier_forget. */
void notify_list_done(struct notify_list *zone);

struct notifier *notifier_new(uv_loop_t *loop, struct random *random, struct log *log);
/* Tell everybody on policy->notify that `serial` is served.  name is copied, policy referenced. */
void notifier_tell(struct notifier *n, struct notify_list *zone, const uint8_t *name,
                   const struct zone_policy *policy, uint32_t serial);
/* The zone goes: nothing of it is sent any more. */
void notifier_forget(struct notifier *n, struct notify_list *zone);
uint64_t notifier_count(const struct notifier *n); /* receivers told so far */
/* All zones are forgotten.  Calls done when all sockets are closed. */
void notifier_stop(struct notifier *n, void (*done)(void *ctx), void *ctx);
void notifier_free(struct notifier *n);

#endif

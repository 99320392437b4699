/* NOTIFY to those whom the policy names, after a new version is served (RFC 1996): by UDP, sent up to five times with
 * doubled waits; the answer is checked.  A newer version of the zone replaces what is still under way.
 * Bounded: so many under way at once; the rest waits, one task for each zone and receiver at most.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_NOTIFY_OUT_H
#define UNDERSTUDY_TRANSFER_NOTIFY_OUT_H

#include <uv.h>

#include "base/log.h"
#include "base/random.h"
#include "inventory/policy.h"

#define NOTIFY_OUT_MAX 128 /* under way at once */

struct notifier;
struct notify_task;

/* The tasks of one zone; zeroed at first. */
struct notify_list {
	struct notify_task *first;
};

struct notifier *notifier_new(uv_loop_t *loop, struct random *random, struct log *log);
/* Tell everybody on policy->notify.  name is copied, policy referenced. */
void notifier_tell(struct notifier *n, struct notify_list *zone, const uint8_t *name,
                   const struct zone_policy *policy);
/* The zone goes: nothing of it is sent any more. */
void notifier_forget(struct notifier *n, struct notify_list *zone);
uint64_t notifier_count(const struct notifier *n); /* receivers told so far */
/* All zones are forgotten.  Calls done when all sockets are closed. */
void notifier_stop(struct notifier *n, void (*done)(void *ctx), void *ctx);
void notifier_free(struct notifier *n);

#endif

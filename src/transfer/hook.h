/* The operator's own check of a version: a command that gets the zone as zone file text on its standard input and says by
 * its exit status whether it may be served; the first line that it writes to standard error is the evidence.
 *
 * No shell; a process group of its own, which is killed when its time is over, and whatever is left of it when the
 * command has ended; only the descriptors 0 to 2; environment: PATH, UNDERSTUDY_ZONE, UNDERSTUDY_SERIAL and, if a
 * version is served, UNDERSTUDY_FORMER_SERIAL.  At most HOOKS_MAX run at once, further ones wait in turn, as long as
 * what waits is not too large.
 *
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_HOOK_H
#define UNDERSTUDY_TRANSFER_HOOK_H

#include <uv.h>

#include "base/why.h"
#include "zone/version.h"

#define HOOKS_MAX 4
#define HOOKS_WAITING_OCTETS (256UL << 20)

/* Embedded in what waits for it. */
struct hook {
	struct hook *next;
	const char *const
		*argv; /* NULL-terminated; argv[0] is a path; borrowed, as all below, until it is told */
	const struct zone_version *version, *former; /* former NULL: none */
	unsigned timeout_s;
	uint64_t octets; /* that it keeps waiting */
	/* REASON_NONE: it passes. */
	void (*told)(struct hook *h, const struct why *why);
};

struct hooks;
struct hooks *hooks_new(uv_loop_t *loop);
/* May call told from inside, when it can't be started. */
void hooks_run(struct hooks *k, struct hook *h);
/* End all: each is told that it failed, sooner or later. */
void hooks_stop(struct hooks *k);
/* Nothing waits or runs. */
bool hooks_are_idle(const struct hooks *k);
void hooks_free(struct hooks *k);

#endif

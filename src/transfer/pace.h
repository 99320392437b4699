/* Is a transfer under way fast enough?  Two rules of the zone's policy: a time for the whole of it, and octets a second,
 * counted in windows one after another, the first of which begins with the answer.  Sans-IO: the time and what came go in.
 *
 * Time counts from the first octets of the answer: a transfer that waits behind others on its connection is not slow.
 * Before that, and between octets, the time limits of the connection hold (connection.h).
 * Thread: one (the loop's). */
#ifndef UNDERSTUDY_TRANSFER_PACE_H
#define UNDERSTUDY_TRANSFER_PACE_H

#include "base/why.h"
#include "inventory/policy.h"

/* Zeroed: nothing has come yet. */
struct pace {
	bool runs;
	int64_t begun_ms;
	int64_t window_ms;      /* when the window that runs began */
	uint64_t window_octets; /* what had come by then */
};

/* The first octets came at now_ms.  Later calls change nothing. */
void pace_begin(struct pace *p, int64_t now_ms);
/* octets: what has come up to now_ms.  False: it is to be given up, out_why (REASON_TOO_LONG, REASON_TOO_SLOW) tells. */
bool pace_is_kept(struct pace *p, const struct pace_rules *rules, int64_t now_ms, uint64_t octets,
                  struct why *out_why);
/* When it is to be looked at next; INT64_MAX: never. */
int64_t pace_due_ms(const struct pace *p, const struct pace_rules *rules);

#endif

/* What is remembered of an address that did not answer, so that thousands of zones do not each wait for the same
 * dead primary.  Sans-IO; one for UDP and one for TCP of each primary.
 *
 *   reachable ── failed ──► avoided for 10 s, doubled with each failure after that time, up to 640 s ── answered ──► …
 *
 * While avoided, one question every tenth of that time is let through to look; all others fail at once with the reason
 * that was found.  Only scheduled refreshes are held back: NOTIFY and operator's wishes always go.
 * Thread: one (transfer's). */
#ifndef UNDERSTUDY_TRANSFER_REACH_H
#define UNDERSTUDY_TRANSFER_REACH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "transfer/follow.h"

#define REACH_FIRST_MS 10000
#define REACH_MAX_MS 640000

/* Zeroed: reachable. */
struct reach {
	int64_t until_ms; /* avoided until then; 0: reachable */
	int64_t probe_ms; /* when the next one is let through */
	int64_t span_ms;  /* of the avoidance in force or last in force */
	struct why why;   /* what was found; valid with until_ms */
};

void reach_failed(struct reach *r, int64_t now_ms, const struct why *why);
/* True: it had failed before, and what waits for it need not wait any longer. */
bool reach_answered(struct reach *r);
/* May a question of this urgency go?  False: out_why is what was found before. */
bool reach_admits(struct reach *r, int64_t now_ms, enum urgency urgency, struct why *out_why);
/* The same for a question by UDP, one of on_way that are then under way: while the peer is avoided few of any urgency go.
 * Many zones' NOTIFYs are faster by TCP, where one connection that fails tells for all. */
#define REACH_FEW 8
bool reach_admits_datagram(struct reach *r, int64_t now_ms, enum urgency urgency, unsigned on_way,
                           struct why *out_why);
/* Failed lately, and nothing has come since. */
static inline bool reach_is_avoided(const struct reach *r, int64_t now_ms) {
	return r->until_ms > now_ms;
}

#endif

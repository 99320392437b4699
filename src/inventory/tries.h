/* How often somebody may be wrong: a bounded table of token buckets, one for each source of tries (an address, a user, the
 * visible part of an API key).  A failed try takes a token; without one the next try waits.
 *
 * Names are hashed with a key of their own, so nobody can choose whose bucket is pushed out.  A place that is needed is
 * taken from the bucket of its row that is fullest, which is the one that matters least.
 * Cost: one row of TRIES_WAYS buckets, TRIES_ROWS * TRIES_WAYS * 16 octets in all.  Thread: its owner's. */
#ifndef UNDERSTUDY_INVENTORY_TRIES_H
#define UNDERSTUDY_INVENTORY_TRIES_H

#include <stdint.h>

#include "base/addr.h"
#include "base/random.h"

#define TRIES_ROWS 2048
#define TRIES_WAYS 8
#define TRIES_BURST 10   /* failures at once */
#define TRIES_REFILL_S 6 /* one more is allowed after so long */

struct tries;
struct tries *tries_new(struct random *random);
void tries_free(struct tries *t);

/* kind and text name a bucket: "user" and "anna".  Seconds to wait before the next try; 0: go on. */
uint32_t tries_wait_s(const struct tries *t, const char *kind, const char *text, int64_t mono_ms);
void tries_failed(struct tries *t, const char *kind, const char *text, int64_t mono_ms);

/* How often somebody may ask at all: this is one more of per_minute (> 0), all of which may come at once.  0: it is let
 * through and counted; else seconds until the next one would be. */
uint32_t tries_pace_s(struct tries *t, const char *text, uint32_t per_minute, int64_t mono_ms);

/* What the failures of source count for: its address, for IPv6 its /64, without the port. */
void tries_source_text(const struct addr *source, char out_text[static ADDR_TEXT_MAX]);

#endif

/* How many answers a network may get by UDP: a source address there proves nothing, so whoever asks in another's
 * name makes us send to that other (reflection).  What is above the limit is answered by an empty message that
 * leads a real client to TCP or to a cookie (slip), or not at all.
 *
 *   network's meter below the limit of every class ─────────────────────────────────→ send
 *   above: account of (network, class, name, type) has credit, and so has the network's own → send
 *                                                                               else: slip or drop
 *
 * The table is shared by all workers, has a fixed size and is indexed by a keyed hash.
 * docs/decisions/0005-rate-limit.md: why so, and what it costs. */
#ifndef UNDERSTUDY_SERVE_RATE_LIMIT_H
#define UNDERSTUDY_SERVE_RATE_LIMIT_H

#include "base/addr.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

#define RATE_PER_S_MAX 1000000
#define RATE_SLIP_MAX 15

/* What counts as the same answer, and the name that goes with it. */
enum rate_class {
	RATE_POSITIVE, /* the question's, and its type */
	RATE_WILDCARD, /* positive too: what the wildcard or DNAME is below, and the type */
	RATE_NODATA,   /* the zone's */
	RATE_NXDOMAIN, /* the zone's */
	RATE_REFERRAL, /* the delegation's */
	RATE_ERROR,    /* none: every other RCODE */
	RATE_ALL,      /* none: answers of all classes together */
	RATE_CLASSES
};

struct rate_settings {
	uint32_t per_s[RATE_CLASSES]; /* up to RATE_PER_S_MAX; 0: no limit of this class */
	unsigned slip;        /* 0: drop all; 1: slip all; n: slip the first of each n; up to RATE_SLIP_MAX */
	unsigned ipv4_prefix; /* bits that make a network, 1 … 32 */
	unsigned ipv6_prefix; /* 1 … 128 */
	const struct addr_prefix *exempt; /* borrowed; may be NULL with count 0 */
	unsigned exempt_count;
};

/* An answer that is about to be sent. */
struct rate_answer {
	enum rate_class class;
	uint16_t type;       /* of the question, where that counts; else 0 */
	const uint8_t *name; /* wire form in any case, NULL for none */
};

enum rate_verdict { RATE_SEND, RATE_SLIP, RATE_DROP };

struct rate_limit;

/* NULL: nothing is limited.  About 800 KiB, most of it touched only when needed.  r makes the key of the hash.
 * Thread: any. */
struct rate_limit *rate_limit_new(const struct rate_settings *s, struct random *r);
void rate_limit_free(struct rate_limit *l);
/* Was l (NULL: as above) made with these settings?  Then it may go on, with what it knows. */
bool rate_limit_has(const struct rate_limit *l, const struct rate_settings *s);

/* A question of peer's is being answered: what will be needed comes nearer meanwhile.  l may be NULL. */
void rate_limit_expect(const struct rate_limit *l, const struct addr *peer);
/* May this answer go to peer?  Counts it.  l may be NULL.  Thread: any, without locks; now may differ between
 * threads by some seconds.  Cost: some 10 ns while the network is below its limits. */
enum rate_verdict rate_limit_check(struct rate_limit *l, const struct addr *peer,
                                   const struct rate_answer *answer, struct moment now);

/* Log which networks are being limited, and which no longer: at most RATE_REPORTS_MAX at a time.  l may be NULL.
 * To be called about every second.  Thread: one at a time. */
#define RATE_REPORTS_MAX 64
void rate_limit_report(struct rate_limit *l, struct log *log, struct moment now);

#endif

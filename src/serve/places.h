/* Places for transfers out: how many may run at once, over all workers, and how many of them to one client, so that a
 * client that takes its time, or comes often, leaves places to others.  A client is an IPv4 address or an IPv6 /64.
 * Any thread, no lock; a look at all places a transfer. */
#ifndef UNDERSTUDY_SERVE_PLACES_H
#define UNDERSTUDY_SERVE_PLACES_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/addr.h"

#define PLACES_MAX 1024

/* Zero-initialised: all are free. */
struct places {
	_Atomic unsigned taken;
	_Atomic uint64_t clients[PLACES_MAX]; /* 0: free */
};

#define PLACE_NONE (-1)
/* A place for a transfer to peer, or PLACE_NONE: `most` are taken, or per_client (0: no such bound) by this client. */
int places_take(struct places *p, const struct addr *peer, unsigned most, unsigned per_client);
void places_give_back(struct places *p, int place);
unsigned places_taken(const struct places *p);

#endif

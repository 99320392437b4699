/* How many requests a caller may make: so many a minute for each key, and few for whoever comes with keys that are
 * not known, counted by address (IPv6: by /64).
 *
 * A key gets a counter of its own once the daemon has taken it; until then its requests count for the address, so
 * that guessing costs neither the daemon's time nor memory here.  Keys are kept as salted digests.  Minutes begin
 * with the first request of each counter: exactly the limit passes in one.
 * Memory: two tables of fixed size; the counter that has been quiet the longest gives way.  Thread: the loop's. */
#ifndef UNDERSTUDY_WEB_LIMITS_H
#define UNDERSTUDY_WEB_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define LIMITS_UNKNOWN_PER_MINUTE 60 /* requests of one address with keys that are not known */

struct limits;

struct allowance {
	bool allowed;
	bool known;         /* the key's own counter decided */
	unsigned limit;     /* requests a minute */
	unsigned remaining; /* in this minute */
	unsigned reset_s;   /* until the next one begins, 1 to 60 */
};

/* per_minute: for a key, 0: no limit. */
struct limits *limits_new(unsigned per_minute);
void limits_free(struct limits *l);
void limits_configure(struct limits *l, unsigned per_minute);

/* A request with this key comes from this address: may it be asked?  It is counted if it may. */
struct allowance limits_take(struct limits *l, const char *key, const struct addr *from, uint64_t now_ms);
/* What the daemon said of the key. */
void limits_known(struct limits *l, const char *key, const struct addr *from, uint64_t now_ms);
void limits_unknown(struct limits *l, const char *key, const struct addr *from, uint64_t now_ms);

/* A number for whoever asks, the same each time and never 0: of the key, or without one (NULL) of the address. */
uint64_t limits_owner(const struct limits *l, const char *key, const struct addr *from);

#endif

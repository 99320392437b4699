/* Where primaries, and those whom we notify, may be that strangers name (server.mode: public): out on the internet.  Who
 * could have us ask addresses within our own networks, or this machine's, would look around there with our eyes.
 * Pure functions; any thread. */
#ifndef UNDERSTUDY_INVENTORY_REACH_H
#define UNDERSTUDY_INVENTORY_REACH_H

#include "base/addr.h"

struct reach_rules {
	const struct addr_prefix *allowed; /* borrowed: server.allow-inner-primaries */
	unsigned allowed_count;
	const struct addr *own; /* borrowed: this server's addresses */
	unsigned own_count;
};
/* NULL: nothing is against it; else what the address is, in words: "is a private address". */
const char *reach_refusal(const struct reach_rules *rules, const struct addr *a);

#endif

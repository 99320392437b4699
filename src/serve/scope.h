/* Which of the zones that are held answers for a name, and whether it does so for this client.
 * Thread: workers, inside an epoch. */
#ifndef UNDERSTUDY_SERVE_SCOPE_H
#define UNDERSTUDY_SERVE_SCOPE_H

#include "inventory/policy.h"
#include "zone/table.h"

/* Who asks, of which zones; all borrowed. */
struct scope {
	const struct zone_table *table;
	struct acl_client client;
};

/* The longest match (RFC 1034 section 4.3.2 step 2), but DS of a zone's own name is its parent's to answer where that
 * is held too (RFC 4035 section 3.1.4.1).  NULL: none. */
struct zone_entry *scope_zone(const struct scope *s, const struct sought *name, uint16_t type);
/* By the zone's allow-query. */
bool scope_admits(const struct scope *s, const struct zone_entry *entry);

#endif

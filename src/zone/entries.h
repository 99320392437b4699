/* Memory of zone entries: one after another in blocks, since a million of them come at a start.  A block goes when the last
 * of its entries has gone and no more can come.
 * Thread: entries_take and entries_done: the table's writer; entries_give: any, for an entry that nobody else has. */
#ifndef UNDERSTUDY_ZONE_ENTRIES_H
#define UNDERSTUDY_ZONE_ENTRIES_H

#include "zone/table.h"

struct entry_block;
/* Start with {0}. */
struct entries {
	struct entry_block *filling; /* NULL: none yet */
};

/* All zero, but for what entries_give needs; with room for a name. */
struct zone_entry *entries_take(struct entries *e, size_t name_len);
void entries_give(struct zone_entry *entry);
/* No more are taken; those that were not given yet stay. */
void entries_done(struct entries *e);

#endif

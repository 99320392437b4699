/* The tables of the inventory, and how a database of an earlier schema becomes one of this: forward only, a step a
 * version, each a transaction.  The tables are described in docs/formats/inventory.md. */
#ifndef UNDERSTUDY_INVENTORY_SCHEMA_H
#define UNDERSTUDY_INVENTORY_SCHEMA_H

#include "base/random.h"
#include "inventory/database.h"

/* Of this program; a database without tables has 0. */
int schema_version(void);
/* The steps of which schema version n is made by the first n.  For tests that begin with an earlier one. */
const char *schema_step(int version);

/* Bring db up to schema_version().  A new one gets account 1, "main", which owns all zones of a server for one
 * owner.  ERR_VERSION: it was made by a newer program; nothing is changed.  Errors of database.h.  why is filled. */
MUST_CHECK enum err schema_migrate(struct sql *db, struct random *random, int64_t now_s, struct why *why);
/* Of the database as it is; -1: it does not say. */
MUST_CHECK enum err schema_find(struct sql *db, int *out_version);

#endif

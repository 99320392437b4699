/* Names that belong to an account beside its zones: its own names for this server, and whom it lets have zones above or
 * below its own.
 *
 * JSON of a name: name, account (public id), created_at.  JSON of a consent: name (of the zone), account (public id of
 * who may), created_at.
 * Thread: the database's. */
#ifndef UNDERSTUDY_INVENTORY_VANITY_H
#define UNDERSTUDY_INVENTORY_VANITY_H

#include "inventory/rows.h"

#define VANITY_MAX 32      /* of one account */
#define CONSENTS_MAX 10000 /* of one account */

/* A name-server name of the account's own, which is to lead to this server's addresses.  A name is one account's: if it
 * is another's, ERR_EXISTS tells no more than that. */
MUST_CHECK enum err vanity_add(const struct row_work *w, int64_t account, const char *name,
                               json_t **out_after);
MUST_CHECK enum err vanity_remove(const struct row_work *w, int64_t account, const char *name,
                                  json_t **out_before);
MUST_CHECK enum err vanity_list(const struct row_work *w, int64_t account, json_t **out_list);
/* What the registrar of the zone above needs so that the names can be found: member "glue" of each of
 * them is the list of the count addresses given, without ports. */
MUST_CHECK enum err vanity_glue(const struct row_work *w, int64_t account, const char *const *addresses,
                                unsigned count, json_t **out_list);

/* The owner of zone lets another account have zones above and below it.  ERR_NOTFOUND: the account has no such zone, or
 * there is no account other. */
MUST_CHECK enum err consent_add(const struct row_work *w, int64_t account, const char *zone,
                                const char *other, json_t **out_after);
MUST_CHECK enum err consent_remove(const struct row_work *w, int64_t account, const char *zone,
                                   const char *other, json_t **out_before);
/* Those that the account has given. */
MUST_CHECK enum err consent_list(const struct row_work *w, int64_t account, json_t **out_list);

#endif

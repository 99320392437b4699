/* Zone names that are not given out: in `server.mode: public` only an administrator may have them served.
 *
 * A name that nobody owns, or that very many share, can't be one account's: the root, public suffixes (who holds
 * "co.uk" holds everybody below it), names that are reserved (RFC 6761 and the registry that it made), the tops of the
 * trees of addresses, and whatever our own name servers' names depend on.
 * Looks at the name only: who has proven what is src/diagnose/proof.h.
 * Thread: any, once opened.  Libpsl is named in names.c only. */
#ifndef UNDERSTUDY_INVENTORY_NAMES_H
#define UNDERSTUDY_INVENTORY_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/name.h"

/* The list of public suffixes: of the system if it has a newer one than the library. */
struct name_rules;
/* ERR_UNSUPPORTED: no list can be had. */
MUST_CHECK enum err name_rules_open(struct name_rules **out_rules);
/* NULL is allowed. */
void name_rules_close(struct name_rules *rules);

/* Is name the end of names that are registered by different people (as "com", "co.uk", "github.io")?  So is every
 * name of one label, and the root. */
bool name_rules_public_suffix(const struct name_rules *rules, const uint8_t *name);

/* Why nobody but an administrator gets name, in words that go after the name ("… is a public suffix, …"); a constant.
 * NULL: nothing is against it.  own_servers: names of our name servers (server.name-servers).
 * Cost: one look into the list and one walk over a table of some fifty rows. */
const char *name_rules_refusal(const struct name_rules *rules, const uint8_t *name,
                               const struct name *own_servers, unsigned own_count);

#endif

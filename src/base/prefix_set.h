/* The addresses that any of a list of prefixes holds.  Immutable; may be shared by threads.  Cost of a look: the
 * logarithm of the count. */
#ifndef UNDERSTUDY_BASE_PREFIX_SET_H
#define UNDERSTUDY_BASE_PREFIX_SET_H

#include "base/addr.h"

struct prefix_set;

/* NULL: nothing is in it. */
struct prefix_set *prefix_set_new(const struct addr_prefix *items, unsigned count);
void prefix_set_free(struct prefix_set *s);
/* s may be NULL. */
bool prefix_set_has(const struct prefix_set *s, const struct addr *a);

#endif

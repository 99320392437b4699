/* The Accept header (RFC 9110 section 12.5.1), as far as the question goes that we have: does it allow what a route
 * makes?  Thread: any. */
#ifndef UNDERSTUDY_WEB_ACCEPT_H
#define UNDERSTUDY_WEB_ACCEPT_H

#include <stdbool.h>

#include "web/route.h"

/* accept: the header, or NULL, which allows everything. */
bool accept_allows(const char *accept, enum makes makes);

/* Is a Content-Type JSON?  "application/json; charset=utf-8", "application/merge-patch+json". */
bool accept_is_json(const char *type);

#endif

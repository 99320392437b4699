/* Routes that are one request of the daemon: what the path, the query and the body say goes into its fields, what it
 * answers comes out, both respelled.  Fields of a body: of its schema, camelCase to snake_case, unless x-field names
 * another; times of format date-time become seconds.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_WEB_PASS_H
#define UNDERSTUDY_WEB_PASS_H

#include "web/exchange.h"

/* The request of the route, with all that the caller gave.  A new reference. */
json_t *pass_request(struct exchange *x);

#endif

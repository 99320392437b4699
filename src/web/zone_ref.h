/* Which zone a path means: …/{id}, or …/by-name/{name}.  Thread: the loop's. */
#ifndef UNDERSTUDY_WEB_ZONE_REF_H
#define UNDERSTUDY_WEB_ZONE_REF_H

#include "web/exchange.h"

/* A request about the zone of the path, a new reference; NULL: there can be none, which was answered. */
json_t *zone_ref_request(struct exchange *x, const char *name);

/* For lists of zones: a row, and the filters that the query has. */
json_t *zone_ref_row(struct exchange *x, json_t *zone);
void zone_ref_filter(struct exchange *x, json_t *request);

#endif

/* Primaries of a zone's settings as the API shows them.  Thread: any. */
#ifndef UNDERSTUDY_WEB_ZONE_OUT_PRIMARIES_H
#define UNDERSTUDY_WEB_ZONE_OUT_PRIMARIES_H

#include <jansson.h>

/* list: texts (address[@port] or the name of a primary) and mappings.  A new reference. */
json_t *zone_primaries_out(json_t *list);
/* One of them. */
json_t *zone_primary_out(json_t *primary);

#endif

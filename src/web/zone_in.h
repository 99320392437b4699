/* A zone as the API has it, made into settings as the configuration has them (docs/operator/options.md).
 * Thread: any. */
#ifndef UNDERSTUDY_WEB_ZONE_IN_H
#define UNDERSTUDY_WEB_ZONE_IN_H

#include "web/faults.h"

/* body has been judged by schemas[schema], whose properties with x-option are settings.  nulls: keep what is null,
 * which resets an option; else leave it out.  Faults that a schema cannot say are added; prefix: before each field.
 * A new reference. */
json_t *zone_in_settings(json_t *schemas, const char *schema, json_t *body, int nulls, struct faults *faults,
                         const char *prefix);

/* One primary as the API has it, as configuration has it; field: its name in faults.  A new reference. */
json_t *zone_in_primary(json_t *primary, const char *field, struct faults *faults);

#endif

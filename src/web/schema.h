/* Bodies are judged by the very schemas that the description of the API shows (schemas.json): the part of JSON
 * Schema that these use, which is type, enum, required, properties, items, minItems, maxItems, minLength, maxLength,
 * minimum, maximum, format (ip, date-time), $ref.  A field that is no property is a fault.
 * Thread: any. */
#ifndef UNDERSTUDY_WEB_SCHEMA_H
#define UNDERSTUDY_WEB_SCHEMA_H

#include "web/faults.h"

/* Judge value by schemas[name]; each fault names its field. */
void schema_check(json_t *schemas, const char *name, json_t *value, struct faults *faults);

/* The schema of a property of schemas[name], $ref followed, or NULL.  Borrowed. */
json_t *schema_property(json_t *schemas, const char *name, const char *property);

#endif

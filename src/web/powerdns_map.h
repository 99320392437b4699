/* Zones and keys in the words of PowerDNS's HTTP API, both ways: names with a final dot, "Slave" for what we are,
 * masters as address[:port].
 * Thread: any. */
#ifndef UNDERSTUDY_WEB_POWERDNS_MAP_H
#define UNDERSTUDY_WEB_POWERDNS_MAP_H

#include "base/err.h"
#include "web/faults.h"
#include "web/names.h"

#define POWERDNS_SERVER "/api/v1/servers/localhost"
#define POWERDNS_ID_MAX (NAMES_TEXT_MAX * 3)

/* "0=2F25.in-addr.arpa." is the zone 0/25.in-addr.arpa.  ERR_NAME. */
MUST_CHECK enum err powerdns_zone_name(const char *id, char out[static NAMES_TEXT_MAX]);

/* The daemon's ZONE.  A new reference. */
json_t *powerdns_zone_out(json_t *zone);
/* The daemon's TSIG key.  A new reference. */
json_t *powerdns_key_out(json_t *key);

/* Settings of a body; empty where it says nothing of masters.  A new reference. */
json_t *powerdns_settings(json_t *body, struct faults *faults);
/* A fault, unless the kind is that of a secondary or not given. */
void powerdns_check_kind(json_t *body, struct faults *faults);

#endif

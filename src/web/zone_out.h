/* A zone as the daemon has it, made into what the API shows.
 *
 * Two vocabularies: status (pending, active, error) and healthStatus (synced, stale, master_unreachable, pending,
 * error) are those of SecondDNS's API; state and reason are the daemon's own, which tell more.
 * Thread: any. */
#ifndef UNDERSTUDY_WEB_ZONE_OUT_H
#define UNDERSTUDY_WEB_ZONE_OUT_H

#include <jansson.h>

enum health { HEALTH_SYNCED, HEALTH_STALE, HEALTH_UNREACHABLE, HEALTH_PENDING, HEALTH_ERROR, HEALTH_COUNT };

/* "synced", "stale", "master_unreachable", "pending", "error" */
const char *health_word(enum health h);
/* Of a row of zone.list, or null: not under care yet. */
enum health zone_health(json_t *status);
/* "active", "pending", "error" */
const char *zone_status_word(json_t *status);

/* zone: the daemon's ZONE.  A new reference. */
json_t *zone_out(json_t *schemas, json_t *zone);
/* {name, status, healthStatus, …}: a row of the health list; zone is a ZONE, or a row of zone.list. */
json_t *zone_health_out(json_t *zone, long long now_s);

#endif

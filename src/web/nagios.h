/* Health in the words that SecondDNS's monitoring plugin prints, one line; its first word is the state.
 *
 *   OK - all 5 zones synced
 *   WARNING - example.com stale 135min master=7 ours=5 | stale_min=135;120;360
 *   CRITICAL - broken.net master_unreachable since 2026-04-16T13:00:00Z | stale_min=390;120;360
 *
 * Thread: any. */
#ifndef UNDERSTUDY_WEB_NAGIOS_H
#define UNDERSTUDY_WEB_NAGIOS_H

#include <jansson.h>
#include <stddef.h>

#define NAGIOS_TEXT_MAX 1400
#define NAGIOS_WARN_MIN 120
#define NAGIOS_CRIT_MIN 360

struct nagios_bounds {
	long long warn_min, crit_min; /* minutes that a zone may be out of step */
};

enum nagios_state { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL };

/* zone: as of zone_health_out. */
enum nagios_state nagios_state(json_t *zone, struct nagios_bounds b);
/* One zone. */
void nagios_zone(json_t *zone, struct nagios_bounds b, char out[static NAGIOS_TEXT_MAX]);
struct nagios_counts {
	long long total, synced;
};
/* All: how many there are, and those out of step (a list of zones as of zone_health_out, of very many the first), the
 * worst of which is told first and the next few after it. */
void nagios_all(struct nagios_counts counts, json_t *zones, struct nagios_bounds b,
                char out[static NAGIOS_TEXT_MAX]);

#endif

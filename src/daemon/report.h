/* What the control socket tells, as JSON: docs/formats/control.md lists every field.  Each result is a new
 * reference.  Pure functions. */
#ifndef UNDERSTUDY_DAEMON_REPORT_H
#define UNDERSTUDY_DAEMON_REPORT_H

#include <jansson.h>

#include "inventory/config.h"
#include "net/worker.h"
#include "serve/serve.h"
#include "transfer/transfer.h"

json_t *report_zone(const struct zone_report *z);
json_t *report_attempt(const struct attempt *a);
json_t *report_history_row(const struct history_step *step);
/* Put the oldest version, to which no step leads, before the rows of the steps; tell in each whether it is served. */
void report_history_finish(json_t *rows, bool has_serial, uint32_t serial);
json_t *report_zone_row(const struct zone_report *z);                       /* a line of zone list */
json_t *report_zone_brief(const struct zone_report *z, const char *health); /* a row, and how it is */
json_t *report_states(const struct transfer_counters *c);                   /* zones by state */
json_t *report_stats(const struct serve_counters *serve, const struct transfer_counters *transfer,
                     const struct net_worker_counters *net);
json_t *report_faults(const struct config_faults *faults);

#endif

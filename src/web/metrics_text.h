/* Numbers as Prometheus reads them (text format 0.0.4).
 *
 * The daemon's result is a tree: {"serve": {"queries": 5, …}, "zones": {"states": {"active": 3}}, "zone": [{…}, …]}.
 * Thread: any. */
#ifndef UNDERSTUDY_WEB_METRICS_TEXT_H
#define UNDERSTUDY_WEB_METRICS_TEXT_H

#include <jansson.h>
#include <stddef.h>

#define METRICS_ZONES_MAX 1000 /* zones that get series of their own */

/* The whole text, by malloc. */
char *metrics_text(json_t *result, size_t *out_len);

#endif

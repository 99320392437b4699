/* Results of requests as text for people.  What a reply does not have is shown as "-". */
#ifndef UNDERSTUDY_CLI_SHOW_H
#define UNDERSTUDY_CLI_SHOW_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#define SHOW_TIME_MAX 80

void show_status(FILE *out, const json_t *status);
void show_stats(FILE *out, const json_t *stats);
void show_zones(FILE *out, const json_t *zones);                     /* sorted by name */
void show_history(FILE *out, const json_t *versions, int64_t now_s); /* newest first */
void show_zone(FILE *out, const json_t *zone, int64_t now_s);

/* "2026-01-31 12:00:00 UTC (in 3 h 20 min)"; at_s 0: "-".  Returns buf. */
const char *show_time(int64_t at_s, int64_t now_s, char buf[static SHOW_TIME_MAX]);
/* "3 h 20 min".  Returns buf. */
const char *show_period(int64_t seconds, char buf[static SHOW_TIME_MAX]);

#endif

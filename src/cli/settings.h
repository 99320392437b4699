/* Settings of a zone, times and numbers as the command line has them, made the JSON that requests want.  Pure. */
#ifndef UNDERSTUDY_CLI_SETTINGS_H
#define UNDERSTUDY_CLI_SETTINGS_H

#include <jansson.h>

#include "cli/command.h"

/* {"primaries": [...], "template": ..., ...} of --set, --reset (null), --template, --key and the primaries given.
 * ERR_MALFORMED: fault tells.  *out_settings: a new reference. */
MUST_CHECK enum err settings_read(const struct command *command, json_t **out_settings,
                                  char fault[static COMMAND_FAULT_MAX]);
/* One primary: its text, or with key {"addresses": [text], "key": key}.  A new reference; NULL: not UTF-8. */
json_t *settings_primary(const char *text, const char *key);

/* "90d", "12h", "30m", "3600" (seconds) as a period; "2027-01-31" as a time of day 0 UTC.  *out_s: seconds since 1970 if
 * from_s is the time now, a period if from_s is 0 (then a date is refused).  ERR_MALFORMED. */
MUST_CHECK enum err settings_time(const char *text, int64_t from_s, int64_t *out_s);
/* 0 to 2^53. */
MUST_CHECK enum err settings_number(const char *text, int64_t *out_number);

#endif

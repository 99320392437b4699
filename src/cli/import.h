/* zone import and zone export-list: many zones at once, in slices. */
#ifndef UNDERSTUDY_CLI_IMPORT_H
#define UNDERSTUDY_CLI_IMPORT_H

#include "cli/ask.h"

enum exit_status import_run(const struct command *command, struct client *client);
enum exit_status import_export_list(const struct command *command, struct client *client);

/* One line of a file: "name primary [key]" or a JSON object {"name", "settings"}.  *out_zone: a new reference, NULL
 * for an empty line or a comment.  ERR_MALFORMED: fault tells. */
MUST_CHECK enum err import_line(char *line, json_t **out_zone, char fault[static COMMAND_FAULT_MAX]);

#endif

/* Commands that change the inventory: what they ask for. */
#ifndef UNDERSTUDY_CLI_EDIT_H
#define UNDERSTUDY_CLI_EDIT_H

#include <jansson.h>

#include "cli/command.h"

/* The request with all that the command line says.  EXIT-like result by err: ERR_MALFORMED and ERR_IO: fault tells.
 * now_s: the time.  *out_request: a new reference. */
MUST_CHECK enum err edit_request(const struct command *command, int64_t now_s, json_t **out_request,
                                 char fault[static COMMAND_FAULT_MAX]);

#endif

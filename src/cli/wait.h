/* --wait: from a wish to its outcome. */
#ifndef UNDERSTUDY_CLI_WAIT_H
#define UNDERSTUDY_CLI_WAIT_H

#include "cli/ask.h"

/* Sends request (taken), then looks at the zone until an attempt that is newer than those of before has ended. */
enum exit_status wait_run(const struct command *command, struct client *client, json_t *request);

#endif

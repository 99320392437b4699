/* Carry out a command: ask the daemon, print what it says. */
#ifndef UNDERSTUDY_CLI_RUN_H
#define UNDERSTUDY_CLI_RUN_H

#include "cli/ask.h"

/* Prints to stdout and stderr. */
enum exit_status command_run(const struct command *command);

#endif

/* Carry out a command: ask the daemon, print what it says. */
#ifndef UNDERSTUDY_CLI_RUN_H
#define UNDERSTUDY_CLI_RUN_H

#include "cli/command.h"

enum exit_status { EXIT_DONE = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

/* Prints to stdout and stderr. */
enum exit_status command_run(const struct command *command);

#endif

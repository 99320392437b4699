/* Help and completion, from the tables. */
#ifndef UNDERSTUDY_CLI_HELP_H
#define UNDERSTUDY_CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

/* All commands. */
void help_all(FILE *out);
/* One command: its arguments and options. */
void help_command(FILE *out, enum command_kind kind);
/* All commands that begin with this word; false: there is none. */
bool help_family(FILE *out, const char *word);
/* A script for "bash", "zsh" or "fish"; false: another shell. */
bool help_completion(FILE *out, const char *shell);

#endif

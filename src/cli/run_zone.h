/* Commands about the content of zones: lists, versions, differences, text. */
#ifndef UNDERSTUDY_CLI_RUN_ZONE_H
#define UNDERSTUDY_CLI_RUN_ZONE_H

#include "cli/ask.h"

enum exit_status run_zone_list(const struct command *command, struct client *client);
enum exit_status run_zone_history(const struct command *command, struct client *client);
enum exit_status run_zone_diff(const struct command *command, struct client *client);
enum exit_status run_zone_export(const struct command *command, struct client *client);

#endif

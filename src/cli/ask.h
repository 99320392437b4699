/* Asking the daemon and telling what went wrong.  Prints to stdout and stderr. */
#ifndef UNDERSTUDY_CLI_ASK_H
#define UNDERSTUDY_CLI_ASK_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/client.h"
#include "cli/command.h"

enum exit_status { EXIT_DONE = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

/* The request of the command with its arguments; a new reference, NULL if a text is not UTF-8. */
json_t *ask_request(const struct command *command);

/* No reply came. */
enum exit_status ask_no_reply(enum err e);
/* A reply that is not "ok": its words, its faults; with --json the reply itself. */
enum exit_status ask_refused(const struct command *command, const json_t *reply);
bool ask_is_ok(const json_t *reply);
void ask_print_json(const json_t *value);

/* Sends request (taken) and waits for one reply.  EXIT_DONE: *out_result is a new reference to its result. */
enum exit_status ask_once(const struct command *command, struct client *client, json_t *request,
                          json_t **out_result);
/* The same for a result that comes in slices; take is called with each. */
enum exit_status ask_slices(const struct command *command, struct client *client, json_t *request,
                            void (*take)(void *ctx, json_t *slice), void *ctx);
/* The same for a stream: take is called with each event that follows the first reply, until the connection ends. */
enum exit_status ask_events(const struct command *command, struct client *client, json_t *request,
                            void (*take)(void *ctx, json_t *event), void *ctx);
/* All pages of a request that has "after" and gives "next": take is called with each result.  Takes request. */
enum exit_status ask_pages(const struct command *command, struct client *client, json_t *request,
                           void (*take)(void *ctx, json_t *page), void *ctx);

#endif

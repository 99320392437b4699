/* The control socket, from the side that asks: one JSON object a line, answered by one or several. */
#ifndef UNDERSTUDY_CLI_CLIENT_H
#define UNDERSTUDY_CLI_CLIENT_H

#include <jansson.h>

#include "base/err.h"

#define CLIENT_ERROR_MAX 256

struct client;

/* ERR_IO: nobody answers there; error tells. */
MUST_CHECK enum err client_open(const char *path, struct client **out_client,
                                char error[static CLIENT_ERROR_MAX]);
void client_close(struct client *c);

/* Send {"request": request, "zone": zone}; zone NULL: without.  ERR_IO. */
/* The same with further fields; takes the object, which may be NULL when memory is short (ERR_MALFORMED). */
MUST_CHECK enum err client_send(struct client *c, json_t *request);
MUST_CHECK enum err client_ask(struct client *c, const char *request, const char *zone);
/* The next reply, a new reference.  ERR_CLOSED, ERR_TIMEOUT, ERR_LIMIT (too long), ERR_MALFORMED (no JSON). */
MUST_CHECK enum err client_reply(struct client *c, json_t **out_reply);

#endif

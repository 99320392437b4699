/* From the configuration to the sockets: addresses, limits of connections, certificate and key of DNS over TLS. */
#ifndef UNDERSTUDY_DAEMON_LISTENING_H
#define UNDERSTUDY_DAEMON_LISTENING_H

#include "daemon/workers.h"
#include "inventory/config.h"
#include "net/tls.h"

#define LISTENING_TEXT_MAX (TLS_TEXT_MAX + 128)

/* Borrows from server and tls (NULL: none), for workers_open. */
struct workers_settings listening_settings(const struct config_server *server, struct tls_credentials *tls);

/* Read what server.tls names.  *out_tls is NULL when there is no such section; the caller owns a reference.
 * user: whose rights we have, NULL: those of the start.  ERR_CONFIG: out_text is a sentence for an operator. */
MUST_CHECK enum err listening_credentials(const struct config_server *server, const char *user,
                                          struct tls_credentials **out_tls,
                                          char out_text[static LISTENING_TEXT_MAX]);

/* Do both listen to the same addresses, over TLS too? */
bool listening_same(const struct config_server *a, const struct config_server *b);
bool listening_same_tls(const struct config_server *a, const struct config_server *b);
bool listening_same_web(const struct config_web *a, const struct config_web *b);

#endif

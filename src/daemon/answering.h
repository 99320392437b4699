/* From the configuration to the settings of the answering side. */
#ifndef UNDERSTUDY_DAEMON_ANSWERING_H
#define UNDERSTUDY_DAEMON_ANSWERING_H

#include "inventory/config.h"
#include "serve/serve.h"

/* Borrows from server, which may be read anew while the daemon runs.  start: as the daemon was started, for what is said
 * about connections, whose limits stay until a restart. */
struct serve_settings answering_settings(const struct config_server *start,
                                         const struct config_server *server);

#endif

/* The callbacks of the folders, connected.  The daemon is the ctx of each. */
#ifndef UNDERSTUDY_DAEMON_WIRE_H
#define UNDERSTUDY_DAEMON_WIRE_H

#include "daemon/daemon.h"

struct serve_notify_sink wire_notify_sink(struct daemon *d); /* serve → transfer */
struct wanted_watcher wire_wanted_watcher(struct daemon *d); /* inventory → transfer */
struct stock_watcher wire_stock_watcher(struct daemon *d);   /* inventory → wanted */
struct ownership_settings wire_ownership(struct daemon *d);  /* proofs → inventory, wanted */
void wire_inventory(struct daemon *d, struct control_backend *b);
struct control_backend wire_control_backend(struct daemon *d); /* control → all */

#endif

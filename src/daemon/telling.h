/* What happens is told to those who watch, and counted for each account: the health of its zones.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_DAEMON_TELLING_H
#define UNDERSTUDY_DAEMON_TELLING_H

#include "daemon/daemon.h"

struct transfer_watcher telling_watcher(struct daemon *d);
/* A zone comes; before transfer is told. */
void telling_zone_added(struct daemon *d, const uint8_t *zone, int64_t account);
/* It has other settings, or goes; as above. */
void telling_zone(struct daemon *d, enum watch_kind kind, const uint8_t *name);
/* It is another account's now. */
void telling_moved(struct daemon *d, const uint8_t *zone, int64_t former, int64_t account);

#endif

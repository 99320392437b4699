/* Words to the service manager (sd_notify(3)); nothing happens where there is none.  Thread: main. */
#ifndef UNDERSTUDY_DAEMON_SYSTEMD_H
#define UNDERSTUDY_DAEMON_SYSTEMD_H

#include <stddef.h>

void systemd_ready(size_t zones);
void systemd_reloading(void);
void systemd_stopping(void);

#endif

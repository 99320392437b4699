/* libsystemd, loaded when it is first wanted: with the six libraries behind it, it would cost each program that is linked
 * with it some milliseconds at its start, which only those pay that way who have a service manager or its journal
 * (docs/decisions/0024).  Any thread. */
#ifndef UNDERSTUDY_BASE_SYSTEMD_LIBRARY_H
#define UNDERSTUDY_BASE_SYSTEMD_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

struct iovec;

/* As sd_notify(3), for a process that has NOTIFY_SOCKET in its environment; others don't load the library for it.
 * False: nobody was told. */
bool systemd_library_notify(const char *words);

/* As sd_journal_sendv(3).  False: there is no library or no journal, or it could not send. */
bool systemd_library_journal(const struct iovec *fields, int count);

#endif

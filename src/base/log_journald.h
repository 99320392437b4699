/* Lines of the log as entries of systemd's journal, by its native protocol: one datagram an entry, of fields that are each
 * a name, a line feed, the length of the value in 8 octets, little-endian, the value and a line feed. */
#ifndef UNDERSTUDY_BASE_LOG_JOURNALD_H
#define UNDERSTUDY_BASE_LOG_JOURNALD_H

#include "base/log.h"

#define LOG_JOURNALD_SOCKET "/run/systemd/journal/socket"

/* One entry: MESSAGE (name and fields as in the text format), PRIORITY, SYSLOG_IDENTIFIER (the program), UNDERSTUDY_EVENT
 * and one field UNDERSTUDY_<KEY> for each of fields.  socket_path: where the journal listens. */
void log_journald_send(const char *socket_path, enum log_level level, const char *event, const char *message,
                       const struct log_field *fields, int count);

#endif

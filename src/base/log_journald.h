/* Lines of the log as entries of systemd's journal. */
#ifndef UNDERSTUDY_BASE_LOG_JOURNALD_H
#define UNDERSTUDY_BASE_LOG_JOURNALD_H

#include "base/log.h"

/* One entry: MESSAGE (name and fields as in the text format), PRIORITY, UNDERSTUDY_EVENT and one field UNDERSTUDY_<KEY> for
 * each of fields.  False: the journal cannot be reached; the line is not written. */
bool log_journald_send(enum log_level level, const char *event, const char *message,
                       const struct log_field *fields, int count);

#endif

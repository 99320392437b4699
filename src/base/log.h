/* Events with names and key=value fields.  The list of events is events.def: EVENT(NAME, level, "text").
 *
 * One line:  2026-01-31T12:00:00.123Z info zone.transfer.done zone=example.com serial=7 ...
 * or a JSON object a line, or the journal's native protocol; where that can't be had, text, and once a line that says so.  Values are escaped; no secrets.
 * Thread: any; lines are written whole (one write call).  Peer-caused events are rate-limited per event:
 * at most 20 a second, then one line that counts what was left out. */
#ifndef UNDERSTUDY_BASE_LOG_H
#define UNDERSTUDY_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON, LOG_FORMAT_JOURNALD };

enum event {
#define EVENT(name, level, text) EVENT_##name,
#include "base/events.def"
#undef EVENT
	EVENT_COUNT
};

struct log; /* the sink; made by the daemon, borrowed by everyone else; NULL discards */

struct log *log_new(enum log_level level, enum log_format format, int fd);
void log_free(struct log *log);
void log_configure(struct log *log, enum log_level level, enum log_format format);

/* Fields: pairs made by the LOG_ constructors below, at most 16. */
struct log_field {
	const char *key;
	const char *text; /* NULL: number holds the value */
	int64_t number;
};
#define LOG_STR(k, v) ((struct log_field){ .key = (k), .text = (v) })
#define LOG_NUM(k, v) ((struct log_field){ .key = (k), .number = (int64_t)(v) })

/* A line of this event would be written: what its fields cost may be saved otherwise.  Any thread. */
bool log_takes(const struct log *log, enum event event);
void log_event_fields(struct log *log, enum event event, const struct log_field *fields, int count);
#define log_event(log, event, ...)                                                                           \
	log_event_fields((log), (event), (const struct log_field[]){ __VA_ARGS__ },                          \
	                 (int)(sizeof((const struct log_field[]){ __VA_ARGS__ }) /                           \
	                       sizeof(struct log_field)))

/* From here on lines of this thread are gathered, as long as no other gathers, and written together by log_write_out, or
 * when there are many, or with the first that is an error.  For a mass of events in one go: what is gathered is lost if the
 * process is killed meanwhile.  NULL is allowed. */
void log_gather(struct log *log);
void log_write_out(struct log *log);

const char *event_name(enum event event); /* "zone.transfer.done" */

#endif

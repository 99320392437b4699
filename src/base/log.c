/* Lines are built in one buffer on the stack and written by one call.  The lock guards the counters of
 * rate-limited events only; level and format are atomics. */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/log_journald.h"

#define LINE_MAX_LEN 4000
#define FIELDS_MAX 16
#define GATHERED_CAP 65536
#define PEER_EVENTS_PER_S 20

struct event_row {
	const char *symbol;
	enum log_level level;
	const char *text; /* "name: meaning" */
};

struct quota {
	int64_t second; /* the second that passed counts in */
	unsigned passed;
	unsigned left_out;
};

struct log {
	atomic_int level;
	atomic_int format;
	atomic_bool told_no_journal;
	int fd;
	pthread_mutex_t lock;
	struct quota quotas[EVENT_COUNT];
	_Atomic uintptr_t gatherer; /* its thread; 0: none */
	char *gathered;             /* GATHERED_CAP octets, from the first log_gather on; the gatherer's */
	size_t gathered_len;
};

static const struct event_row *row_of(enum event event) {
	static const struct event_row rows[] = {
#define EVENT(name, level, text) { #name, LOG_LEVEL_##level, text },
#include "base/events.def"
#undef EVENT
	};
	return &rows[event];
}

/* Names cut off their texts, once: constants from then on. */
static char event_names[EVENT_COUNT][32];

static void cut_names(void) {
	for (unsigned i = 0; i < EVENT_COUNT; i++) {
		const char *text = row_of((enum event)i)->text;
		snprintf(event_names[i], sizeof(event_names[i]), "%.*s", (int)strcspn(text, ":"), text);
	}
}

const char *event_name(enum event event) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, cut_names);
	return event_names[event];
}

struct log *log_new(enum log_level level, enum log_format format, int fd) {
	struct log *log = xcalloc(1, sizeof(*log));
	log->fd = fd;
	pthread_mutex_init(&log->lock, NULL);
	log_configure(log, level, format);
	return log;
}

void log_configure(struct log *log, enum log_level level, enum log_format format) {
	atomic_store(&log->level, (int)level);
	atomic_store(&log->format, (int)format);
}

/* -- the text of a line -- */

static void put(struct writer *w, const char *text) {
	write_bytes(w, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void put_format(struct writer *w, const char *format, ...) {
	char buf[64];
	va_list args;
	va_start(args, format);
	vsnprintf(buf, sizeof(buf), format, args);
	va_end(args);
	put(w, buf);
}

static void put_number(struct writer *w, int64_t number) {
	if (number < 0) write_u8(w, '-');
	write_decimal(w, number < 0 ? -(uint64_t)number : (uint64_t)number, 1);
}

/* 2026-01-31T12:00:00.123Z */
static void put_time(struct writer *w, const struct timespec *now) {
	struct tm tm;
	gmtime_r(&now->tv_sec, &tm);
	write_decimal(w, (uint64_t)tm.tm_year + 1900, 4);
	write_u8(w, '-');
	write_decimal(w, (uint64_t)tm.tm_mon + 1, 2);
	write_u8(w, '-');
	write_decimal(w, (uint64_t)tm.tm_mday, 2);
	write_u8(w, 'T');
	write_decimal(w, (uint64_t)tm.tm_hour, 2);
	write_u8(w, ':');
	write_decimal(w, (uint64_t)tm.tm_min, 2);
	write_u8(w, ':');
	write_decimal(w, (uint64_t)tm.tm_sec, 2);
	write_u8(w, '.');
	write_decimal(w, (uint64_t)now->tv_nsec / 1000000, 3);
	write_u8(w, 'Z');
}

/* In double quotes, with the escapes that JSON and people share; octets beyond ASCII as their Latin-1 code
 * point, so that a line is valid JSON whatever a peer sent. */
static void put_quoted(struct writer *w, const char *text) {
	write_u8(w, '"');
	for (const char *p = text; *p; p++) {
		uint8_t c = (uint8_t)*p;
		if (c == '"' || c == '\\')
			put_format(w, "\\%c", c);
		else if (c == '\n')
			put(w, "\\n");
		else if (c < 0x20 || c > 0x7e)
			put_format(w, "\\u%04x", c);
		else
			write_u8(w, c);
	}
	write_u8(w, '"');
}

static bool is_plain(const char *text) {
	for (const char *p = text; *p; p++) {
		if (*p <= 0x20 || *p > 0x7e || *p == '"' || *p == '=' || *p == '\\') return false;
	}
	return *text != '\0';
}

/* A field that no longer fits is left out whole, and those after it. */
static void put_field(struct writer *w, const struct log_field *f, enum log_format format) {
	size_t start = w->len;
	if (format == LOG_FORMAT_JSON) {
		put(w, ",");
		put_quoted(w, f->key);
		put(w, ":");
	} else {
		put(w, " ");
		put(w, f->key);
		put(w, "=");
	}
	if (!f->text)
		put_number(w, f->number);
	else if (format != LOG_FORMAT_JSON && is_plain(f->text))
		put(w, f->text);
	else
		put_quoted(w, f->text);
	if (w->failed) w->len = start;
}

static const char *level_text(enum log_level level) {
	static const char *const texts[] = { "debug", "info", "warning", "error" };
	return texts[level];
}

static void put_head(struct writer *w, enum event event, enum log_format format) {
	const char *level = level_text(row_of(event)->level);
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (format == LOG_FORMAT_JSON) {
		put(w, "{\"time\":\"");
		put_time(w, &now);
		put(w, "\",\"level\":\"");
		put(w, level);
		put(w, "\",\"event\":\"");
		put(w, event_name(event));
		put(w, "\"");
		return;
	}
	if (format == LOG_FORMAT_TEXT) {
		put_time(w, &now);
		put(w, " ");
		put(w, level);
		put(w, " ");
	}
	put(w, event_name(event));
}

/* -- gathered lines -- */

static uintptr_t this_thread(void) {
	return (uintptr_t)pthread_self();
}

static bool gathers_here(struct log *log) {
	return atomic_load_explicit(&log->gatherer, memory_order_relaxed) == this_thread();
}

static void write_line(struct log *log, const char *line, size_t len) {
	if (write(log->fd, line, len) < 0) return; /* a log that can't be written has nowhere to say so */
}

static void write_gathered(struct log *log) {
	if (log->gathered_len > 0) write_line(log, log->gathered, log->gathered_len);
	log->gathered_len = 0;
}

static void gather_line(struct log *log, enum log_level level, const char *line, size_t len) {
	if (GATHERED_CAP - log->gathered_len < len) write_gathered(log);
	memcpy(log->gathered + log->gathered_len, line, len);
	log->gathered_len += len;
	if (level == LOG_LEVEL_ERROR) write_gathered(log);
}

void log_gather(struct log *log) {
	uintptr_t nobody = 0;
	if (!log || !atomic_compare_exchange_strong(&log->gatherer, &nobody, this_thread())) return;
	if (!log->gathered) log->gathered = xmalloc(GATHERED_CAP);
}

void log_write_out(struct log *log) {
	if (!log || !gathers_here(log)) return;
	write_gathered(log);
	atomic_store(&log->gatherer, 0);
}

/* One event and its fields, of which there may be too many. */
struct entry {
	enum event event;
	const struct log_field *fields;
	int count;
};

/* Octets of the line, without an end. */
static size_t compose(const struct entry *e, enum log_format format, char line[static LINE_MAX_LEN]) {
	struct writer w = writer_init(line, LINE_MAX_LEN);
	put_head(&w, e->event, format);
	for (int i = 0; i < e->count && i < FIELDS_MAX; i++)
		put_field(&w, &e->fields[i], format);
	return w.len;
}

static void emit_line(struct log *log, const struct entry *e, enum log_format format) {
	char line[LINE_MAX_LEN + 4];
	size_t len = compose(e, format, line);
	if (format == LOG_FORMAT_JSON) line[len++] = '}';
	line[len++] = '\n';
	if (gathers_here(log))
		gather_line(log, row_of(e->event)->level, line, len);
	else
		write_line(log, line, len);
}

static bool sent_to_journal(const struct entry *e) {
	char line[LINE_MAX_LEN + 4];
	line[compose(e, LOG_FORMAT_JOURNALD, line)] = '\0';
	return log_journald_send(row_of(e->event)->level, event_name(e->event), line, e->fields, e->count);
}

static void emit(struct log *log, enum event event, const struct log_field *fields, int count) {
	enum log_format format = (enum log_format)atomic_load(&log->format);
	const struct entry e = { event, fields, count };
	if (format == LOG_FORMAT_JOURNALD) {
		const struct entry no_journal = { EVENT_LOG_NO_JOURNAL, NULL, 0 };
		if (sent_to_journal(&e)) return;
		format = LOG_FORMAT_TEXT;
		if (!atomic_exchange(&log->told_no_journal, true)) emit_line(log, &no_journal, format);
	}
	emit_line(log, &e, format);
}

/* -- limits for what peers cause -- */

static bool is_limited(enum event event) {
	return strncmp(row_of(event)->symbol, "PEER_", 5) == 0;
}

static int64_t second_now(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* True: write the line.  *out_left_out: lines of the former seconds that were not, to be told first. */
static bool quota_pass(struct log *log, enum event event, unsigned *out_left_out) {
	int64_t second = second_now();
	struct quota *q = &log->quotas[event];
	pthread_mutex_lock(&log->lock);
	if (q->second != second) {
		*out_left_out = q->left_out;
		*q = (struct quota){ .second = second };
	}
	bool passes = q->passed < PEER_EVENTS_PER_S;
	if (passes)
		q->passed++;
	else
		q->left_out++;
	pthread_mutex_unlock(&log->lock);
	return passes;
}

static void tell_left_out(struct log *log, enum event event, unsigned left_out) {
	const struct log_field fields[] = { LOG_STR("of", event_name(event)), LOG_NUM("count", left_out) };
	if (left_out > 0) emit(log, EVENT_LOG_LEFT_OUT, fields, 2);
}

void log_free(struct log *log) {
	if (!log) return;
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		tell_left_out(log, (enum event)i, log->quotas[i].left_out);
	pthread_mutex_destroy(&log->lock);
	free(log->gathered);
	free(log);
}

bool log_takes(const struct log *log, enum event event) {
	return log && (int)row_of(event)->level >= atomic_load(&log->level);
}

void log_event_fields(struct log *log, enum event event, const struct log_field *fields, int count) {
	if (!log_takes(log, event)) return;
	unsigned left_out = 0;
	bool passes = !is_limited(event) || quota_pass(log, event, &left_out);
	tell_left_out(log, event, left_out);
	if (passes) emit(log, event, fields, count);
}

#include "base/log_journald.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/unix_send.h"

#define FIELDS_MAX 16 /* of an event */
#define ALL_MAX (FIELDS_MAX + 4)
#define NAME_CAP 64
#define LENGTH_LEN 8
#define VALUE_MAX 1200 /* octets of a field of an event */
#define NUMBER_CAP 24

/* An entry that is being put together.  Values are borrowed. */
struct entry {
	struct iovec parts[3 * ALL_MAX];
	size_t part_count;
	uint8_t heads[ALL_MAX][NAME_CAP + 1 + LENGTH_LEN];
	size_t count;
};

static void add_part(struct entry *e, const void *data, size_t len) {
	/* sendmsg does not write through it */
	e->parts[e->part_count++] = (struct iovec){ .iov_base = (void *)(uintptr_t)data, .iov_len = len };
}

static void add(struct entry *e, const char *name, const char *value, size_t len) {
	uint8_t *head = e->heads[e->count++];
	size_t at = strnlen(name, NAME_CAP);
	memcpy(head, name, at);
	head[at++] = '\n';
	for (unsigned i = 0; i < LENGTH_LEN; i++)
		head[at++] = (uint8_t)((uint64_t)len >> (8 * i));
	add_part(e, head, at);
	add_part(e, value, len);
	add_part(e, "\n", 1);
}

static void add_text(struct entry *e, const char *name, const char *value) {
	add(e, name, value, strlen(value));
}

/* Upper case, other characters than letters and digits as '_'. */
static void field_name(const char *key, char name[static NAME_CAP]) {
	(void)snprintf(name, NAME_CAP, "UNDERSTUDY_%s", key); /* a longer one is cut */
	for (char *p = name; *p; p++) {
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
		else if (!(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9'))
			*p = '_';
	}
}

static void add_field(struct entry *e, const struct log_field *f, char number[static NUMBER_CAP]) {
	char name[NAME_CAP];
	field_name(f->key, name);
	(void)snprintf(number, NUMBER_CAP, "%" PRId64, f->number); /* it fits */
	if (f->text)
		add(e, name, f->text, strnlen(f->text, VALUE_MAX));
	else
		add_text(e, name, number);
}

static const char *priority_text(enum log_level level) {
	static const char *const priorities[] = { "7", "6", "4", "3" }; /* syslog(3) */
	return priorities[level];
}

void log_journald_send(const char *socket_path, enum log_level level, const char *event, const char *message,
                       const struct log_field *fields, int count) {
	char numbers[FIELDS_MAX][NUMBER_CAP];
	struct entry e = { .count = 0 };
	add_text(&e, "MESSAGE", message);
	add_text(&e, "PRIORITY", priority_text(level));
	add_text(&e, "SYSLOG_IDENTIFIER", program_invocation_short_name);
	add_text(&e, "UNDERSTUDY_EVENT", event);
	for (int i = 0; i < count && i < FIELDS_MAX; i++)
		add_field(&e, &fields[i], numbers[i]);
	(void)unix_send(socket_path, e.parts,
	                e.part_count); /* a log that can't be written has nowhere to say so */
}

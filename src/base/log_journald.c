#include "base/log_journald.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/uio.h>

#include "base/systemd_library.h"

#define FIELDS_MAX 16
#define FIELD_CAP 1200

/* "KEY=value", key upper case, other characters than letters and digits as '_'. */
static size_t field_text(const struct log_field *f, char *buf) {
	int n = f->text ? snprintf(buf, FIELD_CAP, "UNDERSTUDY_%s=%s", f->key, f->text)
	                : snprintf(buf, FIELD_CAP, "UNDERSTUDY_%s=%" PRId64, f->key, f->number);
	for (char *p = buf; *p && *p != '='; p++) {
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
		else if (!(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9'))
			*p = '_';
	}
	return n < 0 ? 0 : (size_t)(n < FIELD_CAP ? n : FIELD_CAP - 1);
}

static int syslog_priority(enum log_level level) {
	static const int priority[] = { 7, 6, 4, 3 };
	return priority[level];
}

bool log_journald_send(enum log_level level, const char *event, const char *message,
                       const struct log_field *fields, int count) {
	char text[FIELDS_MAX][FIELD_CAP], head[3][64];
	char line[4200];
	struct iovec iov[FIELDS_MAX + 3];
	int n = 0;
	snprintf(line, sizeof(line), "MESSAGE=%s", message);
	snprintf(head[0], sizeof(head[0]), "PRIORITY=%d", syslog_priority(level));
	snprintf(head[1], sizeof(head[1]), "UNDERSTUDY_EVENT=%s", event);
	iov[n++] = (struct iovec){ line, __builtin_strlen(line) };
	iov[n++] = (struct iovec){ head[0], __builtin_strlen(head[0]) };
	iov[n++] = (struct iovec){ head[1], __builtin_strlen(head[1]) };
	for (int i = 0; i < count && i < FIELDS_MAX; i++) {
		iov[n++] = (struct iovec){ text[i], field_text(&fields[i], text[i]) };
	}
	return systemd_library_journal(iov, n);
}

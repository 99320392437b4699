/* Entries of the journal, octet for octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log_journald.h"

struct lab {
	char folder[32], path[64];
	int fd;
	char got[65536];
	size_t len;
};

static void lab_open(struct lab *lab) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	(void)snprintf(lab->folder, sizeof(lab->folder), "/tmp/understudy-XXXXXX");
	assert_non_null(mkdtemp(lab->folder));
	(void)snprintf(lab->path, sizeof(lab->path), "%s/journal", lab->folder);
	memcpy(address.sun_path, lab->path, strlen(lab->path));
	lab->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(lab->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void lab_close(struct lab *lab) {
	close(lab->fd);
	(void)unlink(lab->path);
	(void)rmdir(lab->folder);
}

static void lab_receive(struct lab *lab) {
	ssize_t n = recv(lab->fd, lab->got, sizeof(lab->got), MSG_DONTWAIT);
	assert_true(n > 0);
	lab->len = (size_t)n;
}

/* A field as the protocol has it. */
static void assert_has(const struct lab *lab, const char *name, const char *value) {
	char field[4096];
	size_t name_len = strlen(name), len = strlen(value);
	memcpy(field, name, name_len);
	field[name_len] = '\n';
	for (unsigned i = 0; i < 8; i++)
		field[name_len + 1 + i] = (char)((uint64_t)len >> (8 * i));
	memcpy(field + name_len + 9, value, len);
	field[name_len + 9 + len] = '\n';
	if (!memmem(lab->got, lab->len, field, name_len + 10 + len)) fail_msg("no field %s", name);
}

static void an_entry_has_all_its_fields(void **state) {
	struct lab lab;
	(void)state;
	lab_open(&lab);
	const struct log_field fields[] = { LOG_STR("zone", "a.example"), LOG_NUM("retry-s", -5),
		                            LOG_STR("evidence", "two\nlines") };
	log_journald_send(lab.path, LOG_LEVEL_WARNING, "zone.failed", "zone.failed zone=a.example", fields,
	                  3);
	lab_receive(&lab);
	assert_has(&lab, "MESSAGE", "zone.failed zone=a.example");
	assert_has(&lab, "PRIORITY", "4");
	assert_has(&lab, "SYSLOG_IDENTIFIER", program_invocation_short_name);
	assert_has(&lab, "UNDERSTUDY_EVENT", "zone.failed");
	assert_has(&lab, "UNDERSTUDY_ZONE", "a.example");
	assert_has(&lab, "UNDERSTUDY_RETRY_S", "-5");
	assert_has(&lab, "UNDERSTUDY_EVIDENCE", "two\nlines");
	lab_close(&lab);
}

static void what_is_too_long_or_too_many_is_cut(void **state) {
	struct lab lab;
	char longest[3000], cut[1201];
	struct log_field fields[40];
	(void)state;
	lab_open(&lab);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memset(cut, 'x', sizeof(cut) - 1);
	cut[sizeof(cut) - 1] = '\0';
	for (unsigned i = 0; i < 40; i++)
		fields[i] = i == 0 ? LOG_STR("text", longest) : LOG_NUM(longest, i);
	log_journald_send(lab.path, LOG_LEVEL_ERROR, "e", "m", fields, 40);
	lab_receive(&lab);
	assert_has(&lab, "UNDERSTUDY_TEXT", cut);
	lab_close(&lab);
}

static void without_a_journal_nothing_happens(void **state) {
	(void)state;
	log_journald_send("/nonexistent/socket", LOG_LEVEL_DEBUG, "e", "m", NULL, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_has_all_its_fields),
		cmocka_unit_test(what_is_too_long_or_too_many_is_cut),
		cmocka_unit_test(without_a_journal_nothing_happens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Log lines: form, escapes, levels, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

struct lab {
	int fd;
	struct log *log;
	char *lines;
};

static struct lab lab_of(enum log_level level, enum log_format format) {
	struct lab lab = { .fd = memfd_create("log", MFD_CLOEXEC) };
	assert_true(lab.fd >= 0);
	lab.log = log_new(level, format, lab.fd);
	return lab;
}

/* All that was written; the log is at its end then. */
static const char *lines_of(struct lab *lab) {
	log_free(lab->log);
	off_t len = lseek(lab->fd, 0, SEEK_END);
	lab->lines = calloc(1, (size_t)len + 1);
	assert_int_equal(pread(lab->fd, lab->lines, (size_t)len, 0), len);
	return lab->lines;
}

static void lab_done(struct lab *lab) {
	free(lab->lines);
	close(lab->fd);
}

static void assert_matches(const char *text, const char *pattern) {
	regex_t regex;
	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	int unlike = regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	if (unlike) fail_msg("%s is not like %s", text, pattern);
}

static unsigned count_of(const char *text, const char *word) {
	unsigned count = 0;
	for (const char *p = text; (p = strstr(p, word)); p++)
		count++;
	return count;
}

/* In place of the system's: no library can be loaded here. */
void *dlopen(const char *file, int flags) {
	(void)file, (void)flags;
	return NULL;
}

static void without_a_journal_lines_are_text_and_one_says_so(void **state) {
	(void)state;
	struct lab lab = lab_of(LOG_LEVEL_INFO, LOG_FORMAT_JOURNALD);
	log_event(lab.log, EVENT_ZONE_TRANSFERRED, LOG_STR("zone", "example.com"), LOG_NUM("serial", 7));
	log_event(lab.log, EVENT_DAEMON_STOP, LOG_STR("signal", "SIGTERM"));
	const char *lines = lines_of(&lab);
	assert_matches(lines, "^20[0-9T:.-]+Z warning log\\.no-journal\n"
	                      "20[0-9T:.-]+Z info zone\\.transferred zone=example\\.com serial=7\n"
	                      "20[0-9T:.-]+Z info daemon\\.stop signal=SIGTERM\n$");
	lab_done(&lab);
}

static void a_text_line_has_time_level_name_and_fields(void **state) {
	(void)state;
	struct lab lab = lab_of(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
	log_event(lab.log, EVENT_ZONE_TRANSFERRED, LOG_STR("zone", "example.com"),
	          LOG_NUM("serial", 4294967295), LOG_NUM("change", -1));
	assert_matches(lines_of(&lab),
	               "^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z info "
	               "zone\\.transferred zone=example\\.com serial=4294967295 change=-1\n$");
	lab_done(&lab);
}

static void values_that_could_be_mistaken_are_quoted_and_escaped(void **state) {
	(void)state;
	struct lab lab = lab_of(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
	log_event(lab.log, EVENT_ZONE_FAILED, LOG_STR("a", "two words"), LOG_STR("b", ""),
	          LOG_STR("c", "x=y"), LOG_STR("d", "\"\\\n\x1b\xff"));
	const char *line = lines_of(&lab);
	assert_non_null(strstr(line, " a=\"two words\" b=\"\" c=\"x=y\" d=\"\\\"\\\\\\n\\u001b\\u00ff\"\n"));
	assert_int_equal(count_of(line, "\n"), 1);
	lab_done(&lab);
}

static void a_json_line_is_one_object(void **state) {
	(void)state;
	struct lab lab = lab_of(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
	log_event(lab.log, EVENT_ZONE_FAILED, LOG_STR("zone", "a\"b"), LOG_NUM("n", 7));
	assert_matches(lines_of(&lab),
	               "^\\{\"time\":\"20[^\"]*Z\",\"level\":\"warning\",\"event\":\"zone\\.failed\","
	               "\"zone\":\"a\\\\\"b\",\"n\":7\\}\n$");
	lab_done(&lab);
}

static void lines_below_the_level_are_not_written(void **state) {
	(void)state;
	struct lab lab = lab_of(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
	assert_false(log_takes(lab.log, EVENT_ZONE_ADDED));
	assert_true(log_takes(lab.log, EVENT_ZONE_FAILED));
	log_event(lab.log, EVENT_ZONE_ADDED, LOG_STR("zone", "no"));
	log_event(lab.log, EVENT_ZONE_FAILED, LOG_STR("zone", "yes"));
	log_configure(lab.log, LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
	log_event(lab.log, EVENT_ZONE_LOADED, LOG_STR("zone", "later"));
	const char *lines = lines_of(&lab);
	assert_null(strstr(lines, "zone=no"));
	assert_non_null(strstr(lines, "zone=yes"));
	assert_non_null(strstr(lines, "zone=later"));
	lab_done(&lab);
}

static off_t written(const struct lab *lab) {
	return lseek(lab->fd, 0, SEEK_END);
}

static void gathered_lines_are_written_together_and_an_error_at_once(void **state) {
	(void)state;
	struct lab lab = lab_of(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	log_gather(lab.log);
	log_event(lab.log, EVENT_ZONE_ADDED, LOG_STR("zone", "first"));
	log_event(lab.log, EVENT_ZONE_ADDED, LOG_STR("zone", "second"));
	assert_int_equal(written(&lab), 0);
	log_event(lab.log, EVENT_STORE_FAILED, LOG_STR("error", "third"));
	off_t three = written(&lab);
	assert_true(three > 0);
	log_event(lab.log, EVENT_ZONE_ADDED, LOG_STR("zone", "fourth"));
	assert_int_equal(written(&lab), three);
	log_write_out(lab.log);
	log_event(lab.log, EVENT_ZONE_ADDED, LOG_STR("zone", "fifth"));
	assert_matches(lines_of(&lab),
	               "zone=first\n.*zone=second\n.*error=third\n.*zone=fourth\n.*zone=fifth\n");
	lab_done(&lab);
}

static void more_lines_than_can_be_gathered_are_all_written(void **state) {
	(void)state;
	struct lab lab = lab_of(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	log_gather(lab.log);
	for (int i = 0; i < 5000; i++)
		log_event(lab.log, EVENT_ZONE_ADDED, LOG_NUM("n", i));
	log_write_out(lab.log);
	const char *at = lines_of(&lab);
	for (int i = 0; i < 5000; i++) {
		char text[32];
		snprintf(text, sizeof(text), " n=%d\n", i);
		at = strstr(at, text);
		assert_non_null(at);
	}
	lab_done(&lab);
}

static void no_log_discards(void **state) {
	(void)state;
	log_event(NULL, EVENT_ZONE_FAILED, LOG_STR("zone", "x"));
	log_free(NULL);
}

/* However long its values are: JSON stays an object, and the line ends. */
static void a_line_that_is_too_long_loses_whole_fields(void **state) {
	(void)state;
	char longest[3000];
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	struct lab lab = lab_of(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
	log_event(lab.log, EVENT_ZONE_FAILED, LOG_STR("a", longest), LOG_STR("b", longest), LOG_NUM("c", 1));
	const char *line = lines_of(&lab);
	assert_int_equal(strcmp(line + strlen(line) - 3, "\"}\n"), 0);
	assert_non_null(strstr(line, "\"a\":"));
	assert_null(strstr(line, "\"b\":"));
	lab_done(&lab);
}

static void what_peers_cause_is_limited_and_counted(void **state) {
	(void)state;
	struct lab lab = lab_of(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
	for (unsigned i = 0; i < 500; i++)
		log_event(lab.log, EVENT_PEER_NOTIFY_REFUSED, LOG_NUM("i", i));
	for (unsigned i = 0; i < 500; i++)
		log_event(lab.log, EVENT_ZONE_FAILED, LOG_NUM("i", i));
	const char *lines = lines_of(&lab);
	assert_int_equal(count_of(lines, " zone.failed "), 500);
	unsigned written = count_of(lines, " peer.notify-refused "), left_out = 0;
	for (const char *p = lines; (p = strstr(p, "log.left-out of=peer.notify-refused count=")); p++)
		left_out += (unsigned)strtoul(strstr(p, "count=") + 6, NULL, 10);
	assert_int_equal(written + left_out, 500);
	assert_in_range(written, 20, 60); /* a second or two may have begun on a busy machine */
	lab_done(&lab);
}

static void every_event_has_a_name_of_its_own(void **state) {
	(void)state;
	for (int i = 0; i < EVENT_COUNT; i++) {
		const char *name = event_name((enum event)i);
		assert_true(strchr(name, '.') &&
		            strspn(name, "abcdefghijklmnopqrstuvwxyz.-") == strlen(name));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(name, event_name((enum event)j));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_line_has_time_level_name_and_fields),
		cmocka_unit_test(values_that_could_be_mistaken_are_quoted_and_escaped),
		cmocka_unit_test(a_json_line_is_one_object),
		cmocka_unit_test(without_a_journal_lines_are_text_and_one_says_so),
		cmocka_unit_test(lines_below_the_level_are_not_written),
		cmocka_unit_test(gathered_lines_are_written_together_and_an_error_at_once),
		cmocka_unit_test(more_lines_than_can_be_gathered_are_all_written),
		cmocka_unit_test(no_log_discards),
		cmocka_unit_test(a_line_that_is_too_long_loses_whole_fields),
		cmocka_unit_test(what_peers_cause_is_limited_and_counted),
		cmocka_unit_test(every_event_has_a_name_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

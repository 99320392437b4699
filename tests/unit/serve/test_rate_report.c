/* What the log tells about limited networks, and that it is little however many there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rate_lab.h"

static const char *log_text(struct log *log, int fd, char *text, size_t size) {
	log_free(log);
	ssize_t n = pread(fd, text, size - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return text;
}

static int log_file(void) {
	char path[] = "/tmp/test_rate_limit.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static unsigned count_of(const char *text, const char *part) {
	unsigned n = 0;
	for (const char *p = strstr(text, part); p; p = strstr(p + 1, part))
		n++;
	return n;
}

static void log_tells_begin_and_end(void **state) {
	(void)state;
	char text[4096];
	int fd = log_file();
	struct log *log = log_new(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, fd);
	struct rate_limit *l = limiter(limit_of(200));
	(void)sent(l, "192.0.2.77", RATE_NXDOMAIN, "example.", START_MS, 100); /* below: nothing to tell */
	rate_limit_report(l, log, at(START_MS));
	(void)sent(l, "192.0.2.77", RATE_NXDOMAIN, "example.", START_MS, 1100);
	(void)sent(l, "2001:db8::77", RATE_ERROR, NULL, START_MS, 300);
	for (int64_t s = 0; s < 30; s++)
		rate_limit_report(l, log, at(START_MS + s * 1000));
	rate_limit_free(l);
	log_text(log, fd, text, sizeof(text));
	assert_non_null(strstr(text, "peer.rate-limited network=192.0.2.0/24 class=nxdomain name=example "
	                             "dropped=500 slipped=500\n"));
	assert_non_null(
		strstr(text,
	               "peer.rate-limited network=2001:db8::/64 class=error name=- dropped=50 slipped=50\n"));
	assert_int_equal(count_of(text, "peer.rate-limited"), 2);
	assert_int_equal(count_of(text, "peer.rate-ended"), 2);
}

static void log_repeats_what_goes_on(void **state) {
	(void)state;
	char text[4096];
	int fd = log_file();
	struct log *log = log_new(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, fd);
	struct rate_limit *l = limiter(limit_of(200));
	for (int64_t s = 0; s < 150; s++) {
		(void)sent(l, "192.0.2.77", RATE_NXDOMAIN, "example.", START_MS + s * 1000, 1000);
		rate_limit_report(l, log, at(START_MS + s * 1000));
	}
	rate_limit_free(l);
	log_text(log, fd, text, sizeof(text));
	assert_int_equal(count_of(text, "peer.rate-limited"), 3);
	assert_int_equal(count_of(text, "peer.rate-ended"), 0);
}

/* However many networks are limited, lines are few. */
static void log_of_many_networks_is_bounded(void **state) {
	(void)state;
	static char text[1 << 20];
	int fd = log_file();
	struct log *log = log_new(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, fd);
	struct rate_settings s = limit_of(5);
	struct rate_limit *l = limiter(s);
	struct rate_answer answer = { .class = RATE_ERROR };
	for (uint32_t i = 0; i < 50000; i++) {
		struct addr a = { .family = AF_INET, .ip = { 10, (uint8_t)(i >> 8), (uint8_t)i, 1 } };
		for (unsigned k = 0; k < 10; k++)
			(void)rate_limit_check(l, &a, &answer, at(START_MS));
	}
	rate_limit_report(l, log, at(START_MS));
	rate_limit_free(l);
	log_text(log, fd, text, sizeof(text));
	assert_in_range(count_of(text, "peer.rate-limited"), 1, RATE_REPORTS_MAX);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_tells_begin_and_end),
		cmocka_unit_test(log_repeats_what_goes_on),
		cmocka_unit_test(log_of_many_networks_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

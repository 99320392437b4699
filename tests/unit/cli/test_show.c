#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/show.h"

#define NOW_S 1769860800 /* 2026-01-31 12:00:00 UTC */

static json_t *parse(const char *text) {
	json_t *value = json_loads(text, 0, NULL);
	assert_non_null(value);
	return value;
}

/* What show prints, to be freed. */
static char *printed_zone(const char *text) {
	char *out = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&out, &len);
	json_t *zone = parse(text);
	show_zone(stream, zone, NOW_S);
	fclose(stream);
	json_decref(zone);
	return out;
}

static void assert_has(const char *text, const char *word) {
	if (!strstr(text, word)) print_message("no \"%s\" in:\n%s\n", word, text);
	assert_non_null(strstr(text, word));
}

static void times_are_absolute_and_relative(void **state) {
	(void)state;
	char buf[SHOW_TIME_MAX];
	assert_string_equal(show_time(0, NOW_S, buf), "-");
	assert_string_equal(show_time(NOW_S + 5, NOW_S, buf), "2026-01-31 12:00:05 UTC (in 5 s)");
	assert_string_equal(show_time(NOW_S - 12000, NOW_S, buf), "2026-01-31 08:40:00 UTC (3 h 20 min ago)");
	assert_string_equal(show_period(200, buf), "3 min 20 s");
	assert_string_equal(show_period(90000, buf), "1 d 1 h");
}

static void a_zone_in_trouble_shows_reason_evidence_and_advice(void **state) {
	(void)state;
	char *out = printed_zone(
		"{\"name\":\"example.com\",\"state\":\"stale\",\"serial\":7,\"primary_serial\":9,\"refresh_at\":1769860830,"
		"\"state_since\":1769857200,\"next\":{\"action\":\"asks\",\"text\":\"asks\",\"primary\":\"192.0.2.1@53\",\"at\":1769860830},"
		"\"expire_at\":1769947200,\"checked_at\":1769857200,\"records\":12,\"bytes\":900,\"transferring\":true,"
		"\"primaries\":[{\"name\":\"p1\",\"address\":\"192.0.2.1@53\",\"key\":\"k1\"}],\"reason\":\"refused\","
		"\"reason_text\":\"It refuses.\",\"advice\":\"Allow it.\",\"evidence\":\"AXFR: REFUSED\",\"since\":1769857200,"
		"\"notify_refused\":[{\"address\":\"192.0.2.7\",\"key\":null,\"cause\":\"not-allowed\",\"count\":3,"
		"\"last_at\":1769857200,\"advice\":\"Allow it.\"}],"
		"\"attempts\":[{\"time\":1769860790,\"primary\":\"192.0.2.1@53\",\"transport\":\"tcp\",\"asked\":\"AXFR\","
		"\"got\":\"nothing\",\"before\":7,\"ok\":false,\"serial\":null,\"messages\":1,\"records\":0,\"bytes\":40,\"ms\":3,\"tsig\":true,\"key\":\"k1\","
		"\"reason\":\"refused\",\"evidence\":\"AXFR: REFUSED\"},"
		"{\"time\":1769860700,\"primary\":\"192.0.2.1@53\",\"transport\":\"udp\",\"asked\":\"SOA\",\"got\":\"soa\",\"before\":7,"
		"\"ok\":true,\"serial\":9,\"messages\":1,\"records\":0,\"bytes\":80,\"ms\":2,\"tsig\":false,"
		"\"reason\":\"none\",\"evidence\":\"\"}]}");
	assert_has(out, "state          stale, transferring since 2026-01-31 11:00:00 UTC");
	assert_has(out, "serial         7\n");
	assert_has(out, "primary has    9\n");
	assert_has(out, "192.0.2.1@53 (p1, key k1)");
	assert_has(out, "refused: It refuses.");
	assert_has(out, "AXFR: REFUSED");
	assert_has(out, "Allow it.");
	assert_has(out, "next           asks 192.0.2.1@53 in 30 s\n");
	assert_has(out, "(1 h 0 min ago)");
	assert_has(out, "NOTIFY refused from 192.0.2.7: not-allowed, 3 times, last 2026-01-31 11:00:00");
	assert_has(out, "AXFR over tcp, key k1: refused\n");
	assert_has(out, "SOA over udp: soa, serial 9 after 7, 2 ms\n");
	free(out);
}

static void a_zone_that_never_came_shows_dashes(void **state) {
	(void)state;
	char *out = printed_zone(
		"{\"name\":\"example.com\",\"state\":\"pending\",\"serial\":null,\"primary_serial\":null,"
		"\"refresh_at\":null,\"expire_at\":null,\"checked_at\":null,\"reason\":\"none\","
		"\"attempts\":[]}");
	assert_has(out, "serial         -\n");
	assert_has(out, "expires        -\n");
	assert_null(strstr(out, "reason"));
	free(out);
}

static void zones_are_listed_by_name(void **state) {
	(void)state;
	char *out = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&out, &len);
	json_t *zones = parse(
		"[{\"name\":\"b\",\"state\":\"active\",\"serial\":2,\"primary_serial\":2,\"reason\":\"none\"},"
		"{\"name\":\"a\",\"state\":\"error\",\"serial\":null,\"primary_serial\":null,"
		"\"reason\":\"timeout\"}]");
	show_zones(stream, zones);
	fclose(stream);
	json_decref(zones);
	const char *a = strstr(out, "\na "), *b = strstr(out, "\nb ");
	assert_true(a && b && a < b);
	assert_has(a, "timeout");
	free(out);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_absolute_and_relative),
		cmocka_unit_test(a_zone_in_trouble_shows_reason_evidence_and_advice),
		cmocka_unit_test(a_zone_that_never_came_shows_dashes),
		cmocka_unit_test(zones_are_listed_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

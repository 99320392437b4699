#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "web/nagios.h"

static const struct nagios_bounds bounds = { NAGIOS_WARN_MIN, NAGIOS_CRIT_MIN };

/* ours NULL: nothing is served. */
static json_t *zone(const char *name, const char *health, int minutes, const char *ours) {
	return json_pack("{s:s, s:s, s:i, s:s?, s:s, s:s}", "name", name, "healthStatus", health,
	                 "staleMinutes", minutes, "ourSerial", ours, "masterSerial", "2024041503", "since",
	                 "2026-04-16T13:00:00Z");
}

static void assert_one(json_t *z, const char *line) {
	char text[NAGIOS_TEXT_MAX];
	nagios_zone(z, bounds, text);
	assert_string_equal(text, line);
	json_decref(z);
}

static void lines_are_in_the_words_of_the_plugin(void **state) {
	(void)state;
	assert_one(
		zone("example.com", "stale", 135, "2024041501"),
		"WARNING - example.com stale 135min master=2024041503 ours=2024041501 | stale_min=135;120;360\n");
	assert_one(
		zone("broken.net", "master_unreachable", 390, "1"),
		"CRITICAL - broken.net master_unreachable since 2026-04-16T13:00:00Z | stale_min=390;120;360\n");
	assert_one(zone("late.net", "stale", 119, "1"),
	           "OK - late.net stale 119min master=2024041503 ours=1 | stale_min=119;120;360\n");
}

static void all_in_step_is_one_short_line(void **state) {
	(void)state;
	char text[NAGIOS_TEXT_MAX];
	json_t *none = json_array();
	nagios_all((struct nagios_counts){ 5, 5 }, none, bounds, text);
	assert_string_equal(text, "OK - all 5 zones synced\n");
	json_decref(none);
}

static void a_zone_that_never_came_is_a_warning_at_once(void **state) {
	(void)state;
	json_t *fresh = zone("a.net", "master_unreachable", 0, NULL),
	       *served = zone("b.net", "master_unreachable", 0, "1");
	assert_int_equal(nagios_state(fresh, bounds), NAGIOS_WARNING);
	assert_int_equal(nagios_state(served, bounds), NAGIOS_OK);
	json_decref(fresh);
	json_decref(served);
}

/* Of very many zones out of step only the first are looked at, but all are counted. */
static void those_in_step_are_counted_not_concluded(void **state) {
	(void)state;
	char text[NAGIOS_TEXT_MAX];
	json_t *some = json_array();
	json_array_append_new(some, zone("a.net", "stale", 10, "1"));
	json_array_append_new(some, zone("b.net", "stale", 20, "1"));
	nagios_all((struct nagios_counts){ .total = 20000, .synced = 3 }, some, bounds, text);
	assert_string_equal(text,
	                    "OK - 3 of 20000 zones synced, 19997 not yet late | stale_min=20;120;360\n");
	json_array_append_new(some, zone("c.net", "error", 0, NULL));
	nagios_all((struct nagios_counts){ .total = 20000, .synced = 3 }, some, bounds, text);
	assert_non_null(strstr(text, "CRITICAL - c.net error since"));
	json_decref(some);
}

static void a_line_stays_a_line_however_many_are_late(void **state) {
	(void)state;
	json_t *zones = json_array();
	char text[NAGIOS_TEXT_MAX], name[256];
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "%0250d", i);
		json_array_append_new(zones, zone(name, "stale", 1000, "1"));
	}
	nagios_all((struct nagios_counts){ .total = 300 }, zones, bounds, text);
	json_decref(zones);
	assert_non_null(strstr(text, " more | stale_min=1000;120;360\n"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_in_the_words_of_the_plugin),
		cmocka_unit_test(all_in_step_is_one_short_line),
		cmocka_unit_test(a_zone_that_never_came_is_a_warning_at_once),
		cmocka_unit_test(those_in_step_are_counted_not_concluded),
		cmocka_unit_test(a_line_stays_a_line_however_many_are_late),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

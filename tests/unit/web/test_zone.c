/* web/zone_in, web/zone_out, web/powerdns_map: a zone in three vocabularies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/powerdns_map.h"
#include "web/zone_in.h"
#include "web/zone_out.h"
#include "web/zone_out_primaries.h"

static const char schemas_text[] =
	"{\"ZonePatch\": {\"properties\": {\"maxShrink\": {\"x-option\": \"max-shrink\"},"
	" \"requestIxfr\": {\"x-option\": \"request-ixfr\", \"x-words\": [\"yes\", \"no\"]}}}}";

static json_t *parse(const char *text) {
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(value);
	return value;
}

static void assert_same(json_t *found, const char *wanted) {
	json_t *want = parse(wanted);
	char *text = json_dumps(found, JSON_COMPACT);
	if (!json_equal(found, want)) fail_msg("%s instead of %s", text, wanted);
	free(text);
	json_decref(found);
	json_decref(want);
}

static json_t *settings_of(const char *body, int nulls, size_t faults_wanted) {
	json_t *schemas = parse(schemas_text), *value = parse(body);
	struct faults faults = { 0 };
	json_t *settings = zone_in_settings(schemas, "ZonePatch", value, nulls, &faults, "");
	assert_int_equal(json_array_size(faults.list), faults_wanted);
	faults_done(&faults);
	json_decref(schemas);
	json_decref(value);
	return settings;
}

static void bodies_become_settings(void **state) {
	(void)state;
	assert_same(settings_of("{\"masterIp\": \"192.0.2.1\", \"maxShrink\": 5, \"requestIxfr\": false}", 0,
	                        0),
	            "{\"primaries\": [\"192.0.2.1\"], \"max-shrink\": 5, \"request-ixfr\": \"no\"}");
	assert_same(settings_of("{\"maxShrink\": null, \"masterIp\": null}", 1, 0), "{\"max-shrink\": null}");
	assert_same(settings_of("{\"maxShrink\": null}", 0, 0), "{}");
	assert_same(settings_of("{\"primaries\": null}", 1, 0), "{\"primaries\": null}");
	assert_same(
		settings_of(
			"{\"masterIp\": \"192.0.2.1\", \"primaries\": [{\"address\": \"192.0.2.1\", \"port\": 5}]}",
			0, 0),
		"{\"primaries\": [\"192.0.2.1@5\"]}");
}

static void contradictions_are_faults(void **state) {
	(void)state;
	json_decref(
		settings_of("{\"masterIp\": \"192.0.2.1\", \"primaries\": [{\"address\": \"192.0.2.2\"}]}", 0,
	                    1));
	json_decref(settings_of("{\"primaries\": [{}]}", 0, 1));
	json_decref(settings_of("{\"primaries\": [{\"name\": \"a\", \"address\": \"192.0.2.2\"}]}", 0, 2));
}

static void primaries_come_back_as_they_went(void **state) {
	static const char body[] =
		"[{\"address\": \"192.0.2.1\"}, {\"address\": \"2001:db8::1\", \"port\": 5300, \"tsigKeyId\": \"k\"},"
		" {\"name\": \"central\"}, {\"addresses\": [{\"address\": \"192.0.2.7\"}, {\"address\": \"192.0.2.8\", \"port\": 53}],"
		" \"tls\": {\"name\": \"ns.example\", \"plainPort\": 54}, \"requestIxfr\": true}]";
	json_t *list = parse(body), *settings = json_array(), *primary;
	struct faults faults = { 0 };
	size_t i;
	(void)state;
	json_array_foreach(list, i, primary) {
		json_array_append_new(settings, zone_in_primary(primary, "", &faults));
	}
	assert_null(faults.list);
	assert_same(zone_primaries_out(settings), body);
	json_decref(list);
	json_decref(settings);
}

static enum health health(const char *status) {
	json_t *value = parse(status);
	enum health h = zone_health(value);
	json_decref(value);
	return h;
}

static void states_have_the_words_of_others(void **state) {
	(void)state;
	assert_int_equal(health("null"), HEALTH_PENDING);
	assert_int_equal(health("{\"state\": \"pending\"}"), HEALTH_PENDING);
	assert_int_equal(health("{\"state\": \"active\", \"reason\": \"timeout\"}"), HEALTH_SYNCED);
	assert_int_equal(health("{\"state\": \"stale\", \"reason\": \"behind\"}"), HEALTH_STALE);
	assert_int_equal(health("{\"state\": \"stale\", \"reason\": \"timeout\"}"), HEALTH_UNREACHABLE);
	assert_int_equal(health("{\"state\": \"expired\", \"reason\": \"expired\"}"), HEALTH_ERROR);
	assert_int_equal(health("{\"state\": \"error\", \"reason\": \"refused\"}"), HEALTH_ERROR);
	assert_int_equal(health("{\"state\": \"held\", \"serial\": 5, \"primary_serial\": 6}"), HEALTH_STALE);
	assert_int_equal(health("{\"state\": \"stale\", \"health\": \"error\"}"),
	                 HEALTH_ERROR); /* the daemon judged */
}

static void masters_of_powerdns_become_primaries(void **state) {
	static const char *const wrong[] = { "x",          "",         "[::1]",        "1.2.3.4:",
		                             "1.2.3.4:0x", "[1.2.3.4", "1.2.3.4:70000" };
	struct faults faults = { 0 };
	(void)state;
	json_t *body = parse(
		"{\"masters\": [\"192.0.2.1\", \"192.0.2.1:5300\", \"2001:db8::1\", \"[2001:db8::1]:5300\"],"
		" \"slave_tsig_key_ids\": []}");
	assert_same(
		powerdns_settings(body, &faults),
		"{\"primaries\": [\"192.0.2.1\", \"192.0.2.1@5300\", \"2001:db8::1\", \"2001:db8::1@5300\"]}");
	json_decref(body);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		body = json_pack("{s:[s]}", "masters", wrong[i]);
		json_decref(powerdns_settings(body, &faults));
		assert_int_equal(json_array_size(faults.list), i + 1);
		json_decref(body);
	}
	faults_done(&faults);
}

static void ids_of_powerdns_are_names(void **state) {
	char name[NAMES_TEXT_MAX];
	(void)state;
	assert_int_equal(powerdns_zone_name("Example.COM.", name), OK);
	assert_string_equal(name, "example.com");
	assert_int_equal(powerdns_zone_name("0=2F25.in-addr.arpa.", name), OK);
	assert_string_equal(name, "0/25.in-addr.arpa");
	assert_int_equal(powerdns_zone_name("=2E", name), OK);
	assert_string_equal(name, ".");
	assert_int_equal(powerdns_zone_name("a=00b=", name), OK);
	assert_string_equal(name, "a=00b=");
	assert_int_equal(powerdns_zone_name("", name), ERR_NAME);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_become_settings),
		cmocka_unit_test(contradictions_are_faults),
		cmocka_unit_test(primaries_come_back_as_they_went),
		cmocka_unit_test(states_have_the_words_of_others),
		cmocka_unit_test(masters_of_powerdns_become_primaries),
		cmocka_unit_test(ids_of_powerdns_are_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/report.h"
#include "dns/rrtype.h"

static struct addr address(const char *text) {
	struct addr a;
	assert_int_equal(addr_parse(text, 53, &a), OK);
	return a;
}

static struct zone_report *report_new(const char *state) {
	struct zone_report *z = calloc(1, sizeof(*z));
	assert_int_equal(name_parse("example.com", &z->name), OK);
	z->state = state;
	return z;
}

static const char *text_at(const json_t *o, const char *key) {
	return json_string_value(json_object_get(o, key));
}

static json_int_t number_at(const json_t *o, const char *key) {
	assert_true(json_is_integer(json_object_get(o, key)));
	return json_integer_value(json_object_get(o, key));
}

static bool null_at(const json_t *o, const char *key) {
	return json_is_null(json_object_get(o, key));
}

static void a_zone_that_never_came_has_nulls_for_what_is_not_known(void **state) {
	(void)state;
	static const char *const keys[] = { "serial",    "primary_serial", "refresh_at",
		                            "expire_at", "checked_at",     "since" };
	struct zone_report *z = report_new("pending");
	json_t *o = report_zone(z);
	assert_string_equal(text_at(o, "name"), "example.com");
	assert_string_equal(text_at(o, "state"), "pending");
	assert_string_equal(text_at(o, "reason"), "none");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_true(null_at(o, keys[i]));
	assert_int_equal(json_array_size(json_object_get(o, "primaries")), 0);
	assert_int_equal(json_array_size(json_object_get(o, "attempts")), 0);
	json_decref(o);
	free(z);
}

static void serials_are_unsigned(void **state) {
	(void)state;
	struct zone_report *z = report_new("stale");
	z->has_serial = true;
	z->serial = 4294967295U;
	z->saved.has_primary_serial = true;
	z->saved.primary_serial = 4000000000U;
	z->saved.expire_s = 1769860800;
	json_t *o = report_zone_row(z), *whole = report_zone(z);
	assert_int_equal(number_at(o, "serial"), 4294967295LL);
	assert_int_equal(number_at(o, "primary_serial"), 4000000000LL);
	assert_int_equal(number_at(whole, "expire_at"), 1769860800);
	json_decref(o);
	json_decref(whole);
	free(z);
}

static void a_failure_has_reason_advice_and_evidence(void **state) {
	(void)state;
	struct zone_report *z = report_new("error");
	why_set(&z->saved.why, REASON_REFUSED, "AXFR: answered REFUSED");
	z->saved.since_s = 7;
	z->attempt_count = 1;
	z->attempts[0] = (struct attempt){
		.time_s = 9, .primary = address("::1@5300"), .transport = 't', .asked = RR_AXFR
	};
	z->attempts[0].why = z->saved.why;
	json_t *o = report_zone(z);
	const json_t *a = json_array_get(json_object_get(o, "attempts"), 0);
	assert_string_equal(text_at(o, "reason"), "refused");
	assert_string_equal(text_at(o, "reason_text"), reason_text(REASON_REFUSED));
	assert_string_equal(text_at(o, "advice"), reason_advice(REASON_REFUSED));
	assert_string_equal(text_at(o, "evidence"), "AXFR: answered REFUSED");
	assert_int_equal(number_at(o, "since"), 7);
	assert_string_equal(text_at(a, "primary"), "::1@5300");
	assert_string_equal(text_at(a, "transport"), "tcp");
	assert_string_equal(text_at(a, "asked"), "AXFR");
	assert_string_equal(text_at(a, "got"), "nothing");
	assert_true(null_at(a, "before"));
	assert_true(null_at(a, "key"));
	assert_true(null_at(a, "serial"));
	assert_string_equal(text_at(a, "reason"), "refused");
	json_decref(o);
	free(z);
}

static void primaries_are_named_with_their_keys(void **state) {
	(void)state;
	struct tsig_key key = { .algorithm = TSIG_HMAC_SHA256 };
	assert_int_equal(name_parse("k1", &key.name), OK);
	struct tls_terms terms = { .mode = TLS_MODE_STRICT };
	struct primary items[2] = {
		{ .addr = address("192.0.2.1"), .key = &key, .tls = &terms, .name = "p1" },
		{ .addr = address("::1"), .name = "::1" }
	};
	struct zone_policy policy = { .primaries = items, .primary_count = 2 };
	struct zone_report *z = report_new("pending");
	z->policy = &policy;
	json_t *o = report_zone(z);
	const json_t *first = json_array_get(json_object_get(o, "primaries"), 0);
	const json_t *second = json_array_get(json_object_get(o, "primaries"), 1);
	assert_string_equal(text_at(first, "name"), "p1");
	assert_string_equal(text_at(first, "address"), "192.0.2.1@53");
	assert_string_equal(text_at(first, "key"), "k1");
	assert_true(null_at(second, "key"));
	assert_string_equal(text_at(first, "tls"), "strict");
	assert_true(null_at(second, "tls"));
	json_decref(o);
	free(z);
}

static void every_counter_of_serving_is_told(void **state) {
	(void)state;
	struct serve_counters serve = { 0 };
	struct transfer_counters transfer = { .transfers = 3 };
	struct net_worker_counters net = { .udp = { .received = 5 } };
	json_t *o = report_stats(&serve, &transfer, &net);
#define SERVE_COUNTER(name, text)                                                                            \
	assert_true(json_is_integer(json_object_get(json_object_get(o, "serve"), #name)));
#include "serve/counters.def"
#undef SERVE_COUNTER
	assert_int_equal(number_at(json_object_get(o, "transfer"), "transfers"), 3);
	assert_int_equal(number_at(json_object_get(o, "udp"), "received"), 5);
	assert_int_equal(number_at(json_object_get(o, "tcp"), "accepted"), 0);
	json_decref(o);
}

static void faults_are_told_with_file_and_line(void **state) {
	(void)state;
	char file[] = "f.yaml", text[] = "not UTF-8: \xff";
	struct config_fault item = { .file = file, .line = 3, .text = text };
	struct config_faults faults = { .items = &item, .count = 1 };
	json_t *list = report_faults(&faults);
	assert_string_equal(text_at(json_array_get(list, 0), "file"), "f.yaml");
	assert_int_equal(number_at(json_array_get(list, 0), "line"), 3);
	assert_non_null(text_at(json_array_get(list, 0), "text"));
	json_decref(list);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zone_that_never_came_has_nulls_for_what_is_not_known),
		cmocka_unit_test(serials_are_unsigned),
		cmocka_unit_test(a_failure_has_reason_advice_and_evidence),
		cmocka_unit_test(primaries_are_named_with_their_keys),
		cmocka_unit_test(every_counter_of_serving_is_told),
		cmocka_unit_test(faults_are_told_with_file_and_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

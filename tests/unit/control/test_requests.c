#include "backend_lab.h"

#include <stdio.h>

#define lab_save lab_store_save /* both have one */
#include "../store/lab.h"
#undef lab_save
#include "control/protocol.h"
#include "control/request.h"

struct answer {
	bool ok;
	char code[32];
	char error[200];
};

static void ignore(struct request *r) {
	(void)r;
}

/* First reply to a line; its result in out_result unless NULL. */
static struct answer ask_bytes(struct lab_backend *lab, const char *line, size_t len, json_t **out_result) {
	struct control_backend backend = lab_backend_of(lab);
	struct request *r = request_new(&backend, &lab_operator);
	struct answer a = { 0 };
	r->wake = ignore;
	json_t *reply = request_begin(r, line, len);
	while (!reply && r->stage != STAGE_NONE) {
		request_run(r);
		reply = request_finish(r);
	}
	if (!reply) {
		lab_saved(lab);
		reply = request_answered(r);
	}
	assert_non_null(reply);
	a.ok = json_is_true(json_object_get(reply, "ok"));
	if (!a.ok) {
		snprintf(a.code, sizeof(a.code), "%s", json_string_value(json_object_get(reply, "code")));
		snprintf(a.error, sizeof(a.error), "%s", json_string_value(json_object_get(reply, "error")));
	}
	if (out_result) *out_result = json_incref(json_object_get(reply, "result"));
	json_decref(reply);
	request_free(r);
	return a;
}

static struct answer ask(struct lab_backend *lab, const char *line) {
	return ask_bytes(lab, line, strlen(line), NULL);
}

static void status_is_the_backends_object(void **state) {
	(void)state;
	struct lab_backend lab = { 0 };
	json_t *result = NULL;
	const char line[] = "{\"request\":\"status\"}";
	assert_true(ask_bytes(&lab, line, strlen(line), &result).ok);
	assert_string_equal(json_string_value(json_object_get(result, "version")), "test");
	json_decref(result);
}

static void a_zones_name_may_be_written_in_any_case_and_with_a_dot(void **state) {
	(void)state;
	struct lab_backend lab = { 0 };
	assert_true(ask(&lab, "{\"request\":\"zone.status\",\"zone\":\"EXAMPLE.com.\"}").ok);
	assert_true(ask(&lab, "{\"zone\":\"example.com\",\"request\":\"zone.refresh\"}\r").ok);
	assert_true(ask(&lab, "{\"request\":\"zone.retransfer\",\"zone\":\"example.com\"}").ok);
	assert_int_equal(lab.refreshed, 1);
	assert_int_equal(lab.retransferred, 1);
}

static void a_held_zone_is_told_as_such(void **state) {
	(void)state;
	struct lab_backend lab = { 0 };
	static const char hold[] = "{\"request\":\"zone.hold\",\"zone\":\"example.com\"}";
	static const char release[] = "{\"request\":\"zone.release\",\"zone\":\"example.com\"}";
	assert_non_null(strstr(ask(&lab, release).error, "not held"));
	assert_true(ask(&lab, hold).ok);
	struct answer a = ask(&lab, "{\"request\":\"zone.refresh\",\"zone\":\"example.com\"}");
	assert_string_equal(a.code, CONTROL_CODE_FAILED);
	assert_non_null(strstr(a.error, "is held"));
	assert_true(ask(&lab, release).ok);
	assert_false(lab.held);
}

static void what_could_not_be_saved_is_told(void **state) {
	(void)state;
	struct lab_backend lab = { .save_error = ERR_IO };
	struct answer a = ask(&lab, "{\"request\":\"zone.hold\",\"zone\":\"example.com\"}");
	assert_string_equal(a.code, CONTROL_CODE_FAILED);
	assert_non_null(strstr(a.error, "could not be saved"));
	lab.save_error = ERR_NOTFOUND; /* it was removed meanwhile */
	a = ask(&lab, "{\"request\":\"zone.release\",\"zone\":\"example.com\"}");
	assert_string_equal(a.code, CONTROL_CODE_NOT_FOUND);
}

static void a_difference_is_lines_of_records(void **state) {
	(void)state;
	struct lab_backend lab = { 0 };
	json_t *lines = NULL;
	static const char line[] = "{\"request\":\"zone.diff\",\"zone\":\"example.com\",\"from\":1,\"to\":2}";
	assert_true(ask_bytes(&lab, line, strlen(line), &lines).ok);
	assert_int_equal(json_array_size(lines), 4);
	assert_string_equal(json_string_value(json_array_get(lines, 1)),
	                    "-www.example.com.\t300\tIN\tA\t192.0.2.1");
	assert_string_equal(json_string_value(json_array_get(lines, 3)),
	                    "+www.example.com.\t300\tIN\tA\t192.0.2.2");
	json_decref(lines);
	struct answer a = ask(&lab,
	                      "{\"request\":\"zone.diff\",\"zone\":\"example.com\",\"from\":1,\"to\":9}");
	assert_string_equal(a.code, CONTROL_CODE_NOT_FOUND);
	assert_non_null(strstr(a.error, "serial 9"));
}

static void serials_are_numbers_of_32_bits(void **state) {
	(void)state;
	static const char *const wrong[] = { "\"7\"", "-1", "4294967296", "null", "1.5" };
	struct lab_backend lab = { 0 };
	char line[120];
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(line, sizeof(line),
		         "{\"request\":\"zone.rollback\",\"zone\":\"example.com\",\"serial\":%s}", wrong[i]);
		assert_string_equal(ask(&lab, line).code, CONTROL_CODE_REQUEST);
	}
	assert_string_equal(ask(&lab, "{\"request\":\"zone.rollback\",\"zone\":\"example.com\"}").code,
	                    CONTROL_CODE_REQUEST);
	assert_true(
		ask(&lab, "{\"request\":\"zone.rollback\",\"zone\":\"example.com\",\"serial\":4294967295}")
			.ok);
	assert_int_equal(lab.rolled_back_to, UINT32_MAX);
}

static void an_unknown_zone_is_not_found(void **state) {
	(void)state;
	static const char *const names[] = { "status", "refresh", "retransfer", "export", "hold", "release" };
	struct lab_backend lab = { 0 };
	for (size_t i = 0; i < 6; i++) {
		char line[100];
		snprintf(line, sizeof(line), "{\"request\":\"zone.%s\",\"zone\":\"other.example\"}",
		         names[i]);
		struct answer a = ask(&lab, line);
		assert_false(a.ok);
		assert_string_equal(a.code, CONTROL_CODE_NOT_FOUND);
		assert_non_null(strstr(a.error, "other.example"));
	}
}

static void a_zone_without_version_has_nothing_to_export(void **state) {
	(void)state;
	struct lab_backend lab = { 0 };
	struct answer a = ask(&lab, "{\"request\":\"zone.export\",\"zone\":\"example.com\"}");
	assert_string_equal(a.code, CONTROL_CODE_NOT_FOUND);
	assert_non_null(strstr(a.error, "no version"));
}

static void what_is_not_a_request_is_refused(void **state) {
	(void)state;
	static const char *const lines[] = {
		"",
		"status",
		"[]",
		"{}",
		"{\"request\":1}",
		"{\"request\":\"nonsense\"}",
		"{\"request\":\"status\"} {}",
		"{\"request\":\"status\"",
		"{\"request\":\"status\",\"request\":\"stats\"}",
		"{\"request\":\"status\",\"zone\":\"example.com\"}",
		"{\"request\":\"zone.status\"}",
		"{\"request\":\"zone.status\",\"zone\":7}",
		"{\"request\":\"zone.status\",\"zone\":\"\"}",
		"{\"request\":\"zone.status\",\"zone\":\"a..b\"}",
		"{\"request\":\"zone.status\",\"zone\":\"example.com\",\"force\":true}",
		"{\"request\":\"zone.status\",\"zone\":\"\\u0000\"}",
		"{\"request\":\"\xff\"}",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
		"{\"request\":\"zone.status\",\"zone\":\"example.com\",\"id\":\"x\"}",
		"{\"request\":\"zone.status\",\"id\":7}",
		"{\"request\":\"status\",\"key\":7}",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct lab_backend lab = { 0 };
		struct answer a = ask(&lab, lines[i]);
		if (a.ok) print_message("taken: %s\n", lines[i]);
		assert_false(a.ok);
		assert_string_equal(a.code, CONTROL_CODE_REQUEST);
		assert_true(a.error[0] != '\0');
	}
}

static void a_long_list_comes_in_slices(void **state) {
	(void)state;
	static const char line[] = "{\"request\":\"zone.list\"}";
	struct lab_backend lab = { .zones = 3 * REQUEST_LIST_SLICE + 1 };
	struct control_backend backend = lab_backend_of(&lab);
	struct request *r = request_new(&backend, &lab_operator);
	size_t replies = 1, zones = 0;
	json_t *reply = request_begin(r, line, strlen(line));
	for (;;) {
		zones += json_array_size(json_object_get(reply, "result"));
		bool more = json_is_true(json_object_get(reply, "more"));
		assert_int_equal(more, r->next != NULL);
		json_decref(reply);
		if (!more) break;
		reply = request_next(r);
		replies++;
	}
	request_free(r);
	assert_int_equal(zones, lab.zones);
	assert_int_equal(replies, 4);
}

static void what_was_not_refused_cannot_be_accepted(void **state) {
	(void)state;
	static const char line[] = "{\"request\":\"zone.accept\",\"zone\":\"example.com\"}";
	struct lab_backend lab = { 0 };
	assert_true(ask(&lab, line).ok);
	struct answer again = ask(&lab, line);
	assert_false(again.ok);
	assert_string_equal(again.code, CONTROL_CODE_FAILED);
	assert_string_equal(ask(&lab, "{\"request\":\"zone.accept\",\"zone\":\"example.org\"}").code,
	                    CONTROL_CODE_NOT_FOUND);
}

static void lines_for_a_primary_have_our_address_and_no_secret_of_ours(void **state) {
	(void)state;
	struct lab_backend lab = { 0 };
	json_t *result = NULL;
	static const char line[] =
		"{\"request\":\"primary.config\",\"zone\":\"example.com\",\"software\":\"nsd\"}";
	assert_true(ask_bytes(&lab, line, strlen(line), &result).ok);
	const json_t *key = json_array_get(json_object_get(result, "parts"), 0);
	const json_t *zone = json_array_get(json_object_get(result, "parts"), 1);
	assert_non_null(strstr(json_string_value(json_object_get(key, "lines")), "SECRET-OF-THE-KEY"));
	assert_non_null(
		strstr(json_string_value(json_object_get(zone, "lines")), "provide-xfr: 192.0.2.2 k1\n"));
	json_decref(result);
	struct answer other = ask(
		&lab, "{\"request\":\"primary.config\",\"zone\":\"example.com\",\"software\":\"x\"}");
	assert_string_equal(other.code, CONTROL_CODE_REQUEST);
	assert_non_null(strstr(other.error, "bind powerdns knot nsd cpanel"));
	lab.knows_no_address = true;
	struct answer none = ask(&lab, line);
	assert_string_equal(none.code, CONTROL_CODE_FAILED);
	assert_non_null(strstr(none.error, "server.public-addresses"));
}

static void a_reload_that_fails_tells_the_faults(void **state) {
	(void)state;
	static const char line[] = "{\"request\":\"reload\"}";
	struct lab_backend lab = { .reload_fails = true };
	struct control_backend backend = lab_backend_of(&lab);
	struct request *r = request_new(&backend, &lab_operator);
	json_t *reply = request_begin(r, line, strlen(line));
	const json_t *fault = json_array_get(json_object_get(reply, "faults"), 0);
	assert_int_equal(json_integer_value(json_object_get(fault, "line")), 7);
	assert_string_equal(json_string_value(json_object_get(reply, "code")), CONTROL_CODE_FAILED);
	json_decref(reply);
	request_free(r);
	lab.reload_fails = false;
	assert_true(ask(&lab, line).ok);
	assert_int_equal(lab.reloads, 2);
}

static void a_search_of_records_takes_turns(void **state) {
	(void)state;
	struct lab_backend lab = { .version = lab_zone("example.com", 7, 40000) };
	struct control_backend backend = lab_backend_of(&lab);
	static const char search[] =
		"{\"request\":\"zone.records\",\"zone\":\"example.com\",\"text\":\"h0039999\"}";
	struct request *r = request_new(&backend, &lab_operator);
	json_t *reply = request_begin(r, search, strlen(search));
	unsigned turns = 0;
	for (; !reply; turns++) {
		assert_int_equal(r->stage, STAGE_WORK);
		request_run(r);
		reply = request_finish(r);
	}
	json_t *result = json_object_get(reply, "result");
	assert_true(turns > 2);
	assert_int_equal(json_array_size(json_object_get(result, "records")), 2);
	assert_true(json_is_null(json_object_get(result, "next")));
	assert_int_equal(json_integer_value(json_object_get(result, "serial")), 7);
	json_decref(reply);
	request_free(r);
	version_unref(lab.version);
}

/* A page that is full ends the look, and the next one goes on behind it. */
static void pages_of_records_meet(void **state) {
	(void)state;
	struct lab_backend lab = { .version = lab_zone("example.com", 7, 3) };
	char line[200], after[64] = "";
	unsigned seen = 0;
	for (int pages = 0; pages < 5; pages++) {
		json_t *result = NULL;
		snprintf(
			line, sizeof(line),
			"{\"request\":\"zone.records\",\"zone\":\"example.com\",\"limit\":3,\"after\":\"%s\"}",
			after);
		assert_true(ask_bytes(&lab, line, strlen(line), &result).ok);
		seen += (unsigned)json_array_size(json_object_get(result, "records"));
		const char *next = json_string_value(json_object_get(result, "next"));
		snprintf(after, sizeof(after), "%s", next ? next : "");
		json_decref(result);
		if (!*after) break;
	}
	assert_int_equal(seen, 2 + 2 * 3);
	version_unref(lab.version);
}

/* Turns of the desk until a page behind `after` is there. */
static unsigned turns_of_page(struct lab_backend *lab, const char *after, json_t **out_result) {
	struct control_backend backend = lab_backend_of(lab);
	struct request *r = request_new(&backend, &lab_operator);
	char line[200];
	unsigned turns = 0;
	int len = snprintf(
		line, sizeof(line),
		"{\"request\":\"zone.records\",\"zone\":\"example.com\",\"limit\":2,\"after\":\"%s\"}",
		after);
	json_t *reply = request_begin(r, line, (size_t)len);
	for (; !reply; turns++) {
		request_run(r);
		reply = request_finish(r);
	}
	*out_result = json_incref(json_object_get(reply, "result"));
	json_decref(reply);
	request_free(r);
	return turns;
}

static const char *name_of(json_t *result, size_t i) {
	return json_string_value(
		json_object_get(json_array_get(json_object_get(result, "records"), i), "name"));
}

static void a_page_far_behind_costs_no_more_than_the_first(void **state) {
	(void)state;
	struct lab_backend lab = { .version = lab_zone("example.com", 7, 40000) };
	json_t *result;
	assert_int_equal(turns_of_page(&lab, "1 h0039998.example.com.", &result), 1);
	assert_string_equal(name_of(result, 0), "h0039998.example.com");
	assert_string_equal(name_of(result, 1), "h0039999.example.com");
	assert_string_equal(json_string_value(json_object_get(result, "next")), "1 h0039999.example.com.");
	json_decref(result);
	version_unref(lab.version);
}

/* The version may be another one by then. */
static void page_behind_a_name_that_is_gone_begins_at_the_next_name(void **state) {
	(void)state;
	struct lab_backend lab = { .version = lab_zone("example.com", 7, 30) };
	json_t *result;
	assert_int_equal(turns_of_page(&lab, "1 h0000007x.example.com.", &result), 1);
	assert_string_equal(name_of(result, 0), "h0000008.example.com");
	json_decref(result);
	version_unref(lab.version);
}

static void what_no_page_has_said_is_no_beginning(void **state) {
	(void)state;
	struct lab_backend lab = { .version = lab_zone("example.com", 7, 3) };
	static const char *const strange[] = {
		"7", "x", "1 www.example.org.", "1 ..", "-1 example.com.", "1"
	};
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		char line[200];
		snprintf(line, sizeof(line),
		         "{\"request\":\"zone.records\",\"zone\":\"example.com\",\"after\":\"%s\"}",
		         strange[i]);
		assert_false(ask_bytes(&lab, line, strlen(line), NULL).ok);
	}
	version_unref(lab.version);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_the_backends_object),
		cmocka_unit_test(a_zones_name_may_be_written_in_any_case_and_with_a_dot),
		cmocka_unit_test(a_held_zone_is_told_as_such),
		cmocka_unit_test(what_could_not_be_saved_is_told),
		cmocka_unit_test(a_difference_is_lines_of_records),
		cmocka_unit_test(serials_are_numbers_of_32_bits),
		cmocka_unit_test(an_unknown_zone_is_not_found),
		cmocka_unit_test(a_zone_without_version_has_nothing_to_export),
		cmocka_unit_test(what_is_not_a_request_is_refused),
		cmocka_unit_test(a_long_list_comes_in_slices),
		cmocka_unit_test(what_was_not_refused_cannot_be_accepted),
		cmocka_unit_test(lines_for_a_primary_have_our_address_and_no_secret_of_ours),
		cmocka_unit_test(a_reload_that_fails_tells_the_faults),
		cmocka_unit_test(a_search_of_records_takes_turns),
		cmocka_unit_test(pages_of_records_meet),
		cmocka_unit_test(a_page_far_behind_costs_no_more_than_the_first),
		cmocka_unit_test(page_behind_a_name_that_is_gone_begins_at_the_next_name),
		cmocka_unit_test(what_no_page_has_said_is_no_beginning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* From a command line to the request that is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/edit.h"
#include "cli/settings.h"

#define ARGS_MAX 16
#define NOW_S 1000000

struct line {
	const char *args[ARGS_MAX];
};

static enum err request_of(const struct line *line, json_t **out_request,
                           char fault[static COMMAND_FAULT_MAX]) {
	struct command command;
	const char *argv[ARGS_MAX + 2] = { "understudy" };
	int argc = 1;
	for (; argc <= ARGS_MAX && line->args[argc - 1]; argc++)
		argv[argc] = line->args[argc - 1];
	enum err e = command_parse(argc, argv, &command, fault);
	if (e != OK) print_message("%s\n", fault);
	assert_int_equal(e, OK);
	return edit_request(&command, NOW_S, out_request, fault);
}

static void assert_request(struct line line, const char *expected) {
	char fault[COMMAND_FAULT_MAX] = "";
	json_error_t error;
	json_t *request = NULL, *want = json_loads(expected, 0, &error);
	assert_non_null(want);
	assert_int_equal(request_of(&line, &request, fault), OK);
	if (!json_equal(request, want)) {
		char *text = json_dumps(request, JSON_SORT_KEYS);
		print_message("%s\n%s\n", text, expected);
		free(text);
	}
	assert_true(json_equal(request, want));
	json_decref(request);
	json_decref(want);
}

static void assert_fault(struct line line, const char *part) {
	char fault[COMMAND_FAULT_MAX] = "";
	json_t *request = NULL;
	assert_int_not_equal(request_of(&line, &request, fault), OK);
	if (!strstr(fault, part)) print_message("%s\n", fault);
	assert_non_null(strstr(fault, part));
	assert_null(request);
}

static void zones_are_added_with_primaries_and_settings(void **state) {
	(void)state;
	assert_request((struct line){ { "zone", "add", "a.example", "192.0.2.1", "2001:db8::1@5300" } },
	               "{\"request\": \"zone.add\", \"zone\": \"a.example\","
	               " \"settings\": {\"primaries\": [\"192.0.2.1\", \"2001:db8::1@5300\"]}}");
	assert_request((struct line){ { "zone", "add", "a", "192.0.2.1", "--key", "k", "--template", "t",
	                                "--put" } },
	               "{\"request\": \"zone.put\", \"zone\": \"a\", \"settings\": {\"template\": \"t\","
	               " \"primaries\": [{\"addresses\": [\"192.0.2.1\"], \"key\": \"k\"}]}}");
	assert_request(
		(struct line){ { "zone", "add", "a", "hidden-primary" } },
		"{\"request\": \"zone.add\", \"zone\": \"a\", \"settings\": {\"primaries\": [\"hidden-primary\"]}}");
}

static void settings_are_texts_lists_or_taken_back(void **state) {
	(void)state;
	assert_request((struct line){ { "zone", "set", "a", "--set", "max-shrink=20", "--set",
	                                "allow-transfer=[192.0.2.7, key:k]", "--set", "notify=[]", "--reset",
	                                "zonemd" } },
	               "{\"request\": \"zone.set\", \"zone\": \"a\", \"settings\": {\"max-shrink\": \"20\","
	               " \"allow-transfer\": [\"192.0.2.7\", \"key:k\"], \"notify\": [], \"zonemd\": null}}");
	assert_request((struct line){ { "zone", "set", "a", "--set",
	                                "primaries=[{\"addresses\": [\"192.0.2.1\"]}]" } },
	               "{\"request\": \"zone.set\", \"zone\": \"a\","
	               " \"settings\": {\"primaries\": [{\"addresses\": [\"192.0.2.1\"]}]}}");
	assert_fault((struct line){ { "zone", "set", "a", "--set", "max-shrink" } }, "OPTION=VALUE");
	assert_fault((struct line){ { "zone", "set", "a", "--set", "x=1", "--set", "x=2" } }, "once");
	assert_fault((struct line){ { "zone", "add", "a", "name", "--key", "k" } }, "an address with --key");
	assert_fault((struct line){ { "zone", "set", "a", "--key", "k" } }, "--key");
}

static void keys_accounts_and_primaries_have_their_fields(void **state) {
	(void)state;
	assert_request(
		(struct line){ { "token", "create", "ci", "--scope", "write", "--quiet", "--zone", "a",
	                         "--zone", "b", "--expires", "2d" } },
		"{\"request\": \"token.add\", \"name\": \"ci\", \"scope\": \"write\", \"zones\": [\"a\", \"b\"],"
		" \"expires_at\": 1172800}");
	assert_request(
		(struct line){ { "account", "add", "shop", "--zones", "10", "--ends", "1970-02-01", "--grace",
	                         "30d" } },
		"{\"request\": \"account.add\", \"name\": \"shop\", \"zones_max\": 10, \"ends_at\": 2678400,"
		" \"grace_s\": 2592000}");
	assert_request((struct line){ { "primary", "put", "p", "192.0.2.1", "192.0.2.2", "--key", "k",
	                                "--account", "shop" } },
	               "{\"request\": \"primary.put\", \"name\": \"p\", \"account\": \"shop\","
	               " \"settings\": {\"addresses\": [\"192.0.2.1\", \"192.0.2.2\"], \"key\": \"k\"}}");
	assert_request((struct line){ { "audit", "--zone", "a", "--limit", "5" } },
	               "{\"request\": \"audit.page\", \"zone\": \"a\", \"limit\": 5}");
	assert_request(
		(struct line){ { "primary-config", "bind", "a", "--previous" } },
		"{\"request\": \"primary.config\", \"software\": \"bind\", \"zone\": \"a\", \"previous\": true}");
	assert_fault((struct line){ { "account", "add", "shop", "--zones", "-1" } }, "a number");
	assert_fault((struct line){ { "account", "add", "shop", "--grace", "2027-01-31" } }, "a period");
	assert_fault((struct line){ { "token", "create", "x", "--expires", "soon" } }, "a time");
}

static void a_secret_comes_from_a_file_without_its_newline(void **state) {
	(void)state;
	char path[] = "/tmp/understudy-secret-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "c2VjcmV0\n", 9), 9);
	close(fd);
	assert_request((struct line){ { "key", "add", "k", "--secret-file", path } },
	               "{\"request\": \"key.add\", \"name\": \"k\", \"secret\": \"c2VjcmV0\"}");
	unlink(path);
	assert_fault((struct line){ { "key", "add", "k", "--secret-file", path } }, "can be read");
}

static void times_have_units_and_bounds(void **state) {
	(void)state;
	int64_t s = 7;
	assert_int_equal(settings_time("90m", 0, &s), OK);
	assert_int_equal(s, 5400);
	assert_int_equal(settings_time("2027-01-31", 1, &s), OK);
	assert_int_equal(s, 1801353600);
	static const char *const bad[] = {
		"", "d", "5dd", "-1", "99999999999999999", "9999999999y", "2027-13-01", "2027-01-31x"
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(settings_time(bad[i], 1, &s), ERR_MALFORMED);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_are_added_with_primaries_and_settings),
		cmocka_unit_test(settings_are_texts_lists_or_taken_back),
		cmocka_unit_test(keys_accounts_and_primaries_have_their_fields),
		cmocka_unit_test(a_secret_comes_from_a_file_without_its_newline),
		cmocka_unit_test(times_have_units_and_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

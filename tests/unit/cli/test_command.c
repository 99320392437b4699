#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"
#include "control/protocol.h"

#define ARGS_MAX 8

struct line {
	const char *args[ARGS_MAX]; /* without the program's name */
};

static enum err parse(const struct line *line, struct command *command,
                      char fault[static COMMAND_FAULT_MAX]) {
	const char *argv[ARGS_MAX + 2] = { "understudy" };
	int argc = 1;
	for (; argc <= ARGS_MAX && line->args[argc - 1]; argc++)
		argv[argc] = line->args[argc - 1];
	return command_parse(argc, argv, command, fault);
}

static struct command good(struct line line) {
	struct command command;
	char fault[COMMAND_FAULT_MAX] = "";
	enum err e = parse(&line, &command, fault);
	if (e != OK) print_message("%s\n", fault);
	assert_int_equal(e, OK);
	return command;
}

static void each_command_asks_its_request(void **state) {
	(void)state;
	assert_string_equal(good((struct line){ { "status" } }).request, "status");
	assert_string_equal(good((struct line){ { "stats" } }).request, "stats");
	assert_string_equal(good((struct line){ { "reload" } }).request, "reload");
	assert_string_equal(good((struct line){ { "zone", "list" } }).request, "zone.list");
	assert_string_equal(good((struct line){ { "zone", "status", "a" } }).request, "zone.status");
	assert_string_equal(good((struct line){ { "zone", "refresh", "a" } }).request, "zone.refresh");
	assert_string_equal(good((struct line){ { "zone", "retransfer", "a" } }).request, "zone.retransfer");
	assert_string_equal(good((struct line){ { "zone", "accept", "a" } }).request, "zone.accept");
	assert_string_equal(good((struct line){ { "zone", "hold", "a" } }).request, "zone.hold");
	assert_string_equal(good((struct line){ { "zone", "release", "a" } }).request, "zone.release");
	assert_string_equal(good((struct line){ { "zone", "history", "a" } }).request, "zone.history");
	struct command diff = good((struct line){ { "zone", "diff", "a", "1", "4294967295" } });
	assert_string_equal(diff.request, "zone.diff");
	assert_string_equal(diff.serial_fields[1], "to");
	assert_int_equal(diff.serials[0], 1);
	assert_int_equal(diff.serials[1], UINT32_MAX);
	assert_int_equal(good((struct line){ { "zone", "rollback", "a", "7" } }).serials[0], 7);
	struct command c = good((struct line){ { "zone", "export", "a.example" } });
	assert_string_equal(c.request, "zone.export");
	assert_string_equal(c.zone, "a.example");
	assert_string_equal(c.socket, CONTROL_SOCKET_DEFAULT);
	assert_false(c.json);
}

static void options_may_stand_anywhere(void **state) {
	(void)state;
	static const struct line lines[] = {
		{ { "--socket", "/s", "--json", "zone", "status", "a" } },
		{ { "zone", "status", "a", "--json", "--socket", "/s" } },
		{ { "zone", "--socket=/s", "status", "--json", "a" } },
	};
	for (size_t i = 0; i < 3; i++) {
		struct command c = good(lines[i]);
		assert_string_equal(c.socket, "/s");
		assert_string_equal(c.zone, "a");
		assert_true(c.json);
	}
	assert_int_equal(good((struct line){ { "zone", "refresh", "a", "--wait", "5" } }).wait_s, 5);
}

static void help_and_version_need_no_command(void **state) {
	(void)state;
	assert_int_equal(good((struct line){ { "--help" } }).kind, COMMAND_HELP);
	assert_int_equal(good((struct line){ { "-h", "nonsense" } }).kind, COMMAND_HELP);
	assert_int_equal(good((struct line){ { "help" } }).kind, COMMAND_HELP);
	assert_int_equal(good((struct line){ { "--version" } }).kind, COMMAND_VERSION);
}

static void a_wrong_command_line_names_what_is_wrong_and_what_is_expected(void **state) {
	(void)state;
	static const struct {
		struct line line;
		const char *wrong;
	} cases[] = {
		{ { { NULL } }, "\"\"" },
		{ { { "nonsense" } }, "nonsense" },
		{ { { "zone" } }, "zone list" },
		{ { { "zone", "nonsense" } }, "nonsense" },
		{ { { "zone", "status" } }, "name of a zone" },
		{ { { "zone", "status", "a", "b" } }, "\"b\"" },
		{ { { "status", "a" } }, "\"a\"" },
		{ { { "status", "--nonsense" } }, "--nonsense" },
		{ { { "status", "--jsonx" } }, "--jsonx" },
		{ { { "status", "--socket" } }, "--socket" },
		{ { { "status", "--socket=" } }, "--socket=" },
		{ { { "zone", "refresh", "a", "--wait" } }, "--wait" },
		{ { { "zone", "refresh", "a", "--wait", "x" } }, "\"x\"" },
		{ { { "zone", "refresh", "a", "--wait", "0" } }, "\"0\"" },
		{ { { "status", "--wait", "5" } }, "--wait" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct command command;
		char fault[COMMAND_FAULT_MAX] = "";
		assert_int_equal(parse(&cases[i].line, &command, fault), ERR_MALFORMED);
		if (!strstr(fault, cases[i].wrong)) print_message("%s\n", fault);
		assert_non_null(strstr(fault, cases[i].wrong));
		assert_non_null(strstr(fault, "expected"));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_command_asks_its_request),
		cmocka_unit_test(options_may_stand_anywhere),
		cmocka_unit_test(help_and_version_need_no_command),
		cmocka_unit_test(a_wrong_command_line_names_what_is_wrong_and_what_is_expected),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/words.h"
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
	assert_string_equal(diff.values[2].field, "to");
	assert_int_equal(diff.values[1].serial, 1);
	assert_int_equal(diff.values[2].serial, UINT32_MAX);
	assert_int_equal(good((struct line){ { "zone", "rollback", "a", "7" } }).values[1].serial, 7);
	struct command c = good((struct line){ { "zone", "export", "a.example" } });
	assert_string_equal(c.request, "zone.export");
	assert_string_equal(command_value(&c, "zone"), "a.example");
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
		assert_string_equal(command_value(&c, "zone"), "a");
		assert_true(c.json);
	}
	assert_int_equal(good((struct line){ { "zone", "refresh", "a", "--wait", "5" } }).wait_s, 5);
}

static void words_behind_two_dashes_are_no_options(void **state) {
	(void)state;
	struct command c = good((struct line){ { "zone", "status", "--json", "--", "-.test" } });
	assert_string_equal(command_value(&c, "zone"), "-.test");
	assert_true(c.json);
}

static void help_and_version_need_no_command(void **state) {
	(void)state;
	assert_true(good((struct line){ { "--help" } }).help);
	assert_int_equal(good((struct line){ { "-h", "nonsense" } }).kind, COMMAND_HELP);
	assert_int_equal(good((struct line){ { "help" } }).kind, COMMAND_HELP);
	assert_true(good((struct line){ { "--version" } }).version);
	struct command c = good((struct line){ { "zone", "add", "--help" } });
	assert_true(c.help);
	assert_int_equal(c.kind, COMMAND_ZONE_ADD);
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
		{ { { "zone", "stauts", "a" } }, "did you mean \"zone status\"" },
		{ { { "statsu" } }, "did you mean \"status\"" },
		{ { { "zone", "add", "a", "--tempalte", "t" } }, "did you mean --template" },
		{ { { "zone", "add", "a", "--scope", "read" } }, "options of zone add" },
		{ { { "zone", "diff", "a", "1", "x" } }, "\"x\"" },
		{ { { "token", "create", "--quiet=yes", "n" } }, "--quiet=yes" },
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

static void arguments_may_be_left_out_or_repeated_where_the_table_says_so(void **state) {
	(void)state;
	struct command none = good((struct line){ { "zone", "set", "a", "--set", "max-shrink=20" } });
	assert_int_equal(none.value_count, 1);
	struct command many = good(
		(struct line){ { "zone", "add", "a", "192.0.2.1", "--key", "k", "2001:db8::1@5300" } });
	assert_int_equal(many.value_count, 3);
	assert_string_equal(many.values[2].field, "primaries");
	assert_string_equal(many.values[2].text, "2001:db8::1@5300");
	assert_string_equal(command_flag(&many, FLAG_KEY), "k");
	assert_null(command_flag(&many, FLAG_TEMPLATE));
}

static void every_word_of_the_table_is_a_row_of_the_others(void **state) {
	(void)state;
	for (enum command_kind kind = 0; kind < COMMAND_COUNT; kind++) {
		const char *at = command_row(kind)->flags, *word;
		size_t len;
		assert_int_equal(command_find(command_row(kind)->words), kind);
		while ((len = words_next(&at, &word)) > 0) {
			bool found = false;
			for (enum flag_kind flag = 0; flag < FLAG_COUNT; flag++)
				found = found || (strlen(flag_row(flag)->name) == len &&
				                  memcmp(flag_row(flag)->name, word, len) == 0);
			if (!found) print_message("%s\n", word);
			assert_true(found);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_command_asks_its_request),
		cmocka_unit_test(options_may_stand_anywhere),
		cmocka_unit_test(words_behind_two_dashes_are_no_options),
		cmocka_unit_test(help_and_version_need_no_command),
		cmocka_unit_test(arguments_may_be_left_out_or_repeated_where_the_table_says_so),
		cmocka_unit_test(every_word_of_the_table_is_a_row_of_the_others),
		cmocka_unit_test(a_wrong_command_line_names_what_is_wrong_and_what_is_expected),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

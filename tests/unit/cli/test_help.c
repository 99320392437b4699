#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/help.h"
#include "cli/import.h"
#include "cli/progress.h"
#include "cli/show_rows.h"
#include "cli/words.h"

static char *text;
static size_t text_len;

static FILE *begin(void) {
	free(text);
	text = NULL;
	return open_memstream(&text, &text_len);
}

static void assert_text(FILE *out, const char *part) {
	assert_int_equal(fclose(out), 0);
	if (!strstr(text, part)) print_message("\"%s\" is not in:\n%s\n", part, text);
	assert_non_null(strstr(text, part));
}

static void help_names_every_command_and_a_command_its_options(void **state) {
	(void)state;
	FILE *out = begin();
	help_all(out);
	fclose(out);
	for (enum command_kind kind = 0; kind < COMMAND_COUNT; kind++)
		assert_non_null(strstr(text, command_row(kind)->words));
	out = begin();
	help_command(out, COMMAND_ZONE_ADD);
	assert_text(out, "--template NAME");
	out = begin();
	assert_true(help_family(out, "token"));
	assert_text(out, "token create LABEL");
	assert_false(help_family(stdout, "nonsense"));
}

static void scripts_are_for_the_shells_that_are_named(void **state) {
	(void)state;
	static const char *const shells[] = { "bash", "zsh", "fish" };
	for (size_t i = 0; i < 3; i++) {
		FILE *out = begin();
		assert_true(help_completion(out, shells[i]));
		assert_text(out, "complete ");
	}
	assert_false(help_completion(stdout, "csh"));
}

static void words_that_are_nearly_the_same_are_near(void **state) {
	(void)state;
	assert_true(words_near("template", "tempalte"));
	assert_false(words_near("zone", "key"));
	assert_true(words_have("a bc d", "bc"));
	assert_false(words_have("a bcd", "bc"));
}

static void assert_line(const char *line, const char *expected) {
	char copy[200], fault[COMMAND_FAULT_MAX];
	json_t *zone = NULL;
	json_error_t error;
	snprintf(copy, sizeof(copy), "%s", line);
	enum err e = import_line(copy, &zone, fault);
	if (!expected) {
		assert_int_equal(e, ERR_MALFORMED);
		return;
	}
	json_t *want = *expected ? json_loads(expected, 0, &error) : NULL;
	assert_int_equal(e, OK);
	assert_true(want ? json_equal(zone, want) : zone == NULL);
	json_decref(zone);
	json_decref(want);
}

static void lines_of_an_import_are_words_or_json(void **state) {
	(void)state;
	assert_line("  # a comment\n", "");
	assert_line("\r\n", "");
	assert_line("a.example 192.0.2.1 # why\n",
	            "{\"name\": \"a.example\", \"settings\": {\"primaries\": [\"192.0.2.1\"]}}");
	assert_line(
		"a\t192.0.2.1@5300\tk\n",
		"{\"name\": \"a\", \"settings\": {\"primaries\": [{\"addresses\": [\"192.0.2.1@5300\"], \"key\": \"k\"}]}}");
	assert_line("{\"name\": \"a\", \"settings\": {\"zonemd\": \"off\"}, \"version\": 3}\n",
	            "{\"name\": \"a\", \"settings\": {\"zonemd\": \"off\"}}");
	assert_line("a\n", NULL);
	assert_line("a b c d\n", NULL);
	assert_line("{\"name\": 1}\n", NULL);
	assert_line("{\n", NULL);
}

static void a_list_has_columns_and_no_control_characters(void **state) {
	(void)state;
	json_t *result = json_pack("{s:[{s:s, s:s, s:s, s:n}]}", "tokens", "name", "a\033[2Jb", "prefix",
	                           "ust_abc", "scope", "read", "expires_at");
	FILE *out = begin();
	assert_true(show_rows(out, COMMAND_TOKEN_LIST, result, 0));
	assert_text(out, "PREFIX");
	assert_non_null(strstr(text, "a?[2Jb"));
	assert_null(strchr(text, '\033'));
	json_decref(result);
	assert_false(show_rows(stdout, COMMAND_STATUS, NULL, 0));
}

static void progress_tells_part_rate_and_rest(void **state) {
	(void)state;
	struct progress p = { .what = "zones", .total = 1000, .begun_ms = 5000 };
	char buf[PROGRESS_TEXT_MAX];
	assert_string_equal(progress_text(&p, 500, 7000, buf),
	                    "[############............]  50 %  500 of 1000 zones, 250/s, 2 s to go");
	p.total = 0;
	assert_string_equal(progress_text(&p, 500, 7000, buf), "500 zones, 250/s");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_names_every_command_and_a_command_its_options),
		cmocka_unit_test(scripts_are_for_the_shells_that_are_named),
		cmocka_unit_test(words_that_are_nearly_the_same_are_near),
		cmocka_unit_test(lines_of_an_import_are_words_or_json),
		cmocka_unit_test(a_list_has_columns_and_no_control_characters),
		cmocka_unit_test(progress_tells_part_rate_and_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

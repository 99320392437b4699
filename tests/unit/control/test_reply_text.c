#include "control/reply_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_same(json_t *reply) {
	struct reply_text text = { 0 };
	char *whole = json_dumps(reply, JSON_COMPACT);
	size_t at = 0, len = strlen(whole);
	whole[len++] = '\n'; /* in the place of the NUL */
	assert_true(reply_text_make(reply, &text));
	for (unsigned i = 0; i < text.count; i++) {
		assert_true(at + text.blocks[i].len <= len);
		assert_memory_equal(text.blocks[i].base, whole + at, text.blocks[i].len);
		at += text.blocks[i].len;
	}
	assert_int_equal(at, len);
	reply_text_free(&text);
	assert_int_equal(text.count, 0);
	free(whole);
	json_decref(reply);
}

static void blocks_make_the_same_text(void **state) {
	(void)state;
	expect_same(json_object());
	for (int rows = 1; rows < 20000; rows *= 3) {
		json_t *list = json_array();
		for (int i = 0; i < rows; i++)
			json_array_append_new(list,
			                      json_pack("{s:i, s:s}", "number", i, "text", "\"two\"\n"));
		expect_same(json_pack("{s:b, s:o}", "ok", 1, "result", list));
	}
}

/* A text that is longer than a block goes over several. */
static void a_long_text_is_parted(void **state) {
	(void)state;
	char *text = malloc(300001);
	memset(text, 'x', 300000);
	text[300000] = '\0';
	expect_same(json_pack("{s:s}", "text", text));
	free(text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_make_the_same_text),
		cmocka_unit_test(a_long_text_is_parted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

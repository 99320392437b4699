/* Reasons and their evidence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "base/why.h"

static void evidence_is_formatted_and_kept_with_its_reason(void **state) {
	(void)state;
	struct why w = { 0 };
	assert_int_equal(w.reason, REASON_NONE);
	why_set(&w, REASON_TIMEOUT, "no answer from %s within %d s", "192.0.2.1@53", 5);
	assert_int_equal(w.reason, REASON_TIMEOUT);
	assert_string_equal(w.evidence, "no answer from 192.0.2.1@53 within 5 s");
}

static void evidence_never_carries_control_characters(void **state) {
	(void)state;
	struct why w;
	why_set(&w, REASON_RCODE, "%s", "a\x1b[31mred\n\x7f\xff\t.");
	assert_string_equal(w.evidence, "a?[31mred????.");
}

static void long_evidence_is_cut(void **state) {
	(void)state;
	char text[2 * WHY_TEXT_MAX];
	struct why w;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	why_set(&w, REASON_RCODE, "%s", text);
	assert_int_equal(strlen(w.evidence), WHY_TEXT_MAX - 1);
}

static void every_reason_has_a_slug_of_its_own_and_a_sentence(void **state) {
	(void)state;
	for (int i = 0; i < REASON_COUNT; i++) {
		const char *slug = reason_slug((enum reason)i);
		assert_true(strlen(slug) > 0 &&
		            strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(slug));
		assert_true(strlen(reason_text((enum reason)i)) > 0);
		assert_non_null(reason_advice((enum reason)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(slug, reason_slug((enum reason)j));
	}
}

static void every_error_has_a_name_and_a_text(void **state) {
	(void)state;
	assert_string_equal(err_name(ERR_RDATA), "ERR_RDATA");
	assert_string_equal(err_name(OK), "OK");
	for (int i = 0; i <= ERR_FAULT; i++)
		assert_true(strlen(err_text((enum err)i)) > 0 && strlen(err_name((enum err)i)) > 0);
	assert_non_null(err_text((enum err)1000));
	assert_non_null(err_name((enum err) - 1));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_is_formatted_and_kept_with_its_reason),
		cmocka_unit_test(evidence_never_carries_control_characters),
		cmocka_unit_test(long_evidence_is_cut),
		cmocka_unit_test(every_reason_has_a_slug_of_its_own_and_a_sentence),
		cmocka_unit_test(every_error_has_a_name_and_a_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

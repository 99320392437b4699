/* Class CHAOS (RFC 4892): identity and version, told only when configured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab.h"

static int setup(void **state) {
	struct lab *lab = lab_new_with("ns2.test", 1232);
	lab->settings.version = "one of ours";
	lab_configure(lab);
	lab_zone(lab, "example.", "@ SOA ns admin 7 3600 600 86400 300\n@ NS ns\nwww A 192.0.2.80\n",
	         SIGN_NONE);
	*state = lab;
	return 0;
}
static int teardown(void **state) {
	lab_free(*state);
	return 0;
}

#define ANSWERS(question, expected) assert_string_equal(lab_ask(*state, question), expected)

static void identity_is_told_without_authority(void **state) {
	ANSWERS("Hostname.Bind. TXT class=3", "NOERROR\nAN Hostname.Bind. 0 TXT \"ns2.test\"\n");
	ANSWERS("id.server. TXT class=3", "NOERROR\nAN id.server. 0 TXT \"ns2.test\"\n");
	ANSWERS("id.server. ANY class=3 edns=1232", "NOERROR edns\nAN id.server. 0 TXT \"ns2.test\"\n");
}

static void version_is_told_when_there_is_one(void **state) {
	struct lab *lab = *state;
	ANSWERS("version.bind. TXT class=3", "NOERROR\nAN version.bind. 0 TXT \"one of ours\"\n");
	ANSWERS("VERSION.SERVER. TXT class=3", "NOERROR\nAN VERSION.SERVER. 0 TXT \"one of ours\"\n");
	lab->settings.version = NULL;
	lab_configure(lab);
	ANSWERS("version.bind. TXT class=3", "REFUSED\n");
	ANSWERS("version.server. TXT class=3 edns=1232", "REFUSED edns ede=18\n");
	lab->settings.nsid = "";
	lab_configure(lab);
	ANSWERS("id.server. TXT class=3 edns=1232", "REFUSED edns ede=18\n");
}

static void everything_else_is_refused(void **state) {
	static const char *const questions[] = { "version.bind. A class=3 edns=1232",
		                                 "version.bind. SOA class=3 edns=1232",
		                                 "version.bind. AXFR class=3 tcp edns=1232",
		                                 "authors.bind. TXT class=3 edns=1232",
		                                 "x.version.bind. TXT class=3 edns=1232",
		                                 "bind. TXT class=3 edns=1232",
		                                 ". NS class=3 edns=1232",
		                                 "www.example. A class=3 edns=1232" };
	for (unsigned i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		ANSWERS(questions[i], "REFUSED edns ede=21\n");
	ANSWERS("version.bind. TXT", "REFUSED\n"); /* class IN */
}

static void texts_of_any_length_are_told_as_one_string(void **state) {
	struct lab *lab = *state;
	char text[400];
	memset(text, 'v', sizeof(text));
	for (unsigned len = 1; len < sizeof(text); len += 7) {
		text[len] = 0;
		lab->settings.version = text;
		lab_configure(lab);
		lab_ask(lab, "version.bind. TXT class=3");
		assert_int_equal(lab->answer_len, 12 + 14 + 4 + 12 + 1 + (len < 255 ? len : 255));
		text[len] = 'v';
	}
	lab->cap = 100;
	ANSWERS("version.bind. TXT class=3", "NOERROR tc\n");
}

int main(void) {
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(identity_is_told_without_authority),
		ROW(version_is_told_when_there_is_one),
		ROW(everything_else_is_refused),
		ROW(texts_of_any_length_are_told_as_one_string),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Pins: their text, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/pin.h"

static void text_of_a_pin_reads_back(void **state) {
	(void)state;
	struct pin pin, back;
	char text[PIN_TEXT_MAX];
	for (unsigned seed = 0; seed < 256; seed++) {
		for (unsigned i = 0; i < PIN_LEN; i++)
			pin.sha256[i] = (uint8_t)(seed * (i + 1) + i * i);
		assert_int_equal(strlen(pin_text(&pin, text)), PIN_TEXT_MAX - 1);
		assert_int_equal(pin_parse(text, &back), OK);
		assert_true(pin_equal(&pin, &back));
	}
	for (unsigned i = 0; i < PIN_LEN; i++)
		pin.sha256[i] = (uint8_t)i;
	assert_string_equal(pin_text(&pin, text), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
}

static void what_is_no_pin_is_refused(void **state) {
	(void)state;
	static const char *const texts[] = { "", "AAAA", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
		                             "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISI=",
		                             "*AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" };
	struct pin pin;
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(pin_parse(texts[i], &pin), ERR_MALFORMED);
	gnutls_datum_t nothing = { (unsigned char *)(uintptr_t) "no DER", 6 };
	assert_int_equal(pin_of_certificate(&nothing, &pin), ERR_MALFORMED);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_a_pin_reads_back),
		cmocka_unit_test(what_is_no_pin_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

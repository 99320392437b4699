#include "inventory/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Of the tests that the authors of Argon2 give: password "password", salt "somesalt". */
static const char reference[] =
	"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

static void the_hash_is_argon2id(void **state) {
	(void)state;
	assert_int_equal(password_verify("password", reference), OK);
	assert_int_equal(password_verify("Password", reference), ERR_MISMATCH);
	assert_int_equal(password_verify("", reference), ERR_MISMATCH);
}

static void a_password_fits_its_own_hash_only(void **state) {
	(void)state;
	struct random random = random_seeded(3);
	char one[PASSWORD_HASH_MAX], two[PASSWORD_HASH_MAX];
	assert_int_equal(password_hash("correct horse battery", &random, one), OK);
	assert_int_equal(password_hash("correct horse battery", &random, two), OK);
	assert_string_not_equal(one, two); /* salted */
	assert_non_null(strstr(one, "$argon2id$v=19$m=19456,t=2,p=1$"));
	assert_null(strstr(one, "horse"));
	assert_int_equal(password_verify("correct horse battery", one), OK);
	assert_int_equal(password_verify("correct horse batterz", one), ERR_MISMATCH);
	assert_false(password_hash_is_old(one));
	assert_false(password_hash_is_old(reference));
	assert_true(password_hash_is_old("$argon2id$v=19$m=16384,t=2,p=1$c29tZXNhbHQ$CTFh"));
	assert_true(password_hash_is_old("plain text"));
}

static void lengths_are_bounded(void **state) {
	(void)state;
	struct random random = random_seeded(3);
	char hash[PASSWORD_HASH_MAX] = "untouched", text[PASSWORD_LEN_MAX + 2];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(password_hash("ninechars", &random, hash), ERR_LIMIT);
	assert_int_equal(password_hash(text, &random, hash), ERR_LIMIT);
	assert_string_equal(hash, "untouched");
	assert_int_equal(password_verify(text, reference), ERR_MISMATCH);
	text[PASSWORD_LEN_MAX] = '\0';
	assert_int_equal(password_hash(text, &random, hash), OK);
}

static void no_user_is_no_match(void **state) {
	(void)state;
	assert_int_equal(password_verify("password", NULL), ERR_MISMATCH);
	assert_int_equal(password_verify("", NULL), ERR_MISMATCH);
}

static void a_hash_that_costs_too_much_is_not_computed(void **state) {
	(void)state;
	static const char *const hashes[] = {
		"$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=900000000,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=4000$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=1$",
		"$argon2id$v=19$m=,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"plain text",
		"",
	};
	for (unsigned i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		assert_int_equal(password_verify("password", hashes[i]), ERR_CORRUPT);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hash_is_argon2id),
		cmocka_unit_test(a_password_fits_its_own_hash_only),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(no_user_is_no_match),
		cmocka_unit_test(a_hash_that_costs_too_much_is_not_computed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

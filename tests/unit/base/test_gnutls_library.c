/* base/gnutls_library: what is called of GnuTLS is there when it is wanted. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/gnutls_library.h"

#define THREADS 8

static void *want(void *out) {
	*(enum err *)out = gnutls_want(NULL);
	return NULL;
}

static void it_is_there_for_all_threads(void **state) {
	pthread_t threads[THREADS];
	enum err results[THREADS];
	(void)state;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, want, &results[i]), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(results[i], OK);
	}
}

static void all_that_is_called_is_there(void **state) {
	const char *why = "not asked";
	(void)state;
	assert_int_equal(gnutls_want(&why), OK);
	assert_null(why);
#define GNUTLS_FUNCTION(name) assert_non_null(gnutls->name);
#include "base/gnutls_library.def"
#undef GNUTLS_FUNCTION
	assert_string_equal(gnutls->alert_get_name(GNUTLS_A_CLOSE_NOTIFY), "Close notify");
}

static void what_it_gave_is_freed_by_it(void **state) {
	gnutls_datum_t key = { 0 };
	(void)state;
	assert_int_equal(gnutls_want(NULL), OK);
	assert_int_equal(gnutls->session_ticket_key_generate(&key), 0);
	assert_true(key.size > 0);
	gnutls_release(key.data);
	gnutls_release(NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_there_for_all_threads),
		cmocka_unit_test(all_that_is_called_is_there),
		cmocka_unit_test(what_it_gave_is_freed_by_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

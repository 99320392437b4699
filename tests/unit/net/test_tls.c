/* Credentials: what is loaded, what is refused and in which words, and how they pass from thread to thread. */
#include "tls_fixture.h"

#include <pthread.h>

static struct tls_files files, other;

static int setup(void **state) {
	(void)state;
	tls_files_make(&files, "one");
	tls_files_make(&other, "other");
	return 0;
}

static int teardown(void **state) {
	(void)state;
	tls_files_remove(&files);
	tls_files_remove(&other);
	return 0;
}

static void refused(const char *certificate, const char *key, const char *const words[], unsigned count) {
	char text[TLS_TEXT_MAX] = "";
	struct tls_credentials *c = NULL;
	assert_int_equal(tls_credentials_load(certificate, key, false, &c, text), ERR_CONFIG);
	assert_null(c);
	for (unsigned i = 0; i < count; i++)
		if (!strstr(text, words[i])) fail_msg("\"%s\" is not in \"%s\"", words[i], text);
}

#define REFUSED(certificate, key, ...)                                                                       \
	refused(certificate, key, (const char *const[]){ __VA_ARGS__ },                                      \
	        sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void certificate_and_key_that_belong_together_are_loaded(void **state) {
	(void)state;
	char text[TLS_TEXT_MAX];
	struct tls_credentials *c = NULL;
	assert_int_equal(tls_credentials_load(files.certificate, files.key, false, &c, text), OK);
	assert_in_range(tls_credentials_expire_s(c) - time(NULL), 86400 - 60, 86400);
	tls_credentials_unref(tls_credentials_ref(c));
	tls_credentials_unref(c);
}

static void file_that_is_missing_is_named(void **state) {
	(void)state;
	REFUSED("/nowhere/certificate", files.key, "certificate /nowhere/certificate", "no such file");
	REFUSED(files.certificate, "/nowhere/key", "key /nowhere/key", "no such file");
	REFUSED("/tmp", files.key, "certificate /tmp", "directory");
}

static void file_without_what_is_expected_is_named(void **state) {
	(void)state;
	static const char *const contents[] = {
		"", "no PEM at all\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"-----BEGIN CERTIFICATE-----\n"
	};
	struct tls_files bad;
	tls_files_make(&bad, "bad");
	for (unsigned i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		write_text(bad.certificate, contents[i], strlen(contents[i]));
		REFUSED(bad.certificate, files.key, "certificate ", bad.certificate);
		REFUSED(files.certificate, bad.certificate, "key ", bad.certificate);
	}
	REFUSED(files.key, files.certificate, "certificate ", files.key); /* the other way round */
	tls_files_remove(&bad);
}

static void key_of_another_certificate_is_refused(void **state) {
	(void)state;
	REFUSED(files.certificate, other.key, "key ", other.key, "does not belong to certificate ",
	        files.certificate);
}

static void key_with_a_password_is_refused(void **state) {
	(void)state;
	struct tls_files locked;
	gnutls_datum_t pem;
	tls_files_make(&locked, "locked");
	gnutls_x509_privkey_t key = make_key();
	assert_int_equal(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, "secret",
	                                                   GNUTLS_PKCS_PBES2_AES_256, &pem),
	                 0);
	write_text(locked.key, pem.data, pem.size);
	REFUSED(locked.certificate, locked.key, "key ", locked.key, "password");
	gnutls_free(pem.data);
	gnutls_x509_privkey_deinit(key);
	tls_files_remove(&locked);
}

static void file_beyond_the_bound_is_refused(void **state) {
	(void)state;
	struct tls_files big;
	tls_files_make(&big, "big");
	FILE *f = fopen(big.certificate, "ab");
	assert_int_equal(ftruncate(fileno(f), TLS_FILE_MAX + 1), 0);
	fclose(f);
	REFUSED(big.certificate, big.key, "certificate ", big.certificate, "larger");
	tls_files_remove(&big);
}

static void long_paths_keep_the_reason(void **state) {
	(void)state;
	char path[4000];
	memset(path, 'p', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	REFUSED(path, path, "certificate ppp", ": ");
}

static void mailbox_gives_the_newest(void **state) {
	(void)state;
	struct tls_mailbox box = { 0 };
	struct tls_credentials *one = tls_credentials_make("one"), *two = tls_credentials_make("two");
	assert_null(tls_mailbox_current(&box));
	tls_mailbox_put(&box, one);
	assert_ptr_equal(tls_mailbox_current(&box), one);
	tls_mailbox_put(&box, two);
	tls_mailbox_put(&box, one);
	tls_mailbox_put(&box, two);
	assert_ptr_equal(tls_mailbox_current(&box), two);
	assert_ptr_equal(tls_mailbox_current(&box), two);
	tls_mailbox_put(&box, one); /* never taken */
	tls_credentials_unref(one);
	tls_credentials_unref(two);
	tls_mailbox_done(&box);
}

struct crossing {
	struct tls_mailbox box;
	struct tls_credentials *all[2];
	atomic_bool is_over;
	unsigned changes;
};

static void *take(void *ctx) {
	struct crossing *x = ctx;
	struct tls_credentials *last = NULL;
	while (!atomic_load(&x->is_over) || x->changes == 0) {
		struct tls_credentials *c = tls_mailbox_current(&x->box);
		if (c != last) x->changes++;
		if (c) tls_credentials_unref(tls_credentials_ref(c)); /* as a session does */
		last = c;
	}
	return NULL;
}

static void mailbox_may_be_filled_while_it_is_emptied(void **state) {
	(void)state;
	struct crossing x = { .all = { tls_credentials_make("one"), tls_credentials_make("two") } };
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, take, &x), 0);
	for (unsigned i = 0; i < 100000; i++)
		tls_mailbox_put(&x.box, x.all[i % 2]);
	atomic_store(&x.is_over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(x.changes > 0);
	tls_mailbox_done(&x.box);
	tls_credentials_unref(x.all[0]);
	tls_credentials_unref(x.all[1]);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificate_and_key_that_belong_together_are_loaded),
		cmocka_unit_test(file_that_is_missing_is_named),
		cmocka_unit_test(file_without_what_is_expected_is_named),
		cmocka_unit_test(key_of_another_certificate_is_refused),
		cmocka_unit_test(key_with_a_password_is_refused),
		cmocka_unit_test(file_beyond_the_bound_is_refused),
		cmocka_unit_test(long_paths_keep_the_reason),
		cmocka_unit_test(mailbox_gives_the_newest),
		cmocka_unit_test(mailbox_may_be_filled_while_it_is_emptied),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

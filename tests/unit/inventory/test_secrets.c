#include "inventory/secrets.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/file.h"

struct lab {
	char folder[64], path[96];
	struct random random;
	struct sealer *sealer;
	struct why why;
};

static int begin(void **state) {
	struct lab *lab = calloc(1, sizeof(*lab));
	snprintf(lab->folder, sizeof(lab->folder), "/tmp/test_secrets.XXXXXX");
	assert_non_null(mkdtemp(lab->folder));
	snprintf(lab->path, sizeof(lab->path), "%s/secret.key", lab->folder);
	lab->random = random_seeded(1);
	*state = lab;
	return 0;
}

static int end(void **state) {
	struct lab *lab = *state;
	sealer_free(lab->sealer);
	unlink(lab->path);
	assert_int_equal(rmdir(lab->folder), 0); /* no temporary file is left either */
	free(lab);
	return 0;
}

static enum err open_key(struct lab *lab, bool may_make) {
	sealer_free(lab->sealer);
	lab->sealer = NULL;
	lab->why.evidence[0] = '\0';
	return sealer_open(lab->path, may_make, &lab->random, &lab->sealer, &lab->why);
}

static void write_key(struct lab *lab, size_t len, mode_t mode) {
	uint8_t key[64];
	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	assert_int_equal(file_replace(lab->path, key, len, mode), OK);
}

/* -- the key file -- */

static void a_key_file_is_made_once_and_for_us_alone(void **state) {
	struct lab *lab = *state;
	struct stat first, second;
	char *data;
	size_t len;
	mode_t before = umask(0);
	assert_int_equal(open_key(lab, true), OK);
	umask(before);
	assert_int_equal(stat(lab->path, &first), 0);
	assert_int_equal(first.st_mode & 07777, 0600);
	assert_int_equal(first.st_size, SEALER_KEY_LEN);
	assert_int_equal(open_key(lab, true), OK);
	assert_int_equal(stat(lab->path, &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
	assert_int_equal(file_read(lab->path, 100, &data, &len), OK);
	uint8_t zeros[SEALER_KEY_LEN] = { 0 };
	assert_memory_not_equal(data, zeros, sizeof(zeros));
	free(data);
}

static void a_key_file_that_is_gone_is_not_replaced_unasked(void **state) {
	struct lab *lab = *state;
	assert_int_equal(open_key(lab, false), ERR_NOTFOUND);
	assert_non_null(strstr(lab->why.evidence, "put the saved copy back"));
	assert_int_equal(lab->why.reason, REASON_SECRET_KEY);
	assert_int_equal(access(lab->path, F_OK), -1);
}

static void a_key_file_that_others_can_read_is_refused_in_words(void **state) {
	struct lab *lab = *state;
	static const mode_t modes[] = { 0640, 0604, 0660, 0601, 0620 };
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		write_key(lab, SEALER_KEY_LEN, modes[i]);
		assert_int_equal(open_key(lab, true), ERR_REFUSED);
		assert_non_null(strstr(lab->why.evidence, "chmod 600"));
		assert_non_null(strstr(lab->why.evidence, lab->path));
	}
}

static void a_key_file_of_another_user_is_refused_in_words(void **state) {
	struct lab *lab = *state;
	write_key(lab, SEALER_KEY_LEN, 0600);
	if (chown(lab->path, 12345, (gid_t)-1) != 0) skip(); /* only root gives files away */
	assert_int_equal(open_key(lab, true), ERR_REFUSED);
	assert_non_null(strstr(lab->why.evidence, "belongs to user 12345"));
}

static void a_key_file_of_another_length_is_refused_in_words(void **state) {
	struct lab *lab = *state;
	static const size_t lens[] = { 0, 1, SEALER_KEY_LEN - 1, SEALER_KEY_LEN + 1 };
	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		write_key(lab, lens[i], 0600);
		assert_int_equal(open_key(lab, true), ERR_CORRUPT);
		assert_non_null(strstr(lab->why.evidence, "expected 32"));
	}
}

static void a_link_or_a_pipe_is_no_key_file(void **state) {
	struct lab *lab = *state;
	char target[128];
	snprintf(target, sizeof(target), "%s/target", lab->folder);
	assert_int_equal(file_replace(target, "01234567890123456789012345678901", 32, 0600), OK);
	assert_int_equal(symlink(target, lab->path), 0);
	assert_int_equal(open_key(lab, true), ERR_IO);
	unlink(lab->path);
	unlink(target);
	assert_int_equal(mkfifo(lab->path, 0600), 0);
	assert_int_equal(open_key(lab, true), ERR_CORRUPT); /* and is not waited for */
}

static void a_folder_that_cannot_be_written_is_told(void **state) {
	struct lab *lab = *state;
	struct why why;
	struct sealer *s = NULL;
	assert_int_equal(sealer_open("/nonexistent/folder/secret.key", true, &lab->random, &s, &why), ERR_IO);
	assert_non_null(strstr(why.evidence, "No such file or directory"));
	assert_null(s);
}

/* -- sealing -- */

static const char plain[] = "plain secret of a key";
#define PLAIN_LEN (sizeof(plain) - 1)
static const struct sealed_place row1 = { "tsig-key", "row1" };

/* Made with another implementation (key 00 01 ... 1f, nonce a0 ... ab, associated data "tsig-key" NUL "row1"). */
static const uint8_t sealed_elsewhere[] = { 0x01, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8,
	                                    0xa9, 0xaa, 0xab, 0x96, 0x74, 0x1d, 0x44, 0x2b, 0xeb, 0x71,
	                                    0xda, 0x01, 0x17, 0xe2, 0xa7, 0x27, 0x15, 0xa6, 0xfe, 0x11,
	                                    0x8c, 0x32, 0x75, 0xeb, 0x9b, 0x03, 0xd1, 0xea, 0x8a, 0xb8,
	                                    0xf8, 0x01, 0x23, 0xcf, 0x25, 0xf3, 0x2f, 0x44, 0x39, 0xbd };

static void what_was_sealed_elsewhere_is_unsealed(void **state) {
	struct lab *lab = *state;
	char back[PLAIN_LEN];
	write_key(lab, SEALER_KEY_LEN, 0600);
	assert_int_equal(open_key(lab, false), OK);
	assert_int_equal(sizeof(sealed_elsewhere), PLAIN_LEN + SEALED_EXTRA);
	assert_int_equal(sealer_unseal(lab->sealer, row1, sealed_elsewhere, sizeof(sealed_elsewhere), back),
	                 OK);
	assert_memory_equal(back, plain, PLAIN_LEN);
}

static void sealing_hides_and_gives_back(void **state) {
	struct lab *lab = *state;
	uint8_t one[PLAIN_LEN + SEALED_EXTRA], two[PLAIN_LEN + SEALED_EXTRA];
	char back[PLAIN_LEN];
	assert_int_equal(open_key(lab, true), OK);
	sealer_seal(lab->sealer, &lab->random, row1, plain, PLAIN_LEN, one);
	sealer_seal(lab->sealer, &lab->random, row1, plain, PLAIN_LEN, two);
	assert_memory_not_equal(one + 13, two + 13, PLAIN_LEN); /* no nonce is used twice */
	assert_null(memmem(one, sizeof(one), "secret", 6));
	assert_int_equal(sealer_unseal(lab->sealer, row1, one, sizeof(one), back), OK);
	assert_memory_equal(back, plain, PLAIN_LEN);
	sealer_seal(lab->sealer, &lab->random, row1, plain, 0, one);
	assert_int_equal(sealer_unseal(lab->sealer, row1, one, SEALED_EXTRA, back), OK);
}

static void a_changed_bit_or_a_lost_octet_is_found(void **state) {
	struct lab *lab = *state;
	uint8_t sealed[PLAIN_LEN + SEALED_EXTRA];
	char back[PLAIN_LEN + 1] = "untouched";
	assert_int_equal(open_key(lab, true), OK);
	sealer_seal(lab->sealer, &lab->random, row1, plain, PLAIN_LEN, sealed);
	for (size_t bit = 0; bit < sizeof(sealed) * 8; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(sealer_unseal(lab->sealer, row1, sealed, sizeof(sealed), back),
		                 bit < 8 ? ERR_VERSION : ERR_CORRUPT);
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < sizeof(sealed); len++)
		assert_int_equal(sealer_unseal(lab->sealer, row1, sealed, len, back), ERR_CORRUPT);
	assert_string_equal(back, "untouched");
}

static void a_sealed_value_of_another_row_is_refused(void **state) {
	struct lab *lab = *state;
	uint8_t sealed[PLAIN_LEN + SEALED_EXTRA];
	char back[PLAIN_LEN];
	static const struct sealed_place others[] = {
		{ "tsig-key", "row2" }, { "tsig", "row1" }, { "tsig-key", "" }, { "tsig-keyr", "ow1" }
	};
	assert_int_equal(open_key(lab, true), OK);
	sealer_seal(lab->sealer, &lab->random, row1, plain, PLAIN_LEN, sealed);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(sealer_unseal(lab->sealer, others[i], sealed, sizeof(sealed), back),
		                 ERR_CORRUPT);
}

static void another_key_file_unseals_nothing(void **state) {
	struct lab *lab = *state;
	uint8_t sealed[PLAIN_LEN + SEALED_EXTRA];
	char back[PLAIN_LEN];
	assert_int_equal(open_key(lab, true), OK);
	sealer_seal(lab->sealer, &lab->random, row1, plain, PLAIN_LEN, sealed);
	write_key(lab, SEALER_KEY_LEN, 0600);
	assert_int_equal(open_key(lab, false), OK);
	assert_int_equal(sealer_unseal(lab->sealer, row1, sealed, sizeof(sealed), back), ERR_CORRUPT);
}

/* -- texts, digests, names -- */

static void base32_is_that_of_rfc_4648(void **state) {
	(void)state;
	static const char *const rows[][2] = { { "", "" },
		                               { "f", "my" },
		                               { "fo", "mzxq" },
		                               { "foo", "mzxw6" },
		                               { "foob", "mzxw6yq" },
		                               { "fooba", "mzxw6ytb" },
		                               { "foobar", "mzxw6ytboi" } };
	char text[32];
	for (unsigned i = 0; i < 7; i++) {
		base32_text((const uint8_t *)rows[i][0], strlen(rows[i][0]), text);
		assert_string_equal(text, rows[i][1]);
	}
}

static void base64_is_that_of_rfc_4648(void **state) {
	(void)state;
	static const char *const rows[][2] = { { "f", "Zg==" }, { "fo", "Zm8=" }, { "foobar", "Zm9vYmFy" } };
	char text[32];
	for (unsigned i = 0; i < 3; i++) {
		base64_text(rows[i][0], strlen(rows[i][0]), text);
		assert_string_equal(text, rows[i][1]);
	}
}

static void the_digest_is_sha_256(void **state) {
	(void)state;
	static const uint8_t abc[SECRET_DIGEST_LEN] = { /* FIPS 180-2 appendix B.1 */
		                                        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
		                                        0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
		                                        0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
		                                        0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad
	};
	uint8_t digest[SECRET_DIGEST_LEN];
	secret_digest("abc", 3, digest);
	assert_true(secret_equal(digest, abc, sizeof(abc)));
	digest[31] ^= 1;
	assert_false(secret_equal(digest, abc, sizeof(abc)));
}

static void api_keys_differ_and_are_known_by_their_looks(void **state) {
	struct lab *lab = *state;
	char one[API_KEY_LEN + 1], two[API_KEY_LEN + 1];
	api_key_make(&lab->random, one);
	api_key_make(&lab->random, two);
	assert_int_equal(strlen(one), API_KEY_LEN);
	assert_true(api_key_is_text(one));
	assert_string_not_equal(one, two);
	assert_memory_not_equal(one, two, API_KEY_PREFIX_LEN);
	assert_false(api_key_is_text(""));
	assert_false(api_key_is_text("ust_"));
	one[API_KEY_LEN - 1] = '\0';
	assert_false(api_key_is_text(one));
	two[20] = '1';
	assert_false(api_key_is_text(two));
	two[20] = 'a';
	two[0] = 'U';
	assert_false(api_key_is_text(two));
}

static void ids_are_twenty_characters_and_differ(void **state) {
	struct lab *lab = *state;
	char ids[1000][SECRET_ID_LEN + 1];
	unsigned seen[128] = { 0 };
	for (unsigned i = 0; i < 1000; i++) {
		secret_id(&lab->random, ids[i]);
		assert_int_equal(strlen(ids[i]), SECRET_ID_LEN);
		seen[(unsigned char)ids[i][SECRET_ID_LEN - 1]]++;
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
	}
	for (const char *c = "abcdefghijklmnopqrstuvwxyz234567"; *c; c++)
		assert_in_range(seen[(unsigned char)*c], 10,
		                60); /* the last one is as random as the others */
}

static void wiping_leaves_zeros(void **state) {
	(void)state;
	char text[] = "secret";
	static const char zeros[sizeof(text)] = { 0 };
	secret_wipe(text, sizeof(text));
	assert_memory_equal(text, zeros, sizeof(text));
	secret_wipe(NULL, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_key_file_is_made_once_and_for_us_alone),
		TEST(a_key_file_that_is_gone_is_not_replaced_unasked),
		TEST(a_key_file_that_others_can_read_is_refused_in_words),
		TEST(a_key_file_of_another_user_is_refused_in_words),
		TEST(a_key_file_of_another_length_is_refused_in_words),
		TEST(a_link_or_a_pipe_is_no_key_file),
		TEST(a_folder_that_cannot_be_written_is_told),
		TEST(what_was_sealed_elsewhere_is_unsealed),
		TEST(sealing_hides_and_gives_back),
		TEST(a_changed_bit_or_a_lost_octet_is_found),
		TEST(a_sealed_value_of_another_row_is_refused),
		TEST(another_key_file_unseals_nothing),
		TEST(base32_is_that_of_rfc_4648),
		TEST(base64_is_that_of_rfc_4648),
		TEST(the_digest_is_sha_256),
		TEST(api_keys_differ_and_are_known_by_their_looks),
		TEST(ids_are_twenty_characters_and_differ),
		TEST(wiping_leaves_zeros),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "rows_lab.h"

#include "base/file.h"
#include "inventory/tsig_keys.h"

#define SECRET "MDEyMzQ1Njc4OWFiY2RlZg==" /* "0123456789abcdef" */

static enum err add(struct rows_lab *lab, const struct tsig_wish *wish, char out_id[static SECRET_ID_LEN + 1],
                    char out_secret[static TSIG_SECRET_TEXT_MAX]) {
	json_t *row = NULL;
	enum err e = tsig_key_add(&lab->work, NULL, wish, out_secret, &row);
	if (e == OK) memcpy(out_id, member_text(row, "id"), SECRET_ID_LEN + 1);
	json_decref(row);
	return e;
}

static enum err try_to_add(struct rows_lab *lab, const struct tsig_wish *wish) {
	char id[SECRET_ID_LEN + 1], secret[TSIG_SECRET_TEXT_MAX];
	return add(lab, wish, id, secret);
}

static enum err try_to_remove(struct rows_lab *lab, int64_t account, const char *id) {
	json_t *before = NULL;
	int64_t owner = 0;
	enum err e = tsig_key_remove(&lab->work, account, id, &before, &owner);
	json_decref(before);
	return e;
}

static struct keyset *keyset_of(struct rows_lab *lab, int64_t account, struct keyset *config) {
	struct keyset *set = NULL;
	if (tsig_keyset(&lab->work, account, config, &set) != OK) fail_msg("%s", lab->why.evidence);
	return set;
}

static void an_imported_key_is_sealed_and_unsealed(void **state) {
	struct rows_lab *lab = *state;
	struct tsig_wish wish = {
		.account = lab->anna, .name = "Key.Example.", .algorithm = "hmac-sha512", .secret = SECRET
	};
	char secret[TSIG_SECRET_TEXT_MAX];
	json_t *row = NULL;
	assert_int_equal(tsig_key_add(&lab->work, NULL, &wish, secret, &row), OK);
	assert_string_equal(secret, SECRET);
	assert_string_equal(member_text(row, "name"), "key.example");
	assert_string_equal(member_text(row, "algorithm"), "hmac-sha512");
	assert_string_equal(member_text(row, "account"), lab->anna_id);
	assert_null(json_object_get(row, "secret"));
	json_decref(row);
	struct sql_statement *s = sql_prepare(lab->work.db, "SELECT secret FROM tsig_keys");
	size_t len = 0;
	assert_int_equal(sql_step(s), OK);
	const void *sealed = sql_blob(s, 0, &len);
	assert_int_equal(len, 16 + SEALED_EXTRA);
	assert_null(memmem(sealed, len, "0123456789abcdef", 16));
	sql_reset(s);
	struct keyset *set = keyset_of(lab, lab->anna, NULL);
	assert_int_equal(set->ring.count, 1);
	const struct tsig_key *key = set->ring.keys[0];
	assert_int_equal(key->algorithm, TSIG_HMAC_SHA512);
	assert_int_equal(key->secret_len, 16);
	assert_memory_equal(key->secret, "0123456789abcdef", 16);
	keyset_unref(set);
}

static void a_made_key_is_as_long_as_its_digest(void **state) {
	struct rows_lab *lab = *state;
	static const struct {
		const char *word;
		unsigned len;
	} rows[] = { { NULL, 32 },          { "hmac-sha512", 64 }, { "hmac-sha384", 48 },
		     { "hmac-sha224", 28 }, { "hmac-sha1", 20 },   { "hmac-md5", 16 } };
	char former[TSIG_SECRET_TEXT_MAX] = "", secret[TSIG_SECRET_TEXT_MAX], id[SECRET_ID_LEN + 1], name[16];
	for (unsigned i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "k%u", i);
		struct tsig_wish wish = { .account = lab->anna, .name = name, .algorithm = rows[i].word };
		struct tsig_key key = { 0 };
		assert_int_equal(add(lab, &wish, id, secret), OK);
		assert_int_equal(tsig_secret_parse(secret, &key), OK);
		assert_int_equal(key.secret_len, rows[i].len);
		assert_string_not_equal(secret, former);
		memcpy(former, secret, sizeof(former));
	}
}

static void faults_are_told_without_the_secret(void **state) {
	struct rows_lab *lab = *state;
	struct tsig_wish wish = {
		.account = lab->anna, .name = "two words", .algorithm = "hmac-sha3", .secret = "c2hvcnQ="
	};
	assert_int_equal(try_to_add(lab, &wish), ERR_CONFIG);
	assert_int_equal(lab->faults.count, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_null(strstr(lab->faults.items[i].text, "c2hvcnQ"));
	assert_string_equal(lab->faults.items[2].field, "secret");
	field_faults_done(&lab->faults);
	wish = (struct tsig_wish){ .account = lab->anna, .name = ".", .secret = SECRET };
	assert_int_equal(try_to_add(lab, &wish), ERR_CONFIG);
	rows_lab_fault(lab, "name");
	wish = (struct tsig_wish){ .account = lab->anna, .name = "k", .secret = "not base64!" };
	assert_int_equal(try_to_add(lab, &wish), ERR_CONFIG);
	rows_lab_fault(lab, "secret");
}

static void names_are_unique_in_an_account_only(void **state) {
	struct rows_lab *lab = *state;
	struct tsig_wish wish = { .account = lab->anna, .name = "k1", .secret = SECRET };
	assert_int_equal(try_to_add(lab, &wish), OK);
	wish.name = "K1.";
	assert_int_equal(try_to_add(lab, &wish), ERR_EXISTS);
	wish.account = lab->bert;
	wish.secret = "YW5vdGhlciBzZWNyZXQ=";
	assert_int_equal(try_to_add(lab, &wish), OK);
	struct keyset *anna = keyset_of(lab, lab->anna, NULL), *bert = keyset_of(lab, lab->bert, NULL);
	assert_memory_not_equal(anna->ring.keys[0]->secret, bert->ring.keys[0]->secret, 14);
	keyset_unref(anna);
	keyset_unref(bert);
}

static struct keyset *config_with(const char *name) {
	struct keyset *set = keyset_over(NULL);
	struct tsig_key *key = calloc(1, sizeof(*key));
	const struct tsig_key **keys = calloc(1, sizeof(*keys));
	assert_int_equal(name_parse(name, &key->name), OK);
	key->algorithm = TSIG_HMAC_SHA256;
	keys[0] = key;
	set->ring = (struct tsig_keyring){ .keys = keys, .count = 1 };
	return set;
}

static void keys_of_the_configuration_are_the_first_account_s(void **state) {
	struct rows_lab *lab = *state;
	struct keyset *config = config_with("filed");
	char secret[TSIG_SECRET_TEXT_MAX];
	json_t *row = NULL;
	struct tsig_wish wish = { .account = 1, .name = "filed", .secret = SECRET };
	assert_int_equal(tsig_key_add(&lab->work, &config->ring, &wish, secret, &row), ERR_EXISTS);
	rows_lab_why(lab, "configuration file");
	wish.account = lab->anna;
	assert_int_equal(tsig_key_add(&lab->work, &config->ring, &wish, secret, &row), OK);
	json_decref(row);
	row = NULL;
	wish = (struct tsig_wish){ .account = 1, .name = "own", .secret = SECRET };
	assert_int_equal(tsig_key_add(&lab->work, &config->ring, &wish, secret, &row), OK);
	json_decref(row);
	struct keyset *first = keyset_of(lab, 1, config), *anna = keyset_of(lab, lab->anna, config);
	keyset_unref(config); /* what the others need of it stays */
	assert_int_equal(first->ring.count, 2);
	assert_ptr_equal(first->ring.keys[0], config->ring.keys[0]);
	assert_int_equal(anna->ring.count, 1);
	assert_int_equal(anna->ring.keys[0]->secret_len, 16);
	keyset_unref(first);
	keyset_unref(anna);
}

static void a_key_in_use_is_not_removed_and_its_users_are_named(void **state) {
	struct rows_lab *lab = *state;
	struct tsig_wish wish = { .account = lab->anna, .name = "k1", .secret = SECRET };
	char id[SECRET_ID_LEN + 1], secret[TSIG_SECRET_TEXT_MAX];
	assert_int_equal(add(lab, &wish, id, secret), OK);
	rows_lab_zone(lab, lab->bert, "of.bert", "k1"); /* bert's key of that name */
	rows_lab_zone(lab, lab->anna, "other.example", "k2");
	rows_lab_zone(lab, lab->anna, "a.example", "k1");
	assert_int_equal(try_to_remove(lab, lab->anna, id), ERR_EXISTS);
	assert_string_equal(lab->why.evidence, "in use by zone a.example");
	for (unsigned i = 0; i < 20; i++) {
		char name[32];
		snprintf(name, sizeof(name), "z%02u.example", i);
		rows_lab_zone(lab, lab->anna, name, "k1");
	}
	rows_lab_run(lab, "INSERT INTO primaries(public_id, account, name, settings, created_s)"
	                  " SELECT 'p', id, 'p1', '{\"addresses\":[\"192.0.2.1\"],\"key\":\"K1\"}', 1"
	                  " FROM accounts WHERE name = 'anna'");
	assert_int_equal(try_to_remove(lab, lab->anna, id), ERR_EXISTS);
	assert_string_equal(lab->why.evidence, "in use by primary p1, zone a.example, zone z00.example, "
	                                       "zone z01.example, zone z02.example and 17 more");
	rows_lab_run(lab, "DELETE FROM zones");
	assert_int_equal(try_to_remove(lab, lab->anna, id), ERR_EXISTS);
	rows_lab_run(lab, "DELETE FROM primaries");
	assert_int_equal(try_to_remove(lab, lab->bert, id), ERR_NOTFOUND);
	assert_int_equal(try_to_remove(lab, lab->anna, id), OK);
	assert_int_equal(try_to_remove(lab, lab->anna, id), ERR_NOTFOUND);
}

static void long_names_of_users_are_cut(void **state) {
	struct rows_lab *lab = *state;
	struct tsig_wish wish = { .account = lab->anna, .name = "k1", .secret = SECRET };
	char id[SECRET_ID_LEN + 1], secret[TSIG_SECRET_TEXT_MAX], name[200];
	assert_int_equal(add(lab, &wish, id, secret), OK);
	for (unsigned i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "%060u.%060u.example", i, i);
		rows_lab_zone(lab, lab->anna, name, "k1");
	}
	assert_int_equal(try_to_remove(lab, lab->anna, id), ERR_EXISTS);
	assert_in_range(strlen(lab->why.evidence), 100, WHY_TEXT_MAX - 1);
}

static void a_secret_moved_to_another_row_is_not_used(void **state) {
	struct rows_lab *lab = *state;
	struct tsig_wish wish = { .account = lab->anna, .name = "k1", .secret = SECRET };
	struct keyset *set = NULL;
	assert_int_equal(try_to_add(lab, &wish), OK);
	wish.name = "k2";
	assert_int_equal(try_to_add(lab, &wish), OK);
	rows_lab_run(lab, "UPDATE tsig_keys SET secret = (SELECT secret FROM tsig_keys WHERE name = 'k1')"
	                  " WHERE name = 'k2'");
	set = keyset_of(lab, lab->anna, NULL);
	assert_int_equal(set->ring.count, 2);
	assert_memory_equal(set->ring.keys[0]->secret, "0123456789abcdef", 16);
	assert_memory_not_equal(set->ring.keys[1]->secret, "0123456789abcdef", 16);
	keyset_unref(set);
}

static void without_a_key_file_no_key_is_taken_and_none_is_read(void **state) {
	struct rows_lab *lab = *state;
	struct tsig_wish wish = { .account = lab->anna, .name = "k1", .secret = SECRET };
	struct keyset *set = NULL;
	assert_int_equal(try_to_add(lab, &wish), OK);
	lab->work.sealer = NULL;
	wish.name = "k2";
	assert_int_equal(try_to_add(lab, &wish), ERR_IO);
	rows_lab_why(lab, "key file");
	set = keyset_of(lab, lab->anna, NULL); /* its zones stay, but nothing that the key signs passes */
	assert_int_equal(set->ring.count, 1);
	assert_int_equal(set->ring.keys[0]->secret_len, SEALER_KEY_LEN);
	static const uint8_t zeros[SEALER_KEY_LEN] = { 0 };
	assert_memory_not_equal(set->ring.keys[0]->secret, "0123456789abcdef", 16);
	assert_memory_not_equal(set->ring.keys[0]->secret, zeros, sizeof(zeros));
	keyset_unref(set);
}

static void another_key_file_is_found_out(void **state) {
	struct rows_lab *lab = *state;
	assert_int_equal(tsig_keys_check(&lab->work), OK);
	assert_int_equal(tsig_keys_check(&lab->work), OK);
	assert_int_equal(database_lab_number(lab->work.db,
	                                     "SELECT count(*) FROM meta WHERE key = 'key-file'"),
	                 1);
	struct sealer *former = lab->sealer;
	unlink(lab->key_path);
	assert_int_equal(sealer_open(lab->key_path, true, &lab->random, &lab->sealer, &lab->why), OK);
	lab->work.sealer = lab->sealer;
	assert_int_equal(tsig_keys_check(&lab->work), ERR_CORRUPT);
	rows_lab_why(lab, "put that one back");
	lab->work.sealer = NULL;
	assert_int_equal(tsig_keys_check(&lab->work), ERR_IO);
	lab->work.sealer = former;
	assert_int_equal(tsig_keys_check(&lab->work), OK);
	sealer_free(former);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		ROWS_TEST(an_imported_key_is_sealed_and_unsealed),
		ROWS_TEST(a_made_key_is_as_long_as_its_digest),
		ROWS_TEST(faults_are_told_without_the_secret),
		ROWS_TEST(names_are_unique_in_an_account_only),
		ROWS_TEST(keys_of_the_configuration_are_the_first_account_s),
		ROWS_TEST(a_key_in_use_is_not_removed_and_its_users_are_named),
		ROWS_TEST(long_names_of_users_are_cut),
		ROWS_TEST(a_secret_moved_to_another_row_is_not_used),
		ROWS_TEST(without_a_key_file_no_key_is_taken_and_none_is_read),
		ROWS_TEST(another_key_file_is_found_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

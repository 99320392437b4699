/* No secret comes out again: after random changes of keys, users and API keys, with good and bad wishes, none of the
 * secrets that were given or made is in what is listed, refused, audited, or in any file of the folder but the key file;
 * neither as it was written nor as the octets that it means. */
#include "rows_lab.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "inventory/password.h"
#include "inventory/tokens.h"
#include "inventory/tsig_keys.h"
#include "inventory/users.h"

enum { ROUNDS = 3, ACTIONS = 120, SECRETS_MAX = 4 * ACTIONS, PASSWORDS = 4 };

struct secret {
	uint8_t octets[TSIG_SECRET_TEXT_MAX];
	size_t len;
};

struct run {
	struct rows_lab *lab;
	struct random random;
	struct secret secrets[SECRETS_MAX];
	unsigned secret_count, passwords;
	char *seen; /* all that came out, one text after another */
	size_t seen_len;
};

static void keep_secret(struct run *run, const void *octets, size_t len) {
	struct secret *s = &run->secrets[run->secret_count++];
	assert_in_range(run->secret_count, 1, SECRETS_MAX);
	assert_in_range(len, 8, sizeof(s->octets));
	memcpy(s->octets, octets, len);
	s->len = len;
}

static void see(struct run *run, const char *text) {
	size_t len = strlen(text);
	run->seen = realloc(run->seen, run->seen_len + len + 1);
	memcpy(run->seen + run->seen_len, text, len + 1);
	run->seen_len += len;
}

/* Takes the reference. */
static void see_json(struct run *run, json_t *json) {
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	if (text) see(run, text);
	free(text);
	json_decref(json);
}

static void see_refusal(struct run *run) {
	struct field_faults *f = &run->lab->faults;
	for (unsigned i = 0; i < f->count; i++)
		see(run, f->items[i].text);
	see(run, run->lab->why.evidence);
	field_faults_done(f);
}

static int64_t some_account(struct run *run) {
	return random_below(&run->random, 2) ? run->lab->anna : run->lab->bert;
}

/* Of letters and digits, so that it is good base 64 if its length is a multiple of four. */
static void some_text(struct run *run, char *out, size_t len) {
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	for (size_t i = 0; i < len; i++)
		out[i] = letters[random_below(&run->random, sizeof(letters) - 1)];
	out[len] = '\0';
}

/* -- actions -- */

static void add_key(struct run *run) {
	static const char *const algorithms[] = { NULL, "hmac-sha256", "hmac-sha512", "hmac-sha3" };
	char name[16], given[100], secret[TSIG_SECRET_TEXT_MAX];
	struct tsig_key key;
	json_t *row = NULL;
	bool imports = random_below(&run->random, 2), good = random_below(&run->random, 3) > 0;
	snprintf(name, sizeof(name), "k%u", random_below(&run->random, 40));
	some_text(run, given, good ? 44 : 43); /* 43: no base 64 */
	struct tsig_wish wish = { .account = some_account(run),
		                  .name = name,
		                  .algorithm = algorithms[random_below(&run->random, 4)],
		                  .secret = imports ? given : NULL };
	if (imports) keep_secret(run, given, strlen(given));
	if (tsig_key_add(&run->lab->work, NULL, &wish, secret, &row) != OK) {
		see_refusal(run);
		return;
	}
	assert_int_equal(tsig_secret_parse(secret, &key), OK);
	keep_secret(run, secret, strlen(secret));
	keep_secret(run, key.secret, key.secret_len);
	see_json(run, row);
}

static void add_token(struct run *run) {
	char name[32], key[API_KEY_LEN + 1];
	json_t *row = NULL;
	snprintf(name, sizeof(name), "t%u", random_below(&run->random, 60));
	struct token_wish wish = { .account = some_account(run), .name = name };
	if (token_add(&run->lab->work, NULL, &wish, key, &row) != OK) {
		see_refusal(run);
		return;
	}
	keep_secret(run, key + API_KEY_PREFIX_LEN, API_KEY_LEN - API_KEY_PREFIX_LEN);
	see_json(run, row);
}

static void add_user(struct run *run) {
	char name[32], password[64];
	json_t *row = NULL;
	snprintf(name, sizeof(name), "u%u", random_below(&run->random, 1000));
	bool good = run->passwords < PASSWORDS; /* each costs its time */
	some_text(run, password, good ? 24 : 9);
	run->passwords += good;
	keep_secret(run, password, strlen(password));
	if (user_add(&run->lab->work, some_account(run), name, password, &row) == OK)
		see_json(run, row);
	else
		see_refusal(run);
}

static void verify_wrong(struct run *run) {
	char key[API_KEY_LEN + 1];
	const struct caller *c = NULL;
	api_key_make(&run->random, key);
	keep_secret(run, key + API_KEY_PREFIX_LEN, API_KEY_LEN - API_KEY_PREFIX_LEN);
	assert_int_equal(token_verify(&run->lab->work, key, &c), ERR_NOTFOUND);
	see_refusal(run);
}

static void remove_some(struct run *run) {
	struct row_page page = { .limit = 1 + random_below(&run->random, 5) };
	json_t *list = NULL, *before = NULL;
	int64_t account;
	assert_int_equal(tsig_key_page(&run->lab->work, &page, &list), OK);
	const json_t *last = json_array_get(list, json_array_size(list) - 1);
	if (last && tsig_key_remove(&run->lab->work, 0, member_text(last, "id"), &before, &account) == OK)
		see_json(run, before);
	see_json(run, list);
}

static void act(struct run *run) {
	static void (*const actions[])(struct run *) = { add_key,  add_key,      add_key,
		                                         add_key,  add_token,    add_token,
		                                         add_user, verify_wrong, remove_some };
	actions[random_below(&run->random, sizeof(actions) / sizeof(actions[0]))](run);
}

/* -- what must hold -- */

static void list_all(struct run *run) {
	struct row_page page = { .limit = ROWS_PAGE_MAX };
	struct keyset *set = NULL;
	json_t *list = NULL;
	assert_int_equal(token_page(&run->lab->work, &page, &list), OK);
	see_json(run, list);
	assert_int_equal(tsig_key_page(&run->lab->work, &page, &list), OK);
	see_json(run, list);
	assert_int_equal(user_page(&run->lab->work, &page, &list), OK);
	see_json(run, list);
	assert_int_equal(tsig_keyset(&run->lab->work, run->lab->anna, NULL, &set), OK);
	assert_int_not_equal(set->ring.count, 0); /* the secrets are there all the same */
	keyset_unref(set);
}

static void no_secret_in(const struct run *run, const char *what, const void *data, size_t len) {
	for (unsigned i = 0; i < run->secret_count; i++) {
		const struct secret *s = &run->secrets[i];
		if (memmem(data, len, s->octets, s->len)) fail_msg("secret %u is in %s", i, what);
	}
}

static unsigned look_at_files(const struct run *run) {
	unsigned count = 0;
	DIR *folder = opendir(run->lab->database->folder);
	for (struct dirent *d = readdir(folder); d; d = readdir(folder)) {
		char path[400], *data;
		size_t len;
		snprintf(path, sizeof(path), "%s/%s", run->lab->database->folder, d->d_name);
		if (d->d_name[0] == '.' || strcmp(path, run->lab->key_path) == 0) continue;
		assert_int_equal(file_read(path, 64U << 20, &data, &len), OK);
		no_secret_in(run, path, data, len);
		free(data);
		count++;
	}
	closedir(folder);
	return count;
}

/* The key of the key file is nowhere either. */
static void keep_key_file(struct run *run) {
	char *data;
	size_t len;
	assert_int_equal(file_read(run->lab->key_path, 100, &data, &len), OK);
	keep_secret(run, data, len);
	free(data);
}

static void no_secret_comes_out(void **state) {
	struct run *run = calloc(1, sizeof(*run));
	uint64_t seed = 20261126;
	run->lab = *state;
	print_message("seed %llu\n", (unsigned long long)seed);
	run->random = random_seeded(seed);
	keep_key_file(run);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < ACTIONS / ROUNDS; i++)
			act(run);
		list_all(run);
		assert_in_range(look_at_files(run), 2, 5); /* with the write-ahead log */
	}
	assert_in_range(run->secret_count, ACTIONS / 2, SECRETS_MAX);
	no_secret_in(run, "what was told", run->seen, run->seen_len);
	free(run->seen);
	free(run);
}

int main(void) {
	const struct CMUnitTest tests[] = { ROWS_TEST(no_secret_comes_out) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

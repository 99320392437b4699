#include "rows_lab.h"

#include "inventory/tokens.h"

struct made {
	char key[API_KEY_LEN + 1], id[SECRET_ID_LEN + 1];
};

static struct token_wish wish_of(const struct rows_lab *lab, const char *name, enum scope scope) {
	return (struct token_wish){ .account = lab->anna, .name = name, .scope = scope };
}

static struct made make(struct rows_lab *lab, const struct token_wish *wish) {
	struct made m = { 0 };
	json_t *row = NULL;
	if (token_add(&lab->work, NULL, wish, m.key, &row) != OK) fail_msg("%s", lab->why.evidence);
	memcpy(m.id, member_text(row, "id"), sizeof(m.id));
	json_decref(row);
	return m;
}

static enum err try_to_make(struct rows_lab *lab, const struct caller *by, const struct token_wish *wish) {
	char key[API_KEY_LEN + 1] = "untouched";
	json_t *row = NULL;
	enum err e = token_add(&lab->work, by, wish, key, &row);
	if (e != OK) assert_string_equal(key, "untouched");
	if (e != OK) assert_null(row);
	json_decref(row);
	return e;
}

static const struct caller *verify(struct rows_lab *lab, const char *key) {
	const struct caller *c = NULL;
	assert_int_equal(token_verify(&lab->work, key, &c), OK);
	return c;
}

static void a_key_is_shown_once_and_found_again(void **state) {
	struct rows_lab *lab = *state;
	struct token_wish wish = wish_of(lab, "panel", SCOPE_WRITE);
	json_t *row = NULL, *again = NULL;
	char key[API_KEY_LEN + 1];
	assert_int_equal(token_add(&lab->work, NULL, &wish, key, &row), OK);
	assert_true(api_key_is_text(key));
	assert_string_equal(member_text(row, "name"), "panel");
	assert_string_equal(member_text(row, "scope"), "write");
	assert_string_equal(member_text(row, "account"), lab->anna_id);
	assert_memory_equal(member_text(row, "prefix"), key, API_KEY_PREFIX_LEN);
	assert_int_equal(strlen(member_text(row, "prefix")), API_KEY_PREFIX_LEN);
	assert_int_equal(member_int(row, "created_at"), 1000000);
	assert_true(json_is_null(json_object_get(row, "expires_at")));
	assert_true(json_is_null(json_object_get(row, "zones")));
	char *text = json_dumps(row, 0);
	assert_null(strstr(text, key));
	free(text);
	const struct caller *c = verify(lab, key);
	assert_int_equal(c->account, lab->anna);
	assert_string_equal(c->account_id, lab->anna_id);
	assert_string_equal(c->token_id, member_text(row, "id"));
	assert_string_equal(c->name, "panel");
	assert_int_equal(c->scope, SCOPE_WRITE);
	assert_null(c->zones);
	assert_false(c->has_primary);
	caller_unref(c);
	assert_int_equal(token_get(&lab->work, lab->anna, member_text(row, "id"), &again), OK);
	assert_int_equal(member_int(again, "used_at"), 1000000);
	json_decref(again);
	json_decref(row);
}

static void a_wrong_key_is_not_found(void **state) {
	struct rows_lab *lab = *state;
	const struct caller *c = NULL;
	struct token_wish wish = wish_of(lab, "panel", SCOPE_READ);
	struct made m = make(lab, &wish);
	m.key[30] = m.key[30] == 'a' ? 'b' : 'a';
	assert_int_equal(token_verify(&lab->work, m.key, &c), ERR_NOTFOUND);
	assert_int_equal(token_verify(&lab->work, "", &c), ERR_NOTFOUND);
	assert_int_equal(token_verify(&lab->work, "ust_' OR 1=1 --", &c), ERR_NOTFOUND);
	assert_null(c);
}

static void a_removed_key_is_not_found(void **state) {
	struct rows_lab *lab = *state;
	const struct caller *c = NULL;
	json_t *before = NULL;
	int64_t account = 0;
	struct token_wish wish = wish_of(lab, "panel", SCOPE_READ);
	struct made m = make(lab, &wish);
	assert_int_equal(token_remove(&lab->work, lab->bert, m.id, &before, &account), ERR_NOTFOUND);
	caller_unref(verify(lab, m.key));
	assert_int_equal(token_remove(&lab->work, lab->anna, m.id, &before, &account), OK);
	assert_string_equal(member_text(before, "name"), "panel");
	assert_int_equal(account, lab->anna);
	json_decref(before);
	assert_int_equal(token_verify(&lab->work, m.key, &c), ERR_NOTFOUND);
	assert_int_equal(token_remove(&lab->work, 0, m.id, &before, &account), ERR_NOTFOUND);
}

static void an_expired_key_is_told_apart_inside_only(void **state) {
	struct rows_lab *lab = *state;
	const struct caller *c = NULL;
	struct token_wish wish = wish_of(lab, "trial", SCOPE_READ);
	wish.expires_s = lab->work.now_s + 10;
	struct made m = make(lab, &wish);
	lab->work.now_s += 9;
	c = verify(lab, m.key);
	assert_int_equal(c->expires_s, 1000010);
	caller_unref(c);
	lab->work.now_s += 1;
	c = NULL;
	assert_int_equal(token_verify(&lab->work, m.key, &c), ERR_TIMEOUT);
	assert_null(c);
}

static void a_key_bound_to_zones_and_a_primary_says_so(void **state) {
	struct rows_lab *lab = *state;
	static const char *const zones[] = { "Example.COM.", "b.example" };
	struct token_wish wish = wish_of(lab, "bound", SCOPE_WRITE);
	wish.zones = zones;
	wish.zone_count = 2;
	wish.primary = "2001:DB8::1";
	struct made m = make(lab, &wish);
	const struct caller *c = verify(lab, m.key);
	char text[ADDR_TEXT_MAX];
	assert_false(caller_is_kept_from(c, "example.com"));
	assert_false(caller_is_kept_from(c, "b.example"));
	assert_true(caller_is_kept_from(c, "c.example"));
	assert_true(c->has_primary);
	assert_string_equal(addr_text(&c->primary, text), "2001:db8::1");
	caller_unref(c);
}

static void all_faults_are_told_at_once(void **state) {
	struct rows_lab *lab = *state;
	static const char *const zones[] = { "bad name" };
	struct token_wish wish = wish_of(lab, " ", SCOPE_READ);
	wish.zones = zones;
	wish.zone_count = 1;
	wish.primary = "localhost";
	wish.expires_s = lab->work.now_s;
	assert_int_equal(try_to_make(lab, NULL, &wish), ERR_CONFIG);
	assert_int_equal(lab->faults.count, 4);
	assert_string_equal(lab->faults.items[0].field, "name");
	assert_string_equal(lab->faults.items[1].field, "zones");
	assert_string_equal(lab->faults.items[2].field, "primary");
	assert_string_equal(lab->faults.items[3].field, "expires_at");
}

static void names_are_short_and_unique_in_an_account(void **state) {
	struct rows_lab *lab = *state;
	char name[ROW_NAME_MAX + 2];
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	struct token_wish wish = wish_of(lab, name, SCOPE_READ);
	assert_int_equal(try_to_make(lab, NULL, &wish), ERR_CONFIG);
	rows_lab_fault(lab, "name");
	wish.name = "a\nb";
	assert_int_equal(try_to_make(lab, NULL, &wish), ERR_CONFIG);
	rows_lab_fault(lab, "name");
	wish.name = "\xff";
	assert_int_equal(try_to_make(lab, NULL, &wish), ERR_CONFIG);
	rows_lab_fault(lab, "name");
	wish.name = name + 1;
	assert_int_equal(try_to_make(lab, NULL, &wish), OK);
	assert_int_equal(try_to_make(lab, NULL, &wish), ERR_EXISTS);
	wish.account = lab->bert;
	assert_int_equal(try_to_make(lab, NULL, &wish), OK);
}

static void no_key_makes_one_that_reaches_further(void **state) {
	struct rows_lab *lab = *state;
	struct caller by = { .account = lab->anna, .scope = SCOPE_WRITE };
	struct token_wish wish = wish_of(lab, "child", SCOPE_ADMIN);
	assert_int_equal(try_to_make(lab, &by, &wish), ERR_REFUSED);
	rows_lab_why(lab, "further");
	wish.scope = SCOPE_WRITE;
	by.zones = (char *)(uintptr_t) "a.example";
	assert_int_equal(try_to_make(lab, &by, &wish), ERR_REFUSED);
	rows_lab_why(lab, "bound");
	by.zones = NULL;
	by.has_primary = true;
	assert_int_equal(try_to_make(lab, &by, &wish), ERR_REFUSED);
	by.has_primary = false;
	wish.account = lab->bert;
	assert_int_equal(try_to_make(lab, &by, &wish), ERR_REFUSED);
	by.scope = SCOPE_ADMIN;
	assert_int_equal(try_to_make(lab, &by, &wish), OK);
	wish.account = lab->anna;
	by.scope = SCOPE_WRITE;
	assert_int_equal(try_to_make(lab, &by, &wish), OK);
}

static void an_account_has_a_bounded_number_of_keys(void **state) {
	struct rows_lab *lab = *state;
	struct token_wish wish = wish_of(lab, "last", SCOPE_READ);
	char text[300];
	assert_int_equal(sql_begin(lab->work.db), OK);
	for (unsigned i = 0; i < TOKENS_MAX - 1; i++) {
		snprintf(text, sizeof(text),
		         "INSERT INTO api_keys(public_id, account, name, prefix, hash, scope, created_s)"
		         " VALUES ('id%u', %lld, 'n%u', 'ust_', x'%08x', 'read', 1)",
		         i, (long long)lab->anna, i, i);
		rows_lab_run(lab, text);
	}
	assert_int_equal(sql_commit(lab->work.db), OK);
	assert_int_equal(try_to_make(lab, NULL, &wish), OK);
	wish.name = "one more";
	assert_int_equal(try_to_make(lab, NULL, &wish), ERR_LIMIT);
	wish.account = lab->bert;
	assert_int_equal(try_to_make(lab, NULL, &wish), OK);
}

static void lists_are_of_one_account_or_of_all_in_pages(void **state) {
	struct rows_lab *lab = *state;
	char name[16], after[SECRET_ID_LEN + 1] = "";
	for (unsigned i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "key %u", i);
		struct token_wish wish = wish_of(lab, name, SCOPE_READ);
		if (i % 2) wish.account = lab->bert;
		(void)make(lab, &wish);
	}
	unsigned seen = 0, pages = 0;
	for (;; pages++) {
		struct row_page page = { .after = *after ? after : NULL, .limit = 4 };
		json_t *list = NULL;
		assert_int_equal(token_page(&lab->work, &page, &list), OK);
		size_t count = json_array_size(list);
		for (size_t i = 0; i < count; i++) {
			snprintf(name, sizeof(name), "key %u", seen++);
			assert_string_equal(member_text(json_array_get(list, i), "name"), name);
		}
		if (count) memcpy(after, member_text(json_array_get(list, count - 1), "id"), sizeof(after));
		json_decref(list);
		if (count == 0) break;
	}
	assert_int_equal(seen, 10);
	assert_int_equal(pages, 3);
	struct row_page page = { .account = lab->bert, .limit = ROWS_PAGE_MAX };
	json_t *list = NULL;
	assert_int_equal(token_page(&lab->work, &page, &list), OK);
	assert_int_equal(json_array_size(list), 5);
	assert_string_equal(member_text(json_array_get(list, 0), "account"), lab->bert_id);
	json_decref(list);
}

static void the_last_use_never_goes_back(void **state) {
	struct rows_lab *lab = *state;
	struct token_wish wish = wish_of(lab, "panel", SCOPE_READ);
	struct made m = make(lab, &wish);
	const struct caller *c = verify(lab, m.key);
	assert_int_equal(token_used(&lab->work, c->token, 1000500), OK);
	assert_int_equal(token_used(&lab->work, c->token, 1000400), OK);
	assert_int_equal(database_lab_number(lab->work.db, "SELECT used_s FROM api_keys"), 1000500);
	caller_unref(c);
}

static void a_scope_or_a_binding_that_cannot_be_read_reaches_nowhere(void **state) {
	struct rows_lab *lab = *state;
	struct token_wish wish = wish_of(lab, "panel", SCOPE_ADMIN);
	struct made m = make(lab, &wish);
	rows_lab_run(lab, "UPDATE api_keys SET scope = 'all', zones = '{', primary_address = 'x'");
	const struct caller *c = verify(lab, m.key);
	assert_int_equal(c->scope, SCOPE_READ);
	assert_true(caller_is_kept_from(c, "a.example"));
	assert_true(c->has_primary);
	assert_int_equal(c->primary.family, AF_UNSPEC);
	caller_unref(c);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		ROWS_TEST(a_key_is_shown_once_and_found_again),
		ROWS_TEST(a_wrong_key_is_not_found),
		ROWS_TEST(a_removed_key_is_not_found),
		ROWS_TEST(an_expired_key_is_told_apart_inside_only),
		ROWS_TEST(a_key_bound_to_zones_and_a_primary_says_so),
		ROWS_TEST(all_faults_are_told_at_once),
		ROWS_TEST(names_are_short_and_unique_in_an_account),
		ROWS_TEST(no_key_makes_one_that_reaches_further),
		ROWS_TEST(an_account_has_a_bounded_number_of_keys),
		ROWS_TEST(lists_are_of_one_account_or_of_all_in_pages),
		ROWS_TEST(the_last_use_never_goes_back),
		ROWS_TEST(a_scope_or_a_binding_that_cannot_be_read_reaches_nowhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

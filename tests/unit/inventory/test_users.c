#include "rows_lab.h"

#include "inventory/users.h"

#define PASSWORD "correct horse battery"

static void add(struct rows_lab *lab, const char *name, const char *password,
                char out_id[static SECRET_ID_LEN + 1]) {
	json_t *row = NULL;
	if (user_add(&lab->work, lab->anna, name, password, &row) != OK) fail_msg("%s", lab->why.evidence);
	memcpy(out_id, member_text(row, "id"), SECRET_ID_LEN + 1);
	json_decref(row);
}

struct door {
	struct tries *tries;
	struct addr source;
	int64_t mono_ms;
	uint32_t wait_s;
	struct user_found user;
};

static struct door door_open(struct rows_lab *lab) {
	struct door d = { .tries = tries_new(&lab->random) };
	assert_int_equal(addr_parse("192.0.2.1", 0, &d.source), OK);
	return d;
}

static enum err log_in(struct rows_lab *lab, struct door *d, const char *name, const char *password) {
	struct user_login login = {
		.name = name, .password = password, .source = &d->source, .mono_ms = d->mono_ms
	};
	return user_verify(&lab->work, d->tries, &login, &d->user, &d->wait_s);
}

static void a_user_logs_in_with_the_own_password_only(void **state) {
	struct rows_lab *lab = *state;
	char id[SECRET_ID_LEN + 1];
	struct door d = door_open(lab);
	add(lab, "carl", PASSWORD, id);
	assert_int_equal(log_in(lab, &d, "carl", PASSWORD), OK);
	assert_int_equal(d.user.account, lab->anna);
	assert_string_equal(d.user.id, id);
	assert_int_equal(log_in(lab, &d, "carl", "correct horse batterz"), ERR_MISMATCH);
	assert_int_equal(log_in(lab, &d, "dora", PASSWORD), ERR_MISMATCH);
	tries_free(d.tries);
}

static void without_a_password_nobody_logs_in_until_one_is_set(void **state) {
	struct rows_lab *lab = *state;
	char id[SECRET_ID_LEN + 1];
	json_t *row = NULL;
	struct door d = door_open(lab);
	add(lab, "carl", NULL, id);
	assert_int_equal(log_in(lab, &d, "carl", ""), ERR_MISMATCH);
	assert_int_equal(user_set_password(&lab->work, lab->bert, id, PASSWORD, &row), ERR_NOTFOUND);
	assert_int_equal(user_set_password(&lab->work, lab->anna, id, "short", &row), ERR_CONFIG);
	rows_lab_fault(lab, "password");
	assert_int_equal(user_set_password(&lab->work, lab->anna, id, PASSWORD, &row), OK);
	assert_true(json_is_true(json_object_get(row, "has_password")));
	json_decref(row);
	assert_int_equal(log_in(lab, &d, "carl", PASSWORD), OK);
	tries_free(d.tries);
}

static void names_are_unique_on_the_server(void **state) {
	struct rows_lab *lab = *state;
	char id[SECRET_ID_LEN + 1];
	json_t *row = NULL;
	add(lab, "carl", NULL, id);
	assert_int_equal(user_add(&lab->work, lab->bert, "carl", NULL, &row), ERR_EXISTS);
	assert_int_equal(user_add(&lab->work, lab->bert, "", NULL, &row), ERR_CONFIG);
	rows_lab_fault(lab, "name");
	assert_int_equal(user_remove(&lab->work, lab->bert, id, &row), ERR_NOTFOUND);
	assert_int_equal(user_remove(&lab->work, lab->anna, id, &row), OK);
	assert_string_equal(member_text(row, "name"), "carl");
	assert_true(json_is_false(json_object_get(row, "has_password")));
	json_decref(row);
	row = NULL;
	assert_int_equal(user_add(&lab->work, lab->bert, "carl", NULL, &row), OK);
	json_decref(row);
}

static void guesses_are_limited_by_name_from_wherever_they_come(void **state) {
	struct rows_lab *lab = *state;
	char id[SECRET_ID_LEN + 1];
	struct door d = door_open(lab);
	add(lab, "carl", PASSWORD, id);
	for (unsigned i = 0; i < TRIES_BURST; i++) {
		d.source.ip[3] = (uint8_t)i;
		assert_int_equal(log_in(lab, &d, "carl", "wrong wrong"), ERR_MISMATCH);
	}
	d.source.ip[3] = 200;
	assert_int_equal(log_in(lab, &d, "carl", PASSWORD), ERR_AGAIN);
	assert_int_equal(d.wait_s, TRIES_REFILL_S);
	assert_int_equal(log_in(lab, &d, "dora", PASSWORD), ERR_MISMATCH);
	d.mono_ms += TRIES_REFILL_S * 1000;
	assert_int_equal(log_in(lab, &d, "carl", PASSWORD), OK);
	tries_free(d.tries);
}

static void guesses_are_limited_by_source_whatever_name_they_try(void **state) {
	struct rows_lab *lab = *state;
	struct door d = door_open(lab);
	char name[16];
	for (unsigned i = 0; i < TRIES_BURST; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		assert_int_equal(log_in(lab, &d, name, "wrong wrong"), ERR_MISMATCH);
	}
	assert_int_equal(log_in(lab, &d, "another", "wrong wrong"), ERR_AGAIN);
	d.source.ip[3] = 99;
	assert_int_equal(log_in(lab, &d, "another", "wrong wrong"), ERR_MISMATCH);
	tries_free(d.tries);
}

static void an_old_hash_is_made_anew_at_a_log_in(void **state) {
	struct rows_lab *lab = *state;
	char id[SECRET_ID_LEN + 1];
	struct door d = door_open(lab);
	add(lab, "carl", NULL, id);
	/* of PASSWORD, with 64 KiB and one pass */
	rows_lab_run(
		lab,
		"UPDATE users SET password ="
		" '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$6G6Bag8cdVlCN8BZ68Srt3JhU/4cuDI94n7Gi6oW6Vo'");
	assert_int_equal(log_in(lab, &d, "carl", PASSWORD), OK);
	assert_int_equal(
		database_lab_number(lab->work.db,
	                            "SELECT password LIKE '$argon2id$v=19$m=19456,t=2,p=1$%' FROM users"),
		1);
	assert_int_equal(log_in(lab, &d, "carl", PASSWORD), OK);
	tries_free(d.tries);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		ROWS_TEST(a_user_logs_in_with_the_own_password_only),
		ROWS_TEST(without_a_password_nobody_logs_in_until_one_is_set),
		ROWS_TEST(names_are_unique_on_the_server),
		ROWS_TEST(guesses_are_limited_by_name_from_wherever_they_come),
		ROWS_TEST(guesses_are_limited_by_source_whatever_name_they_try),
		ROWS_TEST(an_old_hash_is_made_anew_at_a_log_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

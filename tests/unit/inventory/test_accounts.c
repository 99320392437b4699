#include "rows_lab.h"

#include "inventory/accounts.h"
#include "inventory/vanity.h"

#define DAY 86400LL

static json_t *fields_of(const char *text) {
	json_t *fields = json_loads(text, 0, NULL);
	assert_non_null(fields);
	return fields;
}

static enum err add(struct rows_lab *lab, const char *text, char out_id[static SECRET_ID_LEN + 1]) {
	json_t *fields = fields_of(text), *row = NULL;
	enum err e = account_add(&lab->work, fields, &row);
	if (e == OK) memcpy(out_id, member_text(row, "id"), SECRET_ID_LEN + 1);
	json_decref(row);
	json_decref(fields);
	return e;
}

static enum err set(struct rows_lab *lab, const char *id, const char *text) {
	json_t *fields = fields_of(text), *before = NULL, *after = NULL;
	enum err e = account_set(&lab->work, id, fields, &before, &after);
	json_decref(before);
	json_decref(after);
	json_decref(fields);
	return e;
}

static json_t *row_of(struct rows_lab *lab, int64_t account) {
	json_t *row = NULL;
	assert_int_equal(account_get(&lab->work, account, &row), OK);
	return row;
}

/* -- rows -- */

static void an_account_is_made_changed_and_found(void **state) {
	struct rows_lab *lab = *state;
	char id[SECRET_ID_LEN + 1];
	int64_t account = 0;
	assert_int_equal(add(lab, "{\"name\":\"cora\",\"plan\":\"trial\",\"zones_max\":3}", id), OK);
	assert_int_equal(account_find(&lab->work, id, &account), OK);
	json_t *row = row_of(lab, account);
	assert_string_equal(member_text(row, "name"), "cora");
	assert_string_equal(member_text(row, "plan"), "trial");
	assert_int_equal(member_int(row, "zones_max"), 3);
	assert_true(json_is_null(json_object_get(row, "records_max")));
	assert_true(json_is_null(json_object_get(row, "ends_at")));
	assert_int_equal(strlen(member_text(row, "proof_token")), SECRET_ID_LEN);
	json_decref(row);
	assert_int_equal(set(lab, id, "{\"zones_max\":null,\"records_max\":5000000000,\"name\":\"cora 2\"}"),
	                 OK);
	row = row_of(lab, account);
	assert_string_equal(member_text(row, "name"), "cora 2");
	assert_string_equal(member_text(row, "plan"), "trial");
	assert_true(json_is_null(json_object_get(row, "zones_max")));
	assert_int_equal(member_int(row, "records_max"), 5000000000);
	json_decref(row);
	assert_int_equal(account_find(&lab->work, "cora 2", &account), OK);
	assert_int_equal(set(lab, "no such id", "{}"), ERR_NOTFOUND);
}

static void faults_name_their_fields(void **state) {
	struct rows_lab *lab = *state;
	char id[SECRET_ID_LEN + 1];
	assert_int_equal(add(lab, "{\"zones_max\":0,\"bytes_max\":\"5\",\"grace_s\":60,\"colour\":1}", id),
	                 ERR_CONFIG);
	assert_int_equal(lab->faults.count, 5);
	assert_string_equal(lab->faults.items[0].field, "zones_max");
	assert_string_equal(lab->faults.items[1].field, "bytes_max");
	assert_string_equal(lab->faults.items[2].field, "grace_s");
	assert_non_null(strstr(lab->faults.items[2].text, "without notice"));
	assert_string_equal(lab->faults.items[3].field, "colour");
	assert_string_equal(lab->faults.items[4].field, "name");
	field_faults_done(&lab->faults);
	assert_int_equal(set(lab, lab->anna_id, "{\"name\":null}"), ERR_CONFIG);
	rows_lab_fault(lab, "name");
	assert_int_equal(add(lab, "{\"name\":\"anna\"}", id), ERR_EXISTS);
	assert_int_equal(set(lab, lab->bert_id, "{\"name\":\"anna\"}"), ERR_EXISTS);
	assert_int_equal(set(lab, lab->anna_id, "{\"name\":\"anna\"}"), OK);
}

static void an_account_with_zones_or_the_first_one_stays(void **state) {
	struct rows_lab *lab = *state;
	json_t *before = NULL;
	rows_lab_run(lab, "UPDATE accounts SET zone_count = 2 WHERE name = 'anna'");
	assert_int_equal(account_remove(&lab->work, lab->anna_id, &before), ERR_EXISTS);
	rows_lab_why(lab, "2 zones");
	assert_int_equal(account_remove(&lab->work, lab->main_id, &before), ERR_EXISTS);
	assert_int_equal(set(lab, lab->main_id, "{\"ends_at\":2000000}"), ERR_CONFIG);
	rows_lab_fault(lab, "ends_at");
	assert_null(before);
	rows_lab_run(lab, "INSERT INTO users(public_id, account, name, created_s)"
	                  " SELECT 'u', id, 'u', 1 FROM accounts WHERE name = 'bert'");
	assert_int_equal(account_remove(&lab->work, lab->bert_id, &before), OK);
	assert_string_equal(member_text(before, "name"), "bert");
	json_decref(before);
	assert_int_equal(database_lab_number(lab->work.db, "SELECT count(*) FROM users"), 0);
	assert_int_equal(account_remove(&lab->work, lab->bert_id, &before), ERR_NOTFOUND);
}

static void accounts_are_listed_in_pages(void **state) {
	struct rows_lab *lab = *state;
	struct row_page page = { .limit = 2 };
	json_t *list = NULL;
	assert_int_equal(account_page(&lab->work, &page, &list), OK);
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(member_text(json_array_get(list, 1), "name"), "anna");
	page.after = lab->anna_id;
	json_decref(list);
	assert_int_equal(account_page(&lab->work, &page, &list), OK);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(member_text(json_array_get(list, 0), "name"), "bert");
	json_decref(list);
}

/* -- quotas -- */

static void a_quota_of_zones_is_kept(void **state) {
	struct rows_lab *lab = *state;
	assert_int_equal(account_judge(&lab->work, lab->anna, 1000000), OK);
	assert_int_equal(set(lab, lab->anna_id, "{\"zones_max\":3}"), OK);
	rows_lab_run(lab, "UPDATE accounts SET zone_count = 2 WHERE name = 'anna'");
	assert_int_equal(account_judge(&lab->work, lab->anna, 1), OK);
	assert_int_equal(account_judge(&lab->work, lab->anna, 2), ERR_LIMIT);
	rows_lab_why(lab, "2 of at most 3 zones");
	assert_int_equal(set(lab, lab->anna_id, "{\"zones_max\":1}"), OK);
	assert_int_equal(account_judge(&lab->work, lab->anna, 0), OK); /* changes that add none */
	assert_int_equal(account_judge(&lab->work, 99, 0), ERR_NOTFOUND);
}

static void an_ended_plan_refuses_changes_with_its_day(void **state) {
	struct rows_lab *lab = *state;
	assert_int_equal(set(lab, lab->anna_id, "{\"ends_at\":1000001}"), OK);
	assert_int_equal(account_judge(&lab->work, lab->anna, 0), OK);
	lab->work.now_s = 1000001;
	assert_int_equal(account_judge(&lab->work, lab->anna, 0), ERR_REFUSED);
	rows_lab_why(lab, "ended on 1970-01-12");
	assert_int_equal(set(lab, lab->anna_id, "{\"ends_at\":null}"), OK);
	assert_int_equal(account_judge(&lab->work, lab->anna, 0), OK);
}

static void bounds_of_zones_are_the_account_s(void **state) {
	struct rows_lab *lab = *state;
	struct account_bounds b;
	assert_int_equal(account_bounds(&lab->work, lab->anna, &b), OK);
	assert_int_equal(b.records_max, 0);
	assert_int_equal(set(lab, lab->anna_id, "{\"records_max\":10,\"bytes_max\":2000}"), OK);
	assert_int_equal(account_bounds(&lab->work, lab->anna, &b), OK);
	assert_int_equal(b.records_max, 10);
	assert_int_equal(b.bytes_max, 2000);
}

/* -- the end of a plan -- */

static void sweep(struct rows_lab *lab, const char *expected) {
	struct account_notice *notices = calloc(ACCOUNT_NOTICES_MAX, sizeof(*notices));
	unsigned count = 99;
	assert_int_equal(accounts_sweep(&lab->work, notices, &count), OK);
	if (expected) {
		assert_int_equal(count, 1);
		assert_string_equal(notices[0].after, expected);
		assert_string_not_equal(notices[0].before, expected);
		assert_string_equal(notices[0].id, lab->anna_id);
	} else {
		assert_int_equal(count, 0);
	}
	free(notices);
}

static void an_end_comes_in_steps_that_are_told_once_each(void **state) {
	struct rows_lab *lab = *state;
	int64_t end = lab->work.now_s + 30 * DAY;
	char text[80];
	sweep(lab, NULL);
	snprintf(text, sizeof(text), "{\"ends_at\":%lld}", (long long)end);
	assert_int_equal(set(lab, lab->anna_id, text), OK);
	sweep(lab, NULL);
	lab->work.now_s = end - PLAN_SOON_S;
	sweep(lab, "soon");
	sweep(lab, NULL);
	lab->work.now_s = end - 1;
	sweep(lab, NULL);
	lab->work.now_s = end;
	sweep(lab, "ended");
	lab->work.now_s = end + PLAN_GRACE_S - 1;
	sweep(lab, NULL);
	lab->work.now_s++;
	sweep(lab, "over");
	sweep(lab, NULL);
	json_t *row = row_of(lab, lab->anna);
	assert_string_equal(member_text(row, "notice"), "over");
	assert_int_equal(member_int(row, "notice_at"), lab->work.now_s);
	json_decref(row);
	snprintf(text, sizeof(text), "{\"ends_at\":%lld}", (long long)(end + 365 * DAY));
	assert_int_equal(set(lab, lab->anna_id, text), OK);
	sweep(lab, "open");
	sweep(lab, NULL);
}

static void serving_never_stops_without_notice(void **state) {
	struct rows_lab *lab = *state;
	assert_int_equal(set(lab, lab->anna_id, "{\"ends_at\":1000001,\"grace_s\":86400}"), OK);
	lab->work.now_s += 365 * DAY; /* the server was off for a year */
	sweep(lab, "ended");
	sweep(lab, NULL);
	lab->work.now_s += PLAN_GRACE_MIN_S - 1;
	sweep(lab, NULL);
	lab->work.now_s++;
	sweep(lab, "over");
}

static void a_sweep_is_bounded_and_goes_on_with_the_next(void **state) {
	struct rows_lab *lab = *state;
	struct account_notice *notices = calloc(ACCOUNT_NOTICES_MAX, sizeof(*notices));
	unsigned count = 0;
	rows_lab_run(lab, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"
	                  " INSERT INTO accounts(public_id, name, created_s, token, ends_s)"
	                  " SELECT 'p' || i, 'n' || i, 1, 't', 5 FROM n");
	assert_int_equal(accounts_sweep(&lab->work, notices, &count), OK);
	assert_int_equal(count, ACCOUNT_NOTICES_MAX);
	assert_int_equal(accounts_sweep(&lab->work, notices, &count), OK);
	assert_int_equal(count, 500);
	assert_int_equal(accounts_sweep(&lab->work, notices, &count), OK);
	assert_int_equal(count, 0);
	free(notices);
}

/* -- names and consents -- */

static enum err add_name(struct rows_lab *lab, int64_t account, const char *name) {
	json_t *row = NULL;
	enum err e = vanity_add(&lab->work, account, name, &row);
	json_decref(row);
	return e;
}

static void a_name_for_this_server_is_one_account_s(void **state) {
	struct rows_lab *lab = *state;
	json_t *before = NULL;
	assert_int_equal(add_name(lab, lab->anna, "NS1.Anna.example."), OK);
	assert_int_equal(add_name(lab, lab->anna, "ns1.anna.example"), ERR_EXISTS);
	assert_int_equal(add_name(lab, lab->bert, "ns1.anna.example"), ERR_EXISTS);
	assert_null(strstr(lab->why.evidence, lab->anna_id));
	assert_string_equal(lab->why.evidence, "the name \"ns1.anna.example\" is not free");
	assert_int_equal(vanity_remove(&lab->work, lab->bert, "ns1.anna.example", &before), ERR_NOTFOUND);
	assert_int_equal(vanity_remove(&lab->work, lab->anna, "ns1.anna.example", &before), OK);
	json_decref(before);
	assert_int_equal(add_name(lab, lab->bert, "ns1.anna.example"), OK);
	static const char *const bad[] = { "", ".", "ns1", "*.example.com", "a b.example", "a..b" };
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(add_name(lab, lab->bert, bad[i]), ERR_CONFIG);
		rows_lab_fault(lab, "name");
	}
}

static void names_come_with_the_glue_that_they_need(void **state) {
	struct rows_lab *lab = *state;
	static const char *const addresses[] = { "192.0.2.53", "2001:db8::53" };
	json_t *list = NULL;
	assert_int_equal(add_name(lab, lab->anna, "ns2.anna.example"), OK);
	assert_int_equal(add_name(lab, lab->anna, "ns1.anna.example"), OK);
	assert_int_equal(vanity_glue(&lab->work, lab->anna, addresses, 2, &list), OK);
	const json_t *first = json_array_get(list, 0);
	assert_string_equal(member_text(first, "name"), "ns1.anna.example");
	assert_string_equal(member_text(first, "account"), lab->anna_id);
	char *text = json_dumps(json_object_get(first, "glue"), JSON_COMPACT);
	assert_string_equal(text, "[\"192.0.2.53\",\"2001:db8::53\"]");
	free(text);
	assert_int_equal(json_array_size(list), 2);
	json_decref(list);
	char name[32];
	for (unsigned i = 3; i <= VANITY_MAX; i++) {
		snprintf(name, sizeof(name), "ns%u.anna.example", i);
		assert_int_equal(add_name(lab, lab->anna, name), OK);
	}
	assert_int_equal(add_name(lab, lab->anna, "more.anna.example"), ERR_LIMIT);
}

static void consents_are_given_by_the_owner_of_a_zone_only(void **state) {
	struct rows_lab *lab = *state;
	json_t *row = NULL;
	rows_lab_zone(lab, lab->anna, "anna.example", "k");
	assert_int_equal(consent_add(&lab->work, lab->bert, "anna.example", lab->anna_id, &row),
	                 ERR_NOTFOUND);
	assert_int_equal(consent_add(&lab->work, lab->anna, "none.example", lab->bert_id, &row),
	                 ERR_NOTFOUND);
	assert_int_equal(consent_add(&lab->work, lab->anna, "anna.example", "nobody", &row), ERR_NOTFOUND);
	assert_int_equal(consent_add(&lab->work, lab->anna, "anna.example", lab->anna_id, &row), ERR_CONFIG);
	rows_lab_fault(lab, "account");
	assert_int_equal(consent_add(&lab->work, lab->anna, "Anna.Example.", lab->bert_id, &row), OK);
	assert_string_equal(member_text(row, "name"), "anna.example");
	assert_string_equal(member_text(row, "account"), lab->bert_id);
	json_decref(row);
	assert_int_equal(consent_add(&lab->work, lab->anna, "anna.example", lab->bert_id, &row), ERR_EXISTS);
	json_t *list = NULL;
	assert_int_equal(consent_list(&lab->work, lab->bert, &list), OK);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	assert_int_equal(consent_list(&lab->work, lab->anna, &list), OK);
	assert_int_equal(json_array_size(list), 1);
	json_decref(list);
	assert_int_equal(consent_remove(&lab->work, lab->bert, "anna.example", lab->bert_id, &row),
	                 ERR_NOTFOUND);
	assert_int_equal(consent_remove(&lab->work, lab->anna, "anna.example", lab->bert_id, &row), OK);
	json_decref(row);
	assert_int_equal(consent_remove(&lab->work, lab->anna, "anna.example", lab->bert_id, &row),
	                 ERR_NOTFOUND);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		ROWS_TEST(an_account_is_made_changed_and_found),
		ROWS_TEST(faults_name_their_fields),
		ROWS_TEST(an_account_with_zones_or_the_first_one_stays),
		ROWS_TEST(accounts_are_listed_in_pages),
		ROWS_TEST(a_quota_of_zones_is_kept),
		ROWS_TEST(an_ended_plan_refuses_changes_with_its_day),
		ROWS_TEST(bounds_of_zones_are_the_account_s),
		ROWS_TEST(an_end_comes_in_steps_that_are_told_once_each),
		ROWS_TEST(serving_never_stops_without_notice),
		ROWS_TEST(a_sweep_is_bounded_and_goes_on_with_the_next),
		ROWS_TEST(a_name_for_this_server_is_one_account_s),
		ROWS_TEST(names_come_with_the_glue_that_they_need),
		ROWS_TEST(consents_are_given_by_the_owner_of_a_zone_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "config_lab.h"
#include "rows_lab.h"

#include "inventory/account_plans.h"
#include "inventory/inventory_work.h"

#define NOW 1000000

struct door {
	struct rows_lab *rows;
	struct config *config;
	struct inventory *inv;
	int64_t now_s;
	struct inventory_result result;
};

/* rows_lab has made the tables, and reads what the door has written. */
static int begin(void **state) {
	struct door *d = calloc(1, sizeof(*d));
	void *rows = NULL;
	rows_lab_setup(&rows);
	d->rows = rows;
	d->config = lab_config("zones: []\n");
	d->now_s = NOW;
	const struct inventory_settings settings = { .path = d->rows->database->path,
		                                     .sealer = d->rows->sealer };
	d->inv = inventory_open(&settings, d->config->base, NOW);
	if (inventory_state(d->inv) != INVENTORY_OK) fail_msg("%s", inventory_why(d->inv)->evidence);
	*state = d;
	return 0;
}

static int end(void **state) {
	struct door *d = *state;
	void *rows = d->rows;
	inventory_result_done(&d->result);
	inventory_close(d->inv);
	config_free(d->config);
	rows_lab_teardown(&rows);
	free(d);
	return 0;
}

/* fields of anna's account; an administrator's change, as the control socket makes it. */
static void set(struct door *d, const char *fields) {
	json_t *object = json_loads(fields, 0, NULL), *before = NULL, *after = NULL;
	if (account_set(&d->rows->work, "anna", object, &before, &after) != OK) fail_msg("%s", fields);
	json_decref(before);
	json_decref(after);
	json_decref(object);
}

static unsigned sweep(struct door *d, const char *expected) {
	struct account_notice *notices = calloc(ACCOUNT_NOTICES_MAX, sizeof(*notices));
	unsigned count = 0;
	inventory_result_done(&d->result);
	account_plans_sweep(d->inv, d->now_s, notices, &count, &d->result);
	if (d->result.code != INVENTORY_DONE) fail_msg("%s", d->result.text);
	if (count > 0) {
		assert_string_equal(notices[0].after, expected);
		assert_string_equal(notices[0].name, "anna");
	}
	free(notices);
	return count;
}

static size_t loaded(struct door *d) {
	struct intent_list zones = { 0 };
	size_t left_out = 0;
	assert_int_equal(inventory_load(d->inv, &zones, &left_out), OK);
	size_t count = zones.count + left_out;
	intent_list_done(&zones);
	return count;
}

static void zones_of_a_plan_that_is_over_leave_after_notice_and_come_back(void **state) {
	struct door *d = *state;
	rows_lab_zone(d->rows, d->rows->anna, "a.example", "k");
	rows_lab_zone(d->rows, d->rows->anna, "b.example", "k");
	rows_lab_zone(d->rows, d->rows->bert, "c.example", "k");
	rows_lab_run(d->rows, "UPDATE settings SET json = '{\"primaries\":[\"192.0.2.1\"]}'");
	set(d, "{\"ends_at\":1000005,\"grace_s\":86400}");
	assert_int_equal(sweep(d, "soon"), 1);
	d->now_s = 1000005;
	assert_int_equal(sweep(d, "ended"), 1);
	assert_int_equal(d->result.wanted.removed.count, 0);
	assert_int_equal(loaded(d), 3);
	d->now_s += 86400;
	assert_int_equal(sweep(d, "over"), 1);
	assert_int_equal(d->result.wanted.removed.count, 2);
	assert_int_equal(loaded(d), 1);
	assert_int_equal(sweep(d, NULL), 0);
	assert_int_equal(database_lab_number(d->rows->work.db,
	                                     "SELECT count(*) FROM audit WHERE action = 'notice'"),
	                 3);
	set(d, "{\"ends_at\":null}");
	assert_int_equal(sweep(d, "open"), 1);
	assert_int_equal(d->result.wanted.put.count, 2);
	assert_int_equal(d->result.wanted.put.zones[0].account, d->rows->anna);
	assert_int_equal(loaded(d), 3);
}

static void a_change_of_a_zone_does_not_bring_it_back(void **state) {
	struct door *d = *state;
	rows_lab_zone(d->rows, d->rows->anna, "a.example", "k");
	set(d, "{\"ends_at\":1000005}");
	rows_lab_run(d->rows, "UPDATE accounts SET notice = 'over' WHERE name = 'anna'");
	static const char settings[] = "{\"primaries\":[\"192.0.2.2\"]}";
	const struct inventory_zone_change change = { .action = ZONE_PUT,
		                                      .name = "a.example",
		                                      .settings = settings,
		                                      .settings_len = sizeof(settings) - 1 };
	const struct inventory_batch batch = { .changes = &change, .count = 1, .origin = "api" };
	const struct inventory_who who = { .is_admin = true, .name = "uid 0 (root)", .now_s = NOW };
	inventory_apply(d->inv, &batch, &who, &d->result);
	if (d->result.code != INVENTORY_DONE) fail_msg("%s", d->result.text);
	assert_int_equal(d->result.changed, 1);
	assert_int_equal(d->result.wanted.put.count, 0);
	assert_int_equal(loaded(d), 0);
}

struct asked {
	struct door *d;
	const char *fields;
};

/* As the control socket changes an account. */
static enum err set_within(struct inventory_work *w, void *ctx) {
	const struct asked *asked = ctx;
	struct why why = { 0 };
	struct field_faults faults = { 0 };
	const struct row_work rows = { .db = w->db, .now_s = NOW, .faults = &faults, .why = &why };
	json_t *object = json_loads(asked->fields, 0, NULL), *before = NULL, *after = NULL;
	assert_int_equal(account_set(&rows, "anna", object, &before, &after), OK);
	char *old = json_dumps(before, 0), *new = json_dumps(after, 0);
	const struct work_audit row = { .account = asked->d->rows->anna,
		                        .action = "set",
		                        .kind = "account",
		                        .object = "anna",
		                        .before = old,
		                        .after = new };
	enum err e = work_audit(w, &row);
	free(old);
	free(new);
	json_decref(object);
	json_decref(before);
	json_decref(after);
	return e;
}

static void set_through_the_door(struct door *d, const char *fields) {
	struct asked asked = { d, fields };
	const struct inventory_who who = { .is_admin = true, .name = "uid 0 (root)", .now_s = NOW };
	inventory_result_done(&d->result);
	inventory_change(d->inv, set_within, &asked, &who, &d->result);
	if (d->result.code != INVENTORY_DONE) fail_msg("%s", d->result.text);
}

static const struct zone_policy *put_policy(const struct door *d) {
	assert_int_equal(d->result.wanted.put.count, 1);
	return d->result.wanted.put.zones[0].policy;
}

static void no_zone_may_have_more_than_its_account(void **state) {
	struct door *d = *state;
	rows_lab_zone(d->rows, d->rows->anna, "a.example", "k");
	rows_lab_zone(d->rows, d->rows->bert, "c.example", "k");
	rows_lab_run(d->rows,
	             "UPDATE settings SET json = '{\"max-zone-records\":50,\"primaries\":[\"192.0.2.1\"]}'");
	set_through_the_door(d, "{\"records_max\":20,\"bytes_max\":3000}");
	assert_int_equal(put_policy(d)->max_zone_records, 20);
	assert_int_equal(put_policy(d)->max_zone_bytes, 3000);
	set_through_the_door(d, "{\"records_max\":70,\"bytes_max\":null}");
	assert_int_equal(put_policy(d)->max_zone_records, 50);
	set_through_the_door(d, "{\"plan\":\"other\"}");
	assert_int_equal(d->result.wanted.put.count, 0);
	rows_lab_run(d->rows, "UPDATE accounts SET notice = 'over' WHERE name = 'anna'");
	set_through_the_door(d, "{\"records_max\":30}");
	assert_int_equal(d->result.wanted.put.count, 0);
}

static void without_a_database_no_plan_ends(void **state) {
	struct door *d = *state;
	struct account_notice *notices = calloc(ACCOUNT_NOTICES_MAX, sizeof(*notices));
	unsigned count = 9;
	const struct inventory_settings settings = { .path = "/nonexistent/folder/inventory.db" };
	inventory_close(d->inv);
	d->inv = inventory_open(&settings, d->config->base, NOW);
	account_plans_sweep(d->inv, NOW, notices, &count, &d->result);
	assert_int_equal(d->result.code, INVENTORY_NO_DATABASE);
	assert_int_equal(count, 0);
	free(notices);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(zones_of_a_plan_that_is_over_leave_after_notice_and_come_back),
		TEST(a_change_of_a_zone_does_not_bring_it_back),
		TEST(no_zone_may_have_more_than_its_account),
		TEST(without_a_database_no_plan_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "inventory_lab.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

#define ONE "{'primaries':['192.0.2.1']}"
#define TWO "{'primaries':['192.0.2.2']}"
#define ONE_TEXT "{\"primaries\":[\"192.0.2.1\"]}"

static void a_zone_is_added_changed_and_removed(void **state) {
	struct inventory_lab *lab = *state;
	assert_int_equal(lab_change(lab, ZONE_ADD, "Example.COM.", ONE), INVENTORY_DONE);
	assert_int_equal(lab->result.added, 1);
	assert_int_equal(lab->result.revision, 1);
	assert_int_equal(lab->result.wanted.put.count, 1);
	assert_string_equal((const char *)lab->result.wanted.put.zones[0].name, "\7example\3com");
	assert_int_equal(lab->result.wanted.put.zones[0].account, 1);
	assert_true(lab->result.wanted.put.zones[0].number > 0);
	assert_string_equal(lab_zone(lab, "example.com"), "example.com main api " ONE_TEXT " v1 -");
	assert_int_equal(lab_change(lab, ZONE_SET, "example.com", "{'max-shrink': 5, 'notify': null}"),
	                 INVENTORY_DONE);
	assert_int_equal(lab->result.changed, 1);
	assert_int_equal(lab->result.wanted.put.zones[0].policy->checks.max_shrink, 5);
	assert_string_equal(lab_zone(lab, "example.com"),
	                    "example.com main api {\"max-shrink\":5,\"primaries\":[\"192.0.2.1\"]} v2 -");
	assert_int_equal(lab_change(lab, ZONE_REMOVE, "example.com", NULL), INVENTORY_DONE);
	assert_int_equal(lab->result.wanted.removed.count, 1);
	assert_string_equal(lab_zone(lab, "example.com"), "none");
	assert_int_equal(lab_number(lab, "SELECT count(*) FROM settings"), 0);
	assert_int_equal(lab_number(lab, "SELECT zone_count FROM accounts"), 0);
	assert_int_equal(inventory_revision(lab->inv), 3);
}

static void the_same_again_changes_nothing(void **state) {
	struct inventory_lab *lab = *state;
	assert_int_equal(lab_change(lab, ZONE_PUT, "a.example", ONE), INVENTORY_DONE);
	assert_int_equal(lab_change(lab, ZONE_PUT, "A.example", "{ 'primaries' : [ '192.0.2.1' ] }"),
	                 INVENTORY_DONE);
	assert_int_equal(lab->result.unchanged, 1);
	assert_int_equal(lab->result.wanted.put.count, 0);
	assert_int_equal(lab->result.revision, 1);
	assert_int_equal(lab_number(lab, "SELECT count(*) FROM audit"), 1);
}

static void what_stands_against_a_change_is_said(void **state) {
	struct inventory_lab *lab = *state;
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", ONE), INVENTORY_DONE);
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", ONE), INVENTORY_CONFLICT);
	assert_string_equal(lab->result.text, "a.example is there already");
	assert_int_equal(lab_change(lab, ZONE_SET, "b.example", ONE), INVENTORY_NOT_FOUND);
	assert_int_equal(lab_change(lab, ZONE_REMOVE, "b.example", NULL), INVENTORY_NOT_FOUND);
	assert_int_equal(lab_change(lab, ZONE_ADD, "a..b", ONE), INVENTORY_INVALID);
	assert_string_equal(lab->result.faults[0].field, "name");
	assert_int_equal(lab_change(lab, ZONE_ADD, "c.example",
	                            "{'primaries':[{'address':'x','key':'no'}],'zonemd':7}"),
	                 INVENTORY_INVALID);
	assert_int_equal(lab->result.fault_count, 3);
	assert_string_equal(lab->result.faults[0].field, "settings.primaries[0].address");
	assert_int_equal(inventory_revision(lab->inv), 1);
}

static void a_version_guards_against_changing_what_was_not_seen(void **state) {
	struct inventory_lab *lab = *state;
	lab_change(lab, ZONE_ADD, "a.example", ONE);
	struct inventory_zone_change c = { .action = ZONE_SET,
		                           .name = "a.example",
		                           .settings = "{\"max-shrink\":1}",
		                           .settings_len = 16,
		                           .if_version = 2 };
	assert_int_equal(lab_batch(lab, &c, 1, false, false), INVENTORY_STALE);
	c.if_version = 1;
	assert_int_equal(lab_batch(lab, &c, 1, false, false), INVENTORY_DONE);
	assert_int_equal(lab_batch(lab, &c, 1, false, false), INVENTORY_STALE);
}

static void a_batch_is_all_or_nothing_and_tells_all(void **state) {
	struct inventory_lab *lab = *state;
	const struct inventory_zone_change changes[] = {
		{ .action = ZONE_PUT,
		  .name = "a.example",
		  .settings = ONE_TEXT,
		  .settings_len = strlen(ONE_TEXT) },
		{ .action = ZONE_PUT, .name = "b.example", .settings = "{}", .settings_len = 2 },
		{ .action = ZONE_REMOVE, .name = "c.example" },
		{ .action = ZONE_PUT,
		  .name = "A.example",
		  .settings = ONE_TEXT,
		  .settings_len = strlen(ONE_TEXT) },
	};
	assert_int_equal(lab_batch(lab, changes, 4, false, false), INVENTORY_INVALID);
	assert_int_equal(lab->result.fault_count, 3);
	assert_int_equal(lab->result.faults[0].change, 1);
	assert_int_equal(lab->result.faults[1].change, 2);
	assert_int_equal(lab->result.faults[2].change, 3);
	assert_int_equal(lab->result.added, 0);
	assert_int_equal(lab->result.wanted.put.count, 0);
	assert_string_equal(lab_zone(lab, "a.example"), "none");
	assert_int_equal(lab_number(lab, "SELECT count(*) FROM settings"), 0);
	assert_int_equal(lab_number(lab, "SELECT count(*) FROM audit"), 0);
}

static enum inventory_code replace(struct inventory_lab *lab, const char *const *names, size_t count,
                                   bool force) {
	struct inventory_zone_change changes[10];
	for (size_t i = 0; i < count; i++)
		changes[i] = (struct inventory_zone_change){ .action = ZONE_PUT,
			                                     .name = names[i],
			                                     .settings = ONE_TEXT,
			                                     .settings_len = strlen(ONE_TEXT) };
	return lab_batch(lab, changes, count, true, force);
}

static void a_replacement_removes_the_rest_but_not_most_of_it(void **state) {
	struct inventory_lab *lab = *state;
	static const char *const five[] = { "a.example", "b.example", "c.example", "d.example", "e.example" };
	lab_change(lab, ZONE_ADD, "z.example", ONE);
	int64_t other = lab_account(lab, "other", 0);
	lab_be(lab, other);
	assert_int_equal(replace(lab, five, 5, false), INVENTORY_DONE);
	assert_int_equal(lab->result.added, 5);
	assert_int_equal(replace(lab, five, 3, false), INVENTORY_DONE);
	assert_int_equal(lab->result.removed, 2);
	assert_int_equal(lab->result.unchanged, 3);
	assert_int_equal(lab->result.wanted.removed.count, 2);
	assert_int_equal(replace(lab, five, 1, false), INVENTORY_REFUSED);
	assert_non_null(strstr(lab->result.text, "2 of 3 zones"));
	assert_int_equal(replace(lab, five, 1, true), INVENTORY_DONE);
	assert_int_equal(replace(lab, NULL, 0, true), INVENTORY_DONE);
	lab_be(lab, 0);
	assert_string_equal(lab_zone(lab, "z.example"), "z.example main api " ONE_TEXT " v1 -");
}

static void accounts_see_and_touch_only_their_own(void **state) {
	struct inventory_lab *lab = *state;
	int64_t a = lab_account(lab, "acct-a", 0), b = lab_account(lab, "acct-b", 0);
	lab_be(lab, a);
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", ONE), INVENTORY_DONE);
	assert_int_equal(lab->result.wanted.put.zones[0].account, a);
	lab_be(lab, b);
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", ONE), INVENTORY_CONFLICT);
	assert_string_equal(lab->result.text, "a.example can't be had");
	assert_int_equal(lab_change(lab, ZONE_PUT, "a.example", ONE), INVENTORY_CONFLICT);
	assert_int_equal(lab_change(lab, ZONE_SET, "a.example", ONE), INVENTORY_NOT_FOUND);
	assert_string_equal(lab->result.text, "there is no zone \"a.example\"");
	assert_int_equal(lab_change(lab, ZONE_REMOVE, "a.example", NULL), INVENTORY_NOT_FOUND);
	assert_string_equal(lab_zone(lab, "a.example"), "none");
	assert_int_equal(lab_change(lab, ZONE_ADD, "b.example", "{'template':'eager'}"), INVENTORY_INVALID);
	lab_be(lab, 0);
	assert_string_equal(lab_zone(lab, "a.example"), "a.example acct-a api " ONE_TEXT " v1 -");
	struct inventory_zone_change c = { .action = ZONE_ADD,
		                           .name = "c.example",
		                           .settings = ONE_TEXT,
		                           .settings_len = strlen(ONE_TEXT),
		                           .account = "acct-b" };
	assert_int_equal(lab_batch(lab, &c, 1, false, false), INVENTORY_DONE);
	assert_int_equal(lab->result.wanted.put.zones[0].account, b);
	c.account = "nobody";
	assert_int_equal(lab_batch(lab, &c, 1, false, false), INVENTORY_CONFLICT);
	c.name = "d.example";
	assert_int_equal(lab_batch(lab, &c, 1, false, false), INVENTORY_NOT_FOUND);
}

static void a_quota_is_kept(void **state) {
	struct inventory_lab *lab = *state;
	lab_be(lab, lab_account(lab, "small", 2));
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", ONE), INVENTORY_DONE);
	assert_int_equal(lab_change(lab, ZONE_ADD, "b.example", ONE), INVENTORY_DONE);
	assert_int_equal(lab_change(lab, ZONE_ADD, "c.example", ONE), INVENTORY_QUOTA);
	assert_int_equal(lab_change(lab, ZONE_REMOVE, "a.example", NULL), INVENTORY_DONE);
	assert_int_equal(lab_change(lab, ZONE_ADD, "c.example", ONE), INVENTORY_DONE);
}

/* -- strangers ------------------------------------------------------------------------------------------------------- */

static void strangers_wait_for_a_proof(void **state) {
	struct inventory_lab *lab = *state;
	lab->settings.is_public = true;
	inventory_lab_reopen(lab);
	int64_t a = lab_account(lab, "acct-a", 0), b = lab_account(lab, "acct-b", 0);
	lab_be(lab, a);
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", ONE), INVENTORY_DONE);
	assert_int_equal(lab->result.wanted.put.count, 0);
	assert_string_equal(lab_zone(lab, "a.example"), "a.example acct-a api " ONE_TEXT " v1 pending");
	lab_be(lab, b);
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", ONE), INVENTORY_CONFLICT);
	lab->who.now_s += CLAIM_HOLD_S + 1;
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", ONE), INVENTORY_DONE); /* it gave way */
	lab_be(lab, 0);
	struct inventory_zone_change c = { .action = ZONE_PROVEN,
		                           .name = "a.example",
		                           .proof = CLAIM_PRIMARIES };
	assert_int_equal(lab_batch(lab, &c, 1, false, false), INVENTORY_DONE);
	assert_int_equal(lab->result.wanted.put.count, 1);
	assert_string_equal(lab_zone(lab, "a.example"),
	                    "a.example acct-b api " ONE_TEXT " v1 " CLAIM_PRIMARIES);
	lab_be(lab, b);
	assert_int_equal(lab_change(lab, ZONE_PUT, "a.example", TWO), INVENTORY_DONE);
	assert_int_equal(lab->result.wanted.removed.count, 1); /* other primaries: a new proof */
	assert_int_equal(lab->result.wanted.put.count, 0);
	lab_be(lab, 0);
	lab_batch(lab, &c, 1, false, false);
	lab_be(lab, b);
	assert_int_equal(lab_change(lab, ZONE_REMOVE, "a.example", NULL), INVENTORY_DONE);
	lab_be(lab, a);
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", ONE),
	                 INVENTORY_CONFLICT); /* kept for a while */
	lab->who.now_s += INVENTORY_CLAIM_S + 1;
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", ONE), INVENTORY_DONE);
}

/* -- the file's zones --------------------------------------------------------------------------------------------------- */

static void zones_of_the_file_are_rows_that_only_the_file_changes(void **state) {
	struct inventory_lab *lab = *state;
	struct settings_text texts[] = { { ONE_TEXT, strlen(ONE_TEXT) } };
	struct config *c = lab_config(
		"zones: [ { name: a, primaries: [\"192.0.2.1\"] }, { name: b, primaries: "
		"[\"192.0.2.1\"] } ]");
	lab_change(lab, ZONE_ADD, "b", TWO);
	inventory_result_done(&lab->result);
	inventory_mirror(lab->inv, &c->zones, texts, &lab->who, &lab->result);
	assert_int_equal(lab->result.code, INVENTORY_DONE);
	assert_int_equal(lab->result.added, 1);
	assert_true(c->zones.zones[0].number > 0);
	assert_int_equal(c->zones.zones[1].number, 0); /* another's */
	assert_string_equal(lab_zone(lab, "a"), "a main file " ONE_TEXT " v1 -");
	assert_int_equal(lab_change(lab, ZONE_REMOVE, "a", NULL), INVENTORY_CONFLICT);
	assert_string_equal(lab->result.text, "a is in the configuration file, and is changed there");
	inventory_result_done(&lab->result);
	inventory_mirror(lab->inv, &c->zones, texts, &lab->who, &lab->result);
	assert_int_equal(lab->result.revision, 2); /* the same again */
	struct intent_list none = { 0 };
	inventory_result_done(&lab->result);
	inventory_mirror(lab->inv, &none, texts, &lab->who, &lab->result);
	assert_int_equal(lab->result.removed, 1);
	assert_string_equal(lab_zone(lab, "a"), "none");
	assert_string_equal(lab_zone(lab, "b"), "b main api {\"primaries\":[\"192.0.2.2\"]} v1 -");
	config_free(c);
}

static void rows_of_the_file_show_its_settings(void **state) {
	struct inventory_lab *lab = *state;
	config_free(lab->config);
	lab->config = lab_config(
		"keys: [ { name: k1, secret: c2VjcmV0MTIz } ]\n"
		"zones: [ { name: a, primaries: [\"192.0.2.1\", { address: \"::1\", tls: { mode: "
		"opportunistic, plain-port: 54 } } ], refresh-max: 60, notify: [] } ]\n" LAB_ZONES_FILE
			LAB_CUT "b ::1 k1\nc ::1 k1\nd ::2\n");
	inventory_set_base(lab->inv, lab->config->base);
	inventory_result_done(&lab->result);
	inventory_mirror(lab->inv, &lab->config->zones, NULL, &lab->who, &lab->result);
	assert_int_equal(lab->result.added, 4);
	assert_string_equal(
		lab_zone(lab, "a"),
		"a main file {\"notify\":[],\"primaries\":[\"192.0.2.1\",{\"address\":\"::1\",\"tls\":{"
		"\"mode\":\"opportunistic\",\"plain-port\":54}}],\"refresh-max\":60} v1 -");
	assert_string_equal(lab_zone(lab, "c"),
	                    "c main file {\"primaries\":[{\"address\":\"::1\",\"key\":\"k1\"}]} v1 -");
	assert_string_equal(lab_zone(lab, "d"), "d main file {\"primaries\":[\"::2\"]} v1 -");
	assert_int_equal(lab_number(lab, "SELECT count(*) FROM settings"), 3);
	uint64_t number = lab->config->zones.zones[2].number;
	lab->config->zones.zones[2].number = 0;
	inventory_result_done(&lab->result);
	inventory_mirror(lab->inv, &lab->config->zones, NULL, &lab->who, &lab->result);
	assert_int_equal(lab->result.unchanged, 4);
	assert_int_equal(lab->config->zones.zones[2].number, number);
	assert_int_equal(inventory_revision(lab->inv), 1);
}

/* -- primaries ----------------------------------------------------------------------------------------------------------- */

static enum inventory_code primary(struct inventory_lab *lab, const char *name, const char *settings) {
	const struct inventory_primary_put put = { .name = name,
		                                   .settings = settings,
		                                   .settings_len = strlen(settings) };
	inventory_result_done(&lab->result);
	inventory_primary_put(lab->inv, &put, &lab->who, &lab->result);
	return lab->result.code;
}

static void a_primary_that_changes_changes_its_zones(void **state) {
	struct inventory_lab *lab = *state;
	assert_int_equal(primary(lab, "own", "{\"address\":\"192.0.2.7\",\"key\":\"k1\"}"), INVENTORY_DONE);
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", "{'primaries':['own']}"), INVENTORY_DONE);
	assert_int_equal(lab_change(lab, ZONE_ADD, "b.example", ONE), INVENTORY_DONE);
	assert_int_equal(primary(lab, "own", "{\"address\":\"192.0.2.8\"}"), INVENTORY_DONE);
	assert_int_equal(lab->result.wanted.put.count, 1);
	const struct zone_policy *p = lab->result.wanted.put.zones[0].policy;
	char text[ADDR_TEXT_MAX];
	assert_string_equal(addr_text(&p->primaries[0].addr, text), "192.0.2.8@53");
	assert_null(p->primaries[0].key);
	inventory_result_done(&lab->result);
	inventory_primary_remove(lab->inv, "own", NULL, &lab->who, &lab->result);
	assert_int_equal(lab->result.code, INVENTORY_CONFLICT);
	assert_string_equal(lab->result.text, "the primary \"own\" is used by 1 zone: a.example");
	lab_change(lab, ZONE_REMOVE, "a.example", NULL);
	inventory_result_done(&lab->result);
	inventory_primary_remove(lab->inv, "own", NULL, &lab->who, &lab->result);
	assert_int_equal(lab->result.code, INVENTORY_DONE);
	assert_int_equal(primary(lab, "p1", "{\"address\":\"192.0.2.7\"}"),
	                 INVENTORY_CONFLICT); /* the file's */
	assert_int_equal(primary(lab, "x", "{\"address\":\"192.0.2.7\",\"key\":\"no\"}"), INVENTORY_INVALID);
	assert_string_equal(lab->result.faults[0].field, "settings.key");
	assert_int_equal(primary(lab, "::1", "{\"address\":\"192.0.2.7\"}"), INVENTORY_INVALID);
}

static void strangers_have_us_ask_nobody_within_our_networks(void **state) {
	struct inventory_lab *lab = *state;
	static const char inner[] =
		"{\"primaries\":[\"192.0.2.1\",\"127.0.0.1@22\"],\"notify\":[\"10.0.0.1\"]}";
	lab->settings.is_public = true;
	inventory_lab_reopen(lab);
	int64_t a = lab_account(lab, "acct-a", 0);
	lab_be(lab, a);
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", inner), INVENTORY_INVALID);
	assert_int_equal(lab->result.fault_count, 2);
	assert_string_equal(lab->result.faults[0].field, "settings.primaries[1]");
	assert_string_equal(lab->result.faults[1].field, "settings.notify[0]");
	assert_int_equal(primary(lab, "inner", "{\"address\":\"192.168.0.1\"}"), INVENTORY_INVALID);
	assert_int_equal(primary(lab, "outer", "{\"address\":\"192.0.2.7\"}"), INVENTORY_DONE);
	lab->who.is_admin = true;
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", inner), INVENTORY_DONE);
	lab->who.is_admin = false;
	lab->settings.is_public = false;
	inventory_lab_reopen(lab);
	assert_int_equal(lab_change(lab, ZONE_ADD, "b.example", inner), INVENTORY_DONE);
}

/* -- reads --------------------------------------------------------------------------------------------------------------- */

static void note_name(void *ctx, const struct inventory_zone *z) {
	struct lab_text *t = ctx;
	t->len += (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len, "%s ", z->name);
}

static void expect_page(struct inventory_lab *lab, struct inventory_page page, const char *names,
                        uint64_t total, bool more) {
	struct lab_text t = { 0 };
	uint64_t found_total = 0;
	bool found_more = false;
	assert_int_equal(inventory_zone_page(lab->inv, &page, note_name, &t, &found_total, &found_more), OK);
	assert_string_equal(t.text, names);
	assert_int_equal(found_total, total);
	assert_int_equal(found_more, more);
}

static void note_plain(void *ctx, const char *name) {
	struct lab_text *t = ctx;
	t->len += (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len, "%s ", name);
}

static void expect_names(struct inventory_lab *lab, struct inventory_names names, const char *text,
                         const char *last) {
	struct lab_text t = { 0 };
	char found_last[NAME_TEXT_MAX];
	assert_int_equal(inventory_zone_names(lab->inv, &names, note_plain, &t, found_last), OK);
	assert_string_equal(t.text, text);
	assert_string_equal(found_last, last);
}

static void pages_go_by_name_and_know_the_whole(void **state) {
	struct inventory_lab *lab = *state;
	static const char *const names[] = { "e.example", "b.example", "d.example", "c.test", "a.example" };
	int64_t other = lab_account(lab, "other", 0);
	for (int i = 0; i < 5; i++)
		lab_change(lab, ZONE_ADD, names[i], ONE);
	lab_be(lab, other);
	lab_change(lab, ZONE_ADD, "f.example", ONE);
	expect_page(lab, (struct inventory_page){ .limit = 2 }, "a.example b.example ", 6, true);
	expect_page(lab, (struct inventory_page){ .limit = 10, .after = "B.example" },
	            "c.test d.example e.example f.example ", 6, false);
	expect_page(lab, (struct inventory_page){ .limit = 10, .account = other }, "f.example ", 1, false);
}

static void names_are_looked_at_in_turns(void **state) {
	struct inventory_lab *lab = *state;
	static const char *const names[] = { "e.example", "b.example", "c.test" };
	int64_t other = lab_account(lab, "other", 0);
	for (int i = 0; i < 3; i++)
		lab_change(lab, ZONE_ADD, names[i], ONE);
	lab_be(lab, other);
	lab_change(lab, ZONE_ADD, "f.example", ONE);
	expect_names(lab, (struct inventory_names){ .limit = 2, .after = "" }, "b.example c.test ", "c.test");
	expect_names(lab, (struct inventory_names){ .limit = 3, .after = "c.test" }, "e.example f.example ",
	             "");
	expect_names(lab, (struct inventory_names){ .limit = 9, .after = "", .account = other }, "f.example ",
	             "");
	expect_names(lab, (struct inventory_names){ .limit = 9, .after = "d", .account = 1, .origin = "api" },
	             "e.example ", "");
	expect_names(lab, (struct inventory_names){ .limit = 2, .after = "", .origin = "file" }, "",
	             "c.test");
}

static void note_audit(void *ctx, const struct inventory_audit *row) {
	struct lab_text *t = ctx;
	t->len += (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len,
	                           "%lld %s %s %s %s %s>%s (%s)\n", (long long)row->revision, row->who,
	                           row->source, row->action, row->object, row->before ? row->before : "",
	                           row->after ? row->after : "", row->why);
}

static void every_change_is_in_the_audit(void **state) {
	struct inventory_lab *lab = *state;
	struct lab_text t = { 0 };
	lab_change(lab, ZONE_ADD, "a.example", ONE);
	lab_change(lab, ZONE_PUT, "a.example", TWO);
	lab_change(lab, ZONE_ADD, "b.example", ONE);
	lab_change(lab, ZONE_REMOVE, "a.example", NULL);
	assert_int_equal(inventory_audit_page(lab->inv, 0, 0, "a.example", 10, note_audit, &t), OK);
	assert_string_equal(
		t.text,
		"4 uid 0 (root) ::1 zone.remove a.example {\"primaries\":[\"192.0.2.2\"]}> (a test)\n"
		"2 uid 0 (root) ::1 zone.change a.example {\"primaries\":[\"192.0.2.1\"]}>{\"primaries\":[\"192.0.2.2\"]} (a test)\n"
		"1 uid 0 (root) ::1 zone.add a.example >{\"primaries\":[\"192.0.2.1\"]} (a test)\n");
	t = (struct lab_text){ 0 };
	assert_int_equal(inventory_audit_page(lab->inv, 1, 3, NULL, 1, note_audit, &t), OK);
	assert_non_null(strstr(t.text, "2 uid 0"));
	assert_int_equal(inventory_audit_page(lab->inv, 99, 0, NULL, 1, note_audit, &t), OK);
}

/* -- loading, states, the copy --------------------------------------------------------------------------------------------- */

static void all_that_is_to_be_served_is_loaded(void **state) {
	struct inventory_lab *lab = *state;
	struct intent_list zones = { 0 };
	size_t left_out = 9;
	lab_change(lab, ZONE_ADD, "a.example", ONE);
	lab_change(lab, ZONE_ADD, "b.example", ONE);
	lab_change(lab, ZONE_ADD, "c.example", "{'template':'eager'}");
	inventory_lab_reopen(lab);
	assert_int_equal(inventory_load(lab->inv, &zones, &left_out), OK);
	assert_int_equal(zones.count, 3);
	assert_int_equal(left_out, 0);
	assert_ptr_equal(zones.zones[0].policy, zones.zones[1].policy);
	assert_int_equal(zones.zones[2].policy->bounds.refresh_max_s, 60);
	intent_list_done(&zones);
	config_free(lab->config);
	lab->config = lab_config("zones: []"); /* the template is gone */
	inventory_set_base(lab->inv, lab->config->base);
	assert_int_equal(inventory_load(lab->inv, &zones, &left_out), OK);
	assert_int_equal(zones.count, 2);
	assert_int_equal(left_out, 1);
	intent_list_done(&zones);
}

static void load_quietly(struct inventory_lab *lab) {
	struct intent_list zones = { 0 };
	size_t left_out = 0;
	assert_int_equal(inventory_load(lab->inv, &zones, &left_out), OK);
	intent_list_done(&zones);
}

static void what_was_told_holds_until_others_write_or_settings_mean_another_thing(void **state) {
	struct inventory_lab *lab = *state;
	lab_change(lab, ZONE_ADD, "a.example", ONE);
	assert_false(inventory_is_told(lab->inv));
	load_quietly(lab);
	assert_true(inventory_is_told(lab->inv));
	lab_change(lab, ZONE_ADD, "b.example", ONE); /* its result tells of it */
	assert_true(inventory_is_told(lab->inv));

	struct sql *other = database_lab_open(lab->files);
	assert_int_equal(sql_script(other, "DELETE FROM zones WHERE name = 'b.example'"), OK);
	sql_close(other);
	assert_false(inventory_is_told(lab->inv));
	load_quietly(lab);
	assert_true(inventory_is_told(lab->inv));
	inventory_lab_reopen(lab);
	assert_false(inventory_is_told(lab->inv));
}

static void a_base_that_means_the_same_changes_nothing(void **state) {
	struct inventory_lab *lab = *state;
	static const char same[] = "keys: [ { name: k1, secret: c2VjcmV0MTIz } ]\n"
				   "primaries: [ { name: p1, addresses: [\"192.0.2.1\"], key: k1 } ]\n"
				   "templates: [ { name: eager, refresh-max: %s, primaries: [p1] } ]\n"
				   "zones: [ { name: x, template: eager } ]\n";
	char text[sizeof(same) + 8];
	load_quietly(lab);
	snprintf(text, sizeof(text), same, "60");
	struct config *equal = lab_config(text);
	inventory_set_base(lab->inv, equal->base);
	config_free(equal);
	assert_true(inventory_is_told(lab->inv));
	snprintf(text, sizeof(text), same, "61");
	struct config *another = lab_config(text);
	inventory_set_base(lab->inv, another->base);
	config_free(another);
	assert_false(inventory_is_told(lab->inv));
}

static void copy_all(struct inventory_lab *lab) {
	enum err e;
	do
		e = inventory_copy(lab->inv);
	while (e == ERR_AGAIN);
	assert_int_equal(e, OK);
}

static ino_t file_number(const char *path) {
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

/* A new one is another file, which is put in its place while the former is still held open. */
static void a_copy_of_an_earlier_run_is_made_again_when_something_changed(void **state) {
	struct inventory_lab *lab = *state;
	lab_change(lab, ZONE_ADD, "a.example", ONE);
	copy_all(lab);
	int held = open(lab->copy_path, O_RDONLY | O_CLOEXEC);
	ino_t first = file_number(lab->copy_path);
	inventory_close(lab->inv);
	inventory_lab_open(lab);
	copy_all(lab);
	assert_true(file_number(lab->copy_path) == first);
	lab_change(lab, ZONE_ADD, "b.example", ONE);
	copy_all(lab);
	assert_true(file_number(lab->copy_path) != first);
	close(held);
}

/* The same revision is not the same state: a database that was put back from elsewhere has its own changes. */
static void a_copy_of_another_database_is_not_taken_for_ours(void **state) {
	struct inventory_lab *lab = *state;
	struct inventory_who later = lab->who;
	lab_change(lab, ZONE_ADD, "a.example", ONE);
	copy_all(lab);
	int held = open(lab->copy_path, O_RDONLY | O_CLOEXEC);
	ino_t first = file_number(lab->copy_path);
	inventory_close(lab->inv);
	(void)unlink(lab->files->path);
	inventory_lab_open(lab);
	later.now_s += 1;
	lab->who = later;
	lab_change(lab, ZONE_ADD, "b.example", ONE);
	assert_int_equal(inventory_revision(lab->inv), 1);
	copy_all(lab);
	assert_true(file_number(lab->copy_path) != first);
	close(held);
}

static void damage_file(const char *path) {
	FILE *f = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("no database at all\n", f);
	fclose(f);
}

static void without_the_database_the_copy_is_read(void **state) {
	struct inventory_lab *lab = *state;
	struct intent_list zones = { 0 };
	size_t left_out = 0;
	lab_change(lab, ZONE_ADD, "a.example", ONE);
	copy_all(lab);
	inventory_close(lab->inv);
	damage_file(lab->files->path);
	inventory_lab_open(lab);
	assert_int_equal(inventory_state(lab->inv), INVENTORY_COPY);
	assert_non_null(strstr(inventory_why(lab->inv)->evidence, "inventory.db"));
	assert_int_equal(inventory_why(lab->inv)->reason, REASON_INVENTORY_DAMAGED);
	assert_int_equal(inventory_revision(lab->inv), 1);
	assert_string_equal(lab_zone(lab, "a.example"), "a.example main api " ONE_TEXT " v1 -");
	assert_int_equal(inventory_load(lab->inv, &zones, &left_out), OK);
	assert_int_equal(zones.count, 1);
	intent_list_done(&zones);
	assert_int_equal(lab_change(lab, ZONE_ADD, "b.example", ONE), INVENTORY_NO_DATABASE);
	assert_int_equal(inventory_retry(lab->inv, LAB_NOW), ERR_CORRUPT);
	assert_int_equal(inventory_state(lab->inv), INVENTORY_COPY);
	assert_int_equal(rename(lab->copy_path, lab->files->path), 0);
	assert_int_equal(inventory_retry(lab->inv, LAB_NOW), OK);
	assert_int_equal(inventory_state(lab->inv), INVENTORY_OK);
	assert_int_equal(lab_change(lab, ZONE_ADD, "b.example", ONE), INVENTORY_DONE);
}

static void without_either_it_says_so(void **state) {
	struct inventory_lab *lab = *state;
	struct intent_list zones = { 0 };
	size_t left_out = 0;
	uint64_t total;
	bool more;
	const struct inventory_page page = { .limit = 1 };
	inventory_close(lab->inv);
	damage_file(lab->files->path);
	inventory_lab_open(lab);
	assert_int_equal(inventory_state(lab->inv), INVENTORY_UNAVAILABLE);
	assert_int_equal(inventory_load(lab->inv, &zones, &left_out), ERR_CLOSED);
	assert_int_equal(inventory_zone_page(lab->inv, &page, note_name, NULL, &total, &more), ERR_CLOSED);
	assert_int_equal(lab_change(lab, ZONE_ADD, "b.example", ONE), INVENTORY_NO_DATABASE);
	assert_int_equal(inventory_copy(lab->inv), OK);
}

static void the_copy_follows_the_revision(void **state) {
	struct inventory_lab *lab = *state;
	struct stat before, after;
	lab_change(lab, ZONE_ADD, "a.example", ONE);
	copy_all(lab);
	assert_int_equal(stat(lab->copy_path, &before), 0);
	copy_all(lab); /* nothing changed: not made again */
	assert_int_equal(stat(lab->copy_path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	lab_change(lab, ZONE_ADD, "b.example", ONE);
	copy_all(lab);
	assert_int_equal(stat(lab->copy_path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
}

static void a_failure_of_the_disk_is_said_and_passes(void **state) {
	struct inventory_lab *lab = *state;
	fault_arm("inventory-commit", 1);
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", ONE), INVENTORY_NO_DATABASE);
	assert_non_null(strstr(lab->result.text, "injected"));
	assert_int_equal(lab->result.wanted.put.count, 0);
	assert_int_equal(inventory_revision(lab->inv), 0);
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", TWO), INVENTORY_DONE);
	char text[ADDR_TEXT_MAX];
	assert_string_equal(addr_text(&lab->result.wanted.put.zones[0].policy->primaries[0].addr, text),
	                    "192.0.2.2@53");
}

static void consents_of_a_zone_go_with_it(void **state) {
	struct inventory_lab *lab = *state;
	struct sql *db = NULL;
	assert_int_equal(lab_change(lab, ZONE_ADD, "a.example", "{'primaries':['192.0.2.1']}"),
	                 INVENTORY_DONE);
	assert_int_equal(lab_change(lab, ZONE_ADD, "b.example", "{'primaries':['192.0.2.1']}"),
	                 INVENTORY_DONE);
	assert_int_equal(inventory_read(lab->inv, &db), OK);
	assert_int_equal(
		sql_script(db, "INSERT INTO consents(name, account, created_s) VALUES ('a.example', 1, 1),"
	                       " ('b.example', 1, 1)"),
		OK);
	assert_int_equal(lab_change(lab, ZONE_REMOVE, "a.example", NULL), INVENTORY_DONE);
	assert_int_equal(database_lab_number(db, "SELECT count(*) FROM consents WHERE name = 'a.example'"),
	                 0);
	assert_int_equal(database_lab_number(db, "SELECT count(*) FROM consents"), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, inventory_lab_setup, inventory_lab_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_zone_is_added_changed_and_removed),
		TEST(the_same_again_changes_nothing),
		TEST(what_stands_against_a_change_is_said),
		TEST(a_version_guards_against_changing_what_was_not_seen),
		TEST(a_batch_is_all_or_nothing_and_tells_all),
		TEST(a_replacement_removes_the_rest_but_not_most_of_it),
		TEST(accounts_see_and_touch_only_their_own),
		TEST(a_quota_is_kept),
		TEST(strangers_wait_for_a_proof),
		TEST(strangers_have_us_ask_nobody_within_our_networks),
		TEST(zones_of_the_file_are_rows_that_only_the_file_changes),
		TEST(rows_of_the_file_show_its_settings),
		TEST(a_primary_that_changes_changes_its_zones),
		TEST(pages_go_by_name_and_know_the_whole),
		TEST(names_are_looked_at_in_turns),
		TEST(every_change_is_in_the_audit),
		TEST(all_that_is_to_be_served_is_loaded),
		TEST(what_was_told_holds_until_others_write_or_settings_mean_another_thing),
		TEST(a_base_that_means_the_same_changes_nothing),
		TEST(a_copy_of_an_earlier_run_is_made_again_when_something_changed),
		TEST(a_copy_of_another_database_is_not_taken_for_ours),
		TEST(without_the_database_the_copy_is_read),
		TEST(without_either_it_says_so),
		TEST(the_copy_follows_the_revision),
		TEST(a_failure_of_the_disk_is_said_and_passes),
		TEST(consents_of_a_zone_go_with_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

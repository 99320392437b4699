/* cmocka's own headers are in the lab */
#include "database_lab.h"

#include <stdio.h>

#include "base/random.h"
#include "inventory/claims.h"

/* Accounts: 1 is main, 2 alice, 3 bob. */
static struct sql *db;
static struct claim_facts facts;

static void run(const char *text) {
	if (sql_script(db, text) != OK) fail_msg("%s", text);
}

static int begin(void **state) {
	struct random random = random_seeded(1);
	struct why why;
	if (database_lab_setup(state) != 0) return -1;
	db = database_lab_open(*state);
	assert_int_equal(schema_migrate(db, &random, 1000, &why), OK);
	run("INSERT INTO accounts(id, public_id, name, created_s, token) VALUES (2, 'alice7', 'alice', 1, 'tok-a');"
	    "INSERT INTO accounts(id, public_id, name, created_s, token) VALUES (3, 'bob99', 'bob', 1, 'tok-b');"
	    "INSERT INTO settings(id, json) VALUES (1, '{}')");
	return 0;
}

static int end(void **state) {
	sql_close(db);
	return database_lab_teardown(state);
}

static void rname_of(const char *name, char *out, size_t size) {
	char copy[300];
	size_t len = 0;
	snprintf(copy, sizeof(copy), "%s", strcmp(name, ".") == 0 ? "" : name);
	while (copy[0]) {
		char *dot = strrchr(copy, '.');
		len += (size_t)snprintf(out + len, size - len, "%s\x01", dot ? dot + 1 : copy);
		if (!dot) break;
		*dot = '\0';
	}
	out[len] = '\0';
}

static void add(const char *name, int account, const char *proof) {
	char rname[400] = "", id[80];
	rname_of(name, rname, sizeof(rname));
	snprintf(id, sizeof(id), "id-%.60s", name);
	struct sql_statement *s = sql_prepare(
		db, "INSERT INTO zones(public_id, name, rname, account, origin, settings,"
		    " version, created_s, changed_s, proof)"
		    " VALUES (?, ?, ?, ?, 'api', 1, 5, 1, 1, ?)");
	sql_put_text(s, id);
	sql_put_text(s, name);
	sql_put_text(s, rname);
	sql_put_int(s, account);
	if (proof)
		sql_put_text(s, proof);
	else
		sql_put_null(s);
	assert_int_equal(sql_run(s), OK);
}

static void read_facts(const char *name) {
	assert_int_equal(claim_facts_read(db, name, 0, &facts), OK);
}

static bool is_name(const struct name *name, const char *text) {
	struct name other;
	return name_parse(text, &other) == OK && name_equal(name->wire, other.wire);
}

static void a_zone_has_its_accounts_token(void **state) {
	(void)state;
	add("victim.net", 2, "pending");
	read_facts("victim.net");
	assert_int_equal(facts.account, 2);
	assert_int_equal(facts.version, 5);
	assert_string_equal(facts.id, "id-victim.net");
	assert_string_equal(facts.account_id, "alice7");
	assert_string_equal(facts.token, "tok-a");
	assert_string_equal(facts.proof, CLAIM_PENDING);
	assert_false(facts.above.is_there || facts.below.is_there);
	assert_int_equal(facts.vanity_count, 0);
	assert_int_equal(claim_facts_read(db, "other.net", 0, &facts), ERR_NOTFOUND);
}

static void the_nearest_zone_above_counts_if_it_is_anothers(void **state) {
	(void)state;
	add("a.b.victim.net", 2, "pending");
	add("victim.net", 3, "txt");
	read_facts("a.b.victim.net");
	assert_true(facts.above.is_there && !facts.above.consents);
	assert_true(is_name(&facts.above.name, "victim.net"));
	add("b.victim.net", 2, "txt"); /* own, and judged itself */
	read_facts("a.b.victim.net");
	assert_false(facts.above.is_there);
}

static void a_zone_that_waits_stands_in_nobodys_way(void **state) {
	(void)state;
	add("b.victim.net", 2, "pending");
	add("victim.net", 3, "pending");
	add("a.b.victim.net", 3, "pending");
	read_facts("b.victim.net");
	assert_false(facts.above.is_there || facts.below.is_there);
}

static void names_that_only_end_alike_are_no_neighbours(void **state) {
	(void)state;
	add("victim.net", 2, "pending");
	add("myvictim.net", 3, NULL);
	add("a.victim.net.org", 3, NULL);
	add("victim.nett", 3, NULL);
	add("victima.net", 3, NULL);
	read_facts("victim.net");
	assert_false(facts.above.is_there || facts.below.is_there);
}

static void zones_below_count_if_they_are_anothers(void **state) {
	(void)state;
	add("victim.net", 2, "pending");
	add("own.victim.net", 2, NULL);
	read_facts("own.victim.net");
	assert_string_equal(facts.proof, "");
	read_facts("victim.net");
	assert_false(facts.below.is_there);
	add("x.y.victim.net", 3, "primary-delegated");
	read_facts("victim.net");
	assert_true(facts.below.is_there);
	assert_true(is_name(&facts.below.name, "x.y.victim.net"));
}

static void who_contests_a_zone_is_seen_with_his_own_token_and_neighbours(void **state) {
	(void)state;
	add("victim.net", 2, CLAIM_PRIMARIES);
	add("a.victim.net", 2, "txt");
	assert_int_equal(claim_facts_read(db, "victim.net", 3, &facts), OK);
	assert_int_equal(facts.account, 3);
	assert_string_equal(facts.id, "id-victim.net");
	assert_string_equal(facts.account_id, "bob99");
	assert_string_equal(facts.token, "tok-b");
	assert_true(claim_is_contestable(facts.proof));
	assert_true(facts.below.is_there); /* alice's */
	assert_false(claim_is_contestable("txt") || claim_is_contestable("pending") ||
	             claim_is_contestable(""));
	assert_int_equal(claim_facts_read(db, "victim.net", 77, &facts), ERR_NOTFOUND);
}

static void a_name_is_kept_for_whom_it_was_reserved_last(void **state) {
	(void)state;
	assert_int_equal(claim_reserve(db, "victim.net", 2, 500), OK);
	assert_int_equal(claim_reserve(db, "victim.net", 3, 900), OK);
	assert_int_equal(database_lab_number(db, "SELECT account * 1000 + until_s FROM claims"), 3900);
}

static void consents_are_seen(void **state) {
	(void)state;
	add("a.victim.net", 2, "pending");
	add("victim.net", 3, NULL);
	add("b.a.victim.net", 3, NULL);
	run("INSERT INTO consents(name, account, created_s) VALUES ('victim.net', 2, 1);"
	    "INSERT INTO consents(name, account, created_s) VALUES ('b.a.victim.net', 1, 1)");
	read_facts("a.victim.net");
	assert_true(facts.above.is_there && facts.above.consents);
	assert_true(facts.below.is_there);
	run("INSERT INTO consents(name, account, created_s) VALUES ('b.a.victim.net', 2, 1)");
	read_facts("a.victim.net");
	assert_false(facts.below.is_there);
}

static void the_root_is_above_everything(void **state) {
	(void)state;
	add(".", 2, "pending");
	add("victim.net", 3, NULL);
	read_facts(".");
	assert_false(facts.above.is_there);
	assert_true(facts.below.is_there);
}

/* Whoever enters the name server of a large provider as his own would have all its zones. */
static void a_vanity_name_counts_in_a_zone_that_is_surely_the_accounts(void **state) {
	(void)state;
	run("INSERT INTO vanity(account, name, created_s) VALUES (2, 'ns1.alice.org', 1);"
	    "INSERT INTO vanity(account, name, created_s) VALUES (2, 'ns1.provider.com', 1);"
	    "INSERT INTO vanity(account, name, created_s) VALUES (2, 'ns1.sub.alice.org', 1);"
	    "INSERT INTO vanity(account, name, created_s) VALUES (2, 'ns1.weak.org', 1);"
	    "INSERT INTO vanity(account, name, created_s) VALUES (2, 'ns1.waits.org', 1);"
	    "INSERT INTO vanity(account, name, created_s) VALUES (3, 'ns1.bob.org', 1)");
	add("victim.net", 2, "pending");
	add("alice.org", 2, "txt");
	add("sub.alice.org", 3, "txt");
	add("bob.org", 3, "txt");
	add("weak.org", 2, "primary-delegated");
	add("waits.org", 2, "pending");
	read_facts("victim.net");
	assert_int_equal(facts.vanity_count, 1);
	assert_true(is_name(&facts.vanity[0], "ns1.alice.org"));
}

static char due_names[200];

static void take_due(void *ctx, const char *name) {
	(void)ctx;
	size_t len = strlen(due_names);
	snprintf(due_names + len, sizeof(due_names) - len, "%s ", name);
}

static const char *due(int64_t now_s, unsigned limit) {
	due_names[0] = '\0';
	assert_int_equal(claim_due(db, now_s, limit, take_due, NULL), OK);
	return due_names;
}

/* changed_s of all is 1. */
static void what_waits_longer_is_looked_at_less_often(void **state) {
	(void)state;
	add("new.net", 2, "pending");
	add("done.net", 2, "txt");
	add("none.net", 2, NULL);
	add("young.net", 2, "pending");
	add("grown.net", 2, "pending");
	add("old.net", 2, "pending");
	run("UPDATE zones SET proof_s = 2 WHERE name = 'young.net'; UPDATE zones SET proof_s = 601 WHERE name = 'grown.net';"
	    "UPDATE zones SET proof_s = 90001 WHERE name = 'old.net'");
	assert_string_equal(due(2, 9), "new.net ");
	assert_string_equal(due(61, 9), "new.net ");
	assert_string_equal(due(62, 9), "new.net young.net ");
	assert_string_equal(due(1200, 9), "new.net young.net ");
	assert_string_equal(due(1201, 9), "new.net young.net grown.net ");
	assert_string_equal(due(93600, 9), "new.net young.net grown.net ");
	assert_string_equal(due(93601, 9), "new.net young.net grown.net old.net ");
	assert_string_equal(due(93601, 2), "new.net young.net ");
	run("UPDATE zones SET changed_s = 100000, proof_s = 99990 WHERE name = 'old.net'");
	assert_non_null(strstr(due(100001, 9), "old.net")); /* with another primary: at once */
}

static void one_account_with_very_many_zones_does_not_keep_others_waiting(void **state) {
	(void)state;
	char name[32];
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "m%d.net", i);
		add(name, 2, "pending");
	}
	add("one.net", 3, "pending");
	add("two.net", 3, "pending");
	run("UPDATE zones SET proof_s = 10 WHERE account = 3");
	assert_string_equal(due(1000, 16), "m0.net one.net m1.net two.net m2.net m3.net ");
}

static void zones_that_wait_are_found_without_a_pass_over_all(void **state) {
	(void)state;
	struct sql_statement *s = sql_prepare(
		db, "EXPLAIN QUERY PLAN SELECT name FROM zones WHERE proof = 'pending'"
		    " ORDER BY proof_s LIMIT 3");
	assert_int_equal(sql_step(s), OK);
	assert_non_null(strstr(sql_text(s, 3), "zones_pending"));
	sql_reset(s);
}

static void proofs_end_with_what_they_were_about(void **state) {
	(void)state;
	assert_true(claim_ends(CLAIM_PRIMARIES, false, true));
	assert_false(claim_ends(CLAIM_TXT, false, true));
	assert_false(claim_ends(CLAIM_NAME_SERVERS, false, true));
	assert_true(claim_ends(CLAIM_TXT, true, false));
	assert_false(claim_ends(NULL, true, true));
	assert_true(claim_is_pending("pending"));
	assert_false(claim_is_pending(NULL) || claim_is_pending("txt"));
}

static void what_is_not_proven_within_an_hour_holds_no_name(void **state) {
	(void)state;
	assert_false(claim_gives_way(CLAIM_PENDING, 1000, 4599));
	assert_true(claim_gives_way(CLAIM_PENDING, 1000, 4600));
	assert_false(claim_gives_way(CLAIM_PRIMARIES, 1000, 900000));
	assert_false(claim_gives_way(CLAIM_TXT, 1000, 900000));
	assert_false(claim_gives_way(NULL, 1000, 900000));
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_zone_has_its_accounts_token),
		T(the_nearest_zone_above_counts_if_it_is_anothers),
		T(a_zone_that_waits_stands_in_nobodys_way),
		T(names_that_only_end_alike_are_no_neighbours),
		T(zones_below_count_if_they_are_anothers),
		T(consents_are_seen),
		T(who_contests_a_zone_is_seen_with_his_own_token_and_neighbours),
		T(a_name_is_kept_for_whom_it_was_reserved_last),
		T(the_root_is_above_everything),
		T(a_vanity_name_counts_in_a_zone_that_is_surely_the_accounts),
		T(what_waits_longer_is_looked_at_less_often),
		T(one_account_with_very_many_zones_does_not_keep_others_waiting),
		T(zones_that_wait_are_found_without_a_pass_over_all),
		T(proofs_end_with_what_they_were_about),
		T(what_is_not_proven_within_an_hour_holds_no_name),
	};
	return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}

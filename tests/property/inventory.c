/* The inventory against a model: random changes by random people.  What each must come to is said by plain rules over an
 * array; now and then every row, every count, the audit and the union that the loop has are compared with it. */
#include "inventory_lab.h"

#include "base/random.h"
#include "inventory/wanted.h"

enum { NAMES = 40, SETTINGS = 5, ACCOUNTS = 3, STEPS = 1500, BATCH_MAX = 6 };

static const char *const texts[SETTINGS] = {
	"{\"primaries\":[\"192.0.2.1\"]}",
	"{\"primaries\":[\"192.0.2.2\"]}",
	"{\"max-shrink\":5,\"primaries\":[\"192.0.2.1\"]}",
	"{\"notify\":[\"192.0.2.9\"],\"primaries\":[\"192.0.2.1\"]}",
	"{\"primaries\":[{\"address\":\"192.0.2.1\",\"request-ixfr\":\"no\"}]}",
};

struct zone {
	bool exists;
	int account, settings;
	int64_t version;
};

struct run {
	struct inventory_lab *lab;
	struct random random;
	struct zone zones[NAMES];
	int64_t accounts[ACCOUNTS]; /* rows */
	int64_t revision, audit;
	struct wanted *wanted;
};

static const char *name_of(int n, char out[static 32]) {
	snprintf(out, 32, "%c%d.example", 'a' + n % 3, n);
	return out;
}

/* -- what must come of it ------------------------------------------------------------------------------------------------ */

struct wish {
	enum inventory_action action;
	int name, settings;
	int64_t if_version;
};

/* Of the first that stands against it; on INVENTORY_DONE the zone is as it was asked. */
static enum inventory_code expect_one(struct zone *z, const struct wish *w, int actor, int64_t *audit) {
	bool is_admin = actor < 0, foreign = z->exists && !is_admin && z->account != actor;
	bool is_new = w->action == ZONE_ADD || w->action == ZONE_PUT;
	if (foreign) return is_new ? INVENTORY_CONFLICT : INVENTORY_NOT_FOUND;
	if (!z->exists && !is_new) return INVENTORY_NOT_FOUND;
	if (z->exists && w->action == ZONE_ADD) return INVENTORY_CONFLICT;
	if (z->exists && w->if_version && w->if_version != z->version) return INVENTORY_STALE;
	if (w->action == ZONE_REMOVE) {
		z->exists = false;
		(*audit)++;
		return INVENTORY_DONE;
	}
	if (z->exists && z->settings == w->settings) return INVENTORY_DONE;
	z->version = z->exists ? z->version + 1 : 1;
	z->account = z->exists ? z->account : is_admin ? 0 : actor;
	z->exists = true;
	z->settings = w->settings;
	(*audit)++;
	return INVENTORY_DONE;
}

static enum inventory_code expect(struct run *run, const struct wish *wishes, size_t count, bool replace,
                                  bool force, int actor) {
	struct zone next[NAMES];
	enum inventory_code code = INVENTORY_DONE;
	bool named[NAMES] = { false };
	int owner = actor < 0 ? 0 : actor, before = 0, gone = 0;
	int64_t audit = run->audit;
	memcpy(next, run->zones, sizeof(next));
	for (int n = 0; n < NAMES; n++)
		before += next[n].exists && next[n].account == owner;
	for (size_t i = 0; i < count; i++) {
		enum inventory_code one = expect_one(&next[wishes[i].name], &wishes[i], actor, &audit);
		if (code == INVENTORY_DONE) code = one;
		named[wishes[i].name] = true;
	}
	if (code != INVENTORY_DONE) return code;
	for (int n = 0; n < NAMES && replace; n++) {
		if (!next[n].exists || next[n].account != owner || named[n]) continue;
		next[n].exists = false;
		gone++;
		audit++;
	}
	if (gone * 2 > before && !force) return INVENTORY_REFUSED;
	run->revision += audit != run->audit;
	run->audit = audit;
	memcpy(run->zones, next, sizeof(next));
	return INVENTORY_DONE;
}

/* -- what comes of it -------------------------------------------------------------------------------------------------------- */

static struct wish draw(struct run *run, bool is_replacing) {
	static const enum inventory_action actions[] = { ZONE_PUT, ZONE_ADD, ZONE_REMOVE };
	struct wish w = { .action = is_replacing ? ZONE_PUT : actions[random_below(&run->random, 3)],
		          .name = (int)random_below(&run->random, NAMES),
		          .settings = (int)random_below(&run->random, SETTINGS) };
	if (random_below(&run->random, 4) == 0) w.if_version = 1 + random_below(&run->random, 3);
	return w;
}

static void step(struct run *run) {
	struct wish wishes[BATCH_MAX];
	struct inventory_zone_change changes[BATCH_MAX];
	char names[BATCH_MAX][32];
	bool drawn[NAMES] = { false }, replace = random_below(&run->random, 12) == 0,
	     force = random_below(&run->random, 2);
	int actor = (int)random_below(&run->random, ACCOUNTS + 1) - 1;
	size_t count = 0, wanted = 1 + random_below(&run->random, BATCH_MAX);
	for (size_t i = 0; i < wanted; i++) {
		struct wish w = draw(run, replace);
		if (drawn[w.name]) continue;
		drawn[w.name] = true;
		wishes[count] = w;
		changes[count] = (struct inventory_zone_change){ .action = w.action,
			                                         .name = name_of(w.name, names[count]),
			                                         .settings = texts[w.settings],
			                                         .settings_len = strlen(texts[w.settings]),
			                                         .if_version = w.if_version };
		count++;
	}
	lab_be(run->lab, actor < 0 ? 0 : run->accounts[actor]);
	enum inventory_code expected = expect(run, wishes, count, replace, force, actor);
	assert_int_equal(lab_batch(run->lab, changes, count, replace, force), expected);
	assert_int_equal(run->lab->result.revision, run->revision);
	struct wanted_summary summary;
	wanted_change(run->wanted, WANTED_DATABASE, &run->lab->result.wanted, &summary);
	assert_int_equal(summary.refused, 0);
}

/* -- the comparison ------------------------------------------------------------------------------------------------------------ */

static void compare_row(struct run *run, int n) {
	char name[32], expected[300] = "none";
	static const char *const owners[ACCOUNTS] = { "main", "acct-1", "acct-2" };
	const struct zone *z = &run->zones[n];
	name_of(n, name);
	if (z->exists)
		snprintf(expected, sizeof(expected), "%s %s api %s v%lld -", name, owners[z->account],
		         texts[z->settings], (long long)z->version);
	assert_string_equal(lab_zone(run->lab, name), expected);
	struct name wire;
	struct wanted_zone wanted;
	assert_int_equal(name_parse(name, &wire), OK);
	assert_int_equal(wanted_find(run->wanted, wire.wire, &wanted), z->exists);
	if (z->exists) assert_int_equal(wanted.account, run->accounts[z->account]);
}

/* Loaded anew, all is as the changes had told. */
static void compare_union(struct run *run) {
	struct intent_list zones = { 0 };
	struct wanted_summary summary;
	size_t left_out = 0;
	assert_int_equal(inventory_load(run->lab->inv, &zones, &left_out), OK);
	assert_int_equal(left_out, 0);
	assert_int_equal(wanted_replace(run->wanted, WANTED_DATABASE, &zones, &summary), OK);
	assert_int_equal(summary.added + summary.changed + summary.removed, 0);
	intent_list_done(&zones);
}

static void compare(struct run *run) {
	int64_t existing = 0;
	bool used[SETTINGS] = { false };
	lab_be(run->lab, 0);
	for (int n = 0; n < NAMES; n++) {
		compare_row(run, n);
		existing += run->zones[n].exists;
		if (run->zones[n].exists) used[run->zones[n].settings] = true;
	}
	int64_t distinct = 0;
	for (int i = 0; i < SETTINGS; i++)
		distinct += used[i];
	assert_int_equal(wanted_count(run->wanted), existing);
	assert_int_equal(lab_number(run->lab, "SELECT sum(zone_count) FROM accounts"), existing);
	assert_int_equal(lab_number(run->lab, "SELECT count(*) FROM zones"), existing);
	assert_int_equal(lab_number(run->lab, "SELECT count(*) FROM settings"), distinct);
	assert_int_equal(lab_number(run->lab, "SELECT count(*) FROM audit"), run->audit);
	assert_int_equal(lab_number(run->lab, "SELECT count(DISTINCT revision) FROM audit"), run->revision);
	compare_union(run);
}

/* -- all of it ------------------------------------------------------------------------------------------------------------------ */

static void quiet(void *ctx, const uint8_t *name, const struct zone_policy *policy, uint32_t account) {
	(void)account;
	(void)ctx, (void)name, (void)policy;
}
static void quiet_removed(void *ctx, const uint8_t *name) {
	(void)ctx, (void)name;
}

static void random_changes_end_where_the_rules_say(void **state) {
	const char *given = getenv("PROPERTY_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : 20261126;
	struct run run = { .lab = *state, .random = random_seeded(seed) };
	const struct wanted_watcher watcher = { .added = quiet, .changed = quiet, .removed = quiet_removed };
	print_message("seed %llu\n", (unsigned long long)seed);
	run.wanted = wanted_new(&watcher);
	run.accounts[0] = 1;
	run.accounts[1] = lab_account(run.lab, "acct-1", 0);
	run.accounts[2] = lab_account(run.lab, "acct-2", 0);
	for (int i = 1; i <= STEPS; i++) {
		step(&run);
		if (i % 100 == 0) compare(&run);
		if (i % 500 == 0) inventory_lab_reopen(run.lab);
	}
	wanted_free(run.wanted);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_changes_end_where_the_rules_say, inventory_lab_setup,
		                                inventory_lab_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

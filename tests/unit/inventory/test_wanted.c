#include "config_lab.h"

#include "base/random.h"
#include "inventory/wanted.h"

#include <stdio.h>

/* What the watcher saw: "+a +b ~c -d " in any order. */
struct seen {
	char text[4096];
	size_t len;
	const struct zone_policy *policy;
};

static void note(struct seen *s, char mark, const uint8_t *name) {
	char text[NAME_TEXT_MAX];
	s->len += (size_t)snprintf(s->text + s->len, sizeof(s->text) - s->len, "%c%s ", mark,
	                           name_text_short(name, text));
}

static void added(void *ctx, const uint8_t *name, const struct zone_policy *policy, uint32_t account) {
	(void)account;
	struct seen *s = ctx;
	s->policy = policy;
	note(s, '+', name);
}

static void changed(void *ctx, const uint8_t *name, const struct zone_policy *policy, uint32_t account) {
	(void)account;
	struct seen *s = ctx;
	s->policy = policy;
	note(s, '~', name);
}

static void removed(void *ctx, const uint8_t *name) {
	note(ctx, '-', name);
}

static void refused(void *ctx, const uint8_t *name, enum wanted_source source) {
	note(ctx, source == WANTED_FILE ? '!' : '?', name);
}

struct fixture {
	struct seen seen;
	struct wanted *wanted;
};

static int setup(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	struct wanted_watcher watcher = {
		.ctx = &f->seen, .added = added, .changed = changed, .removed = removed, .refused = refused
	};
	f->wanted = wanted_new(&watcher);
	*state = f;
	return 0;
}

static int teardown(void **state) {
	struct fixture *f = *state;
	wanted_free(f->wanted);
	free(f);
	return 0;
}

static struct wanted_summary apply(struct fixture *f, const char *zones) {
	char text[1024];
	struct wanted_summary summary = { 0 };
	snprintf(text, sizeof(text), "keys: [ { name: k1, secret: c2VjcmV0 } ]\n" LAB_ZONES_FILE LAB_CUT "%s",
	         zones);
	struct config *c = lab_config(text);
	f->seen.len = 0;
	f->seen.text[0] = '\0';
	assert_int_equal(wanted_replace(f->wanted, WANTED_FILE, &c->zones, &summary), OK);
	config_free(c);
	return summary;
}

static void differences_are_told_and_nothing_else(void **state) {
	struct fixture *f = *state;
	apply(f, "a ::1\nb ::1\nc ::1\n");
	assert_string_equal(f->seen.text, "+a +b +c ");
	struct wanted_summary s = apply(f, "b ::1\nc ::2\nd ::1\n");
	assert_string_equal(f->seen.text, "-a +d ~c ");
	assert_int_equal(s.added, 1);
	assert_int_equal(s.changed, 1);
	assert_int_equal(s.removed, 1);
	assert_int_equal(s.unchanged, 1);
	assert_int_equal(wanted_count(f->wanted), 3);
}

static void the_same_wish_again_tells_nothing(void **state) {
	struct fixture *f = *state;
	apply(f, "a ::1 k1\nb ::1\n");
	struct wanted_summary s = apply(f, "B ::1\nA. ::1 k1\n");
	assert_string_equal(f->seen.text, "");
	assert_int_equal(s.unchanged, 2);
	s = apply(f, "a ::1 k1\nb ::1\n");
	assert_string_equal(f->seen.text, "");
	assert_int_equal(s.unchanged, 2);
}

static void a_change_hands_over_the_new_policy(void **state) {
	struct fixture *f = *state;
	apply(f, "a ::1\n");
	apply(f, "a ::7\n");
	char text[ADDR_TEXT_MAX];
	assert_string_equal(f->seen.text, "~a ");
	assert_string_equal(addr_text(&f->seen.policy->primaries[0].addr, text), "::7@53");
}

static void an_empty_wish_removes_all(void **state) {
	struct fixture *f = *state;
	apply(f, "a ::1\nb ::1\n");
	apply(f, "");
	assert_string_equal(f->seen.text, "-b -a ");
	assert_int_equal(wanted_count(f->wanted), 0);
}

static void a_name_twice_applies_nothing(void **state) {
	struct fixture *f = *state;
	apply(f, "a ::1\n");
	struct config *c = lab_config("zones: [ { name: b, primaries: [\"::1\"] } ]");
	policy_ref(c->zones.zones[0].policy);
	intent_list_add(&c->zones, (const uint8_t *)"\001B", c->zones.zones[0].policy);
	f->seen.len = 0;
	f->seen.text[0] = '\0';
	struct wanted_summary s;
	assert_int_equal(wanted_replace(f->wanted, WANTED_FILE, &c->zones, &s), ERR_EXISTS);
	assert_string_equal(f->seen.text, "");
	assert_int_equal(wanted_count(f->wanted), 1);
	assert_false(wanted_find(f->wanted, (const uint8_t *)"\001b", &(struct wanted_zone){ .number = 0 }));
	config_free(c);
	apply(f, "a ::1\nb ::1\n"); /* nothing is left of it */
	assert_string_equal(f->seen.text, "+b ");
}

struct looking {
	const struct wanted *wanted;
	size_t seen, known;
};

static size_t count_all(const struct wanted *w) {
	struct wanted_zone zone;
	const uint8_t *name;
	size_t cursor = 0, count = 0;
	while (wanted_next(w, &cursor, &name, &zone)) {
		assert_non_null(zone.policy);
		assert_true(wanted_find(w, name, &zone));
		count++;
	}
	return count;
}

static void look_at_added(void *ctx, const uint8_t *name, const struct zone_policy *policy,
                          uint32_t account) {
	struct looking *l = ctx;
	struct wanted_zone zone;
	l->known++;
	l->seen++;
	assert_true(wanted_find(l->wanted, name, &zone));
	assert_ptr_equal(zone.policy, policy);
	assert_int_equal(zone.account, account);
	assert_int_equal(wanted_count(l->wanted), l->known);
	assert_int_equal(count_all(l->wanted), l->known);
}

static void look_at_removed(void *ctx, const uint8_t *name) {
	struct looking *l = ctx;
	struct wanted_zone zone;
	l->seen++;
	assert_true(wanted_find(l->wanted, name, &zone));
	assert_int_equal(count_all(l->wanted), l->known);
	l->known--;
}

static void no_zone_is_known_before_it_is_told_of(void **state) {
	(void)state;
	struct looking look = { .wanted = NULL };
	const struct wanted_watcher watcher = {
		.ctx = &look, .added = look_at_added, .changed = look_at_added, .removed = look_at_removed
	};
	struct wanted *w = wanted_new(&watcher);
	struct config *before = lab_config(LAB_ZONES_FILE LAB_CUT "a ::1\nb ::1\nc ::1\nd ::1\n");
	struct config *after = lab_config(LAB_ZONES_FILE LAB_CUT "e ::1\nc ::1\nf ::1\ng ::1\nh ::1\n");
	struct wanted_summary s;
	look.wanted = w;
	assert_int_equal(wanted_replace(w, WANTED_FILE, &before->zones, &s), OK);
	assert_int_equal(wanted_replace(w, WANTED_FILE, &after->zones, &s), OK);
	assert_int_equal(look.seen, 4 + 3 + 4);
	assert_int_equal(wanted_count(w), 5);
	wanted_free(w);
	config_free(before);
	config_free(after);
}

/* -- several sources, and one change at a time ------------------------------------------------------------------- */

static const uint8_t *wire(const char *text) {
	static struct name n;
	assert_int_equal(name_parse(text, &n), OK);
	return n.wire;
}

static const struct zone_policy *policy_to(const char *primary) {
	char text[200];
	snprintf(text, sizeof(text), "zones: [ { name: b, primaries: [\"%s\"] } ]", primary);
	struct config *c = lab_config(text);
	const struct zone_policy *p = c->zones.zones[0].policy;
	policy_ref(p);
	config_free(c);
	return p;
}

static void want(struct wanted_changes *c, const char *name, const char *primary, uint64_t number) {
	struct zone_intent *i = intent_list_add(&c->put, wire(name), policy_to(primary));
	i->account = 7;
	i->number = number;
}

static struct wanted_summary change(struct fixture *f, struct wanted_changes *c) {
	struct wanted_summary s;
	f->seen.len = 0;
	f->seen.text[0] = '\0';
	wanted_change(f->wanted, WANTED_DATABASE, c, &s);
	assert_int_equal(c->put.count + c->removed.count, 0);
	return s;
}

static void changes_of_the_database_are_told_one_by_one(void **state) {
	struct fixture *f = *state;
	struct wanted_changes c = { 0 };
	struct wanted_zone zone;
	want(&c, "a.example", "::1", 5);
	want(&c, "B.example", "::1", 1ULL << 50);
	change(f, &c);
	assert_string_equal(f->seen.text, "+a.example +b.example ");
	want(&c, "a.example", "::1", 5);
	want(&c, "b.example", "::2", 6);
	struct wanted_summary s = change(f, &c);
	assert_string_equal(f->seen.text, "~b.example ");
	assert_int_equal(s.unchanged, 1);
	assert_true(wanted_find(f->wanted, wire("a.example"), &zone));
	assert_int_equal(zone.number, 5);
	assert_int_equal(zone.account, 7);
	assert_int_equal(zone.source, WANTED_DATABASE);
	assert_true(wanted_find(f->wanted, wire("b.example"), &zone));
	assert_int_equal(zone.number, 6);
	intent_list_add(&c.removed, wire("a.example"), NULL);
	intent_list_add(&c.removed, wire("c.example"), NULL); /* gone already: passed over */
	s = change(f, &c);
	assert_string_equal(f->seen.text, "-a.example ");
	assert_int_equal(s.removed, 1);
	assert_false(wanted_find(f->wanted, wire("a.example"), &zone));
}

static void a_source_leaves_the_zones_of_another_alone(void **state) {
	struct fixture *f = *state;
	struct wanted_changes c = { 0 };
	struct wanted_zone zone;
	apply(f, "a ::1\nb ::1\n");
	want(&c, "a", "::2", 5);
	want(&c, "d", "::2", 6);
	intent_list_add(&c.removed, wire("b"), NULL);
	struct wanted_summary s = change(f, &c);
	assert_string_equal(f->seen.text, "?a +d ");
	assert_int_equal(s.refused, 1);
	assert_int_equal(s.removed, 0);
	assert_true(wanted_find(f->wanted, wire("a"), &zone));
	assert_int_equal(zone.source, WANTED_FILE);
	assert_int_equal(zone.account, INTENT_MAIN_ACCOUNT);
	s = apply(f, "d ::1\nb ::1\n");
	assert_string_equal(f->seen.text, "-a !d ");
	assert_int_equal(wanted_count(f->wanted), 2);
	want(&c, "a", "::2", 5);
	change(f, &c);
	assert_string_equal(f->seen.text, "+a "); /* it is free now */
}

static void the_union_grows_by_one_after_another_from_one(void **state) {
	struct fixture *f = *state;
	struct wanted_changes c = { 0 };
	struct wanted_zone zone;
	char name[16];
	apply(f, "a ::1\n");
	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "z%u", i);
		want(&c, name, "::2", i);
		change(f, &c);
	}
	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "z%u", i);
		assert_true(wanted_find(f->wanted, wire(name), &zone));
		assert_int_equal(zone.number, i);
	}
	assert_int_equal(wanted_count(f->wanted), 41);
}

/* A thousand names come and go for long; what is there is what a plain array says. */
static void random_changes_end_in_what_was_wanted(void **state) {
	enum { NAMES = 1000, ROUNDS = 300 };
	(void)state;
	struct seen seen;
	struct fixture f = { 0 };
	struct wanted_watcher quiet = {
		.ctx = &seen, .added = added, .changed = changed, .removed = removed
	};
	bool there[NAMES] = { false };
	struct random random = random_seeded(11);
	const struct zone_policy *policies[] = { policy_to("::1"), policy_to("::2") };
	f.wanted = wanted_new(&quiet);
	for (int round = 0; round < ROUNDS; round++) {
		struct wanted_changes c = { 0 };
		struct wanted_summary s;
		bool touched[NAMES] = { false };
		size_t wanted = 0;
		uint32_t account = 7;
		seen.len = 0;
		for (int i = 0; i < 60; i++) {
			char name[100];
			unsigned n = random_below(&random, NAMES);
			snprintf(name, sizeof(name), "zone-with-a-rather-long-name-%u.example", n);
			bool put = random_below(&random, 2);
			if (put == there[n] || touched[n]) continue;
			touched[n] = true;
			const struct zone_policy *p = policies[random_below(&random, 2)];
			there[n] = put;
			if (put) policy_ref(p);
			if (put)
				intent_list_add(&c.put, wire(name), p)->number = n;
			else
				intent_list_add(&c.removed, wire(name), NULL);
		}
		wanted_change(f.wanted, WANTED_DATABASE, &c, &s);
		for (unsigned n = 0; n < NAMES; n++) {
			struct wanted_zone zone;
			char name[100];
			snprintf(name, sizeof(name), "zone-with-a-rather-long-name-%u.example", n);
			wanted += there[n];
			assert_int_equal(wanted_find(f.wanted, wire(name), &zone), there[n]);
			if (!there[n]) continue;
			assert_int_equal(zone.number, n);
			assert_true(zone.note == 0 || zone.note == 60000 + n); /* it moves with its zone */
			assert_true(wanted_note(f.wanted, wire(name), (uint16_t)(60000 + n), &account));
			assert_int_equal(account, zone.account);
		}
		assert_false(wanted_note(f.wanted, wire("nowhere.example"), 1, &account));
		assert_int_equal(wanted_count(f.wanted), wanted);
	}
	size_t cursor = 0, seen_count = 0;
	const uint8_t *name;
	struct wanted_zone zone;
	while (wanted_next(f.wanted, &cursor, &name, &zone))
		seen_count += there[zone.number];
	assert_int_equal(seen_count, wanted_count(f.wanted));
	wanted_free(f.wanted);
	policy_unref(policies[0]);
	policy_unref(policies[1]);
}

static void a_hundred_thousand_zones_share_one_policy(void **state) {
	(void)state;
	enum { COUNT = 100000 };
	char *text = xmalloc((size_t)COUNT * 40);
	size_t len = (size_t)snprintf(text, 100, "%s%s", LAB_ZONES_FILE, LAB_CUT);
	for (int i = 0; i < COUNT; i++)
		len += (size_t)snprintf(text + len, 40, "zone%d.example ::%d\n", i, i % 2 + 1);
	struct config *c = lab_config(text);
	assert_int_equal(c->zones.count, COUNT);
	assert_ptr_equal(c->zones.zones[0].policy, c->zones.zones[COUNT - 2].policy);
	assert_ptr_equal(c->zones.zones[1].policy, c->zones.zones[COUNT - 1].policy);
	config_free(c);
	free(text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(differences_are_told_and_nothing_else, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_wish_again_tells_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_hands_over_the_new_policy, setup, teardown),
		cmocka_unit_test_setup_teardown(an_empty_wish_removes_all, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_twice_applies_nothing, setup, teardown),
		cmocka_unit_test(no_zone_is_known_before_it_is_told_of),
		cmocka_unit_test_setup_teardown(changes_of_the_database_are_told_one_by_one, setup, teardown),
		cmocka_unit_test_setup_teardown(a_source_leaves_the_zones_of_another_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(the_union_grows_by_one_after_another_from_one, setup,
		                                teardown),
		cmocka_unit_test(random_changes_end_in_what_was_wanted),
		cmocka_unit_test(a_hundred_thousand_zones_share_one_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

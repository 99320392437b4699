#include "config_lab.h"

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

static void added(void *ctx, const uint8_t *name, const struct zone_policy *policy) {
	struct seen *s = ctx;
	s->policy = policy;
	note(s, '+', name);
}

static void changed(void *ctx, const uint8_t *name, const struct zone_policy *policy) {
	struct seen *s = ctx;
	s->policy = policy;
	note(s, '~', name);
}

static void removed(void *ctx, const uint8_t *name) {
	note(ctx, '-', name);
}

struct fixture {
	struct seen seen;
	struct inventory *inventory;
};

static int setup(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	struct inventory_watcher watcher = {
		.ctx = &f->seen, .added = added, .changed = changed, .removed = removed
	};
	f->inventory = inventory_new(&watcher);
	*state = f;
	return 0;
}

static int teardown(void **state) {
	struct fixture *f = *state;
	inventory_free(f->inventory);
	free(f);
	return 0;
}

static struct inventory_summary apply(struct fixture *f, const char *zones) {
	char text[1024];
	struct inventory_summary summary = { 0 };
	snprintf(text, sizeof(text), "keys: [ { name: k1, secret: c2VjcmV0 } ]\n" LAB_ZONES_FILE LAB_CUT "%s",
	         zones);
	struct config *c = lab_config(text);
	f->seen.len = 0;
	f->seen.text[0] = '\0';
	assert_int_equal(inventory_apply(f->inventory, &c->zones, &summary), OK);
	assert_int_equal(c->zones.count, 0);
	config_free(c);
	return summary;
}

static void differences_are_told_and_nothing_else(void **state) {
	struct fixture *f = *state;
	apply(f, "a ::1\nb ::1\nc ::1\n");
	assert_string_equal(f->seen.text, "+a +b +c ");
	struct inventory_summary s = apply(f, "b ::1\nc ::2\nd ::1\n");
	assert_string_equal(f->seen.text, "-a ~c +d ");
	assert_int_equal(s.added, 1);
	assert_int_equal(s.changed, 1);
	assert_int_equal(s.removed, 1);
	assert_int_equal(s.unchanged, 1);
	assert_int_equal(inventory_count(f->inventory), 3);
}

static void the_same_wish_again_tells_nothing(void **state) {
	struct fixture *f = *state;
	apply(f, "a ::1 k1\nb ::1\n");
	struct inventory_summary s = apply(f, "B ::1\nA. ::1 k1\n");
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
	assert_string_equal(f->seen.text, "-a -b ");
	assert_int_equal(inventory_count(f->inventory), 0);
}

static void a_name_twice_applies_nothing(void **state) {
	struct fixture *f = *state;
	apply(f, "a ::1\n");
	struct config *c = lab_config("zones: [ { name: b, primaries: [\"::1\"] } ]");
	policy_ref(c->zones.zones[0].policy);
	intent_list_add(&c->zones, (const uint8_t *)"\001B", c->zones.zones[0].policy);
	f->seen.len = 0;
	f->seen.text[0] = '\0';
	struct inventory_summary s;
	assert_int_equal(inventory_apply(f->inventory, &c->zones, &s), ERR_EXISTS);
	assert_string_equal(f->seen.text, "");
	assert_int_equal(inventory_count(f->inventory), 1);
	config_free(c);
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
		cmocka_unit_test(a_hundred_thousand_zones_share_one_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

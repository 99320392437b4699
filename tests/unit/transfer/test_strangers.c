#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "transfer/strangers.h"

struct lab {
	uv_loop_t loop;
	struct strangers *s;
	struct stranger_list zone;
	unsigned open;
};

static struct stranger_list *zone_of(void *ctx, const uint8_t *name) {
	struct lab *l = ctx;
	return name[0] == 1 ? &l->zone : NULL; /* "z" is held, "gone" is not */
}

static int begin(void **state) {
	struct lab *l = xcalloc(1, sizeof(*l));
	*state = l;
	if (uv_loop_init(&l->loop) != 0) return -1;
	l->s = strangers_new(&l->loop, zone_of, l);
	l->open = 1;
	return 0;
}

static void closed(void *ctx) {
	struct lab *l = ctx;
	l->open = 0;
}

static int end(void **state) {
	struct lab *l = *state;
	strangers_close(l->s, closed, l);
	uv_run(&l->loop, UV_RUN_DEFAULT);
	strangers_free(l->s);
	uv_loop_close(&l->loop);
	int left = (int)l->open;
	free(l);
	return left;
}

static struct stranger_seen from(const char *address, const char *key, int64_t at_s) {
	struct stranger_seen seen = { .count = 1, .first_s = at_s, .last_s = at_s, .has_key = key != NULL };
	assert_int_equal(addr_parse(address, 0, &seen.peer), OK);
	if (key) assert_int_equal(name_parse(key, &seen.key), OK);
	return seen;
}

static void a_sender_is_one_entry_whatever_its_port(void **state) {
	struct lab *l = *state;
	struct stranger_seen out[STRANGERS_PER_ZONE], a = from("192.0.2.7@1000", NULL, 5),
						      b = from("192.0.2.7@2000", NULL, 9),
						      c = from("192.0.2.7@2000", "k1", 10);
	strangers_note(l->s, &l->zone, &a);
	strangers_note(l->s, &l->zone, &b);
	assert_int_equal(strangers_read(&l->zone, out), 1);
	assert_int_equal(out[0].count, 2);
	assert_int_equal(out[0].first_s, 5);
	assert_int_equal(out[0].last_s, 9);
	strangers_note(l->s, &l->zone, &c);
	assert_int_equal(strangers_read(&l->zone, out), 2);
	assert_true(out[0].has_key && name_equal(out[0].key.wire, c.key.wire));
}

static void the_newest_senders_of_a_zone_are_kept(void **state) {
	struct lab *l = *state;
	struct stranger_seen out[STRANGERS_PER_ZONE];
	for (int i = 1; i <= 100; i++) {
		char address[32];
		snprintf(address, sizeof(address), "192.0.2.%d", i);
		struct stranger_seen seen = from(address, NULL, i);
		strangers_note(l->s, &l->zone, &seen);
	}
	assert_int_equal(strangers_read(&l->zone, out), STRANGERS_PER_ZONE);
	assert_int_equal(out[0].last_s, 100);
	assert_int_equal(out[STRANGERS_PER_ZONE - 1].last_s, 101 - STRANGERS_PER_ZONE);
	strangers_forget(l->s, &l->zone);
	assert_int_equal(strangers_read(&l->zone, out), 0);
}

static void all_zones_together_have_a_bound(void **state) {
	struct lab *l = *state;
	unsigned zones = STRANGERS_MAX + 10, kept = 0;
	struct stranger_list *lists = xcalloc(zones, sizeof(*lists));
	struct stranger_seen out[STRANGERS_PER_ZONE], seen = from("192.0.2.1", NULL, 1);
	for (unsigned i = 0; i < zones; i++)
		strangers_note(l->s, &lists[i], &seen);
	for (unsigned i = 0; i < zones; i++)
		kept += strangers_read(&lists[i], out);
	assert_int_equal(kept, STRANGERS_MAX);
	assert_int_equal(strangers_read(&lists[0], out), 0);
	assert_int_equal(strangers_read(&lists[zones - 1], out), 1);
	for (unsigned i = 0; i < zones; i++)
		strangers_forget(l->s, &lists[i]);
	free(lists);
}

static void a_flood_waits_in_a_bounded_queue(void **state) {
	struct lab *l = *state;
	struct stranger_seen out[STRANGERS_PER_ZONE], seen = from("2001:db8::7", "k1", 0);
	for (unsigned i = 0; i < 100000; i++)
		strangers_put(l->s, (const uint8_t *)"\001z", &seen.peer, seen.key.wire, 17);
	strangers_put(l->s, (const uint8_t *)"\004gone", &seen.peer, NULL, 0);
	while (strangers_read(&l->zone, out) == 0)
		uv_run(&l->loop, UV_RUN_ONCE);
	assert_int_equal(strangers_read(&l->zone, out), 1);
	assert_in_range(out[0].count, 1, 64);
	assert_int_equal(out[0].tsig_error, 17);
	assert_true(out[0].last_s > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_sender_is_one_entry_whatever_its_port),
		TEST(the_newest_senders_of_a_zone_are_kept),
		TEST(all_zones_together_have_a_bound),
		TEST(a_flood_waits_in_a_bounded_queue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

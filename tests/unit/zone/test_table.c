/* The table of zones: longest match, growth, removal, publishing under readers. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "zone/table.h"
#include "zone_make.h"

static const struct zone_policy *const no_policy = NULL;

static struct zone_entry *add(struct zone_table *t, const char *name) {
	struct name n = make_name(name);
	struct zone_entry *entry = NULL;
	assert_int_equal(table_add(t, n.wire, no_policy, &entry), OK);
	return entry;
}

static struct zone_entry *find(struct zone_table *t, const char *name, bool strict) {
	struct name n = make_name(name);
	return table_find_zone(t, n.wire, strict);
}

static void longest_zone_wins(void **state) {
	(void)state;
	struct epoch *epoch = epoch_new();
	struct zone_table *t = table_new(epoch);
	struct zone_entry *com = add(t, "com."), *example = add(t, "Example.com.");
	assert_ptr_equal(find(t, "www.EXAMPLE.com.", false), example);
	assert_ptr_equal(find(t, "example.com.", false), example);
	assert_ptr_equal(find(t, "example.com.", true), com);
	assert_ptr_equal(find(t, "a.b.c.other.com.", false), com);
	assert_null(find(t, "com.", true));
	assert_null(find(t, "org.", false));
	assert_null(find(t, ".", false));
	struct name n = make_name("www.example.com.");
	assert_null(table_find(t, n.wire));
	struct zone_entry *root = add(t, ".");
	assert_ptr_equal(find(t, "org.", false), root);
	assert_ptr_equal(find(t, ".", false), root);
	table_free(t);
	epoch_free(epoch);
}

/* More than a block of memory has, twice over; those that stay lie among those that went. */
static void many_come_and_go_and_the_others_stay(void **state) {
	enum { ZONES = 4000 };
	(void)state;
	struct epoch *epoch = epoch_new();
	struct zone_table *t = table_new(epoch);
	static struct zone_entry *entries[2][ZONES];
	char name[64];
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < ZONES; i++) {
			snprintf(name, sizeof(name), "z%d.round%d.test.", i, round);
			entries[round][i] = add(t, name);
		}
		for (int i = 0; i < ZONES; i++)
			if (i % 100) table_remove(t, entries[round][i]);
		assert_int_equal(epoch_collect(epoch), 0);
	}
	assert_int_equal(table_count(t), 2 * ZONES / 100);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < ZONES; i += 100) {
			snprintf(name, sizeof(name), "z%d.round%d.test.", i, round);
			assert_ptr_equal(find(t, name, false), entries[round][i]);
			assert_int_equal(atomic_load(&entries[round][i]->status), ZONE_PENDING);
			assert_null(entries[round][i]->follow);
		}
	}
	table_free(t);
	epoch_free(epoch);
}

static void any_zone_is_one_that_is_held(void **state) {
	(void)state;
	struct epoch *epoch = epoch_new();
	struct zone_table *t = table_new(epoch);
	assert_null(table_any(t));
	struct zone_entry *one = add(t, "one.test."), *two = add(t, "two.test.");
	table_remove(t, one);
	assert_ptr_equal(table_any(t), two);
	table_remove(t, two);
	assert_null(table_any(t));
	table_free(t);
	epoch_free(epoch);
}

static void same_name_twice_is_refused(void **state) {
	(void)state;
	struct epoch *epoch = epoch_new();
	struct zone_table *t = table_new(epoch);
	struct zone_entry *entry = add(t, "example.com."), *other = entry;
	struct name n = make_name("EXAMPLE.com.");
	assert_int_equal(table_add(t, n.wire, no_policy, &other), ERR_EXISTS);
	assert_ptr_equal(other, entry);
	table_free(t);
	epoch_free(epoch);
}

static void many_zones_come_and_go(void **state) {
	(void)state;
	struct epoch *epoch = epoch_new();
	struct zone_table *t = table_new(epoch);
	enum { COUNT = 20000 };
	char name[64];
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < COUNT; i++) {
			snprintf(name, sizeof(name), "z%d.test.", i);
			(void)add(t, name);
		}
		assert_int_equal(table_count(t), COUNT);
		size_t cursor = 0, seen = 0;
		while (table_next(t, &cursor))
			seen++;
		assert_int_equal(seen, COUNT);
		for (int i = 0; i < COUNT; i++) {
			snprintf(name, sizeof(name), "www.z%d.test.", i);
			struct zone_entry *entry = find(t, name, false);
			assert_non_null(entry);
			table_remove(t, entry);
			assert_null(find(t, name, false));
		}
		assert_int_equal(table_count(t), 0);
		assert_int_equal(epoch_collect(epoch), 0);
	}
	table_free(t);
	epoch_free(epoch);
}

struct shared {
	struct epoch *epoch;
	struct zone_table *table;
	atomic_bool stop;
	atomic_ulong looked;
};

static void *reader(void *arg) {
	struct shared *s = arg;
	struct epoch_reader *r = epoch_join(s->epoch);
	struct name n = make_name("www.zone0.test.");
	while (!atomic_load(&s->stop)) {
		struct zone_entry *entry = table_find_zone(s->table, n.wire, false);
		struct zone_version *v = entry ? atomic_load_explicit(&entry->served, memory_order_acquire)
		                               : NULL;
		if (v) {
			struct lookup found;
			zone_lookup(v, n.wire, &found);
			if (found.kind != LOOKUP_NONE) abort();
			atomic_fetch_add(&s->looked, 1);
		}
		epoch_quiescent(r);
	}
	epoch_leave(r);
	return NULL;
}

static void versions_are_published_under_readers(void **state) {
	(void)state;
	struct shared s = { .epoch = epoch_new() };
	s.table = table_new(s.epoch);
	pthread_t threads[2];
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader, &s), 0);
	unsigned long round = 0;
	while (atomic_load(&s.looked) < 1000 || round < 300) {
		struct zone_entry *entry = add(s.table, "zone0.test.");
		for (int j = 0; j < 3; j++) {
			struct zone_version *v = make_done(make_zone("zone0.test.", (uint32_t)j));
			table_publish(s.table, entry, v, ZONE_SERVED);
			version_unref(v);
		}
		if (round % 2) table_publish(s.table, entry, NULL, ZONE_EXPIRED);
		char name[64];
		snprintf(name, sizeof(name), "other%lu.test.", round++);
		(void)add(s.table, name);
		table_remove(s.table, entry);
		(void)epoch_collect(s.epoch);
	}
	atomic_store(&s.stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	table_free(s.table);
	epoch_free(s.epoch);
}

static void room_that_was_made_is_enough(void **state) {
	(void)state;
	struct epoch *epoch = epoch_new();
	struct zone_table *t = table_new(epoch);
	char name[64];
	struct zone_entry *first = add(t, "first.test.");
	table_reserve(t, 3000);
	table_reserve(t, 10); /* there is room already */
	for (unsigned i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "zone%u.test.", i);
		(void)add(t, name);
	}
	assert_ptr_equal(find(t, "first.test.", false), first);
	assert_non_null(find(t, "www.zone2999.test.", false));
	assert_int_equal(table_count(t), 3001);
	table_free(t);
	epoch_free(epoch);
}

struct reads {
	struct zone_version *version;
	unsigned count;
};

static struct zone_version *read_once(void *ctx, const struct zone_entry *entry) {
	struct reads *r = ctx;
	(void)entry;
	r->count++;
	if (r->version) version_ref(r->version);
	return r->version;
}

static void what_was_not_read_is_read_by_who_asks(void **state) {
	(void)state;
	struct epoch *epoch = epoch_new();
	struct zone_table *t = table_new(epoch);
	struct reads reads = { 0 };
	struct table_reader r = { &reads, read_once };
	struct zone_entry *entry = add(t, "example."), *other = add(t, "other.");
	struct zone_version *v = make_done(make_zone("example.", 1)),
			    *next = make_done(make_zone("example.", 2));
	table_set_reader(t, &r);
	assert_null(table_served(t, entry));
	assert_int_equal(reads.count, 0);
	table_leave_unread(entry);
	table_leave_unread(other);
	assert_null(table_served(t, entry)); /* it can't be had now, but later */
	reads.version = v;
	assert_ptr_equal(table_served(t, entry), v);
	assert_ptr_equal(table_served(t, entry), v);
	assert_int_equal(reads.count, 2);
	table_publish(t, entry, next, ZONE_SERVED);
	assert_ptr_equal(table_served(t, entry), next);
	table_publish(t, other, NULL, ZONE_PENDING);
	assert_null(table_served(t, other));
	assert_int_equal(reads.count, 2);
	table_leave_unread(other); /* and so it ends */
	version_unref(v);
	version_unref(next);
	table_free(t);
	epoch_free(epoch);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longest_zone_wins),
		cmocka_unit_test(any_zone_is_one_that_is_held),
		cmocka_unit_test(many_come_and_go_and_the_others_stay),
		cmocka_unit_test(same_name_twice_is_refused),
		cmocka_unit_test(many_zones_come_and_go),
		cmocka_unit_test(versions_are_published_under_readers),
		cmocka_unit_test(room_that_was_made_is_enough),
		cmocka_unit_test(what_was_not_read_is_read_by_who_asks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

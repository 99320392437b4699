/* Publishing to readers that never lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/epoch.h"

#define READERS 3
#define VERSIONS 20000
#define ALIVE 0x600df00dU
#define FREED 0xdeadU

static void count_up(void *p) {
	++*(unsigned *)p;
}

static void what_nobody_can_hold_is_freed_at_once(void **state) {
	(void)state;
	struct epoch *e = epoch_new();
	unsigned freed = 0;
	epoch_retire(e, &freed, count_up);
	assert_int_equal(epoch_collect(e), 0);
	assert_int_equal(freed, 1);
	assert_int_equal(epoch_collect(e), 0);
	epoch_retire(e, NULL, count_up);
	assert_int_equal(epoch_collect(e), 0);
	epoch_free(e);
	assert_int_equal(freed, 1);
}

static void a_reader_holds_up_until_it_says_that_it_holds_nothing(void **state) {
	(void)state;
	struct epoch *e = epoch_new();
	struct epoch_reader *r = epoch_join(e), *s = epoch_join(e);
	unsigned freed = 0;
	epoch_retire(e, &freed, count_up);
	assert_int_equal(epoch_collect(e), 1);
	epoch_quiescent(r);
	assert_int_equal(epoch_collect(e), 1);
	assert_int_equal(freed, 0);
	epoch_quiescent(s);
	assert_int_equal(epoch_collect(e), 0);
	assert_int_equal(freed, 1);
	epoch_leave(r);
	epoch_leave(s);
	epoch_free(e);
}

static void readers_that_wait_or_left_hold_nothing_up(void **state) {
	(void)state;
	struct epoch *e = epoch_new();
	struct epoch_reader *r = epoch_join(e), *s = epoch_join(e);
	unsigned freed = 0;
	epoch_offline(r);
	epoch_leave(s);
	epoch_retire(e, &freed, count_up);
	assert_int_equal(epoch_collect(e), 0);
	assert_int_equal(freed, 1);
	epoch_online(r);
	epoch_retire(e, &freed, count_up);
	assert_int_equal(epoch_collect(e), 1);
	epoch_leave(r);
	assert_int_equal(epoch_collect(e), 0);
	epoch_free(e);
}

static void later_retirements_wait_for_their_own_turn(void **state) {
	(void)state;
	struct epoch *e = epoch_new();
	struct epoch_reader *r = epoch_join(e);
	unsigned first = 0, second = 0;
	epoch_retire(e, &first, count_up);
	epoch_quiescent(r);
	epoch_retire(e, &second, count_up);
	assert_int_equal(epoch_collect(e), 1);
	assert_int_equal(first, 1);
	assert_int_equal(second, 0);
	epoch_leave(r);
	epoch_free(e); /* frees what waits */
	assert_int_equal(second, 1);
}

static void the_table_of_readers_is_bounded_and_reused(void **state) {
	(void)state;
	struct epoch *e = epoch_new();
	struct epoch_reader *r[EPOCH_READERS_MAX];
	for (unsigned i = 0; i < EPOCH_READERS_MAX; i++)
		assert_non_null(r[i] = epoch_join(e));
	assert_null(epoch_join(e));
	epoch_leave(r[7]);
	assert_non_null(r[7] = epoch_join(e));
	for (unsigned i = 0; i < EPOCH_READERS_MAX; i++)
		epoch_leave(r[i]);
	epoch_free(e);
}

struct version {
	atomic_uint magic;
};

struct shared {
	struct epoch *epoch;
	_Atomic(struct version *) current;
	atomic_bool stop;
	atomic_uint bad;
};

/* Kept allocated until the end, so that a late read is seen rather than undefined. */
static void mark_freed(void *p) {
	atomic_store(&((struct version *)p)->magic, FREED);
}

static void *read_versions(void *arg) {
	struct shared *s = arg;
	struct epoch_reader *r = epoch_join(s->epoch);
	for (unsigned i = 0; !atomic_load(&s->stop); i++) {
		struct version *v = atomic_load_explicit(&s->current, memory_order_acquire);
		for (unsigned j = 0; j < 10; j++)
			if (atomic_load(&v->magic) != ALIVE) atomic_fetch_add(&s->bad, 1);
		if (i % 64 == 63) {
			epoch_offline(r);
			epoch_online(r);
		} else {
			epoch_quiescent(r);
		}
	}
	epoch_leave(r);
	return NULL;
}

static void no_reader_ever_sees_a_freed_version(void **state) {
	(void)state;
	struct version *versions = calloc(VERSIONS, sizeof(*versions));
	struct shared s = { .epoch = epoch_new() };
	pthread_t threads[READERS];
	atomic_store(&versions[0].magic, ALIVE);
	atomic_store(&s.current, &versions[0]);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_versions, &s), 0);
	for (unsigned i = 1; i < VERSIONS; i++) {
		atomic_store(&versions[i].magic, ALIVE);
		struct version *old = atomic_exchange(&s.current, &versions[i]);
		epoch_retire(s.epoch, old, mark_freed);
		if (i % 3 == 0) (void)epoch_collect(s.epoch);
	}
	atomic_store(&s.stop, true);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&s.bad), 0);
	assert_int_equal(epoch_collect(s.epoch), 0);
	assert_int_equal(atomic_load(&versions[VERSIONS - 2].magic), FREED);
	assert_int_equal(atomic_load(&versions[VERSIONS - 1].magic), ALIVE);
	epoch_free(s.epoch);
	free(versions);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_can_hold_is_freed_at_once),
		cmocka_unit_test(a_reader_holds_up_until_it_says_that_it_holds_nothing),
		cmocka_unit_test(readers_that_wait_or_left_hold_nothing_up),
		cmocka_unit_test(later_retirements_wait_for_their_own_turn),
		cmocka_unit_test(the_table_of_readers_is_bounded_and_reused),
		cmocka_unit_test(no_reader_ever_sees_a_freed_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

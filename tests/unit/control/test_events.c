#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "control/events.h"

#define NOW 1000

static const uint8_t example[] = "\7example\3com", other[] = "\5other\3net";

static void count(void *ctx) {
	++*(unsigned *)ctx;
}

static struct watcher watcher_of_all(unsigned *called) {
	return (struct watcher){ .account = -1, .kinds = ~0U, .some = count, .ctx = called };
}

static void tell(struct events *e, enum watch_kind kind, int64_t account, const uint8_t *zone) {
	events_tell(e, kind, account, zone, json_object(), NOW);
}

static void assert_next(struct watcher *w, const char *field, json_int_t number) {
	json_t *o = watcher_read(w);
	assert_non_null(o);
	assert_int_equal(json_integer_value(json_object_get(o, field)), number);
	json_decref(o);
}

static void events_come_in_order_and_wake_once(void **state) {
	unsigned called = 0;
	struct events *e = events_new();
	struct watcher w = watcher_of_all(&called);
	(void)state;
	watcher_begin(&w, e, -1, NOW);
	assert_null(watcher_read(&w));
	tell(e, WATCH_ZONE_ADDED, 1, example);
	tell(e, WATCH_ZONE_STATE, 1, example);
	assert_int_equal(called, 1);
	json_t *o = watcher_read(&w);
	assert_string_equal(json_string_value(json_object_get(o, "event")), "zone.added");
	assert_string_equal(json_string_value(json_object_get(o, "zone")), "example.com");
	json_decref(o);
	assert_next(&w, "sequence", 2);
	assert_null(watcher_read(&w));
	watcher_end(&w, NOW);
	events_free(e);
}

static void an_account_sees_its_own_and_filters_hold(void **state) {
	unsigned called[3] = { 0 };
	struct events *e = events_new();
	struct watcher seven = watcher_of_all(&called[0]), zone = watcher_of_all(&called[1]),
		       kind = watcher_of_all(&called[2]);
	(void)state;
	seven.account = 7;
	zone.of_one_zone = true;
	name_copy(&zone.zone, other);
	kind.kinds = 1U << WATCH_ZONE_REMOVED;
	watcher_begin(&seven, e, -1, NOW);
	watcher_begin(&zone, e, -1, NOW);
	watcher_begin(&kind, e, -1, NOW);
	tell(e, WATCH_ZONE_ADDED, 1, example);   /* 1: for none of them */
	tell(e, WATCH_ZONE_ADDED, 7, example);   /* 2 */
	tell(e, WATCH_ZONE_STATE, 1, other);     /* 3 */
	tell(e, WATCH_ZONE_REMOVED, 1, example); /* 4 */
	assert_next(&seven, "sequence", 2);
	assert_null(watcher_read(&seven));
	assert_next(&zone, "sequence", 3);
	assert_null(watcher_read(&zone));
	assert_next(&kind, "sequence", 4);
	tell(e, WATCH_ZONE_ADDED, 1, example);
	assert_int_equal(called[0] + called[1] + called[2], 0); /* nobody is woken in vain */
	watcher_end(&seven, NOW);
	watcher_end(&zone, NOW);
	watcher_end(&kind, NOW);
	events_free(e);
}

static void who_is_too_slow_is_told_how_many_were_lost(void **state) {
	unsigned called = 0;
	struct events *e = events_new();
	struct watcher w = watcher_of_all(&called);
	(void)state;
	watcher_begin(&w, e, -1, NOW);
	for (unsigned i = 0; i < EVENTS_MAX + 10; i++)
		tell(e, WATCH_ZONE_ADDED, 1, example);
	assert_next(&w, "lost", 10);
	assert_next(&w, "sequence", 11);
	watcher_end(&w, NOW);
	events_free(e);
}

static void one_may_come_back_within_a_minute_and_go_on(void **state) {
	unsigned called = 0;
	struct events *e = events_new();
	struct watcher w = watcher_of_all(&called);
	(void)state;
	tell(e, WATCH_ZONE_ADDED, 1, example); /* nobody watches: it is not kept */
	assert_int_equal(events_sequence(e), 0);
	watcher_begin(&w, e, -1, NOW);
	tell(e, WATCH_ZONE_ADDED, 1, example);
	watcher_end(&w, NOW);
	watcher_end(&w, NOW);
	tell(e, WATCH_ZONE_STATE, 1, example);
	watcher_begin(&w, e, 1, NOW + EVENTS_KEEP_S - 1);
	assert_next(&w, "sequence", 2);
	watcher_end(&w, NOW);
	watcher_begin(&w, e, 2, NOW + EVENTS_KEEP_S); /* too late: something may be missing */
	assert_next(&w, "lost", 1);
	assert_null(watcher_read(&w));
	watcher_end(&w, NOW);
	events_free(e);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_in_order_and_wake_once),
		cmocka_unit_test(an_account_sees_its_own_and_filters_hold),
		cmocka_unit_test(who_is_too_slow_is_told_how_many_were_lost),
		cmocka_unit_test(one_may_come_back_within_a_minute_and_go_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

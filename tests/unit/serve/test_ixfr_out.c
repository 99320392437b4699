/* IXFR answered by differences (RFC 1995). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pull.h"
#include "serve/ixfr_out.h"
#include "zone/apply.h"

#define HOSTS_TEXT 4096

/* example. as it is at a serial: www points to a number of its own each time, `extra` are further lines. */
static struct zone_version *version(uint32_t serial, unsigned address, const char *extra) {
	char text[HOSTS_TEXT];
	snprintf(text, sizeof(text),
	         "@ 900 SOA ns admin %u 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.%u\n%s",
	         serial, address, extra);
	return zone_from_text("example.", text, SIGN_NONE);
}

struct past {
	struct lab *lab;
	struct zone_version *last;
	struct changes *changes;
};

/* The zone's next version, and how it came from the one before. */
static void go_on(struct past *p, struct zone_version *next) {
	if (p->last) {
		struct change *step;
		assert_int_equal(version_diff(p->last, next, 0, 0, &step), OK);
		struct changes *longer = changes_extend(p->changes, &step, 1, 100, 1 << 20);
		changes_unref(p->changes);
		p->changes = longer;
		change_unref(step);
		version_set_changes(next, longer);
	}
	version_unref(p->last);
	p->last = next;
}

static void publish(struct past *p) {
	table_publish(p->lab->table, lab_entry(p->lab, "example."), p->last, ZONE_SERVED);
}

/* Serials 5 … 8; www comes back to what it was at 5 in the end, a name comes and goes. */
static int setup(void **state) {
	struct past *p = calloc(1, sizeof(*p));
	p->lab = lab_new();
	go_on(p, version(5, 1, ""));
	go_on(p, version(6, 2, "new A 192.0.2.6\n"));
	go_on(p, version(7, 3, "new A 192.0.2.6\nstays A 192.0.2.7\n"));
	go_on(p, version(8, 1, "stays A 192.0.2.7\n"));
	*state = p;
	return 0;
}
static int teardown(void **state) {
	struct past *p = *state;
	lab_free(p->lab);
	version_unref(p->last);
	changes_unref(p->changes);
	free(p);
	return 0;
}

#define SOA(serial) "AN example. 900 SOA ns.example. admin.example. " serial " 3600 600 86400 300\n"

static void one_step_is_sent_as_it_is(void **state) {
	struct past *p = *state;
	struct serve_counters c;
	publish(p);
	ask_ixfr(p->lab, 7, SERVE_TCP);
	struct received r = pull(p->lab, 65535, NULL);
	assert_int_equal(r.end, 0);
	assert_int_equal(r.messages, 1);
	assert_string_equal(p->lab->text,
	                    SOA("8") SOA("7") "AN new.example. 3600 A 192.0.2.6\n"
	                                      "AN www.example. 3600 A 192.0.2.3\n" SOA(
						      "8") "AN www.example. 3600 A 192.0.2.1\n" SOA("8"));
	serve_count(p->lab->serve, &c);
	assert_int_equal(c.ixfrs_out, 1);
	assert_int_equal(c.transfers_out, 1);
}

static void steps_that_undo_each_other_are_sent_condensed(void **state) {
	struct past *p = *state;
	publish(p);
	ask_ixfr(p->lab, 5, SERVE_TCP);
	struct received r = pull(p->lab, 65535, NULL);
	assert_int_equal(r.end, 0);
	assert_string_equal(p->lab->text,
	                    SOA("8") SOA("5") SOA("8") "AN stays.example. 3600 A 192.0.2.7\n" SOA("8"));
}

/* A new version is told to all secondaries at once. */
static void who_asks_for_the_same_gets_what_was_condensed_once(void **state) {
	struct past *p = *state;
	struct ixfr_kept kept = { .next = 0 }, none = { .next = 0 };
	struct changes *first = ixfr_choose(&kept, p->last, 5), *again = ixfr_choose(&kept, p->last, 5);
	struct changes *other = ixfr_choose(&kept, p->last, 6), *elsewhere = ixfr_choose(&none, p->last, 5);
	assert_int_equal(first->count, 1);
	assert_ptr_equal(first, again);
	assert_ptr_not_equal(first, other);
	assert_ptr_not_equal(first, elsewhere);
	struct changes *all[] = { first, again, other, elsewhere };
	for (unsigned i = 0; i < 4; i++)
		changes_unref(all[i]);
	ixfr_kept_done(&kept);
	ixfr_kept_done(&none);
}

static void what_was_condensed_for_a_former_version_is_not_given(void **state) {
	struct past *p = *state;
	struct ixfr_kept kept = { .next = 0 };
	changes_unref(ixfr_choose(&kept, p->last, 5));
	go_on(p, version(9, 1, ""));
	struct changes *now = ixfr_choose(&kept, p->last, 5);
	assert_int_equal(now->steps[now->count - 1]->to, 9);
	changes_unref(now);
	ixfr_kept_done(&kept);
}

/* The memory is bounded, whatever is asked for. */
static void of_what_was_condensed_the_newest_are_kept(void **state) {
	struct past *p = *state;
	struct ixfr_kept kept = { .next = 0 };
	for (uint32_t serial = 9; serial < 9 + IXFR_KEPT; serial++)
		go_on(p, version(serial, serial, ""));
	struct changes *oldest = ixfr_choose(&kept, p->last, 5);
	for (uint32_t serial = 6; serial < 6 + IXFR_KEPT; serial++)
		changes_unref(ixfr_choose(&kept, p->last, serial));
	struct changes *again = ixfr_choose(&kept, p->last, 5);
	assert_non_null(again);
	assert_ptr_not_equal(oldest, again);
	changes_unref(oldest);
	changes_unref(again);
	ixfr_kept_done(&kept);
}

static void serial_that_is_not_known_gets_the_whole_zone(void **state) {
	struct past *p = *state;
	publish(p);
	ask_ixfr(p->lab, 4, SERVE_TCP);
	struct received r = pull(p->lab, 65535, NULL);
	assert_int_equal(r.records, version_records(p->last) + 1);
	assert_int_equal(lab_lines(p->lab->text, " SOA "), 2);
}

static void differences_longer_than_the_zone_are_not_sent(void **state) {
	struct past *p = *state;
	char extra[HOSTS_TEXT - 400] = "";
	for (unsigned i = 0; i < 60; i++)
		text_add(extra, sizeof(extra), "h%u A 192.0.2.%u\n", i, i);
	go_on(p, version(9, 1, extra));
	go_on(p, version(10, 1, ""));
	publish(p);
	ask_ixfr(p->lab, 9, SERVE_TCP);
	struct received r = pull(p->lab, 65535, NULL);
	assert_int_equal(r.records, version_records(p->last) + 1);
	/* Both ways together are nothing. */
	ask_ixfr(p->lab, 8, SERVE_TCP);
	r = pull(p->lab, 65535, NULL);
	assert_int_equal(lab_lines(p->lab->text, " SOA "), 4);
}

static void small_messages_lose_no_record(void **state) {
	struct past *p = *state;
	publish(p);
	ask_ixfr(p->lab, 7, SERVE_TCP);
	struct received r = pull(p->lab, 150, NULL);
	assert_int_equal(r.end, 0);
	assert_int_equal(r.records, 7);
	assert_true(r.messages > 1);
}

static void differences_go_by_udp_when_they_fit(void **state) {
	struct past *p = *state;
	publish(p);
	ask_ixfr(p->lab, 7, SERVE_UDP);
	assert_non_null(strstr(lab_show(p->lab), "NOERROR aa\n" SOA("8") SOA("7")));
	assert_int_equal(lab_lines(p->lab->text, "\n"), 8);
	assert_null(p->lab->stream);
}

static void differences_that_do_not_fit_a_datagram_are_asked_for_by_tcp(void **state) {
	struct past *p = *state;
	char extra[HOSTS_TEXT - 400] = "";
	for (unsigned i = 0; i < 60; i++)
		text_add(extra, sizeof(extra), "h%u A 192.0.2.%u\n", i, i);
	go_on(p, version(9, 1, extra));
	publish(p);
	ask_ixfr(p->lab, 8, SERVE_UDP);
	assert_string_equal(lab_show(p->lab), "NOERROR aa\n" SOA("9"));
}

/* A client that has serial 8 has most likely the first of the two: nothing told it to come again. */
static void same_serial_twice_on_the_way_gets_the_whole_zone(void **state) {
	struct past *p = *state;
	go_on(p, version(8, 9, "")); /* changed, and the serial forgotten */
	go_on(p, version(9, 9, ""));
	go_on(p, version(10, 9, ""));
	publish(p);
	for (uint32_t serial = 7; serial <= 9; serial++) {
		ask_ixfr(p->lab, serial, SERVE_TCP);
		(void)pull(p->lab, 65535, NULL); /* its text is looked at */
		assert_int_equal(lab_lines(p->lab->text, " SOA "), serial < 9 ? 2 : 4);
	}
}

/* Back to 6 and up again to 8: the way from 8 may begin at either. */
static void serial_that_came_again_after_an_older_one_gets_the_whole_zone(void **state) {
	struct past *p = *state;
	go_on(p, version(6, 5, ""));
	go_on(p, version(8, 6, ""));
	go_on(p, version(9, 7, ""));
	publish(p);
	ask_ixfr(p->lab, 8, SERVE_TCP);
	(void)pull(p->lab, 65535, NULL); /* its text is looked at */
	assert_int_equal(lab_lines(p->lab->text, " SOA "), 2);
}

static void stalled_transfer_gives_its_place_back(void **state) {
	struct past *p = *state;
	p->lab->settings.transfer_out_timeout_s = 10;
	lab_configure(p->lab);
	publish(p);
	ask_ixfr(p->lab, 7, SERVE_TCP);
	struct moment late = lab_now();
	late.mono_ms += 9999;
	assert_true(serve_stream_next(p->lab->stream, late, p->lab->answer, 150) > 0);
	late.mono_ms += 1;
	assert_int_equal(serve_stream_next(p->lab->stream, late, p->lab->answer, 150), -1);
}

static void client_with_its_share_is_put_off(void **state) {
	struct past *p = *state;
	struct serve_counters c;
	p->lab->settings.transfers_out_max = 10;
	p->lab->settings.transfers_out_per_client = 1;
	lab_configure(p->lab);
	publish(p);
	ask_ixfr(p->lab, 7, SERVE_TCP);
	struct serve_stream *first = p->lab->stream;
	p->lab->stream = NULL;
	ask_ixfr(p->lab, 7, SERVE_TCP);
	assert_null(p->lab->stream);
	assert_string_equal(lab_show(p->lab), "SERVFAIL\n");
	serve_count(p->lab->serve, &c);
	assert_int_equal(c.transfers_full, 1);
	serve_stream_free(first);
	ask_ixfr(p->lab, 7, SERVE_TCP);
	assert_non_null(p->lab->stream);
}

int main(void) {
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(one_step_is_sent_as_it_is),
		ROW(steps_that_undo_each_other_are_sent_condensed),
		ROW(who_asks_for_the_same_gets_what_was_condensed_once),
		ROW(what_was_condensed_for_a_former_version_is_not_given),
		ROW(of_what_was_condensed_the_newest_are_kept),
		ROW(serial_that_is_not_known_gets_the_whole_zone),
		ROW(differences_longer_than_the_zone_are_not_sent),
		ROW(small_messages_lose_no_record),
		ROW(differences_go_by_udp_when_they_fit),
		ROW(differences_that_do_not_fit_a_datagram_are_asked_for_by_tcp),
		ROW(same_serial_twice_on_the_way_gets_the_whole_zone),
		ROW(serial_that_came_again_after_an_older_one_gets_the_whole_zone),
		ROW(stalled_transfer_gives_its_place_back),
		ROW(client_with_its_share_is_put_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

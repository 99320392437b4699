#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "transfer/history.h"

static struct attempt attempt_of(uint16_t asked, uint32_t serial, bool ok) {
	struct attempt a = {
		.time_s = serial, .asked = asked, .ok = ok, .has_serial = true, .serial = serial
	};
	if (!ok) why_set(&a.why, REASON_REFUSED, "number %u", serial);
	return a;
}

static void the_newest_attempts_are_kept_newest_first(void **state) {
	(void)state;
	struct packed p = { 0 };
	struct history *h = NULL;
	struct attempt out[ATTEMPTS_KEPT];
	assert_int_equal(history_read(h, out), 0);
	for (uint32_t i = 1; i <= 20; i++) {
		struct attempt a = attempt_of(RR_AXFR, i, i % 2);
		h = history_add(&p, h, &a);
	}
	assert_int_equal(history_read(h, out), ATTEMPTS_KEPT);
	for (uint32_t i = 0; i < ATTEMPTS_KEPT; i++) {
		assert_int_equal(out[i].serial, 20 - i);
		assert_int_equal(out[i].ok, (20 - i) % 2);
		assert_int_equal(out[i].why.reason, out[i].ok ? REASON_NONE : REASON_REFUSED);
	}
	history_free(h);
	packed_done(&p);
}

static void questions_that_find_nothing_new_are_one_entry(void **state) {
	(void)state;
	struct packed p = { 0 };
	struct history *h = NULL;
	struct attempt out[ATTEMPTS_KEPT], a = attempt_of(RR_SOA, 5, true);
	for (int64_t i = 1; i <= 100; i++) {
		a.time_s = i;
		h = history_add(&p, h, &a);
	}
	assert_int_equal(history_read(h, out), 1);
	assert_int_equal(out[0].time_s, 100);
	a.serial = 6;
	h = history_add(&p, h, &a);
	assert_int_equal(history_read(h, out), 2);
	history_free(h);
	packed_done(&p);
}

static void failures_are_each_kept(void **state) {
	(void)state;
	struct packed p = { 0 };
	struct history *h = NULL;
	struct attempt out[ATTEMPTS_KEPT], a = attempt_of(RR_SOA, 5, false);
	h = history_add(&p, h, &a);
	h = history_add(&p, h, &a);
	assert_int_equal(history_read(h, out), 2);
	assert_string_equal(out[1].why.evidence, "number 5");
	history_free(h);
	packed_done(&p);
}

static void what_came_and_the_key_are_kept(void **state) {
	(void)state;
	struct attempt out[ATTEMPTS_KEPT], a = attempt_of(RR_IXFR, 5, true);
	struct tsig_key key = { .algorithm = TSIG_HMAC_SHA256 };
	assert_int_equal(name_parse("k1.example", &key.name), OK);
	a.got = ATTEMPT_AXFR_FOR_IXFR;
	a.has_before = true;
	a.before = 3;
	attempt_set_key(&a, &key);
	struct packed p = { 0 };
	struct history *h = history_add(&p, NULL, &a);
	a.ok = false;
	h = history_add(&p, h, &a);
	assert_int_equal(history_read(h, out), 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(out[i].got, ATTEMPT_AXFR_FOR_IXFR);
		assert_true(out[i].has_before && out[i].before == 3);
		assert_true(out[i].tsig && name_equal(out[i].key.wire, key.name.wire));
	}
	history_free(h);
	packed_done(&p);
}

static void all_that_an_attempt_says_is_kept(void **state) {
	(void)state;
	static const char *const addresses[] = { "192.0.2.1@5353", "2001:db8::53" };
	struct packed p = { 0 };
	struct history *h = NULL;
	struct attempt out[ATTEMPTS_KEPT], a = attempt_of(RR_AXFR, UINT32_MAX, true);
	a.time_s = INT64_MAX;
	a.records = a.bytes = UINT64_MAX;
	a.messages = 127;
	a.ms = 128;
	a.transport = UINT8_MAX;
	a.got = ATTEMPT_AXFR_FOR_IXFR;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(addr_parse(addresses[i], 53, &a.primary), OK);
		h = history_add(&p, h, &a);
	}
	assert_int_equal(history_read(h, out), 2);
	assert_memory_equal(&out[0], &a, sizeof(a));
	assert_int_equal(out[1].primary.family, AF_INET);
	assert_int_equal(out[1].primary.port, 5353);
	history_free(h);
	packed_done(&p);
}

static void what_failed_the_same_way_is_told_of_each(void **state) {
	(void)state;
	static const char *const texts[] = { "connection refused", "no answer", "connection refused" };
	struct packed p = { 0 };
	struct history *h = NULL;
	struct attempt out[ATTEMPTS_KEPT], a = attempt_of(RR_SOA, 1, false);
	for (uint32_t i = 0; i < 3 * ATTEMPTS_KEPT; i++) {
		a.time_s = i;
		why_set(&a.why, i % 3 ? REASON_TIMEOUT : REASON_UNREACHABLE, "%s", texts[i % 3]);
		h = history_add(&p, h, &a);
		unsigned count = history_read(h, out);
		for (uint32_t k = 0; k < count; k++) {
			assert_int_equal(out[k].time_s, i - k);
			assert_string_equal(out[k].why.evidence, texts[(i - k) % 3]);
			assert_int_equal(out[k].why.reason,
			                 (i - k) % 3 ? REASON_TIMEOUT : REASON_UNREACHABLE);
		}
	}
	history_free(h);
	packed_done(&p);
}

static struct why long_text(unsigned number) {
	struct why why;
	why_set(&why, REASON_REFUSED, "%02u%0237u", number, number);
	return why;
}

static void long_ones_are_as_many_as_there_is_room_for(void **state) {
	(void)state;
	struct packed p = { 0 };
	struct history *h = NULL;
	struct attempt out[ATTEMPTS_KEPT], a = attempt_of(RR_AXFR, UINT32_MAX, false);
	struct tsig_key key = { .algorithm = TSIG_HMAC_SHA256 };
	char text[64 * 4];
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 63 == 62 ? '.' : 'a';
	text[251] = '\0';
	assert_int_equal(name_parse(text, &key.name), OK);
	attempt_set_key(&a, &key);
	assert_int_equal(addr_parse("2001:db8::53", 53, &a.primary), OK);
	a.has_before = true;
	a.time_s = INT64_MAX;
	a.before = a.messages = a.ms = UINT32_MAX;
	a.records = a.bytes = UINT64_MAX;
	for (unsigned i = 0; i < 2 * ATTEMPTS_KEPT; i++) {
		a.why = long_text(i);
		h = history_add(&p, h, &a);
		unsigned count = history_read(h, out);
		assert_int_equal(count, i < ATTEMPTS_KEPT - 1 ? i + 1 : ATTEMPTS_KEPT - 1);
		for (unsigned k = 0; k < count; k++)
			assert_string_equal(out[k].why.evidence, long_text(i - k).evidence);
		assert_memory_equal(&out[0], &a, sizeof(a));
	}
	history_free(h);
	packed_done(&p);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_attempts_are_kept_newest_first),
		cmocka_unit_test(questions_that_find_nothing_new_are_one_entry),
		cmocka_unit_test(failures_are_each_kept),
		cmocka_unit_test(what_came_and_the_key_are_kept),
		cmocka_unit_test(what_failed_the_same_way_is_told_of_each),
		cmocka_unit_test(long_ones_are_as_many_as_there_is_room_for),
		cmocka_unit_test(all_that_an_attempt_says_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

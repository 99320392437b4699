/* The limiter alone: what is one account and what is not, bursts and refilling, the order of slips, networks,
 * exemptions, the clock going round, a line of accounts that is full, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "rate_lab.h"

#define WWW RATE_POSITIVE, "www.example."

/* -- bursts ----------------------------------------------------------------------------------------------------- */

static void nothing_limited_is_no_limiter(void **state) {
	(void)state;
	struct rate_limit *l = limiter(limit_of(0));
	assert_null(l);
	assert_int_equal(sent(l, "192.0.2.1", WWW, START_MS, 100000), 100000);
	rate_limit_report(l, NULL, at(START_MS));
	rate_limit_free(l);
}

static void burst_is_a_seconds_worth(void **state) {
	(void)state;
	static const uint32_t limits[] = { 1, 4, 5, 20, 200, 1000, 50000 };
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rate_limit *l = limiter(limit_of(limits[i]));
		unsigned n = sent(l, "192.0.2.1", WWW, START_MS, limits[i] * 3 + 10);
		assert_in_range(n, limits[i] - limits[i] / 100, limits[i] + limits[i] / 100);
		rate_limit_free(l);
	}
}

static void credit_comes_back_with_time(void **state) {
	(void)state;
	struct rate_limit *l = limiter(limit_of(200));
	assert_int_equal(sent(l, "192.0.2.1", WWW, START_MS, 1000), 200);
	assert_int_equal(sent(l, "192.0.2.1", WWW, START_MS, 1000), 0);
	assert_int_equal(sent(l, "192.0.2.1", WWW, START_MS + 4, 1000), 0);
	assert_int_equal(sent(l, "192.0.2.1", WWW, START_MS + 5, 1000), 1);
	assert_int_equal(sent(l, "192.0.2.1", WWW, START_MS + 105, 1000), 20);
	/* After long silence: no more than a burst. */
	assert_int_equal(sent(l, "192.0.2.1", WWW, START_MS + 60000, 1000), 200);
	rate_limit_free(l);
}

static void below_the_limit_nothing_is_held(void **state) {
	(void)state;
	struct rate_limit *l = limiter(limit_of(200));
	for (int64_t ms = START_MS; ms < START_MS + 60000; ms += 5)
		assert_int_equal(sent(l, "192.0.2.1", WWW, ms, 1), 1);
	rate_limit_free(l);
}

static void flood_is_cut_to_the_limit(void **state) {
	(void)state;
	struct rate_limit *l = limiter(limit_of(200));
	unsigned n = 0;
	for (int64_t ms = START_MS; ms < START_MS + 60000; ms++)
		n += sent(l, "192.0.2.1", WWW, ms, 2);
	assert_in_range(n, 60 * 200, 61 * 200);
	rate_limit_free(l);
}

static void slowest_limit_of_one_a_second_holds(void **state) {
	(void)state;
	struct rate_limit *l = limiter(limit_of(1));
	unsigned n = 0;
	for (int64_t ms = START_MS; ms < START_MS + 20000; ms += 10)
		n += sent(l, "192.0.2.1", WWW, ms, 1);
	assert_in_range(n, 20, 21);
	rate_limit_free(l);
}

/* -- slip ------------------------------------------------------------------------------------------------------- */

static struct tally held_of(unsigned slip, unsigned count) {
	struct rate_settings s = limit_of(200);
	s.slip = slip;
	struct rate_limit *l = limiter(s);
	assert_int_equal(sent(l, "192.0.2.1", WWW, START_MS, 200), 200);
	struct tally t = flood(l, "192.0.2.1", WWW, RR_A, START_MS, count);
	rate_limit_free(l);
	return t;
}

static void slip_is_every_nth(void **state) {
	(void)state;
	static const unsigned slipped[] = { 0, 60, 30, 20, 15, 12 };
	for (unsigned slip = 0; slip < sizeof(slipped) / sizeof(slipped[0]); slip++) {
		struct tally t = held_of(slip, 60);
		assert_int_equal(t.sent, 0);
		assert_int_equal(t.slipped, slipped[slip]);
		assert_int_equal(t.dropped, 60 - slipped[slip]);
	}
	assert_int_equal(held_of(RATE_SLIP_MAX, 2 * RATE_SLIP_MAX + 1).slipped, 3);
}

static void first_that_is_held_slips(void **state) {
	(void)state;
	assert_int_equal(held_of(2, 1).slipped, 1);
	assert_int_equal(held_of(10, 1).slipped, 1);
}

/* -- what is one account ------------------------------------------------------------------------------------------ */

/* Used up for www.example. A at START_MS. */
static struct rate_limit *limiter_used_up(void) {
	struct rate_limit *l = limiter(limit_of(200));
	assert_int_equal(sent(l, "192.0.2.1", WWW, START_MS, 1000), 200);
	return l;
}

static void case_of_the_name_is_nothing(void **state) {
	(void)state;
	struct rate_limit *l = limiter_used_up();
	assert_int_equal(sent(l, "192.0.2.1", RATE_POSITIVE, "wWw.EXAMPLE.", START_MS, 10), 0);
	rate_limit_free(l);
}

static void other_answers_have_accounts_of_their_own(void **state) {
	(void)state;
	struct rate_limit *l = limiter_used_up();
	assert_int_equal(sent(l, "192.0.2.1", RATE_POSITIVE, "ftp.example.", START_MS, 10), 10);
	assert_int_equal(sent(l, "192.0.2.1", RATE_POSITIVE, "ww.example.", START_MS, 10), 10);
	assert_int_equal(flood(l, "192.0.2.1", WWW, RR_AAAA, START_MS, 10).sent, 10);
	assert_int_equal(flood(l, "192.0.2.1", RATE_WILDCARD, "www.example.", RR_A, START_MS, 10).sent, 10);
	assert_int_equal(sent(l, "192.0.2.1", RATE_NODATA, "www.example.", START_MS, 10), 10);
	assert_int_equal(sent(l, "192.0.2.1", RATE_NXDOMAIN, "www.example.", START_MS, 10), 10);
	assert_int_equal(sent(l, "192.0.2.1", RATE_REFERRAL, "www.example.", START_MS, 10), 10);
	assert_int_equal(sent(l, "192.0.2.1", RATE_ERROR, NULL, START_MS, 10), 10);
	rate_limit_free(l);
}

static void longest_names_differ_in_their_last_octet(void **state) {
	(void)state;
	struct rate_limit *l = limiter(limit_of(200));
	struct name a = { .len = 0 };
	for (unsigned label = 0; label < 127; label++) {
		a.wire[a.len++] = 1;
		a.wire[a.len++] = 'a';
	}
	a.wire[a.len++] = 0;
	struct rate_answer answer = { RATE_POSITIVE, RR_A, a.wire };
	struct addr from = peer("192.0.2.1");
	struct tally t = { 0 };
	for (unsigned i = 0; i < 1000; i++)
		tally_add(&t, rate_limit_check(l, &from, &answer, at(START_MS)));
	assert_int_equal(t.sent, 200);
	a.wire[NAME_MAX_LEN - 2] = 'b';
	assert_int_equal(rate_limit_check(l, &from, &answer, at(START_MS)), RATE_SEND);
	rate_limit_free(l);
}

static void each_class_has_its_limit(void **state) {
	(void)state;
	struct rate_settings s = limit_of(0);
	for (unsigned i = 0; i < RATE_ALL; i++)
		s.per_s[i] = 100 * (i + 1);
	struct rate_limit *l = limiter(s);
	/* The meter is over by the first; the others have their accounts' three quarters. */
	assert_int_equal(sent(l, "192.0.2.1", RATE_POSITIVE, "z.", START_MS, 2000), 100);
	for (unsigned i = 1; i < RATE_ALL; i++)
		assert_int_equal(sent(l, "192.0.2.1", (enum rate_class)i, "z.", START_MS, 2000),
		                 75 * (i + 1));
	for (unsigned i = 0; i < RATE_ALL; i++)
		assert_int_equal(sent(l, "192.0.2.1", (enum rate_class)i, "z.", START_MS + 100, 2000),
		                 10 * (i + 1));
	rate_limit_free(l);
}

static void class_without_limit_is_sent(void **state) {
	(void)state;
	struct rate_settings s = limit_of(200);
	s.per_s[RATE_NXDOMAIN] = 0;
	struct rate_limit *l = limiter(s);
	assert_int_equal(sent(l, "192.0.2.1", WWW, START_MS, 1000), 200);
	assert_int_equal(sent(l, "192.0.2.1", RATE_NXDOMAIN, "example.", START_MS, 100000), 100000);
	rate_limit_free(l);
}

static void all_answers_together_are_limited(void **state) {
	(void)state;
	struct rate_settings s = limit_of(200);
	s.per_s[RATE_ALL] = 1600;
	struct rate_limit *l = limiter(s);
	unsigned n = 0, seconds = 5;
	char name[32];
	for (unsigned i = 0; i < 5000 * seconds; i++) {
		snprintf(name, sizeof(name), "host%u.example.", i);
		n += sent(l, "192.0.2.1", RATE_POSITIVE, name, START_MS + i / 5, 1);
	}
	assert_in_range(n, 1600 * seconds, 1600 * (seconds + 1));
	rate_limit_free(l);
}

/* A flood for one name must not use up what the same network has for others. */
static void held_answers_do_not_count_together(void **state) {
	(void)state;
	struct rate_settings s = limit_of(200);
	s.per_s[RATE_ALL] = 1600;
	struct rate_limit *l = limiter(s);
	assert_int_equal(sent(l, "192.0.2.1", WWW, START_MS, 100000), 200);
	assert_int_equal(sent(l, "192.0.2.1", RATE_POSITIVE, "ftp.example.", START_MS, 100), 100);
	rate_limit_free(l);
}

static void many_names_are_not_one_answer(void **state) {
	(void)state;
	struct rate_limit *l = limiter(limit_of(200));
	char name[32];
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "host%u.example.", i % 1000);
		assert_int_equal(sent(l, "192.0.2.1", RATE_POSITIVE, name, START_MS + i / 10, 1), 1);
	}
	rate_limit_free(l);
}

/* -- networks ----------------------------------------------------------------------------------------------------- */

static bool same_network(unsigned ipv4_prefix, unsigned ipv6_prefix, const char *one, const char *other) {
	struct rate_settings s = limit_of(200);
	s.ipv4_prefix = ipv4_prefix;
	s.ipv6_prefix = ipv6_prefix;
	struct rate_limit *l = limiter(s);
	assert_int_equal(sent(l, one, WWW, START_MS, 1000), 200);
	unsigned n = sent(l, other, WWW, START_MS, 10);
	rate_limit_free(l);
	assert_true(n == 0 || n == 10);
	return n == 0;
}

static void networks_are_as_wide_as_configured(void **state) {
	(void)state;
	assert_true(same_network(24, 64, "192.0.2.1", "192.0.2.255"));
	assert_false(same_network(24, 64, "192.0.2.1", "192.0.3.1"));
	assert_false(same_network(32, 64, "192.0.2.1", "192.0.2.2"));
	assert_true(same_network(31, 64, "192.0.2.2", "192.0.2.3"));
	assert_false(same_network(31, 64, "192.0.2.1", "192.0.2.2"));
	assert_true(same_network(1, 64, "1.2.3.4", "127.0.0.1"));
	assert_false(same_network(1, 64, "1.2.3.4", "128.0.0.1"));
	assert_true(same_network(24, 64, "2001:db8::1", "2001:db8::ffff:1:2:3"));
	assert_false(same_network(24, 64, "2001:db8::1", "2001:db8:0:1::1"));
	assert_true(same_network(24, 65, "2001:db8::7fff:1:2:3", "2001:db8::1"));
	assert_false(same_network(24, 65, "2001:db8::8000:1:2:3", "2001:db8::1"));
	assert_false(same_network(24, 128, "2001:db8::1", "2001:db8::2"));
	assert_true(same_network(24, 127, "2001:db8::2", "2001:db8::3"));
	assert_true(same_network(24, 1, "2001:db8::1", "7fff::1"));
	assert_false(same_network(24, 1, "2001:db8::1", "8001::1"));
	assert_false(same_network(24, 64, "192.0.2.1", "c000:201::"));
	assert_true(same_network(24, 64, "192.0.2.1@53", "192.0.2.1@4711"));
}

static void exempt_networks_are_never_limited(void **state) {
	(void)state;
	struct rate_settings s = limit_of(200);
	struct addr_prefix exempt[2];
	assert_int_equal(addr_prefix_parse("192.0.2.128/25", &exempt[0]), OK);
	assert_int_equal(addr_prefix_parse("2001:db8::/32", &exempt[1]), OK);
	s.exempt = exempt;
	s.exempt_count = 2;
	struct rate_limit *l = limiter(s);
	memset(exempt, 0, sizeof(exempt)); /* it has a copy */
	assert_int_equal(sent(l, "192.0.2.129", WWW, START_MS, 5000), 5000);
	assert_int_equal(sent(l, "2001:db8:1::1", WWW, START_MS, 5000), 5000);
	/* The rest of the same /24 has its own account. */
	assert_in_range(sent(l, "192.0.2.1", WWW, START_MS, 5000), 150, 200);
	rate_limit_free(l);
}

/* -- time ----------------------------------------------------------------------------------------------------------- */

static void clock_goes_round(void **state) {
	(void)state;
	/* The meter's 32 bits and the account's 40 bits of ticks, 16384 a millisecond; and the end of 64 bits. */
	static const int64_t rounds[] = { INT64_C(1) << 18, INT64_C(1) << 26, INT64_C(1) << 49 };
	for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++) {
		struct rate_limit *l = limiter(limit_of(200));
		unsigned n = 0;
		for (int64_t ms = rounds[i] - 10000; ms < rounds[i] + 10000; ms++)
			n += sent(l, "192.0.2.1", WWW, ms, 2);
		assert_in_range(n, 20 * 200, 21 * 200);
		rate_limit_free(l);
	}
}

static void fresh_table_is_full_of_credit_at_any_time(void **state) {
	(void)state;
	for (int64_t ms = 0; ms < (INT64_C(1) << 28); ms += 765432) {
		struct rate_limit *l = limiter(limit_of(20));
		assert_in_range(sent(l, "192.0.2.1", WWW, ms, 100), 15, 20);
		rate_limit_free(l);
	}
}

static void account_of_days_ago_is_full(void **state) {
	(void)state;
	struct rate_limit *l = limiter_used_up();
	for (int64_t days = 1; days < 40; days++)
		assert_in_range(sent(l, "192.0.2.1", WWW, START_MS + days * 86400000, 1000), 150, 200);
	rate_limit_free(l);
}

/* Workers read the clock once a batch: theirs may be somewhat behind. */
static void clock_of_another_worker_is_behind(void **state) {
	(void)state;
	struct rate_limit *l = limiter(limit_of(200));
	unsigned n = 0;
	for (int64_t ms = START_MS; ms < START_MS + 20000; ms++) {
		n += sent(l, "192.0.2.1", WWW, ms, 1);
		n += sent(l, "192.0.2.1", WWW, ms - ms % 300, 1);
	}
	assert_in_range(n, 20 * 200 - 70, 21 * 200);
	rate_limit_free(l);
}

/* One that was kept from running for seconds neither passes what is too much nor makes others do so. */
static void clock_of_another_worker_is_seconds_behind(void **state) {
	(void)state;
	for (int64_t behind_ms = 500; behind_ms <= 8000; behind_ms += 500) {
		struct rate_limit *l = limiter(limit_of(200));
		unsigned n = 0;
		for (int64_t ms = START_MS; ms < START_MS + 20000; ms++) {
			n += sent(l, "192.0.2.1", WWW, ms, 1);
			n += sent(l, "192.0.2.1", WWW, ms - behind_ms, 1);
		}
		assert_in_range(n, 20 * 200, 21 * 200 + behind_ms / 5); /* from the earlier beginning on */
		rate_limit_free(l);
	}
}

/* -- the table ------------------------------------------------------------------------------------------------------ */

/* More accounts in use at once than there are words: those over their limit stay. */
static void full_table_keeps_the_heavy(void **state) {
	(void)state;
	enum { NETWORKS = 200000 };
	struct rate_settings s = limit_of(2);
	s.ipv4_prefix = 32;
	struct rate_limit *l = limiter(s);
	struct rate_answer answer = { .class = RATE_ERROR };
	struct addr heavy = peer("192.0.2.1");
	unsigned n = 0;
	for (uint32_t i = 0; i < NETWORKS; i++) {
		struct addr a = { .family = AF_INET,
			          .ip = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };
		(void)rate_limit_check(l, &a, &answer, at(START_MS));
		if (i % 100 == 0) n += rate_limit_check(l, &heavy, &answer, at(START_MS)) == RATE_SEND;
	}
	assert_in_range(n, 1, 2);
	rate_limit_free(l);
}

static void settings_are_compared(void **state) {
	(void)state;
	struct addr_prefix exempt;
	assert_int_equal(addr_prefix_parse("192.0.2.0/24", &exempt), OK);
	struct rate_settings s = limit_of(200), other;
	s.exempt = &exempt;
	s.exempt_count = 1;
	struct rate_limit *l = limiter(s);
	assert_true(rate_limit_has(l, &s));
	assert_false(rate_limit_has(NULL, &s));
	other = s;
	other.per_s[RATE_ERROR]++;
	assert_false(rate_limit_has(l, &other));
	other = s;
	other.slip++;
	assert_false(rate_limit_has(l, &other));
	other = s;
	other.ipv6_prefix--;
	assert_false(rate_limit_has(l, &other));
	other = s;
	other.exempt_count = 0;
	assert_false(rate_limit_has(l, &other));
	exempt.len = 23;
	assert_false(rate_limit_has(l, &s));
	rate_limit_free(l);
}

/* -- threads -------------------------------------------------------------------------------------------------------- */

enum { THREADS = 4, THREAD_MS = 10000, PER_MS = 2 };

struct hammer {
	struct rate_limit *limit;
	struct tally tally;
	pthread_barrier_t *together;
};

/* Each at a fourth of ten times 200; the clock goes on for all at once every 100 ms. */
static void *hammer_run(void *ctx) {
	struct hammer *h = ctx;
	struct name storage;
	struct rate_answer answer = answer_of(RATE_NXDOMAIN, "example.", 0, &storage);
	struct addr from = peer("192.0.2.1");
	for (int64_t ms = 0; ms < THREAD_MS; ms++) {
		if (ms % 100 == 0) pthread_barrier_wait(h->together);
		for (unsigned i = 0; i < PER_MS; i++)
			tally_add(&h->tally, rate_limit_check(h->limit, &from, &answer, at(START_MS + ms)));
	}
	return NULL;
}

static void threads_share_one_limit(void **state) {
	(void)state;
	struct rate_limit *l = limiter(limit_of(200));
	struct hammer hammers[THREADS];
	pthread_t threads[THREADS];
	pthread_barrier_t together;
	unsigned n = 0, slipped = 0, dropped = 0;
	pthread_barrier_init(&together, NULL, THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		hammers[i] = (struct hammer){ .limit = l, .together = &together };
		assert_int_equal(pthread_create(&threads[i], NULL, hammer_run, &hammers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		n += hammers[i].tally.sent;
		slipped += hammers[i].tally.slipped;
		dropped += hammers[i].tally.dropped;
	}
	pthread_barrier_destroy(&together);
	/* Besides the burst of a second. */
	print_message("sent %u, slipped %u, dropped %u\n", n, slipped, dropped);
	assert_in_range(n - 200, 2000 * 95 / 100, 2000 * 105 / 100);
	assert_in_range(slipped, dropped * 95 / 100, dropped * 105 / 100);
	rate_limit_free(l);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_limited_is_no_limiter),
		cmocka_unit_test(burst_is_a_seconds_worth),
		cmocka_unit_test(credit_comes_back_with_time),
		cmocka_unit_test(below_the_limit_nothing_is_held),
		cmocka_unit_test(flood_is_cut_to_the_limit),
		cmocka_unit_test(slowest_limit_of_one_a_second_holds),
		cmocka_unit_test(slip_is_every_nth),
		cmocka_unit_test(first_that_is_held_slips),
		cmocka_unit_test(case_of_the_name_is_nothing),
		cmocka_unit_test(other_answers_have_accounts_of_their_own),
		cmocka_unit_test(longest_names_differ_in_their_last_octet),
		cmocka_unit_test(each_class_has_its_limit),
		cmocka_unit_test(class_without_limit_is_sent),
		cmocka_unit_test(all_answers_together_are_limited),
		cmocka_unit_test(held_answers_do_not_count_together),
		cmocka_unit_test(many_names_are_not_one_answer),
		cmocka_unit_test(networks_are_as_wide_as_configured),
		cmocka_unit_test(exempt_networks_are_never_limited),
		cmocka_unit_test(clock_goes_round),
		cmocka_unit_test(fresh_table_is_full_of_credit_at_any_time),
		cmocka_unit_test(account_of_days_ago_is_full),
		cmocka_unit_test(clock_of_another_worker_is_behind),
		cmocka_unit_test(clock_of_another_worker_is_seconds_behind),
		cmocka_unit_test(full_table_keeps_the_heavy),
		cmocka_unit_test(settings_are_compared),
		cmocka_unit_test(threads_share_one_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

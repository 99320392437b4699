/* A server's minutes in a false clock: an attacked network, an innocent one, and a hundred thousand others; then a
 * table that is nearly full; then schedules by chance, for which the bound must hold in every window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dns/name.h"
#include "dns/rrtype.h"
#include "serve/rate_limit.h"

enum { PER_S = 200, ATTACK_PER_S = 10 * PER_S, INNOCENT_PER_S = PER_S / 2 };

struct tally {
	uint64_t sent, slipped, dropped;
};

static void tally_add(struct tally *t, enum rate_verdict v) {
	if (v == RATE_SEND) t->sent++;
	if (v == RATE_SLIP) t->slipped++;
	if (v == RATE_DROP) t->dropped++;
}

static struct rate_limit *limiter(uint32_t per_s, uint32_t all_per_s) {
	struct random r = random_secure();
	struct rate_settings s = { .per_s = { per_s, per_s, per_s, per_s, per_s, per_s, all_per_s },
		                   .slip = 2,
		                   .ipv4_prefix = 24,
		                   .ipv6_prefix = 64 };
	return rate_limit_new(&s, &r);
}

/* Network number n of block, a /24, some host in it. */
static struct addr host_of(uint8_t block, uint32_t n, uint32_t host) {
	return (struct addr){ .family = AF_INET,
		              .ip = { (uint8_t)(block + (n >> 16)), (uint8_t)(n >> 8), (uint8_t)n,
		                      (uint8_t)host } };
}

static struct rate_answer positive(const char *text, struct name *storage) {
	assert_int_equal(name_parse(text, storage), OK);
	return (struct rate_answer){ RATE_POSITIVE, RR_A, storage->wire };
}

/* -- one network is attacked --------------------------------------------------------------------------------------- */

enum { SECONDS = 60, OTHERS = 100000, OTHERS_PER_MS = 200, BUSY = 100 };

struct world {
	struct rate_limit *limit;
	struct random random;
	struct rate_answer answer;
	struct tally attacked, innocent, others;
	int64_t ms;
};

static void asks(struct world *w, struct addr from, struct tally *t) {
	struct moment now = { .mono_ms = w->ms };
	tally_add(t, rate_limit_check(w->limit, &from, &w->answer, now));
}

/* Every tenth of the others' questions comes from a hundred busy networks: 200 a second each, all but attacking. */
static void others_ask(struct world *w) {
	for (unsigned i = 0; i < OTHERS_PER_MS; i++) {
		uint32_t n = i % 10 == 0 ? (uint32_t)(w->ms * (OTHERS_PER_MS / 10) + i / 10) % BUSY
		                         : BUSY + random_below(&w->random, OTHERS - BUSY);
		asks(w, host_of(64, n, i), &w->others);
	}
}

static void attack_is_cut_and_nobody_else_notices(void **state) {
	(void)state;
	struct name storage;
	struct world w = { .limit = limiter(PER_S, 8 * PER_S), .random = random_seeded(1) };
	w.answer = positive("www.example.", &storage);
	for (w.ms = 0; w.ms < SECONDS * 1000; w.ms++) {
		for (unsigned i = 0; i < ATTACK_PER_S / 1000; i++)
			asks(&w, host_of(10, 1, random_below(&w.random, 256)), &w.attacked);
		if (w.ms % (1000 / INNOCENT_PER_S) == 0)
			asks(&w, host_of(10, 2, (uint32_t)w.ms), &w.innocent);
		others_ask(&w);
	}
	uint64_t held = w.attacked.slipped + w.attacked.dropped;
	print_message("attacked: %lu sent, %lu slipped, %lu dropped; innocent: %lu sent, %lu held; "
	              "%d others: %lu sent, %lu held\n",
	              w.attacked.sent, w.attacked.slipped, w.attacked.dropped, w.innocent.sent,
	              w.innocent.slipped + w.innocent.dropped, OTHERS, w.others.sent,
	              w.others.slipped + w.others.dropped);
	assert_in_range(w.attacked.sent, SECONDS * PER_S, (SECONDS + 1) * PER_S);
	assert_in_range(w.attacked.slipped, held / 2, held / 2 + 1);
	assert_int_equal(w.innocent.sent, SECONDS * INNOCENT_PER_S);
	assert_int_equal(w.others.slipped + w.others.dropped, 0);
	rate_limit_free(w.limit);
}

/* -- a table that is nearly full ------------------------------------------------------------------------------------ */

/* 20,000 networks ask for three names each, together above what the meter lets pass, each name below its limit: at any
 * moment 45,000 accounts of 65,536 are in use.  A thousand networks attack meanwhile. */
enum { LOW_PER_S = 20, CROWD = 20000, NAMES = 3, NAME_PER_S = 15, ATTACKERS = 1000, CROWD_SECONDS = 10 };

static void full_table_has_few_false_verdicts(void **state) {
	(void)state;
	struct name storage[NAMES];
	struct rate_answer answers[NAMES] = { positive("a.example.", &storage[0]),
		                              positive("b.example.", &storage[1]),
		                              positive("c.example.", &storage[2]) };
	struct world w = { .limit = limiter(LOW_PER_S, 0), .random = random_seeded(2) };
	const uint32_t per_ms = CROWD * NAMES * NAME_PER_S / 1000;
	uint32_t next = 0;
	for (w.ms = 0; w.ms < CROWD_SECONDS * 1000; w.ms++) {
		for (uint32_t i = 0; i < per_ms; i++, next++) {
			w.answer = answers[next / CROWD % NAMES];
			asks(&w, host_of(64, next % CROWD, 1), &w.others);
		}
		w.answer = answers[0];
		for (uint32_t i = 0; i < ATTACKERS / 5; i++)
			asks(&w, host_of(10, (uint32_t)w.ms * (ATTACKERS / 5) % ATTACKERS + i, 1),
			     &w.attacked);
	}
	uint64_t held = w.others.slipped + w.others.dropped,
		 fair = (uint64_t)ATTACKERS * LOW_PER_S * CROWD_SECONDS;
	print_message("crowd: %lu sent, %lu held (%.2g); attackers: %lu sent where the limit is %lu\n",
	              w.others.sent, held, (double)held / (double)(held + w.others.sent), w.attacked.sent,
	              fair);
	assert_true(held * 10000 < w.others.sent);
	assert_in_range(w.attacked.sent, fair, fair + fair / 8); /* and the burst of a second */
	rate_limit_free(w.limit);
}

/* -- any schedule --------------------------------------------------------------------------------------------------- */

enum { SCHEDULES = 200, SCHEDULE_MS = 8000 };

/* Bursts and silences of random lengths. */
static void run_schedule(struct random *r, uint32_t per_s, uint32_t sent_until[static SCHEDULE_MS + 1]) {
	struct name storage;
	struct world w = { .limit = limiter(per_s, 0) };
	unsigned burst = 0, stretch = 0;
	w.answer = positive("www.example.", &storage);
	sent_until[0] = 0;
	for (int64_t ms = 0; ms < SCHEDULE_MS; ms++) {
		if (stretch-- == 0) {
			stretch = random_below(r, 2) ? random_below(r, 1500) : random_below(r, 50);
			burst = random_below(r, 3) == 0 ? 0 : random_below(r, per_s / 20 + 3);
		}
		w.ms = 1000000 + ms;
		for (unsigned i = 0; i < burst; i++)
			asks(&w, host_of(10, 1, 1), &w.attacked);
		sent_until[ms + 1] = (uint32_t)w.attacked.sent;
	}
	rate_limit_free(w.limit);
}

/* Up to the rounding of what an answer costs, and one answer. */
static void no_window_has_more_than_limit_and_burst(void **state) {
	(void)state;
	static const uint32_t limits[] = { 1, 2, 3, 5, 20, 200, 5000 };
	static uint32_t sent_until[SCHEDULE_MS + 1];
	uint64_t seed = (uint64_t)time(NULL);
	print_message("seed %lu\n", seed);
	struct random r = random_seeded(seed);
	for (unsigned i = 0; i < SCHEDULES; i++) {
		uint32_t per_s = limits[i % (sizeof(limits) / sizeof(limits[0]))];
		run_schedule(&r, per_s, sent_until);
		for (unsigned from = 0; from < SCHEDULE_MS; from += 7)
			for (unsigned to = from + 1; to <= SCHEDULE_MS; to += 13)
				assert_true((sent_until[to] - sent_until[from]) * 1000ULL <=
				            per_s * (1000ULL + to - from) * 1001 / 1000 + 1000);
	}
}

/* -- cost ----------------------------------------------------------------------------------------------------------- */

static double seconds_now(void) {
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

enum { CALLS = 2000000, PEERS = 65536, MANY = 1024 };

static double cost_ns(const struct addr *peers, unsigned peer_count, const struct name *names,
                      unsigned name_count) {
	struct rate_limit *l = limiter(PER_S, name_count > 1 ? 0 : 8 * PER_S);
	struct tally t = { 0 };
	double start = seconds_now();
	for (unsigned i = 0; i < CALLS; i++) {
		const struct name *n = &names[i % name_count];
		struct rate_answer answer = { RATE_POSITIVE, RR_A, n->wire };
		tally_add(&t, rate_limit_check(l, &peers[i % peer_count], &answer,
		                               (struct moment){ 0, i / 500 }));
	}
	double ns = (seconds_now() - start) * 1e9 / CALLS;
	rate_limit_free(l);
	return ns;
}

/* Figures to read, not bounds: machines differ. */
static void cost_is_told(void **state) {
	(void)state;
	static struct addr peers[PEERS];
	static struct name names[MANY];
	struct random r = random_seeded(3);
	for (unsigned i = 0; i < PEERS; i++)
		peers[i] = host_of(10, random_below(&r, 1U << 24), 1);
	for (unsigned i = 0; i < MANY; i++) {
		char text[32];
		snprintf(text, sizeof(text), "host%u.example.com.", i);
		assert_int_equal(name_parse(text, &names[i]), OK);
	}
	print_message(
		"an answer: nobody near a limit %.1f ns; one name, limited %.1f ns; many names, one network %.1f ns\n",
		cost_ns(peers, PEERS, names, 1), cost_ns(peers, 1, names, 1), cost_ns(peers, 1, names, MANY));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attack_is_cut_and_nobody_else_notices),
		cmocka_unit_test(full_table_has_few_false_verdicts),
		cmocka_unit_test(no_window_has_more_than_limit_and_burst),
		cmocka_unit_test(cost_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

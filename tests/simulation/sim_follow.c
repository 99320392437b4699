/* Zones and primaries over years of scripted time: follow, timers and schedule as the daemon runs them, without
 * sockets.  Deterministic: the seed is printed, SIMULATION_SEED gives it again. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "transfer/follow.h"
#include "transfer/schedule.h"

#define ZONES 40
#define PRIMARIES 3
#define DAY 86400
#define START 1700000000

static const struct timer_bounds bounds = { 2, 86400, 1, 3600, 2, 31536000 };

/* What a primary does for a while. */
enum mood {
	MOOD_GOOD,
	MOOD_DEAD,
	MOOD_NO_TCP,
	MOOD_REFUSES,
	MOOD_NOT_AUTHORITY,
	MOOD_BAD_CONTENT,
	MOOD_BEHIND,
	MOODS
};

struct sim_primary {
	enum mood mood;
	uint32_t lag; /* versions behind; MOOD_BEHIND */
};

struct sim_zone {
	struct follow f;
	struct schedule_item due;
	struct soa soa;      /* at the primaries */
	bool served;         /* what the daemon would answer with */
	uint32_t copying;    /* serial under way */
	int64_t confirmed_s; /* last time when a primary confirmed */
	unsigned asked;
};

struct sim {
	struct random random;
	struct schedule schedule;
	struct sim_zone zones[ZONES];
	struct sim_primary primaries[PRIMARIES];
	int64_t now_s;
	uint64_t questions, copies, expiries, recoveries;
};

static struct follow_env env_of(struct sim *s) {
	return (struct follow_env){ .bounds = &bounds,
		                    .primary_count = PRIMARIES,
		                    .shared_history = true,
		                    .ixfr = true,
		                    .now_s = s->now_s,
		                    .random = &s->random };
}

static struct follow_decision fail_with(struct sim *s, struct sim_zone *z, enum reason reason, bool no_tcp) {
	struct follow_env env = env_of(s);
	struct why why;
	why_set(&why, reason, "scripted");
	return follow_failed(&z->f, &env, &why, no_tcp);
}

static uint32_t serial_at(const struct sim_zone *z, const struct sim_primary *p) {
	return z->soa.serial - (p->mood == MOOD_BEHIND ? p->lag : 0);
}

static struct follow_decision play_question(struct sim *s, struct sim_zone *z, unsigned primary) {
	const struct sim_primary *p = &s->primaries[primary];
	struct follow_env env = env_of(s);
	s->questions++;
	if (p->mood == MOOD_DEAD) return fail_with(s, z, REASON_TIMEOUT, true);
	if (p->mood == MOOD_NOT_AUTHORITY) return fail_with(s, z, REASON_NOT_AUTHORITATIVE, false);
	uint32_t serial = serial_at(z, p);
	if (z->f.state == FOLLOW_ASKING && serial == z->f.serial) z->confirmed_s = s->now_s;
	return follow_answered(&z->f, &env, serial, true);
}

static struct follow_decision play_copy(struct sim *s, struct sim_zone *z, const struct follow_decision *d) {
	const struct sim_primary *p = &s->primaries[d->primary];
	struct follow_env env = env_of(s);
	uint32_t serial = serial_at(z, p);
	s->copies++;
	switch (p->mood) {
	case MOOD_DEAD: return fail_with(s, z, REASON_TIMEOUT, true);
	case MOOD_NO_TCP: return fail_with(s, z, REASON_UNREACHABLE, true);
	case MOOD_REFUSES: return fail_with(s, z, REASON_REFUSED, false);
	case MOOD_NOT_AUTHORITY: return fail_with(s, z, REASON_NOT_AUTHORITATIVE, false);
	case MOOD_BAD_CONTENT: return fail_with(s, z, REASON_OUT_OF_ZONE, false);
	default: break;
	}
	if (d->has_floor && timers_judge_serial(d->floor, serial) == SERIAL_OLDER)
		return fail_with(s, z, REASON_SERIAL_BEHIND, false);
	if (z->f.believed && serial == z->f.serial) {
		z->confirmed_s = s->now_s;
		return follow_unchanged(&z->f, &env);
	}
	if (z->f.believed && timers_judge_serial(z->f.serial, serial) == SERIAL_OLDER)
		return fail_with(s, z, REASON_SERIAL_BEHIND, false);
	struct follow_decision save = follow_copied(&z->f, &env, serial);
	assert_int_equal(save.act, FOLLOW_SAVE);
	if (random_below(&s->random, 200) == 0) return fail_with(s, z, REASON_STORE_FAILED, false);
	struct soa soa = z->soa;
	soa.serial = serial;
	z->served = true;
	z->confirmed_s = s->now_s;
	return follow_saved(&z->f, &env, &soa);
}

/* Carry decisions out, a second passing now and then, until the zone waits. */
static void play(struct sim *s, struct sim_zone *z, struct follow_decision d) {
	for (unsigned steps = 0;; steps++) {
		assert_true(steps < 4 * PRIMARIES + 8); /* a round ends */
		if (d.expire) {
			z->served = false;
			s->expiries++;
		}
		if (d.recover) {
			z->served = true;
			s->recoveries++;
		}
		if (d.act == FOLLOW_ASK)
			d = play_question(s, z, d.primary);
		else if (d.act == FOLLOW_COPY)
			d = play_copy(s, z, &d);
		else
			break;
	}
	assert_int_equal(z->f.state, FOLLOW_WAITING);
	schedule_set(&s->schedule, &z->due, follow_next_due(&z->f));
}

/* What must hold at any time. */
static void check(const struct sim *s, const struct sim_zone *z) {
	struct timers raw = z->f.soa, t = timers_bound(&raw, &bounds);
	assert_int_equal(z->served, z->f.has_version && !z->f.expired);
	assert_true(follow_next_due(&z->f) > s->now_s);
	assert_true(z->f.refresh_s <= s->now_s + (z->f.has_version ? 86400 : 300));
	if (!z->f.has_version) return;
	assert_int_equal(z->f.expire_s, z->confirmed_s + t.expire_s);
	if (z->served)
		assert_true(s->now_s < z->f.expire_s);
	else
		assert_true(s->now_s >= z->f.expire_s);
	/* It says why, exactly as long as something is wrong. */
	assert_int_equal(follow_why(&z->f)->reason != REASON_NONE, z->f.failures > 0);
}

static void change_moods(struct sim *s) {
	for (unsigned i = 0; i < PRIMARIES; i++) {
		bool good = random_below(&s->random, 2) == 0;
		s->primaries[i].mood = good ? MOOD_GOOD : (enum mood)random_below(&s->random, MOODS);
		s->primaries[i].lag = 1 + random_below(&s->random, 3);
	}
}

static void event(struct sim *s) {
	struct sim_zone *z = &s->zones[random_below(&s->random, ZONES)];
	struct follow_env env = env_of(s);
	switch (random_below(&s->random, 6)) {
	case 0: change_moods(s); return;
	case 1: z->soa.serial += 1 + random_below(&s->random, 3); return;
	case 2:
		z->soa.serial++;
		play(s, z,
		     follow_notified(&z->f, &env, (uint16_t)random_below(&s->random, PRIMARIES), true,
		                     z->soa.serial));
		break;
	case 3: play(s, z, follow_notified(&z->f, &env, FOLLOW_UNKNOWN, false, 0)); break;
	case 4: play(s, z, follow_wish(&z->f, &env, random_below(&s->random, 2) == 0)); break;
	default: play(s, z, follow_changed(&z->f, &env)); break;
	}
	check(s, z);
}

static void begin(struct sim *s, uint64_t seed) {
	memset(s, 0, sizeof(*s));
	s->random = random_seeded(seed);
	s->now_s = START;
	for (unsigned i = 0; i < ZONES; i++) {
		struct sim_zone *z = &s->zones[i];
		struct follow_env env = env_of(s);
		z->soa = (struct soa){ .serial = (uint32_t)random_u64(&s->random),
			               .refresh_s = 60 + random_below(&s->random, 2 * DAY),
			               .retry_s = random_below(&s->random, 7200),
			               .expire_s = 10 +
			                           random_below(&s->random, i % 2 ? 30 * DAY : DAY / 2) };
		play(s, z, follow_begin(&z->f, &env, 0));
	}
}

static void end(struct sim *s) {
	for (unsigned i = 0; i < ZONES; i++)
		follow_done(&s->zones[i].f);
	schedule_done(&s->schedule);
}

/* Until until_s: what is due, and events at random times about `pause` seconds apart (0: none). */
static void run(struct sim *s, int64_t until_s, uint32_t pause) {
	int64_t next_event = pause ? s->now_s + random_below(&s->random, pause) : INT64_MAX;
	for (;;) {
		const struct schedule_item *first = schedule_first(&s->schedule);
		assert_non_null(first);
		int64_t next = first->due_s < next_event ? first->due_s : next_event;
		if (next > until_s) break;
		if (next > s->now_s) s->now_s = next;
		struct schedule_item *item = schedule_pop(&s->schedule, s->now_s);
		if (item) {
			struct sim_zone *z = (struct sim_zone *)((char *)item -
			                                         offsetof(struct sim_zone, due));
			struct follow_env env = env_of(s);
			play(s, z, follow_due(&z->f, &env));
			check(s, z);
		} else {
			event(s);
			next_event = s->now_s + 1 + random_below(&s->random, pause);
		}
	}
	s->now_s = until_s;
}

static void set_all(struct sim *s, enum mood mood) {
	for (unsigned i = 0; i < PRIMARIES; i++)
		s->primaries[i].mood = mood;
}

static uint64_t seed_of_day(void) {
	const char *given = getenv("SIMULATION_SEED");
	struct random random = random_secure();
	uint64_t seed = given ? strtoull(given, NULL, 0) : random_u64(&random);
	printf("SIMULATION_SEED=%" PRIu64 "\n", seed);
	return seed;
}

static void ten_years_of_moods_and_events_keep_every_promise(void **state) {
	(void)state;
	static struct sim s;
	uint64_t seed = seed_of_day(), expiries = 0, recoveries = 0;
	for (uint64_t i = 0; i < 4; i++) {
		begin(&s, seed + i);
		run(&s, START + 10LL * 365 * DAY, 4 * 3600);
		/* And when all is well in the end, all is served. */
		set_all(&s, MOOD_GOOD);
		run(&s, s.now_s + 3 * DAY, 0);
		for (unsigned k = 0; k < ZONES; k++) {
			assert_true(s.zones[k].served);
			assert_int_equal(s.zones[k].f.serial, s.zones[k].soa.serial);
		}
		printf("questions %" PRIu64 ", copies %" PRIu64 ", expired %" PRIu64 ", recovered %" PRIu64
		       "\n",
		       s.questions, s.copies, s.expiries, s.recoveries);
		expiries += s.expiries;
		recoveries += s.recoveries;
		end(&s);
	}
	assert_true(expiries > 0 && recoveries == expiries);
}

static void a_quiet_year_costs_one_question_a_refresh(void **state) {
	(void)state;
	static struct sim s;
	begin(&s, 11);
	run(&s, START + 1, 0);
	uint64_t before = s.questions, expected = 0;
	run(&s, START + 365LL * DAY, 0);
	for (unsigned k = 0; k < ZONES; k++) {
		struct timers t = timers_bound(&s.zones[k].f.soa, &bounds);
		expected += 365LL * DAY / t.refresh_s + 1;
	}
	assert_true(s.questions - before <= expected * 112 / 100);
	assert_true(s.questions - before >= expected * 98 / 100);
	assert_int_equal(s.copies, ZONES);
	assert_int_equal(s.expiries, 0);
	end(&s);
}

static void a_month_without_primaries_is_not_a_storm(void **state) {
	(void)state;
	static struct sim s;
	begin(&s, 12);
	run(&s, START + DAY, 0);
	set_all(&s, MOOD_DEAD);
	uint64_t before = s.questions;
	run(&s, s.now_s + 30 * DAY, 0);
	/* Back-off: at most a round every five minutes for zones that answer SERVFAIL, plus the first few. */
	assert_true(s.questions - before <= (uint64_t)ZONES * PRIMARIES * (30 * 288 + 40));
	set_all(&s, MOOD_GOOD);
	int64_t back = s.now_s;
	run(&s, s.now_s + 3600, 0);
	for (unsigned k = 0; k < ZONES; k++) {
		if (s.zones[k].f.soa.expire_s < 29 * DAY) assert_true(s.zones[k].served);
	}
	assert_true(s.now_s == back + 3600);
	end(&s);
}

static void a_clock_set_back_moves_every_timer(void **state) {
	(void)state;
	static struct sim s;
	begin(&s, 13);
	run(&s, START + DAY, 0);
	for (unsigned k = 0; k < ZONES; k++) {
		follow_shift(&s.zones[k].f, -1000000);
		s.zones[k].confirmed_s -= 1000000;
	}
	schedule_shift(&s.schedule, -1000000);
	s.now_s -= 1000000;
	for (unsigned k = 0; k < ZONES; k++)
		check(&s, &s.zones[k]);
	run(&s, s.now_s + 30 * DAY, 3600);
	end(&s);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_years_of_moods_and_events_keep_every_promise),
		cmocka_unit_test(a_quiet_year_costs_one_question_a_refresh),
		cmocka_unit_test(a_month_without_primaries_is_not_a_storm),
		cmocka_unit_test(a_clock_set_back_moves_every_timer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

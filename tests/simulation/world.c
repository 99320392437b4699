/* Time, decisions, and the schedule. */
#include "world.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"

#define DUE_PER_TURN 500
#define LOOK_AT_LEAST_MS 60000
#define WAKE_MS 5000

/* SOA timers as zones have them; of 64 zones so many. */
static const struct {
	struct timers timers;
	unsigned of_64;
} profiles[] = {
	{ { 86400, 7200, 3600000 }, 34 }, { { 86400, 3600, 604800 }, 16 }, { { 43200, 3600, 1209600 }, 9 },
	{ { 14400, 900, 604800 }, 4 },    { { 3600, 600, 86400 }, 1 },
};

static uint8_t profile_of(uint32_t index) {
	uint32_t at = index % 64;
	uint8_t i = 0;
	while (at >= profiles[i].of_64)
		at -= profiles[i++].of_64;
	return i;
}

void world_note(struct world *w, uint64_t what, uint64_t who, uint64_t value) {
	uint64_t h = w->digest ^
	             (what + who * UINT64_C(0x9e3779b97f4a7c15) + (value << 20) + (uint64_t)w->ms);
	h *= UINT64_C(0xff51afd7ed558ccd);
	w->digest = h ^ h >> 32;
}

/* -- what a zone can look at -- */

int64_t world_now_s(const struct world *w) {
	return WORLD_START_S + w->offset_s + w->ms / 1000;
}

struct follow_env world_env(struct world *w, const struct world_zone *z) {
	return (struct follow_env){ .bounds = &w->settings.bounds,
		                    .primary_count = z->primary_count,
		                    .ixfr = z->index % 2 == 0, /* the others ask for whole zones */
		                    .now_s = world_now_s(w),
		                    .random = &w->random };
}

struct world_primary *world_primary_of(struct world *w, const struct world_zone *z, unsigned number) {
	return &w->primaries[(z->home + number) % w->settings.primaries];
}

struct soa world_soa(const struct world *w, const struct world_zone *z) {
	const struct timers *t = &profiles[z->profile].timers;
	int64_t every_ms = w->settings.change_days * DAY_MS;
	uint64_t shift_ms = (uint64_t)z->index * 7919000;
	uint64_t changes = every_ms > 0 ? ((uint64_t)w->ms + shift_ms) / (uint64_t)every_ms : 0;
	/* Serials begin so that some pass zero (RFC 1982). */
	uint32_t serial = z->index * 2654435761U + (uint32_t)changes + z->bumps;
	return (struct soa){
		.serial = serial, .refresh_s = t->refresh_s, .retry_s = t->retry_s, .expire_s = t->expire_s
	};
}

/* -- when -- */

/* When the schedule is to be looked at. */
static int64_t next_turn_ms(const struct world *w) {
	const struct schedule_item *first = schedule_first(&w->schedule);
	int64_t at_least = w->last.mono_ms + LOOK_AT_LEAST_MS;
	if (!first) return at_least;
	int64_t ms = (first->due_s - WORLD_START_S - w->offset_s) * 1000;
	if (ms < w->ms) ms = w->ms;
	return ms < at_least ? ms : at_least;
}

/* As clocks.c arms its timer: by the wall clock as it is now, and an earlier look is never put off. */
static void arm(struct world *w) {
	int64_t ms = next_turn_ms(w);
	if (w->armed_ms <= w->ms || ms < w->armed_ms) w->armed_ms = ms;
}

/* -- decisions -- */

struct follow_decision world_fail(struct world *w, struct world_zone *z, enum reason reason, bool no_tcp) {
	struct follow_env env = world_env(w, z);
	struct why why;
	why_set(&why, reason, "scripted");
	world_note(w, 3, z->index, reason);
	return follow_failed(&z->f, &env, &why, no_tcp);
}

static void take_effect(struct world *w, struct world_zone *z, const struct follow_decision *d) {
	if (d->expire) {
		z->served = false;
		w->figures.expiries++;
		world_note(w, 4, z->index, 0);
	}
	if (d->recover) {
		z->served = true;
		w->figures.recoveries++;
		world_note(w, 5, z->index, 0);
	}
	w->figures.confirmed += d->confirmed;
	w->figures.rounds_failed += d->failed;
}

void world_apply(struct world *w, struct world_zone *z, struct follow_decision d) {
	for (;;) {
		struct follow_decision next;
		take_effect(w, z, &d);
		if (d.act == FOLLOW_ASK) world_ask(w, z, &d);
		if (d.act == FOLLOW_SAVE) world_save(w, z);
		if (d.act != FOLLOW_COPY || world_copy(w, z, &d, &next)) break;
		d = next;
	}
	if (z->f.state == FOLLOW_WAITING && (d.failed || d.confirmed)) world_promise(w, z);
	/* A zone that stopped to be served must not wait as long as one that is. */
	if (z->f.state == FOLLOW_WAITING && d.expire) world_promise(w, z);
	schedule_set(&w->schedule, &z->due, follow_next_due(&z->f));
	arm(w);
	world_check_zone(w, z);
}

void world_notify(struct world *w, struct world_zone *z, uint16_t primary, bool has_serial, uint32_t serial) {
	struct follow_env env = world_env(w, z);
	w->figures.notifies++;
	world_apply(w, z, follow_notified(&z->f, &env, primary, has_serial, serial));
}

void world_wish(struct world *w, struct world_zone *z, bool retransfer) {
	struct follow_env env = world_env(w, z);
	world_apply(w, z, follow_wish(&z->f, &env, retransfer));
}

/* -- time -- */

/* As clocks.c looks at the clocks. */
static void look(struct world *w) {
	struct moment now = { world_now_s(w), w->ms };
	int64_t step_s;
	enum clock_step step = timers_judge_clock(w->last, now, &step_s);
	w->last = now;
	if (step == CLOCK_WENT_ON) return;
	for (uint32_t i = 0; i < w->settings.zones; i++) {
		struct world_zone *z = &w->zones[i];
		if (step == CLOCK_SET_BACK) {
			follow_shift(&z->f, step_s);
			z->confirmed_s += step_s;
			z->grace_s += step_s;
			if (z->attempt_by_s != INT64_MAX) z->attempt_by_s += step_s;
			continue;
		}
		if (z->attempt_by_s < now.wall_s + FOLLOW_GRACE_S)
			z->attempt_by_s = now.wall_s + FOLLOW_GRACE_S;
		if (!follow_grant_grace(&z->f, now.wall_s)) continue;
		z->grace_s = now.wall_s + FOLLOW_GRACE_S;
		schedule_set(&w->schedule, &z->due, follow_next_due(&z->f));
	}
	if (step == CLOCK_SET_BACK) schedule_shift(&w->schedule, step_s);
}

void world_set_clock(struct world *w, int64_t delta_s) {
	w->offset_s += delta_s;
}

static void count_due(struct world *w) {
	int64_t second = w->ms / 1000;
	if (w->due_second != second) {
		w->due_second = second;
		w->due_in_second = 0;
	}
	if (++w->due_in_second > w->figures.most_due_in_second)
		w->figures.most_due_in_second = w->due_in_second;
}

static void turn(struct world *w) {
	struct schedule_item *item = NULL;
	int64_t now_s = world_now_s(w);
	for (unsigned n = 0; n < DUE_PER_TURN && (item = schedule_pop(&w->schedule, now_s)); n++) {
		struct world_zone *z = (struct world_zone *)((char *)item - offsetof(struct world_zone, due));
		struct follow_env env = world_env(w, z);
		struct follow_decision d = follow_due(&z->f, &env);
		count_due(w);
		world_apply(w, z, d);
	}
}

/* As wake.c does. */
void world_back(struct world *w, struct world_primary *p) {
	p->is_back = true;
	if (w->wake_ms == WHEEL_NEVER) w->wake_ms = w->ms + WAKE_MS;
}

static bool has_primary_back(struct world *w, const struct world_zone *z) {
	for (unsigned i = 0; i < z->primary_count; i++) {
		if (world_primary_of(w, z, i)->is_back) return true;
	}
	return false;
}

static void wake(struct world *w) {
	uint32_t spread_s = schedule_spread_s(w->settings.zones);
	w->wake_ms = WHEEL_NEVER;
	for (uint32_t i = 0; i < w->settings.zones; i++) {
		struct world_zone *z = &w->zones[i];
		if (!follow_waits_for_primary(&z->f) || !has_primary_back(w, z)) continue;
		struct follow_env env = world_env(w, z);
		if (follow_primary_back(&z->f, &env, spread_s))
			schedule_set(&w->schedule, &z->due, follow_next_due(&z->f));
	}
	for (uint32_t i = 0; i < w->settings.primaries; i++)
		w->primaries[i].is_back = false;
	arm(w);
}

static int64_t earliest(int64_t a, int64_t b) {
	return a < b ? a : b;
}

void world_run(struct world *w, int64_t until_ms) {
	for (;;) {
		int64_t next = earliest(earliest(w->armed_ms, w->wake_ms), wheel_next(&w->wheel, w->ms));
		if (w->happen) next = earliest(next, w->happens_ms);
		if (next >= until_ms) break;
		if (next > w->ms) w->ms = next; /* what should have happened while it was down happens now */
		look(w);
		if (w->armed_ms <= w->ms) {
			turn(w);
			arm(w);
		}
		if (w->wake_ms <= w->ms) wake(w);
		struct wheel_item *item;
		while ((item = wheel_take(&w->wheel, w->ms)))
			world_arrive(w, item);
		if (w->happen && w->ms >= w->happens_ms) w->happens_ms = w->happen(w);
	}
	w->ms = until_ms;
}

/* -- begin and end -- */

static void begin_zone(struct world *w, struct world_zone *z, uint32_t spread_s) {
	struct follow_env env = world_env(w, z);
	struct follow_decision d = follow_begin(&z->f, &env, z->f.has_version ? spread_s : 0);
	z->served = z->f.has_version && !d.expire;
	z->doing = DOING_NOTHING;
	world_promise(w, z);
	world_apply(w, z, d);
}

struct world *world_new(const struct world_settings *settings) {
	struct world *w = xcalloc(1, sizeof(*w));
	w->settings = *settings;
	if (w->settings.primaries_of_zone == 0) w->settings.primaries_of_zone = 1;
	w->random = random_seeded(settings->seed);
	w->script = random_seeded(~settings->seed);
	w->wake_ms = WHEEL_NEVER;
	w->line = line_of(256);
	w->zones = xcalloc(settings->zones, sizeof(*w->zones));
	w->primaries = xcalloc(settings->primaries, sizeof(*w->primaries));
	w->last = (struct moment){ world_now_s(w), 0 };
	for (uint32_t i = 0; i < settings->primaries; i++)
		w->primaries[i].rtt_ms = 1 + random_below(&w->script, 200);
	for (uint32_t i = 0; i < settings->zones; i++) {
		struct world_zone *z = &w->zones[i];
		z->index = i;
		z->home = (uint16_t)(i % settings->primaries);
		z->primary_count = (uint8_t)w->settings.primaries_of_zone;
		z->profile = profile_of(i / settings->primaries);
		begin_zone(w, z, 0);
	}
	return w;
}

void world_free(struct world *w) {
	for (uint32_t i = 0; i < w->settings.zones; i++)
		follow_done(&w->zones[i].f);
	schedule_done(&w->schedule);
	free(w->zones);
	free(w->primaries);
	free(w);
}

/* What the store keeps of a zone (store/saved_state.h). */
static struct follow saved(const struct follow *f) {
	return (struct follow){ .checked_s = f->checked_s,
		                .refresh_s = f->refresh_s,
		                .expire_s = f->expire_s,
		                .soa = f->soa,
		                .serial = f->serial,
		                .primary_serial = f->primary_serial,
		                .failures = f->failures,
		                .has_version = f->has_version,
		                .has_primary_serial = f->has_primary_serial,
		                .expired = f->expired };
}

static void forget_peers(struct world *w) {
	w->wheel = (struct wheel){ 0 };
	w->line = line_of(256);
	w->copying = 0;
	w->wake_ms = WHEEL_NEVER;
	w->first_waiting = w->last_waiting = NULL;
	for (uint32_t i = 0; i < w->settings.primaries; i++) {
		struct world_primary *p = &w->primaries[i];
		*p = (struct world_primary){ .mood = p->mood, .rtt_ms = p->rtt_ms, .lag = p->lag };
	}
}

void world_restart(struct world *w, int64_t down_s) {
	forget_peers(w);
	w->ms += down_s * 1000;
	w->last = (struct moment){ world_now_s(w), w->ms };
	uint32_t spread_s = schedule_spread_s(w->settings.zones);
	for (uint32_t i = 0; i < w->settings.zones; i++) {
		struct world_zone *z = &w->zones[i];
		struct follow before = z->f;
		struct why why = *follow_why(&z->f);
		z->f = saved(&before);
		follow_set_why(&z->f, &why, before.since_s);
		follow_done(&before);
		z->place = (struct line_item){ 0 };
		begin_zone(w, z, spread_s);
	}
}

/* -- figures -- */

uint64_t world_count_served(const struct world *w) {
	uint64_t count = 0;
	for (uint32_t i = 0; i < w->settings.zones; i++)
		count += w->zones[i].served;
	return count;
}

uint64_t world_count_in_step(const struct world *w) {
	uint64_t count = 0;
	for (uint32_t i = 0; i < w->settings.zones; i++) {
		const struct world_zone *z = &w->zones[i];
		count += z->served && z->f.serial == world_soa(w, z).serial;
	}
	return count;
}

uint64_t world_seed(void) {
	const char *given = getenv("SIMULATION_SEED");
	struct random random = random_secure();
	uint64_t seed = given ? strtoull(given, NULL, 0) : random_u64(&random);
	printf("SIMULATION_SEED=%" PRIu64 "\n", seed);
	return seed;
}

uint32_t world_number(const char *variable, uint32_t otherwise) {
	const char *given = getenv(variable);
	return given ? (uint32_t)strtoul(given, NULL, 0) : otherwise;
}

/* Many zones for a month, among primaries that come and go.  In `meson test` a sample; the whole:
 *
 *   SIMULATION_ZONES=1000000 build/tests/simulation/sim_scale */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "world.h"

#define PRIMARIES 500
#define SAMPLE 20000 /* zones in `meson test` */
#define MINUTE_MS 60000
#define LOST_FROM 490 /* primaries that are away from day 5 to day 25: zones of theirs alone expire */

static const struct timer_bounds bounds = { 2, 86400, 1, 3600, 2, 31536000 };

/* Nine of ten primaries are well, each for hours; and some zones' primaries send NOTIFYs. */
static int64_t month_of_moods(struct world *w) {
	struct world_primary *p = &w->primaries[random_below(&w->script, LOST_FROM)];
	for (unsigned i = LOST_FROM; i < PRIMARIES; i++)
		w->primaries[i].mood = w->ms > 5 * DAY_MS && w->ms < 25 * DAY_MS ? MOOD_DEAD : MOOD_GOOD;
	bool well = random_below(&w->script, 10) > 0;
	p->mood = well ? MOOD_GOOD : (enum mood)random_below(&w->script, MOODS);
	p->lag = 1 + random_below(&w->script, 3);
	for (unsigned i = 0; i < 1 + w->settings.zones / 20000; i++) {
		struct world_zone *z = &w->zones[random_below(&w->script, w->settings.zones)];
		bool changed = random_below(&w->script, 2) == 0;
		if (changed) z->bumps++;
		world_notify(w, z, (uint16_t)random_below(&w->script, z->primary_count), changed,
		             world_soa(w, z).serial);
	}
	return w->ms + MINUTE_MS;
}

static uint64_t play_month(uint64_t seed, uint32_t zones, uint32_t days) {
	struct world_settings settings = { .seed = seed,
		                           .zones = zones,
		                           .primaries = PRIMARIES,
		                           .primaries_of_zone = 2,
		                           .change_days = 5,
		                           .store_fails_in = 100000,
		                           .bounds = bounds };
	clock_t begin = clock();
	struct world *w = world_new(&settings);
	w->happen = month_of_moods;
	w->happens_ms = MINUTE_MS;
	world_run(w, days * DAY_MS);
	world_check_all(w);
	const struct world_figures *f = &w->figures;
	printf("%u zones, %u days: %" PRIu64 " questions, %" PRIu64 " copies, %" PRIu64 " NOTIFYs, %" PRIu64
	       " rounds failed, %" PRIu64 " expired, %" PRIu64 " recovered, at most %" PRIu64
	       " due in a second; digest %016" PRIx64 ", %.1f s CPU\n",
	       zones, days, f->questions, f->copies, f->notifies, f->rounds_failed, f->expiries,
	       f->recoveries, f->most_due_in_second, w->digest, (double)(clock() - begin) / CLOCKS_PER_SEC);
	uint64_t digest = w->digest;
	world_free(w);
	return digest;
}

static void no_zone_is_late_in_a_month_and_the_seed_tells_all(void **state) {
	(void)state;
	uint64_t seed = world_seed();
	uint32_t zones = world_number("SIMULATION_ZONES", SAMPLE), days = world_number("SIMULATION_DAYS", 30);
	uint64_t first = play_month(seed, zones, days);
	if (zones > SAMPLE) return; /* once is long enough; the digest is printed */
	assert_int_equal(play_month(seed, zones, days), first);
	assert_int_not_equal(play_month(seed + 1, zones, days), first);
}

int main(void) {
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		no_zone_is_late_in_a_month_and_the_seed_tells_all) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

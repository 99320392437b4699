/* A primary that did not answer is back: its zones need not wait for their retry timers, which may have grown to hours.
 *
 * One pass over all zones serves every primary that came back meanwhile, and there is one in WAKE_MS at most: a primary
 * that comes and goes costs no more.  The zones are spread as at a start. */
#include "transfer/followed.h"

#define WAKE_MS 5000

static bool has_primary_back(struct transfer *t, const struct followed *z) {
	const struct zone_policy *policy = followed_policy(z);
	for (unsigned i = 0; i < policy->primary_count; i++) {
		if (pool_is_back(t->pool, &policy->primaries[i].addr)) return true;
	}
	return false;
}

static void wake(struct followed *z, uint32_t spread_s) {
	struct follow_env env = steps_env(z);
	if (follow_primary_back(&z->follow, &env, spread_s))
		schedule_set(&z->transfer->schedule, &z->due, follow_next_due(&z->follow));
}

static void on_wake(uv_timer_t *timer) {
	struct transfer *t = timer->data;
	struct zone_entry *entry;
	size_t cursor = 0;
	uint32_t spread_s = schedule_spread_s(t->counters.zones);
	while ((entry = table_next(t->table, &cursor))) {
		struct followed *z = followed_of(entry);
		if (z && follow_waits_for_primary(&z->follow) && has_primary_back(t, z)) wake(z, spread_s);
	}
	pool_forget_back(t->pool);
	clocks_arm(t);
}

static void on_back(void *ctx) {
	struct transfer *t = ctx;
	if (t->stopping || uv_is_active((uv_handle_t *)&t->wake)) return;
	(void)uv_timer_start(&t->wake, on_wake, WAKE_MS, 0); /* cannot fail: it is initialised */
}

void wake_init(struct transfer *t) {
	(void)uv_timer_init(t->loop, &t->wake); /* always 0 */
	t->wake.data = t;
	pool_on_back(t->pool, on_back, t);
}

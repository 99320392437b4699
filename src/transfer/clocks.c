/* Time as all of transfer sees it: one schedule in wall time, looked at by one timer.
 *
 * The wall clock may be set.  Back: all saved times move back with it, so that no zone waits for longer or shorter than
 * it would have.  Forward is taken as time that has passed (a suspended machine looks the same): what became due is
 * due, but a zone that the step made expire is first given a minute to be refreshed. */
#include "transfer/followed.h"

#define LOOK_AT_LEAST_MS 60000 /* to notice that the clock was set */
#define DUE_PER_TURN 500       /* zones handled before sockets have their turn */
#define COLLECT_MS 50

static void shift_all(struct transfer *t, int64_t delta_s) {
	struct zone_entry *entry;
	size_t cursor = 0;
	while ((entry = table_next(t->table, &cursor))) {
		if (!entry->follow) continue; /* follow_begin sees to it */
		follow_shift(&followed_of(entry)->follow, delta_s);
		followed_tell_expiry(followed_of(entry));
	}
	schedule_shift(&t->schedule, delta_s);
}

static void grant_grace(struct transfer *t, int64_t now_s) {
	struct zone_entry *entry;
	size_t cursor = 0;
	while ((entry = table_next(t->table, &cursor))) {
		struct followed *z = followed_of(entry);
		if (!z || !follow_grant_grace(&z->follow, now_s)) continue;
		followed_tell_expiry(z);
		schedule_set(&t->schedule, &z->due, follow_next_due(&z->follow));
	}
}

int64_t clocks_now_s(struct transfer *t) {
	struct moment now = clock_now();
	int64_t step_s;
	enum clock_step step = timers_judge_clock(t->last, now, &step_s);
	t->last = now;
	if (step == CLOCK_SET_BACK) shift_all(t, step_s);
	if (step == CLOCK_JUMPED) grant_grace(t, now.wall_s);
	return now.wall_s;
}

static void on_tick(uv_timer_t *timer) {
	struct transfer *t = timer->data;
	int64_t now_s = clocks_now_s(t);
	struct schedule_item *item = NULL;
	for (unsigned n = 0; n < DUE_PER_TURN && (item = schedule_pop(&t->schedule, now_s)); n++) {
		struct followed *z = (struct followed *)((char *)item - offsetof(struct followed, due));
		struct follow_env env = steps_env(z);
		steps_apply(z, follow_due(&z->follow, &env));
	}
	clocks_arm(t);
}

void clocks_arm(struct transfer *t) {
	const struct schedule_item *first = schedule_first(&t->schedule);
	int64_t ms = LOOK_AT_LEAST_MS;
	if (t->stopping) return;
	if (first) {
		int64_t wait_s = first->due_s - clock_now().wall_s;
		if (wait_s <= 0)
			ms = 0;
		else if (wait_s < LOOK_AT_LEAST_MS / 1000)
			ms = wait_s * 1000;
	}
	/* An earlier look is never put off. */
	if (uv_is_active((uv_handle_t *)&t->tick) && uv_timer_get_due_in(&t->tick) <= (uint64_t)ms) return;
	(void)uv_timer_start(&t->tick, on_tick, (uint64_t)ms, 0); /* cannot fail: it is initialised */
}

static void on_collect(uv_timer_t *timer) {
	struct transfer *t = timer->data;
	if (epoch_collect(t->epoch) == 0) (void)uv_timer_stop(timer); /* always 0 */
}

void clocks_collect(struct transfer *t) {
	if (t->stopping || uv_is_active((uv_handle_t *)&t->collect)) return;
	(void)uv_timer_start(&t->collect, on_collect, COLLECT_MS,
	                     COLLECT_MS); /* cannot fail: it is initialised */
}

void clocks_init(struct transfer *t) {
	/* uv_timer_init always gives 0. */
	(void)uv_timer_init(t->loop, &t->tick);
	(void)uv_timer_init(t->loop, &t->collect);
	(void)uv_timer_init(t->loop, &t->lazy);
	t->tick.data = t->collect.data = t->lazy.data = t;
	t->last = clock_now();
}

#include "transfer/notify_out.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "transfer/ask.h"
#include "transfer/datagram.h"
#include "transfer/notify_queue.h"

/* RFC 1996 section 3.6 leaves the times to us; it suggests a minute and five times. */
static const uint16_t waits_ms[] = { 2000, 4000, 8000, 16000, 32000, 0 };

struct notify_task {
	struct notify_item place; /* first: the queue hands it back */
	struct notifier *notifier;
	struct notify_list *zone;
	struct notify_task *sibling;      /* next of the zone */
	const struct zone_policy *policy; /* a reference; holds target and its key */
	const struct primary *target;
	unsigned told;             /* its place in zone->told */
	struct datagram *datagram; /* NULL: queued */
	struct ask ask;
	struct name name;
};

struct notifier {
	uv_loop_t *loop;
	struct random *random;
	struct log *log;
	struct datagram_ops ops;
	struct notify_queue queue;
	uv_timer_t timer; /* the next may be sent */
	unsigned running, open;
	uint64_t count;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

/* -- tasks -- */

static void unlink_sibling(struct notify_task *t) {
	struct notify_task **at = &t->zone->first;
	while (*at != t)
		at = &(*at)->sibling;
	*at = t->sibling;
}

static void task_free(struct notify_task *t) {
	unlink_sibling(t);
	notify_queue_leave(&t->notifier->queue, &t->place);
	ask_done(&t->ask);
	policy_unref(t->policy);
	free(t);
}

static void start_queued(struct notifier *n);

static void finish(struct notify_task *t) {
	struct notifier *n = t->notifier;
	task_free(t);
	n->running--;
	start_queued(n);
}

/* -- what was told -- */

static void told_free(struct notify_told *told, unsigned count) {
	for (unsigned i = 0; i < count; i++)
		free(told[i].evidence);
	free(told);
}

void notify_list_done(struct notify_list *zone) {
	told_free(zone->told, zone->told_count);
	zone->told = NULL;
	zone->told_count = 0;
}

static void told_begin(struct notify_list *zone, const struct zone_policy *policy, uint32_t serial) {
	notify_list_done(zone);
	if (policy->notify_count == 0) return;
	zone->told = xcalloc(policy->notify_count, sizeof(*zone->told));
	zone->told_count = policy->notify_count;
	for (unsigned i = 0; i < policy->notify_count; i++)
		zone->told[i] = (struct notify_told){ .addr = policy->notify[i].addr,
			                              .serial = serial,
			                              .begun_s = clock_now().wall_s };
}

static void told_end(const struct notify_task *t, const struct why *why) {
	struct notify_told *told = &t->zone->told[t->told];
	bool failed = why->reason != REASON_NONE;
	told->ended_s = clock_now().wall_s;
	told->outcome = failed ? NOTIFY_FAILED : NOTIFY_ANSWERED;
	told->reason = why->reason;
	told->evidence = failed ? xstrdup(why->evidence) : NULL;
}

/* -- answers -- */

static void settle(const struct notify_task *t, const struct why *why) {
	char name[NAME_TEXT_MAX], address[ADDR_TEXT_MAX];
	struct log *log = t->notifier->log;
	uint32_t serial = t->zone->told[t->told].serial;
	told_end(t, why);
	name_text_short(t->name.wire, name);
	addr_text(&t->target->addr, address);
	if (why->reason == REASON_NONE)
		log_event(log, EVENT_NOTIFY_SENT, LOG_STR("zone", name), LOG_STR("to", address),
		          LOG_NUM("serial", serial));
	else
		log_event(log, EVENT_NOTIFY_FAILED, LOG_STR("zone", name), LOG_STR("to", address),
		          LOG_NUM("serial", serial), LOG_STR("reason", reason_slug(why->reason)),
		          LOG_STR("evidence", why->evidence));
}

static bool on_answer(void *ctx, const uint8_t *data, size_t len) {
	struct notify_task *t = ctx;
	struct why why = { .reason = REASON_NONE };
	struct soa unused;
	enum ask_verdict v = ask_judge(&t->ask, data, len, clock_now().wall_s, &unused, &why);
	if (v == ASK_STRANGE) return false;
	if (v != ASK_FAILED) why.reason = REASON_NONE;
	settle(t, &why);
	finish(t);
	return true;
}

static void on_failed(void *ctx, int error) {
	struct notify_task *t = ctx;
	struct why why;
	answer_blame(&t->ask.asked, &why, error == 0 ? REASON_TIMEOUT : REASON_UNREACHABLE, "%s",
	             error == 0 ? "no answer to five of them" : uv_strerror(error));
	settle(t, &why);
	finish(t);
}

static void on_closed(void *ctx) {
	struct notifier *n = ctx;
	n->open--;
	if (n->stopped && n->open == 0) n->stopped(n->stopped_ctx);
}

/* -- sending -- */

static void start(struct notify_task *t) {
	struct notifier *n = t->notifier;
	uint8_t buf[ASK_MAX_LEN];
	t->ask.key = t->target->key;
	t->ask.asked = (struct asked){ .zone = t->name.wire,
		                       .primary = t->target->addr,
		                       .type = RR_SOA,
		                       .opcode = OPCODE_NOTIFY,
		                       .transport = TRANSPORT_UDP };
	size_t len = ask_build(&t->ask, (uint16_t)random_u64(n->random), clock_now().wall_s, buf,
	                       sizeof(buf));
	struct datagram_request request = { t->target->addr, t->target->source, waits_ms, buf, len };
	n->running++;
	n->open++;
	n->count++;
	t->datagram = datagram_send(n->loop, &request, &n->ops, t);
}

static int64_t now_ms(const struct notifier *n) {
	return (int64_t)uv_now(n->loop);
}

static void on_timer(uv_timer_t *timer) {
	start_queued(timer->data);
}

static void start_queued(struct notifier *n) {
	struct notify_item *item;
	while (n->running < NOTIFY_OUT_MAX && (item = notify_queue_take(&n->queue, now_ms(n))))
		start((struct notify_task *)item);
	int64_t due_ms = notify_queue_due_ms(&n->queue), wait_ms = due_ms - now_ms(n);
	/* With so many under way it is the end of one of them that goes on. */
	if (due_ms == INT64_MAX || n->running >= NOTIFY_OUT_MAX || n->stopped) return;
	(void)uv_timer_start(&n->timer, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0); /* cannot fail */
}

void notifier_forget(struct notifier *n, struct notify_list *zone) {
	(void)n; /* each task knows it */
	while (zone->first) {
		struct notify_task *t = zone->first;
		if (!t->datagram) {
			task_free(t);
			continue;
		}
		datagram_cancel(t->datagram);
		finish(t);
	}
}

void notifier_tell(struct notifier *n, struct notify_list *zone, const uint8_t *name,
                   const struct zone_policy *policy, uint32_t serial) {
	notifier_forget(n, zone);
	told_begin(zone, policy, serial);
	for (unsigned i = 0; i < policy->notify_count; i++) {
		struct notify_task *t = xcalloc(1, sizeof(*t));
		t->notifier = n;
		t->zone = zone;
		t->sibling = zone->first;
		zone->first = t;
		policy_ref(policy);
		t->policy = policy;
		t->target = &policy->notify[i];
		t->told = i;
		name_copy(&t->name, name);
		notify_queue_put(&n->queue, &t->place, &t->target->addr);
	}
	start_queued(n);
}

uint64_t notifier_count(const struct notifier *n) {
	return n->count;
}

struct notifier *notifier_new(uv_loop_t *loop, struct random *random, struct log *log) {
	struct notifier *n = xcalloc(1, sizeof(*n));
	n->loop = loop;
	n->timer.data = n;
	n->open = 1;
	(void)uv_timer_init(loop, &n->timer); /* never fails */
	n->random = random;
	n->log = log;
	n->ops = (struct datagram_ops){ on_answer, on_failed, on_closed, n };
	return n;
}

static void timer_closed(uv_handle_t *timer) {
	on_closed(timer->data);
}

void notifier_stop(struct notifier *n, void (*done)(void *ctx), void *ctx) {
	n->stopped = done;
	n->stopped_ctx = ctx;
	uv_close((uv_handle_t *)&n->timer, timer_closed);
}

void notifier_free(struct notifier *n) {
	free(n);
}

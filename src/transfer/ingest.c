#include "transfer/ingest.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/thread.h"
#include "transfer/build.h"
#include "transfer/followed.h"
#include "transfer/hook.h"
#include "transfer/merger.h"

/* Where no history is kept, differences of whole zones are looked at so far: enough to see that there are none. */
#define STEP_LEAST_BYTES 4096
#define HEAP_FILL_TAKEN 256 /* so many versions are worth a look at the heap */

struct ingest {
	struct transfer *transfer;
	struct hooks *hooks;
	unsigned building;
	unsigned taken;          /* how many came */
	uint64_t waiting_octets; /* of what is built or waits to be saved */
	unsigned waiting;        /* versions of it */
};

/* A version on its way. */
struct arrival {
	struct save save; /* first: the saver hands it back */
	uv_work_t work;
	struct ingest *ingest;
	struct followed *zone; /* a reference */
	struct build build;
	struct guard guard;
	struct hook hook;
	const char **argv; /* of the hook; the words are the policy's */
	struct why why;
	enum err error;
	uint64_t octets;
	struct history_bounds bounds;
	struct attempt attempt;
};

static void press(struct ingest *in) {
	pool_hold(in->transfer->pool,
	          in->waiting_octets > INGEST_WAITING_OCTETS || in->waiting > INGEST_WAITING_MAX);
}

static void count(struct ingest *in, uint64_t octets) {
	in->waiting_octets += octets;
	in->waiting++;
	press(in);
}

static void count_off(struct ingest *in, uint64_t octets) {
	in->waiting_octets -= octets;
	in->waiting--;
	press(in);
}

static void arrival_free(struct arrival *a) {
	struct ingest *in = a->ingest;
	if (a->zone->wants_image)
		merger_look(in->transfer->merger, a->zone, false); /* it may be waiting for us */
	build_done(&a->build);
	guard_done(&a->guard);
	free(a->argv);
	followed_unref(a->zone);
	uint64_t octets = a->octets;
	free(a);
	count_off(in, octets);
}

static void record(struct arrival *a, const struct why *why) {
	struct followed *z = a->zone;
	a->attempt.time_s = clocks_now_s(z->transfer);
	a->attempt.ok = why == NULL;
	if (why) a->attempt.why = *why;
	record_attempt(z, &a->attempt);
}

static void fail(struct arrival *a, const struct why *why) {
	struct followed *z = a->zone;
	if (z->entry) {
		record(a, why);
		steps_failed(z, why, false);
	}
	arrival_free(a);
}

/* -- publish, announce -- */

static void announce(const struct arrival *a) {
	char name[NAME_TEXT_MAX], primary[ADDR_TEXT_MAX];
	struct followed *z = a->zone;
	const struct attempt *t = &a->attempt;
	log_event(z->transfer->log, EVENT_ZONE_TRANSFERRED, LOG_STR("zone", name_text_short(z->name, name)),
	          LOG_NUM("serial", t->serial), LOG_STR("primary", addr_text(&t->primary, primary)),
	          LOG_STR("got", attempt_got_text(t->got)), LOG_NUM("records", t->records),
	          LOG_NUM("bytes", t->bytes), LOG_NUM("messages", t->messages), LOG_NUM("ms", t->ms),
	          LOG_STR("tsig", t->tsig ? "yes" : "no"));
	if (z->transfer->stopping) return;
	const struct zone_policy *policy = followed_policy(z);
	if (policy->notify_count == 0 && !z->seldom) return; /* nobody to tell now, nobody was before */
	notifier_tell(z->transfer->notifier, &followed_seldom(z)->notify, z->name, policy, t->serial);
}

static void publish(struct followed *z, struct zone_version *v) {
	(void)fault_fires("publish"); /* a place to die at: saved, not yet served */
	version_ref(v);
	followed_hold(z, v);
	steps_publish(z, z->version, ZONE_SERVED);
}

/* Whoever looks at serials only does not see the change: those who made it should know. */
static void notice_silent_change(struct arrival *a) {
	char name[NAME_TEXT_MAX], primary[ADDR_TEXT_MAX];
	const struct followed *z = a->zone;
	bool signatures = z->follow.cause == FOR_SIGNATURES;
	if (!a->build.former || version_serial(a->build.former) != a->attempt.serial) return;
	addr_text(&a->attempt.primary, primary);
	why_set(&a->attempt.why, signatures ? REASON_SIGNATURES_CHANGED : REASON_CHANGED_WITHOUT_SERIAL,
	        "%s has other %s under serial %u, which was served here already", primary,
	        signatures ? "signatures" : "records", a->attempt.serial);
	log_event(z->transfer->log, EVENT_ZONE_SILENT_CHANGE, LOG_STR("zone", name_text_short(z->name, name)),
	          LOG_STR("reason", reason_slug(a->attempt.why.reason)),
	          LOG_STR("evidence", a->attempt.why.evidence));
}

/* Saved, so it may be seen. */
static void enter_service(struct arrival *a, struct zone_version *v) {
	struct followed *z = a->zone;
	struct soa soa = *version_soa(v);
	const struct changes *former = z->version ? z->version->changes : NULL;
	store_remember(z->transfer->store, v, former, a->save.steps.count ? &a->save.steps : NULL);
	z->committed = soa.serial;
	z->rolled_back = z->is_earlier = false;
	publish(z, v);
	guard_passed(&a->guard, z);
	notice_silent_change(a);
	record(a, NULL);
	announce(a);
	struct follow_env env = steps_env(z);
	struct follow_decision d = follow_saved(&z->follow, &env, &soa);
	d.keep = false;      /* prepare_version has saved it */
	d.confirmed = false; /* announced already */
	merger_look(z->transfer->merger, z, a->save.wants_image);
	steps_apply(z, d);
	watch_zone(z);
}

static void save_whole(struct arrival *a);

static void on_saved(struct save *s) {
	struct arrival *a = (struct arrival *)s;
	if (s->kind == SAVE_STEPS && (s->error == ERR_STALE || s->error == ERR_LIMIT)) {
		save_whole(a); /* the store can't put the steps where they belong */
		return;
	}
	if (s->error != OK) {
		fail(a, &s->why);
		return;
	}
	if (a->zone->entry) enter_service(a, s->saved ? s->saved : a->build.version);
	version_unref(s->saved);
	arrival_free(a);
}

/* -- save -- */

/* The state as it will be once the version is served. */
static bool prepare_version(struct save *s) {
	struct arrival *a = (struct arrival *)s;
	struct followed *z = a->zone;
	if (!z->entry) return false;
	const struct soa *soa = version_soa(a->build.version);
	struct follow_env env = steps_env(z);
	struct timers left = timers_of(soa);
	uint32_t cut_s;
	left.expire_s = follow_expire_of(&z->follow, &env, soa, &cut_s);
	struct timers t = timers_bound(&left, env.bounds);
	int64_t now_s = env.now_s;
	s->state = (struct zone_state){
		.checked_s = now_s,
		.refresh_s = now_s + timers_refresh_wait(&t, &z->transfer->random),
		.expire_s = now_s + left.expire_s,
		.expire_cut_s = cut_s,
		.giver = z->follow.source,
		.serial = soa->serial,
		.primary_serial = soa->serial,
		.has_version = true,
		.has_primary_serial = true,
		.held = z->follow.frozen,
	};
	return true;
}

static void save(struct arrival *a, enum save_kind kind) {
	a->save.kind = kind;
	a->save.name = a->zone->name;
	a->save.version = kind == SAVE_STEPS ? NULL : a->build.version;
	a->save.prepare = prepare_version;
	a->save.told = on_saved;
	saver_add(a->zone->transfer->saver, &a->save);
}

static void on_whole(uv_work_t *work) {
	struct arrival *a = work->data;
	struct zone_version *whole;
	thread_name(THREAD_POOL);
	a->error = version_merge(a->build.version, MERGE_ALL, &whole, &a->why);
	if (a->error != OK) return;
	version_unref(a->build.version);
	a->build.version = whole;
}

static void whole_made(uv_work_t *work, int status) {
	(void)status; /* never cancelled */
	struct arrival *a = work->data;
	struct saver *saver = a->zone->transfer->saver;
	a->ingest->building--;
	if (a->error == OK)
		save(a, SAVE_VERSION);
	else
		fail(a, &a->why);
	saver_check_idle(saver);
}

static void save_whole(struct arrival *a) {
	if (version_is_whole(a->build.version)) {
		save(a, SAVE_VERSION);
		return;
	}
	a->work.data = a;
	a->ingest->building++;
	/* Cannot fail: the callback is given. */
	(void)uv_queue_work(a->zone->transfer->loop, &a->work, on_whole, whole_made);
}

/* -- build and check -- */

/* The primary has sent what we have: it is as good as a confirmation. */
static void unchanged(struct arrival *a) {
	struct followed *z = a->zone;
	record(a, NULL);
	struct follow_env env = steps_env(z);
	steps_apply(z, follow_unchanged(&z->follow, &env));
	arrival_free(a);
}

/* A guard objects: what it was is kept, for the operator to let through. */
static void refused(struct arrival *a) {
	char name[NAME_TEXT_MAX];
	struct followed *z = a->zone;
	guard_refused(&a->guard, a->guard.report.guard, z);
	log_event(z->transfer->log, EVENT_ZONE_REFUSED, LOG_STR("zone", name_text_short(z->name, name)),
	          LOG_NUM("serial", a->guard.mark.serial), LOG_STR("reason", reason_slug(a->why.reason)),
	          LOG_STR("evidence", a->why.evidence));
	fail(a, &a->why);
}

static void save_built(struct arrival *a) {
	save(a, version_is_whole(a->build.version) ? SAVE_VERSION : SAVE_STEPS);
}

/* -- the operator's own check -- */

static struct arrival *arrival_of(struct hook *h) {
	return (struct arrival *)(void *)((char *)h - offsetof(struct arrival, hook));
}

static void on_checked(struct hook *h, const struct why *why) {
	struct arrival *a = arrival_of(h);
	struct saver *saver = a->ingest->transfer->saver;
	count(a->ingest, a->octets);
	if (!a->zone->entry) {
		arrival_free(a); /* removed meanwhile */
	} else if (why->reason == REASON_NONE) {
		save_built(a);
	} else {
		a->why = *why;
		a->guard.report.guard = GUARD_COMMAND;
		refused(a);
	}
	saver_check_idle(saver);
}

static const char **words_of(const struct zone_policy *policy) {
	size_t count = 0;
	for (size_t i = 0; i < policy->check_command_len; i++)
		count += policy->check_command[i] == '\0';
	const char **argv = xcalloc(count + 1, sizeof(*argv)), *word = policy->check_command;
	for (size_t i = 0; i < count; word += strlen(word) + 1)
		argv[i++] = word;
	return argv;
}

/* What waits for a command is not counted with what waits to be saved: it must not hold up other zones. */
static void ask_command(struct arrival *a) {
	const struct zone_policy *policy = a->guard.policy;
	a->argv = words_of(policy);
	a->hook = (struct hook){ .argv = a->argv,
		                 .version = a->build.version,
		                 .former = a->guard.former,
		                 .timeout_s = policy->check_timeout_s,
		                 .octets = version_bytes(a->build.version),
		                 .told = on_checked };
	count_off(a->ingest, a->octets);
	hooks_run(a->ingest->hooks, &a->hook);
}

static bool wants_command(const struct arrival *a) {
	return a->guard.policy->check_command && !(a->guard.passed & GUARD_COMMAND);
}

static void built(struct arrival *a) {
	if (a->error != OK && a->why.reason == REASON_NONE)
		why_set(&a->why, REASON_BAD_ZONE, "%s", err_text(a->error));
	if (!a->zone->entry)
		arrival_free(a); /* removed meanwhile */
	else if (a->error == ERR_REFUSED)
		refused(a);
	else if (a->error != OK)
		fail(a, &a->why);
	else if (a->build.unchanged)
		unchanged(a);
	else if (wants_command(a))
		ask_command(a);
	else
		save_built(a);
}

static void build(struct arrival *a) {
	bool is_whole = a->build.builder != NULL;
	a->error = build_run(&a->build, &a->why);
	const struct check_changes changes = { a->build.steps, a->build.step_count };
	if (a->error == OK && !a->build.unchanged)
		a->error = guard_run(&a->guard, a->build.version, is_whole ? NULL : &changes, &a->why);
	a->save.steps = (struct store_steps){ .steps = a->build.steps,
		                              .count = a->build.step_count,
		                              .bounds = a->bounds };
}

static void on_work(uv_work_t *work) {
	thread_name(THREAD_POOL);
	build(work->data);
}

static void on_built(uv_work_t *work, int status) {
	(void)status; /* never cancelled */
	struct arrival *a = work->data;
	struct saver *saver = a->ingest->transfer->saver;
	a->ingest->building--;
	built(a);
	saver_check_idle(saver);
}

static struct build build_of(struct followed *z, struct copy_result *r) {
	const struct zone_policy *policy = followed_policy(z);
	if (z->version) version_ref(z->version);
	return (struct build){
		.builder = r->builder,
		.steps = r->changes,
		.step_count = r->change_count,
		.former = z->version,
		.limits = { .max_bytes = policy->max_zone_bytes, .max_records = policy->max_zone_records },
		.step_max_bytes = policy->history.bytes > STEP_LEAST_BYTES ? policy->history.bytes
		                                                           : STEP_LEAST_BYTES,
		.time_s = clocks_now_s(z->transfer),
	};
}

/* Of what comes and of what it comes to: both may have to be walked. */
static bool is_small(const struct arrival *a) {
	const struct zone_version *former = a->build.former;
	return a->guard.policy->checks.dnssec == DNSSEC_OFF && a->attempt.records <= INGEST_INLINE_RECORDS &&
	       (!former || version_records(former) <= INGEST_INLINE_RECORDS);
}

void ingest_take(struct ingest *in, struct followed *z, struct copy_result *result,
                 const struct attempt *attempt) {
	struct arrival *a = xcalloc(1, sizeof(*a));
	if (++in->taken % HEAP_FILL_TAKEN == 0) heap_fill(&in->transfer->heap);
	a->ingest = in;
	a->zone = z;
	followed_ref(z);
	a->build = build_of(z, result);
	guard_begin(&a->guard, z);
	a->bounds = followed_policy(z)->history;
	a->octets = build_waiting(&a->build);
	a->attempt = *attempt;
	count(in, a->octets);
	if (is_small(a)) {
		build(a);
		built(a);
		return;
	}
	a->work.data = a;
	in->building++;
	/* Cannot fail: the callback is given. */
	(void)uv_queue_work(in->transfer->loop, &a->work, on_work, on_built);
}

bool ingest_is_idle(const struct ingest *in) {
	return in->building == 0 && hooks_are_idle(in->hooks);
}

struct ingest *ingest_new(struct transfer *t) {
	struct ingest *in = xcalloc(1, sizeof(*in));
	in->transfer = t;
	in->hooks = hooks_new(t->loop);
	return in;
}

void ingest_stop(struct ingest *in) {
	hooks_stop(in->hooks);
}

void ingest_free(struct ingest *in) {
	hooks_free(in->hooks);
	free(in);
}

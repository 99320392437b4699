#include "transfer/ingest.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "transfer/followed.h"

struct ingest {
	struct transfer *transfer;
	unsigned building;
	uint64_t waiting_octets; /* of what is built or waits to be saved */
};

/* A version on its way. */
struct arrival {
	struct save save; /* first: the saver hands it back */
	uv_work_t work;
	struct ingest *ingest;
	struct followed *zone;        /* a reference */
	struct builder *builder;      /* owned, until it is built */
	struct zone_version *version; /* a reference, once it is built */
	struct why why;
	enum err error;
	uint64_t octets;
	struct attempt attempt;
};

static void press(struct ingest *in, int64_t change) {
	in->waiting_octets = (uint64_t)((int64_t)in->waiting_octets + change);
	pool_hold(in->transfer->pool, in->waiting_octets > INGEST_WAITING_OCTETS);
}

static void arrival_free(struct arrival *a) {
	struct ingest *in = a->ingest;
	builder_free(a->builder);
	version_unref(a->version);
	followed_unref(a->zone);
	uint64_t octets = a->octets;
	free(a);
	press(in, -(int64_t)octets);
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
	notifier_tell(z->transfer->notifier, &z->notify, z->name, followed_policy(z));
}

static void publish(struct followed *z, struct zone_version *v) {
	version_unref(z->version);
	version_ref(v);
	z->version = v;
	steps_publish(z, v, ZONE_SERVED);
}

static void on_saved(struct save *s) {
	struct arrival *a = (struct arrival *)s;
	struct followed *z = a->zone;
	if (s->error != OK) {
		fail(a, &s->why);
		return;
	}
	if (z->entry) {
		struct soa soa = *version_soa(s->saved);
		publish(z, s->saved);
		record(a, NULL);
		announce(a);
		struct follow_env env = steps_env(z);
		struct follow_decision d = follow_saved(&z->follow, &env, &soa);
		d.keep = false;      /* prepare_version has saved it */
		d.confirmed = false; /* announced already */
		steps_apply(z, d);
	}
	version_unref(s->saved);
	arrival_free(a);
}

/* -- save -- */

/* The state as it will be once the version is served. */
static bool prepare_version(struct save *s) {
	struct arrival *a = (struct arrival *)s;
	struct followed *z = a->zone;
	if (!z->entry) return false;
	const struct soa *soa = version_soa(a->version);
	struct timers raw = timers_of(soa);
	struct timers t = timers_bound(&raw, &followed_policy(z)->bounds);
	int64_t now_s = clocks_now_s(z->transfer);
	s->state = (struct zone_state){
		.checked_s = now_s,
		.refresh_s = now_s + timers_refresh_wait(&t, &z->transfer->random),
		.expire_s = now_s + t.expire_s,
		.serial = soa->serial,
		.primary_serial = soa->serial,
		.has_version = true,
		.has_primary_serial = true,
	};
	return true;
}

static void save(struct arrival *a) {
	a->save.kind = SAVE_VERSION;
	a->save.name = a->zone->name;
	a->save.version = a->version;
	a->save.prepare = prepare_version;
	a->save.told = on_saved;
	saver_add(a->zone->transfer->saver, &a->save);
}

/* -- build -- */

static void build(struct arrival *a) {
	a->error = builder_finish(a->builder, &a->version, &a->why);
	builder_free(a->builder);
	a->builder = NULL;
}

static void built(struct arrival *a) {
	if (a->error != OK && a->why.reason == REASON_NONE)
		why_set(&a->why, REASON_BAD_ZONE, "%s", err_text(a->error));
	if (!a->zone->entry)
		arrival_free(a); /* removed meanwhile */
	else if (a->error != OK)
		fail(a, &a->why);
	else
		save(a);
}

static void on_work(uv_work_t *work) {
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

void ingest_take(struct ingest *in, struct followed *z, struct copy_result *result,
                 const struct attempt *attempt) {
	struct arrival *a = xcalloc(1, sizeof(*a));
	a->ingest = in;
	a->zone = z;
	followed_ref(z);
	a->builder = result->builder;
	a->octets = builder_bytes(a->builder);
	a->attempt = *attempt;
	press(in, (int64_t)a->octets);
	if (a->attempt.records <= INGEST_INLINE_RECORDS) {
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
	return in->building == 0;
}

struct ingest *ingest_new(struct transfer *t) {
	struct ingest *in = xcalloc(1, sizeof(*in));
	in->transfer = t;
	return in;
}

void ingest_free(struct ingest *in) {
	free(in);
}

/* Making and freeing of the serve and its workers, and adding up their counters. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "serve/worker.h"

static void make_secret(uint8_t out[static COOKIE_SECRET_LEN]) {
	struct random random = random_secure();
	for (unsigned i = 0; i < COOKIE_SECRET_LEN; i++)
		out[i] = (uint8_t)random_below(&random, 256);
}

static struct rate_limit *limit_new(const struct rate_settings *settings) {
	struct random random = random_secure();
	return rate_limit_new(settings, &random);
}

static void limit_free(void *limit) {
	rate_limit_free(limit);
}

static struct settings *settings_with(const struct serve *s, const struct serve_settings *from) {
	struct settings *settings = settings_new(from, s->own_secret);
	settings->limit = s->limit;
	return settings;
}

struct serve *serve_new(const struct serve_settings *settings, const struct zone_table *table,
                        struct epoch *epoch, struct log *log, const struct serve_notify_sink *sink) {
	struct serve *s = xcalloc(1, sizeof(*s));
	s->table = table;
	s->epoch = epoch;
	s->log = log;
	if (sink) s->sink = *sink;
	make_secret(s->own_secret);
	s->limit = limit_new(&settings->rate_limit);
	atomic_init(&s->settings, settings_with(s, settings));
	return s;
}

/* Limits that stay the same go on with what they know. */
void serve_configure(struct serve *s, const struct serve_settings *settings) {
	struct rate_limit *former = s->limit;
	bool same = rate_limit_has(former, &settings->rate_limit);
	if (!same) s->limit = limit_new(&settings->rate_limit);
	struct settings *next = settings_with(s, settings);
	epoch_retire(s->epoch, atomic_exchange_explicit(&s->settings, next, memory_order_acq_rel),
	             settings_free);
	if (!same && former) epoch_retire(s->epoch, former, limit_free);
}

void serve_report(const struct serve *s, struct moment now) {
	rate_limit_report(s->limit, s->log, now);
}

void serve_free(struct serve *s) {
	if (!s) return;
	for (unsigned i = 0; i < EPOCH_READERS_MAX; i++)
		assert(!atomic_load(&s->workers[i]));
	settings_free(atomic_load(&s->settings));
	rate_limit_free(s->limit);
	free(s);
}

struct serve_worker *serve_worker_new(struct serve *s, unsigned number) {
	assert(number < EPOCH_READERS_MAX && !atomic_load(&s->workers[number]));
	struct serve_worker *w = xpages(sizeof(*w));
	w->serve = s;
	w->number = number;
	atomic_store_explicit(&s->workers[number], w, memory_order_release);
	return w;
}

void serve_worker_free(struct serve_worker *w) {
	if (!w) return;
	struct serve *s = w->serve;
	atomic_store(&s->workers[w->number], NULL);
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		atomic_fetch_add_explicit(&s->gone[i],
		                          atomic_load_explicit(&w->counters[i], memory_order_relaxed),
		                          memory_order_relaxed);
	ixfr_kept_done(&w->kept);
	xpages_free(w, sizeof(*w));
}

void serve_count(const struct serve *s, struct serve_counters *out_sum) {
	uint64_t sum[COUNTER_COUNT];
	for (unsigned c = 0; c < COUNTER_COUNT; c++)
		sum[c] = atomic_load_explicit(&s->gone[c], memory_order_relaxed);
	for (unsigned i = 0; i < EPOCH_READERS_MAX; i++) {
		const struct serve_worker *w = atomic_load_explicit(&s->workers[i], memory_order_acquire);
		for (unsigned c = 0; w && c < COUNTER_COUNT; c++)
			sum[c] += atomic_load_explicit(&w->counters[c], memory_order_relaxed);
	}
#define SERVE_COUNTER(name, text) out_sum->name = sum[COUNTER_##name];
#include "serve/counters.def"
#undef SERVE_COUNTER
}

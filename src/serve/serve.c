/* Making and freeing of the serve and its workers, and adding up their counters. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "serve/worker.h"

struct serve *serve_new(const struct serve_settings *settings, const struct zone_table *table,
                        struct log *log, const struct serve_notify_sink *sink) {
	struct serve *s = xcalloc(1, sizeof(*s));
	s->settings = *settings;
	s->table = table;
	s->log = log;
	if (sink) s->sink = *sink;
	size_t nsid_len = settings->nsid ? strlen(settings->nsid) : 0;
	s->nsid_len = (uint16_t)(nsid_len < NSID_MAX ? nsid_len : NSID_MAX);
	return s;
}

void serve_free(struct serve *s) {
	if (!s) return;
	for (unsigned i = 0; i < EPOCH_READERS_MAX; i++)
		assert(!atomic_load(&s->workers[i]));
	free(s);
}

struct serve_worker *serve_worker_new(struct serve *s, unsigned number) {
	assert(number < EPOCH_READERS_MAX && !atomic_load(&s->workers[number]));
	struct serve_worker *w = xcalloc(1, sizeof(*w));
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
	free(w);
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

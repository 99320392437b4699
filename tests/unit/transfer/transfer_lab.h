/* A whole transfer on a loop, with a store in a temporary folder and scripted primaries. */
#ifndef TESTS_UNIT_TRANSFER_TRANSFER_LAB_H
#define TESTS_UNIT_TRANSFER_TRANSFER_LAB_H

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/epoch.h"
#include "primary_lab.h"
#include "transfer/transfer.h"

#ifdef __SANITIZE_THREAD__
#define LAB_DEADLINE_MS 180000 /* ten thousand zones are slow there, more so on a loaded machine */
#else
#define LAB_DEADLINE_MS 30000
#endif

struct transfer_lab {
	uv_loop_t loop;
	uv_timer_t deadline;
	char dir[64];
	struct log *log;
	struct epoch *epoch;
	struct zone_table *table;
	struct store *store;
	struct transfer *t;
	struct primary_lab primary, other;
	uint64_t collect_max_bytes; /* for the next lab_start */
	bool over, stopped;
};

static inline struct zone_policy *lab_policy(const struct addr *addrs, unsigned count,
                                             const struct tsig_key *key) {
	struct {
		struct zone_policy policy;
		struct primary primaries[4];
	} *p = calloc(1, sizeof(*p));
	struct keyset *keys = calloc(1, sizeof(*keys));
	atomic_init(&keys->references, 1);
	atomic_init(&p->policy.references, 1);
	p->policy.keyset = keys;
	p->policy.primaries = p->primaries;
	p->policy.primary_count = count;
	p->policy.bounds = (struct timer_bounds){ 1, 86400, 1, 3600, 2, 31536000 };
	p->policy.history = (struct history_bounds){ .versions = 100, .bytes = 1 << 20 };
	for (unsigned i = 0; i < count; i++)
		p->primaries[i] = (struct primary){ .addr = addrs[i], .key = key };
	return &p->policy;
}

/* As the daemon's workers read what was not read yet. */
static inline struct zone_version *lab_look(void *ctx, const struct zone_entry *entry) {
	const struct transfer_lab *l = ctx;
	return store_look(l->store, entry->name, clock_now().wall_s);
}

static inline void lab_start(struct transfer_lab *l) {
	struct table_reader reader = { l, lab_look };
	struct transfer_settings settings = { 32, 8, 2, 256, l->collect_max_bytes, NULL };
	struct why why;
	l->epoch = epoch_new();
	l->table = table_new(l->epoch);
	table_set_reader(l->table, &reader);
	enum err e = store_open(l->dir, l->log, &l->store, &why);
	if (e != OK) fprintf(stderr, "%s\n", why.evidence);
	assert(e == OK);
	l->t = transfer_new(&l->loop, &settings, l->table, l->store, l->epoch, l->log);
	transfer_load_begin(l->t);
	e = transfer_load_files(l->t);
	assert(e == OK);
	(void)e;
}

static inline void lab_begin(struct transfer_lab *l) {
	memset(l, 0, sizeof(*l));
	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	snprintf(l->dir, sizeof(l->dir), "/tmp/test-transfer-XXXXXX");
	char *made = mkdtemp(l->dir);
	assert(made);
	(void)made;
	l->log = getenv("LAB_LOG") ? log_new(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, 2) : NULL;
	uv_loop_init(&l->loop);
	uv_timer_init(&l->loop, &l->deadline);
	l->deadline.data = l;
	primary_begin(&l->primary, &l->loop);
	primary_begin(&l->other, &l->loop);
	lab_start(l);
}

static inline void lab_over(uv_timer_t *timer) {
	struct transfer_lab *l = timer->data;
	l->over = true;
}

/* Run the loop until done(ctx) or the deadline; false: the deadline. */
static inline bool lab_run(struct transfer_lab *l, bool (*done)(struct transfer_lab *l, void *ctx),
                           void *ctx) {
	l->over = false;
	uv_timer_start(&l->deadline, lab_over, LAB_DEADLINE_MS, 0);
	while (!done(l, ctx) && !l->over)
		uv_run(&l->loop, UV_RUN_ONCE);
	uv_timer_stop(&l->deadline);
	return !l->over;
}

static inline void lab_stopped(void *ctx) {
	struct transfer_lab *l = ctx;
	l->stopped = true;
}

static inline bool lab_is_stopped(struct transfer_lab *l, void *ctx) {
	(void)ctx;
	return l->stopped;
}

/* Stop as the daemon does. */
static inline bool lab_stop(struct transfer_lab *l) {
	l->stopped = false;
	transfer_stop(l->t, lab_stopped, l);
	bool stopped = lab_run(l, lab_is_stopped, NULL);
	transfer_free(l->t);
	table_free(l->table);
	epoch_free(l->epoch);
	store_close(l->store);
	return stopped;
}

static inline int lab_remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline void lab_remove_dir(const char *path) {
	(void)nftw(path, lab_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void lab_end(struct transfer_lab *l) {
	bool stopped = lab_stop(l);
	assert(stopped);
	(void)stopped;
	primary_stop(&l->primary);
	primary_stop(&l->other);
	uv_close((uv_handle_t *)&l->deadline, NULL);
	uv_run(&l->loop, UV_RUN_DEFAULT); /* returns: no handle is left open */
	int e = uv_loop_close(&l->loop);
	assert(e == 0);
	(void)e;
	log_free(l->log);
	lab_remove_dir(l->dir);
}

static inline void lab_add(struct transfer_lab *l, const char *zone, const struct zone_policy *policy) {
	struct name n = lab_name(zone);
	transfer_zone_added(l->t, n.wire, policy);
}

static inline struct zone_report lab_report(struct transfer_lab *l, const char *zone) {
	struct zone_report r;
	struct name n = lab_name(zone);
	enum err e = transfer_report(l->t, n.wire, &r);
	assert(e == OK);
	(void)e;
	return r;
}

#endif

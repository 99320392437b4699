/* The inventory at 10, 100,000 and 1,000,000 zones: what one more costs, what an import in batches costs, how long the
 * whole takes to load.
 *
 *     bench_inventory [ZONES [SETTINGS]]      default: 1000000 zones that share 1000 texts of settings
 *
 * The database stands in a folder of its own below TMPDIR (or /tmp) and is removed. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "inventory/inventory.h"

#define BATCH 1000
#define ADDS 200

struct bench {
	char folder[200], path[230], copy[240];
	struct settings_base base;
	struct zone_policy *policy;
	struct settings_template template;
	struct inventory *inv;
	long settings;
};

static double now(void) {
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* it is there */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void) {
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage); /* of ourselves */
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static long memory_kib(void) {
	long pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%ld %ld", &pages, &resident) != 2) resident = 0;
	if (f) (void)fclose(f); /* only read */
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void fail(const char *what, const char *why) {
	fprintf(stderr, "bench_inventory: %s: %s\n", what, why);
	exit(1);
}

static void base_make(struct bench *b) {
	struct keyset *keys = keyset_over(NULL);
	b->policy = xcalloc(1, sizeof(*b->policy));
	atomic_init(&b->policy->references, 1);
	b->template = (struct settings_template){ "default", b->policy };
	b->base.keyset = keys;
	atomic_init(&b->base.references, 1000);
	b->base.templates = &b->template;
	b->base.template_count = 1;
}

static void open_inventory(struct bench *b) {
	const struct inventory_settings settings = { .path = b->path, .copy_path = b->copy };
	b->inv = inventory_open(&settings, &b->base, 1);
	if (inventory_state(b->inv) != INVENTORY_OK) fail("open", inventory_why(b->inv)->evidence);
}

static void apply(struct bench *b, long first, long count) {
	static char names[BATCH][64], settings[BATCH][64];
	struct inventory_zone_change changes[BATCH];
	const struct inventory_who who = { .is_admin = true, .name = "bench", .now_s = 1 };
	struct inventory_result result = { 0 };
	for (long i = 0; i < count; i++) {
		long n = first + i;
		(void)snprintf(names[i], sizeof(names[i]), "zone%07ld.customer%ld.example", n, n % 5000);
		int len = snprintf(settings[i], sizeof(settings[i]), "{\"primaries\":[\"10.%ld.%ld.1\"]}",
		                   n % b->settings / 250, n % b->settings % 250);
		changes[i] = (struct inventory_zone_change){ .action = ZONE_ADD,
			                                     .name = names[i],
			                                     .settings = settings[i],
			                                     .settings_len = (size_t)len };
	}
	const struct inventory_batch batch = { .changes = changes, .count = (size_t)count, .origin = "api" };
	inventory_apply(b->inv, &batch, &who, &result);
	if (result.code != INVENTORY_DONE) fail("apply", result.text);
	inventory_result_done(&result);
}

static int by_size(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* One at a time; names far from those that are there. */
static void adds(struct bench *b, long held) {
	static long next = 5000000;
	double took[ADDS], cpu_start = cpu();
	for (int i = 0; i < ADDS; i++) {
		double start = now();
		apply(b, next += 7919, 1);
		took[i] = now() - start;
	}
	double used = (cpu() - cpu_start) / ADDS;
	qsort(took, ADDS, sizeof(took[0]), by_size);
	printf("one zone among %8ld: median %.2f ms, of CPU %.3f ms\n", held, took[ADDS / 2] * 1e3,
	       used * 1e3);
}

static void none(void *ctx, const struct inventory_zone *zone) {
	(void)ctx, (void)zone;
}

static void page(struct bench *b, const char *what, const struct inventory_page *p) {
	uint64_t total = 0;
	bool more = false;
	double start = cpu();
	if (inventory_zone_page(b->inv, p, none, NULL, &total, &more) != OK) fail("page", what);
	printf("page of %u, %s: %.1f ms of CPU, of %llu\n", p->limit, what, (cpu() - start) * 1e3,
	       (unsigned long long)total);
}

static void fill(struct bench *b, long from, long to) {
	double start = now(), cpu_start = cpu();
	for (long at = from; at < to; at += BATCH)
		apply(b, at, to - at < BATCH ? to - at : BATCH);
	printf("import of %ld zones in batches of %d: %.2f s, of CPU %.2f s\n", to - from, BATCH,
	       now() - start, cpu() - cpu_start);
}

struct nothing {
	size_t added;
};
static void added(void *ctx, const uint8_t *name, const struct zone_policy *policy, uint32_t account) {
	(void)account;
	struct nothing *n = ctx;
	(void)name, (void)policy;
	n->added++;
}
static void changed(void *ctx, const uint8_t *name, const struct zone_policy *policy, uint32_t account) {
	(void)account;
	(void)ctx, (void)name, (void)policy;
}
static void removed(void *ctx, const uint8_t *name) {
	(void)ctx, (void)name;
}

static void load(struct bench *b) {
	struct intent_list zones = { 0 };
	struct wanted_summary summary;
	struct nothing n = { 0 };
	const struct wanted_watcher watcher = {
		.ctx = &n, .added = added, .changed = changed, .removed = removed
	};
	size_t left_out = 0;
	inventory_close(b->inv);
	long before = memory_kib();
	double start = cpu(), wall = now();
	open_inventory(b);
	double opened = cpu();
	if (inventory_load(b->inv, &zones, &left_out) != OK) fail("load", "failed");
	double loaded = cpu();
	size_t count = zones.count;
	struct wanted *w = wanted_new(&watcher);
	if (wanted_replace(w, WANTED_DATABASE, &zones, &summary) != OK) fail("wanted", "failed");
	printf("load of %zu zones, CPU: open %.3f s, read %.2f s, wanted %.2f s (wall of all %.2f s); %.0f octets a "
	       "zone in all\n",
	       count, opened - start, loaded - opened, cpu() - loaded, now() - wall,
	       (double)(memory_kib() - before) * 1024 / (double)count);
	wanted_free(w);
	intent_list_done(&zones);
}

static void copy(struct bench *b) {
	double start = cpu(), longest = 0;
	enum err e;
	do {
		double step = now();
		e = inventory_copy(b->inv);
		if (e == ERR_AGAIN && now() - step > longest) longest = now() - step;
	} while (e == ERR_AGAIN);
	if (e != OK) fail("copy", err_text(e));
	printf("copy: %.2f s of CPU, longest step but the last %.0f ms\n", cpu() - start, longest * 1e3);
}

static void files_remove(const struct bench *b) {
	struct stat st;
	if (stat(b->path, &st) == 0) printf("database: %lld MiB\n", (long long)st.st_size >> 20);
	DIR *folder = opendir(b->folder);
	for (struct dirent *d = folder ? readdir(folder) : NULL; d; d = readdir(folder)) {
		char path[600];
		(void)snprintf(path, sizeof(path), "%s/%s", b->folder, d->d_name); /* fits */
		if (d->d_name[0] != '.') (void)unlink(path);                       /* ours */
	}
	if (folder) (void)closedir(folder); /* only read */
	(void)rmdir(b->folder);             /* ours */
}

int main(int argc, char **argv) {
	struct bench b = { .settings = argc > 2 ? strtol(argv[2], NULL, 10) : 1000 };
	long zones = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000;
	const char *below = getenv("TMPDIR");
	(void)snprintf(b.folder, sizeof(b.folder), "%.150s/understudy-bench-XXXXXX", below ? below : "/tmp");
	if (!mkdtemp(b.folder)) fail("folder", b.folder);
	(void)snprintf(b.path, sizeof(b.path), "%s/inventory.db", b.folder);
	(void)snprintf(b.copy, sizeof(b.copy), "%s.copy", b.path);
	if (setvbuf(stdout, NULL, _IOLBF, 0) != 0) fail("output", "can't be set up");
	base_make(&b);
	open_inventory(&b);
	apply(&b, 0, 10);
	adds(&b, 10);
	fill(&b, 10, zones < 100000 ? zones : 100000);
	adds(&b, 100000);
	if (zones > 100000) {
		fill(&b, 100000, zones);
		adds(&b, zones);
	}
	page(&b, "from the start", &(struct inventory_page){ .limit = 100 });
	page(&b, "from the middle",
	     &(struct inventory_page){ .limit = 100, .account = 1, .after = "zone0500000" });
	load(&b);
	copy(&b);
	inventory_close(b.inv);
	files_remove(&b);
	return 0;
}

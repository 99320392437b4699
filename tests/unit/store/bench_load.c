/* How long a restart takes: saves zones into a folder, opens the store anew and loads all.
 *
 *   bench_load FOLDER ZONES HOSTS     e.g. 2 500000 (two zones of a million records), 10000 4
 *
 * The pages are warm, since they were just written.  Prints milliseconds of opening and loading, and octets. */
#include "load_all.h"
#include "zone/builder.h"
#include "zone/lookup.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_ms(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void must(enum err e, const char *what) {
	if (e == OK) return;
	fprintf(stderr, "%s: %s\n", what, err_text(e));
	exit(1);
}

static struct name name_of(const char *text) {
	struct name n;
	must(name_parse(text, &n), text);
	return n;
}

static struct zone_version *make_zone(const struct name *apex, unsigned hosts) {
	struct why why;
	struct zone_version *v;
	struct builder *b = builder_new(apex->wire, &(struct builder_limits){ 0 });
	uint8_t rdata[600] = { 0 };
	memcpy(rdata, apex->wire, apex->len);
	memcpy(rdata + apex->len, apex->wire, apex->len);
	for (unsigned i = 0; i < 5; i++)
		store_u32(rdata + 2 * apex->len + 4 * i, i == 0 ? 1 : 604800);
	must(builder_add(b, apex->wire, RR_SOA, 3600, rdata, (uint16_t)(2 * apex->len + 20), &why), "SOA");
	must(builder_add(b, apex->wire, RR_NS, 3600, apex->wire, apex->len, &why), "NS");
	struct name owner;
	for (unsigned i = 0; i < hosts; i++) {
		owner.wire[0] = 9;
		snprintf((char *)owner.wire + 1, 16, "h%08u", i);
		memcpy(owner.wire + 10, apex->wire, apex->len);
		store_u32(rdata, i);
		must(builder_add(b, owner.wire, RR_A, 3600, rdata, 4, &why), "A");
		rdata[0] = 24;
		memset(rdata + 1, 'x', 24);
		store_u32(rdata + 1, i);
		must(builder_add(b, owner.wire, RR_TXT, 3600, rdata, 25, &why), "TXT");
	}
	must(builder_finish(b, &v, &why), "finish");
	builder_free(b);
	return v;
}

static void save(struct store *s, unsigned zones, unsigned hosts) {
	struct why why;
	struct store_batch *b = store_batch_new(s);
	for (unsigned i = 0; i < zones; i++) {
		char text[64];
		snprintf(text, sizeof(text), "zone%u.example", i);
		struct name apex = name_of(text);
		struct zone_version *v = make_zone(&apex, hosts), *saved;
		struct zone_state state = { .checked_s = (int64_t)time(NULL),
			                    .expire_s = (int64_t)time(NULL) + 604800 };
		double begin = now_ms();
		must(store_batch_put(b, apex.wire, &state, v, NULL, &saved), "put");
		if (i < 2) printf("put %zu octets: %.1f ms\n", layer_size(v->layers[0]), now_ms() - begin);
		version_unref(saved);
		version_unref(v);
	}
	double begin = now_ms();
	must(store_batch_commit(b, &why), "commit");
	printf("commit: %.1f ms\n", now_ms() - begin);
}

struct sum {
	unsigned zones;
	uint64_t octets, records;
	struct zone_version **v;
};

static void count(void *ctx, const uint8_t *name, const struct zone_state *state,
                  struct zone_version *version) {
	struct sum *sum = ctx;
	struct lookup found;
	(void)state;
	if (!version) abort();
	sum->octets += layer_size(version->layers[0]);
	sum->records += version->image.header->record_count;
	zone_lookup(version, name, &found);
	sum->v[sum->zones++] = version;
}

int main(int argc, char **argv) {
	struct why why;
	struct store *s;
	if (argc != 4) return 2;
	unsigned zones = (unsigned)strtoul(argv[2], NULL, 10), hosts = (unsigned)strtoul(argv[3], NULL, 10);
	must(store_open(argv[1], NULL, &s, &why), "open");
	save(s, zones, hosts);
	store_close(s);
	for (int round = 0; round < 3; round++) {
		struct sum sum = { .v = calloc(zones, sizeof(struct zone_version *)) };
		double begin = now_ms();
		must(store_open(argv[1], NULL, &s, &why), "open");
		double opened = now_ms();
		must(load_all(s, count, &sum), "load");
		double loaded = now_ms();
		printf("open %.1f ms, load %.1f ms: %u zones, %" PRIu64 " records, %" PRIu64 " octets\n",
		       opened - begin, loaded - opened, sum.zones, sum.records, sum.octets);
		for (unsigned i = 0; i < sum.zones; i++)
			version_unref(sum.v[i]);
		free(sum.v);
		store_close(s);
	}
	return 0;
}

/* Cost of changes: steps of 200 records each are applied to a zone of a million, one after the other, and layers are
 * merged when they ask for it.
 *
 *   bench_apply [records] [steps] [records a step] [names]
 *
 * Half of a step's records are removed, half are added: another address of the same hosts; with "names" hosts go and others
 * come, none of which was looked at before, so that memory is as far away as it is in service.
 *
 * Prints CPU microseconds a step, a merge and a lookup, and memory against the beginning. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "zone/apply.h"
#include "zone/lookup.h"

#define HOST_FORMAT "h%08llu"

enum { LOOKUPS = 200000, STEPS_BETWEEN = 100, STRIDE = 7919 };

static const uint8_t apex[] = { 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0 };

struct run {
	struct zone_version *v;
	uint64_t records, seed;
	uint64_t gone; /* hosts */
	unsigned per_step;
	bool names;
	double apply_s, merge_s, worst_s;
	unsigned merges_deltas, merges_all;
};

static double cpu_seconds(void) {
	struct rusage usage;
	if (getrusage(RUSAGE_SELF, &usage) != 0) abort();
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double resident_mib(void) {
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%*d %ld", &pages) != 1) abort();
	fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static void must(enum err e) {
	if (e == OK) return;
	fprintf(stderr, "%s\n", err_name(e));
	exit(1);
}

static uint64_t next_random(struct run *run) {
	run->seed = run->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return run->seed >> 24;
}

/* Host `number` relative to the apex; its address tells the round in which it came. */
static void make_host(uint64_t number, struct name *out) {
	char label[32];
	int len = snprintf(label, sizeof(label), HOST_FORMAT, (unsigned long long)number);
	out->wire[0] = (uint8_t)len;
	memcpy(out->wire + 1, label, (size_t)len);
	out->wire[len + 1] = 0;
	out->len = (uint8_t)(len + 2);
}

static void make_soa(uint32_t serial, uint8_t out[static 22]) {
	memset(out, 0, 22);
	for (unsigned i = 0; i < 4; i++)
		out[2 + i] = (uint8_t)(serial >> (24 - 8 * i));
}

static struct zone_version *make_zone(uint64_t records) {
	struct builder_limits limits = { 0 };
	struct builder *b = builder_new(apex, &limits);
	struct zone_version *v;
	struct why why;
	uint8_t soa[22], address[4] = { 192, 0, 2, 0 }, ns[1] = { 0 };
	make_soa(0, soa);
	must(builder_add(b, apex, RR_SOA, 60, soa, sizeof(soa), &why));
	must(builder_add(b, apex, RR_NS, 60, ns, sizeof(ns), &why));
	for (uint64_t i = 0; i + 2 < records; i++) {
		struct name host, owner;
		make_host(i, &host);
		must(name_join(host.wire, apex, &owner));
		memcpy(address, &i, 3);
		must(builder_add(b, owner.wire, RR_A, 300, address, sizeof(address), &why));
	}
	must(builder_finish(b, &v, &why));
	builder_free(b);
	return v;
}

static void put_soa(struct change_writer *w, enum change_side side, uint32_t serial) {
	static const uint8_t root[] = { 0 };
	uint8_t soa[22];
	make_soa(serial, soa);
	struct change_record r = {
		.owner = root, .type = RR_SOA, .rdlength = sizeof(soa), .ttl_s = 60, .rdata = soa
	};
	must(change_put(w, side, &r));
}

static void put_address(struct change_writer *w, enum change_side side, uint64_t number, const char *format) {
	char label[32];
	uint8_t address[4] = { 192, 0, 2, 0 };
	struct name host = { .len = 0 };
	int len = snprintf(label, sizeof(label), format, (unsigned long long)number);
	host.wire[0] = (uint8_t)len;
	memcpy(host.wire + 1, label, (size_t)len);
	host.wire[len + 1] = 0;
	memcpy(address, &number, 3);
	struct change_record r = {
		.owner = host.wire, .type = RR_A, .rdlength = sizeof(address), .ttl_s = 300, .rdata = address
	};
	must(change_put(w, side, &r));
}

/* Hosts as make_zone has made them go, each once; as many others come. */
static struct change *make_names_step(struct run *run, uint32_t serial) {
	struct change_writer w = change_writer_init(0);
	struct change *c;
	put_soa(&w, CHANGE_REMOVED, serial);
	put_soa(&w, CHANGE_ADDED, serial + 1);
	for (unsigned i = 0; i < run->per_step / 2; i++) {
		put_address(&w, CHANGE_REMOVED, run->gone * STRIDE % (run->records - 2), HOST_FORMAT);
		put_address(&w, CHANGE_ADDED, run->gone++, "n%llu");
	}
	must(change_finish(&w, 0, &c));
	return c;
}

/* Hosts from a random one on, each once, get another address. */
static struct change *make_step(struct run *run, uint32_t serial) {
	struct change_writer w = change_writer_init(0);
	struct change *c;
	uint64_t start = next_random(run);
	put_soa(&w, CHANGE_REMOVED, serial);
	put_soa(&w, CHANGE_ADDED, serial + 1);
	for (unsigned i = 0; i < run->per_step / 2; i++) {
		struct name host, owner;
		struct rrset set;
		make_host((start + (uint64_t)i * STRIDE) % (run->records - 2), &host);
		must(name_join(host.wire, apex, &owner));
		if (!node_rrset(zone_find(run->v, owner.wire), RR_A, &set)) abort();
		struct change_record r = { .owner = host.wire, .type = RR_A, .ttl_s = set.ttl_s };
		const uint8_t *at = set.rdatas;
		uint8_t address[4];
		r.rdata = rrset_next(&at, &r.rdlength);
		must(change_put(&w, CHANGE_REMOVED, &r));
		memcpy(address, r.rdata, 4);
		address[3]++;
		r.rdata = address;
		must(change_put(&w, CHANGE_ADDED, &r));
	}
	must(change_finish(&w, 0, &c));
	return c;
}

static void replace(struct run *run, struct zone_version *v) {
	version_unref(run->v);
	run->v = v;
}

static void merge(struct run *run) {
	struct zone_version *merged;
	struct why why;
	enum merge_need need = version_merge_need(run->v);
	if (need == MERGE_NOT) return;
	double before = cpu_seconds();
	must(version_merge(run->v, need, &merged, &why));
	run->merge_s += cpu_seconds() - before;
	if (need == MERGE_ALL) run->merges_all++;
	if (need == MERGE_DELTAS) run->merges_deltas++;
	replace(run, merged);
}

static void apply(struct run *run, struct change *step) {
	struct builder_limits limits = { 0 };
	struct zone_version *next;
	struct why why;
	double before = cpu_seconds();
	enum err e = version_apply(run->v, &step, 1, APPLY_FORWARD, &limits, &next, &why);
	double took = cpu_seconds() - before;
	must(e);
	run->apply_s += took;
	if (took > run->worst_s) run->worst_s = took;
	replace(run, next);
}

static double lookup_nanoseconds(struct run *run) {
	double before = cpu_seconds();
	for (unsigned i = 0; i < LOOKUPS; i++) {
		struct name host, owner;
		struct lookup found;
		make_host(next_random(run) % run->records, &host);
		must(name_join(host.wire, apex, &owner));
		zone_lookup(run->v, owner.wire, &found);
	}
	return (cpu_seconds() - before) / LOOKUPS * 1e9;
}

int main(int argc, char **argv) {
	struct run run = { .records = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000,
		           .per_step = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 200,
		           .names = argc > 4 && strcmp(argv[4], "names") == 0,
		           .seed = 1 };
	unsigned steps = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
	run.v = make_zone(run.records);
	(void)malloc_trim(0); /* what the builder left is not ours to measure */
	double bytes = (double)version_bytes(run.v), resident = resident_mib(), most = 1;
	printf("zone: %llu records, image %.1f MiB, resident %.1f MiB, lookup %.0f ns\n",
	       (unsigned long long)version_records(run.v), bytes / 1048576, resident,
	       lookup_nanoseconds(&run));
	for (unsigned done = 1; done <= steps; done++) {
		uint32_t serial = version_serial(run.v);
		struct change *step = run.names ? make_names_step(&run, serial) : make_step(&run, serial);
		apply(&run, step);
		change_unref(step);
		merge(&run);
		double now = (double)version_bytes(run.v) / bytes;
		if (now > most) most = now;
		if (done % STEPS_BETWEEN == 0) {
			printf("%u steps: %u layers, %.3f of the bytes, lookup %.0f ns\n", done,
			       run.v->layer_count, now, lookup_nanoseconds(&run));
		}
	}
	printf("step of %u records: %.1f us on average, %.1f us at most\n", run.per_step,
	       run.apply_s / steps * 1e6, run.worst_s * 1e6);
	printf("merges: %u of deltas, %u of all, %.1f us a step\n", run.merges_deltas, run.merges_all,
	       run.merge_s / steps * 1e6);
	(void)malloc_trim(0); /* as above */
	printf("memory: %.3f of the bytes at most, %.3f now, resident %.3f\n", most,
	       (double)version_bytes(run.v) / bytes, resident_mib() / resident);
	version_unref(run.v);
	return 0;
}

/* Hostile steps on a zone: whatever they say, applying them ends in a code that is the same for a delta and for a
 * whole image, and what comes out is sound and is the same zone.
 *
 *   input:  octet: which base zone | octets of instructions, see read_step
 *
 * Where the first octet asks for it, the rest is tried as the block of a saved step instead. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "zone/delta.h"
#include "zone/nsec3.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { BASES = 3, STEPS_MAX = 6, RAW = 0x80 };

static const uint8_t apex[] = { 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0 };
static const uint8_t root[] = { 0 };

/* Names that bases and steps share, so that steps hit. */
#define CHAIN_0                                                                                              \
	" "                                                                                                  \
	"00000000000000000000000000000000"
#define CHAIN_V                                                                                              \
	" "                                                                                                  \
	"v0000000000000000000000000000000"
static const char *const names[] = {
	"",          "\1a", "\1b\1a", "\1c\1b\1a", "\1*\1a", "\1A",         "\3cut",
	"\2ns\3cut", "\1d", "\1x\1d", CHAIN_0,     CHAIN_V,  "\1z" CHAIN_V, "\1e\1e\1e\1e\1e\1e",
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };
static const uint16_t types[] = { RR_A,          RR_NS,    RR_CNAME, RR_DNAME, RR_TXT, RR_NSEC, RR_NSEC3,
	                          RR_NSEC3PARAM, RR_RRSIG, RR_SOA,   RR_MX,    65280,  0,       255 };
enum { TYPES = sizeof(types) / sizeof(types[0]) };

static void name_at(unsigned which, uint8_t *out) {
	size_t len = strlen(names[which % NAMES]);
	memcpy(out, names[which % NAMES], len);
	out[len] = 0;
}

/* rdata of the type that is sound, told apart by `variant`. */
static uint16_t rdata_of(uint16_t type, uint8_t variant, uint8_t *out) {
	static const uint8_t nsec3[] = { 1, 0, 0, 1, 1, 7, 20 }, param[] = { 1, 0, 0, 1, 1, 7 };
	static const uint8_t nsec[] = { 0, 0, 1, 0x40 };
	memset(out, 0, 64);
	switch (type) {
	case RR_A: out[3] = variant; return 4;
	case RR_TXT: out[0] = 1, out[1] = variant; return 2;
	case RR_MX: out[1] = variant; return 3;
	case RR_NSEC: memcpy(out, nsec, sizeof(nsec)); return sizeof(nsec);
	case RR_NSEC3:
		memcpy(out, nsec3, sizeof(nsec3));
		out[5] = (uint8_t)(7 + variant / 128);
		out[20] = variant;
		return sizeof(nsec3) + 20;
	case RR_NSEC3PARAM:
		memcpy(out, param, sizeof(param));
		out[5] = (uint8_t)(7 + variant / 128);
		return sizeof(param);
	case RR_RRSIG:
		out[1] = variant & 1 ? RR_A : RR_NS;
		out[17] = variant / 2;
		return 20;
	case RR_SOA: out[5] = variant; return 22;
	default: out[0] = 1, out[1] = variant; return 3; /* a name of one letter, or anything */
	}
}

static void add(struct builder *b, unsigned name, uint16_t type, uint8_t variant) {
	uint8_t relative[NAME_MAX_LEN + 1], rdata[64];
	struct name owner;
	struct why why;
	name_at(name, relative);
	uint16_t len = rdata_of(type, variant, rdata);
	enum err e = name_join(relative, apex, &owner);
	if (e == OK) e = builder_add(b, owner.wire, type, 300, rdata, len, &why);
	if (e != OK) abort();
}

static struct zone_version *make_base(unsigned kind) {
	struct builder_limits limits = { 0 };
	struct builder *b = builder_new(apex, &limits);
	struct zone_version *v;
	struct why why;
	add(b, 0, RR_SOA, 1);
	add(b, 0, RR_NS, 1);
	for (unsigned i = 1; i < 10; i++)
		add(b, i, i == 6 ? RR_NS : RR_A, (uint8_t)i);
	if (kind == 1)
		for (unsigned i = 0; i < 6; i += 2)
			add(b, i, RR_NSEC, 0);
	if (kind == 2) {
		add(b, 0, RR_NSEC3PARAM, 0);
		add(b, 10, RR_NSEC3, 0);
		add(b, 11, RR_NSEC3, 1);
	}
	if (builder_finish(b, &v, &why) != OK) abort();
	builder_free(b);
	return v;
}

/* -- steps ------------------------------------------------------------------------------------------------------ */

static bool put(struct change_writer *w, enum change_side side, const uint8_t *owner, uint16_t type,
                const uint8_t *rdata, uint16_t rdlength) {
	struct change_record r = {
		.owner = owner, .type = type, .rdlength = rdlength, .ttl_s = rdlength, .rdata = rdata
	};
	return change_put(w, side, &r) == OK;
}

static void put_soa(struct change_writer *w, enum change_side side, uint32_t serial) {
	uint8_t rdata[64];
	uint16_t len = rdata_of(RR_SOA, (uint8_t)serial, rdata);
	if (!put(w, side, root, RR_SOA, rdata, len)) abort();
}

/* One record an instruction: side and name | type | variant.  A name or a type beyond the list ends the step. */
static struct change *read_step(struct reader *in, uint32_t serial) {
	struct change_writer w = change_writer_init(0);
	struct change *c = NULL;
	put_soa(&w, CHANGE_REMOVED, serial);
	put_soa(&w, CHANGE_ADDED, serial + 1);
	while (reader_left(in) >= 3) {
		uint8_t name = read_u8(in), type = read_u8(in), variant = read_u8(in);
		uint8_t owner[NAME_MAX_LEN + 1], rdata[64];
		if ((name & 63) >= NAMES || type >= TYPES) break;
		name_at(name & 63, owner);
		uint16_t len = rdata_of(types[type], variant, rdata);
		if (!put(&w, name & 64 ? CHANGE_ADDED : CHANGE_REMOVED, owner, types[type], rdata, len))
			abort();
	}
	if (change_finish(&w, 0, &c) != OK) abort();
	return c;
}

/* The octets as they came, cut in two where the first octet says, after two SOAs that fit. */
static struct change *open_raw(struct reader *in, uint32_t serial) {
	struct change_writer w = change_writer_init(0);
	struct change *c, *raw = NULL;
	uint32_t counts[2] = { 1U + read_u8(in), 1U + read_u8(in) }, cut = read_u8(in);
	put_soa(&w, CHANGE_REMOVED, serial);
	put_soa(&w, CHANGE_ADDED, serial + 1);
	if (change_finish(&w, 0, &c) != OK) abort();
	uint32_t left = (uint32_t)reader_left(in);
	if (cut > left) cut = left;
	uint32_t lens[2] = { c->len[0] + cut, c->len[1] + left - cut };
	uint8_t *block = malloc((size_t)lens[0] + lens[1]);
	if (!block) abort();
	memcpy(block, c->block, c->len[0]);
	memcpy(block + c->len[0], in->data + in->pos, cut);
	memcpy(block + lens[0], c->block + c->len[0], c->len[1]);
	memcpy(block + lens[0] + c->len[1], in->data + in->pos + cut, left - cut);
	if (change_open(block, lens, counts, serial, serial + 1, 0, &raw) != OK) raw = NULL;
	free(block);
	change_unref(c);
	return raw;
}

/* -- what comes out ------------------------------------------------------------------------------------------- */

static void look(const struct zone_version *v) {
	struct name owner;
	struct lookup found;
	uint8_t relative[NAME_MAX_LEN + 1];
	for (unsigned i = 0; i < NAMES; i++) {
		bool match;
		name_at(i, relative);
		if (name_join(relative, apex, &owner) != OK) abort();
		zone_lookup(v, owner.wire, &found);
		if (zone_find(v, owner.wire).at && found.kind == LOOKUP_NONE) abort();
		(void)zone_nsec(v, owner.wire); /* only that it ends */
		uint8_t hash[NSEC3_HASH_LEN] = { (uint8_t)(i * 17) };
		(void)zone_nsec3(v, hash, &match); /* likewise */
	}
}

static void must_be_equal(const struct zone_version *a, const struct zone_version *b) {
	struct change *c;
	if (version_check_deep(a) != OK || version_check_deep(b) != OK) abort();
	if (version_diff(a, b, 0, 0, &c) != OK) abort();
	if (c->count[0] != 1 || c->count[1] != 1) abort();
	change_unref(c);
	look(a);
}

static enum err apply(struct zone_version *v, struct change **steps, unsigned count, enum apply_form form,
                      enum apply_direction direction, struct zone_version **out) {
	static const struct builder_limits limits = { 0 };
	struct apply_job job = { form, direction, steps, count, &limits };
	struct why why;
	return version_apply_job(v, &job, out, &why);
}

static void try_steps(struct zone_version *base, struct change **steps, unsigned count) {
	struct zone_version *delta = NULL, *whole = NULL, *back = NULL;
	enum err e = apply(base, steps, count, APPLY_DELTA, APPLY_FORWARD, &delta);
	enum err same = apply(base, steps, count, APPLY_WHOLE, APPLY_FORWARD, &whole);
	if (e != same) abort();
	if (e == OK) {
		must_be_equal(delta, whole);
		if (apply(delta, steps, count, APPLY_DELTA, APPLY_BACKWARD, &back) != OK) abort();
		/* TTLs of removals need not fit, so they may come out as others than they were */
		if (version_check_deep(back) != OK || version_records(back) != version_records(base)) abort();
		if (version_nodes(back) != version_nodes(base)) abort();
	}
	version_unref(delta);
	version_unref(whole);
	version_unref(back);
}

/* Step by step, as long as they fit: layers upon layers, merged now and then. */
static void stack_steps(struct zone_version *v, struct change **steps, unsigned count) {
	version_ref(v);
	for (unsigned i = 0; i < count; i++) {
		struct zone_version *next;
		struct why why;
		if (apply(v, &steps[i], 1, APPLY_DELTA, APPLY_FORWARD, &next) != OK) break;
		if (version_check_deep(next) != OK) abort();
		version_unref(v);
		v = next;
		if (i != 2) continue;
		if (version_merge(v, MERGE_DELTAS, &next, &why) != OK) abort();
		must_be_equal(next, v);
		version_unref(v);
		v = next;
	}
	version_unref(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	struct change *steps[STEPS_MAX];
	unsigned count = 0;
	struct reader in = reader_init(data, len);
	uint8_t kind = read_u8(&in);
	struct zone_version *base = make_base(kind % BASES);
	if (kind & RAW) {
		steps[0] = open_raw(&in, 1);
		count = steps[0] != NULL;
	}
	while (!(kind & RAW) && count < STEPS_MAX && (count == 0 || reader_left(&in) >= 3)) {
		steps[count] = read_step(&in, 1 + count);
		count++;
	}
	for (unsigned i = 1; i <= count; i++)
		try_steps(base, steps, i);
	stack_steps(base, steps, count);
	while (count > 0)
		change_unref(steps[--count]);
	version_unref(base);
	return 0;
}

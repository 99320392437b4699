/* Random zones and what leads from one to the other: a version made by applying the difference is the zone that the
 * builder makes of its records from nothing, whatever form it takes, however many layers it has, whenever these are
 * merged; and undone it is the former zone again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "zone/delta.h"
#include "zone/nsec3.h"
#include "zone_make.h"

enum { RECORDS_MAX = 160, ROUNDS = 250, STEPS = 14, QUESTIONS = 60 };

/* One record of a zone as a list: the slow model. */
struct line {
	struct name owner; /* relative to the apex */
	uint16_t type;
	uint16_t rdlength;
	uint32_t ttl_s;
	uint8_t rdata[64];
};
struct zone {
	uint32_t serial;
	bool nsec, nsec3;
	unsigned salt;
	unsigned count;
	struct line lines[RECORDS_MAX];
};

static const char *const labels[] = { "a", "B", "*", "c", "\\000", "aa", "b", "_tcp", "A" };

static struct name random_name(struct random *r, unsigned deepest) {
	char text[256] = "";
	int len = 0;
	unsigned depth = random_below(r, deepest + 1);
	for (unsigned i = 0; i < depth; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%s.",
		                labels[random_below(r, sizeof(labels) / sizeof(labels[0]))]);
	return make_name(len ? text : ".");
}

static struct name whole_name(const struct name *relative) {
	struct name whole;
	assert_int_equal(name_join(relative->wire, make_name("example.").wire, &whole), OK);
	return whole;
}

static bool same_line(const struct line *a, const struct line *b) {
	return a->type == b->type && name_equal(a->owner.wire, b->owner.wire) &&
	       rdata_compare(a->type, a->rdata, a->rdlength, b->rdata, b->rdlength) == 0;
}

static struct line *find_line(struct zone *z, const struct line *line) {
	for (unsigned i = 0; i < z->count; i++)
		if (same_line(&z->lines[i], line)) return &z->lines[i];
	return NULL;
}

static void put_line(struct zone *z, const struct line *line) {
	if (z->count < RECORDS_MAX && !find_line(z, line)) z->lines[z->count++] = *line;
}

static void fill_sig(struct random *r, struct line *line, uint16_t covered) {
	line->type = RR_RRSIG;
	memset(line->rdata, 0, 18);
	line->rdata[0] = (uint8_t)(covered >> 8);
	line->rdata[1] = (uint8_t)covered;
	line->rdata[17] = (uint8_t)random_below(r, 2); /* key tag */
	line->rdata[18] = 0;                           /* signer: the root */
	line->rdata[19] = (uint8_t)random_below(r, 3);
	line->rdlength = 20;
}

static void fill_nsec3(const struct zone *z, struct random *r, struct line *line) {
	uint8_t hash[NSEC3_HASH_LEN] = { 0 };
	hash[0] = (uint8_t)(random_below(r, 12) * 20);
	line->type = RR_NSEC3;
	line->owner.wire[0] = NSEC3_LABEL_LEN;
	nsec3_label(hash, line->owner.wire + 1);
	line->owner.wire[NSEC3_LABEL_LEN + 1] = 0;
	line->owner.len = NSEC3_LABEL_LEN + 2;
	const uint8_t head[] = { 1, 0, 0, 1, 1, (uint8_t)(z->salt + (random_below(r, 12) == 0)), 20 };
	memcpy(line->rdata, head, sizeof(head));
	memset(line->rdata + sizeof(head), (int)random_below(r, 3), 20);
	line->rdlength = sizeof(head) + 20;
}

static void fill_target(struct random *r, struct line *line, uint16_t type) {
	struct name target = make_name(random_below(r, 2) ? "T.test." : "t.test.");
	target.wire[1] = (uint8_t)(target.wire[1] ^ random_below(r, 2)); /* t or u */
	line->type = type;
	memcpy(line->rdata, target.wire, target.len);
	line->rdlength = target.len;
}

static struct line random_line(struct zone *z, struct random *r) {
	struct line line = { .owner = random_name(r, 5), .ttl_s = 60 + random_below(r, 2) };
	static const uint16_t covered[] = { RR_A, RR_NS, RR_TXT, RR_SOA, RR_NSEC };
	unsigned kind = random_below(r, 10);
	if (kind < 3 || kind == 9) {
		line.type = RR_A;
		line.rdlength = 4;
		memset(line.rdata, (int)random_below(r, 4), 4);
	}
	if (kind == 3) fill_target(r, &line, RR_NS);
	if (kind == 4) fill_target(r, &line, random_below(r, 3) ? RR_CNAME : RR_DNAME);
	if (kind == 5) {
		line.type = RR_TXT;
		line.rdata[0] = 1;
		line.rdata[1] = (uint8_t)('A' + random_below(r, 2) * 32);
		line.rdlength = 2;
	}
	if (kind == 6) fill_sig(r, &line, covered[random_below(r, 5)]);
	if (kind == 7 && z->nsec3) fill_nsec3(z, r, &line);
	if (kind == 7 && z->nsec3 && random_below(r, 5) == 0) { /* names below an owner of the chain */
		line.type = RR_A;
		line.rdlength = 4;
	} else if (kind == 7 && !z->nsec3) {
		fill_target(r, &line, RR_PTR);
	}
	if (kind == 8) {
		static const uint8_t nsec[] = { 0, 0, 1, 0x40 };
		line.type = RR_NSEC;
		memcpy(line.rdata, nsec, sizeof(nsec));
		line.rdlength = sizeof(nsec);
	}
	return line;
}

static struct line soa_line(uint32_t serial) {
	struct line line = { .owner = make_name("."), .type = RR_SOA, .ttl_s = 3600, .rdlength = 22 };
	for (unsigned i = 0; i < 4; i++)
		line.rdata[2 + i] = (uint8_t)(serial >> (24 - 8 * i));
	return line;
}

static void put_fixed(struct zone *z) {
	struct line ns = { .owner = make_name("."), .type = RR_NS, .ttl_s = 60, .rdlength = 1 };
	struct line param = { .owner = make_name("."), .type = RR_NSEC3PARAM, .rdlength = 6 };
	struct line nsec = { .owner = make_name("."), .type = RR_NSEC, .ttl_s = 60, .rdlength = 4 };
	const uint8_t chain[] = { 1, 0, 0, 1, 1, (uint8_t)z->salt }, map[] = { 0, 0, 1, 0x40 };
	memcpy(param.rdata, chain, sizeof(chain));
	memcpy(nsec.rdata, map, sizeof(map));
	struct line soa = soa_line(z->serial);
	put_line(z, &soa);
	put_line(z, &ns);
	if (z->nsec3) put_line(z, &param);
	if (z->nsec) put_line(z, &nsec);
}

static void make_random(struct zone *z, struct random *r, uint32_t serial) {
	*z = (struct zone){ .serial = serial, .nsec = random_below(r, 3) == 0, .nsec3 = random_below(r, 2) };
	z->salt = 7;
	put_fixed(z);
	unsigned wanted = random_below(r, RECORDS_MAX - 40);
	for (unsigned i = 0; i < wanted; i++) {
		struct line line = random_line(z, r);
		put_line(z, &line);
	}
}

/* The next zone: some lines go, others come, rarely the chain becomes another one. */
static void make_next(const struct zone *old, struct zone *z, struct random *r) {
	unsigned gone = random_below(r, 4) ? 12 : 2;
	*z = (struct zone){
		.serial = old->serial + 1, .nsec = old->nsec, .nsec3 = old->nsec3, .salt = old->salt
	};
	if (random_below(r, 12) == 0) z->salt = 7 + random_below(r, 2);
	if (random_below(r, 12) == 0) z->nsec3 = !z->nsec3;
	if (random_below(r, 12) == 0) z->nsec = !z->nsec;
	put_fixed(z);
	for (unsigned i = 0; i < old->count; i++) {
		const struct line *line = &old->lines[i];
		if (line->owner.wire[0] == 0 && line->type != RR_A) continue; /* the apex's are fixed */
		if (random_below(r, gone) == 0) continue;
		put_line(z, line);
	}
	unsigned more = random_below(r, 25);
	for (unsigned i = 0; i < more; i++) {
		struct line line = random_line(z, r);
		put_line(z, &line);
	}
}

static struct zone_version *build(const struct zone *z, struct random *r) {
	struct builder *b = make_builder("example.");
	bool done[RECORDS_MAX] = { 0 };
	struct why why;
	for (unsigned left = z->count; left;) {
		unsigned i = random_below(r, z->count);
		if (done[i]) continue;
		done[i] = true;
		left--;
		const struct line *line = &z->lines[i];
		struct name owner = whole_name(&line->owner);
		assert_int_equal(builder_add(b, owner.wire, line->type, line->ttl_s, line->rdata,
		                             line->rdlength, &why),
		                 OK);
	}
	return make_done(b);
}

/* -- two versions are the same zone --------------------------------------------------------------------------- */

static void assert_same_rdatas(uint16_t type, const uint8_t *a, const uint8_t *b, unsigned count) {
	while (count-- > 0) {
		uint16_t a_len, b_len;
		const uint8_t *ra = rrset_next(&a, &a_len), *rb = rrset_next(&b, &b_len);
		assert_int_equal(rdata_compare(type, ra, a_len, rb, b_len), 0);
	}
}

static void assert_same_node(struct node a, struct node b) {
	struct name owner_a, owner_b;
	assert_int_equal(node_found(a), node_found(b));
	if (!node_found(a)) return;
	node_owner(a, &owner_a);
	node_owner(b, &owner_b);
	assert_true(name_equal(owner_a.wire, owner_b.wire));
	assert_int_equal(node_flags(a) & ~NODE_PARENT,
	                 node_flags(b) & ~NODE_PARENT); /* of an image, not of a zone */
	assert_int_equal(node_rrset_count(a), node_rrset_count(b));
	for (unsigned i = 0; i < node_rrset_count(a); i++) {
		struct rrset set_a, set_b;
		node_rrset_at(a, i, &set_a);
		node_rrset_at(b, i, &set_b);
		assert_int_equal(set_a.type, set_b.type);
		assert_int_equal(set_a.count, set_b.count);
		assert_int_equal(set_a.sig_count, set_b.sig_count);
		if (set_a.count) assert_int_equal(set_a.ttl_s, set_b.ttl_s);
		assert_int_equal(set_a.sig_ttl_s, set_b.sig_ttl_s);
		assert_same_rdatas(set_a.type, set_a.rdatas, set_b.rdatas, set_a.count);
		assert_same_rdatas(RR_RRSIG, set_a.sigs, set_b.sigs, set_a.sig_count);
	}
}

static void assert_same_walks(const struct zone_version *a, const struct zone_version *b) {
	struct zone_walk walk_a = { 0 }, walk_b = { 0 };
	struct node node_a, node_b;
	while (zone_walk_next(a, &walk_a, &node_a)) {
		assert_true(zone_walk_next(b, &walk_b, &node_b));
		assert_same_node(node_a, node_b);
		assert_int_equal(walk_a.in_nsec3, walk_b.in_nsec3);
	}
	assert_false(zone_walk_next(b, &walk_b, &node_b));
}

/* A walk that begins at an owner gives it, and goes on as the one that has come to it. */
static void assert_walks_from(const struct zone_version *v) {
	struct zone_walk walk = { 0 };
	struct node node, from, behind;
	while (zone_walk_next(v, &walk, &node)) {
		struct zone_walk search, rest = walk;
		struct name owner;
		node_owner(node, &owner);
		zone_walk_from(v, owner.wire, walk.in_nsec3, &search);
		assert_true(zone_walk_next(v, &search, &from));
		assert_ptr_equal(from.at, node.at);
		bool more = zone_walk_next(v, &rest, &behind);
		assert_int_equal(zone_walk_next(v, &search, &from), more);
		if (more) assert_ptr_equal(from.at, behind.at);
	}
}

static void assert_same_answers(const struct zone_version *a, const struct zone_version *b,
                                struct random *r) {
	bool nsec3 = b->image.header->flags & IMAGE_HAS_NSEC3;
	for (unsigned i = 0; i < QUESTIONS; i++) {
		struct name relative = random_name(r, 6), qname = whole_name(&relative);
		struct lookup found_a, found_b;
		zone_lookup(a, qname.wire, &found_a);
		zone_lookup(b, qname.wire, &found_b);
		assert_int_equal(found_a.kind, found_b.kind);
		assert_same_node(found_a.node, found_b.node);
		assert_same_node(found_a.encloser, found_b.encloser);
		assert_int_equal(found_a.encloser_labels, found_b.encloser_labels);
		assert_int_equal(found_a.node_labels, found_b.node_labels);
		assert_same_node(zone_find(a, qname.wire), zone_find(b, qname.wire));
		assert_same_node(zone_nsec(a, qname.wire), zone_nsec(b, qname.wire));
		if (!nsec3) continue;
		uint8_t hash[NSEC3_HASH_LEN] = { (uint8_t)random_below(r, 256), (uint8_t)random_below(r, 2) };
		hash[0] = (uint8_t)(random_below(r, 2) ? hash[0] : hash[0] / 20 * 20);
		bool match_a, match_b;
		assert_same_node(zone_nsec3(a, hash, &match_a), zone_nsec3(b, hash, &match_b));
		assert_int_equal(match_a, match_b);
	}
}

static void assert_same_zone(const struct zone_version *a, const struct zone_version *b, struct random *r) {
	const uint32_t flags = IMAGE_HAS_NSEC | IMAGE_HAS_NSEC3;
	assert_int_equal(version_check_deep(a), OK);
	assert_int_equal(version_serial(a), version_serial(b));
	assert_int_equal(version_records(a), version_records(b));
	assert_int_equal(version_nodes(a), version_nodes(b));
	assert_int_equal(version_nsec3(a), version_nsec3(b));
	assert_int_equal(a->image.header->flags & flags, b->image.header->flags & flags);
	assert_same_walks(a, b);
	assert_walks_from(a);
	assert_same_answers(a, b, r);
	struct change *none;
	assert_int_equal(version_diff(a, b, 0, 0, &none), OK);
	assert_int_equal(none->count[0], 1);
	assert_int_equal(none->count[1], 1);
	change_unref(none);
}

/* -- the walk of a zone through its serials --------------------------------------------------------------------- */

static const struct builder_limits no_limits;

static struct zone_version *apply(struct zone_version *v, struct change *const *steps, unsigned count,
                                  enum apply_form form, enum apply_direction direction) {
	struct zone_version *next = NULL;
	struct why why = { 0 };
	struct apply_job job = { form, direction, steps, count, &no_limits };
	enum err e = version_apply_job(v, &job, &next, &why);
	if (e != OK) print_message("%s: %s\n", err_name(e), why.evidence);
	assert_int_equal(e, OK);
	return next;
}

/* Perhaps merged in one of the ways there are; takes v. */
static struct zone_version *perhaps_merge(struct zone_version *v, struct random *r) {
	struct zone_version *merged = v;
	struct why why;
	unsigned way = random_below(r, 6);
	if (way == 0) {
		assert_int_equal(version_merge_newest(v, &merged, &why), OK);
	} else if (way == 1 || (way == 2 && v->layer_count > 4) || v->layer_count > 9) {
		enum merge_need how = way == 1 ? MERGE_ALL : MERGE_DELTAS;
		assert_int_equal(version_merge(v, how, &merged, &why), OK);
		version_unref(v);
	}
	return merged;
}

static struct change *difference(const struct zone_version *a, const struct zone_version *b) {
	struct change *c = NULL;
	assert_int_equal(version_diff(a, b, 0, 1000, &c), OK);
	return c;
}

static void assert_same_change(const struct zone_version *a, const struct zone_version *b,
                               const struct zone_version *fresh_a, const struct zone_version *fresh_b) {
	struct change *c = difference(a, b), *expected = difference(fresh_a, fresh_b);
	for (enum change_side side = CHANGE_REMOVED; side <= CHANGE_ADDED; side++) {
		struct change_walk walk = { 0 }, also = { 0 };
		struct change_record r, s;
		assert_int_equal(c->count[side], expected->count[side]);
		while (change_next(c, side, &walk, &r)) {
			assert_true(change_next(expected, side, &also, &s));
			assert_true(name_equal(r.owner, s.owner));
			assert_int_equal(r.type, s.type);
			assert_int_equal(r.ttl_s, s.ttl_s);
			assert_int_equal(rdata_compare(r.type, r.rdata, r.rdlength, s.rdata, s.rdlength), 0);
		}
	}
	change_unref(c);
	change_unref(expected);
}

static void serials_follow_one_another(struct random *r) {
	static struct zone zones[STEPS + 1];
	struct zone_version *fresh[STEPS + 1], *v[STEPS + 1];
	struct change *steps[STEPS];
	make_random(&zones[0], r, UINT32_MAX - 3);
	fresh[0] = build(&zones[0], r);
	v[0] = build(&zones[0], r);
	for (unsigned i = 0; i < STEPS; i++) {
		make_next(&zones[i], &zones[i + 1], r);
		fresh[i + 1] = build(&zones[i + 1], r);
		steps[i] = difference(random_below(r, 2) ? v[i] : fresh[i], fresh[i + 1]);
		enum apply_form form = random_below(r, 8) ? APPLY_DELTA : APPLY_WHOLE;
		v[i + 1] = perhaps_merge(apply(v[i], &steps[i], 1, form, APPLY_FORWARD), r);
		assert_same_zone(v[i + 1], fresh[i + 1], r);
		unsigned former = random_below(r, i + 2); /* versions that share layers, or don't */
		assert_same_change(v[former], v[i + 1], fresh[former], fresh[i + 1]);
	}
	/* several at once, in both directions and forms */
	for (enum apply_form form = APPLY_WHOLE; form <= APPLY_DELTA; form++) {
		unsigned from = random_below(r, STEPS), to = from + 1 + random_below(r, STEPS - from);
		struct zone_version *on = apply(v[from], steps + from, to - from, form, APPLY_FORWARD);
		assert_same_zone(on, fresh[to], r);
		struct zone_version *back = apply(on, steps + from, to - from, form, APPLY_BACKWARD);
		assert_same_zone(back, fresh[from], r);
		version_unref(on);
		version_unref(back);
	}
	for (unsigned i = 0; i <= STEPS; i++) {
		version_unref(fresh[i]);
		version_unref(v[i]);
		if (i < STEPS) change_unref(steps[i]);
	}
}

static void each_round(void (*property)(struct random *r)) {
	const char *given = getenv("SEED"), *rounds = getenv("ROUNDS");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 20260201;
	unsigned count = rounds ? (unsigned)strtoul(rounds, NULL, 0) : ROUNDS;
	for (unsigned round = 0; round < count; round++) {
		print_message("seed %llu\n", (unsigned long long)(seed + round));
		struct random r = random_seeded(seed + round);
		property(&r);
	}
}

static void applied_differences_make_the_zone_that_the_builder_makes(void **state) {
	(void)state;
	each_round(serials_follow_one_another);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applied_differences_make_the_zone_that_the_builder_makes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Random zones against a slow linear model: every lookup, exact find and NSEC predecessor must agree, whatever
 * order the records came in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "zone_make.h"

enum { OWNERS_MAX = 60, ROUNDS = 400, QUESTIONS = 200 };

struct model_owner {
	struct name name;
	bool has_a, has_ns, has_dname, has_nsec;
};

struct model {
	struct model_owner owners[OWNERS_MAX];
	unsigned count;
};

static const char *const labels[] = { "a",      "B",  "*", "c",    "\\000", "\\255x",
	                              "\\254y", "aa", "z", "_tcp", "A-b" };

static struct name random_name(struct random *r, unsigned deepest) {
	char text[256];
	int len = 0;
	unsigned depth = random_below(r, deepest + 1);
	for (unsigned i = 0; i < depth; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%s.",
		                labels[random_below(r, sizeof(labels) / sizeof(labels[0]))]);
	snprintf(text + len, sizeof(text) - (size_t)len, "example.");
	return make_name(text);
}

static struct model_owner *owner_of(struct model *m, const uint8_t *name) {
	for (unsigned i = 0; i < m->count; i++)
		if (name_equal(m->owners[i].name.wire, name)) return &m->owners[i];
	return NULL;
}

/* Exists as an owner or as an ancestor of one. */
static bool exists(const struct model *m, const uint8_t *name) {
	for (unsigned i = 0; i < m->count; i++)
		if (name_is_within(m->owners[i].name.wire, name)) return true;
	return false;
}

static void model_lookup(struct model *m, const uint8_t *qname, enum lookup_kind *out_kind,
                         struct name *out_node, struct name *out_encloser) {
	unsigned count = name_labels(qname);
	name_copy(out_encloser, name_skip(qname, count - 1));
	for (unsigned depth = 1; depth <= count; depth++) {
		const uint8_t *at = name_skip(qname, count - depth);
		if (!exists(m, at)) {
			struct name wildcard;
			*out_kind = LOOKUP_NONE;
			if (name_make_wildcard(out_encloser->wire, &wildcard) == OK &&
			    exists(m, wildcard.wire)) {
				*out_kind = LOOKUP_WILDCARD;
				*out_node = wildcard;
			}
			return;
		}
		name_copy(out_encloser, at);
		name_copy(out_node, at);
		struct model_owner *o = owner_of(m, at);
		if (o && o->has_ns && depth > 1) {
			*out_kind = LOOKUP_CUT;
			return;
		}
		if (o && o->has_dname && depth < count) {
			*out_kind = LOOKUP_DNAME;
			return;
		}
	}
	*out_kind = LOOKUP_EXACT;
}

static void fill(struct random *r, struct model *m) {
	*m = (struct model){ 0 };
	name_copy(&m->owners[0].name, make_name("example.").wire);
	m->owners[0].has_nsec = random_below(r, 2);
	m->count = 1;
	unsigned wanted = 1 + random_below(r, OWNERS_MAX - 1);
	for (unsigned i = 0; i < wanted; i++) {
		struct name name = random_name(r, 6);
		if (owner_of(m, name.wire)) continue;
		struct model_owner *o = &m->owners[m->count++];
		o->name = name;
		o->has_ns = random_below(r, 10) == 0;
		o->has_dname = random_below(r, 12) == 0;
		o->has_nsec = m->owners[0].has_nsec && random_below(r, 3) == 0;
		o->has_a = !o->has_ns && !o->has_dname && !o->has_nsec;
	}
}

static void add_nsec(struct builder *b, const struct name *owner) {
	static const uint8_t rdata[] = { 0, 0, 1, 0x40 };
	struct why why;
	assert_int_equal(builder_add(b, owner->wire, RR_NSEC, 1, rdata, sizeof(rdata), &why), OK);
}

/* In random order: the runs of one owner may be torn apart. */
static struct zone_version *build(struct random *r, const struct model *m) {
	struct builder *b = make_zone("example.", 1);
	struct why why;
	static const uint8_t a[4] = { 192, 0, 2, 1 };
	struct name target = make_name("t.test.");
	bool done[OWNERS_MAX][4] = { 0 };
	for (unsigned left = m->count * 4; left;) {
		unsigned i = random_below(r, m->count), kind = random_below(r, 4);
		if (done[i][kind]) continue;
		done[i][kind] = true;
		left--;
		const struct model_owner *o = &m->owners[i];
		enum err e = OK;
		if (kind == 0 && o->has_a) e = builder_add(b, o->name.wire, RR_A, 1, a, 4, &why);
		if (kind == 1 && o->has_ns)
			e = builder_add(b, o->name.wire, RR_NS, 1, target.wire, target.len, &why);
		if (kind == 2 && o->has_dname)
			e = builder_add(b, o->name.wire, RR_DNAME, 1, target.wire, target.len, &why);
		if (kind == 3 && o->has_nsec) add_nsec(b, &o->name);
		assert_int_equal(e, OK);
	}
	return make_done(b);
}

static void assert_same(struct node n, const struct name *expected) {
	struct name owner;
	assert_true(node_found(n));
	node_owner(n, &owner);
	assert_true(name_equal(owner.wire, expected->wire));
}

static const struct model_owner *model_nsec(const struct model *m, const uint8_t *name) {
	const struct model_owner *best = NULL;
	for (unsigned i = 0; i < m->count; i++) {
		const struct model_owner *o = &m->owners[i];
		if (!o->has_nsec || name_compare(o->name.wire, name) > 0) continue;
		if (!best || name_compare(o->name.wire, best->name.wire) > 0) best = o;
	}
	return best;
}

/* What was asked for ahead changes nothing, be it of this version or of none. */
static void compare_expected(const struct zone_version *v, const uint8_t *qname,
                             const struct lookup *wanted) {
	struct sought s;
	struct lookup found;
	sought_init(&s, qname);
	zone_lookup_sought(v, &s, &found);
	assert_int_equal(found.kind, wanted->kind);
	zone_expect_hashes(v, &s);
	zone_expect_slots(&s);
	zone_expect_nodes(&s);
	zone_expect_sets(&s);
	zone_lookup_sought(v, &s, &found);
	assert_int_equal(found.kind, wanted->kind);
	assert_ptr_equal(found.node.at, wanted->node.at);
	assert_ptr_equal(found.encloser.at, wanted->encloser.at);
	assert_int_equal(found.node_labels, wanted->node_labels);
	assert_int_equal(found.encloser_labels, wanted->encloser_labels);
}

static void compare(struct random *r, struct model *m, const struct zone_version *v) {
	for (unsigned q = 0; q < QUESTIONS; q++) {
		struct name qname = random_name(r, 8), node = { 0 }, encloser;
		enum lookup_kind kind;
		struct lookup found;
		model_lookup(m, qname.wire, &kind, &node, &encloser);
		zone_lookup(v, qname.wire, &found);
		compare_expected(v, qname.wire, &found);
		assert_int_equal(found.kind, kind);
		assert_same(found.encloser, &encloser);
		if (kind != LOOKUP_NONE) assert_same(found.node, &node);
		assert_int_equal(node_found(zone_find(v, qname.wire)), exists(m, qname.wire));
		if (!m->owners[0].has_nsec) continue;
		assert_same(zone_nsec(v, qname.wire), &model_nsec(m, qname.wire)->name);
	}
}

static void lookups_agree_with_a_linear_model(void **state) {
	(void)state;
	const char *given = getenv("SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 20260101;
	for (unsigned round = 0; round < ROUNDS; round++) {
		print_message("seed %llu\n", (unsigned long long)(seed + round));
		struct random r = random_seeded(seed + round);
		struct model m;
		fill(&r, &m);
		struct zone_version *v = build(&r, &m);
		assert_int_equal(image_check_deep(&v->image), OK);
		compare(&r, &m, v);
		version_unref(v);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = { cmocka_unit_test(lookups_agree_with_a_linear_model) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}

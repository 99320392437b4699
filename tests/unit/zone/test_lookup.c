/* Lookups: RFC 1034 section 4.3.2, RFC 4592's example zone, cuts, DNAME, NSEC and NSEC3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "zone/nsec3.h"
#include "zone_make.h"

static void expect(const struct zone_version *v, const char *qname, enum lookup_kind kind, const char *node,
                   const char *encloser) {
	struct name name = make_name(qname);
	struct lookup found;
	char text[NAME_TEXT_MAX];
	zone_lookup(v, name.wire, &found);
	if ((int)found.kind != (int)kind) print_message("at %s\n", qname);
	assert_int_equal(found.kind, kind);
	if (node) assert_string_equal(owner_text(found.node, text), node);
	assert_string_equal(owner_text(found.encloser, text), encloser);
	struct name e;
	node_owner(found.encloser, &e);
	assert_int_equal(found.encloser_labels, name_labels(e.wire));
}

/* RFC 4592 section 2.2.1 */
static struct zone_version *rfc4592(void) {
	struct builder *b = make_zone("example.", 1);
	make_target(b, "*.example.", RR_CNAME, "other.test.");
	make_a(b, "sub.*.example.", "192.0.2.1");
	make_a(b, "host1.example.", "192.0.2.1");
	make_a(b, "_ssh._tcp.host1.example.", "192.0.2.1");
	make_a(b, "_ssh._tcp.host2.example.", "192.0.2.1");
	make_target(b, "subdel.example.", RR_NS, "ns.example.com.");
	return make_done(b);
}

static void wildcards_follow_rfc4592(void **state) {
	(void)state;
	struct zone_version *v = rfc4592();
	expect(v, "host3.example.", LOOKUP_WILDCARD, "*.example.", "example.");
	expect(v, "foo.bar.example.", LOOKUP_WILDCARD, "*.example.", "example.");
	expect(v, "host1.example.", LOOKUP_EXACT, "host1.example.", "host1.example.");
	expect(v, "sub.*.example.", LOOKUP_EXACT, "sub.*.example.", "sub.*.example.");
	expect(v, "_telnet._tcp.host1.example.", LOOKUP_NONE, NULL, "_tcp.host1.example.");
	expect(v, "host.subdel.example.", LOOKUP_CUT, "subdel.example.", "subdel.example.");
	expect(v, "ghost.*.example.", LOOKUP_NONE, NULL, "*.example.");
	expect(v, "*.example.", LOOKUP_EXACT, "*.example.", "*.example.");
	expect(v, "host2.example.", LOOKUP_EXACT, "host2.example.", "host2.example.");
	version_unref(v);
}

static void cuts_hide_what_is_below(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	make_target(b, "sub.example.", RR_NS, "ns.sub.example.");
	make_a(b, "ns.sub.example.", "192.0.2.1");
	make_target(b, "deep.sub.example.", RR_NS, "ns.sub.example.");
	struct zone_version *v = make_done(b);
	expect(v, "sub.example.", LOOKUP_CUT, "sub.example.", "sub.example.");
	expect(v, "ns.sub.example.", LOOKUP_CUT, "sub.example.", "sub.example.");
	expect(v, "x.deep.sub.example.", LOOKUP_CUT, "sub.example.", "sub.example.");
	expect(v, "example.", LOOKUP_EXACT, "example.", "example.");
	struct name glue = make_name("NS.sub.example.");
	assert_true(node_has(zone_find(v, glue.wire), RR_A));
	version_unref(v);
}

static void dname_catches_what_is_below_it_only(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	make_target(b, "d.example.", RR_DNAME, "other.test.");
	make_a(b, "x.d.example.", "192.0.2.1");
	struct zone_version *v = make_done(b);
	expect(v, "d.example.", LOOKUP_EXACT, "d.example.", "d.example.");
	expect(v, "x.d.example.", LOOKUP_DNAME, "d.example.", "d.example.");
	expect(v, "a.b.d.example.", LOOKUP_DNAME, "d.example.", "d.example.");
	version_unref(v);
	b = make_zone("example.", 1);
	make_target(b, "example.", RR_DNAME, "other.test.");
	v = make_done(b);
	expect(v, "www.example.", LOOKUP_DNAME, "example.", "example.");
	expect(v, "example.", LOOKUP_EXACT, "example.", "example.");
	version_unref(v);
}

static void root_zone_works(void **state) {
	(void)state;
	struct builder *b = make_zone(".", 1);
	make_target(b, "com.", RR_NS, "a.gtld.test.");
	struct zone_version *v = make_done(b);
	expect(v, "www.example.com.", LOOKUP_CUT, "com.", "com.");
	expect(v, "org.", LOOKUP_NONE, NULL, ".");
	expect(v, ".", LOOKUP_EXACT, ".", ".");
	version_unref(v);
}

static void longest_names_are_found(void **state) {
	(void)state;
	char deep[NAME_TEXT_MAX], longest[NAME_TEXT_MAX];
	for (int i = 0; i < 126; i++)
		memcpy(deep + 2 * i, "a.", 2);
	memcpy(deep + 252, "e.", 3); /* 127 labels, 255 octets */
	memset(longest, 'x', sizeof(longest));
	for (int i = 0; i < 3; i++)
		longest[64 * i + 63] = '.';
	memcpy(longest + 192 + 59, ".e.", 4);
	struct builder *b = make_zone("e.", 1);
	make_a(b, deep, "192.0.2.1");
	make_a(b, longest, "192.0.2.1");
	struct zone_version *v = make_done(b);
	assert_int_equal(image_check_deep(&v->image), OK);
	expect(v, deep, LOOKUP_EXACT, deep, deep);
	expect(v, longest, LOOKUP_EXACT, longest, longest);
	expect(v, deep + 2, LOOKUP_EXACT, deep + 2, deep + 2);
	longest[0] = 'z';
	struct name name = make_name(longest);
	struct lookup found;
	zone_lookup(v, name.wire, &found);
	assert_int_equal(found.kind, LOOKUP_NONE); /* "*." in front would be too long */
	version_unref(v);
}

static void add_nsec(struct builder *b, const char *owner, const char *next) {
	uint8_t rdata[NAME_MAX_LEN + 3];
	struct name n = make_name(next);
	memcpy(rdata, n.wire, n.len);
	memcpy(rdata + n.len, "\0\1\x40", 3); /* A */
	assert_int_equal(make_raw(b, owner, RR_NSEC, 300, rdata, n.len + 3U), OK);
}

static void expect_nsec(const struct zone_version *v, const char *name, const char *owner) {
	char text[NAME_TEXT_MAX];
	struct name n = make_name(name);
	assert_string_equal(owner_text(zone_nsec(v, n.wire), text), owner);
}

static struct node find_prepared(const struct zone_version *v, const char *qname, bool *out_first) {
	struct name name = make_name(qname);
	struct sought s;
	struct lookup found;
	sought_init(&s, name.wire);
	zone_expect_hashes(v, &s);
	zone_expect_slots(&s);
	zone_expect_nodes(&s);
	zone_expect_sets(&s);
	assert_int_equal(s.placed, 1);
	*out_first = s.nodes[0] != 0;
	zone_lookup_sought(v, &s, &found);
	if (found.kind == LOOKUP_NONE) return (struct node){ &v->image, NULL };
	assert_int_equal(found.kind, LOOKUP_EXACT);
	if (*out_first) *out_first = image_node(&v->image, s.nodes[0]).at == found.node.at;
	return found.node;
}

/* A tag is a part of a hash: among so many names some have the tag of another that stands before them. */
static void prepared_names_are_told_from_others_of_their_tag(void **state) {
	(void)state;
	enum { NAMES = 60000 };
	struct builder *b = make_zone("example.", 1);
	char text[NAME_TEXT_MAX], qname[32];
	unsigned behind_another = 0, only_tag = 0;
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(qname, sizeof(qname), "h%u.example.", i);
		make_a(b, qname, "192.0.2.1");
	}
	struct zone_version *v = make_done(b);
	for (unsigned i = 0; i < NAMES; i++) {
		bool first;
		snprintf(qname, sizeof(qname), "h%u.example.", i);
		assert_string_equal(owner_text(find_prepared(v, qname, &first), text), qname);
		behind_another += !first;
		snprintf(qname, sizeof(qname), "no%u.example.", i);
		assert_false(node_found(find_prepared(v, qname, &first)));
		only_tag += first;
	}
	assert_true(behind_another > 0 && only_tag > 0); /* else nothing was tested */
	version_unref(v);
}

static void nsec_is_the_nearest_before(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	add_nsec(b, "example.", "b.example.");
	add_nsec(b, "b.example.", "d.example.");
	make_target(b, "b.example.", RR_NS, "ns.b.example.");
	make_a(b, "ns.b.example.", "192.0.2.1"); /* glue has no NSEC */
	add_nsec(b, "x.d.example.", "example."); /* d is an empty non-terminal */
	struct zone_version *v = make_done(b);
	expect_nsec(v, "a.example.", "example.");
	expect_nsec(v, "example.", "example.");
	expect_nsec(v, "B.example.", "b.example.");
	expect_nsec(v, "zz.b.example.", "b.example.");
	expect_nsec(v, "c.example.", "b.example.");
	expect_nsec(v, "d.example.", "b.example.");
	expect_nsec(v, "z.example.", "x.d.example.");
	version_unref(v);
}

/* RFC 5155 appendix A: salt aabbccdd, 12 iterations. */
static void nsec3_hashes_are_those_of_rfc5155(void **state) {
	(void)state;
	static const char *vectors[][2] = {
		{ "example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom" },
		{ "a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl" },
		{ "ai.example.", "gjeqe526plbf1g8mklp59enfd789njgi" },
		{ "*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en" },
		{ "X.Y.W.example.", "2vptu5timamqttgl4luu9kg21e0aor3s" },
	};
	static const uint8_t salt[] = { 0xaa, 0xbb, 0xcc, 0xdd };
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t hash[NSEC3_HASH_LEN], label[NSEC3_LABEL_LEN];
		struct name n = make_name(vectors[i][0]);
		nsec3_hash(n.wire, salt, sizeof(salt), 12, hash);
		nsec3_label(hash, label);
		assert_memory_equal(label, vectors[i][1], NSEC3_LABEL_LEN);
	}
}

static void add_nsec3(struct builder *b, const char *owner, uint16_t iterations) {
	uint8_t rdata[5 + 1 + NSEC3_HASH_LEN] = { 1, 0, 0, (uint8_t)iterations, 0, NSEC3_HASH_LEN };
	assert_int_equal(make_raw(b, owner, RR_NSEC3, 300, rdata, sizeof(rdata)), OK);
}

static void parameters_without_a_chain_are_no_chain(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	static const uint8_t param[] = { 1, 0, 0, 5, 0 };
	assert_int_equal(make_raw(b, "example.", RR_NSEC3PARAM, 0, param, sizeof(param)), OK);
	add_nsec3(b, "b0000000000000000000000000000000.example.", 9); /* another chain */
	struct zone_version *v = make_done(b);
	assert_int_equal(image_check_deep(&v->image), OK);
	assert_false(v->image.header->flags & IMAGE_HAS_NSEC3);
	version_unref(v);
}

static void nsec3_matches_covers_and_wraps(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	static const uint8_t param[] = { 1, 0, 0, 5, 0 };
	assert_int_equal(make_raw(b, "example.", RR_NSEC3PARAM, 0, param, sizeof(param)), OK);
	add_nsec3(b, "20000000000000000000000000000000.example.", 5);
	add_nsec3(b, "A0000000000000000000000000000000.example.", 5);
	add_nsec3(b, "b0000000000000000000000000000000.example.", 9); /* another chain */
	struct zone_version *v = make_done(b);
	assert_int_equal(image_check_deep(&v->image), OK);
	assert_true(v->image.header->flags & IMAGE_HAS_NSEC3);
	assert_int_equal(v->image.header->nsec3_count, 2);
	char text[NAME_TEXT_MAX];
	bool match;
	uint8_t hash[NSEC3_HASH_LEN] = { 0x10 }; /* "20…" */
	assert_string_equal(owner_text(zone_nsec3(v, hash, &match), text),
	                    "20000000000000000000000000000000.example.");
	assert_true(match);
	hash[0] = 0x11;
	assert_string_equal(owner_text(zone_nsec3(v, hash, &match), text),
	                    "20000000000000000000000000000000.example.");
	assert_false(match);
	hash[0] = 0x01;
	assert_string_equal(owner_text(zone_nsec3(v, hash, &match), text),
	                    "A0000000000000000000000000000000.example.");
	assert_false(match);
	struct name owner = make_name("20000000000000000000000000000000.example.");
	assert_false(node_found(zone_find(v, owner.wire))); /* not a name of the zone */
	unsigned nodes = 0;
	struct zone_walk walk = { 0 };
	struct node n;
	while (zone_walk_next(v, &walk, &n))
		nodes++;
	assert_int_equal(nodes, 4); /* but sent in transfers */
	version_unref(v);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wildcards_follow_rfc4592),
		cmocka_unit_test(cuts_hide_what_is_below),
		cmocka_unit_test(dname_catches_what_is_below_it_only),
		cmocka_unit_test(root_zone_works),
		cmocka_unit_test(longest_names_are_found),
		cmocka_unit_test(prepared_names_are_told_from_others_of_their_tag),
		cmocka_unit_test(nsec_is_the_nearest_before),
		cmocka_unit_test(nsec3_hashes_are_those_of_rfc5155),
		cmocka_unit_test(parameters_without_a_chain_are_no_chain),
		cmocka_unit_test(nsec3_matches_covers_and_wraps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

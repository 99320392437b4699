/* Building images: grouping, sharing, order, faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "zone_make.h"

static void assert_owner(struct node n, const char *expected) {
	char text[NAME_TEXT_MAX];
	assert_string_equal(owner_text(n, text), expected);
}

static enum err finish_fails(struct builder *b, struct why *why) {
	struct zone_version *v = NULL;
	enum err e = builder_finish(b, &v, why);
	assert_null(v);
	builder_free(b);
	return e;
}

static void small_zone_has_its_records(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 7);
	make_a(b, "www.example.", "192.0.2.1");
	make_a(b, "www.example.", "192.0.2.2");
	struct zone_version *v = make_done(b);
	assert_int_equal(image_check_deep(&v->image), OK);
	assert_int_equal(version_serial(v), 7);
	assert_int_equal(v->image.header->record_count, 4);
	struct name www = make_name("WWW.example.");
	struct node n = zone_find(v, www.wire);
	struct rrset set;
	assert_true(node_rrset(n, RR_A, &set));
	assert_int_equal(set.count, 2);
	assert_int_equal(set.ttl_s, 300);
	assert_false(node_rrset(n, RR_NS, &set));
	version_unref(v);
}

static void owner_keeps_the_case_received(void **state) {
	(void)state;
	struct builder *b = make_builder("example."); /* as the configuration names it */
	make_soa(b, "Example.", 1);
	make_target(b, "Example.", RR_NS, "ns1.example.");
	make_a(b, "WwW.Example.", "192.0.2.1");
	struct zone_version *v = make_done(b);
	struct name www = make_name("www.example.");
	assert_owner(zone_find(v, www.wire), "WwW.Example.");
	version_unref(v);
}

static void duplicate_records_are_dropped_and_ttl_is_the_smallest(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	uint8_t a1[4] = { 192, 0, 2, 1 }, a2[4] = { 192, 0, 2, 2 };
	assert_int_equal(make_raw(b, "x.example.", RR_A, 300, a1, 4), OK);
	assert_int_equal(make_raw(b, "x.example.", RR_A, 60, a2, 4), OK);
	assert_int_equal(make_raw(b, "X.example.", RR_A, 900, a1, 4), OK);
	struct zone_version *v = make_done(b);
	struct rrset set;
	struct name x = make_name("x.example.");
	assert_true(node_rrset(zone_find(v, x.wire), RR_A, &set));
	assert_int_equal(set.count, 2);
	assert_int_equal(set.ttl_s, 60);
	assert_int_equal(v->image.header->record_count, 4);
	version_unref(v);
}

static void equal_rrsets_are_stored_once(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	for (int i = 0; i < 1000; i++) {
		char owner[64];
		snprintf(owner, sizeof(owner), "d%04d.example.", i);
		make_target(b, owner, RR_NS, "ns1.provider.test.");
		make_target(b, owner, RR_NS, "ns2.provider.test.");
	}
	struct zone_version *v = make_done(b);
	assert_int_equal(v->image.header->rrset_count, 3);
	assert_int_equal(v->image.header->record_count, 2002);
	assert_int_equal(image_check_deep(&v->image), OK);
	version_unref(v);
}

/* So many that the table of RRsets looks ahead; of one record or two, and some too large for what is written ahead. */
static void equal_rrsets_far_from_each_other_are_stored_once(void **state) {
	(void)state;
	enum { OWNERS = 100000, KINDS = 45000, LARGE_EVERY = 20000, LARGE = 400 };
	struct builder *b = make_zone("example.", 1);
	size_t records = 2;
	for (unsigned i = 0; i < OWNERS; i++) {
		char owner[64];
		unsigned kind = i % KINDS, count = i % LARGE_EVERY == 0 ? LARGE : 1 + kind % 2;
		snprintf(owner, sizeof(owner), "h%05u.example.", i);
		if (count == LARGE) kind = 0;
		for (unsigned k = 0; k < count; k++) {
			uint8_t address[4] = { (uint8_t)(10 + k % 100), (uint8_t)(k / 100),
				               (uint8_t)(kind >> 8), (uint8_t)kind };
			assert_int_equal(make_raw(b, owner, RR_A, 300, address, 4), OK);
		}
		records += count;
	}
	struct zone_version *v = make_done(b);
	assert_int_equal(v->image.header->rrset_count, 2 + KINDS + 1);
	assert_int_equal(v->image.header->record_count, records);
	assert_int_equal(image_check_deep(&v->image), OK);
	for (unsigned i = 0; i < OWNERS; i += 7) {
		char owner[64];
		struct rrset set;
		snprintf(owner, sizeof(owner), "h%05u.example.", i);
		struct name name = make_name(owner);
		assert_true(node_rrset(zone_find(v, name.wire), RR_A, &set));
		unsigned kind = i % KINDS;
		if (i % LARGE_EVERY == 0) kind = 0;
		assert_int_equal(set.count, i % LARGE_EVERY == 0 ? LARGE : 1 + kind % 2);
		assert_int_equal(set.rdatas[4] << 8 | set.rdatas[5], kind);
	}
	version_unref(v);
}

static void unordered_stream_makes_the_same_walk(void **state) {
	(void)state;
	const char *owners[] = { "b.example.",     "a.b.example.", "*.example.",     "z.example.",
		                 "x.y.z.example.", "a.example.",   "\\001.example.", "\\200.example." };
	struct builder *forward = make_zone("example.", 1), *backward = make_builder("example.");
	size_t count = sizeof(owners) / sizeof(owners[0]);
	for (size_t i = 0; i < count; i++)
		make_a(forward, owners[i], "192.0.2.1");
	for (size_t i = count; i-- > 0;)
		make_a(backward, owners[i], "192.0.2.1");
	make_target(backward, "example.", RR_NS, "ns1.example.");
	make_soa(backward, "example.", 1);
	struct zone_version *v = make_done(forward), *w = make_done(backward);
	assert_int_equal(image_check_deep(&v->image), OK);
	assert_int_equal(image_check_deep(&w->image), OK);
	struct zone_walk at = { 0 }, also = { 0 };
	struct node n, m;
	unsigned nodes = 0;
	while (zone_walk_next(v, &at, &n)) {
		char text[NAME_TEXT_MAX];
		assert_true(zone_walk_next(w, &also, &m));
		assert_owner(m, owner_text(n, text));
		nodes++;
	}
	assert_false(zone_walk_next(w, &also, &m));
	assert_int_equal(nodes, count + 2); /* the apex and y.z.example. */
	version_unref(v);
	version_unref(w);
}

static void highest_octets_sort_by_what_follows_them(void **state) {
	(void)state;
	const char *owners[] = { "x.\\255aa.example.", "y.\\254zz.example.", "a.example.",
		                 "z.\\255aa.example.", "w.\\254zz.example." };
	struct builder *b = make_zone("example.", 1);
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
		make_a(b, owners[i], "192.0.2.1");
	struct zone_version *v = make_done(b);
	assert_int_equal(image_check_deep(&v->image), OK);
	version_unref(v);
}

static void empty_non_terminals_exist(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	make_a(b, "a.b.c.d.example.", "192.0.2.1");
	struct zone_version *v = make_done(b);
	struct name c = make_name("c.d.example."), x = make_name("x.d.example.");
	struct node n = zone_find(v, c.wire);
	assert_true(node_found(n));
	assert_int_equal(node_rrset_count(n), 0);
	assert_false(node_found(zone_find(v, x.wire)));
	assert_int_equal(v->image.header->node_count, 5);
	version_unref(v);
}

static void zone_without_soa_or_ns_is_refused(void **state) {
	(void)state;
	struct why why;
	struct builder *b = make_builder("example.");
	make_target(b, "example.", RR_NS, "ns1.example.");
	assert_int_equal(finish_fails(b, &why), ERR_BADZONE);
	assert_int_equal(why.reason, REASON_BAD_ZONE);
	b = make_builder("example.");
	make_soa(b, "example.", 1);
	assert_int_equal(finish_fails(b, &why), ERR_BADZONE);
	b = make_builder("example.");
	make_a(b, "www.example.", "192.0.2.1");
	assert_int_equal(finish_fails(b, &why), ERR_BADZONE);
	assert_int_equal(finish_fails(make_builder("example."), &why), ERR_BADZONE);
}

static void two_different_soas_are_refused(void **state) {
	(void)state;
	struct why why;
	struct builder *b = make_zone("example.", 1);
	make_soa(b, "example.", 2);
	assert_int_equal(finish_fails(b, &why), ERR_BADZONE);
	b = make_zone("example.", 1);
	make_soa(b, "example.", 1); /* the closing SOA of a transfer, seen twice, is one */
	version_unref(make_done(b));
}

static void foreign_and_meta_records_are_refused(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	uint8_t a[4] = { 192, 0, 2, 1 };
	assert_int_equal(make_raw(b, "www.example.org.", RR_A, 1, a, 4), ERR_OUTZONE);
	assert_int_equal(make_raw(b, "aexample.", RR_A, 1, a, 4), ERR_OUTZONE);
	assert_int_equal(make_raw(b, "www.example.", RR_ANY, 1, a, 4), ERR_RDATA);
	assert_int_equal(make_raw(b, "www.example.", 0, 1, a, 4), ERR_RDATA);
	builder_free(b);
}

static void limits_end_the_collection(void **state) {
	(void)state;
	struct name apex = make_name("example.");
	struct builder_limits limits = { .max_records = 3 };
	struct builder *b = builder_new(apex.wire, &limits);
	uint8_t a[4] = { 192, 0, 2, 1 };
	make_soa(b, "example.", 1);
	make_target(b, "example.", RR_NS, "ns1.example.");
	assert_int_equal(make_raw(b, "a.example.", RR_A, 1, a, 4), OK);
	struct why why;
	struct name owner = make_name("b.example.");
	assert_int_equal(builder_add(b, owner.wire, RR_A, 1, a, 4, &why), ERR_LIMIT);
	assert_int_equal(why.reason, REASON_TOO_LARGE);
	builder_free(b);
}

static void signatures_stand_with_what_they_cover(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	uint8_t sig[30] = { 0, RR_A, 13, 2 };
	sig[18] = 0; /* signer: the root */
	make_a(b, "www.example.", "192.0.2.1");
	assert_int_equal(make_raw(b, "www.example.", RR_RRSIG, 77, sig, sizeof(sig)), OK);
	sig[1] = RR_MX; /* covers nothing that is there */
	assert_int_equal(make_raw(b, "www.example.", RR_RRSIG, 77, sig, sizeof(sig)), OK);
	struct zone_version *v = make_done(b);
	assert_int_equal(image_check_deep(&v->image), OK);
	struct name www = make_name("www.example.");
	struct node n = zone_find(v, www.wire);
	struct rrset set;
	assert_true(node_rrset(n, RR_A, &set));
	assert_int_equal(set.sig_count, 1);
	assert_int_equal(set.sig_ttl_s, 77);
	assert_int_equal(set.ttl_s, 300);
	assert_false(node_has(n, RR_MX));
	assert_int_equal(node_rrset_count(n), 2);
	assert_int_equal(v->image.header->record_count, 5);
	version_unref(v);
}

static void damaged_images_are_refused(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	make_a(b, "www.example.", "192.0.2.1");
	struct zone_version *v = make_done(b);
	uint8_t *copy = aligned_alloc(8, (layer_size(v->layers[0]) + 7) & ~7UL);
	struct image image;
	memcpy(copy, layer_octets(v->layers[0]), layer_size(v->layers[0]));
	assert_int_equal(image_open(copy, layer_size(v->layers[0]), &image), OK);
	for (size_t i = 0; i < layer_size(v->layers[0]); i++) {
		copy[i] ^= 0x10;
		assert_int_not_equal(image_open(copy, layer_size(v->layers[0]), &image), OK);
		copy[i] ^= 0x10;
	}
	for (size_t len = 0; len < layer_size(v->layers[0]); len++)
		assert_int_not_equal(image_open(copy, len, &image), OK);
	free(copy);
	version_unref(v);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_zone_has_its_records),
		cmocka_unit_test(owner_keeps_the_case_received),
		cmocka_unit_test(duplicate_records_are_dropped_and_ttl_is_the_smallest),
		cmocka_unit_test(equal_rrsets_are_stored_once),
		cmocka_unit_test(equal_rrsets_far_from_each_other_are_stored_once),
		cmocka_unit_test(unordered_stream_makes_the_same_walk),
		cmocka_unit_test(highest_octets_sort_by_what_follows_them),
		cmocka_unit_test(empty_non_terminals_exist),
		cmocka_unit_test(zone_without_soa_or_ns_is_refused),
		cmocka_unit_test(two_different_soas_are_refused),
		cmocka_unit_test(foreign_and_meta_records_are_refused),
		cmocka_unit_test(limits_end_the_collection),
		cmocka_unit_test(signatures_stand_with_what_they_cover),
		cmocka_unit_test(damaged_images_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

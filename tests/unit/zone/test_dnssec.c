/* Zones signed by another implementation, whole and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "zone/check.h"
#include "zone/delta.h"

#include "vector_zone.h"

#include "dnssec_vectors.h"

#define NOW_S 1800000000 /* between the begin and the end of the signatures */
#define BEGIN_S 1577836800
#define END_S 1893456000
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct edit {
	size_t skip, place, octet;
	uint8_t flip;
};
static const struct edit none = { .skip = SIZE_MAX, .place = SIZE_MAX };

static struct zone_version *zone_of(const struct vector_record *records, size_t count,
                                    const struct edit *edit) {
	struct builder *b = make_builder("example.com.");
	for (size_t i = 0; i < count; i++) {
		uint8_t rdata[2048];
		size_t len = from_hex(records[i].rdata, rdata);
		if (i == edit->skip) continue;
		if (i == edit->place) rdata[edit->octet] ^= edit->flip;
		vector_add(b, records[i].owner, records[i].type, records[i].ttl_s, rdata, len);
	}
	struct zone_version *v = NULL;
	struct why why;
	enum err e = builder_finish(b, &v, &why);
	builder_free(b);
	return e == OK ? v : NULL;
}

/* Takes v. */
static enum reason verdict(struct zone_version *v, enum dnssec_rule rule, enum dnssec_depth depth,
                           int64_t now_s, struct why *warning) {
	struct why objection = { .reason = REASON_NONE };
	warning->reason = REASON_NONE;
	enum err e = dnssec_check(v, rule, depth, now_s, &objection, warning);
	assert_int_equal(e, objection.reason == REASON_NONE ? OK : ERR_REFUSED);
	version_unref(v);
	return objection.reason;
}

static enum reason required(struct zone_version *v, enum dnssec_depth depth) {
	struct why warning;
	return verdict(v, DNSSEC_REQUIRE, depth, NOW_S, &warning);
}

static const struct {
	const struct vector_record *records;
	size_t count;
} zones[] = {
	{ ecdsa256, COUNT(ecdsa256) }, { ecdsa384, COUNT(ecdsa384) },   { ed25519, COUNT(ed25519) },
	{ ed448, COUNT(ed448) },       { rsasha256, COUNT(rsasha256) }, { rsasha512, COUNT(rsasha512) },
};

static void zones_of_every_algorithm_verify(void **state) {
	(void)state;
	for (size_t i = 0; i < COUNT(zones); i++) {
		for (enum dnssec_depth depth = DNSSEC_APEX; depth <= DNSSEC_FULL; depth++)
			assert_int_equal(required(zone_of(zones[i].records, zones[i].count, &none), depth),
			                 REASON_NONE);
	}
}

/* Names below the cut, which are not signed, make the zone larger than a sample. */
static void zones_of_many_names_verify(void **state) {
	(void)state;
	for (enum dnssec_depth depth = DNSSEC_APEX; depth <= DNSSEC_FULL; depth++) {
		struct builder *b = make_builder("example.com.");
		uint8_t rdata[2048];
		for (size_t i = 0; i < COUNT(ecdsa256); i++) {
			size_t len = from_hex(ecdsa256[i].rdata, rdata);
			vector_add(b, ecdsa256[i].owner, ecdsa256[i].type, ecdsa256[i].ttl_s, rdata, len);
		}
		for (unsigned i = 0; i < 3 * DNSSEC_SAMPLE_SETS; i++) {
			char owner[64];
			snprintf(owner, sizeof(owner), "h%u.sub.example.com.", i);
			assert_int_equal(make_raw(b, owner, RR_A, 300, "\x7f\0\0\1", 4), OK);
		}
		assert_int_equal(required(make_done(b), depth), REASON_NONE);
	}
}

/* The same SOA again, and another address below the cut: what is signed stays as it is. */
static struct change *change_of_glue(const struct zone_version *v) {
	static const uint8_t apex[] = { 0 }, glue[] = "\2ns\3sub", former[] = { 192, 0, 2, 5 },
			     next[] = { 192, 0, 2, 6 };
	struct change_writer w = change_writer_init(0);
	struct change *c;
	struct rrset set;
	assert_true(node_rrset(zone_apex(v), RR_SOA, &set));
	const uint8_t *p = set.rdatas;
	struct change_record soa = { .owner = apex, .type = RR_SOA, .ttl_s = set.ttl_s };
	soa.rdata = rrset_next(&p, &soa.rdlength);
	for (int side = CHANGE_REMOVED; side <= CHANGE_ADDED; side++) {
		struct change_record a = { glue, RR_A, 4, 300, side == CHANGE_REMOVED ? former : next };
		assert_int_equal(change_put(&w, (enum change_side)side, &soa), OK);
		assert_int_equal(change_put(&w, (enum change_side)side, &a), OK);
	}
	assert_int_equal(change_finish(&w, 0, &c), OK);
	return c;
}

static void a_delta_is_checked_with_what_it_lies_over(void **state) {
	(void)state;
	static const struct builder_limits no_limits = { 0 };
	for (enum dnssec_depth depth = DNSSEC_APEX; depth <= DNSSEC_FULL; depth++) {
		struct zone_version *v = zone_of(ecdsa256, COUNT(ecdsa256), &none), *next;
		struct change *step = change_of_glue(v);
		struct apply_job job = { APPLY_DELTA, APPLY_FORWARD, &step, 1, &no_limits };
		struct why why;
		assert_int_equal(version_apply_job(v, &job, &next, &why), OK);
		assert_int_equal(next->layer_count, 2);
		assert_int_equal(required(next, depth), REASON_NONE);
		change_unref(step);
		version_unref(v);
	}
}

/* Below the cut: glue, the NS there, and what a DNAME hides are not signed. */
static bool is_signed(const struct vector_record *r) {
	struct name owner;
	uint8_t wire[NAME_MAX_LEN];
	(void)from_hex(r->owner, wire);
	name_copy(&owner, wire);
	struct name cut = make_name("sub.example.com.");
	if (!name_is_within(owner.wire, cut.wire)) return true;
	return name_equal(owner.wire, cut.wire) && r->type != RR_NS;
}

/* Of the two signatures over DNSKEY either is enough. */
static bool is_needed(const struct vector_record *r) {
	return is_signed(r) && !(r->type == RR_RRSIG && strncmp(r->rdata, "0030", 4) == 0);
}

static void any_flipped_octet_of_what_is_signed_is_found(void **state) {
	(void)state;
	for (size_t i = 0; i < COUNT(ecdsa256); i++) {
		const struct vector_record *r = &ecdsa256[i];
		size_t len = strlen(r->rdata) / 2;
		for (size_t octet = 0; octet < len; octet++) {
			struct edit edit = { .skip = SIZE_MAX, .place = i, .octet = octet, .flip = 0x40 };
			uint8_t rdata[2048];
			(void)from_hex(r->rdata, rdata);
			rdata[octet] ^= 0x40;
			if (!is_needed(r) || rdata_check(r->type, rdata, len) != OK) continue;
			struct zone_version *v = zone_of(ecdsa256, COUNT(ecdsa256), &edit);
			if (!v) continue;
			enum reason reason = required(v, DNSSEC_FULL);
			if (reason == REASON_NONE)
				print_message("record %zu type %u octet %zu\n", i, r->type, octet);
			assert_int_not_equal(reason, REASON_NONE);
		}
	}
}

static void any_missing_record_of_what_is_signed_is_found(void **state) {
	(void)state;
	for (size_t i = 0; i < COUNT(ecdsa256); i++) {
		struct edit edit = { .skip = i, .place = SIZE_MAX };
		const struct vector_record *r = &ecdsa256[i];
		struct zone_version *v = is_needed(r) ? zone_of(ecdsa256, COUNT(ecdsa256), &edit) : NULL;
		if (!v) continue;
		enum reason reason = required(v, DNSSEC_FULL);
		if (reason == REASON_NONE) print_message("record %zu type %u\n", i, r->type);
		assert_int_not_equal(reason, REASON_NONE);
	}
}

/* With its signature gone, too, only the chain tells. */
static void a_chain_of_nsec3_with_a_gap_is_found(void **state) {
	(void)state;
	for (size_t i = 0; i < COUNT(rsasha512); i++) {
		if (rsasha512[i].type != RR_NSEC3) continue;
		struct vector_record records[COUNT(rsasha512)];
		size_t count = 0;
		for (size_t k = 0; k < COUNT(rsasha512); k++)
			if (strcmp(rsasha512[k].owner, rsasha512[i].owner) != 0)
				records[count++] = rsasha512[k];
		assert_int_equal(required(zone_of(records, count, &none), DNSSEC_SAMPLE), REASON_NONE);
		assert_int_equal(required(zone_of(records, count, &none), DNSSEC_FULL), REASON_DNSSEC_CHAIN);
	}
}

static void time_counts_at_both_ends(void **state) {
	(void)state;
	static const struct {
		int64_t now_s;
		enum reason reason;
	} cases[] = { { BEGIN_S - 1, REASON_DNSSEC_EXPIRED },
		      { BEGIN_S, REASON_NONE },
		      { END_S, REASON_NONE },
		      { END_S + 1, REASON_DNSSEC_EXPIRED } };
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct why warning;
		assert_int_equal(verdict(zone_of(ed25519, COUNT(ed25519), &none), DNSSEC_REQUIRE, DNSSEC_APEX,
		                         cases[i].now_s, &warning),
		                 cases[i].reason);
	}
}

/* The SOA's expire time is ten days. */
static void an_end_before_the_zone_would_expire_is_a_warning(void **state) {
	(void)state;
	struct why warning;
	assert_int_equal(verdict(zone_of(ed25519, COUNT(ed25519), &none), DNSSEC_REQUIRE, DNSSEC_SAMPLE,
	                         END_S - 864000, &warning),
	                 REASON_NONE);
	assert_int_equal(warning.reason, REASON_NONE);
	assert_int_equal(verdict(zone_of(ed25519, COUNT(ed25519), &none), DNSSEC_REQUIRE, DNSSEC_SAMPLE,
	                         END_S - 864000 + 1, &warning),
	                 REASON_NONE);
	assert_int_equal(warning.reason, REASON_DNSSEC_EXPIRES_EARLY);
}

static void an_unsigned_zone_is_refused_where_signatures_are_required_only(void **state) {
	(void)state;
	struct why warning;
	assert_int_equal(required(make_done(make_zone("example.", 1)), DNSSEC_APEX), REASON_DNSSEC_MISSING);
	assert_int_equal(verdict(make_done(make_zone("example.", 1)), DNSSEC_WARN, DNSSEC_FULL, NOW_S,
	                         &warning),
	                 REASON_NONE);
}

static void hostile_keys_are_none(void **state) {
	(void)state;
	static const struct {
		const char *rdata;
		size_t modulus;
	} keys[] = {
		{ "0100030d", 0 }, /* ECDSA without a point */
		{ "01000308", 0 }, /* RSA without anything */
		{ "0100030800", 0 },
		{ "010003080000", 0 },
		{ "01000308ff", 16 },                      /* an exponent longer than what follows */
		{ "0100030803010001", 600 },               /* a modulus beyond the bound */
		{ "010003080a01020304050607080900", 128 }, /* an exponent beyond the bound */
		{ "010003fd0102", 0 },
	};
	for (size_t i = 0; i < COUNT(keys); i++) {
		uint8_t rdata[1024];
		struct builder *b = make_zone("example.", 1);
		size_t len = from_hex(keys[i].rdata, rdata);
		memset(rdata + len, 0xff, keys[i].modulus);
		assert_int_equal(make_raw(b, "example.", RR_DNSKEY, 300, rdata, len + keys[i].modulus), OK);
		assert_int_equal(required(make_done(b), DNSSEC_FULL), REASON_DNSSEC_BOGUS);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_of_every_algorithm_verify),
		cmocka_unit_test(zones_of_many_names_verify),
		cmocka_unit_test(a_delta_is_checked_with_what_it_lies_over),
		cmocka_unit_test(any_flipped_octet_of_what_is_signed_is_found),
		cmocka_unit_test(any_missing_record_of_what_is_signed_is_found),
		cmocka_unit_test(a_chain_of_nsec3_with_a_gap_is_found),
		cmocka_unit_test(time_counts_at_both_ends),
		cmocka_unit_test(an_end_before_the_zone_would_expire_is_a_warning),
		cmocka_unit_test(an_unsigned_zone_is_refused_where_signatures_are_required_only),
		cmocka_unit_test(hostile_keys_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

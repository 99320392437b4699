/* RFC 8976: digests of zones, against those that others made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "zone/canonical.h"
#include "zone/zonemd.h"

#include "vector_zone.h"

#include "zonemd_vectors.h"

struct edit {
	size_t skip;  /* place of a record to leave out, or beyond the last */
	size_t place; /* of a record to change an octet of */
	size_t octet;
	uint8_t flip; /* 0: change nothing */
};
static const struct edit no_edit = { .skip = SIZE_MAX, .place = SIZE_MAX };

static struct zone_version *zone_of(const struct vector_record *records, size_t count, const char *apex,
                                    const struct edit *edit) {
	struct builder *b = make_builder(apex);
	for (size_t i = 0; i < count; i++) {
		uint8_t rdata[1024];
		size_t len = from_hex(records[i].rdata, rdata);
		if (i == edit->skip) continue;
		if (i == edit->place) rdata[edit->octet] ^= edit->flip;
		vector_add(b, records[i].owner, records[i].type, records[i].ttl_s, rdata, len);
	}
	return make_done(b);
}
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define ZONE(list, apex) zone_of(list, COUNT(list), apex, &no_edit)

static enum reason verdict(struct zone_version *v, enum zonemd_rule rule) {
	struct why why = { .reason = REASON_NONE };
	enum err e = zonemd_check(v, rule, &why);
	assert_int_equal(e, why.reason == REASON_NONE ? OK : ERR_REFUSED);
	if (e != OK) assert_true(why.evidence[0] != '\0');
	version_unref(v);
	return why.reason;
}

static void examples_of_the_rfc_verify(void **state) {
	(void)state;
	assert_int_equal(verdict(ZONE(rfc_simple, "example."), ZONEMD_REQUIRED), REASON_NONE);
	assert_int_equal(verdict(ZONE(rfc_complex, "example."), ZONEMD_REQUIRED), REASON_NONE);
	assert_int_equal(verdict(ZONE(rfc_multiple, "example."), ZONEMD_REQUIRED), REASON_NONE);
}

/* NSEC3 owners among the names, equal to one of them too; names in rdata of types that are lowered and that are not;
 * data below a DNAME; signatures over the ZONEMD. */
static void digests_of_another_implementation_verify(void **state) {
	(void)state;
	assert_int_equal(verdict(ZONE(other_sha384, "example.org."), ZONEMD_REQUIRED), REASON_NONE);
	assert_int_equal(verdict(ZONE(other_sha512, "example.org."), ZONEMD_REQUIRED), REASON_NONE);
}

static bool is_apex_zonemd(const struct vector_record *r) {
	return r->type == RR_ZONEMD && strlen(r->owner) == 2 * strlen("\7example\3org") + 2;
}

/* RRSIG of type ZONEMD is not digested. */
static bool is_digested(const struct vector_record *r) {
	return !is_apex_zonemd(r) && !(r->type == RR_RRSIG && strncmp(r->rdata, "003f", 4) == 0);
}

static void a_record_less_is_a_mismatch(void **state) {
	(void)state;
	for (size_t i = 0; i < COUNT(other_sha384); i++) {
		const struct vector_record *r = &other_sha384[i];
		struct edit edit = { .skip = i, .place = SIZE_MAX };
		if (r->type == RR_SOA || r->type == RR_NS) continue;
		enum reason reason = verdict(zone_of(other_sha384, COUNT(other_sha384), "example.org.",
		                                     &edit),
		                             ZONEMD_REQUIRED);
		assert_int_equal(reason, is_apex_zonemd(r) ? REASON_ZONEMD_MISSING
		                         : is_digested(r)  ? REASON_ZONEMD_MISMATCH
		                                           : REASON_NONE);
	}
}

static size_t place_of(const struct vector_record *records, size_t count, uint16_t type) {
	for (size_t i = 0; i < count; i++)
		if (records[i].type == type) return i;
	return count;
}

static enum reason simple_with(size_t octet, uint8_t flip, enum zonemd_rule rule) {
	struct edit edit = { .skip = SIZE_MAX,
		             .place = place_of(rfc_simple, COUNT(rfc_simple), RR_ZONEMD),
		             .octet = octet,
		             .flip = flip };
	return verdict(zone_of(rfc_simple, COUNT(rfc_simple), "example.", &edit), rule);
}

static void a_digest_of_another_serial_does_not_fit(void **state) {
	(void)state;
	assert_int_equal(simple_with(3, 1, ZONEMD_IF_PRESENT), REASON_ZONEMD_MISMATCH);
	assert_int_equal(simple_with(3, 1, ZONEMD_OFF), REASON_NONE);
}

static void any_octet_of_the_digest_counts(void **state) {
	(void)state;
	for (size_t octet = 6; octet < 54; octet += 7)
		assert_int_equal(simple_with(octet, 0x80, ZONEMD_REQUIRED), REASON_ZONEMD_MISMATCH);
}

/* Another scheme; another algorithm, private use. */
static void what_is_not_known_is_as_if_it_were_not_there(void **state) {
	(void)state;
	assert_int_equal(simple_with(4, 0xf0, ZONEMD_IF_PRESENT), REASON_NONE);
	assert_int_equal(simple_with(4, 0xf0, ZONEMD_REQUIRED), REASON_ZONEMD_MISSING);
	assert_int_equal(simple_with(5, 0xf0, ZONEMD_IF_PRESENT), REASON_NONE);
	assert_int_equal(simple_with(5, 0xf0, ZONEMD_REQUIRED), REASON_ZONEMD_MISSING);
}

static void sha512_with_the_length_of_sha384_does_not_fit(void **state) {
	(void)state;
	assert_int_equal(simple_with(5, 3, ZONEMD_IF_PRESENT), REASON_ZONEMD_MISMATCH);
}

static void a_zone_without_one_passes_unless_one_is_required(void **state) {
	(void)state;
	assert_int_equal(verdict(make_done(make_zone("example.", 1)), ZONEMD_IF_PRESENT), REASON_NONE);
	assert_int_equal(verdict(make_done(make_zone("example.", 1)), ZONEMD_REQUIRED),
	                 REASON_ZONEMD_MISSING);
}

/* RFC 8976 section 2.2.3: then none of them may be used, though one is right. */
static void two_of_one_scheme_and_algorithm_are_of_no_use(void **state) {
	(void)state;
	struct builder *b = make_builder("example.");
	uint8_t rdata[1024];
	for (size_t i = 0; i < COUNT(rfc_simple); i++) {
		size_t len = from_hex(rfc_simple[i].rdata, rdata);
		vector_add(b, rfc_simple[i].owner, rfc_simple[i].type, rfc_simple[i].ttl_s, rdata, len);
		if (rfc_simple[i].type != RR_ZONEMD) continue;
		rdata[len - 1] ^= 1;
		vector_add(b, rfc_simple[i].owner, RR_ZONEMD, rfc_simple[i].ttl_s, rdata, len);
	}
	assert_int_equal(verdict(make_done(b), ZONEMD_IF_PRESENT), REASON_ZONEMD_MISMATCH);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_of_the_rfc_verify),
		cmocka_unit_test(digests_of_another_implementation_verify),
		cmocka_unit_test(a_record_less_is_a_mismatch),
		cmocka_unit_test(a_digest_of_another_serial_does_not_fit),
		cmocka_unit_test(any_octet_of_the_digest_counts),
		cmocka_unit_test(what_is_not_known_is_as_if_it_were_not_there),
		cmocka_unit_test(sha512_with_the_length_of_sha384_does_not_fit),
		cmocka_unit_test(a_zone_without_one_passes_unless_one_is_required),
		cmocka_unit_test(two_of_one_scheme_and_algorithm_are_of_no_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

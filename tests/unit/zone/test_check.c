/* What no version may hold, and how much it may lose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "zone/apply.h"
#include "zone/check.h"
#include "zone/delta.h"

#include "zone_make.h"

static const struct check_rules lax; /* nothing is asked for beyond what no zone may hold */

static struct check_report report_of(const struct zone_version *former, struct zone_version *next,
                                     const struct check_rules *rules, unsigned accepted) {
	struct check_report report;
	enum err e = zone_check(former, next, NULL, rules, accepted, 1, &report);
	assert_int_equal(e, report.objection.reason == REASON_NONE ? OK : ERR_REFUSED);
	version_unref(next);
	return report;
}

static enum reason verdict(struct builder *b, const struct check_rules *rules) {
	return report_of(NULL, make_done(b), rules, 0).objection.reason;
}

static void an_ordinary_zone_passes(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	make_a(b, "www.example.", "192.0.2.1");
	make_a(b, "www.example.", "192.0.2.2");
	make_target(b, "alias.example.", RR_CNAME, "www.example.");
	make_target(b, "sub.example.", RR_NS, "ns.sub.example.");
	assert_int_equal(verdict(b, &lax), REASON_NONE);
}

static void a_cname_beside_other_data_is_refused(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	make_target(b, "alias.example.", RR_CNAME, "www.example.");
	make_a(b, "alias.example.", "192.0.2.1");
	struct check_report r = report_of(NULL, make_done(b), &lax, 0);
	assert_int_equal(r.objection.reason, REASON_CNAME_AND_OTHER);
	assert_int_equal(r.guard, GUARD_STRUCTURE);
	assert_string_equal(r.objection.evidence, "alias.example A: stands beside a CNAME");
}

static void a_cname_at_the_apex_is_refused(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	make_target(b, "example.", RR_CNAME, "www.example.org.");
	assert_int_equal(verdict(b, &lax), REASON_CNAME_AND_OTHER);
}

/* RFC 4035 section 2.5, and the predecessors of these types. */
static void what_signs_a_cname_may_stand_beside_it(void **state) {
	(void)state;
	static const uint8_t nsec[] = { 1, 'z', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 4 };
	static const uint8_t rrsig[] = { 0, 5, 13, 2, 0, 0, 1, 44, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0, 9 };
	static const uint8_t key[] = { 1, 0, 3, 13, 1, 2 };
	struct builder *b = make_zone("example.", 1);
	make_target(b, "alias.example.", RR_CNAME, "www.example.");
	assert_int_equal(make_raw(b, "alias.example.", RR_NSEC, 300, nsec, sizeof(nsec)), OK);
	assert_int_equal(make_raw(b, "alias.example.", RR_RRSIG, 300, rrsig, sizeof(rrsig)), OK);
	assert_int_equal(make_raw(b, "alias.example.", RR_KEY, 300, key, sizeof(key)), OK);
	assert_int_equal(verdict(b, &lax), REASON_NONE);
}

static void several_cnames_or_dnames_at_a_name_are_refused(void **state) {
	(void)state;
	static const uint16_t types[] = { RR_CNAME, RR_DNAME };
	for (unsigned i = 0; i < 2; i++) {
		struct builder *b = make_zone("example.", 1);
		make_target(b, "a.example.", types[i], "www.example.");
		make_target(b, "a.example.", types[i], "WWW.example.");
		assert_int_equal(verdict(b, &lax), REASON_NONE); /* the same twice is one */
		b = make_zone("example.", 1);
		make_target(b, "a.example.", types[i], "www.example.");
		make_target(b, "a.example.", types[i], "mail.example.");
		assert_int_equal(verdict(b, &lax), REASON_SEVERAL_OF_ONE);
	}
}

/* Odd, but the answer is clear. */
static void what_is_only_odd_passes(void **state) {
	(void)state;
	struct builder *b = make_zone("example.", 1);
	make_target(b, "d.example.", RR_DNAME, "elsewhere.test.");
	make_a(b, "below.d.example.", "192.0.2.1");
	make_target(b, "sub.example.", RR_NS, "ns.sub.example."); /* no glue */
	make_a(b, "occluded.sub.example.", "192.0.2.1");
	make_target(b, "mail.example.", RR_NS, "alias.example.");
	make_target(b, "alias.example.", RR_CNAME, "nowhere.example.");
	assert_int_equal(verdict(b, &lax), REASON_NONE);
}

static void an_rrset_has_a_limit(void **state) {
	(void)state;
	const struct check_rules rules = { .max_rrset_records = 3 };
	for (unsigned count = 3; count <= 4; count++) {
		struct builder *b = make_zone("example.", 1);
		for (unsigned i = 0; i < count; i++) {
			char address[16];
			snprintf(address, sizeof(address), "192.0.2.%u", i);
			make_a(b, "many.example.", address);
		}
		assert_int_equal(verdict(b, &rules), count == 3 ? REASON_NONE : REASON_RRSET_TOO_LARGE);
	}
}

static void a_name_has_a_limit_of_types(void **state) {
	(void)state;
	const struct check_rules rules = { .max_name_types = 3 };
	for (unsigned count = 3; count <= 4; count++) {
		struct builder *b = make_zone("example.", 1);
		for (unsigned i = 0; i < count; i++)
			assert_int_equal(make_raw(b, "many.example.", (uint16_t)(65400 + i), 300, "x", 1),
			                 OK);
		assert_int_equal(verdict(b, &rules), count == 3 ? REASON_NONE : REASON_TOO_MANY_TYPES);
	}
}

static struct zone_version *zone_of_names(uint32_t serial, unsigned names) {
	struct builder *b = make_zone("example.", serial);
	for (unsigned i = 1; i < names; i++) { /* the apex is one */
		char owner[32];
		snprintf(owner, sizeof(owner), "n%u.example.", i);
		make_a(b, owner, "192.0.2.1");
	}
	return make_done(b);
}

static enum reason shrinks(unsigned from, unsigned to, uint32_t percent) {
	const struct check_rules rules = { .max_shrink = percent };
	struct zone_version *former = zone_of_names(1, from);
	enum reason reason = report_of(former, zone_of_names(2, to), &rules, 0).objection.reason;
	version_unref(former);
	return reason;
}

static void a_version_may_lose_a_part_of_its_names(void **state) {
	(void)state;
	assert_int_equal(shrinks(100, 50, 50), REASON_NONE);
	assert_int_equal(shrinks(100, 49, 50), REASON_SHRUNK);
	assert_int_equal(shrinks(100, 1, 99), REASON_NONE);
	assert_int_equal(shrinks(100, 1, 98), REASON_SHRUNK);
	assert_int_equal(shrinks(100, 1, 0), REASON_NONE);
	assert_int_equal(shrinks(50, 100, 1), REASON_NONE);
}

/* The former version's layers with a delta over them. */
static struct zone_version *delta_to(struct zone_version *former, uint32_t serial, unsigned names) {
	static const struct builder_limits no_limits = { 0 };
	struct zone_version *wanted = zone_of_names(serial, names), *next;
	struct change *step;
	struct why why;
	assert_int_equal(version_diff(former, wanted, 0, 0, &step), OK);
	struct apply_job job = { APPLY_DELTA, APPLY_FORWARD, &step, 1, &no_limits };
	assert_int_equal(version_apply_job(former, &job, &next, &why), OK);
	assert_int_equal(next->layer_count, former->layer_count + 1);
	change_unref(step);
	version_unref(wanted);
	return next;
}

static void names_of_all_layers_count(void **state) {
	(void)state;
	const struct check_rules rules = { .max_shrink = 50 };
	struct zone_version *whole = zone_of_names(1, 100), *delta = delta_to(whole, 2, 99);
	version_ref(delta);
	assert_int_equal(report_of(whole, delta, &rules, 0).objection.reason, REASON_NONE);
	assert_int_equal(report_of(delta, delta_to(delta, 3, 98), &rules, 0).objection.reason, REASON_NONE);
	assert_int_equal(report_of(delta, delta_to(delta, 3, 49), &rules, 0).objection.reason, REASON_SHRUNK);
	assert_int_equal(report_of(delta, zone_of_names(3, 49), &rules, 0).objection.reason, REASON_SHRUNK);
	version_unref(delta);
	version_unref(whole);
}

static void a_few_names_may_always_go(void **state) {
	(void)state;
	assert_int_equal(shrinks(10, 1, 1), REASON_NONE);
	assert_int_equal(shrinks(11, 1, 1), REASON_SHRUNK);
}

static void the_first_version_has_nothing_to_lose(void **state) {
	(void)state;
	const struct check_rules rules = { .max_shrink = 1 };
	assert_int_equal(report_of(NULL, zone_of_names(1, 1), &rules, 0).objection.reason, REASON_NONE);
}

static void a_guard_that_is_accepted_is_passed_over_and_no_other(void **state) {
	(void)state;
	const struct check_rules rules = { .max_shrink = 50, .zonemd = ZONEMD_REQUIRED };
	struct zone_version *former = zone_of_names(1, 100);
	assert_int_equal(report_of(former, zone_of_names(2, 1), &rules, 0).guard, GUARD_SHRINK);
	assert_int_equal(report_of(former, zone_of_names(2, 1), &rules, GUARD_SHRINK).guard, GUARD_ZONEMD);
	assert_int_equal(
		report_of(former, zone_of_names(2, 1), &rules, GUARD_SHRINK | GUARD_ZONEMD).objection.reason,
		REASON_NONE);
	version_unref(former);
}

static enum reason changed_verdict(struct zone_version *former, struct zone_version *next) {
	struct check_report report;
	struct change *step;
	assert_int_equal(version_diff(former, next, 0, 1, &step), OK);
	const struct check_changes changes = { &step, 1 };
	enum err e = zone_check(former, next, &changes, &lax, 0, 1, &report);
	assert_int_equal(e, report.objection.reason == REASON_NONE ? OK : ERR_REFUSED);
	change_unref(step);
	version_unref(former);
	version_unref(next);
	return report.objection.reason;
}

/* alias: with a CNAME; address: beside it; more: one at another name. */
static struct zone_version *aliased(uint32_t serial, bool address, bool more) {
	struct builder *b = make_zone("example.", serial);
	make_target(b, "alias.example.", RR_CNAME, "www.example.");
	if (address) make_a(b, "alias.example.", "192.0.2.1");
	if (more) make_a(b, "more.example.", "192.0.2.1");
	return make_done(b);
}

static void of_changes_the_names_that_they_add_to_are_judged(void **state) {
	(void)state;
	assert_int_equal(changed_verdict(aliased(1, false, false), aliased(2, true, false)),
	                 REASON_CNAME_AND_OTHER);
	assert_int_equal(changed_verdict(aliased(1, false, false), aliased(2, false, true)), REASON_NONE);
	/* was let through before, and nothing is added to it */
	assert_int_equal(changed_verdict(aliased(1, true, false), aliased(2, true, true)), REASON_NONE);
	assert_int_equal(changed_verdict(aliased(1, true, false), aliased(2, false, false)), REASON_NONE);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ordinary_zone_passes),
		cmocka_unit_test(a_cname_beside_other_data_is_refused),
		cmocka_unit_test(a_cname_at_the_apex_is_refused),
		cmocka_unit_test(what_signs_a_cname_may_stand_beside_it),
		cmocka_unit_test(several_cnames_or_dnames_at_a_name_are_refused),
		cmocka_unit_test(what_is_only_odd_passes),
		cmocka_unit_test(an_rrset_has_a_limit),
		cmocka_unit_test(a_name_has_a_limit_of_types),
		cmocka_unit_test(a_version_may_lose_a_part_of_its_names),
		cmocka_unit_test(names_of_all_layers_count),
		cmocka_unit_test(a_few_names_may_always_go),
		cmocka_unit_test(the_first_version_has_nothing_to_lose),
		cmocka_unit_test(of_changes_the_names_that_they_add_to_are_judged),
		cmocka_unit_test(a_guard_that_is_accepted_is_passed_over_and_no_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

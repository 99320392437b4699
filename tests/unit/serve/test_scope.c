/* Aliases from zone to zone (RFC 1034 section 4.3.2, RFC 6672 section 3.2, RFC 6604), and who may ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lab.h"
#include "serve/plan.h"

#define SOA "@ SOA ns hostmaster 7 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\n"

static const char *const one = SOA
	"www CNAME www.two.\n"
	"mail CNAME mail.two.\n"
	"gone CNAME nothing.two.\n"
	"lacks CNAME txt.two.\n"
	"star CNAME any.wild.two.\n"
	"tree DNAME two.\n"
	"loop CNAME loop.two.\n"
	"down CNAME x.cut.two.\n"
	"in CNAME www.child.one.\n"
	"apex CNAME child.one.\n"
	"child NS ns.child\n"
	"child DS 1 8 2 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
	"ns.child A 192.0.2.99\n"
	"late CNAME www.pending.\n"
	"away CNAME www.elsewhere.\n";
static const char *const two = SOA "www 60 A 192.0.2.80\n"
				   "mail MX 5 www\n"
				   "txt TXT only\n"
				   "*.wild TXT wild\n"
				   "loop CNAME loop.one.\n"
				   "cut NS ns.cut\n"
				   "ns.cut A 192.0.2.54\n";
static const char *const child = SOA "www A 192.0.2.81\n";

static int setup(void **state) {
	struct lab *lab = lab_new();
	lab_zone(lab, "one.", one, SIGN_NSEC);
	lab_zone(lab, "two.", two, SIGN_NSEC3);
	lab_zone(lab, "child.one.", child, SIGN_NONE);
	lab_entry(lab, "pending.");
	*state = lab;
	return 0;
}

static int teardown(void **state) {
	lab_free(*state);
	return 0;
}

#define ANSWERS(question, text) assert_string_equal(lab_ask(*state, question), text)
#define TWO_SOA "AU two. 300 SOA ns.two. hostmaster.two. 7 3600 600 86400 300\n"

static void alias_is_followed_into_another_zone(void **state) {
	ANSWERS("www.one. A", "NOERROR aa\nAN www.one. 3600 CNAME www.two.\nAN www.two. 60 A 192.0.2.80\n");
}

static void addresses_come_from_the_zone_of_the_mail_exchanger(void **state) {
	ANSWERS("mail.one. MX", "NOERROR aa\nAN mail.one. 3600 CNAME mail.two.\n"
	                        "AN mail.two. 3600 MX 5 www.two.\nAD www.two. 60 A 192.0.2.80\n");
}

static void the_last_name_decides_that_there_is_none(void **state) {
	ANSWERS("gone.one. A", "NXDOMAIN aa\nAN gone.one. 3600 CNAME nothing.two.\n" TWO_SOA);
	ANSWERS("lacks.one. A", "NOERROR aa\nAN lacks.one. 3600 CNAME txt.two.\n" TWO_SOA);
}

/* NSEC in the first zone, NSEC3 in the second: proofs are of the zone that denies. */
static void proofs_come_from_the_zone_that_denies(void **state) {
	const char *text = lab_ask(*state, "gone.one. A do");
	assert_int_equal(lab_lines(text, "AU "), 1 + 1 + lab_lines(text, " NSEC3\n"));
	assert_int_equal(lab_lines(text, " NSEC "), 0);
	assert_in_range(lab_lines(text, " NSEC3\n"), 2 * 2, 2 * 3); /* and their signatures */
	text = lab_ask(*state, "star.one. TXT do");
	assert_int_equal(lab_lines(text, "AN any.wild.two. RRSIG TXT\n"), 1);
	assert_int_equal(lab_lines(text, " NSEC3\n"), 2);
}

static void subtree_alias_leads_into_another_zone(void **state) {
	ANSWERS("www.tree.one. A", "NOERROR aa\nAN tree.one. 3600 DNAME two.\n"
	                           "AN www.tree.one. 3600 CNAME www.two.\nAN www.two. 60 A 192.0.2.80\n");
}

/* The alias brings its signatures; that the question is for signatures brings none of them twice. */
static void signatures_behind_an_alias_come_once(void **state) {
	lab_zone(*state, "z.", SOA "d.x DNAME x\n", SIGN_NSEC);
	const char *answer = lab_ask(*state, "d.d.x.z. RRSIG do");
	assert_int_equal(lab_lines(answer, "AN d.x.z. RRSIG DNAME\n"), 1);
	answer = lab_ask(*state, "d.d.x.z. RRSIG");
	assert_int_equal(lab_lines(answer, "AN d.x.z. RRSIG DNAME\n"), 1);
}

/* A wildcard's DNAME leads to a name for which the wildcard stands: there its signatures have another owner. */
static void signatures_at_another_name_are_others(void **state) {
	lab_zone(*state, "z.", SOA "* DNAME y\n", SIGN_NSEC);
	const char *answer = lab_ask(*state, "x.*.z. RRSIG do");
	assert_int_equal(lab_lines(answer, "AN *.z. RRSIG DNAME\n"), 1);
	assert_int_equal(lab_lines(answer, "AN x.y.z. RRSIG DNAME\n"), 1);
}

static void loop_over_two_zones_ends(void **state) {
	ANSWERS("loop.one. A",
	        "NOERROR aa\nAN loop.one. 3600 CNAME loop.two.\nAN loop.two. 3600 CNAME loop.one.\n");
}

static void alias_below_a_cut_of_another_zone_is_referred(void **state) {
	ANSWERS("down.one. A", "NOERROR aa\nAN down.one. 3600 CNAME x.cut.two.\n"
	                       "AU cut.two. 3600 NS ns.cut.two.\nAD ns.cut.two. 3600 A 192.0.2.54\n");
}

static void child_that_is_held_answers_instead_of_the_parents_referral(void **state) {
	ANSWERS("in.one. A",
	        "NOERROR aa\nAN in.one. 3600 CNAME www.child.one.\nAN www.child.one. 3600 A 192.0.2.81\n");
}

static void ds_behind_an_alias_is_the_parents(void **state) {
	ANSWERS("apex.one. DS", "NOERROR aa\nAN apex.one. 3600 CNAME child.one.\n"
	                        "AN child.one. 3600 DS 1 8 2 "
	                        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
}

static void alias_into_a_zone_that_is_not_served_ends_there(void **state) {
	ANSWERS("late.one. A", "NOERROR aa\nAN late.one. 3600 CNAME www.pending.\n");
	ANSWERS("away.one. A", "NOERROR aa\nAN away.one. 3600 CNAME www.elsewhere.\n");
}

/* c0 → c1 → … over two zones in turn; what the bound leaves out, the client asks for itself. */
static void chain_over_zones_is_bounded(void **state) {
	char text[2][4096] = { SOA, SOA }, line[64];
	for (unsigned i = 0; i < 40; i++) {
		snprintf(line, sizeof(line), "c%u CNAME c%u.%s.\n", i, i + 1, i % 2 ? "even" : "odd");
		text_add(text[i % 2], sizeof(text[0]), "%s", line);
	}
	lab_zone(*state, "even.", text[0], SIGN_NONE);
	lab_zone(*state, "odd.", text[1], SIGN_NONE);
	const char *answer = lab_ask(*state, "c0.even. A");
	assert_int_equal(strncmp(answer, "NOERROR aa\n", 11), 0);
	assert_int_equal(lab_lines(answer, " CNAME "), PLAN_CHAIN_MAX + 1);
}

/* -- allow-query ---------------------------------------------------------------------------------------------- */

static struct acl_item only_loopback[1];

static void limit(struct lab *lab, struct zone_policy *policy, const char *zone) {
	struct name name;
	if (addr_prefix_parse("127.0.0.0/8", &only_loopback[0].prefix) != OK) abort();
	only_loopback[0].has_prefix = true;
	*policy = lab->policy;
	policy->query_limited = true;
	policy->allow_query = (struct acl){ only_loopback, 1 };
	if (name_parse(zone, &name) != OK) abort();
	atomic_store(&table_find(lab->table, name.wire)->policy, policy);
}

static void who_may_not_ask_is_refused(void **state) {
	struct lab *lab = *state;
	struct zone_policy limited;
	limit(lab, &limited, "two.");
	assert_int_equal(strncmp(lab_ask(lab, "www.two. A"), "NOERROR aa\n", 11), 0);
	if (addr_parse("192.0.2.1@4000", 0, &lab->peer) != OK) abort();
	assert_int_equal(strncmp(lab_ask(lab, "www.two. A"), "REFUSED\n", 8), 0);
	assert_int_equal(strncmp(lab_ask(lab, "www.two. A edns=1232"), "REFUSED edns ede=18", 19), 0);
	assert_int_equal(strncmp(lab_ask(lab, "ns.one. A"), "NOERROR aa\n", 11), 0);
}

static void alias_into_a_zone_not_open_to_the_client_ends_there(void **state) {
	struct lab *lab = *state;
	struct zone_policy limited;
	limit(lab, &limited, "two.");
	if (addr_parse("192.0.2.1@4000", 0, &lab->peer) != OK) abort();
	ANSWERS("www.one. A", "NOERROR aa\nAN www.one. 3600 CNAME www.two.\n");
}

int main(void) {
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(alias_is_followed_into_another_zone),
		ROW(addresses_come_from_the_zone_of_the_mail_exchanger),
		ROW(the_last_name_decides_that_there_is_none),
		ROW(proofs_come_from_the_zone_that_denies),
		ROW(subtree_alias_leads_into_another_zone),
		ROW(signatures_behind_an_alias_come_once),
		ROW(signatures_at_another_name_are_others),
		ROW(loop_over_two_zones_ends),
		ROW(alias_below_a_cut_of_another_zone_is_referred),
		ROW(child_that_is_held_answers_instead_of_the_parents_referral),
		ROW(ds_behind_an_alias_is_the_parents),
		ROW(alias_into_a_zone_that_is_not_served_ends_there),
		ROW(chain_over_zones_is_bounded),
		ROW(who_may_not_ask_is_refused),
		ROW(alias_into_a_zone_not_open_to_the_client_ends_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

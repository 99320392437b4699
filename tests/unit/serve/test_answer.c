/* Answers without DNSSEC: RFC 1034 section 4.3.2, RFC 2308, RFC 4592, RFC 6672, RFC 8482, RFC 9471. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab.h"

#define SOA "@ SOA ns.example. admin.example. 7 3600 600 86400 300\n"
#define NEGATIVE_SOA "AU example. 300 SOA ns.example. admin.example. 7 3600 600 86400 300\n"

/* RFC 4592 section 2.2.1. */
static const char *const wildcard_zone = SOA "@ NS ns.example.com.\n"
					     "@ NS ns.example.net.\n"
					     "* TXT this.is.a.wildcard\n"
					     "* MX 10 host1\n"
					     "sub.* TXT this.is.not.a.wildcard\n"
					     "host1 A 192.0.2.1\n"
					     "_ssh._tcp.host1 SRV 0 0 22 host1\n"
					     "_ssh._tcp.host2 SRV 0 0 22 host2\n"
					     "subdel NS ns.example.com.\n"
					     "subdel NS ns.example.net.\n";

static const char *const zone = SOA "@ NS ns\n"
				    "@ NS ns.sub\n"
				    "@ MX 10 mail\n"
				    "@ TXT hello\n"
				    "ns A 192.0.2.53\n"
				    "ns AAAA 2001:db8::53\n"
				    "mail A 192.0.2.25\n"
				    "www 60 A 192.0.2.80\n"
				    "www 60 A 192.0.2.81\n"
				    "alias CNAME www\n"
				    "alias2 CNAME alias\n"
				    "far CNAME www.elsewhere.\n"
				    "gone CNAME nothing\n"
				    "loop1 CNAME loop2\n"
				    "loop2 CNAME loop1\n"
				    "into CNAME deep.below.sub\n"
				    "a.b.c TXT deep\n"
				    "sub NS ns.sub\n"
				    "sub NS ns.sibling\n"
				    "sub NS ns\n"
				    "sub NS ns.elsewhere.\n"
				    "sub NS server.sub\n"
				    "server.sub A 192.0.2.102\n"
				    "ns.sub A 192.0.2.100\n"
				    "ns.sub AAAA 2001:db8::100\n"
				    "sibling NS ns.sibling\n"
				    "ns.sibling A 192.0.2.101\n"
				    "old 120 DNAME new\n"
				    "x.new A 192.0.2.90\n"
				    "away DNAME elsewhere.\n"
				    "grow DNAME much.longer.than.it.was.elsewhere.\n"
				    "*.wild CNAME www\n"
				    "srv SRV 1 2 80 www\n"
				    "svc HTTPS 1 www\n"
				    "svcself HTTPS 1 .\n"
				    "svcself A 192.0.2.83\n"
				    "svcalias HTTPS 0 svcself\n"
				    "svcnone HTTPS 0 .\n"
				    "glued MX 5 ns.sub\n";

static int setup(void **state) {
	struct lab *lab = lab_new();
	lab_zone(lab, "example.", zone, SIGN_NONE);
	*state = lab;
	return 0;
}
static int setup_wildcards(void **state) {
	struct lab *lab = lab_new();
	lab_zone(lab, "example.", wildcard_zone, SIGN_NONE);
	*state = lab;
	return 0;
}
static int teardown(void **state) {
	lab_free(*state);
	return 0;
}

#define ANSWERS(question, text) assert_string_equal(lab_ask(*state, question), text)

static void existing_type_is_answered_whole(void **state) {
	ANSWERS("www.example. A",
	        "NOERROR aa\nAN www.example. 60 A 192.0.2.80\nAN www.example. 60 A 192.0.2.81\n");
}
static void case_of_the_question_is_kept(void **state) {
	ANSWERS("WwW.eXample. A",
	        "NOERROR aa\nAN WwW.eXample. 60 A 192.0.2.80\nAN WwW.eXample. 60 A 192.0.2.81\n");
}
static void missing_type_is_nodata_with_lowered_soa(void **state) {
	ANSWERS("www.example. AAAA", "NOERROR aa\n" NEGATIVE_SOA);
	ANSWERS("example. A", "NOERROR aa\n" NEGATIVE_SOA);
}
static void unknown_type_is_nodata(void **state) {
	ANSWERS("www.example. TYPE65400", "NOERROR aa\n" NEGATIVE_SOA);
}
static void missing_name_is_nxdomain_with_soa(void **state) {
	ANSWERS("nothing.example. A", "NXDOMAIN aa\n" NEGATIVE_SOA);
	ANSWERS("x.www.example. A", "NXDOMAIN aa\n" NEGATIVE_SOA);
}
static void empty_non_terminal_is_nodata(void **state) {
	ANSWERS("b.c.example. TXT", "NOERROR aa\n" NEGATIVE_SOA);
	ANSWERS("c.example. ANY", "NOERROR aa\n" NEGATIVE_SOA);
}
static void apex_name_servers_bring_their_addresses(void **state) {
	ANSWERS("example. NS",
	        "NOERROR aa\nAN example. 3600 NS ns.sub.example.\nAN example. 3600 NS ns.example.\n"
	        "AD ns.sub.example. 3600 A 192.0.2.100\nAD ns.sub.example. 3600 AAAA 2001:db8::100\n"
	        "AD ns.example. 3600 A 192.0.2.53\nAD ns.example. 3600 AAAA 2001:db8::53\n");
}
static void mail_exchanger_and_services_bring_addresses(void **state) {
	ANSWERS("example. MX",
	        "NOERROR aa\nAN example. 3600 MX 10 mail.example.\nAD mail.example. 3600 A 192.0.2.25\n");
	ANSWERS("srv.example. SRV", "NOERROR aa\nAN srv.example. 3600 SRV 1 2 80 www.example.\n"
	                            "AD www.example. 60 A 192.0.2.80\nAD www.example. 60 A 192.0.2.81\n");
	assert_int_equal(lab_lines(lab_ask(*state, "svc.example. HTTPS"), "AD www.example."), 2);
}
/* RFC 9460 sections 2.5 and 4.1. */
static void services_bring_addresses_and_records_of_their_targets(void **state) {
	ANSWERS("svcself.example. HTTPS", "NOERROR aa\nAN svcself.example. 3600 HTTPS 1 .\n"
	                                  "AD svcself.example. 3600 A 192.0.2.83\n");
	ANSWERS("svcalias.example. HTTPS", "NOERROR aa\nAN svcalias.example. 3600 HTTPS 0 svcself.example.\n"
	                                   "AD svcself.example. 3600 A 192.0.2.83\n"
	                                   "AD svcself.example. 3600 HTTPS 1 .\n");
	ANSWERS("svcnone.example. HTTPS", "NOERROR aa\nAN svcnone.example. 3600 HTTPS 0 .\n");
}

/* However large the RRset, what is looked up as a courtesy is bounded. */
static void courtesy_is_bounded(void **state) {
	char text[20000] = SOA "@ NS ns.example.\n";
	for (unsigned i = 0; i < 200; i++)
		text_add(text, sizeof(text), "many MX %u m%u\nm%u A 192.0.2.1\n", i, i, i);
	lab_zone(*state, "many.", text, SIGN_NONE);
	const char *answer = lab_ask(*state, "many.many. MX tcp");
	assert_int_equal(lab_lines(answer, "AN "), 200);
	assert_in_range(lab_lines(answer, "AD "), 1, 64);
}

static void glue_is_no_additional_data_but_for_ns(void **state) {
	ANSWERS("glued.example. MX", "NOERROR aa\nAN glued.example. 3600 MX 5 ns.sub.example.\n");
}
static void alias_is_followed_within_the_zone(void **state) {
	ANSWERS("alias2.example. A", "NOERROR aa\nAN alias2.example. 3600 CNAME alias.example.\n"
	                             "AN alias.example. 3600 CNAME www.example.\n"
	                             "AN www.example. 60 A 192.0.2.80\nAN www.example. 60 A 192.0.2.81\n");
	ANSWERS("alias.example. AAAA",
	        "NOERROR aa\nAN alias.example. 3600 CNAME www.example.\n" NEGATIVE_SOA);
}
static void alias_itself_is_answered_when_asked_for(void **state) {
	ANSWERS("alias2.example. CNAME", "NOERROR aa\nAN alias2.example. 3600 CNAME alias.example.\n");
	ANSWERS("alias2.example. ANY", "NOERROR aa\nAN alias2.example. 3600 CNAME alias.example.\n");
}
static void alias_out_of_the_zone_ends_there(void **state) {
	ANSWERS("far.example. A", "NOERROR aa\nAN far.example. 3600 CNAME www.elsewhere.\n");
}
static void alias_to_nothing_is_nxdomain(void **state) {
	ANSWERS("gone.example. A",
	        "NXDOMAIN aa\nAN gone.example. 3600 CNAME nothing.example.\n" NEGATIVE_SOA);
}
static void alias_loop_ends(void **state) {
	ANSWERS("loop1.example. A", "NOERROR aa\nAN loop1.example. 3600 CNAME loop2.example.\n"
	                            "AN loop2.example. 3600 CNAME loop1.example.\n");
}
static void alias_into_a_delegation_ends_in_a_referral(void **state) {
	const char *text = lab_ask(*state, "into.example. A");
	assert_int_equal(strncmp(text,
	                         "NOERROR aa\nAN into.example. 3600 CNAME deep.below.sub.example.\n"
	                         "AU sub.example. 3600 NS ",
	                         86),
	                 0);
}
static void referral_has_glue_in_the_order_of_need(void **state) {
	ANSWERS("x.sub.example. A",
	        "NOERROR\n"
	        "AU sub.example. 3600 NS ns.sub.example.\nAU sub.example. 3600 NS ns.example.\n"
	        "AU sub.example. 3600 NS ns.sibling.example.\nAU sub.example. 3600 NS ns.elsewhere.\n"
	        "AU sub.example. 3600 NS server.sub.example.\n"
	        "AD ns.sub.example. 3600 A 192.0.2.100\nAD ns.sub.example. 3600 AAAA 2001:db8::100\n"
	        "AD server.sub.example. 3600 A 192.0.2.102\n"
	        "AD ns.example. 3600 A 192.0.2.53\nAD ns.example. 3600 AAAA 2001:db8::53\n"
	        "AD ns.sibling.example. 3600 A 192.0.2.101\n");
}
/* Whatever the size of the names: a resolver gets at least one address, or is sent to TCP. */
static void referral_without_room_for_any_address_is_truncated(void **state) {
	unsigned truncated = 0, whole = 0;
	for (unsigned len = 20; len < 60; len++) {
		struct lab *lab = lab_new();
		char text[8000] = SOA "@ NS ns.example.\n", label[64] = "";
		memset(label, 'x', len);
		for (unsigned i = 0; i < 8; i++)
			text_add(text, sizeof(text), "cut NS %c%s.side\n%c%s.side A 192.0.2.1\n", 'a' + i,
			         label, 'a' + i, label);
		text_add(text, sizeof(text), "side NS ns.%s\n", "elsewhere.");
		lab_zone(lab, "z.", text, SIGN_NONE);
		const char *answer = lab_ask(lab, "www.cut.z. A");
		bool has_tc = strncmp(answer, "NOERROR tc\n", 11) == 0;
		assert_int_equal(lab_lines(answer, "AD ") > 0, !has_tc);
		truncated += has_tc;
		whole += !has_tc;
		lab_free(lab);
	}
	assert_true(truncated > 0 && whole > 0);
	(void)state;
}

/* Addresses of the zone's own names are a courtesy: a resolver can ask us for them (RFC 2181 section 9). */
static void referral_to_names_of_the_zone_itself_is_not_truncated_for_them(void **state) {
	unsigned without = 0;
	for (unsigned len = 20; len < 60; len++) {
		struct lab *lab = lab_new();
		char text[8000] = SOA "@ NS ns.example.\n", label[64] = "";
		memset(label, 'x', len);
		for (unsigned i = 0; i < 8; i++)
			text_add(text, sizeof(text), "cut NS %c%s.side\n%c%s.side A 192.0.2.1\n", 'a' + i,
			         label, 'a' + i, label);
		lab_zone(lab, "z.", text, SIGN_NONE);
		const char *answer = lab_ask(lab, "www.cut.z. A");
		without += strncmp(answer, "NOERROR\n", 8) == 0 && lab_lines(answer, "AD ") == 0;
		lab_free(lab);
	}
	assert_true(without > 0);
	(void)state;
}

static void name_at_and_below_a_cut_is_referred(void **state) {
	assert_int_equal(strncmp(lab_ask(*state, "sub.example. NS"), "NOERROR\nAU sub.", 15), 0);
	assert_int_equal(strncmp(lab_ask(*state, "ns.sub.example. A"), "NOERROR\nAU sub.", 15), 0);
	assert_int_equal(strncmp(lab_ask(*state, "sub.example. ANY"), "NOERROR\nAU sub.", 15), 0);
	assert_int_equal(strncmp(lab_ask(*state, "x.sub.example. DS"), "NOERROR\nAU sub.", 15), 0);
}
static void ds_at_a_cut_is_the_parents_to_answer(void **state) {
	ANSWERS("sub.example. DS", "NOERROR aa\n" NEGATIVE_SOA);
}
static void dname_makes_an_alias_with_its_own_ttl(void **state) {
	ANSWERS("x.old.example. A",
	        "NOERROR aa\nAN old.example. 120 DNAME new.example.\n"
	        "AN x.old.example. 120 CNAME x.new.example.\nAN x.new.example. 3600 A 192.0.2.90\n");
	ANSWERS("x.old.example. CNAME", "NOERROR aa\nAN old.example. 120 DNAME new.example.\n"
	                                "AN x.old.example. 120 CNAME x.new.example.\n");
	ANSWERS("y.old.example. A", "NXDOMAIN aa\nAN old.example. 120 DNAME new.example.\n"
	                            "AN y.old.example. 120 CNAME y.new.example.\n" NEGATIVE_SOA);
	ANSWERS("a.b.away.example. A", "NOERROR aa\nAN away.example. 3600 DNAME elsewhere.\n"
	                               "AN a.b.away.example. 3600 CNAME a.b.elsewhere.\n");
}
static void dname_owner_itself_is_not_redirected(void **state) {
	ANSWERS("old.example. DNAME", "NOERROR aa\nAN old.example. 120 DNAME new.example.\n");
	ANSWERS("old.example. A", "NOERROR aa\n" NEGATIVE_SOA);
}
static void dname_to_a_name_too_long_is_yxdomain(void **state) {
	struct lab *lab = *state;
	char label[64], question[400];
	memset(label, 'a', 63);
	label[63] = 0;
	snprintf(question, sizeof(question), "%s.%s.%s.%.42s.grow.example. A", label, label, label, label);
	const char *text = lab_ask(lab, question);
	assert_int_equal(strncmp(text, "YXDOMAIN aa\nAN grow.example. 3600 DNAME", 39), 0);
	assert_int_equal(lab_lines(text, "CNAME"), 0);
}
static void any_is_answered_by_one_rrset(void **state) {
	ANSWERS("ns.example. ANY", "NOERROR aa\nAN ns.example. 3600 A 192.0.2.53\n");
	assert_int_equal(lab_lines(lab_ask(*state, "example. ANY"), "NS "), 2);
	assert_int_equal(lab_lines(lab_ask(*state, "example. ANY"), "TXT"), 0);
}

/* -- RFC 4592 section 2.2.1 ------------------------------------------------------------------------------------- */

static void wildcard_stands_for_missing_names(void **state) {
	ANSWERS("host3.example. MX", "NOERROR aa\nAN host3.example. 3600 MX 10 host1.example.\n"
	                             "AD host1.example. 3600 A 192.0.2.1\n");
	ANSWERS("host3.example. A", "NOERROR aa\n" NEGATIVE_SOA);
	ANSWERS("foo.bar.example. TXT", "NOERROR aa\nAN foo.bar.example. 3600 TXT \"this.is.a.wildcard\"\n");
}
static void wildcard_does_not_stand_for_what_exists(void **state) {
	ANSWERS("host1.example. MX", "NOERROR aa\n" NEGATIVE_SOA);
	ANSWERS("sub.*.example. MX", "NOERROR aa\n" NEGATIVE_SOA);
	ANSWERS("_telnet._tcp.host1.example. SRV", "NXDOMAIN aa\n" NEGATIVE_SOA);
	ANSWERS("ghost.*.example. MX", "NXDOMAIN aa\n" NEGATIVE_SOA);
	assert_int_equal(strncmp(lab_ask(*state, "host.subdel.example. A"), "NOERROR\nAU subdel.", 18), 0);
}
static void wildcard_asked_for_itself_is_plain_data(void **state) {
	ANSWERS("*.example. TXT", "NOERROR aa\nAN *.example. 3600 TXT \"this.is.a.wildcard\"\n");
}
static void wildcard_alias_is_followed(void **state) {
	ANSWERS("x.wild.example. A", "NOERROR aa\nAN x.wild.example. 3600 CNAME www.example.\n"
	                             "AN www.example. 60 A 192.0.2.80\nAN www.example. 60 A 192.0.2.81\n");
}

int main(void) {
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define WILD(name) cmocka_unit_test_setup_teardown(name, setup_wildcards, teardown)
	const struct CMUnitTest tests[] = {
		ROW(existing_type_is_answered_whole),
		ROW(case_of_the_question_is_kept),
		ROW(missing_type_is_nodata_with_lowered_soa),
		ROW(unknown_type_is_nodata),
		ROW(missing_name_is_nxdomain_with_soa),
		ROW(empty_non_terminal_is_nodata),
		ROW(apex_name_servers_bring_their_addresses),
		ROW(mail_exchanger_and_services_bring_addresses),
		ROW(services_bring_addresses_and_records_of_their_targets),
		ROW(courtesy_is_bounded),
		ROW(glue_is_no_additional_data_but_for_ns),
		ROW(alias_is_followed_within_the_zone),
		ROW(alias_itself_is_answered_when_asked_for),
		ROW(alias_out_of_the_zone_ends_there),
		ROW(alias_to_nothing_is_nxdomain),
		ROW(alias_loop_ends),
		ROW(alias_into_a_delegation_ends_in_a_referral),
		ROW(referral_has_glue_in_the_order_of_need),
		ROW(referral_without_room_for_any_address_is_truncated),
		ROW(referral_to_names_of_the_zone_itself_is_not_truncated_for_them),
		ROW(name_at_and_below_a_cut_is_referred),
		ROW(ds_at_a_cut_is_the_parents_to_answer),
		ROW(dname_makes_an_alias_with_its_own_ttl),
		ROW(dname_owner_itself_is_not_redirected),
		ROW(dname_to_a_name_too_long_is_yxdomain),
		ROW(any_is_answered_by_one_rrset),
		WILD(wildcard_stands_for_missing_names),
		WILD(wildcard_does_not_stand_for_what_exists),
		WILD(wildcard_asked_for_itself_is_plain_data),
		ROW(wildcard_alias_is_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proofs of absence: RFC 4035 section 3.1.3 (NSEC), RFC 5155 section 7.2 (NSEC3, with and without opt-out). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab.h"

static const char *const zone = "@ SOA ns.example. admin.example. 7 3600 600 86400 300\n"
				"@ NS ns\n"
				"ns A 192.0.2.53\n"
				"b.c.d TXT ent\n"
				"alias CNAME x.w\n"
				"*.w A 192.0.2.77\n"
				"safe NS ns.safe\n"
				"safe DS 1 13 2 aabbcc\n"
				"ns.safe A 192.0.2.1\n"
				"unsafe NS ns.unsafe\n"
				"ns.unsafe A 192.0.2.2\n"
				"deep.only NS ns.elsewhere.\n"
				"z A 192.0.2.99\n";

static int setup_as(void **state, enum signing signing) {
	struct lab *lab = lab_new();
	lab_zone(lab, "example.", zone, signing);
	*state = lab;
	return 0;
}
static int setup_nsec(void **state) {
	return setup_as(state, SIGN_NSEC);
}
static int setup_nsec3(void **state) {
	return setup_as(state, SIGN_NSEC3);
}
static int setup_optout(void **state) {
	return setup_as(state, SIGN_NSEC3_OPTOUT);
}
static int teardown(void **state) {
	lab_free(*state);
	return 0;
}

#define SOA "AU example. 300 SOA ns.example. admin.example. 7 3600 600 86400 300\nAU example. RRSIG SOA\n"
#define ANSWERS(question, text) assert_string_equal(lab_ask(*state, question), text)

/* -- both ------------------------------------------------------------------------------------------------------- */

static void without_do_nothing_of_dnssec_is_said(void **state) {
	ANSWERS("z.example. A", "NOERROR aa\nAN z.example. 3600 A 192.0.2.99\n");
	ANSWERS("no.example. A edns=1232",
	        "NXDOMAIN aa edns\nAU example. 300 SOA ns.example. admin.example. 7 3600 600 86400 300\n");
	ANSWERS("unsafe.example. A",
	        "NOERROR\nAU unsafe.example. 3600 NS ns.unsafe.example.\nAD ns.unsafe.example. 3600 A 192.0.2.2\n");
}
static void signatures_go_with_their_rrset(void **state) {
	ANSWERS("z.example. A do", "NOERROR aa do\nAN z.example. 3600 A 192.0.2.99\nAN z.example. RRSIG A\n");
}
static void secure_referral_has_ds(void **state) {
	ANSWERS("x.safe.example. A do", "NOERROR do\nAU safe.example. 3600 NS ns.safe.example.\n"
	                                "AU safe.example. 3600 DS 1 13 2 aabbcc\nAU safe.example. RRSIG DS\n"
	                                "AD ns.safe.example. 3600 A 192.0.2.1\n");
	ANSWERS("safe.example. DS do",
	        "NOERROR aa do\nAN safe.example. 3600 DS 1 13 2 aabbcc\nAN safe.example. RRSIG DS\n");
}
static void question_for_rrsig_gets_those_of_one_rrset(void **state) {
	ANSWERS("z.example. RRSIG do", "NOERROR aa do\nAN z.example. RRSIG A\n");
	ANSWERS("z.example. RRSIG", "NOERROR aa\nAN z.example. RRSIG A\n");
}
static void question_for_any_gets_one_rrset_and_its_signatures(void **state) {
	ANSWERS("z.example. ANY do",
	        "NOERROR aa do\nAN z.example. 3600 A 192.0.2.99\nAN z.example. RRSIG A\n");
}

/* -- NSEC ------------------------------------------------------------------------------------------------------- */

static void nsec_of_the_name_proves_nodata(void **state) {
	ANSWERS("z.example. AAAA do",
	        "NOERROR aa do\n" SOA "AU z.example. NSEC example.\nAU z.example. RRSIG NSEC\n");
}
static void nsec_asked_for_is_answered(void **state) {
	ANSWERS("z.example. NSEC do",
	        "NOERROR aa do\nAN z.example. NSEC example.\nAN z.example. RRSIG NSEC\n");
	ANSWERS("alias.example. NSEC do",
	        "NOERROR aa do\nAN alias.example. NSEC b.c.d.example.\nAN alias.example. RRSIG NSEC\n");
}
static void nsec_before_proves_an_empty_non_terminal(void **state) {
	ANSWERS("c.d.example. A do", "NOERROR aa do\n" SOA
	                             "AU alias.example. NSEC b.c.d.example.\nAU alias.example. RRSIG NSEC\n");
}
static void two_nsecs_prove_nxdomain(void **state) {
	ANSWERS("nx.example. A do",
	        "NXDOMAIN aa do\n" SOA "AU ns.example. NSEC deep.only.example.\nAU ns.example. RRSIG NSEC\n"
	        "AU example. NSEC alias.example.\nAU example. RRSIG NSEC\n");
}
static void one_nsec_may_prove_both(void **state) {
	ANSWERS("aaa.example. A do",
	        "NXDOMAIN aa do\n" SOA "AU example. NSEC alias.example.\nAU example. RRSIG NSEC\n");
}
static void nsec_proves_a_wildcard_answer(void **state) {
	ANSWERS("x.w.example. A do",
	        "NOERROR aa do\nAN x.w.example. 3600 A 192.0.2.77\nAN x.w.example. RRSIG A\n"
	        "AU *.w.example. NSEC z.example.\nAU *.w.example. RRSIG NSEC\n");
}
static void nsec_proves_wildcard_nodata(void **state) {
	ANSWERS("x.w.example. MX do",
	        "NOERROR aa do\n" SOA "AU *.w.example. NSEC z.example.\nAU *.w.example. RRSIG NSEC\n");
}
static void nsec_proves_a_wildcard_behind_an_alias(void **state) {
	ANSWERS("alias.example. A do",
	        "NOERROR aa do\nAN alias.example. 3600 CNAME x.w.example.\nAN alias.example. RRSIG CNAME\n"
	        "AN x.w.example. 3600 A 192.0.2.77\nAN x.w.example. RRSIG A\n"
	        "AU *.w.example. NSEC z.example.\nAU *.w.example. RRSIG NSEC\n");
}
static void nsec_proves_an_insecure_referral(void **state) {
	ANSWERS("x.unsafe.example. A do",
	        "NOERROR do\nAU unsafe.example. 3600 NS ns.unsafe.example.\n"
	        "AU unsafe.example. NSEC *.w.example.\nAU unsafe.example. RRSIG NSEC\n"
	        "AD ns.unsafe.example. 3600 A 192.0.2.2\n");
	ANSWERS("unsafe.example. DS do",
	        "NOERROR aa do\n" SOA
	        "AU unsafe.example. NSEC *.w.example.\nAU unsafe.example. RRSIG NSEC\n");
}

/* -- NSEC3 ------------------------------------------------------------------------------------------------------ */

/* Signatures over NSEC3s are not told apart by name here; each proof must have its own. */
#define HAS(text, part) assert_int_equal(lab_lines(text, part), 1)
static const char *ask_proved(void **state, const char *question, const char *first, unsigned proofs) {
	const char *text = lab_ask(*state, question);
	assert_int_equal(strncmp(text, first, strlen(first)), 0);
	assert_int_equal(lab_lines(text, "RRSIG NSEC3\n"), proofs);
	assert_int_equal(lab_lines(text, " NSEC3\n") - lab_lines(text, "RRSIG NSEC3\n"), proofs);
	return text;
}

/* Does one of the NSEC3s in the answer cover the hash of name? */
static bool covers(struct lab *lab, const char *name_text_form) {
	struct name name;
	uint8_t hash[NSEC3_HASH_LEN], label[NSEC3_LABEL_LEN];
	assert_int_equal(name_parse(name_text_form, &name), OK);
	zone_nsec3_hash(lab->versions[0], name.wire, hash);
	nsec3_label(hash, label);
	struct message m;
	assert_int_equal(message_parse(lab->answer, lab->answer_len, &m), OK);
	struct reader r = reader_init(lab->answer, lab->answer_len);
	r.pos = m.answer_pos;
	for (unsigned i = 0; i < m.header.ancount + m.header.nscount; i++) {
		struct record record;
		assert_int_equal(record_read(&r, &record), OK);
		if (record.type != RR_NSEC3) continue;
		uint8_t next[NSEC3_LABEL_LEN];
		nsec3_label(lab->answer + record.rdata_pos + 4 + 1 + SIGN_SALT_LEN + 1, next);
		int from = memcmp(record.owner.wire + 1, label, NSEC3_LABEL_LEN);
		int to = memcmp(label, next, NSEC3_LABEL_LEN);
		bool wraps = memcmp(record.owner.wire + 1, next, NSEC3_LABEL_LEN) >= 0;
		if (wraps ? from < 0 || to < 0 : from < 0 && to < 0) return true;
	}
	return false;
}

static void nsec3_of_the_name_proves_nodata(void **state) {
	HAS(ask_proved(state, "z.example. AAAA do", "NOERROR aa do\n" SOA, 1), "AU z.example. NSEC3\n");
	HAS(ask_proved(state, "c.d.example. A do", "NOERROR aa do\n" SOA, 1), "AU c.d.example. NSEC3\n");
	HAS(ask_proved(state, "safe.example. DNSKEY do", "NOERROR do\nAU safe.example. 3600 NS", 0),
	    "DS 1 13");
}
static void nsec3_proves_nxdomain(void **state) {
	const char *text = lab_ask(*state, "a.nx.d.example. A do");
	assert_int_equal(strncmp(text, "NXDOMAIN aa do\n" SOA, 15 + strlen(SOA)), 0);
	HAS(text, "AU d.example. NSEC3\n");
	assert_true(covers(*state, "nx.d.example."));
	assert_true(covers(*state, "*.d.example."));
}
static void nsec3_proves_a_wildcard_answer(void **state) {
	ask_proved(state, "x.y.w.example. A do", "NOERROR aa do\nAN x.y.w.example. 3600 A 192.0.2.77\n", 1);
	assert_true(covers(*state, "y.w.example."));
}
static void nsec3_proves_wildcard_nodata(void **state) {
	const char *text = lab_ask(*state, "x.w.example. MX do");
	HAS(text, "AU w.example. NSEC3\n");
	HAS(text, "AU *.w.example. NSEC3\n");
	assert_true(covers(*state, "x.w.example."));
}
static void nsec3_proves_an_insecure_referral(void **state) {
	const char *text = ask_proved(state, "x.unsafe.example. A do",
	                              "NOERROR do\nAU unsafe.example. 3600 NS", 1);
	HAS(text, "AU unsafe.example. NSEC3\n");
	text = ask_proved(state, "unsafe.example. DS do", "NOERROR aa do\n" SOA, 1);
	HAS(text, "AU unsafe.example. NSEC3\n");
}
static void nsec3_owner_is_no_name_of_the_zone(void **state) {
	struct lab *lab = *state;
	struct zone_walk walk = { 0 };
	struct node node;
	struct rrset set;
	char text[NAME_TEXT_MAX], question[NAME_TEXT_MAX + 32];
	unsigned seen = 0;
	while (zone_walk_next(lab->versions[0], &walk, &node)) {
		struct name owner;
		if (!node_rrset(node, RR_NSEC3, &set)) continue;
		seen++;
		node_owner(node, &owner);
		snprintf(question, sizeof(question), "%s A do", name_text(owner.wire, text));
		assert_int_equal(strncmp(lab_ask(lab, question), "NXDOMAIN aa do\n", 15), 0);
		snprintf(question, sizeof(question), "%s NSEC3 do", name_text(owner.wire, text));
		assert_int_equal(strncmp(lab_ask(lab, question), "NXDOMAIN aa do\n", 15), 0);
		snprintf(question, sizeof(question), "x.%s A do", name_text(owner.wire, text));
		assert_int_equal(strncmp(lab_ask(lab, question), "NXDOMAIN aa do\n", 15), 0);
	}
	assert_true(seen > 5);
}

/* -- opt-out ---------------------------------------------------------------------------------------------------- */

static void opted_out_delegation_is_proved_by_its_encloser(void **state) {
	const char *text = lab_ask(*state, "x.unsafe.example. A do");
	assert_int_equal(strncmp(text, "NOERROR do\nAU unsafe.example. 3600 NS", 37), 0);
	HAS(text, "AU example. NSEC3\n");
	assert_int_equal(lab_lines(text, "AU unsafe.example. NSEC3\n"), 0);
	assert_true(covers(*state, "unsafe.example."));
	text = lab_ask(*state, "unsafe.example. DS do");
	assert_int_equal(strncmp(text, "NOERROR aa do\n" SOA, 14 + strlen(SOA)), 0);
	HAS(text, "AU example. NSEC3\n");
	assert_true(covers(*state, "unsafe.example."));
}
static void encloser_that_has_no_nsec3_is_proved_from_above(void **state) {
	/* "only" exists because of an insecure delegation alone, and so has no NSEC3. */
	const char *text = lab_ask(*state, "only.example. A do");
	assert_int_equal(strncmp(text, "NOERROR aa do\n" SOA, 14 + strlen(SOA)), 0);
	HAS(text, "AU example. NSEC3\n");
	assert_true(covers(*state, "only.example."));
	text = lab_ask(*state, "nx.only.example. A do");
	assert_int_equal(strncmp(text, "NXDOMAIN aa do\n" SOA, 15 + strlen(SOA)), 0);
	HAS(text, "AU example. NSEC3\n");
	assert_true(covers(*state, "only.example."));
	assert_true(covers(*state, "*.example."));
}

int main(void) {
#define NSEC(name) cmocka_unit_test_setup_teardown(name, setup_nsec, teardown)
#define NSEC3(name) cmocka_unit_test_setup_teardown(name, setup_nsec3, teardown)
#define OPTOUT(name) cmocka_unit_test_setup_teardown(name, setup_optout, teardown)
#define ALL(name) NSEC(name), NSEC3(name), OPTOUT(name)
	const struct CMUnitTest tests[] = {
		ALL(without_do_nothing_of_dnssec_is_said),
		ALL(signatures_go_with_their_rrset),
		ALL(secure_referral_has_ds),
		ALL(question_for_rrsig_gets_those_of_one_rrset),
		ALL(question_for_any_gets_one_rrset_and_its_signatures),
		NSEC(nsec_of_the_name_proves_nodata),
		NSEC(nsec_asked_for_is_answered),
		NSEC(nsec_before_proves_an_empty_non_terminal),
		NSEC(two_nsecs_prove_nxdomain),
		NSEC(one_nsec_may_prove_both),
		NSEC(nsec_proves_a_wildcard_answer),
		NSEC(nsec_proves_wildcard_nodata),
		NSEC(nsec_proves_a_wildcard_behind_an_alias),
		NSEC(nsec_proves_an_insecure_referral),
		NSEC3(nsec3_of_the_name_proves_nodata),
		NSEC3(nsec3_proves_nxdomain),
		NSEC3(nsec3_proves_a_wildcard_answer),
		NSEC3(nsec3_proves_wildcard_nodata),
		NSEC3(nsec3_proves_an_insecure_referral),
		NSEC3(nsec3_owner_is_no_name_of_the_zone),
		OPTOUT(nsec3_proves_nxdomain),
		OPTOUT(opted_out_delegation_is_proved_by_its_encloser),
		OPTOUT(encloser_that_has_no_nsec3_is_proved_from_above),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

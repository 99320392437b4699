#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "diagnose/proof.h"

/* The account alice claims victim.net with primary 185.2.2.2.  Each test says what stands in the tree. */
static struct {
	struct findings found;
	struct proof_claim claim;
	struct addr primaries[4], ours[2];
	bool tls[4];
	struct name our_servers[2], account_servers[2];
	struct proof_neighbour neighbour;
	struct proof_verdict verdict;
} l;

static struct name name_of(const char *text) {
	struct name n;
	assert_int_equal(name_parse(text, &n), OK);
	return n;
}

static struct addr addr_of(const char *text) {
	struct addr a;
	assert_int_equal(addr_parse(text, 53, &a), OK);
	return a;
}

static void delegate(const char *server, const char *address) {
	struct findings_server *s = &l.found.servers[l.found.server_count++];
	s->name = name_of(server);
	if (address) s->addresses[s->address_count++] = addr_of(address);
	l.found.delegation = FINDING_YES;
}

static int begin(void **state) {
	(void)state;
	memset(&l, 0, sizeof(l));
	l.found.zone = name_of("victim.net");
	l.found.parent = name_of("net");
	l.found.delegation = FINDING_NO_NAME;
	l.primaries[0] = addr_of("185.2.2.2");
	l.ours[0] = addr_of("185.53.53.1");
	l.our_servers[0] = name_of("ns1.understudy.net");
	l.our_servers[1] = name_of("ns2.understudy.org");
	assert_int_equal(proof_account_server("alice7", &l.our_servers[0], &l.account_servers[0]), OK);
	l.account_servers[1] = name_of("ns1.alice.org");
	l.claim = (struct proof_claim){ .zone = l.found.zone.wire,
		                        .token = "alices-token",
		                        .primaries = l.primaries,
		                        .primary_tls = l.tls,
		                        .primary_count = 1,
		                        .account_servers = l.account_servers,
		                        .account_server_count = 2,
		                        .our_servers = l.our_servers,
		                        .our_server_count = 2,
		                        .our_addresses = l.ours,
		                        .our_address_count = 1,
		                        .port = 53 };
	return 0;
}

static void put_text(struct findings_texts *texts, const char *text) {
	texts->found = FINDING_YES;
	snprintf(texts->items[texts->count++], FINDINGS_TEXT_MAX, "%s", text);
}

static void expect(enum proof_kind kind, enum proof_fault fault) {
	proof_judge(&l.claim, &l.found, &l.verdict);
	if (l.verdict.kind != kind || l.verdict.fault != fault)
		fail_msg("%s, fault \"%s\"", proof_kind_text(l.verdict.kind),
		         proof_fault_slug(l.verdict.fault));
	assert_int_equal(l.verdict.text[0] == '\0', kind != PROOF_MISSING);
}
#define EXPECT_PROOF(kind) expect(PROOF_##kind, PROOF_FAULT_NONE)
#define EXPECT_FAULT(fault) expect(PROOF_MISSING, PROOF_FAULT_##fault)

/* -- what proves -- */

static void a_primary_and_one_of_our_servers_in_the_delegation_prove(void **state) {
	(void)state;
	delegate("ns.victim.net", "185.2.2.2");
	delegate("NS1.understudy.net", "185.53.53.1");
	EXPECT_PROOF(PRIMARY_DELEGATED);
}

static void the_accounts_token_proves_at_each_place(void **state) {
	(void)state;
	struct findings_texts *places[] = { &l.found.challenge, &l.found.apex, &l.found.above };
	for (unsigned i = 0; i < 3; i++) {
		begin(NULL);
		delegate("ns.hoster.org", "185.1.1.1");
		put_text(places[i], "others-token");
		put_text(places[i], "alices-token");
		EXPECT_PROOF(TXT);
	}
}

static void a_token_in_the_zone_above_proves_before_the_delegation(void **state) {
	(void)state;
	put_text(&l.found.challenge, "alices-token");
	EXPECT_PROOF(TXT);
}

static void servers_that_only_the_account_has_prove(void **state) {
	(void)state;
	delegate("ALICE7.ns1.understudy.net", NULL);
	EXPECT_PROOF(NAME_SERVERS);
	begin(NULL);
	delegate("ns1.alice.org", NULL);
	EXPECT_PROOF(NAME_SERVERS);
}

static void a_primary_over_tls_may_have_its_port(void **state) {
	(void)state;
	delegate("ns.victim.net", "185.2.2.2");
	delegate("ns1.understudy.net", NULL);
	l.primaries[0].port = 853;
	EXPECT_FAULT(PRIMARY_PORT);
	l.tls[0] = true;
	EXPECT_PROOF(PRIMARY_DELEGATED);
}

/* -- what does not -- */

/* A lame delegation to a provider's secondaries is anybody's who opens an account there. */
static void a_delegation_to_our_shared_names_proves_nothing(void **state) {
	(void)state;
	delegate("ns1.understudy.net", "185.53.53.1");
	delegate("ns2.understudy.org", "185.53.53.1");
	EXPECT_FAULT(PRIMARY_NOT_DELEGATED);
	assert_non_null(strstr(l.verdict.text, "TXT record"));
}

static void our_own_address_is_no_primary_of_a_claimant(void **state) {
	(void)state;
	delegate("ns1.understudy.net", "185.53.53.1");
	l.primaries[0] = addr_of("185.53.53.1");
	EXPECT_FAULT(PRIMARY_NOT_DELEGATED);
	l.claim.our_address_count = 0; /* not told in server.public-addresses: the name says it */
	EXPECT_FAULT(PRIMARY_NOT_DELEGATED);
	delegate("alias.hoster.org", "185.53.53.1");
	l.claim.our_address_count = 1;
	EXPECT_FAULT(PRIMARY_NOT_DELEGATED);
}

static void one_right_primary_does_not_carry_another(void **state) {
	(void)state;
	delegate("ns.victim.net", "185.2.2.2");
	delegate("ns1.understudy.net", NULL);
	l.primaries[1] = addr_of("185.6.6.6");
	l.claim.primary_count = 2;
	EXPECT_FAULT(PRIMARY_NOT_DELEGATED);
}

static void another_port_of_the_primarys_machine_is_somebody_elses(void **state) {
	(void)state;
	delegate("ns.victim.net", "185.2.2.2");
	delegate("ns1.understudy.net", NULL);
	l.primaries[0].port = 5300;
	EXPECT_FAULT(PRIMARY_PORT);
}

static void a_primary_without_a_delegation_to_us_is_not_enough(void **state) {
	(void)state;
	delegate("ns.victim.net", "185.2.2.2");
	delegate("ns2.victim.net", "185.2.2.3");
	EXPECT_FAULT(NOT_OURS);
}

static void a_private_address_in_the_delegation_proves_nothing(void **state) {
	(void)state;
	delegate("ns.victim.net", "10.1.2.3");
	delegate("ns1.understudy.net", NULL);
	l.primaries[0] = addr_of("10.1.2.3");
	EXPECT_FAULT(PRIMARY_NOT_DELEGATED);
	l.claim.anywhere = true;
	EXPECT_PROOF(PRIMARY_DELEGATED);
}

static void no_primary_proves_nothing(void **state) {
	(void)state;
	delegate("ns1.understudy.net", NULL);
	l.claim.primary_count = 0;
	EXPECT_FAULT(NO_PROOF);
}

static void another_accounts_token_proves_nothing(void **state) {
	(void)state;
	delegate("ns.hoster.org", "185.1.1.1");
	put_text(&l.found.apex, "bobs-token");
	put_text(&l.found.challenge, "alices-toke");
	put_text(&l.found.challenge, "alices-token2");
	put_text(&l.found.challenge, "Alices-Token");
	EXPECT_FAULT(OTHER_TOKEN);
}

static void an_account_without_a_token_has_no_proof_by_text(void **state) {
	(void)state;
	delegate("ns.hoster.org", "185.1.1.1");
	put_text(&l.found.apex, "");
	l.claim.token = "";
	EXPECT_FAULT(OTHER_TOKEN);
}

static void a_token_at_a_public_suffix_proves_nothing(void **state) {
	(void)state;
	delegate("ns.hoster.org", "185.1.1.1");
	put_text(&l.found.above, "alices-token");
	l.claim.parent_is_public = true;
	EXPECT_FAULT(NO_PROOF);
}

static void another_accounts_own_servers_prove_nothing(void **state) {
	(void)state;
	struct name bobs;
	assert_int_equal(proof_account_server("bob99", &l.our_servers[0], &bobs), OK);
	char text[NAME_TEXT_MAX];
	delegate(name_text(bobs.wire, text), "185.53.53.1");
	EXPECT_FAULT(NO_PROOF);
}

static void a_zone_that_nobody_delegates_is_not_proven(void **state) {
	(void)state;
	EXPECT_FAULT(NOT_DELEGATED);
	l.found.delegation = FINDING_NO;
	EXPECT_FAULT(NOT_DELEGATED);
	l.found.delegation = FINDING_FAILED;
	snprintf(l.found.trouble, sizeof(l.found.trouble), "NS of victim.net at 192.5.6.30@53: no answer");
	EXPECT_FAULT(UNREACHABLE);
	assert_non_null(strstr(l.verdict.text, "192.5.6.30"));
}

/* -- zones of others above and below -- */

static void with_neighbour(bool above, bool consents, bool delegates) {
	l.neighbour = (struct proof_neighbour){ above, consents, delegates };
	l.claim.neighbours = &l.neighbour;
	l.claim.neighbour_count = 1;
}

/* mail.example.com below somebody else's example.com wins by longest match. */
static void below_anothers_zone_a_token_is_not_enough_without_a_delegation(void **state) {
	(void)state;
	put_text(&l.found.challenge, "alices-token");
	with_neighbour(true, false, false);
	EXPECT_FAULT(ZONE_ABOVE);
	with_neighbour(true, true, false);
	EXPECT_PROOF(TXT);
	with_neighbour(true, false, true);
	EXPECT_PROOF(TXT);
}

static void below_anothers_zone_a_delegation_that_is_seen_is_enough(void **state) {
	(void)state;
	delegate("alice7.ns1.understudy.net", NULL);
	with_neighbour(true, false, false);
	EXPECT_PROOF(NAME_SERVERS);
	l.found.by_child = true; /* a zone of that name at the same hoster, not a delegation */
	EXPECT_FAULT(ZONE_ABOVE);
}

static void above_anothers_zone_only_control_of_the_delegated_zone_is_enough(void **state) {
	(void)state;
	delegate("ns.victim.net", "185.2.2.2");
	delegate("ns1.understudy.net", NULL);
	with_neighbour(false, false, false);
	EXPECT_FAULT(ZONE_BELOW);
	put_text(&l.found.apex, "alices-token");
	EXPECT_PROOF(TXT);
	l.found.by_child = true;
	EXPECT_FAULT(ZONE_BELOW);
	with_neighbour(false, true, false);
	EXPECT_PROOF(TXT);
}

/* -- when a proof ends -- */

static void new_primaries_end_the_proof_that_was_the_primaries(void **state) {
	(void)state;
	assert_true(proof_needed_anew(PROOF_PRIMARY_DELEGATED, false, true));
	assert_false(proof_needed_anew(PROOF_TXT, false, true));
	assert_false(proof_needed_anew(PROOF_NAME_SERVERS, false, true));
	for (enum proof_kind k = PROOF_PRIMARY_DELEGATED; k <= PROOF_NAME_SERVERS; k++) {
		assert_true(proof_needed_anew(k, true, false));
		assert_false(proof_needed_anew(k, false, false));
	}
}

static void who_proved_less_gives_way(void **state) {
	(void)state;
	assert_true(proof_beats(PROOF_PRIMARY_DELEGATED, PROOF_MISSING));
	assert_true(proof_beats(PROOF_TXT, PROOF_PRIMARY_DELEGATED));
	assert_true(proof_beats(PROOF_NAME_SERVERS, PROOF_PRIMARY_DELEGATED));
	assert_false(proof_beats(PROOF_PRIMARY_DELEGATED, PROOF_PRIMARY_DELEGATED));
	assert_false(proof_beats(PROOF_TXT, PROOF_TXT));
	assert_false(proof_beats(PROOF_TXT, PROOF_NAME_SERVERS));
	assert_false(proof_beats(PROOF_MISSING, PROOF_MISSING));
}

static void kinds_have_words(void **state) {
	(void)state;
	for (enum proof_kind k = PROOF_MISSING; k <= PROOF_NAME_SERVERS; k++) {
		enum proof_kind back;
		assert_int_equal(proof_kind_parse(proof_kind_text(k), &back), OK);
		assert_int_equal(back, k);
	}
	enum proof_kind untouched = PROOF_TXT;
	assert_int_equal(proof_kind_parse("nothing", &untouched), ERR_NOTFOUND);
	assert_int_equal(untouched, PROOF_TXT);
}

static void an_id_that_is_no_label_makes_no_name(void **state) {
	(void)state;
	struct name out, longest = name_of("ns1.understudy.net");
	char id[80];
	memset(id, 'x', sizeof(id));
	id[79] = '\0';
	assert_int_equal(proof_account_server(id, &longest, &out), ERR_NAME);
	assert_int_equal(proof_account_server("", &longest, &out), ERR_NAME);
	longest.len = NAME_MAX_LEN;
	assert_int_equal(proof_account_server("alice7", &longest, &out), ERR_LIMIT);
}

static void what_to_do_is_said_before_anything_was_looked_for(void **state) {
	(void)state;
	char text[600], little[10];
	proof_advise(&l.claim, text, sizeof(text));
	assert_non_null(strstr(text, "_understudy-challenge.victim.net"));
	assert_non_null(strstr(text, "understudy-proof=alices-token"));
	assert_non_null(strstr(text, "alice7.ns1.understudy.net"));
	l.claim.account_server_count = 0;
	proof_advise(&l.claim, text, sizeof(text));
	assert_null(strstr(text, "delegate it to"));
	proof_advise(&l.claim, little, sizeof(little));
	assert_int_equal(strlen(little), 9);
}

int main(void) {
#define T(f) cmocka_unit_test_setup(f, begin)
	const struct CMUnitTest tests[] = {
		T(a_primary_and_one_of_our_servers_in_the_delegation_prove),
		T(the_accounts_token_proves_at_each_place),
		T(a_token_in_the_zone_above_proves_before_the_delegation),
		T(servers_that_only_the_account_has_prove),
		T(a_primary_over_tls_may_have_its_port),
		T(a_delegation_to_our_shared_names_proves_nothing),
		T(our_own_address_is_no_primary_of_a_claimant),
		T(one_right_primary_does_not_carry_another),
		T(another_port_of_the_primarys_machine_is_somebody_elses),
		T(a_primary_without_a_delegation_to_us_is_not_enough),
		T(a_private_address_in_the_delegation_proves_nothing),
		T(no_primary_proves_nothing),
		T(another_accounts_token_proves_nothing),
		T(an_account_without_a_token_has_no_proof_by_text),
		T(a_token_at_a_public_suffix_proves_nothing),
		T(another_accounts_own_servers_prove_nothing),
		T(a_zone_that_nobody_delegates_is_not_proven),
		T(below_anothers_zone_a_token_is_not_enough_without_a_delegation),
		T(below_anothers_zone_a_delegation_that_is_seen_is_enough),
		T(above_anothers_zone_only_control_of_the_delegated_zone_is_enough),
		T(new_primaries_end_the_proof_that_was_the_primaries),
		T(who_proved_less_gives_way),
		T(kinds_have_words),
		T(an_id_that_is_no_label_makes_no_name),
		T(what_to_do_is_said_before_anything_was_looked_for),
	};
	return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "walk_lab.h"

#define ROOT "198.41.0.4"
#define NET "192.5.6.30"
#define ORG "199.19.56.1"
#define HOSTER "185.1.1.1"
#define PRIMARY "185.2.2.2"
#define EVIL "185.6.6.6"

/* What every world has: the root, net and org, a hoster in org. */
#define TOP                                                                                                  \
	{ ROOT, ".", "net", "NS", "a.gtld.net" }, { ROOT, ".", "a.gtld.net", "A", NET },                     \
		{ ROOT, ".", "org", "NS", "a.org" }, { ROOT, ".", "a.org", "A", ORG },                       \
		{ NET, "net", "net", "NS", "a.gtld.net" }, { NET, "net", "a.gtld.net", "A", NET },           \
		{ ORG, "org", "org", "NS", "a.org" }, { ORG, "org", "hoster.org", "NS", "ns1.hoster.org" },  \
		{ ORG, "org", "ns1.hoster.org", "A", HOSTER },                                               \
		{ HOSTER, "hoster.org", "hoster.org", "NS", "ns1.hoster.org" },                              \
		{ HOSTER, "hoster.org", "ns1.hoster.org", "A", HOSTER },                                     \
		{ HOSTER, "hoster.org", "ns2.hoster.org", "A", "185.1.1.2" }, {                              \
		HOSTER, "hoster.org", "ns2.hoster.org", "AAAA", "2a00:1::2"                                  \
	}

static struct findings found;

static void walk_world(struct lab *l, const char *zone, uint64_t seed) {
	struct addr root;
	struct name name = lab_name(zone);
	struct random random = random_seeded(seed);
	assert_int_equal(addr_parse(ROOT, 53, &root), OK);
	struct walk_settings settings = {
		.roots = &root, .root_count = 1, .port = 53, .questions_max = 120, .random = &random
	};
	struct walk *w = walk_new(&settings, name.wire);
	struct walk_question q;
	while (walk_next(w, &q))
		lab_step(l, w, &q);
	found = *walk_findings(w);
	assert_int_equal(found.questions, l->questions);
	assert_true(l->questions <= 120);
	walk_free(w);
}

#define WORLD(...)                                                                                           \
	static const struct lab_row rows[] = { TOP, __VA_ARGS__ };                                           \
	struct lab l = { .rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]) }

#define ODD(...)                                                                                             \
	static const struct lab_odd odd[] = { __VA_ARGS__ };                                                 \
	l.odd = odd;                                                                                         \
	l.odd_count = sizeof(odd) / sizeof(odd[0])

static bool has_address(const char *server, const char *text) {
	struct addr a;
	assert_int_equal(addr_parse(text, 53, &a), OK);
	for (unsigned i = 0; i < found.server_count; i++)
		if (lab_is(server, found.servers[i].name.wire))
			for (unsigned k = 0; k < found.servers[i].address_count; k++)
				if (addr_equal(&found.servers[i].addresses[k], &a)) return true;
	return false;
}

static void a_delegation_is_found_with_its_glue(void **state) {
	(void)state;
	WORLD({ NET, "net", "Victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", PRIMARY },
	      { PRIMARY, "victim.net", "victim.net", "NS", "other.victim.net" });
	walk_world(&l, "victim.NET", 1);
	assert_int_equal(found.delegation, FINDING_YES);
	assert_false(found.by_child);
	assert_true(lab_is("net", found.parent.wire));
	assert_int_equal(found.server_count, 1);
	assert_true(has_address("ns1.victim.net", PRIMARY));
	assert_int_equal(found.challenge.found, FINDING_NO_NAME);
	assert_int_equal(found.apex.found, FINDING_NO);
	assert_int_equal(found.above.found, FINDING_NO_NAME);
}

static void servers_without_glue_are_looked_up_in_both_families(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns2.hoster.org" },
	      { NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", PRIMARY });
	walk_world(&l, "victim.net", 2);
	assert_int_equal(found.server_count, 2);
	assert_true(has_address("ns2.hoster.org", "185.1.1.2"));
	assert_true(has_address("ns2.hoster.org", "2a00:1::2"));
}

static void a_name_that_is_not_delegated_says_so(void **state) {
	(void)state;
	WORLD({ NET, "net", "there.net", "TXT", "x" }, { NET, "net", "deep.ent.net", "TXT", "x" });
	walk_world(&l, "nothere.net", 3);
	assert_int_equal(found.delegation, FINDING_NO_NAME);
	assert_true(lab_is("net", found.parent.wire));
	memset(l.asked, 0, sizeof(l.asked));
	l.questions = 0;
	walk_world(&l, "there.net", 3);
	assert_int_equal(found.delegation, FINDING_NO);
	l.questions = 0;
	walk_world(&l, "ent.net", 3);
	assert_int_equal(found.delegation, FINDING_NO);
}

static void proofs_are_read_at_all_three_places(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", PRIMARY },
	      { NET, "net", "_understudy-challenge.net", "TXT", "understudy-proof=above" },
	      { PRIMARY, "victim.net", "victim.net", "TXT", "v=spf1 -all" },
	      { PRIMARY, "victim.net", "victim.net", "TXT", "understudy-|proof=apex" },
	      { PRIMARY, "victim.net", "_understudy-challenge.victim.net", "TXT", "understudy-proof=one" },
	      { PRIMARY, "victim.net", "_understudy-challenge.victim.net", "TXT", "understudy-proof=two" });
	walk_world(&l, "victim.net", 4);
	assert_int_equal(found.challenge.count, 2);
	assert_string_equal(found.challenge.items[0], "one");
	assert_string_equal(found.challenge.items[1], "two");
	assert_int_equal(found.apex.count, 1);
	assert_string_equal(found.apex.items[0], "apex");
	assert_int_equal(found.above.count, 1);
	assert_string_equal(found.above.items[0], "above");
}

static void texts_that_are_no_proofs_are_not_kept(void **state) {
	(void)state;
	static const char spaced[] = "understudy-proof=a b", none[] = "understudy-proof=";
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", PRIMARY },
	      { PRIMARY, "victim.net", "victim.net", "TXT", spaced },
	      { PRIMARY, "victim.net", "victim.net", "TXT", none },
	      { PRIMARY, "victim.net", "victim.net", "TXT",
	        "understudy-proof=aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiii"
	        "jjjjjjjjjj" });
	walk_world(&l, "victim.net", 5);
	assert_int_equal(found.apex.found, FINDING_YES);
	assert_int_equal(found.apex.count, 0);
}

static void an_alias_of_the_challenge_is_followed(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", PRIMARY },
	      { PRIMARY, "victim.net", "_understudy-challenge.victim.net", "CNAME", "proof.hoster.org" },
	      { HOSTER, "hoster.org", "proof.hoster.org", "TXT", "understudy-proof=there" });
	walk_world(&l, "victim.net", 6);
	assert_int_equal(found.challenge.count, 1);
	assert_string_equal(found.challenge.items[0], "there");
}

static void a_circle_of_aliases_ends(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", PRIMARY },
	      { PRIMARY, "victim.net", "_understudy-challenge.victim.net", "CNAME", "a.victim.net" },
	      { PRIMARY, "victim.net", "a.victim.net", "CNAME", "_understudy-challenge.victim.net" });
	walk_world(&l, "victim.net", 7);
	assert_int_equal(found.challenge.found, FINDING_NO);
	assert_true(l.questions < 20);
}

/* Dynamic DNS: anybody may have a name below, also this one. */
static void a_challenge_above_that_is_delegated_is_somebody_elses(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", PRIMARY },
	      { NET, "net", "_understudy-challenge.net", "NS", "ns.evil.net" },
	      { NET, "net", "ns.evil.net", "A", EVIL },
	      { EVIL, "_understudy-challenge.net", "_understudy-challenge.net", "TXT",
	        "understudy-proof=mallory" });
	walk_world(&l, "victim.net", 8);
	assert_int_equal(found.above.found, FINDING_NO);
	assert_int_equal(found.above.count, 0);
	assert_null(strstr(l.asked, EVIL));
}

static void an_alias_above_is_not_followed(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", PRIMARY },
	      { NET, "net", "_understudy-challenge.net", "CNAME", "proof.hoster.org" },
	      { HOSTER, "hoster.org", "proof.hoster.org", "TXT", "understudy-proof=mallory" });
	walk_world(&l, "victim.net", 9);
	assert_int_equal(found.above.count, 0);
}

static void a_lame_server_makes_room_for_the_next(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "victim.net", "NS", "ns2.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", "185.9.9.9" },
	      { NET, "net", "ns2.victim.net", "A", PRIMARY },
	      { PRIMARY, "victim.net", "victim.net", "TXT", "understudy-proof=t" });
	for (enum lab_oddity odd = LAB_SILENT; odd <= LAB_SELF_REFERRAL; odd++)
		for (uint64_t seed = 0; seed < 8; seed++) {
			const struct lab_odd list = { "185.9.9.9", odd };
			l.odd = &list;
			l.odd_count = 1;
			l.questions = 0;
			walk_world(&l, "victim.net", seed);
			assert_int_equal(found.delegation, FINDING_YES);
			assert_int_equal(found.apex.count, 1);
		}
}

static void a_walk_with_nobody_to_ask_fails_and_says_where(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" });
	ODD({ NET, LAB_SILENT });
	walk_world(&l, "victim.net", 10);
	assert_int_equal(found.delegation, FINDING_FAILED);
	assert_int_equal(found.apex.found, FINDING_FAILED);
	assert_non_null(strstr(found.trouble, NET));
	assert_non_null(strstr(found.trouble, "no answer"));
}

static void what_does_not_fit_a_datagram_is_asked_by_tcp(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", PRIMARY });
	ODD({ NET, LAB_TRUNCATES });
	walk_world(&l, "victim.net", 11);
	assert_int_equal(found.delegation, FINDING_YES);
	assert_int_equal(l.stream_questions, 2); /* the delegation, and the text above */
}

static void a_server_that_loses_the_case_is_asked_by_tcp(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", PRIMARY });
	ODD({ NET, LAB_LOWERS });
	walk_world(&l, "victim.net", 12);
	assert_int_equal(found.delegation, FINDING_YES);
	assert_int_equal(l.stream_questions, 2);
}

static void somebody_who_guesses_ids_makes_us_use_tcp(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", PRIMARY });
	ODD({ NET, LAB_GUESSED });
	walk_world(&l, "victim.net", 13);
	assert_int_equal(found.delegation, FINDING_YES);
	assert_int_equal(l.stream_questions, 2);
}

static void a_server_that_does_not_know_edns_is_asked_without(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", PRIMARY });
	ODD({ NET, LAB_OLD });
	walk_world(&l, "victim.net", 14);
	assert_int_equal(found.delegation, FINDING_YES);
	assert_int_equal(l.plain_questions, 2);
}

/* The zone of one's servers has the other for its server, and the other way round. */
static void a_circle_of_names_of_servers_ends(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns.loop.org" },
	      { ORG, "org", "loop.org", "NS", "ns.victim.net" });
	walk_world(&l, "victim.net", 15);
	assert_int_equal(found.delegation, FINDING_YES);
	assert_int_equal(found.server_count, 1);
	assert_int_equal(found.servers[0].address_count, 0);
	assert_int_equal(found.apex.found, FINDING_FAILED);
	assert_true(l.questions < 10);
}

static void a_long_chain_of_servers_names_ends_at_the_bound(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns.c1.org" }, { ORG, "org", "c1.org", "NS", "ns.c2.net" },
	      { NET, "net", "c2.net", "NS", "ns.c3.org" }, { ORG, "org", "c3.org", "NS", "ns.c4.net" },
	      { NET, "net", "c4.net", "NS", "ns.c5.org" }, { ORG, "org", "c5.org", "NS", "ns.c6.net" },
	      { NET, "net", "c6.net", "NS", "ns.c7.org" }, { ORG, "org", "c7.org", "NS", "ns.c8.net" },
	      { NET, "net", "c8.net", "NS", "ns.c9.org" }, { ORG, "org", "c9.org", "NS", "ns.hoster.org" });
	walk_world(&l, "victim.net", 16);
	assert_int_equal(found.servers[0].address_count, 0);
	assert_true(l.questions < 40);
}

/* A delegation to names without addresses must not make us flood whose names they are. */
static void a_delegation_of_many_unknown_names_is_bounded(void **state) {
	static struct lab_row rows[200];
	static char names[200][32];
	static const struct lab_row top[] = { TOP };
	size_t count = 0;
	(void)state;
	for (; count < sizeof(top) / sizeof(top[0]); count++)
		rows[count] = top[count];
	for (unsigned i = 0; i < 100; i++, count++) {
		snprintf(names[i], sizeof(names[i]), "n%u.hoster.org", i);
		rows[count] = (struct lab_row){ NET, "net", "victim.net", "NS", names[i] };
	}
	struct lab l = { .rows = rows, .row_count = count };
	walk_world(&l, "victim.net", 17);
	assert_int_equal(found.server_count, FINDINGS_SERVERS_MAX);
	assert_true(found.servers_left_out);
	assert_true(l.questions <= 50);
}

static void addresses_beside_a_referral_count_only_below_its_zone(void **state) {
	(void)state;
	/* evil.net's own servers say where ns1.hoster.org is. */
	WORLD({ NET, "net", "evil.net", "NS", "ns.evil.net" }, { NET, "net", "ns.evil.net", "A", EVIL },
	      { EVIL, "evil.net", "sub.evil.net", "NS", "ns1.hoster.org" },
	      { EVIL, "evil.net", "ns1.hoster.org", "A", EVIL },
	      { HOSTER, "sub.evil.net", "sub.evil.net", "TXT", "understudy-proof=right" },
	      { EVIL, "sub.evil.net", "x.sub.evil.net", "TXT", "understudy-proof=wrong" });
	/* The server of evil.net also has sub.evil.net: ask it below the cut only. */
	l.row_count--;
	walk_world(&l, "sub.evil.net", 18);
	assert_int_equal(found.delegation, FINDING_YES);
	assert_true(lab_is("evil.net", found.parent.wire));
	assert_true(has_address("ns1.hoster.org", HOSTER));
	assert_false(has_address("ns1.hoster.org", EVIL));
	assert_string_equal(found.apex.items[0], "right");
}

static void who_holds_both_zones_answers_for_the_lower(void **state) {
	(void)state;
	WORLD({ NET, "net", "both.net", "NS", "ns.both.net" }, { NET, "net", "ns.both.net", "A", PRIMARY },
	      { PRIMARY, "both.net", "both.net", "NS", "ns.both.net" },
	      { PRIMARY, "sub.both.net", "sub.both.net", "NS", "ns1.hoster.org" });
	walk_world(&l, "sub.both.net", 19);
	assert_int_equal(found.delegation, FINDING_YES);
	assert_true(found.by_child);
	assert_true(lab_is("both.net", found.parent.wire));
	assert_true(has_address("ns1.hoster.org", HOSTER));
}

static void addresses_of_special_purpose_are_told_and_not_asked(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "ns1.victim.net", "A", "127.0.0.1" },
	      { NET, "net", "ns1.victim.net", "A", "10.0.0.1" },
	      { NET, "net", "ns1.victim.net", "AAAA", "fe80::1" },
	      { NET, "net", "ns1.victim.net", "AAAA", "::ffff:10.0.0.1" });
	walk_world(&l, "victim.net", 20);
	assert_int_equal(found.servers[0].address_count, 4);
	assert_int_equal(found.apex.found, FINDING_FAILED);
	assert_null(strstr(l.asked, "127.0.0.1"));
	assert_null(strstr(l.asked, "10.0.0.1"));
	assert_null(strstr(l.asked, "fe80"));
}

static void a_huge_answer_is_read_within_bounds(void **state) {
	static struct lab_row rows[4000];
	static const struct lab_row top[] = { TOP };
	size_t count = 0;
	(void)state;
	for (; count < sizeof(top) / sizeof(top[0]); count++)
		rows[count] = top[count];
	rows[count++] = (struct lab_row){ NET, "net", "victim.net", "NS", "ns1.victim.net" };
	rows[count++] = (struct lab_row){ NET, "net", "ns1.victim.net", "A", PRIMARY };
	while (count < 2500)
		rows[count++] = (struct lab_row){ PRIMARY, "victim.net", "victim.net", "TXT",
			                          "understudy-proof=x" };
	const struct lab_odd odd = { PRIMARY, LAB_TRUNCATES };
	struct lab l = { .rows = rows, .row_count = count, .odd = &odd, .odd_count = 1 };
	walk_world(&l, "victim.net", 21);
	assert_int_equal(found.apex.count, FINDINGS_TEXTS_MAX);
}

static void the_ids_and_the_case_are_not_the_same_twice(void **state) {
	(void)state;
	struct addr root;
	struct name name = lab_name("abcdefghijklmnopqrstuvwxyz.net");
	struct random random = random_secure();
	uint8_t before[2][WALK_QUESTION_MAX];
	assert_int_equal(addr_parse(ROOT, 53, &root), OK);
	struct walk_settings settings = {
		.roots = &root, .root_count = 1, .port = 53, .questions_max = 9, .random = &random
	};
	for (unsigned i = 0; i < 2; i++) {
		struct walk *w = walk_new(&settings, name.wire);
		struct walk_question q;
		assert_true(walk_next(w, &q));
		memcpy(before[i], q.data, q.len);
		walk_free(w);
	}
	assert_memory_not_equal(before[0] + 12, before[1] + 12, 30); /* 2^-26 */
}

static void a_walk_can_be_given_up_at_any_step(void **state) {
	(void)state;
	WORLD({ NET, "net", "victim.net", "NS", "ns1.victim.net" },
	      { NET, "net", "victim.net", "NS", "ns2.hoster.org" },
	      { NET, "net", "ns1.victim.net", "A", PRIMARY },
	      { PRIMARY, "victim.net", "victim.net", "TXT", "x" });
	struct addr root;
	struct name name = lab_name("victim.net");
	assert_int_equal(addr_parse(ROOT, 53, &root), OK);
	for (unsigned max = 0; max < 12; max++) {
		struct random random = random_seeded(max);
		struct walk_settings settings = {
			.roots = &root, .root_count = 1, .port = 53, .questions_max = max, .random = &random
		};
		struct walk *w = walk_new(&settings, name.wire);
		struct walk_question q;
		while (walk_next(w, &q))
			lab_step(&l, w, &q);
		assert_true(walk_findings(w)->questions <= max);
		assert_int_not_equal(walk_findings(w)->delegation, FINDING_NONE);
		assert_int_not_equal(walk_findings(w)->above.found, FINDING_NONE);
		walk_free(w);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delegation_is_found_with_its_glue),
		cmocka_unit_test(servers_without_glue_are_looked_up_in_both_families),
		cmocka_unit_test(a_name_that_is_not_delegated_says_so),
		cmocka_unit_test(proofs_are_read_at_all_three_places),
		cmocka_unit_test(texts_that_are_no_proofs_are_not_kept),
		cmocka_unit_test(an_alias_of_the_challenge_is_followed),
		cmocka_unit_test(a_circle_of_aliases_ends),
		cmocka_unit_test(a_challenge_above_that_is_delegated_is_somebody_elses),
		cmocka_unit_test(an_alias_above_is_not_followed),
		cmocka_unit_test(a_lame_server_makes_room_for_the_next),
		cmocka_unit_test(a_walk_with_nobody_to_ask_fails_and_says_where),
		cmocka_unit_test(what_does_not_fit_a_datagram_is_asked_by_tcp),
		cmocka_unit_test(a_server_that_loses_the_case_is_asked_by_tcp),
		cmocka_unit_test(somebody_who_guesses_ids_makes_us_use_tcp),
		cmocka_unit_test(a_server_that_does_not_know_edns_is_asked_without),
		cmocka_unit_test(a_circle_of_names_of_servers_ends),
		cmocka_unit_test(a_long_chain_of_servers_names_ends_at_the_bound),
		cmocka_unit_test(a_delegation_of_many_unknown_names_is_bounded),
		cmocka_unit_test(addresses_beside_a_referral_count_only_below_its_zone),
		cmocka_unit_test(who_holds_both_zones_answers_for_the_lower),
		cmocka_unit_test(addresses_of_special_purpose_are_told_and_not_asked),
		cmocka_unit_test(a_huge_answer_is_read_within_bounds),
		cmocka_unit_test(the_ids_and_the_case_are_not_the_same_twice),
		cmocka_unit_test(a_walk_can_be_given_up_at_any_step),
	};
	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}

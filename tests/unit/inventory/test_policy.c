#include "config_lab.h"

#include <stdio.h>

static const struct tsig_key k1 = { .name = { .len = 4, .wire = "\002k1" } };
static const struct tsig_key k1_again = { .name = { .len = 4, .wire = "\002K1" } };
static const struct tsig_key k2 = { .name = { .len = 4, .wire = "\002k2" } };

static struct addr address(const char *text) {
	struct addr a;
	assert_int_equal(addr_parse(text, 53, &a), OK);
	return a;
}

static struct acl_item item(const char *prefix, const struct tsig_key *key) {
	struct acl_item i = { .has_prefix = prefix != NULL, .key = key };
	if (prefix) assert_int_equal(addr_prefix_parse(prefix, &i.prefix), OK);
	return i;
}

static bool admitted(const struct acl *acl, const struct addr *peer, const struct tsig_key *key) {
	struct acl_client client = { .peer = peer, .key = key };
	return acl_admits(acl, &client);
}

static bool admits(struct acl_item i, const char *peer, const struct tsig_key *key) {
	struct acl acl = { .items = &i, .count = 1 };
	struct addr a = address(peer);
	return admitted(&acl, &a, key);
}

static void an_empty_list_admits_nobody(void **state) {
	(void)state;
	struct acl acl = { 0 };
	struct addr a = address("127.0.0.1");
	assert_false(admitted(&acl, &a, &k1));
}

static void a_prefix_admits_its_addresses(void **state) {
	(void)state;
	assert_true(admits(item("192.0.2.0/24", NULL), "192.0.2.77@1234", NULL));
	assert_true(admits(item("192.0.2.0/24", NULL), "192.0.2.77@1234", &k1));
	assert_false(admits(item("192.0.2.0/24", NULL), "192.0.3.1", NULL));
	assert_false(admits(item("192.0.2.0/24", NULL), "::1", NULL));
	assert_true(admits(item("2001:db8::/32", NULL), "2001:db8:1::1", NULL));
}

static void a_key_admits_from_anywhere(void **state) {
	(void)state;
	assert_true(admits(item(NULL, &k1), "192.0.2.1", &k1));
	assert_true(admits(item(NULL, &k1), "::1", &k1_again));
	assert_false(admits(item(NULL, &k1), "192.0.2.1", &k2));
	assert_false(admits(item(NULL, &k1), "192.0.2.1", NULL));
}

static void prefix_and_key_must_both_fit(void **state) {
	(void)state;
	assert_true(admits(item("10.0.0.0/8", &k1), "10.1.1.1", &k1));
	assert_false(admits(item("10.0.0.0/8", &k1), "10.1.1.1", NULL));
	assert_false(admits(item("10.0.0.0/8", &k1), "11.1.1.1", &k1));
}

static void an_item_without_condition_admits_nobody(void **state) {
	(void)state;
	assert_false(admits(item(NULL, NULL), "10.1.1.1", &k1));
}

static void any_item_of_a_list_is_enough(void **state) {
	(void)state;
	struct acl_item items[] = { item("10.0.0.0/8", NULL), item(NULL, &k2) };
	struct acl acl = { .items = items, .count = 2 };
	struct addr a = address("192.0.2.1");
	assert_true(admitted(&acl, &a, &k2));
	assert_false(admitted(&acl, &a, &k1));
}

static void the_first_item_that_fits_decides(void **state) {
	(void)state;
	struct acl_item items[] = { item("10.1.0.0/16", NULL), item("10.0.0.0/8", NULL), item(NULL, &k2) };
	items[0].keeps_out = true;
	struct acl acl = { .items = items, .count = 3 };
	struct addr inside = address("10.1.2.3"), beside = address("10.2.2.3"),
		    outside = address("192.0.2.1");
	assert_false(admitted(&acl, &inside, &k2));
	assert_true(admitted(&acl, &beside, NULL));
	assert_false(admitted(&acl, &outside, NULL));
	assert_true(admitted(&acl, &outside, &k2));
}

/* Policies of two readings of the same text; changed: a text put in place of @ in the second one. */
static bool same_after(const char *template, const char *first, const char *second) {
	char a_text[512], b_text[512];
	snprintf(a_text, sizeof(a_text), template, first);
	snprintf(b_text, sizeof(b_text), template, second);
	struct config *a = lab_config(a_text), *b = lab_config(b_text);
	bool same = policy_equal(a->zones.zones[0].policy, b->zones.zones[0].policy);
	assert_ptr_not_equal(a->zones.zones[0].policy, b->zones.zones[0].policy);
	config_free(a);
	config_free(b);
	return same;
}

static void policies_are_compared_by_content(void **state) {
	(void)state;
	static const char zone[] =
		"keys: [ { name: k1, secret: c2VjcmV0 }, { name: k2, secret: c2VjcmV0 } ]\n"
		"primaries: [ { name: p, addresses: [\"::1\"], key: k1 } ]\n"
		"zones: [ { name: a, primaries: [p], %s } ]";
	assert_true(same_after(zone, "refresh-min: 2", "refresh-min: 2"));
	assert_true(same_after(zone, "refresh-min: 2", "retry-min: 1"));
	assert_false(same_after(zone, "refresh-min: 2", "refresh-min: 3"));
	assert_false(same_after(zone, "notify: [\"::1\"]", "notify: [\"::2\"]"));
	assert_false(same_after(zone, "notify: [\"::1\"]", "notify: [\"::1@54\"]"));
	assert_false(same_after(zone, "allow-transfer: [\"::1\"]", "allow-transfer: [\"::1\", \"::2\"]"));
	assert_false(same_after(zone, "allow-transfer: [\"key:k1\"]", "allow-transfer: [\"key:k2\"]"));
	assert_false(same_after(zone, "allow-notify: [\"::/64\"]", "allow-notify: [\"::/65\"]"));
	assert_false(same_after(zone, "allow-query: [\"::/64\"]", "allow-query: [\"!::/64\"]"));
	assert_false(same_after(zone, "allow-query: []", "refresh-min: 2"));
	assert_false(same_after(zone, "max-zone-records: 1", "max-zone-records: 2"));
	assert_false(same_after(zone, "max-transfer-time: 1", "max-transfer-time: 2"));
	assert_false(same_after(zone, "min-transfer-rate: 1", "min-transfer-rate: 2"));
	assert_false(same_after(zone, "transfer-rate-window: 1", "transfer-rate-window: 2"));
	assert_false(same_after(zone, "max-records-per-rrset: 1", "max-records-per-rrset: 2"));
	assert_false(same_after(zone, "max-types-per-name: 1", "max-types-per-name: 2"));
	assert_false(same_after(zone, "max-shrink: 1", "max-shrink: 2"));
	assert_false(same_after(zone, "zonemd: off", "zonemd: required"));
	assert_true(same_after(zone, "primary-choice: pinned", "request-ixfr: yes"));
	assert_false(same_after(zone, "primary-choice: pinned", "primary-choice: in-order"));
	assert_false(same_after(zone, "shared-history: yes", "shared-history: no"));
	assert_false(same_after(zone, "request-ixfr: yes", "request-ixfr: no"));
	assert_false(same_after(zone, "full-check-interval: 3600", "full-check-interval: 0"));
	assert_false(same_after(zone, "dnssec: warn", "dnssec: require"));
	assert_false(same_after(zone, "dnssec-check: apex", "dnssec-check: full"));
	assert_true(same_after(zone, "check-command: [/a, b]", "check-command: [/a, b]"));
	assert_false(same_after(zone, "check-command: [/a, b]", "check-command: [/a]"));
	assert_false(same_after(zone, "check-command: [/a, b]", "check-command: [/ab]"));
	assert_false(same_after(zone, "check-command: [/a]", "check-command: []"));
	assert_false(same_after(zone, "check-timeout: 1", "check-timeout: 2"));
}

static void another_secret_is_another_policy(void **state) {
	(void)state;
	static const char zone[] = "keys: [ { name: k1, secret: %s } ]\n"
				   "primaries: [ { name: p, addresses: [\"::1\"], key: k1 } ]\n"
				   "zones: [ { name: a, primaries: [p] } ]";
	assert_true(same_after(zone, "c2VjcmV0", "c2VjcmV0"));
	assert_false(same_after(zone, "c2VjcmV0", "c2VjcmV1"));
}

static void a_policy_outlives_its_configuration(void **state) {
	(void)state;
	struct config *c = lab_config("keys: [ { name: k1, secret: c2VjcmV0 } ]\n" LAB_ZONES_FILE LAB_CUT
	                              "a ::1 k1\n");
	const struct zone_policy *p = c->zones.zones[0].policy;
	policy_ref(p);
	config_free(c);
	assert_int_equal(p->primaries[0].key->secret_len, 6);
	assert_int_equal(p->keyset->ring.count, 1);
	policy_unref(p);
}

static void item_that_asks_for_tls_admits_over_tls_only(void **state) {
	(void)state;
	struct acl_item items[] = { { .needs_tls = true } };
	struct acl acl = { .items = items, .count = 1 };
	struct addr a = address("192.0.2.1");
	struct acl_client plain = { .peer = &a, .key = &k1 }, tls = { .peer = &a, .over_tls = true };
	assert_false(acl_admits(&acl, &plain));
	assert_true(acl_admits(&acl, &tls));
	assert_false(acl_has_pins(&acl));
}

static void item_that_asks_for_a_certificate_never_admits_without_tls(void **state) {
	(void)state;
	static const struct pin pin = { { 1 } }, other = { { 2 } };
	struct acl_item items[] = { { .has_pin = true, .pin = pin } };
	struct acl acl = { .items = items, .count = 1 };
	struct addr a = address("192.0.2.1");
	struct acl_client client = { .peer = &a, .key = &k1, .pin = &pin };
	assert_true(acl_has_pins(&acl));
	assert_false(acl_admits(&acl, &client));
	client.over_tls = true;
	assert_true(acl_admits(&acl, &client));
	client.pin = &other;
	assert_false(acl_admits(&acl, &client));
	client.pin = NULL;
	assert_false(acl_admits(&acl, &client));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_list_admits_nobody),
		cmocka_unit_test(a_prefix_admits_its_addresses),
		cmocka_unit_test(a_key_admits_from_anywhere),
		cmocka_unit_test(prefix_and_key_must_both_fit),
		cmocka_unit_test(an_item_without_condition_admits_nobody),
		cmocka_unit_test(any_item_of_a_list_is_enough),
		cmocka_unit_test(the_first_item_that_fits_decides),
		cmocka_unit_test(item_that_asks_for_tls_admits_over_tls_only),
		cmocka_unit_test(item_that_asks_for_a_certificate_never_admits_without_tls),
		cmocka_unit_test(policies_are_compared_by_content),
		cmocka_unit_test(another_secret_is_another_policy),
		cmocka_unit_test(a_policy_outlives_its_configuration),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

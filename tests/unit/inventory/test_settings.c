#include "config_lab.h"

#include <stdio.h>

#include "inventory/settings.h"

#define FILE_TEXT                                                                                            \
	"keys: [ { name: filekey, secret: c2VjcmV0MTIz }, { name: other, secret: c2VjcmV0MTIz } ]\n"         \
	"primaries: [ { name: p1, addresses: [\"192.0.2.1\", \"192.0.2.2\"], key: filekey } ]\n"             \
	"templates: [ { name: default, max-shrink: 40, primaries: [p1] }, { name: eager, refresh-max: 60, "  \
	"primaries: [\"192.0.2.9\"] } ]\n"

/* Faults as "field|text" lines. */
struct seen {
	char text[4096];
};

static void seen_add(void *ctx, const char *field, const char *text) {
	struct seen *s = ctx;
	size_t len = strlen(s->text);
	snprintf(s->text + len, sizeof(s->text) - len, "%s|%s\n", field, text);
}

static enum err own_primary(void *ctx, const char *name, char **out_text) {
	(void)ctx;
	if (strcmp(name, "mine") != 0) return ERR_NOTFOUND;
	*out_text = strdup("{\"address\":\"198.51.100.7\",\"key\":\"filekey\"}");
	return OK;
}

struct fixture {
	struct config *config;
	struct settings_view view;
	struct seen seen;
	struct settings_faults faults;
};

static int setup(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	f->config = lab_config(FILE_TEXT);
	f->view = (struct settings_view){
		.base = f->config->base, .is_main = true, .keys = f->config->keyset, .primary = own_primary
	};
	f->faults = (struct settings_faults){ &f->seen, seen_add };
	*state = f;
	return 0;
}

static int teardown(void **state) {
	struct fixture *f = *state;
	config_free(f->config);
	free(f);
	return 0;
}

/* NULL: f->seen tells the faults. */
static const struct zone_policy *policy(struct fixture *f, const char *json) {
	const struct zone_policy *p = NULL;
	char *text = NULL;
	f->seen.text[0] = '\0';
	enum err e = settings_normalise(json, strlen(json), &f->faults, &text);
	if (e == OK) e = settings_policy(&f->view, text, &f->faults, &p);
	free(text);
	assert_int_equal(e == OK, p != NULL);
	assert_int_equal(e == OK, f->seen.text[0] == '\0');
	return p;
}

static void options_of_the_file_mean_the_same(void **state) {
	struct fixture *f = *state;
	struct config *file = lab_config(
		"zones: [ { name: a, primaries: [\"192.0.2.5@54\", { addresses: [\"2001:db8::1\"], tls: { name: "
		"ns.example, ca: system } } ], allow-transfer: [\"10.0.0.0/8\", \"!tls\"], refresh-max: 77, "
		"max-shrink: 40, request-ixfr: no, notify: [\"192.0.2.66\"] } ]");
	const struct zone_policy *p = policy(
		f,
		"{\"primaries\": [\"192.0.2.5@54\", {\"addresses\": [\"2001:db8::1\"], \"tls\": {\"name\": "
		"\"ns.example\", \"ca\": \"system\"}}], \"allow-transfer\": [\"10.0.0.0/8\", \"!tls\"], "
		"\"refresh-max\": 77, \"request-ixfr\": false, \"notify\": [\"192.0.2.66\"]}");
	assert_non_null(p);
	assert_true(policy_equal(p, file->zones.zones[0].policy));
	assert_int_equal(p->primaries[1].addr.port, 853);
	policy_unref(p);
	config_free(file);
}

static void names_of_the_file_are_the_main_accounts(void **state) {
	struct fixture *f = *state;
	const struct zone_policy *p = policy(f, "{\"primaries\": [\"p1\", \"mine\"]}");
	assert_non_null(p);
	assert_int_equal(p->primary_count, 3);
	assert_string_equal(p->primaries[0].name, "p1");
	assert_string_equal(p->primaries[2].name, "mine");
	assert_non_null(p->primaries[2].key);
	assert_int_equal(p->keyset->ring.count, 1); /* "other" is not used */
	policy_unref(p);
	p = policy(f, "{\"template\": \"eager\"}");
	assert_int_equal(p->bounds.refresh_max_s, 60);
	policy_unref(p);
	f->view.is_main = false;
	assert_null(policy(f, "{\"primaries\": [\"p1\"], \"template\": \"eager\"}"));
	assert_non_null(strstr(f->seen.text, "primaries[0]|expected the name of a primary or an address"));
	assert_non_null(strstr(f->seen.text, "template|there is no template \"eager\""));
	assert_null(policy(f, "{}")); /* no primaries of the file's default */
	assert_non_null(strstr(f->seen.text, "|missing, and the template has none"));
	p = policy(f, "{\"primaries\": [\"mine\"]}");
	assert_int_equal(p->primary_count, 1);
	assert_int_equal(p->checks.max_shrink, 40); /* but its guards */
	policy_unref(p);
}

static void a_policy_outlives_what_it_was_made_from(void **state) {
	struct fixture *f = *state;
	const struct zone_policy *p = policy(f, "{\"primaries\": [\"p1\"]}");
	config_free(f->config);
	f->config = lab_config(FILE_TEXT);
	assert_string_equal((const char *)p->primaries[0].key->name.wire, "\7filekey");
	policy_unref(p);
}

static void every_fault_names_its_field(void **state) {
	struct fixture *f = *state;
	static const struct {
		const char *json, *fault;
	} rows[] = {
		{ "{\"primaries\": [\"192.0.2.1\", {\"address\": \"192.0.2.2\", \"key\": \"nokey\"}]}",
		  "primaries[1].key|there is no key \"nokey\"" },
		{ "{\"primaries\": [\"p2\"]}",
		  "primaries[0]|there is no primary \"p2\"; did you mean \"p1\"?" },
		{ "{\"primaries\": [{\"address\": \"1.2.3\"}]}",
		  "primaries[0].address|expected the one address" },
		{ "{\"primaries\": [{\"adress\": \"192.0.2.1\"}]}",
		  "primaries[0].adress|\"adress\" is not an option; did you mean \"address\"?" },
		{ "{\"primaries\": [{\"address\": \"192.0.2.1\", \"addresses\": [\"192.0.2.2\"]}]}",
		  "primaries[0].address|expected either" },
		{ "{\"primaries\": [{\"key\": \"other\"}]}",
		  "primaries[0]|missing; expected a list of addresses" },
		{ "{\"primaries\": [\"192.0.2.1\", {\"address\": \"192.0.2.1\"}]}",
		  "primaries[1]|an address of" },
		{ "{\"primaries\": [[]]}", "primaries[0]|" },
		{ "{\"primaries\": []}", "primaries|" },
		{ "{\"primaries\": \"192.0.2.1\"}", "primaries|" },
		{ "{\"primaries\": [{\"address\": \"192.0.2.1\", \"tls\": {\"name\": 7, \"pin\": [\"x\"]}}]}",
		  "primaries[0].tls.pin[0]|" },
		{ "{\"primaries\": [{\"address\": \"192.0.2.1\", \"tls\": {\"ca\": \"/etc/passwd\", \"name\": "
		  "\"a.example\"}}]}",
		  "primaries[0].tls.ca|expected \"system\"" },
		{ "{\"primaries\": [{\"address\": \"192.0.2.1\", \"tls\": {\"key\": \"/etc/shadow\", \"name\": "
		  "\"a.example\"}}]}",
		  "primaries[0].tls.key|expected in the configuration only" },
		{ "{\"check-command\": [\"/bin/sh\"]}", "check-command|expected in the configuration only" },
		{ "{\"refresh-min\": 1.5}", "refresh-min|expected seconds" },
		{ "{\"refresh-min\": -1}", "refresh-min|" },
		{ "{\"refresh-min\": true}", "refresh-min|" },
		{ "{\"refresh-min\": 100, \"refresh-max\": 50}", "refresh-max|expected no more than" },
		{ "{\"allow-transfer\": [\"10.0.0.0/8\", \"anybody\"]}", "allow-transfer[1]|" },
		{ "{\"allow-transfer\": [\"key:nope\"]}", "allow-transfer[0]|there is no key" },
		{ "{\"name\": \"a.example\"}", "name|\"name\" is not an option" },
		{ "{\"dnsec\": \"warn\"}", "dnsec|\"dnsec\" is not an option; did you mean \"dnssec\"?" },
		{ "{\"dnssec\": \"maybe\"}", "dnssec|expected off, warn or require" },
		{ "{\"template\": \"\\u0001\"}", "template|" },
		{ "[1]", "|expected a JSON object" },
		{ "{\"a\": 1, \"a\": 2}", "|expected a JSON object; line 1" },
		{ "{", "|expected a JSON object; line 1" },
		{ "", "|expected a JSON object" },
		{ "{\"primaries\": [[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]}", "|" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(policy(f, rows[i].json));
		if (!strstr(f->seen.text, rows[i].fault))
			fail_msg("%s\nexpected: %s\nfound: %s", rows[i].json, rows[i].fault, f->seen.text);
	}
}

static void several_faults_are_told_at_once(void **state) {
	struct fixture *f = *state;
	assert_null(policy(f, "{\"primaries\": [\"nobody\"], \"refresh-min\": 0, \"zonemd\": \"perhaps\"}"));
	assert_non_null(strstr(f->seen.text, "primaries[0]|"));
	assert_non_null(strstr(f->seen.text, "refresh-min|"));
	assert_non_null(strstr(f->seen.text, "zonemd|"));
}

static char *normal(struct fixture *f, const char *json) {
	char *text = NULL;
	assert_int_equal(settings_normalise(json, strlen(json), &f->faults, &text), OK);
	return text;
}

static void equal_settings_are_equal_texts(void **state) {
	struct fixture *f = *state;
	char *a = normal(f,
	                 " { \"notify\" : [ ], \"max-shrink\":1, \"dnssec\": null,\"primaries\":[\"::1\"]}");
	assert_string_equal(a, "{\"max-shrink\":1,\"notify\":[],\"primaries\":[\"::1\"]}");
	free(a);
}

static void a_change_replaces_and_null_takes_back(void **state) {
	struct fixture *f = *state;
	char *text = NULL;
	static const char change[] = "{\"max-shrink\":null,\"notify\":[\"::2\"],\"dnssec\":\"warn\"}";
	assert_int_equal(settings_merge("{\"max-shrink\":1,\"notify\":[],\"primaries\":[\"::1\"]}", change,
	                                strlen(change), &f->faults, &text),
	                 OK);
	assert_string_equal(text, "{\"dnssec\":\"warn\",\"notify\":[\"::2\"],\"primaries\":[\"::1\"]}");
	free(text);
}

static enum err use_seen(void *ctx, const char *kind, const char *name) {
	seen_add(ctx, kind, name);
	return OK;
}

static void what_is_named_is_found(void **state) {
	struct fixture *f = *state;
	f->seen.text[0] = '\0';
	assert_int_equal(
		settings_uses("{\"primaries\":[\"p1\",\"::1\",{\"address\":\"::2\",\"key\":\"K1.Example.\"}],"
	                      "\"notify\":[\"p2\"],\"allow-transfer\":[\"!10.0.0.0/8 key:K2\",\"tls\"],"
	                      "\"template\":\"eager\"}",
	                      use_seen, &f->seen),
		OK);
	assert_string_equal(f->seen.text, "primary|p1\nkey|k1.example\nprimary|p2\nkey|k2\ntemplate|eager\n");
}

static void settings_of_a_primary_are_checked_alike(void **state) {
	struct fixture *f = *state;
	f->seen.text[0] = '\0';
	assert_int_equal(settings_primary_check(&f->view, "{\"address\":\"::1\",\"key\":\"other\"}",
	                                        &f->faults),
	                 OK);
	assert_int_equal(settings_primary_check(&f->view, "{\"address\":\"::1\",\"key\":\"no\"}", &f->faults),
	                 ERR_CONFIG);
	assert_non_null(strstr(f->seen.text, "key|there is no key"));
}

static void another_key_of_the_account_changes_no_policy(void **state) {
	struct fixture *f = *state;
	const struct zone_policy *before = policy(f, "{\"primaries\": [\"p1\"]}");
	struct config *more = lab_config(FILE_TEXT "zones: []\n");
	struct keyset *set = keyset_over(more->keyset);
	const struct tsig_key *keys[2] = { more->keyset->ring.keys[0] };
	set->ring.keys = xmemdup(keys, sizeof(keys));
	set->ring.count = set->borrowed = 1; /* without "other" */
	f->view.keys = set;
	const struct zone_policy *after = policy(f, "{\"primaries\": [\"p1\"]}");
	assert_true(policy_equal(before, after));
	policy_unref(before);
	policy_unref(after);
	keyset_unref(set);
	config_free(more);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(options_of_the_file_mean_the_same),
		TEST(names_of_the_file_are_the_main_accounts),
		TEST(a_policy_outlives_what_it_was_made_from),
		TEST(every_fault_names_its_field),
		TEST(several_faults_are_told_at_once),
		TEST(equal_settings_are_equal_texts),
		TEST(a_change_replaces_and_null_takes_back),
		TEST(what_is_named_is_found),
		TEST(settings_of_a_primary_are_checked_alike),
		TEST(another_key_of_the_account_changes_no_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

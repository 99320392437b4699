#include "config_lab.h"

#include <stdio.h>
#include <stdlib.h>

#include "inventory/primary_config.h"

static struct addr ours[4];

static struct primary_config_ask ask_for(const char *software, size_t addresses) {
	static const char *const texts[] = { "192.0.2.2@53", "2001:db8::2@53", "192.0.2.2@5300",
		                             "2001:db8::3@5300" };
	for (size_t i = 0; i < addresses; i++)
		assert_int_equal(addr_parse(texts[i], 53, &ours[i]), OK);
	return (struct primary_config_ask){
		.software = software, .zone = "example.com", .addresses = ours, .address_count = addresses
	};
}

/* All lines of all parts, to be freed. */
static char *lines_of(const struct primary_config_ask *ask) {
	struct primary_config config;
	char *all = NULL;
	size_t len = 0;
	assert_int_equal(primary_config_make(ask, &config), OK);
	FILE *out = open_memstream(&all, &len);
	for (unsigned i = 0; i < config.count; i++) {
		assert_true(strlen(config.parts[i].where) > 0);
		fputs(config.parts[i].lines, out);
	}
	fclose(out);
	primary_config_done(&config);
	return all;
}

static void assert_has(const struct primary_config_ask *ask, const char *text) {
	char *lines = lines_of(ask);
	if (!strstr(lines, text)) fail_msg("\"%s\" is missing in:\n%s", text, lines);
	free(lines);
}

static void assert_has_not(const struct primary_config_ask *ask, const char *text) {
	char *lines = lines_of(ask);
	if (strstr(lines, text)) fail_msg("\"%s\" is in:\n%s", text, lines);
	free(lines);
}

static void every_software_has_lines_with_and_without_a_key(void **state) {
	(void)state;
	size_t at = 0;
	unsigned count = 0;
	for (const char *name; (name = primary_config_next(&at)); count++) {
		struct primary_config_ask ask = ask_for(name, 2);
		assert_has(&ask, "192.0.2.2");
		assert_has(&ask, "2001:db8::2");
		assert_has_not(&ask, PRIMARY_CONFIG_SECRET);
		ask.key_name = "transfer-key";
		ask.key_algorithm = "hmac-sha512";
		assert_has(&ask, "transfer-key");
		assert_has(&ask, "hmac-sha512");
		assert_has(&ask, PRIMARY_CONFIG_SECRET);
		ask.key_secret = "c2VjcmV0";
		assert_has(&ask, "c2VjcmV0");
		assert_has_not(&ask, PRIMARY_CONFIG_SECRET);
	}
	assert_int_equal(count, 8);
}

static void bind_notifies_with_port_and_key_and_admits_by_key(void **state) {
	(void)state;
	struct primary_config_ask ask = ask_for("bind", 3);
	assert_has(&ask, "allow-transfer { 192.0.2.2; 2001:db8::2; };");
	assert_has(&ask, "also-notify { 192.0.2.2; 2001:db8::2; 192.0.2.2 port 5300; };");
	ask.key_name = "k";
	ask.key_algorithm = "hmac-sha256";
	assert_has(&ask, "allow-transfer { key \"k\"; };");
	assert_has(&ask, "192.0.2.2 port 5300 key \"k\";");
}

static void powerdns_has_the_words_of_its_version(void **state) {
	(void)state;
	struct primary_config_ask ask = ask_for("powerdns", 4);
	assert_has(&ask, "primary=yes\n");
	assert_has(&ask, "allow-axfr-ips=127.0.0.0/8,::1,192.0.2.2,2001:db8::2,2001:db8::3\n");
	assert_has(&ask, "ALSO-NOTIFY 192.0.2.2 2001:db8::2 192.0.2.2:5300 [2001:db8::3]:5300\n");
	ask.previous = true;
	assert_has(&ask, "master=yes\n");
	assert_has(&ask, "set-kind example.com master\n");
	assert_has_not(&ask, "primary");
}

static void knot_and_nsd_name_ports_only_where_they_are_others(void **state) {
	(void)state;
	struct primary_config_ask ask = ask_for("knot", 3);
	assert_has(&ask, "address: [ 192.0.2.2, 2001:db8::2, 192.0.2.2@5300 ]");
	assert_has(&ask, "address: [ 192.0.2.2, 2001:db8::2 ]\n    action: transfer");
	ask.software = "nsd";
	assert_has(&ask, "provide-xfr: 192.0.2.2 NOKEY\n");
	assert_has(&ask, "notify: 192.0.2.2@5300 NOKEY\n");
}

static void names_that_would_need_quotes_are_refused(void **state) {
	(void)state;
	struct primary_config config;
	static const char *const zones[] = { "a\"b.example", "a b",     "$(id).example", "a;b", "",
		                             "-rf.example",  "a\\000.b" };
	struct primary_config_ask ask = ask_for("powerdns", 1);
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		ask.zone = zones[i];
		assert_int_equal(primary_config_make(&ask, &config), ERR_UNSUPPORTED);
	}
	ask.zone = "0/25.2.0.192.in-addr.arpa";
	ask.key_name = "k'";
	assert_int_equal(primary_config_make(&ask, &config), ERR_UNSUPPORTED);
	ask.key_name = "k";
	ask.key_algorithm = "hmac-sha256";
	ask.key_secret = "'; id; '";
	assert_int_equal(primary_config_make(&ask, &config), ERR_UNSUPPORTED);
	ask.key_secret = NULL;
	ask.software = "djbdns";
	assert_int_equal(primary_config_make(&ask, &config), ERR_NOTFOUND);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_software_has_lines_with_and_without_a_key),
		cmocka_unit_test(bind_notifies_with_port_and_key_and_admits_by_key),
		cmocka_unit_test(powerdns_has_the_words_of_its_version),
		cmocka_unit_test(knot_and_nsd_name_ports_only_where_they_are_others),
		cmocka_unit_test(names_that_would_need_quotes_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

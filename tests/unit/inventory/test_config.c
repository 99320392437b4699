#include "config_lab.h"

#include "inventory/options.h"

static const char full[] =
	"server:\n"
	"  listen: [\"127.0.0.1@5400\", \"::1@5400\"]\n"
	"  workers: 2\n"
	"  state-directory: state\n"
	"  user: nobody\n"
	"  nsid: ns2.example.net\n"
	"  version: \"2\"\n"
	"  cookies: off\n"
	"  cookie-secrets: [ 000102030405060708090a0b0c0d0e0f, \"FFffffffffffffffffffffffffffffff\" ]\n"
	"  refuse: [ \"198.51.100.0/24\" ]\n"
	"  allow-proxy: [ \"::1\", \"127.0.0.0/8\" ]\n"
	"  tcp-clients-per-address: 7\n"
	"  tcp-idle-timeout: 30\n"
	"  udp-coalesce: 250\n"
	"  transfers-out: 9\n"
	"  transfers-out-per-client: 3\n"
	"  transfer-out-timeout: 60\n"
	"  history-memory: 4096\n"
	"  tls: { listen: [\"127.0.0.1\"], certificate: c.pem, key: /k.pem }\n"
	"  rate-limit: { responses-per-second: 100, errors-per-second: 0, referrals-per-second: 5, all-per-second: 900, slip: 3,\n"
	"                ipv4-prefix: 32, exempt: [\"::/0\"] }\n"
	"control: { socket: /run/us/control.sock }\n"
	"log: { level: debug, format: json }\n"
	"keys: [ { name: K1, algorithm: hmac-md5, secret: \"c2VjcmV0\" }, { name: k2, secret: \"c2VjcmV0\" } ]\n"
	"primaries: [ { name: p1, addresses: [\"192.0.2.1\", \"2001:db8::1@5353\"], key: k1, source: \"192.0.2.9\" } ]\n"
	"templates:\n"
	"  - { name: default, primaries: [p1], allow-transfer: [\"127.0.0.0/8\", \"key:k1\", \"10.0.0.0/8 key:k2\"],\n"
	"      allow-notify: [\"192.0.2.8\"], notify: [\"192.0.2.7\", p1], refresh-min: 3, refresh-max: 4 }\n"
	"zones: [ { name: Example.COM }, { name: example.org, primaries: [p1], template: default },\n"
	"         { name: example.net, primaries: [\"192.0.2.3@99\"], refresh-max: 9, allow-transfer: [] } ]\n" LAB_ZONES_FILE
		LAB_CUT
	"# comment\n\n one.example p1 # more\r\ntwo.example\t192.0.2.5@54 k2\nthree.example 192.0.2.5@54 k2";

static const struct zone_intent *zone_of(const struct config *c, const char *text) {
	struct name name;
	assert_int_equal(name_parse(text, &name), OK);
	for (size_t i = 0; i < c->zones.count; i++) {
		if (memcmp(c->zones.zones[i].name, name.wire, name.len) == 0) return &c->zones.zones[i];
	}
	fail_msg("no zone %s", text);
	return NULL;
}

static const char *address_of(const struct primary *p) {
	static char text[ADDR_TEXT_MAX];
	return addr_text(&p->addr, text);
}

static void every_option_of_the_server_is_read(void **state) {
	(void)state;
	struct config *c = lab_config(full);
	assert_int_equal(c->server.listen_count, 2);
	assert_int_equal(c->server.listen[1].port, 5400);
	assert_int_equal(c->server.workers, 2);
	assert_string_equal(c->server.state_directory, "/etc/us/state");
	assert_string_equal(c->server.user, "nobody");
	assert_string_equal(c->server.nsid, "ns2.example.net");
	assert_string_equal(c->control_socket, "/run/us/control.sock");
	assert_int_equal(c->log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(c->log_format, LOG_FORMAT_JSON);
	assert_int_equal(c->keyset->ring.count, 2);
	assert_int_equal(c->keyset->ring.keys[0]->algorithm, TSIG_HMAC_MD5);
	assert_int_equal(c->keyset->ring.keys[1]->algorithm, TSIG_HMAC_SHA256);
	config_free(c);
}

static void every_option_of_answering_is_read(void **state) {
	(void)state;
	struct config *c = lab_config(full);
	const struct config_server *s = &c->server;
	assert_string_equal(s->version, "2");
	assert_int_equal(s->udp_coalesce_us, 250);
	assert_false(s->cookies.on);
	assert_int_equal(s->cookies.secret_count, 2);
	assert_int_equal(s->cookies.secrets[0][15], 15);
	assert_int_equal(s->cookies.secrets[1][0], 255);
	assert_int_equal(s->refuse.count, 1);
	assert_int_equal(s->refuse.items[0].len, 24);
	assert_int_equal(s->allow_proxy.count, 2);
	assert_int_equal(s->tcp_clients_per_address, 7);
	assert_int_equal(s->tcp_idle_s, 30);
	assert_int_equal(s->transfers_out_max, 9);
	assert_int_equal(s->transfers_out_per_client, 3);
	assert_int_equal(s->transfer_out_timeout_s, 60);
	assert_int_equal(s->history_memory_bytes, 4096);
	assert_int_equal(s->tls.listen.count, 1);
	assert_int_equal(s->tls.listen.items[0].port, 853);
	assert_string_equal(s->tls.certificate, "/etc/us/c.pem");
	assert_string_equal(s->tls.key, "/k.pem");
	assert_int_equal(s->rate_limit.responses_per_s, 100);
	assert_int_equal(s->rate_limit.nxdomains_per_s, 100);
	assert_int_equal(s->rate_limit.errors_per_s, 0);
	assert_int_equal(s->rate_limit.referrals_per_s, 5);
	assert_int_equal(s->rate_limit.all_per_s, 900);
	assert_int_equal(s->rate_limit.slip, 3);
	assert_int_equal(s->rate_limit.ipv4_prefix, 32);
	assert_int_equal(s->rate_limit.ipv6_prefix, 64);
	assert_int_equal(s->rate_limit.exempt.count, 1);
	config_free(c);
}

static void pauses_depend_on_the_number_of_workers(void **state) {
	(void)state;
	static const struct {
		const char *text;
		unsigned us;
	} cases[] = {
		{ "zones: []\nserver: { workers: 1 }\n", 100 },
		{ "zones: []\nserver: { workers: 2 }\n", 200 },
		{ "zones: []\nserver: { workers: 2, udp-coalesce: 0 }\n", 0 },
		{ "zones: []\nserver: { workers: 1, udp-coalesce: 1000 }\n", 1000 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *c = lab_config(cases[i].text);
		assert_int_equal(c->server.udp_coalesce_us, cases[i].us);
		config_free(c);
	}
}

static void answering_has_defaults(void **state) {
	(void)state;
	struct config *c = lab_config("zones: []\n");
	const struct config_server *s = &c->server;
	assert_null(s->version);
	assert_true(s->cookies.on);
	assert_int_equal(s->cookies.secret_count, 0);
	assert_int_equal(s->refuse.count + s->allow_proxy.count + s->tls.listen.count, 0);
	assert_int_equal(s->tcp_idle_s, 10);
	assert_int_equal(s->transfers_out_max, 128);
	assert_int_equal(s->transfers_out_per_client, 16);
	assert_int_equal(s->transfer_out_timeout_s, 7200);
	assert_int_equal(s->history_memory_bytes, 256 << 20);
	assert_int_equal(s->rate_limit.responses_per_s, 200);
	assert_int_equal(s->rate_limit.nxdomains_per_s, 200);
	assert_int_equal(s->rate_limit.all_per_s, 0);
	assert_int_equal(s->rate_limit.slip, 2);
	config_free(c);
}

static void who_may_ask_is_everybody_until_said(void **state) {
	(void)state;
	struct config *c = lab_config(
		"templates: [ { name: default, primaries: [\"::1\"] },\n"
		"  { name: t, primaries: [\"::1\"], allow-query: [\"!192.0.2.1\", \"192.0.2.0/24\"] } ]\n"
		"zones: [ { name: a }, { name: b, template: t },\n"
		"         { name: c, template: t, allow-query: [] } ]\n");
	assert_false(zone_of(c, "a")->policy->query_limited);
	const struct zone_policy *b = zone_of(c, "b")->policy, *none = zone_of(c, "c")->policy;
	assert_true(b->query_limited);
	assert_int_equal(b->allow_query.count, 2);
	assert_true(b->allow_query.items[0].keeps_out);
	assert_false(b->allow_query.items[1].keeps_out);
	assert_true(none->query_limited);
	assert_int_equal(none->allow_query.count, 0);
	config_free(c);
}

#define PIN "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static void access_items_join_what_they_ask_for(void **state) {
	(void)state;
	struct config *c = lab_config(
		"keys: [ { name: k, secret: c2VjcmV0 } ]\n"
		"zones: [ { name: a, primaries: [\"::1\"], allow-transfer: [ tls, \"!cert:" PIN "\",\n"
		"           \"10.0.0.0/8 key:k tls\", \"tls cert:" PIN " key:k 10.1.0.0/16\" ] } ]\n");
	const struct acl_item *items = zone_of(c, "a")->policy->allow_transfer.items;
	assert_int_equal(zone_of(c, "a")->policy->allow_transfer.count, 4);
	assert_true(items[0].needs_tls && !items[0].has_prefix && !items[0].has_pin);
	assert_true(items[1].has_pin && items[1].needs_tls && items[1].keeps_out);
	assert_int_equal(items[1].pin.sha256[31], 31);
	assert_true(items[2].has_prefix && items[2].key && items[2].needs_tls && !items[2].has_pin);
	assert_true(items[3].has_prefix && items[3].key && items[3].has_pin);
	assert_true(c->server.tls.asks_clients);
	config_free(c);
	c = lab_config("zones: [ { name: a, primaries: [\"::1\"], allow-transfer: [ tls ] } ]\n");
	assert_false(c->server.tls.asks_clients);
	config_free(c);
}

static const struct tls_terms *terms_of(const struct config *c, const char *zone) {
	return zone_of(c, zone)->policy->primaries[0].tls;
}

static void terms_of_tls_are_read(void **state) {
	(void)state;
	struct config *c = lab_config(
		"primaries:\n"
		"  - { name: by-name, addresses: [\"::1\", \"::1@99\"], tls: { name: ns.example } }\n"
		"  - { name: by-pin, addresses: [\"::2\"], tls: { pin: [ \"" PIN
		"\" ], certificate: c.pem, key: /k.pem } }\n"
		"  - { name: by-both, addresses: [\"::3\"], tls: { name: \"::3\", ca: ca.pem, pin: [ \"" PIN
		"\" ] } }\n"
		"  - { name: any, addresses: [\"::4\"], tls: { mode: opportunistic, plain-port: 54 } }\n"
		"  - { name: plain, addresses: [\"::5\"] }\n"
		"zones: [ { name: a, primaries: [by-name] }, { name: b, primaries: [by-pin] },\n"
		"         { name: c, primaries: [by-both] }, { name: d, primaries: [any] }, { name: e, primaries: [plain] } ]\n");
	const struct primary *p = zone_of(c, "a")->policy->primaries;
	assert_int_equal(p[0].addr.port, 853);
	assert_int_equal(p[1].addr.port, 99);
	assert_ptr_equal(p[0].tls, p[1].tls);
	assert_string_equal(terms_of(c, "a")->name, "ns.example");
	assert_string_equal(terms_of(c, "a")->ca, TLS_SYSTEM_CA);
	assert_int_equal(terms_of(c, "b")->pin_count, 1);
	assert_null(terms_of(c, "b")->ca);
	assert_string_equal(terms_of(c, "b")->certificate, "/etc/us/c.pem");
	assert_string_equal(terms_of(c, "b")->key, "/k.pem");
	assert_string_equal(terms_of(c, "c")->ca, "/etc/us/ca.pem");
	assert_int_equal(terms_of(c, "d")->mode, TLS_MODE_OPPORTUNISTIC);
	assert_int_equal(terms_of(c, "d")->plain_port, 54);
	assert_null(terms_of(c, "d")->ca);
	assert_null(terms_of(c, "e"));
	assert_int_equal(c->keyset->tls_count, 4);
	config_free(c);
}

static void a_zone_takes_what_it_does_not_say_from_its_template(void **state) {
	(void)state;
	struct config *c = lab_config(full);
	const struct zone_policy *p = zone_of(c, "example.com")->policy;
	assert_int_equal(p->primary_count, 2);
	assert_string_equal(address_of(&p->primaries[0]), "192.0.2.1@53");
	assert_string_equal(address_of(&p->primaries[1]), "2001:db8::1@5353");
	assert_string_equal(p->primaries[0].name, "p1");
	assert_ptr_equal(p->primaries[0].key, c->keyset->ring.keys[0]);
	assert_int_equal(p->primaries[0].source.family, AF_INET);
	assert_int_equal(p->primaries[1].source.family, AF_UNSPEC);
	assert_int_equal(p->allow_transfer.count, 3);
	assert_int_equal(p->allow_notify.count, 1);
	assert_int_equal(p->notify_count, 3);
	assert_int_equal(p->bounds.refresh_min_s, 3);
	assert_int_equal(p->bounds.refresh_max_s, 4);
	assert_int_equal(p->bounds.expire_max_s, 31536000);
	config_free(c);
}

static void a_zone_overrides_single_options_of_its_template(void **state) {
	(void)state;
	struct config *c = lab_config(full);
	const struct zone_policy *p = zone_of(c, "example.net")->policy;
	assert_int_equal(p->primary_count, 1);
	assert_string_equal(address_of(&p->primaries[0]), "192.0.2.3@99");
	assert_string_equal(p->primaries[0].name, "192.0.2.3@99");
	assert_null(p->primaries[0].key);
	assert_int_equal(p->bounds.refresh_min_s, 3);
	assert_int_equal(p->bounds.refresh_max_s, 9);
	assert_int_equal(p->allow_transfer.count, 0);
	assert_int_equal(p->allow_notify.count, 1);
	config_free(c);
}

static void zones_with_the_same_settings_share_one_policy(void **state) {
	(void)state;
	struct config *c = lab_config(full);
	assert_int_equal(c->zones.count, 6);
	assert_ptr_equal(zone_of(c, "example.com")->policy, zone_of(c, "example.org")->policy);
	assert_ptr_equal(zone_of(c, "example.com")->policy, zone_of(c, "one.example")->policy);
	assert_ptr_equal(zone_of(c, "two.example")->policy, zone_of(c, "three.example")->policy);
	assert_ptr_not_equal(zone_of(c, "two.example")->policy, zone_of(c, "one.example")->policy);
	config_free(c);
}

static void a_line_of_the_zones_file_has_primary_port_and_key(void **state) {
	(void)state;
	struct config *c = lab_config(full);
	const struct zone_policy *p = zone_of(c, "two.example")->policy;
	assert_int_equal(p->primary_count, 1);
	assert_string_equal(address_of(&p->primaries[0]), "192.0.2.5@54");
	assert_ptr_equal(p->primaries[0].key, c->keyset->ring.keys[1]);
	assert_int_equal(p->allow_notify.count, 1);
	config_free(c);
}

static void a_name_and_an_address_are_enough(void **state) {
	(void)state;
	struct config *c = lab_config("zones: [ { name: example.com, primaries: [\"192.0.2.1\"] } ]");
	const struct zone_policy *p = c->zones.zones[0].policy;
	char text[ADDR_TEXT_MAX];
	assert_int_equal(c->server.listen_count, 2);
	assert_string_equal(addr_text(&c->server.listen[0], text), "0.0.0.0@53");
	assert_string_equal(addr_text(&c->server.listen[1], text), "::@53");
	assert_int_equal(c->server.workers, 3);
	assert_string_equal(c->server.state_directory, "/var/lib/understudy");
	assert_null(c->server.user);
	assert_null(c->server.nsid);
	assert_string_equal(c->control_socket, "/run/understudy/control.sock");
	assert_int_equal(c->log_level, LOG_LEVEL_INFO);
	assert_int_equal(c->log_format, LOG_FORMAT_TEXT);
	assert_int_equal(c->server.tcp_clients_max, 1000);
	assert_int_equal(c->server.transfers_max, 32);
	assert_int_equal(c->server.transfers_per_primary, 8);
	assert_int_equal(p->bounds.refresh_min_s, 2);
	assert_int_equal(p->bounds.refresh_max_s, 86400);
	assert_int_equal(p->bounds.retry_min_s, 1);
	assert_int_equal(p->bounds.retry_max_s, 3600);
	assert_int_equal(p->bounds.expire_min_s, 2);
	assert_int_equal(p->bounds.expire_max_s, 31536000);
	config_free(c);
}

static void no_zones_at_all_are_allowed(void **state) {
	(void)state;
	struct config *c = lab_config("server: { listen: [\"::1\"] }\nzones:\n");
	assert_int_equal(c->zones.count, 0);
	config_free(c);
}

static void an_alias_stands_for_what_it_names(void **state) {
	(void)state;
	struct config *c = lab_config(
		"zones:\n  - { name: a, primaries: &p [\"192.0.2.1\"] }\n  - { name: b, primaries: *p }");
	assert_ptr_equal(c->zones.zones[0].policy, c->zones.zones[1].policy);
	config_free(c);
}

static void what_users_are_told_and_the_web_are_read(void **state) {
	(void)state;
	struct config *c = lab_config(
		"server:\n  listen: [\"192.0.2.2\", \"::\"]\n  mode: public\n  name-servers: [NS1.example.net]\n"
		"  root-servers: [\"127.0.0.1@5300\"]\n  state-directory: /s\n"
		"control: { socket: /r/control.sock }\n"
		"web:\n  listen: [\"127.0.0.1\"]\n  tls: { certificate: c.pem, key: /k.pem }\n"
		"  requests-per-minute: 0\n  body-max: 1024\n  metrics: open\n");
	assert_int_equal(c->server.mode, MODE_PUBLIC);
	assert_int_equal(c->server.public_addresses.count, 1); /* the one that is no wildcard */
	assert_int_equal(c->server.name_servers.count, 1);
	assert_int_equal(c->server.root_servers.items[0].port, 5300);
	assert_int_equal(c->web.listen.items[0].port, 8053);
	assert_string_equal(c->web.certificate, "/etc/us/c.pem");
	assert_string_equal(c->web.key, "/k.pem");
	assert_int_equal(c->web.requests_per_minute, 0);
	assert_int_equal(c->web.body_max, 1024);
	assert_true(c->web.metrics_open);
	assert_string_equal(c->web_socket, "/r/web.sock");
	assert_string_equal(c->database, "/s/inventory.db");
	config_free(c);
}

static void without_web_there_is_no_socket_for_it(void **state) {
	(void)state;
	struct config *c = lab_config("server: { listen: [\"::1\"] }\nzones:\n");
	assert_null(c->web_socket);
	assert_int_equal(c->web.listen.count, 0);
	assert_int_equal(c->web.requests_per_minute, 300);
	assert_int_equal(c->web.body_max, 4194304);
	assert_int_equal(c->server.mode, MODE_PRIVATE);
	config_free(c);
}

/* options.h numbers the rows of options.def by hand. */
static const struct {
	enum option option;
	const char *path;
} option_rows[] = {
	{ OPT_LISTEN, "server.listen" },
	{ OPT_WORKERS, "server.workers" },
	{ OPT_STATE_DIRECTORY, "server.state-directory" },
	{ OPT_USER, "server.user" },
	{ OPT_NSID, "server.nsid" },
	{ OPT_TCP_CLIENTS, "server.tcp-clients" },
	{ OPT_TRANSFERS, "server.transfers" },
	{ OPT_TRANSFERS_PER_PRIMARY, "server.transfers-per-primary" },
	{ OPT_VERSION, "server.version" },
	{ OPT_COOKIES, "server.cookies" },
	{ OPT_COOKIE_SECRETS, "server.cookie-secrets" },
	{ OPT_REFUSE, "server.refuse" },
	{ OPT_ALLOW_PROXY, "server.allow-proxy" },
	{ OPT_TCP_CLIENTS_PER_ADDRESS, "server.tcp-clients-per-address" },
	{ OPT_TCP_IDLE_TIMEOUT, "server.tcp-idle-timeout" },
	{ OPT_UDP_COALESCE, "server.udp-coalesce" },
	{ OPT_TRANSFERS_OUT, "server.transfers-out" },
	{ OPT_TRANSFERS_OUT_PER_CLIENT, "server.transfers-out-per-client" },
	{ OPT_TRANSFER_OUT_TIMEOUT, "server.transfer-out-timeout" },
	{ OPT_HISTORY_MEMORY, "server.history-memory" },
	{ OPT_MODE, "server.mode" },
	{ OPT_ALLOW_INNER_PRIMARIES, "server.allow-inner-primaries" },
	{ OPT_PUBLIC_ADDRESSES, "server.public-addresses" },
	{ OPT_NAME_SERVERS, "server.name-servers" },
	{ OPT_ROOT_SERVERS, "server.root-servers" },
	{ OPT_TLS, "server.tls" },
	{ OPT_RATE_LIMIT, "server.rate-limit" },
	{ OPT_TLS_LISTEN, "server.tls.listen" },
	{ OPT_TLS_CERTIFICATE, "server.tls.certificate" },
	{ OPT_TLS_KEY, "server.tls.key" },
	{ OPT_RATE_RESPONSES, "server.rate-limit.responses-per-second" },
	{ OPT_RATE_NXDOMAINS, "server.rate-limit.nxdomains-per-second" },
	{ OPT_RATE_NODATA, "server.rate-limit.nodata-per-second" },
	{ OPT_RATE_REFERRALS, "server.rate-limit.referrals-per-second" },
	{ OPT_RATE_ERRORS, "server.rate-limit.errors-per-second" },
	{ OPT_RATE_ALL, "server.rate-limit.all-per-second" },
	{ OPT_RATE_SLIP, "server.rate-limit.slip" },
	{ OPT_RATE_IPV4_PREFIX, "server.rate-limit.ipv4-prefix" },
	{ OPT_RATE_IPV6_PREFIX, "server.rate-limit.ipv6-prefix" },
	{ OPT_RATE_EXEMPT, "server.rate-limit.exempt" },
	{ OPT_CONTROL_SOCKET, "control.socket" },
	{ OPT_CONTROL_WEB_SOCKET, "control.web-socket" },
	{ OPT_LOG_LEVEL, "log.level" },
	{ OPT_LOG_FORMAT, "log.format" },
	{ OPT_KEY_NAME, "keys[].name" },
	{ OPT_KEY_ALGORITHM, "keys[].algorithm" },
	{ OPT_KEY_SECRET, "keys[].secret" },
	{ OPT_PRIMARY_NAME, "primaries[].name" },
	{ OPT_PRIMARY_ADDRESSES, "primaries[].addresses" },
	{ OPT_PRIMARY_ADDRESS, "primaries[].address" },
	{ OPT_PRIMARY_KEY, "primaries[].key" },
	{ OPT_PRIMARY_REQUEST_IXFR, "primaries[].request-ixfr" },
	{ OPT_PRIMARY_SOURCE, "primaries[].source" },
	{ OPT_PRIMARY_TLS, "primaries[].tls" },
	{ OPT_PRIMARY_TLS_MODE, "primaries[].tls.mode" },
	{ OPT_PRIMARY_TLS_NAME, "primaries[].tls.name" },
	{ OPT_PRIMARY_TLS_CA, "primaries[].tls.ca" },
	{ OPT_PRIMARY_TLS_PIN, "primaries[].tls.pin" },
	{ OPT_PRIMARY_TLS_CERTIFICATE, "primaries[].tls.certificate" },
	{ OPT_PRIMARY_TLS_KEY, "primaries[].tls.key" },
	{ OPT_PRIMARY_TLS_PLAIN_PORT, "primaries[].tls.plain-port" },
	{ OPT_TEMPLATE_NAME, "templates[].name" },
	{ OPT_PRIMARIES, "templates[].primaries" },
	{ OPT_ALLOW_TRANSFER, "templates[].allow-transfer" },
	{ OPT_ALLOW_NOTIFY, "templates[].allow-notify" },
	{ OPT_ALLOW_QUERY, "templates[].allow-query" },
	{ OPT_NOTIFY, "templates[].notify" },
	{ OPT_REFRESH_MIN, "templates[].refresh-min" },
	{ OPT_REFRESH_MAX, "templates[].refresh-max" },
	{ OPT_RETRY_MIN, "templates[].retry-min" },
	{ OPT_RETRY_MAX, "templates[].retry-max" },
	{ OPT_EXPIRE_MIN, "templates[].expire-min" },
	{ OPT_EXPIRE_MAX, "templates[].expire-max" },
	{ OPT_HISTORY_VERSIONS, "templates[].history-versions" },
	{ OPT_HISTORY_BYTES, "templates[].history-bytes" },
	{ OPT_HISTORY_AGE, "templates[].history-age" },
	{ OPT_PRIMARY_CHOICE, "templates[].primary-choice" },
	{ OPT_SHARED_HISTORY, "templates[].shared-history" },
	{ OPT_REQUEST_IXFR, "templates[].request-ixfr" },
	{ OPT_FULL_CHECK_INTERVAL, "templates[].full-check-interval" },
	{ OPT_MAX_ZONE_BYTES, "templates[].max-zone-bytes" },
	{ OPT_MAX_ZONE_RECORDS, "templates[].max-zone-records" },
	{ OPT_MAX_TRANSFER_TIME, "templates[].max-transfer-time" },
	{ OPT_MIN_TRANSFER_RATE, "templates[].min-transfer-rate" },
	{ OPT_TRANSFER_RATE_WINDOW, "templates[].transfer-rate-window" },
	{ OPT_MAX_RRSET_RECORDS, "templates[].max-records-per-rrset" },
	{ OPT_MAX_NAME_TYPES, "templates[].max-types-per-name" },
	{ OPT_MAX_SHRINK, "templates[].max-shrink" },
	{ OPT_ZONEMD, "templates[].zonemd" },
	{ OPT_DNSSEC, "templates[].dnssec" },
	{ OPT_DNSSEC_CHECK, "templates[].dnssec-check" },
	{ OPT_CHECK_COMMAND, "templates[].check-command" },
	{ OPT_CHECK_TIMEOUT, "templates[].check-timeout" },
	{ OPT_ZONE_NAME, "zones[].name" },
	{ OPT_ZONE_TEMPLATE, "zones[].template" },
	{ OPT_ZONES_FILE, "zones-file" },
	{ OPT_INVENTORY_DATABASE, "inventory.database" },
	{ OPT_WEB_LISTEN, "web.listen" },
	{ OPT_WEB_TLS, "web.tls" },
	{ OPT_WEB_USER, "web.user" },
	{ OPT_WEB_PROGRAM, "web.program" },
	{ OPT_WEB_REQUESTS_PER_MINUTE, "web.requests-per-minute" },
	{ OPT_WEB_BODY_MAX, "web.body-max" },
	{ OPT_WEB_METRICS, "web.metrics" },
	{ OPT_WEB_TLS_CERTIFICATE, "web.tls.certificate" },
	{ OPT_WEB_TLS_KEY, "web.tls.key" },
};

static void every_row_of_options_has_its_number(void **state) {
	(void)state;
	assert_int_equal(sizeof(option_rows) / sizeof(option_rows[0]), OPTION_COUNT);
	for (unsigned i = 0; i < OPTION_COUNT; i++)
		assert_string_equal(option_row(option_rows[i].option)->path, option_rows[i].path);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_of_the_server_is_read),
		cmocka_unit_test(every_option_of_answering_is_read),
		cmocka_unit_test(pauses_depend_on_the_number_of_workers),
		cmocka_unit_test(answering_has_defaults),
		cmocka_unit_test(access_items_join_what_they_ask_for),
		cmocka_unit_test(terms_of_tls_are_read),
		cmocka_unit_test(who_may_ask_is_everybody_until_said),
		cmocka_unit_test(a_zone_takes_what_it_does_not_say_from_its_template),
		cmocka_unit_test(a_zone_overrides_single_options_of_its_template),
		cmocka_unit_test(zones_with_the_same_settings_share_one_policy),
		cmocka_unit_test(a_line_of_the_zones_file_has_primary_port_and_key),
		cmocka_unit_test(a_name_and_an_address_are_enough),
		cmocka_unit_test(no_zones_at_all_are_allowed),
		cmocka_unit_test(an_alias_stands_for_what_it_names),
		cmocka_unit_test(what_users_are_told_and_the_web_are_read),
		cmocka_unit_test(without_web_there_is_no_socket_for_it),
		cmocka_unit_test(every_row_of_options_has_its_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

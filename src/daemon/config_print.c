#include "daemon/config_print.h"

#include "base/addr.h"
#include "dns/name.h"

/* json_object_set_new takes the value in any case and fails only when memory is short: then a field is missing. */
static void set(json_t *o, const char *key, json_t *value) {
	(void)json_object_set_new(o, key, value);
}

static void number(json_t *o, const char *key, uint64_t value) {
	set(o, key, json_integer((json_int_t)value));
}

static void text(json_t *o, const char *key, const char *value) {
	set(o, key, value ? json_string(value) : json_null());
}

static json_t *addresses(const struct addr *list, unsigned count) {
	json_t *texts = json_array();
	for (unsigned i = 0; i < count; i++) {
		char buf[ADDR_TEXT_MAX];
		(void)json_array_append_new(texts, json_string(addr_text(&list[i], buf))); /* or one less */
	}
	return texts;
}

static json_t *prefixes(const struct config_prefixes *p) {
	json_t *texts = json_array();
	for (unsigned i = 0; i < p->count; i++) {
		char buf[ADDR_TEXT_MAX];
		(void)json_array_append_new(texts, json_string(addr_prefix_text(&p->items[i],
		                                                                buf))); /* or one less */
	}
	return texts;
}

static json_t *names(const struct config_names *n) {
	json_t *texts = json_array();
	for (unsigned i = 0; i < n->count; i++) {
		char buf[NAME_TEXT_MAX];
		(void)json_array_append_new(texts, json_string(name_text_short(n->items[i].wire,
		                                                               buf))); /* or one less */
	}
	return texts;
}

static json_t *masked(unsigned count) {
	json_t *list = json_array();
	for (unsigned i = 0; i < count; i++)
		(void)json_array_append_new(list, json_string("(secret)")); /* or one less */
	return list;
}

static json_t *tls(const struct config_tls *t) {
	if (t->listen.count == 0) return json_null();
	json_t *o = json_object();
	set(o, "listen", addresses(t->listen.items, t->listen.count));
	text(o, "certificate", t->certificate);
	text(o, "key", t->key);
	return o;
}

static json_t *rate_limit(const struct config_rate_limit *l) {
	json_t *o = json_object();
	number(o, "responses-per-second", l->responses_per_s);
	number(o, "nxdomains-per-second", l->nxdomains_per_s);
	number(o, "nodata-per-second", l->nodata_per_s);
	number(o, "referrals-per-second", l->referrals_per_s);
	number(o, "errors-per-second", l->errors_per_s);
	number(o, "all-per-second", l->all_per_s);
	number(o, "slip", l->slip);
	number(o, "ipv4-prefix", l->ipv4_prefix);
	number(o, "ipv6-prefix", l->ipv6_prefix);
	set(o, "exempt", prefixes(&l->exempt));
	return o;
}

static void server_limits(json_t *o, const struct config_server *s) {
	number(o, "tcp-clients", s->tcp_clients_max);
	number(o, "tcp-clients-per-address", s->tcp_clients_per_address);
	number(o, "tcp-idle-timeout", s->tcp_idle_s);
	number(o, "udp-coalesce", s->udp_coalesce_us);
	number(o, "transfers", s->transfers_max);
	number(o, "transfers-per-primary", s->transfers_per_primary);
	number(o, "transfers-out", s->transfers_out_max);
	number(o, "transfers-out-per-client", s->transfers_out_per_client);
	number(o, "transfer-out-timeout", s->transfer_out_timeout_s);
	number(o, "history-memory", s->history_memory_bytes);
	set(o, "rate-limit", rate_limit(&s->rate_limit));
}

static json_t *server(const struct config_server *s) {
	json_t *o = json_object();
	set(o, "listen", addresses(s->listen, s->listen_count));
	number(o, "workers", s->workers);
	text(o, "state-directory", s->state_directory);
	text(o, "user", s->user);
	text(o, "nsid", s->nsid);
	text(o, "version", s->version);
	text(o, "mode", s->mode == MODE_PUBLIC ? "public" : "private");
	set(o, "allow-inner-primaries", prefixes(&s->inner_primaries));
	set(o, "public-addresses", addresses(s->public_addresses.items, s->public_addresses.count));
	set(o, "name-servers", names(&s->name_servers));
	set(o, "root-servers", addresses(s->root_servers.items, s->root_servers.count));
	text(o, "cookies", s->cookies.on ? "on" : "off");
	set(o, "cookie-secrets", masked(s->cookies.secret_count));
	set(o, "refuse", prefixes(&s->refuse));
	set(o, "allow-proxy", prefixes(&s->allow_proxy));
	set(o, "tls", tls(&s->tls));
	server_limits(o, s);
	return o;
}

static json_t *web(const struct config_web *w) {
	json_t *o = json_object();
	set(o, "listen", addresses(w->listen.items, w->listen.count));
	set(o, "tls",
	    w->certificate ? json_pack("{s:s, s:s}", "certificate", w->certificate, "key", w->key)
	                   : json_null());
	text(o, "user", w->user);
	text(o, "program", w->program);
	number(o, "requests-per-minute", w->requests_per_minute);
	number(o, "body-max", w->body_max);
	text(o, "metrics", w->metrics_open ? "open" : "key");
	return o;
}

static json_t *keys(const struct keyset *set_of_keys) {
	json_t *list = json_array();
	for (unsigned i = 0; set_of_keys && i < set_of_keys->ring.count; i++) {
		char buf[NAME_TEXT_MAX];
		const char *name = name_text_short(set_of_keys->ring.keys[i]->name.wire, buf);
		(void)json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "secret",
		                                            "(secret)")); /* or less */
	}
	return list;
}

json_t *config_print(const struct config *c) {
	static const char *const levels[] = { "debug", "info", "warning", "error" };
	static const char *const formats[] = { "text", "json", "journald" };
	json_t *o = json_object(), *control = json_object(), *log = json_object(), *inventory = json_object();
	text(control, "socket", c->control_socket);
	text(control, "web-socket", c->web_socket);
	text(log, "level", levels[c->log_level]);
	text(log, "format", formats[c->log_format]);
	text(inventory, "database", c->database);
	set(o, "server", server(&c->server));
	set(o, "control", control);
	set(o, "log", log);
	set(o, "inventory", inventory);
	set(o, "web", web(&c->web));
	set(o, "keys", keys(c->keyset));
	return o;
}

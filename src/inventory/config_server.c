/* The section "server" with its parts "tls" and "rate-limit". */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/config_reader.h"

#define PATH_LEN_MAX 3000
#define TEXT_LEN_MAX 128 /* of what is told about us */
#define RATE_MAX 1000000

/* -- addresses and prefixes ------------------------------------------------------------------------------- */

static void listen_add(struct config_reader *r, const struct values *v, enum option option, int item,
                       const struct addr *a, struct config_listen *l) {
	for (unsigned i = 0; i < l->count; i++) {
		if (!addr_equal(&l->items[i], a)) continue;
		fault_add(r, tree_line(r->tree, item), "%s: \"%.100s\" is given twice; expected once",
		          option_row(option)->path, tree_text(r->tree, item));
		return;
	}
	if (l->count < CONFIG_LISTEN_MAX)
		l->items[l->count++] = *a;
	else
		fault_add(r, value_line(r, v, option), "%s: expected at most %d addresses",
		          option_row(option)->path, CONFIG_LISTEN_MAX);
}

void listen_value(struct config_reader *r, const struct values *v, enum option option, uint16_t port,
                  struct config_listen *out_listen) {
	size_t count = value_count(r, v, option);
	if (v->nodes[option] && count == 0) value_fault(r, v, option, v->nodes[option]);
	for (size_t i = 0; i < count; i++) {
		int item = value_item(r, v, option, i);
		struct addr a;
		if (item == 0) continue;
		if (addr_parse(tree_text(r->tree, item), port, &a) == OK)
			listen_add(r, v, option, item, &a, out_listen);
		else
			value_fault(r, v, option, item);
	}
}

static void listen_read(struct config_reader *r, const struct values *v, struct config_listen *out_listen) {
	if (v->given[OPT_LISTEN]) {
		listen_value(r, v, OPT_LISTEN, 53, out_listen);
		return;
	}
	if (addr_parse("0.0.0.0", 53, &out_listen->items[0]) != OK ||
	    addr_parse("::", 53, &out_listen->items[1]) != OK)
		abort();
	out_listen->count = 2;
}

static void prefixes_value(struct config_reader *r, const struct values *v, enum option option,
                           struct config_prefixes *out_prefixes) {
	size_t count = value_count(r, v, option);
	if (count > CONFIG_PREFIXES_MAX) {
		fault_add(r, value_line(r, v, option), "%s: expected at most %d items, found %zu",
		          option_row(option)->path, CONFIG_PREFIXES_MAX, count);
		return;
	}
	if (count == 0) return;
	out_prefixes->items = xcalloc(count, sizeof(*out_prefixes->items));
	for (size_t i = 0; i < count; i++) {
		int item = value_item(r, v, option, i);
		struct addr_prefix *prefix = &out_prefixes->items[out_prefixes->count];
		if (item == 0) continue;
		if (addr_prefix_parse(tree_text(r->tree, item), prefix) == OK)
			out_prefixes->count++;
		else
			value_fault(r, v, option, item);
	}
}

/* -- cookies ---------------------------------------------------------------------------------------------- */

static int hex_digit(char c) {
	if (c >= '0' && c <= '9') return c - '0';
	if (c >= 'a' && c <= 'f') return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool secret_parse(const char *text, uint8_t out_secret[static CONFIG_COOKIE_SECRET_LEN]) {
	if (strlen(text) != CONFIG_COOKIE_SECRET_LEN * 2) return false;
	for (unsigned i = 0; i < CONFIG_COOKIE_SECRET_LEN; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0) return false;
		out_secret[i] = (uint8_t)(high * 16 + low);
	}
	return true;
}

static void cookies_read(struct config_reader *r, const struct values *v, struct config_cookies *c) {
	static const char *const words[] = { "off", "on", NULL };
	c->on = value_word(r, v, OPT_COOKIES, words) == 1;
	size_t count = value_count(r, v, OPT_COOKIE_SECRETS);
	if (v->nodes[OPT_COOKIE_SECRETS] && (count == 0 || count > CONFIG_COOKIE_SECRETS_MAX)) {
		fault_add(r, value_line(r, v, OPT_COOKIE_SECRETS), "%s: expected %s, found %zu",
		          option_row(OPT_COOKIE_SECRETS)->path, option_row(OPT_COOKIE_SECRETS)->expected,
		          count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		int item = value_item(r, v, OPT_COOKIE_SECRETS, i);
		if (item == 0) continue;
		if (secret_parse(tree_text(r->tree, item), c->secrets[c->secret_count]))
			c->secret_count++;
		else
			value_fault(r, v, OPT_COOKIE_SECRETS, item);
	}
}

/* -- tls -------------------------------------------------------------------------------------------------- */

static void tls_read(struct config_reader *r, int node, struct config_tls *tls) {
	static const enum option needed[] = { OPT_TLS_LISTEN, OPT_TLS_CERTIFICATE, OPT_TLS_KEY };
	struct values v;
	if (node == 0 || !values_read(r, &section_tls, node, &v)) return;
	for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!v.nodes[needed[i]]) value_missing(r, &v, needed[i]);
	listen_value(r, &v, OPT_TLS_LISTEN, 853, &tls->listen);
	tls->certificate = path_value(r, &v, OPT_TLS_CERTIFICATE, PATH_LEN_MAX);
	tls->key = path_value(r, &v, OPT_TLS_KEY, PATH_LEN_MAX);
}

/* Both would be bound with SO_REUSEPORT, and half of the connections would meet the wrong one. */
static void tls_listen_check(struct config_reader *r, int node, const struct config_server *s) {
	for (unsigned i = 0; i < s->tls.listen.count; i++) {
		for (unsigned j = 0; j < s->listen_count; j++) {
			char text[ADDR_TEXT_MAX];
			if (!addr_equal(&s->tls.listen.items[i], &s->listen[j])) continue;
			fault_add(
				r, tree_line(r->tree, node),
				"server.tls.listen: expected other addresses or ports than in server.listen, "
				"found %s in both",
				addr_text(&s->listen[j], text));
		}
	}
}

/* -- rate-limit ------------------------------------------------------------------------------------------- */

static uint32_t rate_value(struct config_reader *r, const struct values *v, enum option option,
                           uint32_t fallback) {
	return v->nodes[option] ? (uint32_t)value_number(r, v, option, 0, RATE_MAX) : fallback;
}

static void rate_limit_read(struct config_reader *r, int node, struct config_rate_limit *l) {
	struct values v;
	if (!values_read(r, &section_rate_limit, node, &v)) return;
	l->responses_per_s = (uint32_t)value_number(r, &v, OPT_RATE_RESPONSES, 0, RATE_MAX);
	l->nxdomains_per_s = rate_value(r, &v, OPT_RATE_NXDOMAINS, l->responses_per_s);
	l->nodata_per_s = rate_value(r, &v, OPT_RATE_NODATA, l->responses_per_s);
	l->referrals_per_s = rate_value(r, &v, OPT_RATE_REFERRALS, l->responses_per_s);
	l->errors_per_s = rate_value(r, &v, OPT_RATE_ERRORS, l->responses_per_s);
	l->all_per_s = rate_value(r, &v, OPT_RATE_ALL, 0);
	l->slip = (unsigned)value_number(r, &v, OPT_RATE_SLIP, 0, 10);
	l->ipv4_prefix = (unsigned)value_number(r, &v, OPT_RATE_IPV4_PREFIX, 1, 32);
	l->ipv6_prefix = (unsigned)value_number(r, &v, OPT_RATE_IPV6_PREFIX, 1, 128);
	prefixes_value(r, &v, OPT_RATE_EXEMPT, &l->exempt);
}

/* -- the section ------------------------------------------------------------------------------------------ */

static unsigned workers_default(const struct config_reader *r) {
	unsigned cores = r->input->cores ? r->input->cores : 1;
	return cores < CONFIG_WORKERS_MAX ? cores : CONFIG_WORKERS_MAX;
}

/* NULL: not given, or empty. */
static char *told_value(struct config_reader *r, const struct values *v, enum option option) {
	const char *text = value_text(r, v, option);
	if (text && strlen(text) > TEXT_LEN_MAX) value_fault(r, v, option, v->nodes[option]);
	return text && *text ? xstrdup(text) : NULL;
}

char *user_value(struct config_reader *r, const struct values *v, enum option option) {
	const char *user = value_text(r, v, option);
	if (user && !r->input->user_exists(user)) value_fault(r, v, option, v->nodes[option]);
	return user ? xstrdup(user) : NULL;
}

static void clients_read(struct config_reader *r, const struct values *v, struct config_server *s) {
	s->tcp_clients_max = (unsigned)value_number(r, v, OPT_TCP_CLIENTS, 1, 100000);
	s->tcp_clients_per_address = (unsigned)value_number(r, v, OPT_TCP_CLIENTS_PER_ADDRESS, 0, 100000);
	s->tcp_idle_s = (unsigned)value_number(r, v, OPT_TCP_IDLE_TIMEOUT, 1, 3600);
}

/* Workers that share the questions wait longer for as many: docs/decisions/0028. */
#define COALESCE_US 100
#define COALESCE_SHARED_US 200

static unsigned coalesce_value(struct config_reader *r, const struct values *v, unsigned workers) {
	if (v->nodes[OPT_UDP_COALESCE]) return (unsigned)value_number(r, v, OPT_UDP_COALESCE, 0, 1000);
	return workers > 1 ? COALESCE_SHARED_US : COALESCE_US;
}

static void transfers_out_read(struct config_reader *r, const struct values *v, struct config_server *s) {
	s->transfers_out_max = (unsigned)value_number(r, v, OPT_TRANSFERS_OUT, 1, CONFIG_TRANSFERS_OUT_MAX);
	s->transfers_out_per_client = (unsigned)value_number(r, v, OPT_TRANSFERS_OUT_PER_CLIENT, 1,
	                                                     CONFIG_TRANSFERS_OUT_MAX);
	s->transfer_out_timeout_s = (unsigned)value_number(r, v, OPT_TRANSFER_OUT_TIMEOUT, 10, 86400);
	s->history_memory_bytes = value_number(r, v, OPT_HISTORY_MEMORY, 0, (uint64_t)1 << 40);
}

static void names_value(struct config_reader *r, const struct values *v, enum option option,
                        struct config_names *out_names) {
	for (size_t i = 0; i < value_count(r, v, option); i++) {
		int item = value_item(r, v, option, i);
		if (item == 0) continue;
		if (out_names->count == CONFIG_NAME_SERVERS_MAX) {
			fault_add(r, value_line(r, v, option), "%s: expected at most %d names",
			          option_row(option)->path, CONFIG_NAME_SERVERS_MAX);
			return;
		}
		if (domain_parse(tree_text(r->tree, item), &out_names->items[out_names->count]) == OK)
			out_names->count++;
		else
			value_fault(r, v, option, item);
	}
}

static bool is_wildcard(const struct addr *a) {
	static const uint8_t zeros[16] = { 0 };
	return memcmp(a->ip, zeros, a->family == AF_INET ? 4 : 16) == 0;
}

/* What is told to users: who we are, and how they may be served. */
static void public_read(struct config_reader *r, const struct values *v, struct config_server *s) {
	static const char *const modes[] = { "private", "public", NULL }; /* enum config_mode */
	s->mode = (enum config_mode)value_word(r, v, OPT_MODE, modes);
	prefixes_value(r, v, OPT_ALLOW_INNER_PRIMARIES, &s->inner_primaries);
	listen_value(r, v, OPT_PUBLIC_ADDRESSES, 53, &s->public_addresses);
	for (unsigned i = 0; i < s->listen_count && !v->given[OPT_PUBLIC_ADDRESSES]; i++)
		if (!is_wildcard(&s->listen[i]))
			s->public_addresses.items[s->public_addresses.count++] = s->listen[i];
	names_value(r, v, OPT_NAME_SERVERS, &s->name_servers);
	listen_value(r, v, OPT_ROOT_SERVERS, 53, &s->root_servers);
}

void server_read(struct config_reader *r, int node) {
	struct values v;
	struct config_server *s = &r->config->server;
	struct config_listen listen = { .count = 0 };
	if (!values_read(r, &section_server, node, &v)) return;
	listen_read(r, &v, &listen);
	memcpy(s->listen, listen.items, sizeof(s->listen));
	s->listen_count = listen.count;
	s->workers = v.nodes[OPT_WORKERS] ? (unsigned)value_number(r, &v, OPT_WORKERS, 1, CONFIG_WORKERS_MAX)
	                                  : workers_default(r);
	s->state_directory = path_value(r, &v, OPT_STATE_DIRECTORY, PATH_LEN_MAX);
	s->user = user_value(r, &v, OPT_USER);
	s->nsid = told_value(r, &v, OPT_NSID);
	clients_read(r, &v, s);
	s->udp_coalesce_us = coalesce_value(r, &v, s->workers);
	s->transfers_max = (unsigned)value_number(r, &v, OPT_TRANSFERS, 1, 1000);
	s->transfers_per_primary = (unsigned)value_number(r, &v, OPT_TRANSFERS_PER_PRIMARY, 1, 100);
	transfers_out_read(r, &v, s);
	s->version = told_value(r, &v, OPT_VERSION);
	cookies_read(r, &v, &s->cookies);
	prefixes_value(r, &v, OPT_REFUSE, &s->refuse);
	prefixes_value(r, &v, OPT_ALLOW_PROXY, &s->allow_proxy);
	tls_read(r, v.nodes[OPT_TLS], &s->tls);
	tls_listen_check(r, v.nodes[OPT_TLS], s);
	public_read(r, &v, s);
	rate_limit_read(r, v.nodes[OPT_RATE_LIMIT], &s->rate_limit);
}

void server_done(struct config_server *s) {
	explicit_bzero(&s->cookies, sizeof(s->cookies));
	free(s->state_directory);
	free(s->user);
	free(s->nsid);
	free(s->version);
	free(s->refuse.items);
	free(s->inner_primaries.items);
	free(s->allow_proxy.items);
	free(s->tls.certificate);
	free(s->tls.key);
	free(s->rate_limit.exempt.items);
}

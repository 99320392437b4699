/* The rest of PowerDNS's HTTP API: the server itself, TSIG keys, and what its clients ask that is not here. */
#include <string.h>

#include "web/api.h"
#include "web/handlers.h"
#include "web/list.h"
#include "web/powerdns_map.h"

#define VERSION "4.9.0" /* whose API this is: clients compare it */

static json_t *server(void) {
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "type", "Server", "id", "localhost", "url",
	                 POWERDNS_SERVER, "daemon_type", "authoritative", "version", VERSION, "config_url",
	                 POWERDNS_SERVER "/config{/config_setting}", "zones_url",
	                 POWERDNS_SERVER "/zones{/zone}");
}

/* A key that is not valid must not learn more than others: the daemon is asked before anything is told. */
static void on_servers(struct exchange *x, json_t *result) {
	(void)result;
	exchange_json(x, 200, json_pack("[o]", server()));
}

void powerdns_servers(struct exchange *x) {
	api_ask(x, api_request(x, x->route->request), on_servers);
}

static void on_server(struct exchange *x, json_t *result) {
	(void)result;
	exchange_json(x, 200, server());
}

void powerdns_server(struct exchange *x) {
	api_ask(x, api_request(x, x->route->request), on_server);
}

static void on_config(struct exchange *x, json_t *result) {
	(void)result;
	exchange_json(x, 200,
	              json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}]", "type", "ConfigSetting", "name",
	                        "primary", "value", "no", "type", "ConfigSetting", "name", "secondary",
	                        "value", "yes"));
}

void powerdns_config(struct exchange *x) {
	api_ask(x, api_request(x, x->route->request), on_config);
}

static json_t *statistics(json_int_t uptime) {
	return json_pack("[{s:s, s:s, s:o}]", "type", "StatisticItem", "name", "uptime", "value",
	                 json_sprintf("%lld", (long long)uptime));
}

static void on_statistics(struct exchange *x, json_t *status) {
	exchange_json(x, 200, statistics(json_integer_value(json_object_get(status, "uptime"))));
}

/* Who may not know how the server is still gets the list. */
static void on_no_statistics(struct exchange *x, const char *code, json_t *reply) {
	if (strcmp(code, "forbidden") == 0)
		exchange_json(x, 200, statistics(0));
	else
		api_refuse(x, code, reply);
}

void powerdns_statistics(struct exchange *x) {
	x->failed = on_no_statistics;
	api_ask(x, api_request(x, x->route->request), on_statistics);
}

static void on_nothing(struct exchange *x, json_t *result) {
	(void)result;
	exchange_json(x, 200, json_array());
}

/* search-data, autoprimaries: empty. */
void powerdns_nothing(struct exchange *x) {
	api_ask(x, api_request(x, x->route->request), on_nothing);
}

static void on_flushed(struct exchange *x, json_t *result) {
	(void)result;
	exchange_json(x, 200, json_pack("{s:i, s:s}", "count", 0, "result", "There is no cache to flush."));
}

void powerdns_flush(struct exchange *x) {
	api_ask(x, api_request(x, x->route->request), on_flushed);
}

/* -- TSIG keys ---------------------------------------------------------------------------------------------------------- */

static void on_keys(struct exchange *x, json_t *result) {
	json_t *rows = list_rows(result, "keys"), *out = json_array(), *key;
	size_t i;
	json_array_foreach(rows, i, key) {
		json_array_append_new(out, powerdns_key_out(key));
	}
	exchange_json(x, 200, out);
}

void powerdns_keys(struct exchange *x) {
	api_ask(x, api_request(x, x->route->request), on_keys);
}

static void on_key(struct exchange *x, json_t *key) {
	exchange_json(x, x->ok_status ? x->ok_status : 200, powerdns_key_out(key));
}

/* A new reference; NULL: answered. */
static json_t *key_request(struct exchange *x) {
	char name[NAMES_TEXT_MAX];
	if (powerdns_zone_name(x->params[0], name) != OK) {
		exchange_error(x, 404, "Not Found");
		return NULL;
	}
	json_t *request = api_request(x, x->route->request);
	json_object_set_new(request, "name", json_string(name));
	return request;
}

void powerdns_key(struct exchange *x) {
	json_t *request = key_request(x);
	if (request) api_ask(x, request, on_key);
}

void powerdns_key_add(struct exchange *x) {
	json_t *request = api_request(x, x->route->request), *secret = json_object_get(x->body, "key");
	json_t *algorithm = json_object_get(x->body, "algorithm");
	char name[NAMES_TEXT_MAX];
	if (powerdns_zone_name(json_string_value(json_object_get(x->body, "name")), name) != OK) {
		json_decref(request);
		exchange_error(x, 422, "name: not a domain name");
		return;
	}
	json_object_set_new(request, "name", json_string(name));
	if (algorithm) json_object_set(request, "algorithm", algorithm);
	if (secret && json_string_length(secret) > 0) json_object_set(request, "secret", secret);
	x->ok_status = 201;
	api_ask(x, request, on_key);
}

static void on_removed(struct exchange *x, json_t *result) {
	(void)result;
	exchange_empty(x, 204);
}

void powerdns_key_delete(struct exchange *x) {
	json_t *request = key_request(x);
	if (request) api_ask(x, request, on_removed);
}

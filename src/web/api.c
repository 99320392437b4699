#include "web/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "web/accept.h"
#include "web/json.h"
#include "web/limits.h"
#include "web/pool.h"
#include "web/query.h"
#include "web/schema.h"
#include "web/site.h"

#define KEY_MAX 128
#define RETRY_AWAY_S "2"

/* -- the head ------------------------------------------------------------------------------------------------------- */

static void set_common(struct exchange *x) {
	static const char *const common[][2] = {
		{ "Cache-Control", "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
	};
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		exchange_set(x, common[i][0], common[i][1]);
	if (x->site->certificate) exchange_set(x, "Strict-Transport-Security", "max-age=31536000");
}

/* The row of the table; NULL: answered. */
static const struct route *find(struct exchange *x) {
	char allow[ROUTE_ALLOW_MAX];
	if (x->target_error == ERR_LIMIT) {
		exchange_error(x, 414, "the target of the request is too long");
		return NULL;
	}
	if (x->target_error != OK) {
		exchange_error(x, 400, "the target of the request is malformed");
		return NULL;
	}
	const struct route *r = route_find(x->method, &x->target, x->params, allow);
	if (r) return r;
	if (allow[0] == '\0') {
		exchange_error(x, 404, "there is nothing at this path");
		return NULL;
	}
	exchange_set(x, "Allow", allow);
	if (x->method == METHOD_OPTIONS)
		exchange_empty(x, 204);
	else
		exchange_error(x, 405, "this path takes %s", allow);
	return NULL;
}

/* The caller's key as it was sent, or NULL. */
static const char *read_key(struct exchange *x) {
	const char *key = exchange_header(x, "X-API-Key");
	const char *bearer = exchange_header(x, "Authorization");
	if (!key && bearer && strncasecmp(bearer, "Bearer ", 7) == 0)
		key = bearer + 7 + strspn(bearer + 7, " ");
	if (!key || key[0] == '\0' || strlen(key) > KEY_MAX) return NULL;
	for (const char *p = key; *p; p++) {
		if (*p <= 0x20 || *p >= 0x7f) return NULL;
	}
	return key;
}

static void refuse_key(struct exchange *x, const char *text) {
	exchange_set(x, "WWW-Authenticate", "Bearer realm=\"understudy\"");
	exchange_error(x, 401, "%s", text);
}

static void set_number(struct exchange *x, const char *name, unsigned number) {
	char text[24];
	snprintf(text, sizeof(text), "%u", number);
	exchange_set(x, name, text);
}

/* false: answered. */
static bool within_rate(struct exchange *x) {
	struct allowance a = limits_take(x->site->limits, x->key, &x->from, uv_now(x->site->loop));
	if (a.known && a.limit > 0) {
		set_number(x, "RateLimit-Limit", a.limit);
		set_number(x, "RateLimit-Remaining", a.remaining);
		set_number(x, "RateLimit-Reset", a.reset_s);
	}
	if (a.allowed) return true;
	set_number(x, "Retry-After", a.reset_s);
	if (a.known)
		exchange_error(x, 429, "more than %u requests a minute", a.limit);
	else
		exchange_error(x, 429, "too many requests with keys that are not known");
	return false;
}

/* What the answer would be made of is acceptable, and the body is what the route reads.  false: answered. */
static bool negotiate(struct exchange *x) {
	const char *accept = exchange_header(x, "Accept");
	const char *type = exchange_header(x, "Content-Type");
	if (!accept_allows(accept, x->route->makes)) {
		exchange_error(x, 406, "the answer would be of a type that Accept does not name");
		return false;
	}
	if (x->route->body[0] != '\0' && type && !accept_is_json(type)) {
		exchange_error(x, 415, "the body must be application/json");
		return false;
	}
	return true;
}

/* false: answered. */
static bool judge_query(struct exchange *x) {
	struct faults faults = { 0 };
	query_check(x->site->description, x->route, &x->target, &faults);
	return !api_faults(x, &faults);
}

/* false: answered. */
static bool judge_key(struct exchange *x) {
	bool optional = x->route->access == ACCESS_METRICS && !exchange_header(x, "X-API-Key") &&
	                !exchange_header(x, "Authorization");
	if (x->route->access == ACCESS_OPEN || (optional && x->site->config.metrics_open)) return true;
	x->key = read_key(x);
	if (x->key) return within_rate(x);
	refuse_key(x, "an API key is needed: X-API-Key, or Authorization: Bearer");
	return false;
}

void api_head(struct exchange *x) {
	set_common(x);
	x->route = find(x);
	if (x->route && judge_key(x) && judge_query(x))
		(void)negotiate(x); /* it has answered, or all is well */
}

/* -- the body ------------------------------------------------------------------------------------------------------- */

/* false: answered. */
static bool read_body(struct exchange *x) {
	char fault[JSON_FAULT_MAX];
	struct faults faults = { 0 };
	const char *schema = x->route->body;
	bool optional = schema[0] == '?';
	if (schema[0] == '\0' || (optional && x->received_len == 0)) return true;
	if (json_strict(x->received ? x->received : "", x->received_len, &x->body, fault) != OK) {
		exchange_error(x, 400, "%s", fault);
		return false;
	}
	schema_check(x->site->schemas, schema + optional, x->body, &faults);
	return !api_faults(x, &faults);
}

void api_run(struct exchange *x) {
	if (read_body(x)) x->route->handle(x);
}

void api_gone(struct exchange *x) {
	char from[ADDR_TEXT_MAX];
	struct addr a = x->from;
	a.port = 0;
	log_event(x->site->log, EVENT_WEB_REQUEST, LOG_STR("from", addr_text(&a, from)),
	          LOG_STR("method", method_text(x->method)),
	          LOG_STR("route", x->route ? x->route->pattern : "none"), LOG_NUM("status", x->status),
	          LOG_NUM("ms", uv_now(x->site->loop) - x->begun_ms));
}

/* -- the daemon's refusals ------------------------------------------------------------------------------------------ */

static const struct code {
	const char *code;
	int status;
} codes[] = {
	{ "bad-request", 400 }, { "unauthorized", 401 }, { "forbidden", 403 }, { "quota", 403 },
	{ "not-found", 404 },   { "conflict", 409 },     { "failed", 409 },    { "refused", 409 },
	{ "stale", 412 },       { "too-big", 413 },      { "invalid", 422 },   { "limit", 429 },
	{ "unavailable", 503 }, { "busy", 503 },
};

static int status_of(const char *code) {
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes[i].code, code) == 0) return codes[i].status;
	}
	return 502;
}

void api_away(struct exchange *x) {
	exchange_set(x, "Retry-After", RETRY_AWAY_S);
	exchange_error(x, 503, "the name server cannot be asked now; it goes on answering DNS questions");
}

/* The field of a fault as the API spells it: "settings.primaries[0].key" is primaries[0].tsigKeyId. */
static void camel_field(const char *field, char out[static JSON_NAME_MAX]) {
	static const char inner[] = "settings.", key[] = ".key";
	char plain[JSON_NAME_MAX];
	const char *settings = strstr(field, inner);
	size_t before = settings ? (size_t)(settings - field) : 0, len;
	snprintf(plain, sizeof(plain), "%.*s%s", (int)before, field,
	         settings ? settings + sizeof(inner) - 1 : field);
	json_camel_name(plain, out);
	len = strlen(out);
	bool is_key = len > sizeof(key) && strcmp(out + len - sizeof(key) + 1, key) == 0;
	if (is_key) snprintf(out + len - 3, JSON_NAME_MAX - (len - 3), "tsigKeyId");
}

static json_t *camel_faults(json_t *faults) {
	json_t *out = json_array(), *fault;
	size_t i;
	json_array_foreach(faults, i, fault) {
		char name[JSON_NAME_MAX];
		const char *field = json_string_value(json_object_get(fault, "field"));
		camel_field(field ? field : "", name);
		json_t *text = json_object_get(fault, "text");
		json_array_append_new(out, json_pack("{s:s, s:O}", "field", name, "text",
		                                     text ? text : json_null()));
	}
	return out;
}

void api_refuse(struct exchange *x, const char *code, json_t *reply) {
	int status = status_of(code);
	const char *text = json_string_value(json_object_get(reply, "error"));
	if (!reply) {
		api_away(x);
		return;
	}
	if (status == 401) {
		limits_unknown(x->site->limits, x->key ? x->key : "", &x->from, uv_now(x->site->loop));
		refuse_key(x, "the API key is not valid");
		return;
	}
	if (status == 429) {
		json_int_t wait_s = json_integer_value(json_object_get(reply, "wait"));
		set_number(x, "Retry-After", wait_s > 0 && wait_s < 3600 ? (unsigned)wait_s : 60);
	}
	if (status == 503) exchange_set(x, "Retry-After", RETRY_AWAY_S);
	struct faults named = { .list = json_object_get(reply, "faults") };
	if (status == 422 && json_array_size(named.list) > 0) {
		named.list = camel_faults(named.list);
		(void)api_faults(x, &named); /* there is one */
		return;
	}
	exchange_error(x, status, "%s", text ? text : "the name server refused without a reason");
}

bool api_faults(struct exchange *x, struct faults *faults) {
	if (!faults->list) return false;
	json_t *first = json_array_get(faults->list, 0);
	json_t *text = json_sprintf("%s: %s", json_string_value(json_object_get(first, "field")),
	                            json_string_value(json_object_get(first, "text")));
	exchange_json(x, 422, json_pack("{s:o, s:O}", "error", text, "faults", faults->list));
	faults_done(faults);
	return true;
}

/* -- asking --------------------------------------------------------------------------------------------------------- */

json_t *api_request(struct exchange *x, const char *name) {
	char from[ADDR_TEXT_MAX];
	struct addr a = x->from;
	a.port = 0;
	json_t *request = json_pack("{s:s, s:s}", "request", name, "from", addr_text(&a, from));
	if (x->key) json_object_set_new(request, "key", json_string(x->key));
	return request;
}

static void on_reply(void *arg, json_t *reply, bool last) {
	struct exchange *x = arg;
	const char *code = json_string_value(json_object_get(reply, "code"));
	if (last) x->ask = NULL;
	if (reply && json_is_true(json_object_get(reply, "ok"))) {
		if (x->key) limits_known(x->site->limits, x->key, &x->from, uv_now(x->site->loop));
		x->done(x, json_object_get(reply, "result"));
		if (last && x->stream && !x->ended && !x->ask) x->done(x, NULL);
		if (!last && x->ask && x->stream && exchange_full(x)) ask_pause(x->ask);
	} else if (x->stage >= STAGE_ANSWERED) {
		exchange_end(x, false);
	} else if (!reply && !x->failed) {
		api_away(x);
	} else if (!reply) {
		x->failed(x, "away", NULL);
	} else {
		if (x->key && (!code || strcmp(code, "unauthorized") != 0))
			limits_known(x->site->limits, x->key, &x->from, uv_now(x->site->loop));
		if (x->failed)
			x->failed(x, code ? code : "", reply);
		else
			api_refuse(x, code ? code : "", reply);
	}
}

static void ask(struct exchange *x, enum lane lane, json_t *request,
                void (*done)(struct exchange *, json_t *)) {
	x->done = done;
	x->ask = x->site->pool
	                 ? pool_ask(x->site->pool, lane, limits_owner(x->site->limits, x->key, &x->from),
	                            request, on_reply, x)
	                 : NULL;
	if (!x->site->pool) json_decref(request);
	if (x->ask && (x->method == METHOD_GET || x->method == METHOD_HEAD)) ask_may_repeat(x->ask);
	if (x->ask) return;
	if (x->stage >= STAGE_ANSWERED)
		exchange_end(x, false);
	else
		api_away(x);
}

void api_ask(struct exchange *x, json_t *request, void (*done)(struct exchange *x, json_t *result)) {
	ask(x, LANE_QUICK, request, done);
}

static void resume(struct exchange *x) {
	if (x->ask) ask_resume(x->ask);
}

void api_ask_parts(struct exchange *x, json_t *request, void (*done)(struct exchange *x, json_t *result)) {
	x->drained = resume;
	ask(x, LANE_LONG, request, done);
}

/* -- parameters ------------------------------------------------------------------------------------------------------- */

bool api_query_number(struct exchange *x, const char *name, json_int_t min, json_int_t max,
                      json_int_t *inout) {
	const char *text = target_query(&x->target, name);
	char *end = NULL;
	if (!text) return true;
	bool digits = text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) < 19;
	json_int_t value = digits ? (json_int_t)strtoll(text, &end, 10) : min - 1;
	if (value >= min && value <= max) {
		*inout = value;
		return true;
	}
	struct faults faults = { 0 };
	faults_add(&faults, name, "expected a number, %lld to %lld", (long long)min, (long long)max);
	(void)api_faults(x, &faults); /* there is one */
	return false;
}

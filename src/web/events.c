/* GET /api/events: what happens, as it happens, as server-sent events (the HTML standard's section 9.2).
 *
 *   retry: 3000
 *
 *   id: 17
 *   event: zone.state
 *   data: {"sequence":17,"zone":"example.com",...}
 *
 * Each stream is one request "watch" of the daemon, which filters by the caller's account and keeps the latest for those
 * who come back (Last-Event-ID).  Who is slow, or late, gets an event "lost" with the number of those left out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/api.h"
#include "web/handlers.h"
#include "web/json.h"
#include "web/limits.h"
#include "web/names.h"
#include "web/pool.h"
#include "web/site.h"

#define HEAD_MAX 128

static void write_text(struct exchange *x, const char *text) {
	exchange_write(x, text, strlen(text));
}

/* Take data. */
static void write_event(struct exchange *x, const char *name, json_t *sequence, json_t *data) {
	char head[HEAD_MAX];
	char *text = json_dumps(data, JSON_COMPACT);
	json_decref(data);
	if (!text) return; /* never: what came from JSON is JSON */
	if (json_is_integer(sequence)) {
		snprintf(head, sizeof(head), "id: %lld\n", (long long)json_integer_value(sequence));
		write_text(x, head);
	}
	snprintf(head, sizeof(head), "event: %.64s\ndata: ", name);
	write_text(x, head);
	write_text(x, text);
	write_text(x, "\n\n");
	free(text);
}

/* The number of the last event that the client has, or -1. */
static json_int_t last_id(struct exchange *x) {
	const char *last = exchange_header(x, "Last-Event-ID");
	size_t len = last ? strlen(last) : 0;
	if (len == 0 || len > 15 || strspn(last, "0123456789") != len) return -1;
	return (json_int_t)strtoll(last, NULL, 10);
}

/* The daemon tells what it has kept behind that one, or how many are lost; but if it has begun to count anew. */
static void tell_new_count(struct exchange *x, json_t *sequence) {
	if (last_id(x) > json_integer_value(sequence))
		write_event(x, "lost", NULL, json_pack("{s:i}", "lost", 1));
}

static void begin(struct exchange *x, json_t *reply) {
	json_t *sequence = json_object_get(json_object_get(reply, "result"), "sequence");
	if (x->key) limits_known(x->site->limits, x->key, &x->from, uv_now(x->site->loop));
	exchange_set(x, "X-Accel-Buffering", "no"); /* what stands between must not collect */
	exchange_stream(x, 200, "text/event-stream");
	write_text(x, "retry: 3000\n\n");
	write_event(x, "begin", sequence, json_pack("{s:O?}", "sequence", sequence));
	tell_new_count(x, sequence);
}

static void tell(struct exchange *x, json_t *event) {
	const char *name = json_string_value(json_object_get(event, "event"));
	if (json_object_get(event, "idle"))
		write_text(x, ": idle\n\n");
	else
		write_event(x,
		            json_object_get(event, "lost") ? "lost"
		            : name                         ? name
		                                           : "message",
		            json_object_get(event, "sequence"), json_camel(event));
}

static void on_line(void *arg, json_t *reply, bool last) {
	struct exchange *x = arg;
	json_t *ok = json_object_get(reply, "event") ? NULL : json_object_get(reply, "ok");
	if (last) x->ask = NULL;
	if (x->stage >= STAGE_ANSWERED && (last || !reply)) {
		exchange_end(x, false);
	} else if (!reply) {
		api_away(x);
	} else if (json_is_false(ok)) {
		const char *code = json_string_value(json_object_get(reply, "code"));
		api_refuse(x, code ? code : "", reply);
	} else if (ok) {
		begin(x, reply);
	} else {
		tell(x, reply);
	}
	if (!last && x->ask && exchange_full(x)) ask_pause(x->ask);
}

static void drained(struct exchange *x) {
	if (x->ask) ask_resume(x->ask);
}

static json_t *words_of(const char *text) {
	json_t *out = json_array();
	while (*text) {
		size_t len = strcspn(text, ",");
		if (len > 0) json_array_append_new(out, json_stringn(text, len));
		text += len + (text[len] == ',');
	}
	return out;
}

void events(struct exchange *x) {
	const char *kinds = target_query(&x->target, "kinds"), *zone = target_query(&x->target, "zone");
	char name[NAMES_TEXT_MAX], fault[NAMES_FAULT_MAX];
	json_t *request = api_request(x, x->route->request);
	if (kinds) json_object_set_new(request, "kinds", words_of(kinds));
	if (zone && names_canonical(zone, name, fault) != OK) {
		json_decref(request);
		exchange_error(x, 422, "zone: %s", fault);
		return;
	}
	if (zone) json_object_set_new(request, "zone", json_string(name));
	if (last_id(x) >= 0) json_object_set_new(request, "after", json_integer(last_id(x)));
	x->drained = drained;
	x->ask = x->site->pool
	                 ? pool_ask(x->site->pool, LANE_WATCH,
	                            limits_owner(x->site->limits, x->key, &x->from), request, on_line, x)
	                 : NULL;
	if (x->ask) return;
	exchange_set(x, "Retry-After", "10");
	exchange_error(x, 503, "too many listeners");
}

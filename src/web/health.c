/* /api/health: is every zone in step, for programs and for Nagios. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "web/api.h"
#include "web/handlers.h"
#include "web/json.h"
#include "web/list.h"
#include "web/nagios.h"
#include "web/zone_out.h"
#include "web/zone_ref.h"

#define BAD_MAX 500 /* zones of one kind that are looked at for the line */

/* In which a zone is out of step, the worst first. */
static const enum health bad_healths[] = { HEALTH_ERROR, HEALTH_UNREACHABLE, HEALTH_STALE, HEALTH_PENDING };
#define BAD_HEALTHS (sizeof(bad_healths) / sizeof(bad_healths[0]))

struct job {
	json_t *summary, *zones; /* own */
	size_t asked;            /* of bad_healths */
	struct nagios_bounds bounds;
};

static void job_free(void *job) {
	struct job *j = job;
	json_decref(j->summary);
	json_decref(j->zones);
	free(j);
}

static bool wants_line(struct exchange *x) {
	const char *format = target_query(&x->target, "format");
	return format && strcmp(format, "nagios") == 0;
}

/* false: answered. */
static bool read_bounds(struct exchange *x, struct nagios_bounds *b) {
	json_int_t warn = NAGIOS_WARN_MIN, crit = -1;
	if (!api_query_number(x, "warn", 0, 525600, &warn) || !api_query_number(x, "crit", 0, 525600, &crit))
		return false;
	*b = (struct nagios_bounds){ warn, crit >= 0 ? crit : 3 * warn };
	return true;
}

static void answer_line(struct exchange *x, const char *text) {
	exchange_text(x, 200, "text/plain; charset=utf-8", xstrdup(text), strlen(text));
}

static json_t *row(struct exchange *x, json_t *zone) {
	(void)x;
	return zone_health_out(zone, clock_now().wall_s);
}

/* -- one zone ---------------------------------------------------------------------------------------------------------- */

static void on_zone(struct exchange *x, json_t *zone) {
	struct nagios_bounds b;
	char text[NAGIOS_TEXT_MAX];
	json_t *out = row(x, zone);
	if (!wants_line(x)) {
		exchange_json(x, 200, out);
		return;
	}
	if (read_bounds(x, &b)) {
		nagios_zone(out, b, text);
		answer_line(x, text);
	}
	json_decref(out);
}

void health_zone(struct exchange *x) {
	json_t *request = zone_ref_request(x, x->route->request);
	if (request) api_ask(x, request, on_zone);
}

/* -- all zones ------------------------------------------------------------------------------------------------------- */

static void ask_bad(struct exchange *x);

static void on_bad(struct exchange *x, json_t *result) {
	struct job *j = x->job;
	json_t *rows = list_rows(result, "zones"), *zone;
	size_t i;
	json_array_foreach(rows, i, zone) {
		json_t *out = row(x, zone);
		bool synced = zone_health(json_object_get(zone, "status") ? json_object_get(zone, "status")
		                                                          : zone) == HEALTH_SYNCED;
		if (!synced) json_array_append(j->zones, out);
		json_decref(out);
	}
	ask_bad(x);
}

static void ask_bad(struct exchange *x) {
	struct job *j = x->job;
	char text[NAGIOS_TEXT_MAX];
	if (j->asked == BAD_HEALTHS) {
		struct nagios_counts counts = {
			.total = (long long)json_integer_value(json_object_get(j->summary, "total")),
			.synced = (long long)json_integer_value(json_object_get(j->summary, "synced")),
		};
		nagios_all(counts, j->zones, j->bounds, text);
		answer_line(x, text);
		return;
	}
	json_t *request = api_request(x, x->route->request);
	json_object_set_new(request, "health", json_string(health_word(bad_healths[j->asked++])));
	json_object_set_new(request, "limit", json_integer(BAD_MAX));
	api_ask(x, request, on_bad);
}

static void on_line_summary(struct exchange *x, json_t *summary) {
	struct job *j = x->job;
	bool well = json_equal(json_object_get(summary, "total"), json_object_get(summary, "synced"));
	j->summary = json_incref(summary);
	if (well) j->asked = BAD_HEALTHS;
	ask_bad(x);
}

static void on_list_summary(struct exchange *x, json_t *summary) {
	static const struct list list = {
		.rows = "zones", .cursor = "after", .row = row, .filter = zone_ref_filter, .end = "]}\n"
	};
	json_t *camel = json_camel(summary);
	char *text = json_dumps(camel, JSON_COMPACT);
	size_t size = strlen(text ? text : "") + 32;
	char *begin = xmalloc(size);
	snprintf(begin, size, "{\"summary\":%s,\"zones\":[", text ? text : "{}");
	json_decref(camel);
	free(text);
	list_answer(x, &list, begin);
}

void health_zones(struct exchange *x) {
	struct nagios_bounds b;
	bool line = wants_line(x);
	if (!read_bounds(x, &b)) return;
	if (line) {
		struct job *j = xcalloc(1, sizeof(*j));
		j->bounds = b;
		j->zones = json_array();
		x->job = j;
		x->job_free = job_free;
	}
	api_ask(x, api_request(x, "health.summary"), line ? on_line_summary : on_list_summary);
}

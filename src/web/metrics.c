/* GET /metrics: the daemon's numbers in Prometheus's text format, and with a key a few of each of its zones.
 *
 * Without a key (web.metrics: open) there are only those that anybody may know. */
#include <string.h>

#include "web/api.h"
#include "web/handlers.h"
#include "web/list.h"
#include "web/metrics_text.h"

static void job_free(void *job) {
	json_decref(job);
}

static void answer(struct exchange *x, json_t *numbers) {
	size_t len = 0;
	char *text = metrics_text(numbers, &len);
	exchange_text(x, 200, "text/plain; version=0.0.4; charset=utf-8", text, len);
}

/* What the series are made of stands in the zone's status. */
static void on_zones(struct exchange *x, json_t *result) {
	json_t *rows = list_rows(result, "zones"), *list = json_array(), *zone;
	size_t i;
	json_array_foreach(rows, i, zone) {
		json_t *row = json_copy(json_object_get(zone, "status"));
		if (!row) continue;
		json_object_set(row, "name", json_object_get(zone, "name"));
		json_array_append_new(list, row);
	}
	json_object_set_new(x->job, "zone", list);
	answer(x, x->job);
}

static void on_metrics(struct exchange *x, json_t *result) {
	x->job = json_copy(result);
	x->job_free = job_free;
	json_t *request = api_request(x, "zone.page");
	json_object_set_new(request, "limit", json_integer(METRICS_ZONES_MAX));
	api_ask(x, request, on_zones);
}

void metrics(struct exchange *x) {
	if (x->key)
		api_ask(x, api_request(x, x->route->request), on_metrics);
	else
		api_ask(x, api_request(x, "ready"), answer);
}

/* GET /metrics: the daemon's numbers in Prometheus's text format. */
#include <stdio.h>
#include <string.h>

#include "web/api.h"
#include "web/handlers.h"
#include "web/metrics_text.h"

static void on_metrics(struct exchange *x, json_t *result) {
	size_t len = 0;
	char *text = metrics_text(result, &len);
	exchange_text(x, 200, "text/plain; version=0.0.4; charset=utf-8", text, len);
}

void metrics(struct exchange *x) {
	api_ask(x, api_request(x, x->route->request), on_metrics);
}

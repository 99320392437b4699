/* What those who run the service ask: does it live, is it ready, how is it used. */
#include "web/api.h"
#include "web/handlers.h"
#include "web/site.h"

void ops_healthz(struct exchange *x) {
	exchange_json(x, 200, json_pack("{s:s, s:s}", "status", "ok", "version", x->site->version));
}

static void on_ready(struct exchange *x, json_t *result) {
	bool ready = json_is_true(json_object_get(result, "ready"));
	json_t *zones = json_object_get(result, "zones");
	exchange_json(x, ready ? 200 : 503,
	              json_pack("{s:b, s:O}", "ready", ready, "zones", zones ? zones : json_null()));
}

/* Whatever the daemon objects to: it is not ready. */
static void on_not_ready(struct exchange *x, const char *code, json_t *reply) {
	(void)code;
	(void)reply;
	exchange_json(x, 503, json_pack("{s:b, s:n}", "ready", 0, "zones"));
}

void ops_readyz(struct exchange *x) {
	x->failed = on_not_ready;
	api_ask(x, api_request(x, x->route->request), on_ready);
}

void ops_openapi(struct exchange *x) {
	exchange_json(x, 200, json_incref(x->site->description));
}

/* Requests about the server as a whole. */
#include "control/handlers.h"
#include "control/protocol.h"

json_t *request_status(struct request *r) {
	return reply_result(r->backend->status(r->backend->ctx), false);
}

json_t *request_stats(struct request *r) {
	return reply_result(r->backend->stats(r->backend->ctx), false);
}

json_t *request_reload(struct request *r) {
	json_t *faults = NULL;
	if (r->backend->reload(r->backend->ctx, &faults) == OK) return reply_done();
	json_t *reply = reply_refusal(CONTROL_CODE_FAILED,
	                              "the configuration has faults; the former one stays");
	if (reply && faults)
		(void)json_object_set_new(reply, "faults", faults); /* out of memory: without them */
	else
		json_decref(faults);
	return reply;
}

json_t *request_health_summary(struct request *r) {
	return reply_result(r->backend->health_summary(r->backend->ctx, r->account ? r->account : -1), false);
}

json_t *request_web_config(struct request *r) {
	return reply_result(r->backend->web_config(r->backend->ctx), false);
}

json_t *request_ready(struct request *r) {
	return reply_result(r->backend->ready(r->backend->ctx), false);
}

/* A tenant's numbers are those of its zones. */
json_t *request_metrics(struct request *r) {
	const struct control_backend *b = r->backend;
	json_t *health = b->health_summary(b->ctx, r->account ? r->account : -1);
	if (r->account != 0) return reply_result(json_pack("{s:{s:o}}", "zones", "states", health), false);
	json_t *all = b->stats(b->ctx), *status = b->status(b->ctx);
	(void)json_object_set(all, "zones", json_object_get(status, "zones")); /* out of memory: without it */
	(void)json_object_set(all, "uptime", json_object_get(status, "uptime"));
	(void)json_object_set_new(all, "health", health);
	json_decref(status);
	return reply_result(all, false);
}

json_t *request_config_print(struct request *r) {
	return reply_result(r->backend->config_print(r->backend->ctx), false);
}

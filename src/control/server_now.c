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
	return reply_result(r->backend->health_summary(r->backend->ctx, request_account(r)), false);
}

json_t *request_web_config(struct request *r) {
	return reply_result(r->backend->web_config(r->backend->ctx), false);
}

json_t *request_ready(struct request *r) {
	return reply_result(r->backend->ready(r->backend->ctx), false);
}

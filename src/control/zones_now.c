/* Requests about what zones are and what they shall do now. */
#include "control/handlers.h"
#include "control/protocol.h"

json_t *request_zone_list(struct request *r) {
	const struct control_backend *b = r->backend;
	json_t *zones = b->zone_list(b->ctx, &r->list_cursor, REQUEST_LIST_SLICE);
	bool more = zones && r->list_cursor != 0;
	r->next = more ? request_zone_list : NULL;
	return reply_result(zones, more);
}

json_t *request_zone_status(struct request *r) {
	const char *error = NULL;
	json_t *zone = r->backend->zone_status(r->backend->ctx, r->zone.wire, &error);
	return zone ? reply_result(zone, false) : reply_no_zone(r);
}

json_t *request_zone_refresh(struct request *r) {
	return reply_outcome(r, r->backend->zone_refresh(r->backend->ctx, r->zone.wire));
}

json_t *request_zone_retransfer(struct request *r) {
	return reply_outcome(r, r->backend->zone_retransfer(r->backend->ctx, r->zone.wire));
}

json_t *request_zone_accept(struct request *r) {
	enum err e = r->backend->zone_accept(r->backend->ctx, r->zone.wire);
	if (e != ERR_MISMATCH) return reply_outcome(r, e);
	return reply_refusal(CONTROL_CODE_FAILED,
	                     "no version of the zone was refused, so there is none to accept");
}

json_t *request_zone_hold(struct request *r) {
	enum err e = r->backend->zone_hold(r->backend->ctx, r->zone.wire, request_when_saved(r));
	return e == OK ? NULL : reply_outcome(r, e);
}

json_t *request_zone_release(struct request *r) {
	enum err e = r->backend->zone_release(r->backend->ctx, r->zone.wire, request_when_saved(r));
	if (e == OK) return NULL;
	return e == ERR_MISMATCH ? reply_refusal(CONTROL_CODE_FAILED, "the zone is not held")
	                         : reply_outcome(r, e);
}

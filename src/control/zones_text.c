/* Requests about the records of the version served. */
#include <stdlib.h>

#include "base/alloc.h"
#include "control/handlers.h"
#include "control/protocol.h"

static json_t *export_slice(struct request *r) {
	char *text = try_malloc(REQUEST_EXPORT_SLICE);
	if (!text) {
		r->next = NULL;
		return reply_refusal(CONTROL_CODE_FAILED, "out of memory");
	}
	struct writer out = writer_init(text, REQUEST_EXPORT_SLICE);
	bool more = export_next(r->version, &r->export, &out);
	r->next = more ? export_slice : NULL;
	json_t *reply = reply_result(json_stringn(text, out.len), more);
	free(text);
	return reply;
}

json_t *request_zone_export(struct request *r) {
	const char *error = NULL;
	r->version = r->backend->zone_version(r->backend->ctx, r->zone.wire);
	if (r->version) return export_slice(r);
	json_t *zone = r->backend->zone_status(r->backend->ctx, r->zone.wire, &error);
	if (!zone) return reply_no_zone(r);
	json_decref(zone);
	return reply_refusal(CONTROL_CODE_NOT_FOUND, "the zone has no version to export yet");
}

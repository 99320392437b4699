#include <stdio.h>

#include "control/protocol.h"
#include "control/request.h"

json_t *reply_refusal(const char *code, const char *text) {
	json_t *shown = json_string(text);
	return json_pack("{s:b, s:s, s:o}", "ok", 0, "code", code, "error",
	                 shown ? shown : json_string(code));
}

json_t *reply_result(json_t *value, bool more) {
	if (!value) return reply_refusal(CONTROL_CODE_FAILED, "out of memory");
	return json_pack("{s:b, s:o, s:b}", "ok", 1, "result", value, "more", more ? 1 : 0);
}

json_t *reply_done(void) {
	return reply_result(json_object(), false);
}

json_t *reply_no_zone(const struct request *r) {
	char name[NAME_TEXT_MAX], text[NAME_TEXT_MAX + 32];
	if (!r->has_zone) return reply_refusal(CONTROL_CODE_NOT_FOUND, "there is no zone with this id");
	snprintf(text, sizeof(text), "there is no zone %s", name_text_short(r->zone.wire, name));
	return reply_refusal(CONTROL_CODE_NOT_FOUND, text);
}

json_t *reply_outcome(const struct request *r, enum err e) {
	if (e == OK) return reply_done();
	if (e == ERR_REFUSED) return reply_refusal(CONTROL_CODE_FAILED, "the zone is held; release it first");
	return e == ERR_NOTFOUND ? reply_no_zone(r) : reply_refusal(CONTROL_CODE_FAILED, err_text(e));
}

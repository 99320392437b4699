/* Requests about earlier versions. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "control/handlers.h"
#include "control/protocol.h"
#include "dns/text.h"

static uint32_t serial(const struct request *r, const char *field) {
	return (uint32_t)asked_number(r, field, 0);
}

static json_t *history_slice(struct request *r) {
	json_t *slice = json_array();
	size_t count = json_array_size(r->rows);
	for (size_t n = 0; n < REQUEST_ROWS_SLICE && r->row_at < count; n++)
		(void)json_array_append(slice,
		                        json_array_get(r->rows, r->row_at++)); /* out of memory: a row less */
	r->next = r->row_at < count ? history_slice : NULL;
	return reply_result(slice, r->next != NULL);
}

json_t *request_zone_history(struct request *r) {
	r->rows = r->backend->zone_history(r->backend->ctx, r->zone.wire);
	return r->rows ? history_slice(r) : reply_no_zone(r);
}

static json_t *past_refusal(const struct request *r, enum err e, const struct why *why) {
	if (e == ERR_NOTFOUND) return reply_no_zone(r);
	const char *code = e == ERR_STALE ? CONTROL_CODE_NOT_FOUND : CONTROL_CODE_FAILED;
	return reply_refusal(code, why->evidence[0] ? why->evidence : err_text(e));
}

/* "-owner TTL IN TYPE rdata", NULL if memory is short. */
static json_t *diff_line(const struct request *r, const struct change_record *record, size_t *bytes) {
	struct name owner;
	size_t cap = 1 + TEXT_RECORD_CAP(record->rdlength);
	char *text = try_malloc(cap);
	if (!text) return NULL;
	struct writer out = writer_init(text, cap);
	write_u8(&out, r->side == CHANGE_REMOVED ? '-' : '+');
	json_t *line = NULL;
	size_t len = name_len(record->owner) - 1; /* relative, without the root's label */
	if (len + r->zone.len > NAME_MAX_LEN) {   /* never: it was in the zone */
		free(text);
		return NULL;
	}
	memcpy(owner.wire, record->owner, len);
	memcpy(owner.wire + len, r->zone.wire, r->zone.len);
	owner.len = (uint8_t)(len + r->zone.len);
	if (text_record(owner.wire, record->type, record->ttl_s, record->rdata, record->rdlength, &out) == OK)
		line = json_stringn(text, out.len - 1); /* without its newline */
	*bytes += out.len;
	free(text);
	return line;
}

static json_t *diff_slice(struct request *r) {
	json_t *lines = json_array();
	struct change_record record;
	size_t bytes = 0;
	r->next = diff_slice;
	while (bytes < REQUEST_DIFF_SLICE && r->next) {
		if (change_next(r->change, r->side, &r->walk, &record)) {
			json_t *line = diff_line(r, &record, &bytes);
			if (line) (void)json_array_append_new(lines, line); /* out of memory: a line less */
		} else if (r->side == CHANGE_REMOVED) {
			r->side = CHANGE_ADDED;
			r->walk = (struct change_walk){ 0 };
		} else {
			r->next = NULL;
		}
	}
	return reply_result(lines, r->next != NULL);
}

json_t *request_zone_diff(struct request *r) {
	struct why why = { .reason = REASON_NONE };
	enum err e = r->backend->zone_diff(r->backend->ctx, r->zone.wire, serial(r, "from"), serial(r, "to"),
	                                   &r->change, &why);
	if (e != OK) return past_refusal(r, e, &why);
	r->side = CHANGE_REMOVED;
	return diff_slice(r);
}

json_t *request_zone_rollback(struct request *r) {
	struct why why = { .reason = REASON_NONE };
	enum err e = r->backend->zone_rollback(r->backend->ctx, r->zone.wire, serial(r, "serial"), &why,
	                                       request_when_saved(r));
	return e == OK ? NULL : past_refusal(r, e, &why);
}

/* Requests of the control socket: the input's lines, one after another. */
#include <stdlib.h>
#include <string.h>

#include "control/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static json_t *some_object(void *ctx) {
	(void)ctx;
	return json_object();
}

static json_t *zone_list(void *ctx, size_t *cursor, size_t max) {
	(void)ctx;
	(void)max;
	*cursor = *cursor < 3 ? *cursor + 1 : 0;
	return json_array();
}

static json_t *zone_status(void *ctx, const uint8_t *name, const char **out_error) {
	(void)ctx;
	*out_error = "no such zone";
	if (name_check(name, NAME_MAX_LEN) == 0) abort(); /* the backend is promised a valid name */
	return name[0] > 3 ? json_object() : NULL;
}

static enum err zone_contact(void *ctx, const uint8_t *name, struct zone_contact *out_contact) {
	(void)ctx;
	(void)name;
	*out_contact = (struct zone_contact){ .address_count = 1,
		                              .key_name = "k",
		                              .key_algorithm = "hmac-sha256" };
	return addr_parse("192.0.2.2@53", 53, &out_contact->addresses[0]);
}

static enum err zone_order(void *ctx, const uint8_t *name) {
	(void)ctx;
	return name[0] > 3 ? OK : ERR_NOTFOUND;
}

static enum err zone_order_saved(void *ctx, const uint8_t *name, struct told told) {
	if (name[0] <= 3) return ERR_NOTFOUND;
	*(struct told *)ctx = told;
	return OK;
}

static json_t *zone_history(void *ctx, const uint8_t *name) {
	(void)ctx;
	return name[0] > 3 ? json_array() : NULL;
}

static enum err zone_diff(void *ctx, const uint8_t *name, uint32_t from, uint32_t to,
                          struct change **out_change, struct why *why) {
	(void)ctx;
	(void)out_change;
	why_set(why, REASON_INTERNAL, "no way from %u to %u", from, to);
	return name[0] > 3 ? ERR_STALE : ERR_NOTFOUND;
}

static enum err zone_rollback(void *ctx, const uint8_t *name, uint32_t serial, struct why *why,
                              struct told told) {
	why_set(why, REASON_INTERNAL, "no serial %u", serial);
	return zone_order_saved(ctx, name, told);
}

static json_t *health_summary(void *ctx, int64_t account) {
	(void)ctx;
	(void)account;
	return json_object();
}

static struct zone_version *zone_version(void *ctx, const uint8_t *name) {
	(void)ctx;
	(void)name;
	return NULL;
}

static enum err reload(void *ctx, json_t **out_faults) {
	(void)ctx;
	*out_faults = json_array();
	return ERR_CONFIG;
}

static int64_t zone_account(void *ctx, const uint8_t *name) {
	(void)ctx;
	return name[0] > 3;
}

static bool zone_next(void *ctx, size_t *cursor, struct control_zone *out_zone) {
	(void)ctx;
	(void)cursor;
	(void)out_zone;
	return false;
}

static json_t *zone_brief(void *ctx, const uint8_t *name) {
	(void)ctx;
	return name[0] > 3 ? json_object() : NULL;
}

static void ignore(struct request *r) {
	(void)r;
}

static void answer_line(struct events *events, const char *line, size_t len) {
	struct told waiting = { 0 };
	const struct control_backend backend = {
		.ctx = &waiting,
		.status = some_object,
		.stats = some_object,
		.zone_list = zone_list,
		.zone_status = zone_status,
		.zone_refresh = zone_order,
		.zone_contact = zone_contact,
		.zone_retransfer = zone_order,
		.zone_accept = zone_order,
		.zone_hold = zone_order_saved,
		.zone_release = zone_order_saved,
		.zone_history = zone_history,
		.zone_diff = zone_diff,
		.zone_rollback = zone_rollback,
		.zone_version = zone_version,
		.reload = reload,
		.health_summary = health_summary,
		.web_config = some_object,
		.ready = some_object,
		.events = events,
		.zone_account = zone_account,
		.zone_next = zone_next,
		.zone_brief = zone_brief,
		.server_info = some_object,
		.config_print = some_object,
	};
	const struct request_from from = { .is_operator = len % 4 != 0, .who = "fuzz" };
	struct request *r = request_new(&backend, &from);
	r->wake = ignore;
	json_t *reply = request_begin(r, line, len);
	while (!reply && r->stage != STAGE_NONE) {
		request_run(r);
		reply = request_finish(r);
	}
	if (!reply && waiting.fn) {
		waiting.fn(waiting.ctx, len % 2 ? OK : ERR_IO);
		reply = request_answered(r);
	}
	if (!reply) abort();
	for (unsigned replies = 1; r->next && !r->streams && replies < 100; replies++) {
		json_decref(reply);
		reply = request_next(r);
		if (!reply) abort();
	}
	char *text = json_dumps(reply, JSON_COMPACT);
	if (!text || strchr(text, '\n')) abort(); /* a reply is one line */
	free(text);
	json_decref(reply);
	request_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	size_t at = 0;
	struct events *events = events_new();
	while (at < len) {
		const uint8_t *end = memchr(data + at, '\n', len - at);
		size_t line = end ? (size_t)(end - data) - at : len - at;
		answer_line(events, (const char *)data + at, line);
		at += line + 1;
	}
	events_free(events);
	return 0;
}

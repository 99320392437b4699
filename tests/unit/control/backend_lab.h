/* A backend of the control socket that knows two zones and counts what it is asked. */
#ifndef UNDERSTUDY_TESTS_CONTROL_BACKEND_LAB_H
#define UNDERSTUDY_TESTS_CONTROL_BACKEND_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/control.h"

struct lab_backend {
	unsigned refreshed, retransferred, accepted, reloads;
	size_t zones; /* how many zone_list tells */
	bool reload_fails;
};

static json_t *lab_status(void *ctx) {
	(void)ctx;
	return json_pack("{s:s}", "version", "test");
}

static json_t *lab_zone_list(void *ctx, size_t *cursor, size_t max) {
	struct lab_backend *b = ctx;
	json_t *list = json_array();
	for (size_t i = 0; i < max && *cursor < b->zones; i++)
		json_array_append_new(list, json_pack("{s:I}", "name", (json_int_t)(*cursor)++));
	if (*cursor == b->zones) *cursor = 0;
	return list;
}

/* The one zone there is. */
static bool lab_knows(const uint8_t *name) {
	return strcmp((const char *)name, "\007example\003com") == 0;
}

static json_t *lab_zone_status(void *ctx, const uint8_t *name, const char **out_error) {
	(void)ctx;
	if (lab_knows(name)) return json_pack("{s:s}", "name", "example.com");
	*out_error = "no such zone";
	return NULL;
}

static enum err lab_refresh(void *ctx, const uint8_t *name) {
	struct lab_backend *b = ctx;
	if (!lab_knows(name)) return ERR_NOTFOUND;
	b->refreshed++;
	return OK;
}

static enum err lab_retransfer(void *ctx, const uint8_t *name) {
	struct lab_backend *b = ctx;
	if (!lab_knows(name)) return ERR_NOTFOUND;
	b->retransferred++;
	return OK;
}

static enum err lab_accept(void *ctx, const uint8_t *name) {
	struct lab_backend *b = ctx;
	if (!lab_knows(name)) return ERR_NOTFOUND;
	return b->accepted++ ? ERR_MISMATCH : OK;
}

static struct zone_version *lab_version(void *ctx, const uint8_t *name) {
	(void)ctx;
	(void)name;
	return NULL;
}

static enum err lab_reload(void *ctx, json_t **out_faults) {
	struct lab_backend *b = ctx;
	b->reloads++;
	if (!b->reload_fails) return OK;
	*out_faults = json_pack("[{s:s, s:i, s:s}]", "file", "f", "line", 7, "text", "wrong");
	return ERR_CONFIG;
}

static inline struct control_backend lab_backend_of(struct lab_backend *b) {
	return (struct control_backend){
		.ctx = b,
		.status = lab_status,
		.stats = lab_status,
		.zone_list = lab_zone_list,
		.zone_status = lab_zone_status,
		.zone_refresh = lab_refresh,
		.zone_retransfer = lab_retransfer,
		.zone_accept = lab_accept,
		.zone_version = lab_version,
		.reload = lab_reload,
	};
}

#endif

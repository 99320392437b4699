/* A backend of the control socket that knows two zones and counts what it is asked. */
#ifndef UNDERSTUDY_TESTS_CONTROL_BACKEND_LAB_H
#define UNDERSTUDY_TESTS_CONTROL_BACKEND_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/told.h"
#include "control/control.h"
#include "control/request.h"
#include "inventory/wanted.h"

/* Who asks: at control.socket, and at the one for the web. */
static const struct request_from lab_operator = { .is_operator = true, .who = "uid 0 (root)" };
static const struct request_from lab_web __attribute__((unused)) = { .is_operator = false };

struct lab_backend {
	unsigned refreshed, retransferred, accepted, reloads;
	size_t zones; /* how many zone_list tells */
	bool reload_fails, held, knows_no_address;
	struct told waiting; /* for what it did last to be saved: who asks says when */
	enum err save_error;
	uint32_t rolled_back_to;
	struct events *events; /* NULL: nobody may watch */
	struct inventory *inventory;
	struct gate *gate;
	struct zone_version *version; /* of the one zone; NULL: it has none */
	struct wanted *wanted;        /* NULL: changes of the inventory are thrown away */
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
	if (b->held) return ERR_REFUSED;
	b->refreshed++;
	return OK;
}

static enum err lab_contact(void *ctx, const uint8_t *name, struct zone_contact *out_contact) {
	struct lab_backend *b = ctx;
	if (!lab_knows(name)) return ERR_NOTFOUND;
	out_contact->address_count = b->knows_no_address ? 0 : 1;
	out_contact->key_algorithm = "hmac-sha256";
	(void)snprintf(out_contact->key_name, sizeof(out_contact->key_name), "k1");
	return addr_parse("192.0.2.2@53", 53, &out_contact->addresses[0]);
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

static void lab_save(struct lab_backend *b, struct told told) {
	b->waiting = told;
}

/* What waits is saved, or not. */
static inline void lab_saved(struct lab_backend *b) {
	struct told told = b->waiting;
	b->waiting = (struct told){ 0 };
	told.fn(told.ctx, b->save_error);
}

static enum err lab_hold(void *ctx, const uint8_t *name, struct told told) {
	struct lab_backend *b = ctx;
	if (!lab_knows(name)) return ERR_NOTFOUND;
	b->held = true;
	lab_save(b, told);
	return OK;
}

static enum err lab_release(void *ctx, const uint8_t *name, struct told told) {
	struct lab_backend *b = ctx;
	if (!lab_knows(name)) return ERR_NOTFOUND;
	if (!b->held) return ERR_MISMATCH;
	b->held = false;
	lab_save(b, told);
	return OK;
}

static json_t *lab_history(void *ctx, const uint8_t *name) {
	const struct lab_backend *b = ctx;
	if (!lab_knows(name)) return NULL;
	json_t *rows = json_array();
	for (size_t i = 0; i < b->zones; i++)
		json_array_append_new(rows, json_pack("{s:I}", "serial", (json_int_t)i));
	return rows;
}

/* From serial 1 to 2: www.example.com's address is another. */
static enum err lab_diff(void *ctx, const uint8_t *name, uint32_t from, uint32_t to,
                         struct change **out_change, struct why *why) {
	static const uint8_t soa[2][22] = { { 0, 0, 0, 0, 0, 1 }, { 0, 0, 0, 0, 0, 2 } };
	static const uint8_t addresses[2][4] = { { 192, 0, 2, 1 }, { 192, 0, 2, 2 } };
	(void)ctx;
	if (!lab_knows(name)) return ERR_NOTFOUND;
	if (from != 1 || to != 2) {
		why_set(why, REASON_INTERNAL, "the history does not lead to serial %u", to);
		return ERR_STALE;
	}
	struct change_writer w = change_writer_init(0);
	for (int side = 0; side < 2; side++) {
		struct change_record s = { (const uint8_t *)"", 6, 22, 300, soa[side] },
				     a = { (const uint8_t *)"\3www", 1, 4, 300, addresses[side] };
		if (change_put(&w, (enum change_side)side, &s) != OK) abort();
		if (change_put(&w, (enum change_side)side, &a) != OK) abort();
	}
	return change_finish(&w, 0, out_change);
}

static enum err lab_rollback(void *ctx, const uint8_t *name, uint32_t serial, struct why *why,
                             struct told told) {
	struct lab_backend *b = ctx;
	(void)why;
	if (!lab_knows(name)) return ERR_NOTFOUND;
	b->rolled_back_to = serial;
	lab_save(b, told);
	return OK;
}

static struct zone_version *lab_version(void *ctx, const uint8_t *name) {
	const struct lab_backend *b = ctx;
	if (!lab_knows(name) || !b->version) return NULL;
	version_ref(b->version);
	return b->version;
}

static enum err lab_reload(void *ctx, json_t **out_faults) {
	struct lab_backend *b = ctx;
	b->reloads++;
	if (!b->reload_fails) return OK;
	*out_faults = json_pack("[{s:s, s:i, s:s}]", "file", "f", "line", 7, "text", "wrong");
	return ERR_CONFIG;
}

static json_t *lab_health(void *ctx, int64_t account) {
	(void)ctx;
	return json_pack("{s:I}", "total", (json_int_t)account);
}

static bool lab_zone_within(void *ctx, const uint8_t *name, const struct caller *caller) {
	(void)ctx;
	(void)name;
	(void)caller;
	return true;
}

static int64_t lab_zone_account(void *ctx, const uint8_t *name) {
	const struct lab_backend *b = ctx;
	struct wanted_zone zone;
	return b->wanted && wanted_find(b->wanted, name, &zone) ? zone.account : 0;
}

/* Every zone is active but those whose names begin with b. */
static bool lab_zone_next(void *ctx, size_t *cursor, struct control_zone *out_zone) {
	const struct lab_backend *b = ctx;
	struct wanted_zone zone;
	const uint8_t *name;
	if (!b->wanted || !wanted_next(b->wanted, cursor, &name, &zone)) return false;
	bool is_b = name[1] == 'b';
	*out_zone = (struct control_zone){ .name = name,
		                           .account = zone.account,
		                           .state = is_b ? "stale" : "active",
		                           .health = is_b ? "stale" : "synced",
		                           .reason = is_b ? "behind" : "none" };
	return true;
}

static json_t *lab_zone_brief(void *ctx, const uint8_t *name) {
	(void)ctx;
	bool is_b = name[1] == 'b';
	return json_pack("{s:s, s:s}", "state", is_b ? "stale" : "active", "health",
	                 is_b ? "stale" : "synced");
}

static void lab_changed(void *ctx, struct wanted_changes *changes) {
	const struct lab_backend *b = ctx;
	struct wanted_summary summary;
	if (b->wanted)
		wanted_change(b->wanted, WANTED_DATABASE, changes, &summary);
	else
		wanted_changes_done(changes);
}

static json_t *lab_server_info(void *ctx) {
	(void)ctx;
	return json_pack("{s:[s], s:[], s:s, s:s}", "addresses", "192.0.2.2", "name_servers", "version",
	                 "test", "mode", "private");
}

static inline struct control_backend lab_backend_of(struct lab_backend *b) {
	return (struct control_backend){
		.ctx = b,
		.status = lab_status,
		.stats = lab_status,
		.zone_list = lab_zone_list,
		.zone_status = lab_zone_status,
		.zone_refresh = lab_refresh,
		.zone_contact = lab_contact,
		.zone_retransfer = lab_retransfer,
		.zone_accept = lab_accept,
		.zone_hold = lab_hold,
		.zone_release = lab_release,
		.zone_history = lab_history,
		.zone_diff = lab_diff,
		.zone_rollback = lab_rollback,
		.zone_version = lab_version,
		.reload = lab_reload,
		.health_summary = lab_health,
		.web_config = lab_status,
		.ready = lab_status,
		.events = b->events,
		.zone_account = lab_zone_account,
		.zone_within = lab_zone_within,
		.zone_next = lab_zone_next,
		.zone_brief = lab_zone_brief,
		.changed = lab_changed,
		.server_info = lab_server_info,
		.config_print = lab_status,
		.gate = b->gate,
		.inventory = b->inventory,
	};
}

#endif

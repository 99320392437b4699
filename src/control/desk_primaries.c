/* Requests about named primaries. */
#include <stdlib.h>
#include <string.h>

#include "control/desk_parts.h"
#include "control/desk_rows.h"

struct wanted_primary {
	const char *name; /* NULL: all */
	json_t *list;
};

static void add_row(void *ctx, const struct inventory_primary *p) {
	struct wanted_primary *wanted = ctx;
	json_error_t error;
	if (wanted->name && strcmp(wanted->name, p->name) != 0 && strcmp(wanted->name, p->id) != 0) return;
	json_t *settings = json_loads(p->settings, 0, &error);
	(void)json_array_append_new(wanted->list,
	                            json_pack("{s:s, s:s, s:s*, s:o, s:I}", "id", p->id, "name", p->name,
	                                      "account", p->account_id, "settings",
	                                      settings ? settings : json_object(), "created_at",
	                                      (json_int_t)p->created_s)); /* out of memory: one less */
}

/* Of an account, 0: of all.  NULL: the database cannot be had. */
static json_t *read_rows(struct request *r, int64_t account, const char *name) {
	struct wanted_primary wanted = { .name = name, .list = json_array() };
	if (r->backend->inventory &&
	    inventory_primary_list(r->backend->inventory, account, add_row, &wanted) == OK)
		return wanted.list;
	json_decref(wanted.list);
	return NULL;
}

json_t *desk_primary_list(struct request *r) {
	json_t *list = read_rows(r, r->account, NULL);
	return list ? reply_result(json_pack("{s:o}", "primaries", list), false) : desk_unavailable();
}

/* NULL: there is none, or it cannot be told. */
static json_t *read_row(struct request *r, int64_t account) {
	json_t *list = read_rows(r, account, asked_text(r, "name"));
	json_t *row = json_incref(json_array_get(list, 0));
	json_decref(list);
	return row;
}

json_t *desk_primary_get(struct request *r) {
	json_t *list = read_rows(r, r->account, asked_text(r, "name"));
	if (!list) return desk_unavailable();
	json_t *row = json_incref(json_array_get(list, 0));
	json_decref(list);
	return row ? reply_result(row, false)
	           : reply_refusal(CONTROL_CODE_NOT_FOUND, "there is no primary of this name");
}

static json_t *done_reply(struct request *r, struct inventory_result *result, json_t *reply) {
	if (result->code != INVENTORY_DONE) {
		json_decref(reply);
		reply = desk_refusal(result, true);
	}
	desk_keep(r, result);
	return reply;
}

/* The caller's own account, unless another was asked for, which is who's then. */
static const char *owner_id(const struct request *r) {
	return !r->has_account && r->caller ? r->caller->account_id : NULL;
}

/* The account's own: others may have one of the same name. */
static json_t *put_reply(struct request *r, bool created) {
	json_t *row = read_row(r, desk_owner(r));
	if (!row) return reply_refusal(CONTROL_CODE_FAILED, "the primary was changed, but cannot be read");
	(void)json_object_set_new(row, "created", json_boolean(created)); /* out of memory: without */
	return reply_result(row, false);
}

json_t *desk_primary_put(struct request *r) {
	char who_text[WHO_TEXT_MAX];
	struct inventory_who who = request_who(r, who_text);
	struct inventory_result result = { .code = INVENTORY_DONE };
	if (!r->backend->inventory) return desk_unavailable();
	if (r->has_account) who.account = r->account;
	char *text = json_dumps(asked_value(r, "settings"), JSON_COMPACT);
	struct inventory_primary_put put = { .name = asked_text(r, "name"),
		                             .settings = text,
		                             .settings_len = text ? strlen(text) : 0,
		                             .account = owner_id(r) };
	json_t *before = read_row(r, desk_owner(r));
	inventory_primary_put(r->backend->inventory, &put, &who, &result);
	free(text);
	json_t *reply = result.code == INVENTORY_DONE ? put_reply(r, !before) : NULL;
	json_decref(before);
	return done_reply(r, &result, reply);
}

json_t *desk_primary_remove(struct request *r) {
	char who_text[WHO_TEXT_MAX];
	struct inventory_who who = request_who(r, who_text);
	struct inventory_result result = { .code = INVENTORY_DONE };
	if (!r->backend->inventory) return desk_unavailable();
	if (r->has_account) who.account = r->account;
	inventory_primary_remove(r->backend->inventory, asked_text(r, "name"), owner_id(r), &who, &result);
	return done_reply(r, &result, result.code == INVENTORY_DONE ? reply_done() : NULL);
}

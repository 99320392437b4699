/* Requests about accounts, their own names for this server, and their consents; and the audit. */
#include <stdio.h>
#include <string.h>

#include "control/desk_rows.h"
#include "inventory/accounts.h"
#include "inventory/vanity.h"

/* -- accounts ----------------------------------------------------------------------------------------------------------- */

/* The bounds among the fields. */
static json_t *bounds_of(const struct request *r) {
	static const char *const names[] = { "name",        "plan",      "zones_max",
		                             "records_max", "bytes_max", "requests_per_minute",
		                             "ends_at",     "grace_s" };
	json_t *fields = json_object();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *value = json_object_get(r->fields, names[i]);      /* null takes a bound away */
		if (value) (void)json_object_set(fields, names[i], value); /* out of memory: without it */
	}
	return fields;
}

static enum err add(const struct row_work *w, struct row_change *c) {
	json_t *fields = bounds_of(c->r);
	enum err e = account_add(w, fields, &c->after);
	json_decref(fields);
	return e;
}

json_t *desk_account_add(struct request *r) {
	struct row_change c = { .r = r, .make = add, .action = "add", .kind = "account", .named = "name" };
	return desk_change(&c);
}

/* The public id of the account that is meant: "id", or "account" by id or name. */
static enum err target(const struct row_work *w, const struct request *r,
                       char out_id[static SECRET_ID_LEN + 1]) {
	json_t *row = NULL;
	const char *id = asked_text(r, "id");
	int64_t account = r->account ? r->account : r->caller ? r->caller->account : ROW_ACCOUNT_MAIN;
	enum err e = id ? account_find(w, id, &account) : OK;
	if (e == OK && r->account != 0 && account != r->account) e = ERR_NOTFOUND;
	if (e == OK) e = account_get(w, account, &row);
	if (e != OK) return e;
	snprintf(out_id, SECRET_ID_LEN + 1, "%s", json_string_value(json_object_get(row, "id")));
	json_decref(row);
	return OK;
}

static enum err set(const struct row_work *w, struct row_change *c) {
	char id[SECRET_ID_LEN + 1];
	enum err e = target(w, c->r, id);
	if (e == OK) e = account_find(w, id, &c->owner);
	if (e != OK) return e;
	json_t *fields = bounds_of(c->r);
	e = account_set(w, id, fields, &c->before, &c->after);
	json_decref(fields);
	return e;
}

/* Which account is meant must be said. */
static json_t *unnamed(const struct request *r) {
	if (asked_given(r, "id") || asked_given(r, "account")) return NULL;
	return reply_refusal(CONTROL_CODE_REQUEST, "expected \"id\" or \"account\": which account");
}

json_t *desk_account_set(struct request *r) {
	struct row_change c = { .r = r,
		                .make = set,
		                .action = "set",
		                .kind = "account",
		                .opens = true,
		                .named = "name",
		                .missing = "there is no such account" };
	json_t *fault = unnamed(r);
	return fault ? fault : desk_change(&c);
}

static enum err drop(const struct row_work *w, struct row_change *c) {
	char id[SECRET_ID_LEN + 1];
	enum err e = target(w, c->r, id);
	return e == OK ? account_remove(w, id, &c->before) : e;
}

json_t *desk_account_remove(struct request *r) {
	struct row_change c = { .r = r,
		                .make = drop,
		                .action = "remove",
		                .kind = "account",
		                .opens = true,
		                .named = "name",
		                .missing = "there is no such account" };
	json_t *fault = unnamed(r);
	return fault ? fault : desk_change(&c);
}

static enum err get(const struct row_work *w, struct request *r, json_t **out_row) {
	char id[SECRET_ID_LEN + 1];
	int64_t account = 0;
	enum err e = target(w, r, id);
	if (e == OK) e = account_find(w, id, &account);
	return e == OK ? account_get(w, account, out_row) : e;
}

json_t *desk_account_get(struct request *r) {
	return desk_read(r, get, "there is no such account");
}

json_t *desk_account_list(struct request *r) {
	return desk_list(r, account_page);
}

/* -- names of name servers ------------------------------------------------------------------------------------------------ */

static enum err vanity_make(const struct row_work *w, struct row_change *c) {
	return vanity_add(w, c->owner, asked_text(c->r, "name"), &c->after);
}

json_t *desk_vanity_add(struct request *r) {
	struct row_change c = { .r = r,
		                .make = vanity_make,
		                .action = "add",
		                .kind = "vanity",
		                .named = "name",
		                .owner = desk_owner(r) };
	return desk_change(&c);
}

static enum err vanity_drop(const struct row_work *w, struct row_change *c) {
	return vanity_remove(w, c->owner, asked_text(c->r, "name"), &c->before);
}

json_t *desk_vanity_remove(struct request *r) {
	struct row_change c = { .r = r,
		                .make = vanity_drop,
		                .action = "remove",
		                .kind = "vanity",
		                .named = "name",
		                .owner = desk_owner(r),
		                .missing = "the account has no such name" };
	return desk_change(&c);
}

static enum err vanity_all(const struct row_work *w, struct request *r, json_t **out_list) {
	return vanity_list(w, desk_owner(r), out_list);
}

json_t *desk_vanity_list(struct request *r) {
	return desk_read(r, vanity_all, "there is no such account");
}

/* -- consents ------------------------------------------------------------------------------------------------------------- */

static enum err consent_make(const struct row_work *w, struct row_change *c) {
	return consent_add(w, c->owner, asked_text(c->r, "name"), asked_text(c->r, "account"), &c->after);
}

json_t *desk_consent_add(struct request *r) {
	struct row_change c = { .r = r,
		                .make = consent_make,
		                .action = "add",
		                .kind = "consent",
		                .named = "name",
		                .owner = desk_owner(r),
		                .missing = "there is no such zone, or no such account" };
	return desk_change(&c);
}

static enum err consent_drop(const struct row_work *w, struct row_change *c) {
	return consent_remove(w, c->owner, asked_text(c->r, "name"), asked_text(c->r, "account"), &c->before);
}

json_t *desk_consent_remove(struct request *r) {
	struct row_change c = { .r = r,
		                .make = consent_drop,
		                .action = "remove",
		                .kind = "consent",
		                .named = "name",
		                .owner = desk_owner(r),
		                .missing = "there is no such consent" };
	return desk_change(&c);
}

static enum err consent_all(const struct row_work *w, struct request *r, json_t **out_list) {
	return consent_list(w, desk_owner(r), out_list);
}

json_t *desk_consent_list(struct request *r) {
	return desk_read(r, consent_all, "there is no such account");
}

/* -- what users are told of the server ------------------------------------------------------------------------------------ */

#define ADDRESSES_MAX 64

static enum err names_and_glue(const struct row_work *w, struct request *r, json_t **out_info) {
	const char *addresses[ADDRESSES_MAX];
	unsigned count = 0;
	size_t i;
	json_t *item, *info = r->backend->server_info(r->backend->ctx), *own = NULL, *glue = NULL;
	json_array_foreach(json_object_get(info, "addresses"), i, item) if (count < ADDRESSES_MAX)
		addresses[count++] = json_string_value(item);
	enum err e = vanity_list(w, desk_owner(r), &own);
	if (e == OK) e = vanity_glue(w, desk_owner(r), addresses, count, &glue);
	if (e == OK) {
		(void)json_object_set_new(info, "own_name_servers", own); /* out of memory: without */
		(void)json_object_set_new(info, "glue", glue);
		*out_info = info;
		return OK;
	}
	json_decref(own);
	json_decref(info);
	return e;
}

/* Without a database all but what is an account's own. */
json_t *desk_server_info(struct request *r) {
	json_t *reply = desk_read(r, names_and_glue, "there is no such account");
	if (json_is_true(json_object_get(reply, "ok"))) return reply;
	json_decref(reply);
	return reply_result(r->backend->server_info(r->backend->ctx), false);
}

/* -- the audit ------------------------------------------------------------------------------------------------------------ */

static json_t *json_or_null(const char *text) {
	json_error_t error;
	return text ? json_loads(text, JSON_DECODE_ANY, &error) : NULL;
}

static void audit_row(void *ctx, const struct inventory_audit *a) {
	json_t *o = json_pack("{s:I, s:I, s:I, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:o?, s:o?, s:s?}", "id",
	                      (json_int_t)a->id, "at", (json_int_t)a->at_s, "revision",
	                      (json_int_t)a->revision, "account", a->account_id, "who", a->who, "source",
	                      a->source, "action", a->action, "kind", a->kind, "object", a->object, "before",
	                      json_or_null(a->before), "after", json_or_null(a->after), "why", a->why);
	(void)json_array_append_new(ctx, o); /* out of memory: one less */
}

/* A zone as its rows name it. */
static const char *object_of(const struct request *r, char text[static NAME_TEXT_MAX]) {
	return r->has_zone ? name_text_short(r->zone.wire, text) : asked_text(r, "object");
}

json_t *desk_audit_page(struct request *r) {
	char object[NAME_TEXT_MAX];
	int64_t limit = asked_number(r, "limit", 100);
	unsigned rows = limit < 1 ? 1 : limit > INVENTORY_PAGE_MAX ? INVENTORY_PAGE_MAX : (unsigned)limit;
	json_t *list = json_array();
	if (!r->backend->inventory ||
	    inventory_audit_page(r->backend->inventory, r->account, asked_number(r, "before", 0),
	                         object_of(r, object), rows, audit_row, list) != OK) {
		json_decref(list);
		return desk_unavailable();
	}
	json_t *last = json_array_size(list) == rows ? json_array_get(list, rows - 1) : NULL;
	json_t *next = json_incref(json_object_get(last, "id"));
	return reply_result(json_pack("{s:o, s:o?}", "rows", list, "next", next), false);
}

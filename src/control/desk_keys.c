/* Requests about TSIG keys and API keys. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "control/desk_rows.h"
#include "inventory/accounts.h"
#include "inventory/tokens.h"

/* -- TSIG keys ------------------------------------------------------------------------------------------------------- */

static enum err key_add(const struct row_work *w, struct row_change *c) {
	const struct tsig_wish wish = { .account = c->owner,
		                        .name = asked_text(c->r, "name"),
		                        .algorithm = asked_text(c->r, "algorithm"),
		                        .secret = asked_text(c->r, "secret") };
	return tsig_key_add(w, c->r->backend->keys, &wish, c->secret, &c->after);
}

json_t *desk_key_add(struct request *r) {
	struct row_change c = { .r = r,
		                .make = key_add,
		                .action = "add",
		                .kind = "key",
		                .named = "name",
		                .owner = desk_owner(r),
		                .once = "secret" };
	return desk_change(&c);
}

static enum err key_remove(const struct row_work *w, struct row_change *c) {
	char *id = desk_id(w, c->r, tsig_key_page);
	enum err e = id ? tsig_key_remove(w, c->r->account, id, &c->before, &c->owner) : ERR_NOTFOUND;
	free(id);
	return e;
}

json_t *desk_key_remove(struct request *r) {
	struct row_change c = { .r = r,
		                .make = key_remove,
		                .action = "remove",
		                .kind = "key",
		                .named = "name",
		                .missing = "there is no such key" };
	return desk_change(&c);
}

json_t *desk_key_list(struct request *r) {
	return desk_list(r, tsig_key_page);
}

static enum err key_get(const struct row_work *w, struct request *r, json_t **out_row) {
	char *id = desk_id(w, r, tsig_key_page);
	enum err e = id ? tsig_key_get(w, r->account, id, out_row) : ERR_NOTFOUND;
	free(id);
	return e;
}

json_t *desk_key_get(struct request *r) {
	return desk_read(r, key_get, "there is no such key");
}

/* -- API keys ---------------------------------------------------------------------------------------------------------- */

static enum err token_make(const struct row_work *w, struct row_change *c) {
	const json_t *list = asked_value(c->r, "zones");
	size_t count = json_array_size(list);
	struct token_wish wish = { .account = c->owner,
		                   .name = asked_text(c->r, "name"),
		                   .primary = asked_text(c->r, "primary"),
		                   .expires_s = asked_number(c->r, "expires_at", 0) };
	if (scope_parse(asked_text(c->r, "scope"), &wish.scope) != OK) {
		field_fault_add(w->faults, "scope", "expected read, write or admin");
		return ERR_CONFIG;
	}
	if (count > TOKEN_ZONES_MAX) {
		field_fault_add(w->faults, "zones", "expected at most %d names", TOKEN_ZONES_MAX);
		return ERR_CONFIG;
	}
	const char **zones = xcalloc(count ? count : 1, sizeof(*zones));
	for (size_t i = 0; i < count; i++)
		zones[i] = json_string_value(json_array_get(list, i));
	wish.zones = zones;
	wish.zone_count = (unsigned)count;
	enum err e = token_add(w, c->r->caller, &wish, c->secret, &c->after);
	free(zones);
	return e;
}

json_t *desk_token_add(struct request *r) {
	struct row_change c = { .r = r,
		                .make = token_make,
		                .action = "add",
		                .kind = "token",
		                .named = "name",
		                .owner = desk_owner(r),
		                .once = "token" };
	return desk_change(&c);
}

static enum err token_drop(const struct row_work *w, struct row_change *c) {
	const struct caller *by = c->r->caller;
	enum scope scope = SCOPE_READ;
	enum err e = token_remove(w, c->r->account, asked_text(c->r, "id"), &c->before, &c->owner);
	if (e != OK || !by) return e;
	e = scope_parse(json_string_value(json_object_get(c->before, "scope")), &scope);
	if (e != OK || scope <= by->scope) return e;
	return row_refuse(w, ERR_REFUSED, "a key removes no key that reaches further than itself");
}

json_t *desk_token_remove(struct request *r) {
	struct row_change c = { .r = r,
		                .make = token_drop,
		                .action = "remove",
		                .kind = "token",
		                .opens = true,
		                .named = "name",
		                .missing = "there is no API key with this id" };
	return desk_change(&c);
}

json_t *desk_token_list(struct request *r) {
	return desk_list(r, token_page);
}

static enum err token_get_own(const struct row_work *w, struct request *r, json_t **out_row) {
	return token_get(w, r->caller->account, r->caller->token_id, out_row);
}

static enum err account_get_own(const struct row_work *w, struct request *r, json_t **out_row) {
	return account_get(w, r->caller ? r->caller->account : ROW_ACCOUNT_MAIN, out_row);
}

/* Who am I?  {"operator", "token", "account"} */
json_t *desk_token_self(struct request *r) {
	json_t *token = NULL, *reply = desk_read(r, account_get_own, "the account is gone");
	json_t *account = json_incref(json_object_get(reply, "result"));
	if (!account) return reply;
	json_decref(reply);
	if (r->caller) {
		reply = desk_read(r, token_get_own, "the key is gone");
		token = json_incref(json_object_get(reply, "result"));
		json_decref(reply);
	}
	return reply_result(json_pack("{s:o?, s:o?, s:o}", "operator",
	                              r->caller ? NULL : json_string(r->from->who), "token", token, "account",
	                              account),
	                    false);
}

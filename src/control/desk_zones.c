/* Requests that change zones of the inventory, or read one of them. */
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "control/desk_parts.h"

/* -- what a key is bound to -------------------------------------------------------------------------------------------- */

static bool is_bound_address(const struct caller *c, const json_t *item) {
	struct addr a;
	const char *text = json_string_value(item);
	return text && addr_parse(text, c->primary.port ? c->primary.port : 53, &a) == OK &&
	       caller_reaches_primary(c, &a);
}

/* The key's primary must be the only one.  change: the settings are those of a change, which may leave it out. */
static bool settings_bound(const struct request *r, const json_t *settings, bool change) {
	const json_t *list = json_object_get(settings, "primaries");
	if (!r->caller || !r->caller->has_primary) return true;
	if (!list && change) return true;
	return json_array_size(list) == 1 && is_bound_address(r->caller, json_array_get(list, 0));
}

static bool name_bound(const struct request *r, const char *text) {
	struct name name;
	char lower[NAME_TEXT_MAX];
	if (!r->caller || !r->caller->zones) return true;
	if (!text || name_parse(text, &name) != OK) return false;
	name_to_lower(&name);
	return !caller_is_kept_from(r->caller, name_text_short(name.wire, lower));
}

static json_t *bound_fault(const struct request *r, const char *name, const json_t *settings, bool change) {
	if (name && !name_bound(r, name))
		return reply_refusal(CONTROL_CODE_FORBIDDEN,
		                     "the key is for certain zones only, and not for this one");
	if (settings && !settings_bound(r, settings, change))
		return reply_refusal(CONTROL_CODE_FORBIDDEN,
		                     "the key is for zones with one certain primary only, as their only one");
	return NULL;
}

/* -- one zone ----------------------------------------------------------------------------------------------------------- */

/* The loop's part: how the zone is now. */
static json_t *with_status(struct request *r) {
	const struct control_backend *b = r->backend;
	json_t *result = json_object_get(r->reply, "result"), *inner = json_object_get(result, "zone");
	json_t *zone = inner ? inner : result, *reply = r->reply;
	struct name name;
	r->reply = NULL;
	const char *text = json_string_value(json_object_get(zone, "name"));
	if (!text || name_parse(text, &name) != OK) return reply;
	name_to_lower(&name);
	/* The configuration file may have the name too: then what is served is not this zone. */
	json_t *status = request_may_see(r, name.wire) ? b->zone_brief(b->ctx, name.wire) : NULL;
	if (status) (void)json_object_set_new(zone, "status", status); /* out of memory: null stays */
	json_t *proof = json_object_get(zone, "proof");
	const char *found = json_is_object(proof) && b->zone_proof_text ? b->zone_proof_text(b->ctx, text)
	                                                                : NULL;
	if (found)
		(void)json_object_set_new(proof, "text", json_string(found)); /* or the general one stays */
	return reply;
}

static bool zone_reached(const struct request *r, const json_t *zone) {
	return name_bound(r, json_string_value(json_object_get(zone, "name"))) &&
	       settings_bound(r, json_object_get(zone, "settings"), false);
}

/* The zone is there, and its key is kept from it: by its name, or as it has another primary. */
static bool kept_from(struct request *r, int64_t account, const char *name, const char *id) {
	if (!r->caller || (!r->caller->zones && !r->caller->has_primary)) return false;
	json_t *zone = desk_zone_now(r, account, name, id);
	bool kept = zone && !zone_reached(r, zone);
	json_decref(zone);
	return kept;
}

static json_t *changed_reply(struct request *r, enum inventory_action action, const struct inventory_who *who,
                             bool added) {
	if (action == ZONE_REMOVE) return reply_done();
	json_t *zone = desk_zone_now(r, who->account, asked_text(r, "zone"), asked_text(r, "id"));
	r->seen = with_status;
	if (!zone) return reply_refusal(CONTROL_CODE_FAILED, "the zone was changed, but cannot be read");
	if (action != ZONE_PUT) return reply_result(zone, false);
	return reply_result(json_pack("{s:b, s:o}", "created", added, "zone", zone), false);
}

/* With primary_address the primaries as they are now, moved there, are among the settings.  A zone that is not there is
 * told by the change. */
static void move_primary(struct request *r, int64_t account, json_t *settings) {
	const char *address = asked_text(r, "primary_address");
	if (!address) return;
	json_t *zone = desk_zone_now(r, account, asked_text(r, "zone"), asked_text(r, "id"));
	const json_t *old = json_object_get(json_object_get(zone, "settings"), "primaries");
	(void)json_object_set_new(settings, "primaries",
	                          desk_primaries_moved(old, address)); /* or a fault tells */
	json_decref(zone);
}

static json_t *change(struct request *r, enum inventory_action action) {
	char who_text[WHO_TEXT_MAX];
	struct inventory_who who = request_who(r, who_text);
	struct inventory_result result = { .code = INVENTORY_DONE };
	json_t *settings = asked_value(r, "settings");
	if (r->backend->inventory) move_primary(r, who.account, settings);
	json_t *fault = bound_fault(r, asked_text(r, "zone"), settings, action == ZONE_SET);
	if (fault) return fault;
	if (!r->backend->inventory) return desk_unavailable();
	if (kept_from(r, who.account, asked_text(r, "zone"), asked_text(r, "id"))) return reply_no_zone(r);
	char *text = settings ? json_dumps(settings, JSON_COMPACT) : NULL;
	r->claims = action == ZONE_ADD || action == ZONE_PUT || action == ZONE_SET;
	if (r->has_account) who.account = r->account; /* whoever it is done for */
	struct inventory_zone_change c = {
		.action = action,
		.name = asked_text(r, "zone"),
		.id = asked_text(r, "id"),
		.settings = text,
		.settings_len = text ? strlen(text) : 0,
		.if_version = asked_number(r, "if_version", 0),
		.account = !r->has_account && r->caller && who.is_admin ? r->caller->account_id : NULL,
	};
	struct inventory_batch batch = { .changes = &c, .count = 1, .origin = "api" };
	inventory_apply(r->backend->inventory, &batch, &who, &result);
	json_t *reply = result.code == INVENTORY_DONE ? changed_reply(r, action, &who, result.added > 0)
	                                              : desk_refusal(&result, true);
	desk_keep(r, &result);
	free(text);
	return reply;
}

json_t *desk_zone_add(struct request *r) {
	return change(r, ZONE_ADD);
}

json_t *desk_zone_put(struct request *r) {
	return change(r, ZONE_PUT);
}

json_t *desk_zone_set(struct request *r) {
	return change(r, ZONE_SET);
}

json_t *desk_zone_remove(struct request *r) {
	return change(r, ZONE_REMOVE);
}

json_t *desk_zone_get(struct request *r) {
	if (!r->backend->inventory) return desk_unavailable();
	json_t *zone = desk_zone_now(r, r->account, asked_text(r, "zone"), asked_text(r, "id"));
	if (zone && !zone_reached(r, zone)) {
		json_decref(zone);
		zone = NULL;
	}
	if (!zone)
		return inventory_state(r->backend->inventory) == INVENTORY_UNAVAILABLE ? desk_unavailable()
		                                                                       : reply_no_zone(r);
	r->seen = with_status;
	return reply_result(zone, false);
}

/* The loop's part; which zone it is was found on the desk. */
static json_t *prove_now(struct request *r) {
	const struct control_backend *b = r->backend;
	json_t *zone = json_object_get(json_object_get(r->reply, "result"), "name");
	bool begun = b->zone_prove && b->zone_prove(b->ctx, json_string_value(zone));
	json_decref(r->reply);
	r->reply = NULL;
	if (begun) return reply_done();
	if (b->zone_prove)
		return reply_refusal(CONTROL_CODE_BUSY,
		                     "it is looked for, or was a moment ago; zone.get tells what was found");
	return reply_refusal(CONTROL_CODE_FAILED, "zones need no proof here (server.mode: private)");
}

json_t *desk_zone_prove(struct request *r) {
	json_t *reply = desk_zone_get(r);
	r->seen = prove_now;
	return reply;
}

/* -- many ---------------------------------------------------------------------------------------------------------------- */

struct many {
	struct inventory_zone_change *changes;
	char **texts; /* of the settings */
	size_t count;
};

static void many_free(struct many *m) {
	for (size_t i = 0; i < m->count; i++)
		free(m->texts[i]);
	free(m->texts);
	free(m->changes);
}

/* NULL: m is filled, as far as m->count tells. */
static json_t *item_read(struct request *r, json_t *item, const char *owner, struct many *m) {
	json_t *settings = json_object_get(item, "settings");
	const char *name = json_string_value(json_object_get(item, "name"));
	if (!name || !json_is_object(settings) || json_object_size(item) != 2)
		return reply_refusal(
			CONTROL_CODE_REQUEST,
			"\"zones\": expected a list of objects with name, a text, and settings, an object");
	json_t *fault = bound_fault(r, name, settings, false);
	if (fault) return fault;
	if (kept_from(r, r->caller ? r->caller->account : 0, name, NULL))
		return reply_refusal(CONTROL_CODE_FORBIDDEN,
		                     "the key is for zones with another primary than one of these");
	char *text = json_dumps(settings, JSON_COMPACT);
	m->texts[m->count] = text;
	m->changes[m->count++] = (struct inventory_zone_change){ .action = ZONE_PUT,
		                                                 .name = name,
		                                                 .settings = text,
		                                                 .settings_len = text ? strlen(text) : 0,
		                                                 .account = owner };
	return NULL;
}

static json_t *many_read(struct request *r, const struct inventory_who *who, struct many *m) {
	json_t *list = asked_value(r, "zones"), *fault = NULL;
	size_t count = json_array_size(list);
	const char *owner = !r->has_account && r->caller && who->is_admin ? r->caller->account_id : NULL;
	if (count > INVENTORY_ZONES_MAX)
		return reply_refusal(CONTROL_CODE_TOO_BIG, "a batch has at most 100000 zones");
	m->changes = calloc(count ? count : 1, sizeof(*m->changes));
	m->texts = calloc(count ? count : 1, sizeof(*m->texts));
	if (!m->changes || !m->texts) return reply_refusal(CONTROL_CODE_FAILED, "out of memory");
	for (size_t i = 0; i < count && !fault; i++)
		fault = item_read(r, json_array_get(list, i), owner, m);
	return fault;
}

json_t *desk_zones_apply(struct request *r) {
	char who_text[WHO_TEXT_MAX];
	struct inventory_who who = request_who(r, who_text);
	struct inventory_result result = { .code = INVENTORY_DONE };
	struct many m = { .count = 0 };
	if (!r->backend->inventory) return desk_unavailable();
	if (r->has_account) who.account = r->account;
	if (asked_flag(r, "replace") && r->caller && (r->caller->zones || r->caller->has_primary))
		return reply_refusal(
			CONTROL_CODE_FORBIDDEN,
			"the key is bound to zones or to a primary, and cannot replace all zones of the account");
	if (asked_flag(r, "replace")) { /* whose zones it replaces must be one account's */
		who.account = r->account ? r->account : r->caller ? r->caller->account : ROW_ACCOUNT_MAIN;
	}
	json_t *reply = many_read(r, &who, &m);
	if (!reply) {
		struct inventory_batch batch = { .changes = m.changes,
			                         .count = m.count,
			                         .origin = "api",
			                         .replace = asked_flag(r, "replace"),
			                         .force = asked_flag(r, "force") };
		inventory_apply(r->backend->inventory, &batch, &who, &result);
		reply = result.code != INVENTORY_DONE
		                ? desk_refusal(&result, false)
		                : reply_result(json_pack("{s:I, s:I, s:I, s:I}", "added",
		                                         (json_int_t)result.added, "changed",
		                                         (json_int_t)result.changed, "removed",
		                                         (json_int_t)result.removed, "unchanged",
		                                         (json_int_t)result.unchanged),
		                               false);
		desk_keep(r, &result);
	}
	many_free(&m);
	return reply;
}

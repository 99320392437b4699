#include "control/desk_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/claims.h"

json_t *desk_unavailable(void) {
	return reply_refusal(CONTROL_CODE_UNAVAILABLE,
	                     "the database cannot be had now; what is served stays");
}

json_t *desk_failed(enum err e, const char *what) {
	return e == ERR_NOTFOUND ? reply_refusal(CONTROL_CODE_NOT_FOUND, what) : desk_unavailable();
}

static json_t *faults_of(const struct inventory_result *result, bool one) {
	json_t *list = json_array();
	for (size_t i = 0; i < result->fault_count; i++) {
		const struct inventory_fault *f = &result->faults[i];
		json_t *o = json_pack("{s:s, s:s}", "field", f->field ? f->field : "", "text",
		                      f->text ? f->text : "");
		if (o && !one)
			(void)json_object_set_new(o, "change",
			                          json_integer((json_int_t)f->change)); /* or without */
		(void)json_array_append_new(list, o); /* out of memory: one less */
	}
	return list;
}

json_t *desk_refusal(const struct inventory_result *result, bool one) {
	const char *code = inventory_code_word(result->code);
	json_t *reply = reply_refusal(code, result->text[0] ? result->text : code);
	if (reply && result->fault_count > 0)
		(void)json_object_set_new(reply, "faults", faults_of(result, one)); /* or without */
	return reply;
}

static json_t *proof_of(const struct inventory_zone *zone) {
	if (!claim_is_pending(zone->proof)) return NULL;
	char text[1024];
	(void)snprintf(
		text, sizeof(text), /* cut at the end */
		"not served until it is shown that the zone is yours: publish the TXT record "
		"_understudy-challenge.%s with the text understudy-proof=%s; or delegate it to %s. before a name of "
		"server.info; or have every primary and one of our name servers in its delegation",
		zone->name, zone->token ? zone->token : "", zone->account_id ? zone->account_id : "");
	return json_pack("{s:s, s:s*, s:s, s:o?}", "state", CLAIM_PENDING, "token", zone->token, "text", text,
	                 "tried_at", zone->proof_s ? json_integer(zone->proof_s) : NULL);
}

/* Takes settings; NULL: there are none. */
static json_t *zone_with(const struct inventory_zone *z, json_t *settings) {
	return json_pack("{s:s, s:s, s:s*, s:s*, s:s, s:o, s:I, s:I, s:I, s:o?, s:n}", "id", z->id, "name",
	                 z->name, "account", z->account_id, "account_name", z->account_name, "origin",
	                 z->origin, "settings", settings ? settings : json_object(), "version",
	                 (json_int_t)z->version, "created_at", (json_int_t)z->created_s, "changed_at",
	                 (json_int_t)z->changed_s, "proof", proof_of(z), "status");
}

static json_t *settings_read(const struct inventory_zone *z) {
	json_error_t error;
	return z->settings ? json_loads(z->settings, 0, &error) : NULL;
}

json_t *desk_zone(const struct inventory_zone *z) {
	return zone_with(z, settings_read(z));
}

void desk_zones_add(void *ctx, const struct inventory_zone *z) {
	struct desk_zones *zones = ctx;
	if (!z->settings || !zones->text || strcmp(z->settings, zones->text) != 0) {
		json_decref(zones->settings);
		free(zones->text);
		zones->settings = settings_read(z);
		zones->text = z->settings ? xstrdup(z->settings) : NULL;
	}
	json_t *zone = zone_with(z, json_incref(zones->settings));
	(void)json_array_append_new(zones->list, zone); /* out of memory: one less */
}

void desk_zones_done(struct desk_zones *zones) {
	json_decref(zones->settings);
	free(zones->text);
	zones->settings = NULL;
	zones->text = NULL;
}

static void keep_zone(void *ctx, const struct inventory_zone *zone) {
	*(json_t **)ctx = desk_zone(zone);
}

json_t *desk_zone_now(struct request *r, int64_t account, const char *name, const char *id) {
	json_t *zone = NULL;
	if (inventory_zone_find(r->backend->inventory, account, name, id, keep_zone, &zone) != OK)
		return NULL;
	return zone;
}

void desk_keep(struct request *r, struct inventory_result *result) {
	r->changes = result->wanted;
	memset(&result->wanted, 0, sizeof(result->wanted));
	inventory_result_done(result);
}

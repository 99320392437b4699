/* The part of PowerDNS's HTTP API that a secondary has use for: zones of kind Slave.  Calls of Terraform's provider
 * and of PowerDNS-Admin work; fields that mean nothing here (nameservers, soa_edit_api …) are taken and left. */
#include <stdio.h>
#include <string.h>

#include "web/api.h"
#include "web/handlers.h"
#include "web/list.h"
#include "web/powerdns_map.h"

/* -- the zone of the path ------------------------------------------------------------------------------------------- */

/* A new reference; NULL: answered. */
static json_t *zone_request(struct exchange *x, const char *name) {
	char zone[NAMES_TEXT_MAX];
	if (powerdns_zone_name(x->params[0], zone) != OK) {
		exchange_error(x, 404, "Not Found");
		return NULL;
	}
	json_t *request = api_request(x, name);
	json_object_set_new(request, "zone", json_string(zone));
	return request;
}

static void on_no_content(struct exchange *x, json_t *result) {
	(void)result;
	exchange_empty(x, 204);
}

static void ask_if_well(struct exchange *x, json_t *request, struct faults *faults,
                        void (*done)(struct exchange *, json_t *)) {
	if (api_faults(x, faults))
		json_decref(request);
	else
		api_ask(x, request, done);
}

/* -- zones ------------------------------------------------------------------------------------------------------------ */

static json_t *row(struct exchange *x, json_t *zone) {
	(void)x;
	return powerdns_zone_out(zone);
}

static void on_only_one(struct exchange *x, json_t *zone) {
	exchange_json(x, 200, json_pack("[o]", powerdns_zone_out(zone)));
}

static void on_none(struct exchange *x, const char *code, json_t *reply) {
	if (strcmp(code, "not-found") == 0)
		exchange_json(x, 200, json_array());
	else
		api_refuse(x, code, reply);
}

void powerdns_zones(struct exchange *x) {
	static const struct list list = {
		.rows = "zones", .cursor = "after", .row = row, .begin = "[", .end = "]\n"
	};
	const char *zone = target_query(&x->target, "zone");
	if (!zone) {
		list_answer(x, &list, NULL);
		return;
	}
	x->params[0] = zone;
	x->failed = on_none;
	json_t *request = zone_request(x, "zone.get");
	if (request) api_ask(x, request, on_only_one);
}

/* With rrsets, as clients expect them there: a secondary's records are not changed by them. */
static void on_zone(struct exchange *x, json_t *zone) {
	json_t *out = powerdns_zone_out(zone);
	const char *rrsets = target_query(&x->target, "rrsets");
	if (!rrsets || strcmp(rrsets, "false") != 0) json_object_set_new(out, "rrsets", json_array());
	json_object_set_new(out, "nameservers", json_array());
	exchange_json(x, x->ok_status ? x->ok_status : 200, out);
}

void powerdns_zone(struct exchange *x) {
	json_t *request = zone_request(x, x->route->request);
	if (request) api_ask(x, request, on_zone);
}

void powerdns_zone_add(struct exchange *x) {
	struct faults faults = { 0 };
	const char *name = json_string_value(json_object_get(x->body, "name"));
	char zone[NAMES_TEXT_MAX], fault[NAMES_FAULT_MAX];
	json_t *request = api_request(x, x->route->request), *settings = powerdns_settings(x->body, &faults);
	if (names_canonical(name, zone, fault) != OK)
		faults_add(&faults, "name", "%s", fault);
	else
		json_object_set_new(request, "zone", json_string(zone));
	powerdns_check_kind(x->body, &faults);
	if (json_object_size(settings) == 0)
		faults_add(&faults, "masters", "is missing: whom to copy the zone from");
	json_object_set_new(request, "settings", settings);
	x->ok_status = 201;
	ask_if_well(x, request, &faults, on_zone);
}

void powerdns_zone_put(struct exchange *x) {
	struct faults faults = { 0 };
	json_t *settings = powerdns_settings(x->body, &faults);
	bool changes = json_object_size(settings) > 0;
	json_t *request = zone_request(x, changes ? x->route->request : "zone.get");
	powerdns_check_kind(x->body, &faults);
	if (request && changes) json_object_set(request, "settings", settings);
	json_decref(settings);
	if (request)
		ask_if_well(x, request, &faults, on_no_content);
	else
		faults_done(&faults);
}

void powerdns_zone_delete(struct exchange *x) {
	json_t *request = zone_request(x, x->route->request);
	if (request) api_ask(x, request, on_no_content);
}

static void on_retrieve(struct exchange *x, json_t *result) {
	(void)result;
	exchange_json(x, 200,
	              json_pack("{s:o}", "result",
	                        json_sprintf("Added retrieval request for '%s'", x->params[0])));
}

void powerdns_retrieve(struct exchange *x) {
	json_t *request = zone_request(x, x->route->request);
	if (request) api_ask(x, request, on_retrieve);
}

static void on_text(struct exchange *x, json_t *result) {
	if (!result) {
		exchange_end(x, true);
		return;
	}
	if (x->stage < STAGE_ANSWERED) exchange_stream(x, 200, "text/plain; charset=utf-8");
	if (json_is_string(result)) exchange_write(x, json_string_value(result), json_string_length(result));
}

void powerdns_export(struct exchange *x) {
	json_t *request = zone_request(x, x->route->request);
	if (request) api_ask_parts(x, request, on_text);
}

/* -- what a secondary cannot do --------------------------------------------------------------------------------------- */

static void on_read_only(struct exchange *x, json_t *zone) {
	(void)zone;
	exchange_error(x, 422, "This server is a secondary: records are changed on the primary.");
}

void powerdns_zone_patch(struct exchange *x) {
	json_t *request = zone_request(x, x->route->request);
	if (request) api_ask(x, request, on_read_only);
}

static void on_not_asked(struct exchange *x, json_t *zone) {
	(void)zone;
	exchange_error(x, 422, "Those who are to be notified are, of each new version, and not by request.");
}

void powerdns_notify(struct exchange *x) {
	json_t *request = zone_request(x, x->route->request);
	if (request) api_ask(x, request, on_not_asked);
}

static void on_empty_list(struct exchange *x, json_t *zone) {
	(void)zone;
	exchange_json(x, 200, json_array());
}

/* metadata, cryptokeys: there are none, of a zone that is there. */
void powerdns_zone_nothing(struct exchange *x) {
	json_t *request = zone_request(x, x->route->request);
	if (request) api_ask(x, request, on_empty_list);
}

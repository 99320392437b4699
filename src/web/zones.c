/* /api/zones: what there is, and what changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/api.h"
#include "web/handlers.h"
#include "web/list.h"
#include "web/names.h"
#include "web/site.h"
#include "web/zone_in.h"
#include "web/zone_out.h"
#include "web/zone_ref.h"

#define ETAG_MAX 32

/* -- answers ------------------------------------------------------------------------------------------------------- */

static void answer_zone(struct exchange *x, int status, json_t *zone) {
	char etag[ETAG_MAX];
	snprintf(etag, sizeof(etag), "\"%lld\"",
	         (long long)json_integer_value(json_object_get(zone, "version")));
	exchange_set(x, "ETag", etag);
	exchange_json(x, status, zone_out(x->site->schemas, zone));
}

static void on_zone(struct exchange *x, json_t *zone) {
	answer_zone(x, 200, zone);
}

static void on_created(struct exchange *x, json_t *zone) {
	char path[160];
	const char *id = json_string_value(json_object_get(zone, "id"));
	snprintf(path, sizeof(path), "/api/zones/%s", id ? id : "");
	exchange_set(x, "Location", path);
	answer_zone(x, 201, zone);
}

static void on_put(struct exchange *x, json_t *result) {
	json_t *zone = json_object_get(result, "zone");
	if (json_is_true(json_object_get(result, "created")))
		on_created(x, zone);
	else
		answer_zone(x, 200, zone);
}

static void on_done(struct exchange *x, json_t *result) {
	(void)result;
	exchange_json(x, 200, json_pack("{s:b}", "success", 1));
}

static void on_object(struct exchange *x, json_t *result) {
	exchange_json(x, 200, json_incref(result));
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

/* If-Match: the version that the caller has read (RFC 9110 section 13.1.1).  false: answered. */
static bool set_version(struct exchange *x, json_t *request) {
	const char *tag = exchange_header(x, "If-Match");
	if (!tag || strcmp(tag, "*") == 0) return true;
	char *end = NULL;
	long long version = tag[0] == '"' && tag[1] >= '0' && tag[1] <= '9' ? strtoll(tag + 1, &end, 10) : 0;
	if (!end || strcmp(end, "\"") != 0) {
		exchange_error(x, 412, "If-Match is not the ETag of the zone as it is now");
		return false;
	}
	json_object_set_new(request, "if_version", json_integer(version));
	return true;
}

/* Fields of the body that go beside the settings. */
static void set_owner(struct exchange *x, json_t *request) {
	json_t *account = json_object_get(x->body, "account");
	if (account && !json_is_null(account)) json_object_set(request, "account", account);
}

/* Put name, as the daemon has it, into the request.  false: a fault was added. */
static bool set_name(json_t *request, const char *field, const char *name, struct faults *faults,
                     const char *fault_field) {
	char canonical[NAMES_TEXT_MAX], fault[NAMES_FAULT_MAX];
	if (names_canonical(name, canonical, fault) != OK) {
		faults_add(faults, fault_field, "%s", fault);
		return false;
	}
	json_object_set_new(request, field, json_string(canonical));
	return true;
}

/* Ask, unless something was wrong. */
static void ask_if_well(struct exchange *x, json_t *request, struct faults *faults,
                        void (*done)(struct exchange *, json_t *)) {
	if (api_faults(x, faults))
		json_decref(request);
	else
		api_ask(x, request, done);
}

/* Ask, unless something was wrong or the caller has read another version. */
static void ask_if_same(struct exchange *x, json_t *request, struct faults *faults,
                        void (*done)(struct exchange *, json_t *)) {
	if (set_version(x, request)) {
		ask_if_well(x, request, faults, done);
	} else {
		faults_done(faults);
		json_decref(request);
	}
}

void zones_list(struct exchange *x) {
	static const struct list list = { .rows = "zones",
		                          .cursor = "after",
		                          .row = zone_ref_row,
		                          .filter = zone_ref_filter,
		                          .begin = "[",
		                          .end = "]" };
	list_answer(x, &list, NULL);
}

void zones_add(struct exchange *x) {
	struct faults faults = { 0 };
	json_t *request = api_request(x, x->route->request);
	(void)set_name(request, "zone", json_string_value(json_object_get(x->body, "name")), &faults,
	               "name"); /* told by faults */
	json_t *settings = zone_in_settings(x->site->schemas, "ZoneNew", x->body, 0, &faults, "");
	if (!json_object_get(settings, "primaries") && !json_object_get(settings, "template"))
		faults_add(&faults, "masterIp", "is missing; masterIp, primaries or template is needed");
	json_object_set_new(request, "settings", settings);
	set_owner(x, request);
	ask_if_well(x, request, &faults, on_created);
}

void zone_get(struct exchange *x) {
	json_t *request = zone_ref_request(x, x->route->request);
	if (request) api_ask(x, request, on_zone);
}

/* masterIp alone is where the primary is now; its key and port are not taken from it. */
static void move_primary(struct exchange *x, json_t *request, json_t *settings) {
	json_t *master = json_object_get(x->body, "masterIp");
	if (!json_is_string(master) || json_object_get(x->body, "primaries")) return;
	json_object_set(request, "primary_address", master);
	json_object_del(settings, "primaries");
}

void zone_patch(struct exchange *x) {
	struct faults faults = { 0 };
	json_t *request = zone_ref_request(x, x->route->request);
	if (!request) return;
	json_t *settings = zone_in_settings(x->site->schemas, "ZonePatch", x->body, 1, &faults, "");
	move_primary(x, request, settings);
	json_object_set_new(request, "settings", settings);
	ask_if_same(x, request, &faults, on_zone);
}

void zone_put(struct exchange *x) {
	struct faults faults = { 0 };
	json_t *request = zone_ref_request(x, x->route->request);
	if (!request) return;
	json_object_set_new(request, "settings",
	                    zone_in_settings(x->site->schemas, "ZonePut", x->body, 0, &faults, ""));
	set_owner(x, request);
	ask_if_same(x, request, &faults, on_put);
}

void zone_delete(struct exchange *x) {
	json_t *request = zone_ref_request(x, x->route->request);
	if (!request) return;
	if (set_version(x, request))
		api_ask(x, request, on_done);
	else
		json_decref(request);
}

/* refresh, retransfer, accept, hold, release; rollback has a serial. */
void zone_action(struct exchange *x) {
	json_t *request = zone_ref_request(x, x->route->request);
	json_t *serial = json_object_get(x->body, "serial");
	if (!request) return;
	if (serial) json_object_set(request, "serial", serial);
	api_ask(x, request, on_done);
}

void zones_batch(struct exchange *x) {
	struct faults faults = { 0 };
	json_t *request = api_request(x, x->route->request), *zones = json_array(), *zone;
	size_t i;
	json_array_foreach(json_object_get(x->body, "zones"), i, zone) {
		char prefix[32], field[48];
		snprintf(prefix, sizeof(prefix), "zones[%zu].", i);
		snprintf(field, sizeof(field), "%sname", prefix);
		json_t *row = json_object();
		(void)set_name(row, "name", json_string_value(json_object_get(zone, "name")), &faults,
		               field); /* told by faults */
		json_object_set_new(row, "settings",
		                    zone_in_settings(x->site->schemas, "ZoneBatch", zone, 0, &faults,
		                                     prefix));
		json_array_append_new(zones, row);
	}
	json_object_set_new(request, "zones", zones);
	set_owner(x, request);
	json_object_set_new(request, "replace",
	                    json_boolean(json_is_true(json_object_get(x->body, "replace"))));
	json_object_set_new(request, "force", json_boolean(json_is_true(json_object_get(x->body, "force"))));
	ask_if_well(x, request, &faults, on_object);
}

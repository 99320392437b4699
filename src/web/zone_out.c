#include "web/zone_out.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "web/json.h"
#include "web/schema.h"
#include "web/zone_out_primaries.h"

static const char *text_of(json_t *object, const char *name) {
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

static json_t *or_null(json_t *value) {
	return value ? json_incref(value) : json_null();
}

/* -- words ---------------------------------------------------------------------------------------------------------- */

static const char *const health_words[] = { "synced", "stale", "master_unreachable", "pending", "error" };

const char *health_word(enum health h) {
	return health_words[h];
}

/* Reasons that mean: nobody answered at the primary's address. */
static bool unreachable(json_t *status) {
	static const char *const reasons[] = { "unreachable", "timeout",  "tcp-blocked", "closed",
		                               "stalled",     "tls-none", "tls-timeout" };
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (strcmp(text_of(status, "reason"), reasons[i]) == 0) return true;
	}
	return false;
}

static bool behind(json_t *status) {
	json_t *ours = json_object_get(status, "serial"), *theirs = json_object_get(status, "primary_serial");
	return json_is_integer(ours) && json_is_integer(theirs) && !json_equal(ours, theirs);
}

enum health zone_health(json_t *status) {
	const char *state = text_of(status, "state"), *told = text_of(status, "health");
	for (int i = 0; i < HEALTH_COUNT; i++) {
		if (strcmp(told, health_words[i]) == 0) return (enum health)i; /* the daemon has judged */
	}
	if (!json_is_object(status) || strcmp(state, "pending") == 0) return HEALTH_PENDING;
	if (strcmp(state, "active") == 0) return HEALTH_SYNCED;
	if (strcmp(state, "held") == 0) return behind(status) ? HEALTH_STALE : HEALTH_SYNCED;
	if (unreachable(status)) return HEALTH_UNREACHABLE;
	return strcmp(state, "stale") == 0 ? HEALTH_STALE : HEALTH_ERROR;
}

/* What is served is active, however old it is. */
const char *zone_status_word(json_t *status) {
	const char *state = text_of(status, "state");
	if (!json_is_object(status) || strcmp(state, "pending") == 0) return "pending";
	return strcmp(state, "error") == 0 || strcmp(state, "expired") == 0 ? "error" : "active";
}

static json_t *serial_text(json_t *serial) {
	return json_is_integer(serial) ? json_sprintf("%lld", (long long)json_integer_value(serial))
	                               : json_null();
}

static json_t *last_error(json_t *status) {
	const char *reason = text_of(status, "reason"), *text = text_of(status, "reason_text");
	const char *evidence = text_of(status, "evidence");
	if (*reason == '\0' || strcmp(reason, "none") == 0) return json_null();
	json_t *out = json_sprintf("%s%s%s", *text ? text : reason, *evidence ? " " : "", evidence);
	return out ? out : json_string(reason);
}

/* -- settings ------------------------------------------------------------------------------------------------------- */

/* The words of an option of two words become true and false. */
static json_t *value_out(json_t *property, json_t *value) {
	json_t *words = json_object_get(property, "x-words");
	if (!words || !json_is_string(value)) return json_incref(value);
	return json_boolean(json_equal(json_array_get(words, 0), value));
}

static void settings_out(json_t *schemas, json_t *settings, json_t *out) {
	const char *option;
	json_t *value;
	json_object_foreach(settings, option, value) {
		char name[JSON_NAME_MAX];
		json_camel_name(option, name);
		if (strcmp(option, "primaries") == 0) continue;
		json_object_set_new(out, name, value_out(schema_property(schemas, "ZonePatch", name), value));
	}
}

/* -- zones ---------------------------------------------------------------------------------------------------------- */

static json_t *master_of(json_t *primaries, json_t *status) {
	json_t *address = json_object_get(json_array_get(primaries, 0), "address");
	if (json_is_string(address)) return json_incref(address);
	const char *known = text_of(json_array_get(json_object_get(status, "primaries"), 0), "address");
	return json_stringn(known, strcspn(known, "@"));
}

/* What SecondDNS's clients read, in their words. */
static void set_compatible(json_t *out, json_t *status) {
	json_t *serial = json_object_get(status, "serial"), *records = json_object_get(status, "records");
	json_object_set_new(out, "status", json_string(zone_status_word(status)));
	json_object_set_new(out, "serial", or_null(serial));
	json_object_set_new(out, "recordCount",
	                    json_is_integer(records) ? json_incref(records) : json_integer(0));
	json_object_set_new(out, "healthStatus", json_string(health_word(zone_health(status))));
	json_object_set_new(out, "masterSerial", serial_text(json_object_get(status, "primary_serial")));
	json_object_set_new(out, "ourSerial", serial_text(serial));
	json_object_set_new(out, "lastSync", json_time(json_object_get(status, "checked_at")));
	json_object_set_new(out, "lastError", last_error(status));
}

static void set_ours(json_t *out, json_t *status) {
	static const char *const plain[] = { "state", "reason",       "reason_text",    "advice", "evidence",
		                             "bytes", "transferring", "refused_serial", "held" };
	static const char *const times[] = { "since", "expire_at", "refresh_at", "checked_at" };
	char name[JSON_NAME_MAX];
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		json_t *value = json_object_get(status, plain[i]);
		json_camel_name(plain[i], name);
		if (value) json_object_set(out, name, value);
	}
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		json_t *value = json_object_get(status, times[i]);
		json_camel_name(times[i], name);
		if (value) json_object_set_new(out, name, json_time(value));
	}
}

json_t *zone_out(json_t *schemas, json_t *zone) {
	json_t *settings = json_object_get(zone, "settings"), *status = json_object_get(zone, "status");
	json_t *primaries = zone_primaries_out(json_object_get(settings, "primaries"));
	json_t *out = json_object();
	json_object_set_new(out, "id", or_null(json_object_get(zone, "id")));
	json_object_set_new(out, "name", or_null(json_object_get(zone, "name")));
	json_object_set_new(out, "masterIp", master_of(primaries, status));
	set_compatible(out, status);
	set_ours(out, status);
	settings_out(schemas, settings, out);
	json_object_set_new(out, "primaries", primaries);
	json_object_set_new(out, "account", or_null(json_object_get(zone, "account")));
	json_object_set_new(out, "accountName", or_null(json_object_get(zone, "account_name")));
	json_object_set_new(out, "origin", or_null(json_object_get(zone, "origin")));
	json_object_set_new(out, "version", or_null(json_object_get(zone, "version")));
	json_object_set_new(out, "createdAt", json_time(json_object_get(zone, "created_at")));
	json_object_set_new(out, "changedAt", json_time(json_object_get(zone, "changed_at")));
	json_object_set_new(out, "proof",
	                    json_camel(json_object_get(zone, "proof") ? json_object_get(zone, "proof")
	                                                              : json_null()));
	return out;
}

json_t *zone_health_out(json_t *zone, long long now_s) {
	json_t *status = json_object_get(zone, "status") ? json_object_get(zone, "status") : zone;
	json_t *out = json_pack("{s:O?}", "name", json_object_get(zone, "name"));
	json_t *since = json_object_get(status, "since");
	set_compatible(out, status);
	json_object_set_new(out, "state", or_null(json_object_get(status, "state")));
	json_object_set_new(out, "reason", or_null(json_object_get(status, "reason")));
	json_object_set_new(out, "since", json_time(since));
	json_object_set_new(out, "expireAt", json_time(json_object_get(status, "expire_at")));
	bool counts = json_is_integer(since) && zone_health(status) != HEALTH_SYNCED;
	json_object_set_new(out, "staleMinutes",
	                    json_integer(counts ? (now_s - json_integer_value(since)) / 60 : 0));
	return out;
}

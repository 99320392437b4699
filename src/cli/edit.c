#include "cli/edit.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/ask.h"
#include "cli/settings.h"

#define SECRET_MAX 4096 /* octets of a file with a secret */

static enum err fails(char fault[static COMMAND_FAULT_MAX], const char *text, const char *expected) {
	snprintf(fault, COMMAND_FAULT_MAX, "\"%.80s\": expected %s", text, expected);
	return ERR_MALFORMED;
}

/* -- options that are fields ------------------------------------------------------------------------------------ */

enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_TIME, FIELD_PERIOD, FIELD_YES };

/* A flag that becomes a field of the request as it is. */
static const struct field_row {
	enum flag_kind flag;
	const char *field;
	enum field_kind kind;
} fields[] = {
	{ FLAG_ACCOUNT, "account", FIELD_TEXT },     { FLAG_STATE, "state", FIELD_TEXT },
	{ FLAG_TEXT, "text", FIELD_TEXT },           { FLAG_LIMIT, "limit", FIELD_NUMBER },
	{ FLAG_ALGORITHM, "algorithm", FIELD_TEXT }, { FLAG_SCOPE, "scope", FIELD_TEXT },
	{ FLAG_PRIMARY, "primary", FIELD_TEXT },     { FLAG_EXPIRES, "expires_at", FIELD_TIME },
	{ FLAG_ZONES, "zones_max", FIELD_NUMBER },   { FLAG_RECORDS, "records_max", FIELD_NUMBER },
	{ FLAG_BYTES, "bytes_max", FIELD_NUMBER },   { FLAG_REQUESTS, "requests_per_minute", FIELD_NUMBER },
	{ FLAG_PLAN, "plan", FIELD_TEXT },           { FLAG_ENDS, "ends_at", FIELD_TIME },
	{ FLAG_GRACE, "grace_s", FIELD_PERIOD },     { FLAG_PREVIOUS, "previous", FIELD_YES },
};

static const struct field_row *field_row(enum flag_kind flag) {
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].flag == flag) return &fields[i];
	}
	return NULL;
}

/* NULL: fault tells. */
static json_t *field_value(const struct field_row *row, const char *text, int64_t now_s,
                           char fault[static COMMAND_FAULT_MAX]) {
	int64_t number = 0;
	enum err e = OK;
	if (row->kind == FIELD_YES) return json_true();
	if (row->kind == FIELD_NUMBER) e = settings_number(text, &number);
	if (row->kind == FIELD_TIME) e = settings_time(text, now_s, &number);
	if (row->kind == FIELD_PERIOD) e = settings_time(text, 0, &number);
	json_t *value = row->kind == FIELD_TEXT ? json_string(text) : json_integer(number);
	const char *expected = row->kind == FIELD_NUMBER   ? "a number"
	                       : row->kind == FIELD_TEXT   ? "UTF-8 text"
	                       : row->kind == FIELD_PERIOD ? "a period: 90d, 12h, 30m or seconds"
	                                                   : "a time: 90d, 12h, 30m, seconds or 2027-01-31";
	if (e == OK && value) return value;
	json_decref(value);
	e = fails(fault, text, expected);
	return NULL;
}

static enum err fields_put(const struct command *command, int64_t now_s, json_t *request,
                           char fault[static COMMAND_FAULT_MAX]) {
	for (unsigned i = 0; i < command->flag_count; i++) {
		const struct field_row *row = field_row(command->flags[i].kind);
		json_t *value = row ? field_value(row, command->flags[i].value, now_s, fault) : NULL;
		if (row && !value) return ERR_MALFORMED;
		if (row) (void)json_object_set_new(request, row->field, value);
	}
	return OK;
}

/* --zone: of a key a list, else one. */
static void zones_put(const struct command *command, json_t *request) {
	json_t *zones = json_array();
	for (unsigned i = 0; i < command->flag_count; i++) {
		if (command->flags[i].kind == FLAG_ZONE)
			(void)json_array_append_new(zones, json_string(command->flags[i].value));
	}
	if (json_array_size(zones) > 0 && command->kind == COMMAND_TOKEN_CREATE)
		(void)json_object_set(request, "zones", zones);
	else if (json_array_size(zones) > 0)
		(void)json_object_set(request, "zone", json_array_get(zones, 0));
	json_decref(zones);
}

/* -- secrets -------------------------------------------------------------------------------------------------- */

static enum err secret_put(const struct command *command, json_t *request,
                           char fault[static COMMAND_FAULT_MAX]) {
	const char *path = command_flag(command, FLAG_SECRET_FILE);
	char *data = NULL;
	size_t len = 0;
	if (!path) return OK;
	enum err e = file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, SECRET_MAX, &data, &len);
	if (e != OK) {
		snprintf(fault, COMMAND_FAULT_MAX,
		         "\"%.80s\": expected a file of at most %d octets that can be read", path,
		         SECRET_MAX);
		return ERR_IO;
	}
	while (len > 0 && strchr(" \t\r\n", data[len - 1]))
		len--;
	(void)json_object_set_new(request, "secret",
	                          json_stringn(data, len)); /* not UTF-8: the daemon misses it */
	explicit_bzero(data, len);
	free(data);
	return OK;
}

/* -- the rest that is particular -------------------------------------------------------------------------------- */

static bool has_settings(enum command_kind kind) {
	return kind == COMMAND_ZONE_ADD || kind == COMMAND_ZONE_SET;
}

static enum err settings_put(const struct command *command, json_t *request,
                             char fault[static COMMAND_FAULT_MAX]) {
	json_t *settings = NULL;
	enum err e = settings_read(command, &settings, fault);
	if (e != OK) return e;
	(void)json_object_del(request, "primaries"); /* an argument, which stands among the settings */
	(void)json_object_set_new(request, "settings", settings);
	if (command_flag(command, FLAG_PUT))
		(void)json_object_set_new(request, "request", json_string("zone.put"));
	return OK;
}

/* A primary with a name: {"name", "settings": {"addresses": [...], "key": ...}}. */
static enum err primary_put(const struct command *command, json_t *request,
                            char fault[static COMMAND_FAULT_MAX]) {
	struct command bare = *command;
	json_t *settings = NULL, *addresses = json_array();
	unsigned kept = 0;
	for (unsigned i = 0; i < command->value_count; i++) {
		if (strcmp(command->values[i].field, "addresses") == 0)
			(void)json_array_append_new(addresses, json_string(command->values[i].text));
	}
	for (unsigned i = 0; i < command->flag_count; i++) {
		if (command->flags[i].kind != FLAG_KEY) bare.flags[kept++] = command->flags[i];
	}
	bare.flag_count = kept;
	enum err e = settings_read(&bare, &settings, fault);
	if (e == OK) {
		const char *key = command_flag(command, FLAG_KEY);
		(void)json_object_set(settings, "addresses", addresses);
		if (key) (void)json_object_set_new(settings, "key", json_string(key));
		(void)json_object_del(request, "addresses");
		(void)json_object_set_new(request, "settings", settings);
	}
	json_decref(addresses);
	return e;
}

/* "account add NAME" makes a name; the other commands speak of an account that is there. */
static void account_put(const struct command *command, json_t *request) {
	if (command->kind != COMMAND_ACCOUNT_ADD) return;
	(void)json_object_set(request, "name", json_object_get(request, "account"));
	(void)json_object_del(request, "account");
}

enum err edit_request(const struct command *command, int64_t now_s, json_t **out_request,
                      char fault[static COMMAND_FAULT_MAX]) {
	json_t *request = ask_request(command);
	if (!request) return fails(fault, command_row(command->kind)->words, "UTF-8 text in its arguments");
	account_put(command, request);
	enum err e = fields_put(command, now_s, request, fault);
	zones_put(command, request);
	if (e == OK) e = secret_put(command, request, fault);
	if (e == OK && has_settings(command->kind)) e = settings_put(command, request, fault);
	if (e == OK && command->kind == COMMAND_PRIMARY_PUT) e = primary_put(command, request, fault);
	if (e == OK)
		*out_request = request;
	else
		json_decref(request);
	return e;
}

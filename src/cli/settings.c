#include "cli/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/addr.h"

#define NUMBER_MAX (INT64_C(1) << 53)
#define OPTION_MAX 64

/* -- numbers and times ---------------------------------------------------------------------------------------- */

enum err settings_number(const char *text, int64_t *out_number) {
	size_t len = strlen(text);
	bool digits = len > 0 && len <= 16 && strspn(text, "0123456789") == len;
	long long number = digits ? strtoll(text, NULL, 10) : -1;
	if (number < 0 || number > NUMBER_MAX) return ERR_MALFORMED;
	*out_number = number;
	return OK;
}

static int64_t unit_s(char unit) {
	switch (unit) {
	case 's': return 1;
	case 'm': return 60;
	case 'h': return 3600;
	case 'd': return 86400;
	case 'w': return 7 * 86400;
	case 'y': return 365 * 86400;
	default: return 0;
	}
}

static enum err period_read(const char *text, int64_t *out_s) {
	char digits[12];
	size_t len = strspn(text, "0123456789");
	int64_t number, unit = text[len] == '\0' ? 1 : unit_s(text[len]);
	if (len == 0 || len >= sizeof(digits) || unit == 0 || (text[len] && text[len + 1]))
		return ERR_MALFORMED;
	memcpy(digits, text, len);
	digits[len] = '\0';
	enum err e = settings_number(digits, &number);
	if (e == OK && number > NUMBER_MAX / unit) e = ERR_MALFORMED;
	if (e == OK) *out_s = number * unit;
	return e;
}

enum err settings_time(const char *text, int64_t from_s, int64_t *out_s) {
	struct tm day = { 0 };
	int64_t period;
	if (period_read(text, &period) == OK) {
		*out_s = from_s + period;
		return OK;
	}
	const char *end = from_s ? strptime(text, "%Y-%m-%d", &day) : NULL;
	if (!end || *end) return ERR_MALFORMED;
	*out_s = timegm(&day);
	return OK;
}

/* -- settings ------------------------------------------------------------------------------------------------- */

static enum err fails(char fault[static COMMAND_FAULT_MAX], const char *text, const char *expected) {
	snprintf(fault, COMMAND_FAULT_MAX, "\"%.60s\": expected %s", text, expected);
	return ERR_MALFORMED;
}

json_t *settings_primary(const char *text, const char *key) {
	if (!key) return json_string(text);
	return json_pack("{s:[s], s:s}", "addresses", text, "key", key);
}

static bool is_address(const char *text) {
	struct addr address;
	return addr_parse(text, 53, &address) == OK;
}

static enum err primaries_add(json_t *list, const char *text, const char *key,
                              char fault[static COMMAND_FAULT_MAX]) {
	if (key && !is_address(text)) {
		return fails(
			fault, text,
			"an address with --key; a primary that has a name has its key in its own settings");
	}
	return json_array_append_new(list, settings_primary(text, key)) == 0
	               ? OK
	               : fails(fault, text, "UTF-8 text");
}

/* "[a, b]" becomes a list of texts; blanks around each do not count. */
static json_t *list_read(const char *text) {
	json_t *list = json_array();
	const char *at = text + 1, *end = text + strlen(text) - 1;
	while (at < end) {
		size_t len = strcspn(at, ",");
		if (len > (size_t)(end - at)) len = (size_t)(end - at);
		const char *next = at + len + 1;
		while (len > 0 && *at == ' ') {
			at++;
			len--;
		}
		while (len > 0 && at[len - 1] == ' ')
			len--;
		if (len > 0)
			(void)json_array_append_new(list, json_stringn(at, len)); /* not UTF-8: is missed */
		at = next;
	}
	return list;
}

/* A JSON object or list as it is; "[a, b]"; anything else is a text. */
static json_t *value_read(const char *text) {
	size_t len = strlen(text);
	bool is_list = len >= 2 && text[0] == '[' && text[len - 1] == ']';
	json_error_t error;
	json_t *value = is_list || text[0] == '{' ? json_loads(text, JSON_REJECT_DUPLICATES, &error) : NULL;
	if (value) return value;
	return is_list ? list_read(text) : json_string(text);
}

static enum err set_read(json_t *settings, const char *text, char fault[static COMMAND_FAULT_MAX]) {
	char option[OPTION_MAX];
	size_t len = strcspn(text, "=");
	if (text[len] == '\0' || len == 0 || len >= sizeof(option)) return fails(fault, text, "OPTION=VALUE");
	memcpy(option, text, len);
	option[len] = '\0';
	if (json_object_get(settings, option)) return fails(fault, text, "each option once");
	return json_object_set_new(settings, option, value_read(text + len + 1)) == 0
	               ? OK
	               : fails(fault, text, "UTF-8 text");
}

static enum err primaries_read(const struct command *command, json_t *settings,
                               char fault[static COMMAND_FAULT_MAX]) {
	const char *key = command_flag(command, FLAG_KEY);
	json_t *list = json_array();
	enum err e = OK;
	for (unsigned i = 0; i < command->value_count && e == OK; i++) {
		if (strcmp(command->values[i].field, "primaries") != 0) continue;
		e = primaries_add(list, command->values[i].text, key, fault);
	}
	if (e == OK && json_array_size(list) == 0 && key)
		e = fails(fault, "--key", "it with the addresses that it is for");
	if (e == OK && json_array_size(list) > 0) (void)json_object_set(settings, "primaries", list);
	json_decref(list);
	return e;
}

enum err settings_read(const struct command *command, json_t **out_settings,
                       char fault[static COMMAND_FAULT_MAX]) {
	json_t *settings = json_object();
	enum err e = primaries_read(command, settings, fault);
	for (unsigned i = 0; i < command->flag_count && e == OK; i++) {
		const struct command_flag *flag = &command->flags[i];
		if (flag->kind == FLAG_SET) e = set_read(settings, flag->value, fault);
		if (flag->kind == FLAG_RESET) (void)json_object_set_new(settings, flag->value, json_null());
		if (flag->kind == FLAG_TEMPLATE)
			(void)json_object_set_new(settings, "template", json_string(flag->value));
	}
	if (e == OK)
		*out_settings = settings;
	else
		json_decref(settings);
	return e;
}

#include "web/json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The depth of brackets, seen without a parser, which would follow them down.  */
static int depth_of(const char *text, size_t len) {
	int depth = 0, deepest = 0;
	bool string = false;
	for (size_t i = 0; i < len; i++) {
		if (string && text[i] == '\\') {
			i++;
		} else if (text[i] == '"') {
			string = !string;
		} else if (!string && (text[i] == '{' || text[i] == '[')) {
			if (++depth > deepest) deepest = depth;
		} else if (!string && (text[i] == '}' || text[i] == ']')) {
			depth--;
		}
	}
	return deepest;
}

enum err json_strict(const char *text, size_t len, json_t **out_object,
                     char out_fault[static JSON_FAULT_MAX]) {
	json_error_t error;
	if (len == 0) {
		snprintf(out_fault, JSON_FAULT_MAX, "a JSON object is expected, and there is no body");
		return ERR_MALFORMED;
	}
	if (depth_of(text, len) > JSON_DEPTH_MAX) {
		snprintf(out_fault, JSON_FAULT_MAX, "JSON: more than %d brackets in each other",
		         JSON_DEPTH_MAX);
		return ERR_MALFORMED;
	}
	json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!value) {
		snprintf(out_fault, JSON_FAULT_MAX, "JSON: line %d, column %d: %.100s", error.line,
		         error.column, error.text);
		for (char *p = out_fault; *p; p++) {
			if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f) *p = '?';
		}
		return ERR_MALFORMED;
	}
	if (!json_is_object(value)) {
		json_decref(value);
		snprintf(out_fault, JSON_FAULT_MAX, "a JSON object is expected");
		return ERR_MALFORMED;
	}
	*out_object = value;
	return OK;
}

void json_camel_name(const char *name, char out[static JSON_NAME_MAX]) {
	size_t len = 0;
	bool up = false;
	for (; *name && len < JSON_NAME_MAX - 1; name++) {
		if (*name == '_' || *name == '-') {
			up = true;
			continue;
		}
		out[len++] = up ? (char)toupper((unsigned char)*name) : *name;
		up = false;
	}
	out[len] = '\0';
}

void json_plain_name(const char *name, char mark, char out[static JSON_NAME_MAX]) {
	size_t len = 0;
	for (; *name && len < JSON_NAME_MAX - 2; name++) {
		if (isupper((unsigned char)*name)) out[len++] = mark;
		out[len++] = (char)tolower((unsigned char)*name);
	}
	out[len] = '\0';
}

/* -- times: a page of zones has thousands, and those of the C library look at locales and zones --------------------- */

#define DAY_S 86400
#define END_S (253402300800) /* the year 10,000 */

static void two_digits(int64_t n, char *out) {
	out[0] = (char)('0' + n / 10);
	out[1] = (char)('0' + n % 10);
}

/* "2026-11-26" of days since 1970, in years that begin with March, whose days are easily counted. */
static void day_text(int64_t days, char *out) {
	int64_t shifted = days + 719468, era = shifted / 146097, of_era = shifted % 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153, day = of_year - (153 * month + 2) / 5 + 1;
	month = month < 10 ? month + 3 : month - 9;
	year += era * 400 + (month <= 2);
	two_digits(year / 100, out);
	two_digits(year % 100, out + 2);
	out[4] = '-';
	two_digits(month, out + 5);
	out[7] = '-';
	two_digits(day, out + 8);
}

const char *json_time_text(int64_t time_s, char out[static JSON_TIME_MAX]) {
	if (time_s < 0 || time_s >= END_S) {
		out[0] = '\0';
		return out;
	}
	int64_t s = time_s % DAY_S;
	day_text(time_s / DAY_S, out);
	out[10] = 'T';
	two_digits(s / 3600, out + 11);
	out[13] = ':';
	two_digits(s / 60 % 60, out + 14);
	out[16] = ':';
	two_digits(s % 60, out + 17);
	memcpy(out + 19, "Z", 2);
	return out;
}

json_t *json_time(json_t *seconds) {
	char text[JSON_TIME_MAX];
	if (!json_is_number(seconds)) return json_null();
	return json_string(json_time_text((int64_t)json_number_value(seconds), text));
}

enum err json_time_parse(const char *text, int64_t *out_time_s) {
	struct tm tm = { 0 };
	int zone = 0;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest && *rest == '.') rest += 1 + strspn(rest + 1, "0123456789");
	if (!rest || tm.tm_year > 8000) return ERR_MALFORMED;
	if (strcmp(rest, "Z") != 0) {
		int hours = 0, minutes = 0;
		bool sign = *rest == '+' || *rest == '-';
		bool digits = sign && strlen(rest) == 6 && rest[3] == ':' &&
		              strspn(rest + 1, "0123456789") == 2 && strspn(rest + 4, "0123456789") == 2;
		if (!digits) return ERR_MALFORMED;
		hours = (rest[1] - '0') * 10 + rest[2] - '0';
		minutes = (rest[4] - '0') * 10 + rest[5] - '0';
		zone = (hours * 60 + minutes) * 60 * (*rest == '-' ? -1 : 1);
	}
	*out_time_s = (int64_t)timegm(&tm) - zone;
	return OK;
}

static bool is_time(const char *name) {
	size_t len = strlen(name);
	return strcmp(name, "time") == 0 || strcmp(name, "since") == 0 || strcmp(name, "at") == 0 ||
	       (len > 3 && strcmp(name + len - 3, "_at") == 0);
}

static json_t *camel_object(json_t *object) {
	json_t *out = json_object();
	const char *name;
	json_t *value;
	json_object_foreach(object, name, value) {
		char camel[JSON_NAME_MAX];
		json_camel_name(name, camel);
		bool time = is_time(name) && json_is_integer(value);
		json_object_set_new(out, camel, time ? json_time(value) : json_camel(value));
	}
	return out;
}

json_t *json_camel(json_t *value) {
	if (json_is_object(value)) return camel_object(value);
	if (!json_is_array(value)) return json_incref(value);
	json_t *out = json_array(), *item;
	size_t i;
	json_array_foreach(value, i, item) {
		json_array_append_new(out, json_camel(item));
	}
	return out;
}

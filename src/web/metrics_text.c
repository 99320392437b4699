#include "web/metrics_text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "web/json.h"

#define NAME_MAX 160
#define LINE_MAX_LEN 2048

struct text {
	char *data;
	size_t len, cap;
};

static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct text *t, const char *format, ...) {
	char line[LINE_MAX_LEN];
	va_list list;
	va_start(list, format);
	int n = vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	if (n < 0 || (size_t)n >= sizeof(line)) return;
	if (t->len + (size_t)n + 1 > t->cap) {
		t->cap = t->cap ? t->cap * 2 : 16384;
		t->data = xrealloc(t->data, t->cap);
	}
	memcpy(t->data + t->len, line, (size_t)n + 1);
	t->len += (size_t)n;
}

/* Letters, digits and underscores. */
static void clean_name(const char *name, char out[static NAME_MAX]) {
	size_t i;
	for (i = 0; name[i] && i < NAME_MAX - 1; i++) {
		char c = name[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		out[i] = plain ? c : '_';
	}
	out[i] = '\0';
}

static void put_sample(struct text *t, const char *kind, const char *name, const char *labels,
                       json_t *value) {
	char clean[NAME_MAX];
	clean_name(name, clean);
	if (kind) put(t, "# TYPE understudy_%s %s\n", clean, kind);
	if (json_is_integer(value))
		put(t, "understudy_%s%s %lld\n", clean, labels, (long long)json_integer_value(value));
	else
		put(t, "understudy_%s%s %.17g\n", clean, labels,
		    json_is_boolean(value) ? (double)json_is_true(value) : json_number_value(value));
}

static bool is_number(json_t *value) {
	return json_is_number(value) || json_is_boolean(value);
}

/* {"active": 3, …}: one name, the key as label. */
static void put_labelled(struct text *t, const char *kind, const char *name, const char *label,
                         json_t *object) {
	const char *key;
	json_t *value;
	bool first = true;
	json_object_foreach(object, key, value) {
		char labels[NAME_MAX + 40], clean[NAME_MAX];
		clean_name(key, clean);
		for (char *p = clean; *p; p++)
			if (*p == '_' && key[p - clean] == '-') *p = '-';
		snprintf(labels, sizeof(labels), "{%s=\"%s\"}", label, clean);
		if (!is_number(value)) continue;
		put_sample(t, first ? kind : NULL, name, labels, value);
		first = false;
	}
}

/* Counters of a part: understudy_PART_NAME_total. */
static void put_counters(struct text *t, const char *part, json_t *object) {
	const char *key;
	json_t *value;
	json_object_foreach(object, key, value) {
		char name[NAME_MAX];
		snprintf(name, sizeof(name), "%.60s_%.60s_total", part, key);
		if (is_number(value)) put_sample(t, "counter", name, "", value);
	}
}

static void put_part(struct text *t, const char *part, json_t *value) {
	size_t len = strlen(part);
	if (len > 3 && strcmp(part + len - 3, "_by") == 0) {
		char name[NAME_MAX];
		snprintf(name, sizeof(name), "%.60s_total", part);
		put_labelled(t, "counter", name, "reason", value);
	} else {
		put_counters(t, part, value);
	}
}

static void put_zones(struct text *t, json_t *zones) {
	const char *key;
	json_t *value;
	json_object_foreach(zones, key, value) {
		char name[NAME_MAX];
		snprintf(name, sizeof(name), "zones_%.60s", key);
		if (is_number(value)) put_sample(t, "gauge", name, "", value);
	}
	put_labelled(t, "gauge", "zones_by_state", "state", json_object_get(zones, "states"));
}

/* Of each zone, one series for each number: names of zones may have any octet, so they are escaped. */
static void put_each_zone(struct text *t, json_t *rows, const char *field, const char *metric) {
	size_t i;
	json_t *row;
	bool first = true;
	json_array_foreach(rows, i, row) {
		char labels[1100];
		const char *name = json_string_value(json_object_get(row, "name"));
		json_t *value = json_object_get(row, field);
		if (i == METRICS_ZONES_MAX) break;
		if (!name || !is_number(value) || strpbrk(name, "\"\\\n")) continue;
		snprintf(labels, sizeof(labels), "{zone=\"%.1020s\"}", name);
		put_sample(t, first ? "gauge" : NULL, metric, labels, value);
		first = false;
	}
}

static void put_rows(struct text *t, json_t *rows) {
	static const char *const fields[][2] = {
		{ "serial", "zone_serial" },
		{ "primary_serial", "zone_primary_serial" },
		{ "records", "zone_records" },
		{ "bytes", "zone_bytes" },
		{ "checked_at", "zone_last_success_timestamp_seconds" },
		{ "expire_at", "zone_expire_timestamp_seconds" },
		{ "rrsig_min_expiry_at", "zone_rrsig_min_expiry_timestamp_seconds" },
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		put_each_zone(t, rows, fields[i][0], fields[i][1]);
}

char *metrics_text(json_t *result, size_t *out_len) {
	struct text t = { 0 };
	const char *part;
	json_t *value;
	put(&t, "# TYPE understudy_up gauge\nunderstudy_up 1\n");
	json_object_foreach(result, part, value) {
		if (strcmp(part, "zones") == 0)
			put_zones(&t, value);
		else if (strcmp(part, "health") == 0)
			put_labelled(&t, "gauge", "zones_by_health", "health", value);
		else if (json_is_array(value))
			put_rows(&t, value);
		else if (json_is_object(value))
			put_part(&t, part, value);
		else if (is_number(value))
			put_sample(&t, "gauge", part, "", value);
	}
	*out_len = t.len;
	return t.data;
}

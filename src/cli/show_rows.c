#include "cli/show_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "cli/show.h"

#define COLUMNS_MAX 8
#define CELL_MAX 160
#define LABEL_WIDTH 22

enum cell_kind { CELL_ANY, CELL_TIME };

struct column {
	const char *title, *key;
	enum cell_kind kind;
};

/* The lists: where they are in the result, and their columns. */
static const struct table {
	enum command_kind command;
	const char *list;
	struct column columns[COLUMNS_MAX];
} tables[] = {
	{ COMMAND_KEY_LIST,
	  "keys",
	  { { "NAME", "name", 0 },
	    { "ALGORITHM", "algorithm", 0 },
	    { "ACCOUNT", "account", 0 },
	    { "ID", "id", 0 },
	    { "CREATED", "created_at", CELL_TIME } } },
	{ COMMAND_TOKEN_LIST,
	  "tokens",
	  { { "ID", "id", 0 },
	    { "NAME", "name", 0 },
	    { "PREFIX", "prefix", 0 },
	    { "SCOPE", "scope", 0 },
	    { "ACCOUNT", "account", 0 },
	    { "EXPIRES", "expires_at", CELL_TIME },
	    { "LAST USE", "used_at", CELL_TIME } } },
	{ COMMAND_ACCOUNT_LIST,
	  "accounts",
	  { { "NAME", "name", 0 },
	    { "ID", "id", 0 },
	    { "PLAN", "plan", 0 },
	    { "ZONES", "zones", 0 },
	    { "ZONES MAX", "zones_max", 0 },
	    { "ENDS", "ends_at", CELL_TIME } } },
	{ COMMAND_PRIMARY_LIST,
	  "primaries",
	  { { "NAME", "name", 0 },
	    { "SETTINGS", "settings", 0 },
	    { "ACCOUNT", "account", 0 },
	    { "ID", "id", 0 } } },
	{ COMMAND_VANITY_LIST,
	  "names",
	  { { "NAME", "name", 0 }, { "ACCOUNT", "account", 0 }, { "GLUE", "glue", 0 } } },
	{ COMMAND_AUDIT,
	  "rows",
	  { { "WHEN", "at", CELL_TIME },
	    { "WHO", "who", 0 },
	    { "FROM", "source", 0 },
	    { "DID", "action", 0 },
	    { "WHAT", "object", 0 },
	    { "BEFORE", "before", 0 },
	    { "AFTER", "after", 0 } } },
};

/* -- cells ---------------------------------------------------------------------------------------------------- */

/* Text that a tenant chose may hold what moves a terminal's cursor. */
static void printable(char *text) {
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 127) *text = '?';
	}
}

static const char *value_text(const json_t *value, enum cell_kind kind, int64_t now_s,
                              char buf[static CELL_MAX]) {
	char when[SHOW_TIME_MAX];
	char *json = NULL;
	snprintf(buf, CELL_MAX, "-");
	if (json_is_integer(value) && kind == CELL_TIME && json_integer_value(value) > 0)
		snprintf(buf, CELL_MAX, "%s", show_time(json_integer_value(value), now_s, when));
	else if (json_is_integer(value))
		snprintf(buf, CELL_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_string(value))
		snprintf(buf, CELL_MAX, "%s", json_string_value(value));
	else if (value && !json_is_null(value) && (json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY)))
		snprintf(buf, CELL_MAX, "%s", json);
	free(json);
	printable(buf);
	return buf;
}

/* -- lists ---------------------------------------------------------------------------------------------------- */

static unsigned column_count(const struct table *t) {
	unsigned n = 0;
	while (n < COLUMNS_MAX && t->columns[n].title)
		n++;
	return n;
}

static void widths_find(const struct table *t, const json_t *rows, int64_t now_s,
                        int widths[static COLUMNS_MAX]) {
	char cell[CELL_MAX];
	for (unsigned c = 0; c < column_count(t); c++) {
		size_t widest = strlen(t->columns[c].title);
		for (size_t i = 0; i < json_array_size(rows); i++) {
			const json_t *value = json_object_get(json_array_get(rows, i), t->columns[c].key);
			size_t len = strlen(value_text(value, t->columns[c].kind, now_s, cell));
			if (len > widest) widest = len;
		}
		widths[c] = (int)(widest > CELL_MAX ? CELL_MAX : widest);
	}
}

static void table_print(FILE *out, const struct table *t, const json_t *rows, int64_t now_s) {
	int widths[COLUMNS_MAX];
	char cell[CELL_MAX];
	unsigned count = column_count(t);
	widths_find(t, rows, now_s, widths);
	for (unsigned c = 0; c < count; c++)
		fprintf(out, "%-*s%s", c + 1 < count ? widths[c] : 0, t->columns[c].title,
		        c + 1 < count ? "  " : "\n");
	for (size_t i = 0; i < json_array_size(rows); i++) {
		for (unsigned c = 0; c < count; c++) {
			const json_t *value = json_object_get(json_array_get(rows, i), t->columns[c].key);
			fprintf(out, "%-*s%s", c + 1 < count ? widths[c] : 0,
			        value_text(value, t->columns[c].kind, now_s, cell),
			        c + 1 < count ? "  " : "\n");
		}
	}
}

bool show_rows(FILE *out, enum command_kind kind, const json_t *result, int64_t now_s) {
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (tables[i].command != kind) continue;
		const json_t *rows = json_object_get(result, tables[i].list);
		table_print(out, &tables[i], json_is_array(result) ? result : rows, now_s);
		return true;
	}
	return false;
}

/* -- objects -------------------------------------------------------------------------------------------------- */

static bool is_time(const char *key) {
	size_t len = strlen(key);
	return len > 3 && strcmp(key + len - 3, "_at") == 0;
}

static void object_lines(FILE *out, const json_t *object, int64_t now_s, int indent);

static void field_lines(FILE *out, const char *key, json_t *value, int64_t now_s, int indent) {
	char cell[CELL_MAX];
	int width = LABEL_WIDTH - indent;
	if (json_is_object(value) && json_object_size(value) > 0) {
		fprintf(out, "%*s%s\n", indent, "", key);
		object_lines(out, value, now_s, indent + 2);
		return;
	}
	if (!json_is_array(value)) {
		fprintf(out, "%*s%-*s %s\n", indent, "", width, key,
		        value_text(value, is_time(key) ? CELL_TIME : CELL_ANY, now_s, cell));
		return;
	}
	for (size_t i = 0; i < json_array_size(value) || i == 0; i++) {
		fprintf(out, "%*s%-*s %s\n", indent, "", width, i == 0 ? key : "",
		        value_text(json_array_get(value, i), CELL_ANY, now_s, cell));
	}
}

static void object_lines(FILE *out, const json_t *object, int64_t now_s, int indent) {
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
		field_lines(out, key, value, now_s, indent);
}

void show_object(FILE *out, const json_t *object, int64_t now_s) {
	object_lines(out, object, now_s, 0);
}

/* -- events --------------------------------------------------------------------------------------------------- */

static bool is_head(const char *key) {
	return strcmp(key, "time") == 0 || strcmp(key, "event") == 0 || strcmp(key, "zone") == 0 ||
	       strcmp(key, "sequence") == 0;
}

void show_event(FILE *out, const json_t *event) {
	char cell[CELL_MAX], stamp[32] = "";
	struct tm tm;
	time_t at = (time_t)json_integer_value(json_object_get(event, "time"));
	if (gmtime_r(&at, &tm)) (void)strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm); /* else without */
	fprintf(out, "%s  %-18s", stamp, value_text(json_object_get(event, "event"), CELL_ANY, 0, cell));
	fprintf(out, " %s", value_text(json_object_get(event, "zone"), CELL_ANY, 0, cell));
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)event, key, value) {
		if (is_head(key) || json_is_null(value)) continue;
		fprintf(out, "  %s=%s", key, value_text(value, CELL_ANY, 0, cell));
	}
	fputc('\n', out);
}

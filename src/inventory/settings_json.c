/* Settings as text: their one form, changes of it, what they name, and YAML in which each value has a line. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dns/name.h"
#include "inventory/inventory.h"
#include "inventory/settings.h"

#define FORM (JSON_SORT_KEYS | JSON_COMPACT)
#define DEPTH_MAX 16 /* of tree.h, which says it in words */
#define TEXT_MAX 300

/* -- the one form --------------------------------------------------------------------------------------------- */

static enum err not_an_object(const struct settings_faults *faults, const json_error_t *error) {
	char text[TEXT_MAX];
	if (error && error->text[0])
		(void)snprintf(text, sizeof(text), "expected a JSON object; line %d, column %d: %s",
		               error->line, error->column, error->text);
	else
		(void)snprintf(text, sizeof(text), "expected a JSON object"); /* fits */
	faults->add(faults->ctx, "", text);
	return ERR_CONFIG;
}

/* A new reference. */
static enum err object_read(const char *data, size_t len, const struct settings_faults *faults,
                            json_t **out_object) {
	json_error_t error = { 0 };
	if (len > INVENTORY_SETTINGS_MAX) {
		faults->add(faults->ctx, "", "expected at most 65536 octets");
		return ERR_CONFIG;
	}
	json_t *object = json_loadb(data, len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(object)) {
		enum err e = not_an_object(faults, object ? NULL : &error);
		json_decref(object);
		return e;
	}
	*out_object = object;
	return OK;
}

static void drop_nulls(json_t *object) {
	const char *key;
	json_t *value;
	void *next;
	json_object_foreach_safe(object, next, key, value) {
		if (json_is_null(value)) (void)json_object_del(object, key); /* it is there */
	}
}

static enum err form_of(json_t *object, char **out_text) {
	drop_nulls(object);
	char *text = json_dumps(object, FORM);
	json_decref(object);
	if (!text) return ERR_NOMEM;
	*out_text = text;
	return OK;
}

enum err settings_normalise(const char *data, size_t len, const struct settings_faults *faults,
                            char **out_text) {
	json_t *object = NULL;
	enum err e = object_read(data, len, faults, &object);
	return e == OK ? form_of(object, out_text) : e;
}

enum err settings_merge(const char *old, const char *data, size_t len, const struct settings_faults *faults,
                        char **out_text) {
	json_t *object = NULL, *change = NULL;
	enum err e = object_read(old, strlen(old), faults, &object);
	if (e == OK) e = object_read(data, len, faults, &change);
	if (e == OK && json_object_update(object, change) != 0) e = ERR_NOMEM;
	json_decref(change);
	if (e == OK) return form_of(object, out_text);
	json_decref(object);
	return e;
}

/* -- what they name --------------------------------------------------------------------------------------------- */

struct uses {
	settings_use_fn *each;
	void *ctx;
	enum err e;
};

static void use(struct uses *u, const char *kind, const char *name) {
	if (u->e == OK) u->e = u->each(u->ctx, kind, name);
}

static void use_key(struct uses *u, const char *text, size_t len) {
	char name[NAME_TEXT_MAX];
	if (len == 0 || len >= sizeof(name)) return;
	for (size_t i = 0; i < len; i++)
		name[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
	if (len > 1 && name[len - 1] == '.') len--;
	name[len] = '\0';
	use(u, "key", name);
}

static void use_of_primary(struct uses *u, const json_t *object) {
	const char *key = json_string_value(json_object_get(object, "key"));
	if (key) use_key(u, key, strlen(key));
}

static void uses_of_primaries(struct uses *u, const json_t *list) {
	size_t i;
	json_t *item;
	json_array_foreach(list, i, item) {
		struct addr a;
		const char *text = json_string_value(item);
		if (text && addr_parse(text, 53, &a) != OK) use(u, "primary", text);
		if (!text) use_of_primary(u, item);
	}
}

static void uses_of_access(struct uses *u, const json_t *list) {
	size_t i;
	json_t *item;
	json_array_foreach(list, i, item) {
		const char *at = json_string_value(item);
		if (at && *at == '!') at++;
		while (at && *at) {
			size_t len = strcspn(at, " ");
			if (len > 4 && strncmp(at, "key:", 4) == 0) use_key(u, at + 4, len - 4);
			at += len + strspn(at + len, " ");
		}
	}
}

/* A list for each kind of use; keys as in options.def. */
static const struct {
	const char *key;
	void (*uses)(struct uses *u, const json_t *list);
} lists[] = { { "primaries", uses_of_primaries },
	      { "notify", uses_of_primaries },
	      { "allow-transfer", uses_of_access },
	      { "allow-notify", uses_of_access },
	      { "allow-query", uses_of_access } };

enum err settings_uses(const char *text, settings_use_fn *each, void *ctx) {
	struct uses u = { .each = each, .ctx = ctx };
	json_t *object = json_loads(text, 0, NULL);
	if (!object) return ERR_CORRUPT;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		lists[i].uses(&u, json_object_get(object, lists[i].key));
	const char *template = json_string_value(json_object_get(object, "template"));
	if (template) use(&u, "template", template);
	json_decref(object);
	return u.e;
}

enum err settings_primary_uses(const char *text, settings_use_fn *each, void *ctx) {
	struct uses u = { .each = each, .ctx = ctx };
	json_t *object = json_loads(text, 0, NULL);
	if (!object) return ERR_CORRUPT;
	use_of_primary(&u, object);
	json_decref(object);
	return u.e;
}

/* -- a line for each value -------------------------------------------------------------------------------------- */

struct writing {
	struct settings_lines *lines;
	FILE *out;
	char path[SETTINGS_FIELD_MAX];
};

static void line_end(struct writing *w) {
	struct settings_lines *l = w->lines;
	if ((l->count & (l->count + 1)) == 0) /* full at 2^n - 1 */
		l->paths = xrealloc(l->paths, (2 * (size_t)l->count + 2) * sizeof(*l->paths));
	l->paths[l->count++] = xstrdup(w->path);
	(void)fputc('\n', w->out); /* into memory */
}

static void value_write(struct writing *w, json_t *value, unsigned depth);

static void text_write(struct writing *w, const char *text) {
	json_t *value = json_string(text);
	char *quoted = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
	(void)fputs(quoted ? quoted : "\"\"", w->out); /* into memory */
	free(quoted);
	json_decref(value);
}

static void object_write(struct writing *w, json_t *object, unsigned depth) {
	const char *key;
	json_t *value;
	json_object_foreach(object, key, value) {
		size_t len = strlen(w->path);
		(void)snprintf(w->path + len, sizeof(w->path) - len, "%s%s", len ? "." : "",
		               key); /* cut at the end */
		text_write(w, key);
		(void)fputs(": ", w->out); /* into memory */
		value_write(w, value, depth + 1);
		(void)fputc(',', w->out); /* into memory */
		line_end(w);
		w->path[len] = '\0';
	}
}

static void list_write(struct writing *w, json_t *list, unsigned depth) {
	size_t i;
	json_t *value;
	json_array_foreach(list, i, value) {
		size_t len = strlen(w->path);
		(void)snprintf(w->path + len, sizeof(w->path) - len, "[%zu]", i); /* cut at the end */
		value_write(w, value, depth + 1);
		(void)fputc(',', w->out); /* into memory */
		line_end(w);
		w->path[len] = '\0';
	}
}

/* Truths are the words that options have. */
static void value_write(struct writing *w, json_t *value, unsigned depth) {
	bool is_list = json_is_array(value);
	if (json_is_string(value)) {
		text_write(w, json_string_value(value));
	} else if (json_is_boolean(value)) {
		(void)fputs(json_is_true(value) ? "yes" : "no", w->out); /* into memory */
	} else if (!is_list && !json_is_object(value)) {
		(void)json_dumpf(value, w->out, JSON_ENCODE_ANY); /* into memory */
	} else if (depth > DEPTH_MAX + 1) {
		(void)fputs("null", w->out); /* deeper than any option */
	} else {
		(void)fputc(is_list ? '[' : '{', w->out); /* into memory */
		line_end(w);
		if (is_list)
			list_write(w, value, depth);
		else
			object_write(w, value, depth);
		(void)fputc(is_list ? ']' : '}', w->out); /* into memory */
	}
}

enum err settings_lines_make(const char *text, struct settings_lines *out_lines) {
	struct settings_lines lines = { 0 };
	struct writing w = { .lines = &lines };
	json_t *object = json_loads(text, 0, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		return ERR_CORRUPT;
	}
	w.out = open_memstream(&lines.yaml, &lines.len);
	if (w.out) {
		value_write(&w, object, 0);
		line_end(&w);
	}
	json_decref(object);
	if (!w.out || fclose(w.out) != 0) {
		settings_lines_done(&lines);
		return ERR_NOMEM;
	}
	*out_lines = lines;
	return OK;
}

void settings_lines_done(struct settings_lines *lines) {
	for (unsigned i = 0; i < lines->count; i++)
		free(lines->paths[i]);
	free(lines->paths);
	free(lines->yaml);
	*lines = (struct settings_lines){ 0 };
}

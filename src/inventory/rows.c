#include "inventory/rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/config_reader.h"

/* -- faults -------------------------------------------------------------------------------------------------- */

void field_fault_add(struct field_faults *f, const char *field, const char *format, ...) {
	char text[WHY_TEXT_MAX];
	va_list args;
	if (f->count == FIELD_FAULTS_MAX) return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut at the end */
	va_end(args);
	f->items = xrealloc(f->items, (f->count + 1) * sizeof(*f->items));
	f->items[f->count++] = (struct field_fault){ .field = xstrdup(field), .text = xstrdup(text) };
}

void field_faults_done(struct field_faults *f) {
	for (unsigned i = 0; i < f->count; i++) {
		free(f->items[i].field);
		free(f->items[i].text);
	}
	free(f->items);
	*f = (struct field_faults){ 0 };
}

enum err row_refuse(const struct row_work *w, enum err e, const char *format, ...) {
	char text[WHY_TEXT_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut at the end */
	va_end(args);
	why_set(w->why, REASON_NONE, "%s", text);
	return e;
}

enum err row_failed(const struct row_work *w, enum err e) {
	if (e != OK && e != ERR_NOTFOUND) sql_why(w->db, w->why);
	return e;
}

/* -- rows as JSON -------------------------------------------------------------------------------------------- */

static json_t *column_json(struct sql_statement *s, int column, char kind) {
	if (kind == 'b') return json_boolean(sql_int(s, column) != 0);
	if (sql_is_null(s, column) || (kind == 'n' && sql_int(s, column) == 0)) return json_null();
	if (kind == 't') return json_string(sql_text(s, column));
	if (kind == 'j') return json_loads(sql_text(s, column), JSON_DECODE_ANY, NULL);
	return json_integer(sql_int(s, column));
}

json_t *row_json(struct sql_statement *s, const struct row_field *fields, unsigned count) {
	json_t *row = json_object();
	for (unsigned i = 0; row && i < count; i++) {
		if (json_object_set_new(row, fields[i].name, column_json(s, (int)i, fields[i].kind)) == 0)
			continue;
		json_decref(row);
		row = NULL;
	}
	return row;
}

enum err rows_json(struct sql_statement *s, const struct row_field *fields, unsigned count,
                   json_t **out_list) {
	json_t *list = json_array();
	enum err e = list ? sql_step(s) : ERR_NOMEM;
	for (; e == OK; e = sql_step(s)) {
		if (json_array_append_new(list, row_json(s, fields, count)) == 0) continue;
		e = ERR_NOMEM;
		break;
	}
	sql_reset(s);
	if (e != ERR_NOTFOUND) {
		json_decref(list);
		return e;
	}
	*out_list = list;
	return OK;
}

enum err row_json_one(struct sql_statement *s, const struct row_field *fields, unsigned count,
                      json_t **out_row) {
	enum err e = sql_step(s);
	json_t *row = e == OK ? row_json(s, fields, count) : NULL;
	sql_reset(s);
	if (e == OK && !row) e = ERR_NOMEM;
	if (e == OK) *out_row = row;
	return e;
}

struct sql_statement *row_page_prepare(const struct row_work *w, const struct row_page *page,
                                       const char *of_account, const char *of_all) {
	struct sql_statement *s = sql_prepare(w->db, page->account ? of_account : of_all);
	if (page->account) sql_put_int(s, page->account);
	if (page->after)
		sql_put_text(s, page->after);
	else
		sql_put_null(s);
	sql_put_int(s, page->limit);
	return s;
}

/* -- names --------------------------------------------------------------------------------------------------- */

bool row_name_check(const struct row_work *w, const char *field, const char *name) {
	size_t len = strlen(name);
	bool good = len > 0 && len <= ROW_NAME_MAX && tree_clean_len(name, len) == len &&
	            !strpbrk(name, "\t\r\n") && name[0] != ' ' && name[len - 1] != ' ';
	if (!good)
		field_fault_add(w->faults, field,
		                "expected a name of 1 to %d octets without control characters",
		                (int)ROW_NAME_MAX);
	return good;
}

bool row_domain_check(const struct row_work *w, const char *field, const char *text,
                      char out_text[static NAME_TEXT_MAX]) {
	struct name name;
	if (domain_parse(text, &name) != OK) {
		field_fault_add(w->faults, field, "expected a domain name, such as \"example.com\"");
		return false;
	}
	name_text_short(name.wire, out_text);
	return true;
}

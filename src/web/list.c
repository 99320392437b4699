#include "web/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "web/api.h"
#include "web/json.h"

#define LINK_MAX 4096

/* Own of the exchange. */
struct job {
	const struct list *list;
	char *begin;
	json_t *next;     /* own: the cursor; NULL: from the beginning, or at the end */
	json_int_t limit; /* 0: all of it */
	bool rows_written, begun, waits;
	char *text; /* own: of a row */
	size_t text_len, text_cap;
};

static void job_free(void *job) {
	struct job *j = job;
	free(j->begin);
	free(j->text);
	json_decref(j->next);
	free(j);
}

json_t *list_rows(json_t *result, const char *name) {
	if (json_is_array(result)) return result;
	json_t *rows = json_object_get(result, name);
	return json_is_array(rows) ? rows : NULL;
}

/* -- Link ------------------------------------------------------------------------------------------------------------- */

static void append(char *out, size_t *len, const char *text, bool escape) {
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	for (; *text && *len < LINK_MAX - 4; text++) {
		if (!escape || strchr(safe, *text))
			out[(*len)++] = *text;
		else
			*len += (size_t)snprintf(out + *len, 4, "%%%02X", (unsigned char)*text);
	}
	out[*len] = '\0';
}

static const char *cursor_text(json_t *next, char buf[static 24]) {
	if (json_is_string(next)) return json_string_value(next);
	snprintf(buf, 24, "%lld", (long long)json_integer_value(next));
	return buf;
}

/* The same request, with another cursor. */
static void set_link(struct exchange *x, json_t *next) {
	char out[LINK_MAX], number[24];
	size_t len = 0;
	append(out, &len, "<", false);
	for (unsigned i = 0; i < x->target.segment_count; i++) {
		append(out, &len, "/", false);
		append(out, &len, x->target.segments[i], true);
	}
	append(out, &len, "?", false);
	for (unsigned i = 0; i < x->target.query_count; i++) {
		const struct query_param *p = &x->target.query[i];
		if (strcmp(p->name, "cursor") == 0) continue;
		append(out, &len, p->name, true);
		append(out, &len, "=", false);
		append(out, &len, p->value, true);
		append(out, &len, "&", false);
	}
	append(out, &len, "cursor=", false);
	append(out, &len, cursor_text(next, number), true);
	append(out, &len, ">; rel=\"next\"", false);
	exchange_set(x, "Link", out);
}

/* -- rows ------------------------------------------------------------------------------------------------------------- */

static void write_text(struct exchange *x, const char *text) {
	exchange_write(x, text, strlen(text));
}

/* A row's text, in a buffer that the next row uses again. */
static int row_text_add(const char *data, size_t len, void *job) {
	struct job *j = job;
	if (j->text_len + len > j->text_cap) {
		j->text_cap = 2 * (j->text_len + len);
		j->text = xrealloc(j->text, j->text_cap);
	}
	memcpy(j->text + j->text_len, data, len);
	j->text_len += len;
	return 0;
}

static void write_rows(struct exchange *x, struct job *j, json_t *rows) {
	size_t i;
	json_t *row;
	json_array_foreach(rows, i, row) {
		json_t *out = j->list->row ? j->list->row(x, row) : json_camel(row);
		j->text_len = 0;
		if (j->rows_written) (void)row_text_add(",", 1, j); /* always 0 */
		if (json_dump_callback(out, row_text_add, j, JSON_COMPACT) == 0) {
			exchange_write(x, j->text, j->text_len);
			j->rows_written = true;
		} /* else never: what came from JSON is JSON */
		json_decref(out);
	}
}

static void begin(struct exchange *x, struct job *j, json_t *result) {
	json_t *total = json_object_get(result, "total");
	char number[24];
	if (j->begun) return;
	j->begun = true;
	if (json_is_integer(total)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(total));
		exchange_set(x, "X-Total-Count", number);
	}
	if (j->limit > 0 && j->next) set_link(x, j->next);
	exchange_stream(x, 200, "application/json");
	write_text(x, j->begin ? j->begin : j->list->begin);
}

static void ask_next(struct exchange *x);

/* The next slice is asked for when there is room for it. */
static void go_on(struct exchange *x) {
	struct job *j = x->job;
	if (!j->waits || exchange_full(x)) return;
	j->waits = false;
	ask_next(x);
}

static void on_page(struct exchange *x, json_t *result) {
	struct job *j = x->job;
	if (!result) return; /* the end of the reply; ours is told by the cursor */
	json_t *next = json_object_get(result, "next");
	json_decref(j->next);
	j->next = next && !json_is_null(next) ? json_incref(next) : NULL;
	begin(x, j, result);
	write_rows(x, j, list_rows(result, j->list->rows));
	if (j->limit > 0 || !j->next || exchange_head_only(x)) {
		write_text(x, j->list->end);
		exchange_end(x, true);
		return;
	}
	j->waits = true;
	x->drained = go_on;
	go_on(x);
}

static void ask_next(struct exchange *x) {
	struct job *j = x->job;
	json_t *request = api_request(x, x->route->request);
	json_object_set_new(request, "limit", json_integer(j->limit > 0 ? j->limit : LIST_SLICE));
	if (j->next) json_object_set(request, j->list->cursor, j->next);
	if (j->list->filter) j->list->filter(x, request);
	api_ask(x, request, on_page);
}

/* The cursor as the daemon has it.  false: answered. */
static bool read_cursor(struct exchange *x, struct job *j) {
	const char *cursor = target_query(&x->target, "cursor");
	json_int_t number = 0;
	if (!cursor) return true;
	if (!j->list->cursor_number) {
		j->next = json_string(cursor);
		return true;
	}
	if (!api_query_number(x, "cursor", 0, (json_int_t)1 << 53, &number)) return false;
	j->next = json_integer(number);
	return true;
}

void list_answer(struct exchange *x, const struct list *list, char *begin) {
	struct job *j = xcalloc(1, sizeof(*j));
	j->list = list;
	j->begin = begin;
	if (x->job_free) x->job_free(x->job);
	x->job = j;
	x->job_free = job_free;
	if (!api_query_number(x, "limit", 1, LIST_LIMIT_MAX, &j->limit) || !read_cursor(x, j)) return;
	ask_next(x);
}

#include "web/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "web/pool.h"

#define ERROR_TEXT_MAX 512
#define BUFFER_FIRST 4096

static void answered(struct exchange *x, int status) {
	x->status = status;
	x->stage = STAGE_ANSWERED;
	server_wake(x);
}

void exchange_set(struct exchange *x, const char *name, const char *value) {
	if (x->header_count == EXCHANGE_HEADERS_MAX) return;
	char *copy = xstrdup(value);
	for (char *p = copy; *p; p++) {
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f) *p = '?';
	}
	x->headers[x->header_count].name = name;
	x->headers[x->header_count++].value = copy;
}

void exchange_text(struct exchange *x, int status, const char *type, char *text, size_t len) {
	if (x->stage >= STAGE_ANSWERED) {
		free(text);
		return;
	}
	if (type) exchange_set(x, "Content-Type", type);
	x->text = text;
	x->len = len;
	answered(x, status);
}

void exchange_json(struct exchange *x, int status, json_t *body) {
	char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	json_decref(body);
	if (!text) {
		exchange_empty(x, 500); /* out of memory */
		return;
	}
	size_t len = strlen(text);
	text[len] = '\n'; /* in the place of the NUL */
	exchange_text(x, status, "application/json", text, len + 1);
}

void exchange_error(struct exchange *x, int status, const char *format, ...) {
	char text[ERROR_TEXT_MAX];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	size_t len = strlen(text);
	while (len > 0 && !target_text_clean(text, len))
		text[--len] = '\0'; /* a character was cut in two */
	exchange_json(x, status, json_pack("{s:s}", "error", text));
}

void exchange_empty(struct exchange *x, int status) {
	exchange_text(x, status, NULL, NULL, 0);
}

void exchange_stream(struct exchange *x, int status, const char *type) {
	if (x->stage >= STAGE_ANSWERED) return;
	exchange_set(x, "Content-Type", type);
	x->stream = true;
	answered(x, status);
}

void exchange_write(struct exchange *x, const char *data, size_t len) {
	if (len == 0 || x->ended || exchange_head_only(x)) return;
	if (x->taken > 0) {
		x->len -= x->taken;
		memmove(x->text, x->text + x->taken, x->len);
		x->taken = 0;
	}
	if (x->len + len > x->cap) {
		x->cap = x->cap ? x->cap : BUFFER_FIRST;
		while (x->cap < x->len + len)
			x->cap *= 2;
		x->text = xrealloc(x->text, x->cap);
	}
	memcpy(x->text + x->len, data, len);
	x->len += len;
	server_wake(x);
}

void exchange_end(struct exchange *x, bool whole) {
	if (x->ended) return;
	x->ended = true;
	x->broken = !whole;
	server_wake(x);
}

bool exchange_full(const struct exchange *x) {
	return x->len - x->taken >= EXCHANGE_BUFFER_MAX / 2;
}

bool exchange_head_only(const struct exchange *x) {
	return x->method == METHOD_HEAD;
}

void exchange_clear(struct exchange *x) {
	ask_cancel(x->ask);
	if (x->job_free) x->job_free(x->job);
	json_decref(x->body);
	target_done(&x->target);
	for (unsigned i = 0; i < x->header_count; i++)
		free(x->headers[i].value);
	free(x->text);
	if (x->received) explicit_bzero(x->received, x->received_cap);
	free(x->received);
}

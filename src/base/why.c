#include "base/why.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

struct reason_row {
	const char *slug;
	const char *text;
	const char *advice;
};

static const struct reason_row *row_of(enum reason reason) {
	static const struct reason_row rows[] = {
#define REASON(name, slug, text, advice) { slug, text, advice },
#include "base/reasons.def"
#undef REASON
	};
	size_t i = (size_t)reason;
	return &rows[i < REASON_COUNT ? i : REASON_INTERNAL];
}

void why_set(struct why *w, enum reason reason, const char *format, ...) {
	va_list args;
	va_start(args, format);
	int n = vsnprintf(w->evidence, sizeof(w->evidence), format, args);
	va_end(args);
	if (n < 0) w->evidence[0] = '\0';
	w->reason = reason;
	/* Peers choose parts of the evidence: nothing but printable ASCII reaches a terminal or a page. */
	for (char *p = w->evidence; *p; p++) {
		if (*p < 0x20 || *p > 0x7e) *p = '?';
	}
}

const char *reason_slug(enum reason reason) {
	return row_of(reason)->slug;
}

const char *reason_text(enum reason reason) {
	return row_of(reason)->text;
}

const char *reason_advice(enum reason reason) {
	return row_of(reason)->advice;
}

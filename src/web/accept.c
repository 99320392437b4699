#include "web/accept.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *p) {
	return p + strspn(p, " \t");
}

/* The q of the parameters from p to end is 0. */
static bool weight_is_zero(const char *p, const char *end) {
	for (; p < end; p++) {
		if (*p != ';') continue;
		const char *q = skip_blanks(p + 1);
		if ((*q == 'q' || *q == 'Q') && q[1] == '=') return strtod(q + 2, NULL) <= 0.0;
	}
	return false;
}

/* Does the media range [range, range + len) cover type? */
static bool covers(const char *range, size_t len, const char *type) {
	size_t main_len = strcspn(type, "/") + 1;
	if (len == 3 && memcmp(range, "*/*", 3) == 0) return true;
	if (len == 1 && *range == '*') return true; /* some clients send this */
	if (len == main_len + 1 && range[len - 1] == '*') return strncasecmp(range, type, main_len) == 0;
	return len == strlen(type) && strncasecmp(range, type, len) == 0;
}

static bool allows(const char *accept, const char *type) {
	bool allowed = false;
	size_t best = 0; /* the most specific range decides */
	for (const char *p = skip_blanks(accept); *p;) {
		const char *end = p + strcspn(p, ",");
		size_t len = strcspn(p, ";, \t");
		size_t rank = len > 0 && p[len - 1] == '*' ? (len <= 3 && *p == '*' ? 1 : 2) : 3;
		if (covers(p, len, type) && rank >= best) {
			best = rank;
			allowed = !weight_is_zero(p, end);
		}
		p = *end ? skip_blanks(end + 1) : end;
	}
	return allowed;
}

bool accept_allows(const char *accept, enum makes makes) {
	if (!accept || *skip_blanks(accept) == '\0') return true;
	bool json = allows(accept, "application/json"), text = allows(accept, "text/plain");
	switch (makes) {
	case MAKES_JSON: return json;
	case MAKES_TEXT: return text;
	case MAKES_EITHER: return json || text;
	case MAKES_EVENTS: return allows(accept, "text/event-stream");
	}
	return true;
}

bool accept_is_json(const char *type) {
	size_t len = strcspn(type, "; \t");
	if (len == 16 && strncasecmp(type, "application/json", len) == 0) return true;
	return len > 5 && strncasecmp(type + len - 5, "+json", 5) == 0;
}

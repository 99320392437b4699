#include "web/route.h"

#include <stdio.h>
#include <string.h>

#include "web/handlers.h"

const struct route routes[] = {
#define ROUTE(method, pattern, access, handle, request, query, makes, id, summary, body, reply, statuses)    \
	{ METHOD_##method, pattern, ACCESS_##access, handle, request, query, MAKES_##makes, body },
#include "web/routes.def"
#undef ROUTE
};
const size_t routes_count = sizeof(routes) / sizeof(routes[0]);

static const char *const method_texts[] = { "GET",   "HEAD",   "POST",    "PUT",
	                                    "PATCH", "DELETE", "OPTIONS", "OTHER" };

enum method method_parse(const char *text) {
	for (int i = 0; i < METHOD_OTHER; i++) {
		if (strcmp(method_texts[i], text) == 0) return (enum method)i;
	}
	return METHOD_OTHER;
}

const char *method_text(enum method m) {
	return method_texts[m];
}

/* Does the path fit the pattern?  Its variable segments go to out_params. */
static bool fits(const char *pattern, const struct target *t, const char *out_params[ROUTE_PARAMS_MAX]) {
	unsigned params = 0;
	for (unsigned i = 0; i < t->segment_count; i++) {
		if (*pattern++ != '/') return false;
		size_t len = strcspn(pattern, "/");
		if (*pattern == '{') {
			if (t->segments[i][0] == '\0' || params == ROUTE_PARAMS_MAX) return false;
			out_params[params++] = t->segments[i];
		} else if (strlen(t->segments[i]) != len || memcmp(t->segments[i], pattern, len) != 0) {
			return false;
		}
		pattern += len;
	}
	return *pattern == '\0';
}

static void allow(char out_allow[static ROUTE_ALLOW_MAX], enum method m) {
	size_t len = strlen(out_allow);
	snprintf(out_allow + len, ROUTE_ALLOW_MAX - len, "%s%s%s", len ? ", " : "", method_texts[m],
	         m == METHOD_GET ? ", HEAD" : "");
}

const struct route *route_find(enum method m, const struct target *t,
                               const char *out_params[ROUTE_PARAMS_MAX],
                               char out_allow[static ROUTE_ALLOW_MAX]) {
	const char *pattern = NULL;
	out_allow[0] = '\0';
	if (m == METHOD_HEAD) m = METHOD_GET;
	for (size_t i = 0; i < routes_count; i++) {
		const struct route *r = &routes[i];
		if (pattern ? strcmp(pattern, r->pattern) != 0 : !fits(r->pattern, t, out_params)) continue;
		if (r->method == m) return r;
		pattern = r->pattern; /* the other methods of this very path only */
		allow(out_allow, r->method);
	}
	return NULL;
}

static bool takes(const char *names, const char *name) {
	size_t len = strlen(name);
	while (*names) {
		size_t word = strcspn(names, " ");
		if (word == len && memcmp(names, name, len) == 0) return true;
		names += word;
		names += strspn(names, " ");
	}
	return false;
}

const char *route_unknown_param(const struct route *r, const struct target *t) {
	for (unsigned i = 0; i < t->query_count; i++) {
		if (!takes(r->query, t->query[i].name)) return t->query[i].name;
	}
	return NULL;
}

#include "inventory/caller.h"

#include <stdlib.h>
#include <string.h>

static const char *const scopes[] = { "read", "write", "admin" };
#define SCOPES (sizeof(scopes) / sizeof(scopes[0]))

const char *scope_text(enum scope scope) {
	return scopes[scope];
}

enum err scope_parse(const char *text, enum scope *out_scope) {
	for (unsigned i = 0; i < SCOPES; i++) {
		if (strcmp(text, scopes[i]) != 0) continue;
		*out_scope = (enum scope)i;
		return OK;
	}
	return ERR_NOTFOUND;
}

/* The count is the one thing of a caller that changes. */
static _Atomic unsigned *references(const struct caller *c) {
	return &((struct caller *)(uintptr_t)c)->references;
}

void caller_ref(const struct caller *c) {
	if (c) atomic_fetch_add_explicit(references(c), 1, memory_order_relaxed);
}

void caller_unref(const struct caller *c) {
	if (!c || atomic_fetch_sub_explicit(references(c), 1, memory_order_acq_rel) != 1) return;
	free(c->zones);
	free((struct caller *)(uintptr_t)c);
}

bool caller_is_kept_from(const struct caller *c, const char *zone) {
	if (!c->zones) return false;
	for (const char *p = c->zones; p < c->zones + c->zones_len; p += strlen(p) + 1)
		if (strcmp(p, zone) == 0) return false;
	return true;
}

bool caller_reaches_primary(const struct caller *c, const struct addr *primary) {
	if (!c->has_primary) return true;
	return primary->family == c->primary.family &&
	       memcmp(primary->ip, c->primary.ip, sizeof(primary->ip)) == 0 &&
	       (c->primary.port == 0 || primary->port == c->primary.port);
}

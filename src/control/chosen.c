#include "control/chosen.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void chosen_begin(struct chosen *c) {
	c->names = xcalloc(c->limit, sizeof(*c->names));
}

void chosen_free(struct chosen *c) {
	if (!c) return;
	for (size_t i = 0; i < c->count; i++)
		free(c->names[i]);
	free(c->names);
	free(c);
}

/* -- the heap: whoever is last in order stands at its top, to be pushed out ----------------------------------------- */

static void swap(char **a, char **b) {
	char *kept = *a;
	*a = *b;
	*b = kept;
}

static void rise(struct chosen *c) {
	for (size_t i = c->count - 1; i > 0 && strcmp(c->names[i], c->names[(i - 1) / 2]) > 0;
	     i = (i - 1) / 2)
		swap(&c->names[i], &c->names[(i - 1) / 2]);
}

static void sink(struct chosen *c) {
	for (size_t i = 0;;) {
		size_t last = i, left = 2 * i + 1, right = left + 1;
		if (left < c->count && strcmp(c->names[left], c->names[last]) > 0) last = left;
		if (right < c->count && strcmp(c->names[right], c->names[last]) > 0) last = right;
		if (last == i) return;
		swap(&c->names[i], &c->names[last]);
		i = last;
	}
}

void chosen_offer(struct chosen *c, const char *name) {
	if (c->after && strcmp(name, c->after) <= 0) return;
	if (c->count < c->limit) {
		c->names[c->count++] = xstrdup(name);
		rise(c);
	} else if (strcmp(name, c->names[0]) < 0) {
		free(c->names[0]);
		c->names[0] = xstrdup(name);
		sink(c);
	}
}

static int compare(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void chosen_sort(struct chosen *c) {
	qsort(c->names, c->count, sizeof(*c->names), compare);
}

/* -- looking --------------------------------------------------------------------------------------------------------- */

static bool is(const char *wanted, const char *word) {
	return !wanted || strcmp(wanted, word) == 0;
}

static bool fits(const struct chosen *c, const struct control_zone *z) {
	if (c->account != 0 && z->account != c->account) return false;
	return is(c->state, z->state) && is(c->health, z->health) && is(c->reason, z->reason);
}

bool chosen_slice(struct chosen *c, const struct control_backend *b) {
	struct control_zone zone;
	char text[NAME_TEXT_MAX];
	for (unsigned i = 0; i < CHOSEN_SLICE; i++) {
		if (!b->zone_next(b->ctx, &c->cursor, &zone)) return true;
		if (!fits(c, &zone)) continue;
		name_text_short(zone.name, text);
		if (c->text && !strstr(text, c->text)) continue;
		c->total++;
		chosen_offer(c, text);
	}
	return false;
}

#include "control/chosen.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void chosen_lower(const char *text, char out_text[static NAME_TEXT_MAX]) {
	size_t len = 0;
	for (; text && text[len] && len < NAME_TEXT_MAX - 1; len++)
		out_text[len] = (char)name_lower((uint8_t)text[len]);
	out_text[len] = '\0';
}

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
	if (strcmp(name, c->after) <= 0) return;
	if (c->count < c->limit) {
		c->names[c->count++] = xstrdup(name);
		rise(c);
	} else if (strcmp(name, c->names[0]) < 0) {
		free(c->names[0]);
		c->names[0] = xstrdup(name);
		sink(c);
	}
}

void chosen_look(struct chosen *c, const char *name) {
	if (c->has_text && !strstr(name, c->text)) return;
	c->total++;
	chosen_offer(c, name);
}

static int compare(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void chosen_sort(struct chosen *c) {
	qsort(c->names, c->count, sizeof(*c->names), compare);
}

/* -- looking --------------------------------------------------------------------------------------------------------- */

static bool is(struct chosen_word *w, const char *word) {
	if (!w->wanted) return true;
	if (w->last != word) {
		w->last = word;
		w->fits = strcmp(w->wanted, word) == 0;
	}
	return w->fits;
}

static bool fits(struct chosen *c, const struct control_zone *z) {
	if (c->account != 0 && z->account != c->account) return false;
	return is(&c->state, z->state) && is(&c->health, z->health) && is(&c->reason, z->reason);
}

bool chosen_slice(struct chosen *c, const struct control_backend *b) {
	struct control_zone zone;
	char text[NAME_TEXT_MAX];
	for (unsigned spent = 0; spent < CHOSEN_SLICE; spent++) {
		if (!b->zone_next(b->ctx, &c->cursor, &zone)) return true;
		if (!fits(c, &zone)) continue;
		spent += CHOSEN_NAME;
		chosen_look(c, name_text_short(zone.name, text));
	}
	return false;
}

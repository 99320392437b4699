/* What is kept of a configuration for settings to refer to. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/config_reader.h"

/* Names by their places; the caller frees the array. */
static const char **names_by_place(const struct symbols *names, unsigned count) {
	const char **by_place = xcalloc(count + 1, sizeof(*by_place));
	for (size_t i = 0; i < names->capacity; i++) {
		const struct symbol *s = &names->slots[i];
		if (s->key && s->value < count) by_place[s->value] = s->key;
	}
	return by_place;
}

static void primaries_take(const struct config_reader *r, struct settings_base *b) {
	const char **names = names_by_place(&r->primaries, r->primary_count);
	b->primaries = xcalloc(r->primary_count + 1, sizeof(*b->primaries));
	for (unsigned i = 0; i < r->primary_count; i++) {
		const struct primary_definition *p = &r->primary_items[i];
		if (!names[i] || p->count == 0) continue;
		b->primaries[b->primary_count++] = (struct settings_primary){
			.name = xstrdup(names[i]),
			.items = xmemdup(p->items, p->count * sizeof(*p->items)),
			.count = p->count,
		};
	}
	free(names);
}

static void templates_take(const struct config_reader *r, struct settings_base *b) {
	const char **names = names_by_place(&r->templates, r->template_count);
	b->templates = xcalloc(r->template_count + 1, sizeof(*b->templates));
	for (unsigned i = 0; i < r->template_count; i++) {
		const struct zone_policy *policy = r->template_items[i].policy;
		if (!names[i] || !policy) continue;
		policy_ref(policy);
		b->templates[b->template_count++] = (struct settings_template){ xstrdup(names[i]), policy };
	}
	free(names);
}

struct settings_base *config_base(struct config_reader *r) {
	struct settings_base *b = xcalloc(1, sizeof(*b));
	atomic_init(&b->references, 1);
	b->keyset = r->config->keyset;
	if (b->keyset) keyset_ref(b->keyset);
	primaries_take(r, b);
	templates_take(r, b);
	b->texts = r->texts;
	b->text_count = r->text_count;
	r->texts = NULL;
	r->text_count = 0;
	return b;
}

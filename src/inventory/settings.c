#include "inventory/settings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/config_reader.h"

/* -- what the configuration lends ---------------------------------------------------------------------------------- */

void settings_base_ref(struct settings_base *b) {
	if (b) atomic_fetch_add_explicit(&b->references, 1, memory_order_relaxed);
}

void settings_base_unref(struct settings_base *b) {
	if (!b || atomic_fetch_sub_explicit(&b->references, 1, memory_order_acq_rel) != 1) return;
	for (unsigned i = 0; i < b->primary_count; i++) {
		free(b->primaries[i].name);
		free(b->primaries[i].items);
	}
	free(b->primaries);
	for (unsigned i = 0; i < b->template_count; i++) {
		free(b->templates[i].name);
		policy_unref(b->templates[i].policy);
	}
	free(b->templates);
	for (size_t i = 0; i < b->text_count; i++)
		free(b->texts[i]);
	free(b->texts);
	keyset_unref(b->keyset);
	free(b);
}

static bool same_primaries(const struct settings_base *a, const struct settings_base *b) {
	if (a->primary_count != b->primary_count) return false;
	for (unsigned i = 0; i < a->primary_count; i++) {
		const struct settings_primary *x = &a->primaries[i], *y = &b->primaries[i];
		if (x->count != y->count || strcmp(x->name, y->name) != 0 ||
		    !primaries_equal(x->items, y->items, x->count))
			return false;
	}
	return true;
}

static bool same_templates(const struct settings_base *a, const struct settings_base *b) {
	if (a->template_count != b->template_count) return false;
	for (unsigned i = 0; i < a->template_count; i++) {
		if (strcmp(a->templates[i].name, b->templates[i].name) != 0 ||
		    !policy_equal(a->templates[i].policy, b->templates[i].policy))
			return false;
	}
	return true;
}

bool settings_base_equal(const struct settings_base *a, const struct settings_base *b) {
	if (a == b) return true;
	return a && b && keyset_equal_whole(a->keyset, b->keyset) && same_primaries(a, b) &&
	       same_templates(a, b);
}

/* -- reading one text ------------------------------------------------------------------------------------------------ */

struct reading {
	struct config_reader reader;
	struct config_faults faults;
	struct config_input input;
	struct config config; /* keyset: what becomes the policy's */
	struct settings_lines lines;
	unsigned own_primaries; /* so many of reader.primary_items have items of their own */
	char **names;           /* owned: what symbols refer to */
	unsigned name_count;
	const struct settings_view *view;
};

static const char *name_keep(struct reading *g, const char *name) {
	g->names = xrealloc(g->names, (g->name_count + 1) * sizeof(*g->names));
	g->names[g->name_count] = xstrdup(name);
	return g->names[g->name_count++];
}

static void reading_begin(struct reading *g, const struct settings_view *view) {
	*g = (struct reading){ .view = view, .input = { .path = "settings" } };
	g->config.keyset = keyset_over(view->keys);
	g->reader = (struct config_reader){ .input = &g->input,
		                            .config = &g->config,
		                            .faults = &g->faults,
		                            .file = g->input.path,
		                            .is_foreign = true };
	g->reader.scratch = xmalloc(sizeof(*g->reader.scratch));
	g->reader.key_items = (struct tsig_key **)(uintptr_t)view->keys->ring.keys;
	g->reader.key_count = view->keys->ring.count;
	for (unsigned i = 0; i < g->reader.key_count; i++) {
		const struct name *name = &g->reader.key_items[i]->name;
		char text[NAME_TEXT_MAX];
		const char *kept = name_keep(g, name_text_short(name->wire, text));
		(void)symbols_add(&g->reader.keys, name->wire, name->len, i, NULL);   /* the first counts */
		(void)symbols_add(&g->reader.key_texts, kept, strlen(kept), i, NULL); /* as above */
	}
}

static void reading_end(struct reading *g) {
	struct config_reader *r = &g->reader;
	symbols_done(&r->keys);
	symbols_done(&r->key_texts);
	symbols_done(&r->primaries);
	symbols_done(&r->templates);
	for (unsigned i = 0; i < g->own_primaries; i++)
		free(r->primary_items[i].items);
	free(r->primary_items);
	for (unsigned i = 0; i < r->template_count; i++)
		policy_unref(r->template_items[i].policy);
	free(r->template_items);
	for (unsigned i = 0; i < g->name_count; i++)
		free(g->names[i]);
	free(g->names);
	policy_pool_done(&r->pool);
	free(r->scratch);
	tree_free(r->tree);
	settings_lines_done(&g->lines);
	config_faults_done(&g->faults);
	keyset_unref(g->config.keyset);
}

/* The tree of text in its one form; what was there before goes. */
static enum err text_open(struct reading *g, const char *text) {
	struct tree_fault fault = { 0 };
	struct tree *tree = NULL;
	settings_lines_done(&g->lines);
	enum err e = settings_lines_make(text, &g->lines);
	if (e == OK) e = tree_parse(g->lines.yaml, g->lines.len, &tree, &fault);
	if (e == ERR_CONFIG) fault_add(&g->reader, fault.line, ": %s", fault.text);
	if (e != OK) return e;
	tree_free(g->reader.tree);
	g->reader.tree = tree;
	return OK;
}

/* -- faults: lines become fields ------------------------------------------------------------------------------------- */

/* What stands before the first ": " is the section and the option, which the field says better. */
static const char *words_of(const char *text) {
	const char *colon = strstr(text, ": ");
	return colon ? colon + 2 : text;
}

static enum err faults_tell(struct reading *g, const struct settings_faults *faults) {
	for (unsigned i = 0; i < g->faults.count; i++) {
		const struct config_fault *f = &g->faults.items[i];
		bool has_line = f->line > 0 && f->line <= g->lines.count;
		faults->add(faults->ctx, has_line ? g->lines.paths[f->line - 1] : "", words_of(f->text));
	}
	return g->faults.count > 0 ? ERR_CONFIG : OK;
}

/* -- primaries and templates that are referred to --------------------------------------------------------------------- */

static void primary_keep(struct reading *g, const char *name, struct primary_definition p) {
	struct config_reader *r = &g->reader;
	const char *kept = name_keep(g, name);
	r->primary_items = xrealloc(r->primary_items, (r->primary_count + 1) * sizeof(*r->primary_items));
	(void)symbols_add(&r->primaries, kept, strlen(kept), r->primary_count, NULL); /* the first counts */
	r->primary_items[r->primary_count++] = p;
}

/* One of the account's own, held to be without faults since it was checked when it came. */
static enum err use_found(void *ctx, const char *kind, const char *name) {
	struct reading *g = ctx;
	char *text = NULL;
	struct primary_definition p = { 0 };
	if (strcmp(kind, "primary") != 0 || symbols_find(&g->reader.primaries, name, strlen(name), NULL) ||
	    !g->view->primary)
		return OK;
	enum err e = g->view->primary(g->view->ctx, name, &text);
	if (e == ERR_NOTFOUND) return OK; /* whoever refers to it will say so */
	if (e == OK) e = text_open(g, text);
	if (e == OK) primary_inline_read(&g->reader, tree_root(g->reader.tree), name, &p);
	free(text);
	if (e != OK) return e;
	primary_keep(g, name, p);
	g->own_primaries = g->reader.primary_count;
	return OK;
}

/* Those of the file come after the account's own, which so go first. */
static void base_primaries(struct reading *g) {
	const struct settings_base *b = g->view->base;
	for (unsigned i = 0; g->view->is_main && i < b->primary_count; i++)
		primary_keep(g, b->primaries[i].name,
		             (struct primary_definition){ .items = b->primaries[i].items,
		                                          .count = b->primaries[i].count });
}

/* Who is not the file's owner gets the bounds and guards of its default, and none of its primaries. */
static const struct zone_policy *for_others(const struct zone_policy *policy) {
	struct policy_pool pool = { 0 };
	struct zone_policy draft;
	memcpy(&draft, policy, sizeof(draft));
	draft.primary_count = draft.notify_count = 0;
	draft.primaries = draft.notify = NULL;
	const struct zone_policy *p = policy_pool_get(&pool, &draft);
	policy_pool_done(&pool);
	return p;
}

static void base_templates(struct reading *g) {
	const struct settings_base *b = g->view->base;
	struct config_reader *r = &g->reader;
	r->template_items = xcalloc(b->template_count + 1, sizeof(*r->template_items));
	for (unsigned i = 0; i < b->template_count; i++) {
		const struct settings_template *t = &b->templates[i];
		if (!g->view->is_main && strcmp(t->name, "default") != 0) continue;
		const struct zone_policy *policy = t->policy;
		if (g->view->is_main)
			policy_ref(policy);
		else
			policy = for_others(policy);
		(void)symbols_add(&r->templates, t->name, strlen(t->name), r->template_count,
		                  NULL); /* once */
		r->template_items[r->template_count++].policy = policy;
	}
}

/* -- the policy ------------------------------------------------------------------------------------------------------- */

/* Only keys that are used count: another key of the account changes nothing. */
static void key_used(struct keyset *set, const struct tsig_key *key) {
	if (!key) return;
	for (unsigned i = 0; i < set->ring.count; i++) {
		if (set->ring.keys[i] == key) return;
	}
	const struct tsig_key **keys = (const struct tsig_key **)(uintptr_t)set->ring.keys;
	keys = xrealloc((void *)(uintptr_t)keys, (set->ring.count + 1) * sizeof(*keys));
	keys[set->ring.count++] = key;
	set->ring.keys = keys;
	set->borrowed = set->ring.count;
}

static void acl_used(struct keyset *set, const struct acl *acl) {
	for (unsigned i = 0; i < acl->count; i++)
		key_used(set, acl->items[i].key);
}

static void keys_used(struct keyset *set, const struct zone_policy *draft) {
	for (unsigned i = 0; i < draft->primary_count; i++)
		key_used(set, draft->primaries[i].key);
	for (unsigned i = 0; i < draft->notify_count; i++)
		key_used(set, draft->notify[i].key);
	acl_used(set, &draft->allow_transfer);
	acl_used(set, &draft->allow_notify);
	acl_used(set, &draft->allow_query);
}

static void policy_read(struct reading *g, struct zone_policy *out_draft) {
	struct values v;
	if (!values_read(&g->reader, &section_settings, tree_root(g->reader.tree), &v)) return;
	zone_draft(&g->reader, &v, out_draft);
	keys_used(g->config.keyset, out_draft);
	out_draft->keyset = g->config.keyset;
}

/* 0: no bound. */
static uint64_t lesser(uint64_t a, uint64_t b) {
	return a == 0 || (b != 0 && b < a) ? b : a;
}

enum err settings_policy(const struct settings_view *view, const char *text,
                         const struct settings_faults *faults, const struct zone_policy **out_policy) {
	struct reading g;
	struct zone_policy draft;
	reading_begin(&g, view);
	enum err e = settings_uses(text, use_found, &g);
	if (e == OK) {
		base_primaries(&g);
		base_templates(&g);
		e = text_open(&g, text);
	}
	if (e == OK) policy_read(&g, &draft);
	if (e == OK || e == ERR_CONFIG) e = faults_tell(&g, faults);
	if (e == OK) {
		draft.max_zone_bytes = lesser(draft.max_zone_bytes, view->max_zone_bytes);
		draft.max_zone_records = lesser(draft.max_zone_records, view->max_zone_records);
		*out_policy = policy_pool_get(&g.reader.pool, &draft);
	}
	reading_end(&g);
	return e;
}

enum err settings_primary_check(const struct settings_view *view, const char *text,
                                const struct settings_faults *faults) {
	struct reading g;
	struct primary_definition p = { 0 };
	reading_begin(&g, view);
	enum err e = text_open(&g, text);
	if (e == OK) primary_inline_read(&g.reader, tree_root(g.reader.tree), NULL, &p);
	free(p.items);
	if (e == OK || e == ERR_CONFIG) e = faults_tell(&g, faults);
	reading_end(&g);
	return e;
}

#include <string.h>

#include "base/alloc.h"
#include "inventory/config_reader.h"

/* -- templates -------------------------------------------------------------------------------------------- */

static void template_keep(struct config_reader *r, const struct zone_policy *draft, unsigned line,
                          bool faulty) {
	r->template_items = xrealloc(r->template_items, (r->template_count + 1) * sizeof(*r->template_items));
	r->template_items[r->template_count++] = (struct template_definition){
		.policy = policy_pool_get(&r->pool, draft),
		.line = line,
		.primaries_faulty = faulty,
	};
}

static void template_read(struct config_reader *r, int node) {
	struct values v;
	uint32_t former = 0;
	if (!values_read(r, &section_templates, node, &v)) return;
	struct zone_policy draft = policy_defaults(r);
	policy_override(r, &v, &draft);
	const char *name = value_text(r, &v, OPT_TEMPLATE_NAME);
	unsigned line = value_line(r, &v, OPT_TEMPLATE_NAME);
	if (!name) {
		value_missing(r, &v, OPT_TEMPLATE_NAME);
	} else if (*name == '\0') {
		value_fault(r, &v, OPT_TEMPLATE_NAME, v.nodes[OPT_TEMPLATE_NAME]);
	} else if (!symbols_add(&r->templates, name, strlen(name), r->template_count, &former)) {
		fault_add(
			r, line,
			"templates[].name: \"%.100s\" is given twice, first in line %u; expected each name once",
			name, r->template_items[former].line);
	} else {
		template_keep(r, &draft, line, v.given[OPT_PRIMARIES] && draft.primary_count == 0);
	}
}

void templates_read(struct config_reader *r, int node) {
	static const char name[] = "default";
	if (list_expect(r, node, "templates", "{ name: default, primaries: [p1] }")) {
		for (size_t i = 0; i < tree_count(r->tree, node); i++)
			template_read(r, tree_item(r->tree, node, i));
	}
	struct zone_policy defaults = policy_defaults(r);
	if (symbols_add(&r->templates, name, strlen(name), r->template_count, NULL))
		template_keep(r, &defaults, 0, false);
}

const struct template_definition *template_find(const struct config_reader *r, const char *name) {
	uint32_t place = 0;
	if (!symbols_find(&r->templates, name, strlen(name), &place)) return NULL;
	return &r->template_items[place];
}

/* -- zones ------------------------------------------------------------------------------------------------ */

void zone_add(struct config_reader *r, unsigned line, const struct name *name,
              const struct zone_policy *policy, uint32_t settings) {
	struct intent_list *zones = &r->config->zones;
	size_t place = zones->count;
	intent_list_add(zones, name->wire, policy)->settings = settings;
	if (zones->capacity > r->zone_lines_capacity) {
		r->zone_lines_capacity = zones->capacity;
		r->zone_lines = xrealloc(r->zone_lines, r->zone_lines_capacity * sizeof(*r->zone_lines));
	}
	r->zone_lines[place] = line;
}

/* NULL: a fault tells. */
static const struct template_definition *zone_template(struct config_reader *r, const struct values *v) {
	const char *name = value_text(r, v, OPT_ZONE_TEMPLATE);
	const struct template_definition *t = template_find(r, name ? name : "default");
	if (t) return t;
	unsigned line = value_line(r, v, OPT_ZONE_TEMPLATE);
	const char *near = name_suggest(&r->templates, name);
	if (near)
		fault_add(r, line, "%s.template: there is no template \"%.100s\"; did you mean \"%s\"?",
		          v->section->name, name, near);
	else
		fault_add(r, line,
		          "%s.template: there is no template \"%.100s\"; expected the name of one of "
		          "\"templates\"",
		          v->section->name, name);
	return NULL;
}

static bool zone_name(struct config_reader *r, const struct values *v, struct name *out_name) {
	const char *text = value_text(r, v, OPT_ZONE_NAME);
	if (text && domain_parse(text, out_name) == OK) return true;
	if (text)
		value_fault(r, v, OPT_ZONE_NAME, v->nodes[OPT_ZONE_NAME]);
	else
		value_missing(r, v, OPT_ZONE_NAME);
	return false;
}

void zone_draft(struct config_reader *r, const struct values *v, struct zone_policy *out_draft) {
	const struct template_definition *t = zone_template(r, v);
	struct zone_policy draft;
	if (t)
		memcpy(&draft, t->policy, sizeof(draft));
	else
		draft = policy_defaults(r);
	policy_override(r, v, &draft);
	if (t && draft.primary_count == 0 && !v->given[OPT_PRIMARIES] && !t->primaries_faulty) {
		fault_add(r, v->line, "%s.primaries: missing, and the template has none; expected %s",
		          v->section->name, option_row(OPT_PRIMARIES)->expected);
	}
	memcpy(out_draft, &draft, sizeof(draft));
}

static void zone_read(struct config_reader *r, int node) {
	struct values v;
	struct name name;
	struct zone_policy draft;
	if (!values_read(r, &section_zones, node, &v)) return;
	bool named = zone_name(r, &v, &name);
	zone_draft(r, &v, &draft);
	if (!named) return;
	uint32_t settings = r->faults->count == 0 ? zone_text(r, node) : 0;
	zone_add(r, value_line(r, &v, OPT_ZONE_NAME), &name, policy_pool_get(&r->pool, &draft), settings);
}

void zones_read(struct config_reader *r, int node) {
	if (list_expect(r, node, "zones", "{ name: example.com, primaries: [\"192.0.2.1\"] }")) {
		for (size_t i = 0; i < tree_count(r->tree, node); i++)
			zone_read(r, tree_item(r->tree, node, i));
	}
	r->zones_inline = r->config->zones.count;
	doubles_check(r);
}

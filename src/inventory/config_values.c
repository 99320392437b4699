#include <stdlib.h>
#include <string.h>

#include "inventory/config_reader.h"
#include "inventory/suggest.h"

#define SUGGEST_NAMES_MAX 10000 /* further names are not compared */

static const char *kind_text(enum tree_kind kind) {
	return kind == TREE_LIST ? "a list" : "a mapping";
}

unsigned value_line(const struct config_reader *r, const struct values *v, enum option option) {
	return v->nodes[option] ? tree_line(r->tree, v->nodes[option]) : v->line;
}

void value_fault(struct config_reader *r, const struct values *v, enum option option, int node) {
	const char *section = v->section->name, *key = option_key(option),
		   *expected = option_row(option)->expected;
	unsigned line = tree_line(r->tree, node);
	if (tree_is_null(r->tree, node)) {
		fault_add(r, line, "%s.%s: expected %s, found nothing", section, key, expected);
	} else if (tree_kind(r->tree, node) != TREE_TEXT) {
		fault_add(r, line, "%s.%s: expected %s, found %s", section, key, expected,
		          kind_text(tree_kind(r->tree, node)));
	} else if (option_is_secret(option)) { /* secrets are never shown */
		fault_add(r, line, "%s.%s: expected %s, found something else", section, key, expected);
	} else {
		fault_add(r, line, "%s.%s: expected %s, found \"%.100s\"", section, key, expected,
		          tree_text(r->tree, node));
	}
}

void value_missing(struct config_reader *r, const struct values *v, enum option option) {
	if (v->given[option]) return; /* it is there, with a fault of its own */
	fault_add(r, v->line, "%s.%s: missing; expected %s", v->section->name, option_key(option),
	          option_row(option)->expected);
}

static void unknown_key(struct config_reader *r, const struct option_section *section, int node) {
	const char *key = tree_text(r->tree, node), *near = option_suggest(section, key);
	if (near) {
		fault_add(r, tree_line(r->tree, node),
		          "%s: \"%.100s\" is not an option; did you mean \"%s\"?", section->name, key, near);
	} else {
		fault_add(
			r, tree_line(r->tree, node),
			"%s: \"%.100s\" is not an option here; expected one of those that understudy.yaml(5) lists",
			section->name, key);
	}
}

static void pair_read(struct config_reader *r, struct values *v, int key, int value) {
	if (tree_kind(r->tree, key) != TREE_TEXT) {
		fault_add(r, tree_line(r->tree, key), "%s: expected the name of an option, found %s",
		          v->section->name, kind_text(tree_kind(r->tree, key)));
		return;
	}
	enum option option = option_find(v->section, tree_text(r->tree, key));
	if (option == OPTION_COUNT) {
		unknown_key(r, v->section, key);
		return;
	}
	if (v->given[option]) {
		fault_add(r, tree_line(r->tree, key), "%s.%s: given twice; expected once", v->section->name,
		          option_key(option));
		return;
	}
	v->given[option] = true;
	if (r->is_foreign && option_is_of_machine(option)) {
		fault_add(r, tree_line(r->tree, key), "%s.%s: expected in the configuration only",
		          v->section->name, option_key(option));
		return;
	}
	enum tree_kind expected = option_is_list(option)      ? TREE_LIST
	                          : option_is_section(option) ? TREE_MAP
	                                                      : TREE_TEXT;
	if (tree_is_null(r->tree, value) || tree_kind(r->tree, value) != expected)
		value_fault(r, v, option, value);
	else
		v->nodes[option] = value;
}

bool values_read(struct config_reader *r, const struct option_section *section, int node,
                 struct values *out_values) {
	memset(out_values, 0, sizeof(*out_values));
	out_values->section = section;
	if (node == 0) return true;
	out_values->line = tree_line(r->tree, node);
	if (tree_is_null(r->tree, node) && section->name[strlen(section->name) - 1] != ']') return true;
	if (tree_kind(r->tree, node) != TREE_MAP) {
		fault_add(r, out_values->line, "%s: expected a mapping, as in \"{ %s: ... }\"", section->name,
		          option_key(section->ranges[0].first));
		return false;
	}
	for (size_t i = 0; i < tree_count(r->tree, node); i++)
		pair_read(r, out_values, tree_key(r->tree, node, i), tree_value(r->tree, node, i));
	return true;
}

const char *value_text(const struct config_reader *r, const struct values *v, enum option option) {
	return v->nodes[option] ? tree_text(r->tree, v->nodes[option]) : NULL;
}

/* Decimal digits only, at most 18 of them. */
static bool number_parse(const char *text, uint64_t *out_number) {
	size_t len = strlen(text);
	if (len == 0 || len > 18 || strspn(text, "0123456789") != len) return false;
	*out_number = strtoull(text, NULL, 10);
	return true;
}

uint64_t value_number(struct config_reader *r, const struct values *v, enum option option, uint64_t min,
                      uint64_t max) {
	uint64_t number = 0;
	const char *text = value_text(r, v, option);
	if (text && number_parse(text, &number) && number >= min && number <= max) return number;
	if (text) value_fault(r, v, option, v->nodes[option]);
	return number_parse(option_row(option)->fallback, &number) ? number : 0;
}

static bool word_find(const char *const *words, const char *text, unsigned *out_place) {
	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(words[i], text) != 0) continue;
		*out_place = i;
		return true;
	}
	return false;
}

unsigned value_word(struct config_reader *r, const struct values *v, enum option option,
                    const char *const *words) {
	unsigned place = 0;
	const char *text = value_text(r, v, option);
	if (text && word_find(words, text, &place)) return place;
	if (text) value_fault(r, v, option, v->nodes[option]);
	return word_find(words, option_row(option)->fallback, &place) ? place : 0;
}

size_t value_count(const struct config_reader *r, const struct values *v, enum option option) {
	return v->nodes[option] ? tree_count(r->tree, v->nodes[option]) : 0;
}

int value_item(struct config_reader *r, const struct values *v, enum option option, size_t i) {
	int item = tree_item(r->tree, v->nodes[option], i);
	if (tree_kind(r->tree, item) == TREE_TEXT && !tree_is_null(r->tree, item)) return item;
	value_fault(r, v, option, item);
	return 0;
}

bool list_expect(struct config_reader *r, int node, const char *what, const char *example) {
	if (node == 0 || tree_is_null(r->tree, node)) return false;
	if (tree_kind(r->tree, node) == TREE_LIST) return true;
	fault_add(r, tree_line(r->tree, node), "%s: expected a list, as in \"%s: [ %s ]\"", what, what,
	          example);
	return false;
}

const char *name_suggest(const struct symbols *names, const char *wanted) {
	struct suggestion best = suggest_start(wanted);
	for (size_t i = 0; i < names->capacity && i < SUGGEST_NAMES_MAX; i++) {
		if (names->slots[i].key) suggest_offer(&best, names->slots[i].key);
	}
	return best.text;
}

enum err domain_parse(const char *text, struct name *out_name) {
	for (const char *p = text; *p; p++) {
		if (*p <= ' ' || *p >= 0x7f) return ERR_NAME;
	}
	struct name n;
	if (*text == '\0' || name_parse(text, &n) != OK) return ERR_NAME;
	name_to_lower(&n);
	*out_name = n;
	return OK;
}

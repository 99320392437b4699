/* Settings of the configuration's zones as texts (settings.h), by which the inventory shows them beside others'. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/config_reader.h"

/* Takes text; equal ones are kept once. */
static uint32_t text_keep(struct config_reader *r, char *text) {
	uint32_t place = (uint32_t)r->text_count;
	if (!symbols_add(&r->text_index, text, strlen(text), place, &place)) {
		free(text);
		return place;
	}
	if ((r->text_count & (r->text_count - 1)) == 0)
		r->texts = xrealloc(r->texts, (r->text_count ? 2 * r->text_count : 1) * sizeof(*r->texts));
	r->texts[r->text_count++] = text;
	return place;
}

static uint32_t object_keep(struct config_reader *r, json_t *object) {
	char *text = json_dumps(object, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(object);
	return text_keep(r, text ? text : xstrdup("{}"));
}

/* Digits are a number where the option is one. */
static json_t *scalar(const char *key, const char *text) {
	enum option option = key ? option_find(&section_zones, key) : OPTION_COUNT;
	bool is_number = option != OPTION_COUNT && (option_row(option)->kind == KIND_number ||
	                                            option_row(option)->kind == KIND_seconds);
	size_t len = strlen(text);
	if ((is_number || (key && strcmp(key, option_key(OPT_PRIMARY_TLS_PLAIN_PORT)) == 0)) && len > 0 &&
	    len <= 18 && strspn(text, "0123456789") == len)
		return json_integer(strtoll(text, NULL, 10));
	return json_string(text);
}

/* Depth is bounded by the tree's. */
static json_t *value_of(const struct config_reader *r, const char *key, int node) {
	const struct tree *t = r->tree;
	if (tree_kind(t, node) == TREE_TEXT) return scalar(key, tree_text(t, node));
	bool is_list = tree_kind(t, node) == TREE_LIST;
	json_t *value = is_list ? json_array() : json_object();
	for (size_t i = 0; i < tree_count(t, node); i++) {
		if (is_list) {
			(void)json_array_append_new(value,
			                            value_of(r, NULL, tree_item(t, node, i))); /* for show */
			continue;
		}
		const char *name = tree_text(t, tree_key(t, node, i));
		(void)json_object_set_new(value, name,
		                          value_of(r, name, tree_value(t, node, i))); /* for show */
	}
	return value;
}

uint32_t zone_text(struct config_reader *r, int node) {
	json_t *object = value_of(r, NULL, node);
	(void)json_object_del(object, option_key(OPT_ZONE_NAME)); /* mostly there */
	return object_keep(r, object);
}

uint32_t zone_line_text(struct config_reader *r, const char *primary, const char *key) {
	json_t *one = json_string(primary);
	struct addr a;
	if (key && addr_parse(primary, 53, &a) == OK)
		one = json_pack("{s:o, s:s}", option_key(OPT_PRIMARY_ADDRESS), one,
		                option_key(OPT_PRIMARY_KEY), key);
	return object_keep(r, json_pack("{s:[o]}", option_key(OPT_PRIMARIES), one));
}

void texts_done(struct config_reader *r) {
	symbols_done(&r->text_index);
	for (size_t i = 0; i < r->text_count; i++)
		free(r->texts[i]);
	free(r->texts);
}

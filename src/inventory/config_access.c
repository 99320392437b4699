/* Access lists: "192.0.2.0/24", "key:k1", "tls", "cert:PIN", or several of these parted by blanks, all of which must fit;
 * "!" before an item keeps out whom it fits. */
#include <stdio.h>
#include <string.h>

#include "inventory/config_reader.h"

#define WORD_MAX 300 /* a key's name is the longest */

/* An item of a list that is being read. */
struct access {
	struct config_reader *r;
	const struct values *v;
	enum option option;
	int node;
	struct acl_item item;
};

static const char *after(const char *word, const char *prefix) {
	size_t len = strlen(prefix);
	return strncmp(word, prefix, len) == 0 ? word + len : NULL;
}

static bool key_word(struct access *a, const char *name) {
	char where[64];
	if (a->item.key) return false;
	a->item.key = key_find(a->r, name);
	if (a->item.key) return true;
	(void)snprintf(where, sizeof(where), "%s.%s", a->v->section->name, option_key(a->option)); /* fits */
	key_unknown(a->r, tree_line(a->r->tree, a->node), where, name);
	return true;
}

static bool pin_word(struct access *a, const char *text) {
	if (a->item.has_pin || pin_parse(text, &a->item.pin) != OK) return false;
	a->item.has_pin = a->item.needs_tls = true;
	a->r->config->server.tls.asks_clients = true;
	return true;
}

static bool prefix_word(struct access *a, const char *text) {
	if (a->item.has_prefix || addr_prefix_parse(text, &a->item.prefix) != OK) return false;
	a->item.has_prefix = true;
	return true;
}

static bool word_read(struct access *a, const char *word) {
	const char *key = after(word, "key:"), *pin = after(word, "cert:");
	if (key) return key_word(a, key);
	if (pin) return pin_word(a, pin);
	if (strcmp(word, "tls") != 0) return prefix_word(a, word);
	a->item.needs_tls = true;
	return true;
}

/* false: a word is none that we know, or there is no word. */
static bool words_read(struct access *a, const char *text) {
	char word[WORD_MAX];
	a->item.keeps_out = *text == '!';
	text += a->item.keeps_out;
	do {
		size_t len = strcspn(text, " ");
		if (len == 0 || len >= sizeof(word)) return false;
		memcpy(word, text, len);
		word[len] = '\0';
		if (!word_read(a, word)) return false;
		text += len + strspn(text + len, " ");
	} while (*text);
	return true;
}

void access_value(struct config_reader *r, const struct values *v, enum option option, struct acl_item *items,
                  struct acl *out_acl) {
	size_t count = value_count(r, v, option);
	struct acl acl = { .items = items };
	if (!v->nodes[option]) return;
	if (count > CONFIG_ACCESS_MAX) {
		fault_add(r, value_line(r, v, option), "%s.%s: expected at most %d items, found %zu",
		          v->section->name, option_key(option), CONFIG_ACCESS_MAX, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct access a = { .r = r, .v = v, .option = option, .node = value_item(r, v, option, i) };
		if (a.node == 0) continue;
		if (!words_read(&a, tree_text(r->tree, a.node))) value_fault(r, v, option, a.node);
		items[acl.count++] = a.item;
	}
	*out_acl = acl;
}

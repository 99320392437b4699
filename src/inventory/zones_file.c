/* The zones file: "name primary-or-address[@port] [key]" a line; "#" begins a comment. */
#include <string.h>

#include "inventory/config_reader.h"

#define WORDS_MAX 3
#define BLANKS " \t\r"

/* Lines that follow each other mostly have the same primary and key: then the policy is the same one. */
struct last_policy {
	const char *primary, *key; /* in the data of the file */
	const struct zone_policy *policy;
	uint32_t settings; /* as zone_add has them */
};

static const char expected[] = "expected \"name primary-or-address[@port] [key]\"";

/* Words of a line, cut in place; returns their number, at most WORDS_MAX + 1. */
static unsigned words_split(char *line, char *words[static WORDS_MAX]) {
	unsigned count = 0;
	line[strcspn(line, "#")] = '\0';
	for (char *at = line + strspn(line, BLANKS); *at; at += strspn(at, BLANKS)) {
		if (count == WORDS_MAX) return WORDS_MAX + 1;
		words[count++] = at;
		at += strcspn(at, BLANKS);
		if (*at) *at++ = '\0';
	}
	return count;
}

static bool same_word(const char *a, const char *b) {
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A reference, or NULL: a fault tells. */
static const struct zone_policy *line_policy(struct config_reader *r, unsigned line, const char *primary,
                                             const char *key_name, struct last_policy *last) {
	if (last->policy && same_word(last->primary, primary) && same_word(last->key, key_name)) {
		policy_ref(last->policy);
		return last->policy;
	}
	struct zone_policy draft;
	memcpy(&draft, template_find(r, "default")->policy, sizeof(draft));
	draft.primaries = r->scratch->primaries;
	draft.primary_count = 0;
	enum err e = primary_append(r, primary, r->scratch->primaries, &draft.primary_count);
	const struct tsig_key *key = key_name ? key_find(r, key_name) : NULL;
	if (e != OK) primary_fault(r, line, "zones-file", primary, e);
	if (key_name && !key) key_unknown(r, line, "zones-file", key_name);
	if (e != OK || (key_name && !key)) return NULL;
	for (unsigned i = 0; key && i < draft.primary_count; i++)
		r->scratch->primaries[i].key = key;
	*last = (struct last_policy){ primary, key_name, policy_pool_get(&r->pool, &draft),
		                      zone_line_text(r, primary, key_name) };
	policy_unref(last->policy); /* the pool keeps it */
	policy_ref(last->policy);
	return last->policy;
}

static void line_read(struct config_reader *r, unsigned line, char *text, size_t len,
                      struct last_policy *last) {
	char *words[WORDS_MAX] = { NULL };
	struct name name;
	size_t clean = tree_clean_len(text, len);
	if (clean != len) {
		fault_add(r, line, "octet 0x%02x: expected UTF-8 text without control characters",
		          (unsigned)(uint8_t)text[clean]);
		return;
	}
	unsigned count = words_split(text, words);
	if (count == 0) return;
	if (count == 1 || count > WORDS_MAX) {
		fault_add(r, line, "zones-file: %s, found %s", expected,
		          count == 1 ? "one word" : "more than three words");
		return;
	}
	bool named = domain_parse(words[0], &name) == OK;
	if (!named) fault_add(r, line, "zones-file: expected the name of a zone, found \"%.100s\"", words[0]);
	const struct zone_policy *policy = line_policy(r, line, words[1], words[2], last);
	if (named && policy)
		zone_add(r, line, &name, policy, last->settings);
	else
		policy_unref(policy);
}

void zones_file_read(struct config_reader *r, char *data, size_t len) {
	struct last_policy last = { 0 };
	unsigned line = 1;
	for (size_t at = 0; at < len; line++) {
		char *end = memchr(data + at, '\n', len - at);
		size_t next = end ? (size_t)(end - data) + 1 : len;
		size_t length = end ? next - at - 1 : len - at;
		data[at + length] = '\0'; /* the newline, or the octet that file_read put behind the data */
		line_read(r, line, data + at, length, &last);
		at = next;
	}
	doubles_check(r);
}

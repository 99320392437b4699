#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/config_reader.h"

/* -- keys ------------------------------------------------------------------------------------------------- */

static const char *const algorithm_words[] = { "hmac-sha256", "hmac-sha512", "hmac-sha384", "hmac-sha224",
	                                       "hmac-sha1",   "hmac-md5",    NULL };

static void key_secret(struct config_reader *r, const struct values *v, struct tsig_key *key) {
	const char *secret = value_text(r, v, OPT_KEY_SECRET);
	if (!secret)
		value_missing(r, v, OPT_KEY_SECRET);
	else if (tsig_secret_parse(secret, key) != OK || key->secret_len == 0)
		value_fault(r, v, OPT_KEY_SECRET, v->nodes[OPT_KEY_SECRET]);
}

/* A key with faults is kept under its name, so that who refers to it does not complain too. */
static void key_add(struct config_reader *r, const struct values *v, const char *text, struct tsig_key *key) {
	uint32_t former = 0;
	if (!symbols_add(&r->keys, key->name.wire, key->name.len, r->key_count, &former)) {
		fault_add(r, value_line(r, v, OPT_KEY_NAME),
		          "keys[].name: \"%.100s\" is given twice, first in line %u; expected each key once",
		          text, r->key_lines[former]);
		free(key);
		return;
	}
	(void)symbols_add(&r->key_texts, text, strlen(text), r->key_count, NULL); /* upper and lower case */
	r->key_items = xrealloc(r->key_items, (r->key_count + 1) * sizeof(*r->key_items));
	r->key_lines = xrealloc(r->key_lines, (r->key_count + 1) * sizeof(*r->key_lines));
	r->key_items[r->key_count] = key;
	r->key_lines[r->key_count] = value_line(r, v, OPT_KEY_NAME);
	r->key_count++;
}

static void key_read(struct config_reader *r, int node) {
	struct values v;
	if (!values_read(r, &section_keys, node, &v)) return;
	struct tsig_key *key = xcalloc(1, sizeof(*key));
	key->algorithm = tsig_algorithm_parse(
		algorithm_words[value_word(r, &v, OPT_KEY_ALGORITHM, algorithm_words)]);
	key_secret(r, &v, key);
	const char *text = value_text(r, &v, OPT_KEY_NAME);
	if (text && domain_parse(text, &key->name) == OK) {
		key_add(r, &v, text, key);
		return;
	}
	free(key);
	if (text)
		value_fault(r, &v, OPT_KEY_NAME, v.nodes[OPT_KEY_NAME]);
	else
		value_missing(r, &v, OPT_KEY_NAME);
}

void keys_read(struct config_reader *r, int node) {
	struct keyset *set = xcalloc(1, sizeof(*set));
	atomic_init(&set->references, 1);
	r->config->keyset = set;
	if (list_expect(r, node, "keys", "{ name: k1, algorithm: hmac-sha256, secret: BASE64 }")) {
		for (size_t i = 0; i < tree_count(r->tree, node); i++)
			key_read(r, tree_item(r->tree, node, i));
	}
	set->ring.keys = (const struct tsig_key *const *)r->key_items;
	set->ring.count = r->key_count;
}

const struct tsig_key *key_find(const struct config_reader *r, const char *text) {
	struct name name;
	uint32_t place = 0;
	if (domain_parse(text, &name) != OK) return NULL;
	return symbols_find(&r->keys, name.wire, name.len, &place) ? r->key_items[place] : NULL;
}

void key_unknown(struct config_reader *r, unsigned line, const char *option, const char *text) {
	const char *near = name_suggest(&r->key_texts, text);
	if (near)
		fault_add(r, line, "%s: there is no key \"%.100s\"; did you mean \"%s\"?", option, text,
		          near);
	else
		fault_add(r, line, "%s: there is no key \"%.100s\"; expected the name of one of \"keys\"",
		          option, text);
}

/* -- primaries -------------------------------------------------------------------------------------------- */

static const char primary_example[] = "{ name: p1, addresses: [\"192.0.2.1\"] }";

/* Where the i-th address stands; 0: it has a fault. */
static int address_node(struct config_reader *r, const struct values *v, size_t i) {
	if (!v->nodes[OPT_PRIMARY_ADDRESSES]) return v->nodes[OPT_PRIMARY_ADDRESS];
	return value_item(r, v, OPT_PRIMARY_ADDRESSES, i);
}

static size_t address_count(const struct config_reader *r, const struct values *v) {
	if (!v->nodes[OPT_PRIMARY_ADDRESSES] && v->nodes[OPT_PRIMARY_ADDRESS]) return 1;
	return value_count(r, v, OPT_PRIMARY_ADDRESSES);
}

/* false: a fault tells. */
static bool addresses_check(struct config_reader *r, const struct values *v, size_t count) {
	if (v->given[OPT_PRIMARY_ADDRESSES] && v->given[OPT_PRIMARY_ADDRESS]) {
		fault_add(r, value_line(r, v, OPT_PRIMARY_ADDRESS),
		          "primaries[].address: expected either address or addresses, found both");
		return false;
	}
	if (count > 0 && count <= CONFIG_PRIMARIES_MAX) return true;
	if (v->nodes[OPT_PRIMARY_ADDRESSES])
		fault_add(r, value_line(r, v, OPT_PRIMARY_ADDRESSES),
		          "primaries[].addresses: expected 1 to %d addresses, found %zu",
		          CONFIG_PRIMARIES_MAX, count);
	else if (!v->given[OPT_PRIMARY_ADDRESS])
		value_missing(r, v, OPT_PRIMARY_ADDRESSES);
	return false;
}

static bool is_twice(const struct primary_definition *p, const struct addr *a) {
	for (unsigned i = 0; i < p->count; i++) {
		if (addr_equal(&p->items[i].addr, a)) return true;
	}
	return false;
}

static void addresses_read(struct config_reader *r, const struct values *v, struct primary_definition *p) {
	size_t count = address_count(r, v);
	enum option option = v->nodes[OPT_PRIMARY_ADDRESSES] ? OPT_PRIMARY_ADDRESSES : OPT_PRIMARY_ADDRESS;
	if (!addresses_check(r, v, count)) return;
	uint16_t port = v->given[OPT_PRIMARY_TLS] ? 853 : 53;
	p->items = xcalloc(count, sizeof(*p->items));
	for (size_t i = 0; i < count; i++) {
		struct addr a;
		int item = address_node(r, v, i);
		if (item == 0) continue;
		const char *text = tree_text(r->tree, item);
		if (addr_parse(text, port, &a) != OK) {
			value_fault(r, v, option, item);
			continue;
		}
		if (is_twice(p, &a))
			fault_add(r, tree_line(r->tree, item),
			          "primaries[].addresses: %.60s is given twice; expected once", text);
		struct primary *next = &p->items[p->count++];
		next->addr = a;
		(void)snprintf(next->name, sizeof(next->name), "%s", text); /* unless it has a better one */
	}
}

static void source_read(struct config_reader *r, const struct values *v, struct primary_definition *p) {
	const char *text = value_text(r, v, OPT_PRIMARY_SOURCE);
	struct addr source;
	bool used = false;
	if (!text) return;
	bool good = addr_parse(text, 0, &source) == OK && source.port == 0;
	for (unsigned i = 0; good && i < p->count; i++) {
		if (p->items[i].addr.family != source.family) continue;
		p->items[i].source = source;
		used = true;
	}
	if (!good || (p->count > 0 && !used))
		value_fault(r, v, OPT_PRIMARY_SOURCE, v->nodes[OPT_PRIMARY_SOURCE]);
}

static void primary_key_read(struct config_reader *r, const struct values *v, struct primary_definition *p) {
	const char *text = value_text(r, v, OPT_PRIMARY_KEY);
	if (!text) return;
	const struct tsig_key *key = key_find(r, text);
	if (!key) key_unknown(r, value_line(r, v, OPT_PRIMARY_KEY), "primaries[].key", text);
	for (unsigned i = 0; i < p->count; i++)
		p->items[i].key = key;
}

/* Kept by the keyset, as keys are. */
static void tls_keep(struct config_reader *r, struct tls_terms *terms, struct primary_definition *p) {
	struct keyset *set = r->config->keyset;
	if (!terms) return;
	set->tls = xrealloc(set->tls, (set->tls_count + 1) * sizeof(*set->tls));
	set->tls[set->tls_count++] = terms;
	for (unsigned i = 0; i < p->count; i++)
		p->items[i].tls = terms;
}

static void request_ixfr_read(struct config_reader *r, const struct values *v, struct primary_definition *p) {
	static const char *const words[] = { "no", "yes", NULL };
	bool axfr_only = value_word(r, v, OPT_PRIMARY_REQUEST_IXFR, words) == 0;
	for (unsigned i = 0; i < p->count; i++)
		p->items[i].axfr_only = axfr_only;
}

/* Names are referred to beside addresses, and in lines of the zones file. */
bool primary_name_is_good(const char *text) {
	struct addr a;
	size_t len = strlen(text);
	if (len == 0 || len >= sizeof(((struct primary *)0)->name) || strpbrk(text, " \t#@")) return false;
	return addr_parse(text, 0, &a) != OK;
}

static void primary_name_read(struct config_reader *r, const struct values *v, struct primary_definition *p) {
	const char *text = value_text(r, v, OPT_PRIMARY_NAME);
	uint32_t former = 0;
	if (!text) {
		value_missing(r, v, OPT_PRIMARY_NAME);
	} else if (!primary_name_is_good(text)) {
		value_fault(r, v, OPT_PRIMARY_NAME, v->nodes[OPT_PRIMARY_NAME]);
	} else if (!symbols_add(&r->primaries, text, strlen(text), r->primary_count, &former)) {
		fault_add(
			r, p->line,
			"primaries[].name: \"%s\" is given twice, first in line %u; expected each name once",
			text, r->primary_items[former].line);
	} else {
		for (unsigned i = 0; i < p->count; i++)
			memcpy(p->items[i].name, text, strlen(text) + 1);
	}
}

/* All but the name. */
static void primary_body_read(struct config_reader *r, const struct values *v, struct primary_definition *p) {
	addresses_read(r, v, p);
	source_read(r, v, p);
	primary_key_read(r, v, p);
	tls_keep(r, primary_tls_read(r, v->nodes[OPT_PRIMARY_TLS]), p);
	request_ixfr_read(r, v, p);
}

void primary_inline_read(struct config_reader *r, int node, const char *name,
                         struct primary_definition *out_primary) {
	struct values v;
	unsigned faults = r->faults->count + r->faults->left_out;
	struct primary_definition p = { .line = tree_line(r->tree, node) };
	if (values_read(r, &section_inline_primary, node, &v)) primary_body_read(r, &v, &p);
	if (r->faults->count + r->faults->left_out > faults) p.count = 0;
	for (unsigned i = 0; name && i < p.count; i++)
		(void)snprintf(p.items[i].name, sizeof(p.items[i].name), "%s", name); /* cut at the end */
	*out_primary = p;
}

static void primary_read(struct config_reader *r, int node) {
	struct values v;
	if (!values_read(r, &section_primaries, node, &v)) return;
	struct primary_definition p = { .line = value_line(r, &v, OPT_PRIMARY_NAME) };
	primary_body_read(r, &v, &p);
	primary_name_read(r, &v, &p);
	r->primary_items = xrealloc(r->primary_items, (r->primary_count + 1) * sizeof(*r->primary_items));
	r->primary_items[r->primary_count++] = p;
}

void primaries_read(struct config_reader *r, int node) {
	if (!list_expect(r, node, "primaries", primary_example)) return;
	for (size_t i = 0; i < tree_count(r->tree, node); i++)
		primary_read(r, tree_item(r->tree, node, i));
}

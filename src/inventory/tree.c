#include "inventory/tree.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/alloc.h"

struct tree {
	yaml_document_t document;
};

/* -- octets ----------------------------------------------------------------------------------------------- */

/* Octets of the UTF-8 character at p, 0 if it is none (RFC 3629: shortest form, no surrogates). */
static size_t utf8_len(const uint8_t *p, size_t left) {
	if (p[0] < 0x80) return 1;
	size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len > left) return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80) return 0;
	}
	bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
	bool outside = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
	return overlong || outside ? 0 : len;
}

static bool is_control(uint8_t c) {
	return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

size_t tree_clean_len(const char *data, size_t len) {
	const uint8_t *p = (const uint8_t *)data;
	size_t at = 0;
	while (at < len) {
		size_t n = utf8_len(p + at, len - at);
		if (n == 0 || is_control(p[at])) break;
		at += n;
	}
	return at;
}

static unsigned line_at(const char *data, size_t offset) {
	unsigned line = 1;
	for (size_t i = 0; i < offset; i++)
		line += data[i] == '\n';
	return line;
}

static enum err check_octets(const char *data, size_t len, struct tree_fault *out_fault) {
	size_t clean = tree_clean_len(data, len);
	if (clean == len) return OK;
	out_fault->line = line_at(data, clean);
	snprintf(out_fault->text, sizeof(out_fault->text),
	         "octet 0x%02x: expected UTF-8 text without control characters",
	         (unsigned)(uint8_t)data[clean]);
	return ERR_CONFIG;
}

/* -- the parser's own faults ------------------------------------------------------------------------------ */

static void parser_fault(const yaml_parser_t *parser, const char *data, size_t len,
                         struct tree_fault *out_fault) {
	size_t at = parser->problem_mark.index; /* counts characters: the same as octets in an ASCII file */
	out_fault->line = (unsigned)parser->problem_mark.line + 1;
	if (parser->error == YAML_READER_ERROR) {
		size_t offset = parser->problem_offset < len ? parser->problem_offset : len;
		out_fault->line = line_at(data, offset);
		snprintf(out_fault->text, sizeof(out_fault->text), "not YAML: %s", parser->problem);
	} else if (at < len && data[at] == '\t') {
		snprintf(out_fault->text, sizeof(out_fault->text),
		         "not YAML: a tab stands where only blanks may: expected blanks for indentation");
	} else if (parser->context && strcmp(parser->context, parser->problem ? parser->problem : "") != 0) {
		snprintf(out_fault->text, sizeof(out_fault->text),
		         "not YAML: %s (%s that begins in line %zu)",
		         parser->problem ? parser->problem : "cannot be read", parser->context,
		         parser->context_mark.line + 1);
	} else {
		snprintf(out_fault->text, sizeof(out_fault->text), "not YAML: %s",
		         parser->problem ? parser->problem : "cannot be read");
	}
}

/* -- bounds ----------------------------------------------------------------------------------------------- */

struct measure {
	yaml_document_t *document;
	uint32_t *sizes; /* by node: 0 not seen, 1 being looked at, else nodes below it and itself, plus 1 */
	struct tree_fault *fault;
};

static enum err measure_fails(struct measure *m, const yaml_node_t *node, const char *text) {
	m->fault->line = (unsigned)node->start_mark.line + 1;
	snprintf(m->fault->text, sizeof(m->fault->text), "%s", text);
	return ERR_CONFIG;
}

static bool tag_is_plain(const yaml_node_t *node) {
	const char *tag = (const char *)node->tag;
	return !tag || strcmp(tag, YAML_STR_TAG) == 0 || strcmp(tag, YAML_SEQ_TAG) == 0 ||
	       strcmp(tag, YAML_MAP_TAG) == 0 || strcmp(tag, YAML_INT_TAG) == 0;
}

static enum err check_scalar(struct measure *m, const yaml_node_t *node) {
	for (size_t i = 0; i < node->data.scalar.length; i++) {
		uint8_t c = node->data.scalar.value[i];
		if (c < 0x20 || c == 0x7f)
			return measure_fails(m, node, "a control character: expected text in one line");
	}
	return OK;
}

/* i-th node below this one: items of a list; keys and values of a map by turns.  0: no more. */
static int child_of(const yaml_node_t *node, size_t i) {
	if (node->type == YAML_SEQUENCE_NODE) {
		size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
		return i < count ? node->data.sequence.items.start[i] : 0;
	}
	if (node->type != YAML_MAPPING_NODE) return 0;
	size_t pairs = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
	if (i / 2 >= pairs) return 0;
	const yaml_node_pair_t *pair = &node->data.mapping.pairs.start[i / 2];
	return i % 2 == 0 ? pair->key : pair->value;
}

/* Size of the tree below a node with aliases followed; each node is looked at once, so the cost is that of the
 * file.  Recursion is bounded by depth. */
static enum err measure_node(struct measure *m, int number, unsigned depth) {
	const yaml_node_t *node = yaml_document_get_node(m->document, number);
	if (m->sizes[number] > 1) return OK;
	if (m->sizes[number] == 1) return measure_fails(m, node, "an alias within itself: expected a tree");
	if (depth > TREE_DEPTH_MAX)
		return measure_fails(m, node, "nested too deeply: expected at most 16 levels");
	if (!tag_is_plain(node)) return measure_fails(m, node, "a YAML tag: expected a plain value");
	m->sizes[number] = 1;
	enum err e = node->type == YAML_SCALAR_NODE ? check_scalar(m, node) : OK;
	uint64_t size = 1;
	for (size_t i = 0; e == OK; i++) {
		int child = child_of(node, i);
		if (child == 0) break;
		e = measure_node(m, child, depth + 1);
		if (e == OK) size += m->sizes[child] - 1;
		if (e == OK && size > TREE_NODES_MAX) {
			e = measure_fails(m, node,
			                  "too large with its aliases; expected at most 32 million values");
		}
	}
	if (e == OK) m->sizes[number] = (uint32_t)size + 1;
	return e;
}

static enum err check_bounds(yaml_document_t *document, struct tree_fault *out_fault) {
	size_t nodes = (size_t)(document->nodes.top - document->nodes.start);
	if (nodes == 0) return OK;
	struct measure m = { .document = document,
		             .sizes = xcalloc(nodes + 1, sizeof(uint32_t)),
		             .fault = out_fault };
	enum err e = measure_node(&m, 1, 0);
	free(m.sizes);
	return e;
}

/* -- public ------------------------------------------------------------------------------------------------- */

/* A second document would be passed over without a word. */
static enum err check_end(yaml_parser_t *parser, const char *data, size_t len, struct tree_fault *out_fault) {
	yaml_document_t second;
	if (!yaml_parser_load(parser, &second)) {
		parser_fault(parser, data, len, out_fault);
		return ERR_CONFIG;
	}
	const yaml_node_t *root = yaml_document_get_root_node(&second);
	if (root) {
		out_fault->line = (unsigned)root->start_mark.line + 1;
		snprintf(out_fault->text, sizeof(out_fault->text),
		         "a second YAML document: expected one only");
	}
	yaml_document_delete(&second);
	return root ? ERR_CONFIG : OK;
}

enum err tree_parse(const char *data, size_t len, struct tree **out_tree, struct tree_fault *out_fault) {
	yaml_parser_t parser;
	enum err e = check_octets(data, len, out_fault);
	if (e != OK) return e;
	if (!yaml_parser_initialize(&parser)) return ERR_NOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)data, len);
	struct tree *t = xcalloc(1, sizeof(*t));
	if (!yaml_parser_load(&parser, &t->document)) {
		parser_fault(&parser, data, len, out_fault);
		yaml_parser_delete(&parser);
		free(t);
		return ERR_CONFIG;
	}
	e = check_bounds(&t->document, out_fault);
	if (e == OK && tree_root(t) != 0) e = check_end(&parser, data, len, out_fault);
	yaml_parser_delete(&parser);
	if (e != OK) {
		tree_free(t);
		return e;
	}
	*out_tree = t;
	return OK;
}

void tree_free(struct tree *t) {
	if (!t) return;
	yaml_document_delete(&t->document);
	free(t);
}

/* libyaml takes its document without const throughout. */
static const yaml_node_t *node_at(const struct tree *t, int node) {
	return t->document.nodes.start + node - 1;
}

int tree_root(const struct tree *t) {
	return t->document.nodes.top > t->document.nodes.start ? 1 : 0;
}

enum tree_kind tree_kind(const struct tree *t, int node) {
	yaml_node_type_t type = node_at(t, node)->type;
	if (type == YAML_SEQUENCE_NODE) return TREE_LIST;
	return type == YAML_MAPPING_NODE ? TREE_MAP : TREE_TEXT;
}

unsigned tree_line(const struct tree *t, int node) {
	return (unsigned)node_at(t, node)->start_mark.line + 1;
}

bool tree_is_null(const struct tree *t, int node) {
	const yaml_node_t *n = node_at(t, node);
	if (n->type != YAML_SCALAR_NODE || n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
	const char *text = (const char *)n->data.scalar.value;
	return strcmp(text, "") == 0 || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

const char *tree_text(const struct tree *t, int node) {
	return (const char *)node_at(t, node)->data.scalar.value;
}

size_t tree_count(const struct tree *t, int node) {
	const yaml_node_t *n = node_at(t, node);
	if (n->type == YAML_SEQUENCE_NODE) {
		return (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
	}
	if (n->type != YAML_MAPPING_NODE) return 0;
	return (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start);
}

int tree_item(const struct tree *t, int node, size_t i) {
	return node_at(t, node)->data.sequence.items.start[i];
}

int tree_key(const struct tree *t, int node, size_t i) {
	return node_at(t, node)->data.mapping.pairs.start[i].key;
}

int tree_value(const struct tree *t, int node, size_t i) {
	return node_at(t, node)->data.mapping.pairs.start[i].value;
}

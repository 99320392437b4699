/* A YAML file as a tree whose nodes know their line.  Only tree.c knows libyaml.
 * Bounds: TREE_DEPTH_MAX levels, TREE_NODES_MAX nodes once aliases are followed; one document; no tags; UTF-8
 * without control characters.  Plain reading; one thread. */
#ifndef UNDERSTUDY_INVENTORY_TREE_H
#define UNDERSTUDY_INVENTORY_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define TREE_DEPTH_MAX 16
#define TREE_NODES_MAX (32U << 20)
#define TREE_FAULT_MAX 200

struct tree;
enum tree_kind { TREE_TEXT, TREE_LIST, TREE_MAP };

struct tree_fault {
	unsigned line; /* from 1 */
	char text[TREE_FAULT_MAX];
};

/* ERR_CONFIG: out_fault tells. */
MUST_CHECK enum err tree_parse(const char *data, size_t len, struct tree **out_tree,
                               struct tree_fault *out_fault);
void tree_free(struct tree *t);

/* Nodes are numbers from 1; 0: there is none (an empty file has no root). */
int tree_root(const struct tree *t);
enum tree_kind tree_kind(const struct tree *t, int node);
unsigned tree_line(const struct tree *t, int node);
/* Nothing, "~" or "null", not quoted. */
bool tree_is_null(const struct tree *t, int node);
/* Of a TREE_TEXT node; NUL-terminated, without control characters. */
const char *tree_text(const struct tree *t, int node);
/* How many items a list, or pairs a map, has; 0 for a text. */
size_t tree_count(const struct tree *t, int node);
int tree_item(const struct tree *t, int node, size_t i);
int tree_key(const struct tree *t, int node, size_t i);
int tree_value(const struct tree *t, int node, size_t i);

/* Length of the valid UTF-8 text without control characters (but tab, LF, CR) that data begins with. */
size_t tree_clean_len(const char *data, size_t len);

#endif

/* Sorting runs by owner.  A key of eight octets, taken from the right end of the name, decides nearly all
 * comparisons without touching the names. */
#include <stdlib.h>

#include "base/alloc.h"
#include "zone/collect.h"

struct sort_item {
	uint64_t key;
	struct run run;
	const uint8_t *owner;
};

/* The first octets of the canonical order's view of the name: labels from the right, lower case, each octet
 * raised by one so that the label's end (0) sorts first.  Never decreases where the name does not: where it
 * would, it ends, and the whole comparison decides. */
uint64_t collect_sort_key(const uint8_t *owner) {
	uint8_t offsets[NAME_MAX_LABELS + 1];
	unsigned labels = name_offsets(owner, offsets);
	uint64_t key = 0;
	unsigned used = 0;
	while (labels > 0 && used < 8) {
		const uint8_t *label = owner + offsets[--labels];
		for (unsigned i = 1; i <= label[0] && used < 8; i++, used++) {
			uint8_t c = name_lower(label[i]);
			/* 254 and 255 share a value: what stands behind may not count */
			if (c >= 254) return (key << 8 | 255) << 8 * (7 - used);
			key = key << 8 | (c + 1U);
		}
		if (used < 8) {
			key <<= 8;
			used++;
		}
	}
	return used ? key << 8 * (8 - used) : 0;
}

static int item_compare(const void *va, const void *vb) {
	const struct sort_item *a = va, *b = vb;
	if (a->key != b->key) return a->key < b->key ? -1 : 1;
	int order = name_compare(a->owner, b->owner);
	if (order) return order;
	return a->run.offset < b->run.offset ? -1 : 1; /* order of arrival */
}

enum err collect_sort(struct builder *b) {
	struct sort_item *items = try_malloc(b->run_count * sizeof(*items));
	if (!items) return ERR_NOMEM;
	for (size_t i = 0; i < b->run_count; i++) {
		const uint8_t *owner = run_owner(b, &b->runs[i]);
		items[i] = (struct sort_item){ collect_sort_key(owner), b->runs[i], owner };
	}
	qsort(items, b->run_count, sizeof(*items), item_compare);
	for (size_t i = 0; i < b->run_count; i++)
		b->runs[i] = items[i].run;
	free(items);
	return OK;
}

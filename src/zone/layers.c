/* Walking the sorted arrays of several layers as if they were one: of equal names the newest layer's counts.
 * Deltas are small beside the base, so the base is walked in runs: how far it goes before the next node of a delta is
 * searched once, and until then nothing is compared. */
#include "zone/layers.h"

#include "zone/digest.h"
#include "zone/nsec3.h"

struct list {
	const struct image *image;
	const uint32_t *at;
	uint32_t count;
	bool in_nsec3;
};

static struct list list_of(const struct zone_version *v, unsigned layer, bool in_nsec3) {
	const struct image *image = layers_image(v, layer);
	const struct image_header *h = image->header;
	return (struct list){ image, in_nsec3 ? image_nsec3(image) : image_order(image),
		              in_nsec3 ? h->nsec3_count : h->node_count, in_nsec3 };
}

static struct node list_node(const struct list *l, uint32_t place) {
	return image_node(l->image, l->at[place]);
}

static const uint8_t *list_name(const struct list *l, uint32_t place) {
	uint8_t len;
	return node_relative(list_node(l, place), &len);
}

/* Owners of the chain are one label of one length, which asks for less than the order of names. */
static int compare(const struct list *l, const uint8_t *a, const uint8_t *b) {
	if (!l->in_nsec3) return name_compare(a, b);
	for (unsigned i = 1; i <= NSEC3_LABEL_LEN; i++) {
		int difference = name_lower(a[i]) - name_lower(b[i]);
		if (difference) return difference;
	}
	return 0;
}

/* How many of the nodes low … high - 1, and all before, stand before the name; with_equal: or are its own. */
static uint32_t list_search(const struct list *l, uint32_t low, uint32_t high, const uint8_t *name,
                            bool with_equal) {
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = compare(l, list_name(l, mid), name);
		if (order < 0 || (order == 0 && with_equal))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* name: within the zone. */
static void relative_of(const struct zone_version *v, const uint8_t *name, struct name *out) {
	out->len = (uint8_t)(name_len(name) - v->image.header->apex_len);
	memcpy(out->wire, name, out->len);
	out->wire[out->len] = 0;
}

uint64_t layers_hash(uint64_t seed, const uint8_t *lower) {
	uint8_t offsets[NAME_MAX_LABELS + 1];
	unsigned labels = name_offsets(lower, offsets);
	uint64_t hash = seed;
	while (labels > 0)
		hash = digest_label(hash, lower + offsets[--labels]);
	return hash;
}

struct node layers_nsec3(const struct zone_version *v, const uint8_t *owner) {
	for (unsigned i = layers_count(v); i-- > 0;) {
		struct list l = list_of(v, i, true);
		uint32_t place = list_search(&l, 0, l.count, owner, false);
		if (place < l.count && name_equal(list_name(&l, place), owner)) return list_node(&l, place);
	}
	return (struct node){ &v->image, NULL };
}

static bool is_above_in(const struct zone_version *v, unsigned layer, const uint8_t *relative) {
	struct list l = list_of(v, layer, false);
	uint32_t behind = list_search(&l, 0, l.count, relative, true);
	return behind < l.count && name_is_within(list_name(&l, behind), relative);
}

/* The base is asked by hash: what has names below it is a node there, which says so.  To search its order would cost a wait
 * for memory at each step. */
static bool is_above_in_base(const struct zone_version *v, uint64_t hash, const uint8_t *relative) {
	struct name lower;
	lower.len = (uint8_t)name_len(relative);
	name_lower_to(lower.wire, relative, lower.len);
	struct node n = layers_probe_base(v, hash, lower.wire, lower.len - 1U);
	if (!node_found(n)) return false;
	return !(n.image->header->flags & IMAGE_HAS_PARENTS) || (node_flags(n) & NODE_PARENT);
}

bool layers_may_be_above(const struct zone_version *v, uint64_t hash, const uint8_t *relative) {
	if (is_above_in_base(v, hash, relative)) return true;
	for (unsigned i = layers_count(v); i-- > 1;)
		if (is_above_in(v, i, relative)) return true;
	return false;
}

/* -- forwards ------------------------------------------------------------------------------------------------- */

/* The layers whose next node has the least name, as bits, and that name's newest node. */
static unsigned least(const struct zone_version *v, const struct zone_walk *w, unsigned from,
                      struct node *out_node) {
	unsigned bits = 0;
	const uint8_t *name = NULL;
	for (unsigned i = layers_count(v); i-- > from;) {
		struct list l = list_of(v, i, w->in_nsec3);
		if (w->next[i] >= l.count) continue;
		const uint8_t *candidate = list_name(&l, w->next[i]);
		int order = name ? name_compare(candidate, name) : -1;
		if (order > 0) continue;
		bits = order < 0 ? 1U << i : bits | 1U << i;
		if (order == 0) continue;
		name = candidate;
		*out_node = list_node(&l, w->next[i]);
	}
	return bits;
}

/* End of the base's nodes that stand before the next node of every delta: found in steps that grow. */
static uint32_t run_end(const struct zone_version *v, const struct zone_walk *w) {
	struct list base = list_of(v, 0, w->in_nsec3);
	struct node n;
	uint8_t len;
	if (!least(v, w, 1, &n)) return base.count;
	const uint8_t *name = node_relative(n, &len);
	uint32_t low = w->next[0], step = 1;
	while (base.count - low > step && name_compare(list_name(&base, low + step), name) < 0) {
		low += step;
		step *= 2;
	}
	uint32_t high = base.count - low > step ? low + step : base.count;
	return list_search(&base, low, high, name, false);
}

static bool walk_list(const struct zone_version *v, struct zone_walk *w, struct node *out_node) {
	if (w->next[0] < w->base_end) {
		struct list base = list_of(v, 0, w->in_nsec3);
		*out_node = list_node(&base, w->next[0]++);
		return true;
	}
	unsigned bits = least(v, w, 0, out_node);
	for (unsigned i = 0; bits >> i; i++)
		w->next[i] += bits >> i & 1;
	if (bits) w->base_end = run_end(v, w);
	return bits != 0;
}

bool layers_walk_next(const struct zone_version *v, struct zone_walk *walk, struct node *out_node) {
	if (walk_list(v, walk, out_node)) return true;
	if (walk->in_nsec3) return false;
	*walk = (struct zone_walk){ .in_nsec3 = true };
	return walk_list(v, walk, out_node);
}

bool zone_walk_next(const struct zone_version *v, struct zone_walk *walk, struct node *out_node) {
	struct node n;
	do {
		if (!layers_walk_next(v, walk, &n)) return false;
	} while (node_is_gone(n));
	*out_node = n;
	return true;
}

void layers_walk_behind(const struct zone_version *v, const uint8_t *relative, struct zone_walk *out_walk) {
	*out_walk = (struct zone_walk){ 0 };
	for (unsigned i = 0; i < layers_count(v); i++) {
		struct list l = list_of(v, i, false);
		out_walk->next[i] = list_search(&l, 0, l.count, relative, true);
	}
}

void zone_walk_from(const struct zone_version *v, const uint8_t *owner, bool in_nsec3,
                    struct zone_walk *out_walk) {
	struct name relative;
	relative_of(v, owner, &relative);
	*out_walk = (struct zone_walk){ .in_nsec3 = in_nsec3 };
	if (in_nsec3 && !nsec3_owner_is_sound(relative.wire)) return; /* before all */
	for (unsigned i = 0; i < layers_count(v); i++) {
		struct list l = list_of(v, i, in_nsec3);
		out_walk->next[i] = list_search(&l, 0, l.count, relative.wire, false);
	}
}

/* -- backwards ------------------------------------------------------------------------------------------------ */

void layers_back_from(const struct zone_version *v, const uint8_t *relative, bool in_nsec3,
                      struct layers_back *out_back) {
	*out_back = (struct layers_back){ .in_nsec3 = in_nsec3, .base_from = UINT32_MAX };
	for (unsigned i = 0; i < layers_count(v); i++) {
		struct list l = list_of(v, i, in_nsec3);
		out_back->left[i] = list_search(&l, 0, l.count, relative, true);
	}
}

void layers_back_from_end(const struct zone_version *v, bool in_nsec3, struct layers_back *out_back) {
	*out_back = (struct layers_back){ .in_nsec3 = in_nsec3, .base_from = UINT32_MAX };
	for (unsigned i = 0; i < layers_count(v); i++)
		out_back->left[i] = list_of(v, i, in_nsec3).count;
}

static unsigned greatest(const struct zone_version *v, const struct layers_back *b, unsigned from,
                         struct node *out_node) {
	unsigned bits = 0;
	const uint8_t *name = NULL;
	for (unsigned i = layers_count(v); i-- > from;) {
		struct list l = list_of(v, i, b->in_nsec3);
		if (b->left[i] == 0) continue;
		const uint8_t *candidate = list_name(&l, b->left[i] - 1);
		int order = name ? name_compare(candidate, name) : 1;
		if (order < 0) continue;
		bits = order > 0 ? 1U << i : bits | 1U << i;
		if (order == 0) continue;
		name = candidate;
		*out_node = list_node(&l, b->left[i] - 1);
	}
	return bits;
}

static uint32_t run_begin(const struct zone_version *v, const struct layers_back *b) {
	struct list base = list_of(v, 0, b->in_nsec3);
	struct node n;
	uint8_t len;
	if (!greatest(v, b, 1, &n)) return 0;
	const uint8_t *name = node_relative(n, &len);
	uint32_t high = b->left[0], step = 1;
	while (high > step && name_compare(list_name(&base, high - step - 1), name) > 0) {
		high -= step;
		step *= 2;
	}
	return list_search(&base, high > step ? high - step - 1 : 0, high, name, true);
}

bool layers_back_next(const struct zone_version *v, struct layers_back *back, struct node *out_node) {
	if (back->left[0] > back->base_from) {
		struct list base = list_of(v, 0, back->in_nsec3);
		*out_node = list_node(&base, --back->left[0]);
		return true;
	}
	unsigned bits = greatest(v, back, 0, out_node);
	for (unsigned i = 0; bits >> i; i++)
		back->left[i] -= bits >> i & 1;
	if (bits) back->base_from = run_begin(v, back);
	return bits != 0;
}

/* -- NSEC ----------------------------------------------------------------------------------------------------- */

/* Nodes without NSEC (glue, empty non-terminals) that are stepped over before giving up: a bound for zones that
 * claim to be signed and are not.  Tombstones don't count: their number is bounded by merging. */
#define NSEC_STEPS_MAX 20000

struct node zone_nsec(const struct zone_version *v, const uint8_t *name) {
	struct node none = { &v->image, NULL }, n;
	if (!(v->image.header->flags & IMAGE_HAS_NSEC)) return none;
	struct name relative;
	relative_of(v, name, &relative);
	struct layers_back back;
	layers_back_from(v, relative.wire, false, &back);
	for (unsigned steps = 0; steps < NSEC_STEPS_MAX && layers_back_next(v, &back, &n);) {
		if (node_is_gone(n)) continue;
		if (node_has(n, RR_NSEC)) return n;
		steps++;
	}
	return none;
}

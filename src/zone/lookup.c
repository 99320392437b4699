/* Finding names in a zone version, label by label from the apex down (RFC 1034 section 4.3.2). */
#include "zone/lookup.h"

#include <assert.h>
#include <string.h>

#include "zone/digest.h"

/* A question's name prepared for the walk: lower case, label starts, and where the apex begins in it. */
struct path {
	uint8_t lower[NAME_MAX_LEN];
	uint8_t offsets[NAME_MAX_LABELS + 1];
	unsigned depth;     /* labels below the apex */
	unsigned apex_from; /* offset of the apex in lower */
};

static void path_init(struct path *p, const struct zone_version *v, const uint8_t *name) {
	unsigned labels = name_offsets(name, p->offsets), at = p->offsets[labels];
	name_lower_to(p->lower, name, at + 1U);
	assert(at + 1U >= v->image.header->apex_len); /* the caller's promise: within the zone */
	p->apex_from = at + 1U - v->image.header->apex_len;
	p->depth = 0;
	while (p->depth < labels && p->offsets[p->depth] < p->apex_from)
		p->depth++;
}

static bool same_relative(struct node n, const uint8_t *lower, unsigned len) {
	uint8_t node_len;
	const uint8_t *stored = node_relative(n, &node_len);
	if (node_len != len) return false;
	if (memcmp(stored, lower, len) == 0) return true;
	for (unsigned i = 0; i < len; i++)
		if (name_lower(stored[i]) != lower[i]) return false;
	return true;
}

static struct node node_at(const struct image *image, uint32_t offset) {
	return (struct node){ image, image->heap + 4 * (size_t)offset };
}

/* The node with this hash and lower-case relative name. */
static struct node probe(const struct image *image, uint64_t hash, const uint8_t *lower, unsigned len) {
	const struct image_header *h = image->header;
	uint32_t bits = h->slot_offset_bits;
	uint32_t mask = bits >= 32 ? UINT32_MAX : (1U << bits) - 1;
	uint32_t tag = bits >= 32 ? 0 : (uint32_t)hash >> bits;
	uint32_t slot = (uint32_t)(((hash >> 32) * h->slot_count) >> 32);
	for (uint32_t left = h->slot_count; left && image->slots[slot]; left--) {
		uint32_t value = image->slots[slot];
		if (bits >= 32 || value >> bits == tag) {
			struct node n = node_at(image, value & mask);
			if (same_relative(n, lower, len)) return n;
		}
		if (++slot == h->slot_count) slot = 0;
	}
	return (struct node){ image, NULL };
}

/* "*" below an encloser of `len` octets relative name. */
static struct node probe_wildcard(const struct image *image, uint64_t hash, const uint8_t *lower,
                                  unsigned len) {
	uint8_t name[NAME_MAX_LEN + 2] = { 1, '*' };
	if (len + 2 > NAME_MAX_LEN) return (struct node){ image, NULL };
	memcpy(name + 2, lower, len);
	return probe(image, digest_label(hash, name), name, len + 2);
}

static void lookup_below(const struct zone_version *v, const struct path *p, struct lookup *out) {
	const struct image *image = &v->image;
	uint64_t hash = image->header->seed;
	for (unsigned d = 1; d <= p->depth; d++) {
		unsigned from = p->offsets[p->depth - d];
		uint64_t below = digest_label(hash, p->lower + from);
		struct node n = probe(image, below, p->lower + from, p->apex_from - from);
		if (!node_found(n)) {
			unsigned parent = d == 1 ? p->apex_from : p->offsets[p->depth - d + 1];
			out->node = probe_wildcard(image, hash, p->lower + parent, p->apex_from - parent);
			out->kind = node_found(out->node) ? LOOKUP_WILDCARD : LOOKUP_NONE;
			return;
		}
		hash = below;
		out->encloser = out->node = n;
		out->node_labels = ++out->encloser_labels;
		uint8_t flags = node_flags(n);
		if (flags & NODE_CUT) {
			out->kind = LOOKUP_CUT;
			return;
		}
		if ((flags & NODE_DNAME) && d < p->depth) {
			out->kind = LOOKUP_DNAME;
			return;
		}
	}
	out->kind = LOOKUP_EXACT;
}

void zone_lookup(const struct zone_version *v, const uint8_t *qname, struct lookup *out_lookup) {
	struct path p;
	path_init(&p, v, qname);
	struct node apex = zone_apex(v);
	uint8_t labels = (uint8_t)name_labels(version_apex(v));
	*out_lookup = (struct lookup){ .kind = LOOKUP_EXACT,
		                       .node = apex,
		                       .encloser = apex,
		                       .encloser_labels = labels,
		                       .node_labels = labels };
	if (p.depth == 0) return;
	if (node_flags(apex) & NODE_DNAME)
		out_lookup->kind = LOOKUP_DNAME;
	else
		lookup_below(v, &p, out_lookup);
}

struct node zone_find(const struct zone_version *v, const uint8_t *name) {
	struct path p;
	path_init(&p, v, name);
	if (p.depth == 0) return zone_apex(v);
	uint64_t hash = v->image.header->seed;
	for (unsigned i = p.depth; i-- > 0;)
		hash = digest_label(hash, p.lower + p.offsets[i]);
	return probe(&v->image, hash, p.lower, p.apex_from);
}

/* Place in `order` of the last node that is not after the relative name. */
static uint32_t order_floor(const struct image *image, const uint8_t *relative) {
	uint32_t low = 0, high = image->header->node_count;
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;
		uint8_t len;
		const uint8_t *stored = node_relative(node_at(image, image->order[mid]), &len);
		if (name_compare(stored, relative) <= 0)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/* Nodes without NSEC (glue, empty non-terminals) that are stepped over before giving up: a bound for zones that
 * claim to be signed and are not. */
#define NSEC_STEPS_MAX 20000

struct node zone_nsec(const struct zone_version *v, const uint8_t *name) {
	const struct image *image = &v->image;
	struct node none = { image, NULL };
	if (!(image->header->flags & IMAGE_HAS_NSEC)) return none;
	struct path p;
	path_init(&p, v, name);
	p.lower[p.apex_from] = 0; /* what stands before is the relative name */
	uint32_t at = order_floor(image, p.lower);
	for (unsigned steps = 0; steps < NSEC_STEPS_MAX; steps++) {
		struct node n = node_at(image, image->order[at]);
		if (node_has(n, RR_NSEC)) return n;
		if (at-- == 0) return none;
	}
	return none;
}

bool zone_walk_next(const struct zone_version *v, struct zone_walk *walk, struct node *out_node) {
	const struct image_header *h = v->image.header;
	uint32_t at = walk->next;
	if (at < h->node_count)
		*out_node = node_at(&v->image, v->image.order[at]);
	else if (at - h->node_count < h->nsec3_count)
		*out_node = node_at(&v->image, v->image.nsec3[at - h->node_count]);
	else
		return false;
	walk->next++;
	return true;
}

/* Finding names in a zone version, label by label from the apex down (RFC 1034 section 4.3.2). */
#include "zone/lookup.h"

#include <assert.h>
#include <string.h>

#include "zone/digest.h"
#include "zone/layers.h"

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
			struct node n = image_node(image, value & mask);
			if (same_relative(n, lower, len)) return n;
		}
		if (++slot == h->slot_count) slot = 0;
	}
	return (struct node){ image, NULL };
}

struct node layers_probe(const struct zone_version *v, uint64_t hash, const uint8_t *lower, unsigned len) {
	for (unsigned i = layers_count(v); i-- > 0;) {
		struct node n = probe(layers_image(v, i), hash, lower, len);
		if (node_found(n)) return n;
	}
	return (struct node){ &v->image, NULL };
}

/* Several layers: the newest that knows the name decides; a tombstone says that it is not there. */
static __attribute__((noinline)) struct node find_in_layers(const struct zone_version *v, uint64_t hash,
                                                            const uint8_t *lower, unsigned len) {
	struct node n = layers_probe(v, hash, lower, len);
	return node_found(n) && node_is_gone(n) ? (struct node){ &v->image, NULL } : n;
}

static inline struct node find(const struct zone_version *v, uint64_t hash, const uint8_t *lower,
                               unsigned len) {
	if (v->layer_count > 1) return find_in_layers(v, hash, lower, len);
	return probe(&v->image, hash, lower, len);
}

/* "*" below an encloser of `len` octets relative name. */
static struct node find_wildcard(const struct zone_version *v, uint64_t hash, const uint8_t *lower,
                                 unsigned len) {
	uint8_t name[NAME_MAX_LEN + 2] = { 1, '*' };
	if (len + 2 > NAME_MAX_LEN) return (struct node){ &v->image, NULL };
	memcpy(name + 2, lower, len);
	return find(v, digest_label(hash, name), name, len + 2);
}

static void lookup_below(const struct zone_version *v, const struct path *p, struct lookup *out) {
	uint64_t hash = v->image.header->seed;
	for (unsigned d = 1; d <= p->depth; d++) {
		unsigned from = p->offsets[p->depth - d];
		uint64_t below = digest_label(hash, p->lower + from);
		struct node n = find(v, below, p->lower + from, p->apex_from - from);
		if (!node_found(n)) {
			unsigned parent = d == 1 ? p->apex_from : p->offsets[p->depth - d + 1];
			out->node = find_wildcard(v, hash, p->lower + parent, p->apex_from - parent);
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
	return find(v, hash, p.lower, p.apex_from);
}

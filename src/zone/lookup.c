/* Finding names in a zone version, label by label from the apex down (RFC 1034 section 4.3.2). */
#include "zone/lookup.h"

#include <assert.h>
#include <string.h>

#include "zone/digest.h"
#include "zone/layers.h"

#define NODE_USUAL_OCTETS 28 /* that a lookup reads of a node: two RRsets, or a long name */

/* A name on its way through a zone. */
struct path {
	const struct sought *sought;
	unsigned depth;     /* labels below the apex */
	unsigned apex_from; /* offset of the apex in the name */
};

static struct path path_of(const struct zone_version *v, const struct sought *s) {
	assert(s->len >= v->image.header->apex_len); /* the caller's promise: within the zone */
	struct path p = { .sought = s, .apex_from = s->len - (unsigned)v->image.header->apex_len };
	while (p.depth < s->labels && s->offsets[p.depth] < p.apex_from)
		p.depth++;
	return p;
}

/* Offset of the path's last d labels below the apex. */
static inline unsigned path_from(const struct path *p, unsigned d) {
	return p->sought->offsets[p->depth - d];
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

static inline uint32_t first_slot(const struct image_header *h, uint64_t hash) {
	return (uint32_t)(((hash >> 32) * h->slot_count) >> 32);
}

/* A hash on its way through the slots of an image. */
struct search {
	const struct image *image;
	uint32_t slot, left; /* the next one to look at, and how many there are */
	uint32_t bits, tag;
};

static inline struct search search_of(const struct image *image, uint64_t hash) {
	const struct image_header *h = image->header;
	uint32_t bits = h->slot_offset_bits;
	return (struct search){ image, first_slot(h, hash), h->slot_count, bits,
		                (uint32_t)((hash & UINT32_MAX) >> bits) };
}

/* Heap offset of the next node with the tag; 0: there is none. */
static inline uint32_t search_next(struct search *s) {
	const uint32_t *slots = s->image->slots;
	uint32_t bits = s->bits, mask = (uint32_t)((UINT64_C(1) << bits) - 1);
	while (s->left--) {
		uint32_t value = slots[s->slot];
		if (++s->slot == s->image->header->slot_count) s->slot = 0;
		if (!value) return 0;
		if ((uint64_t)value >> bits == s->tag) return value & mask;
	}
	s->left = 0;
	return 0;
}

/* The node with this hash and lower-case relative name. */
static struct node probe(const struct image *image, uint64_t hash, const uint8_t *lower, unsigned len) {
	struct search search = search_of(image, hash);
	for (uint32_t offset; (offset = search_next(&search));) {
		struct node n = image_node(image, offset);
		if (same_relative(n, lower, len)) return n;
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

struct node layers_probe_base(const struct zone_version *v, uint64_t hash, const uint8_t *lower,
                              unsigned len) {
	return probe(layers_image(v, 0), hash, lower, len);
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

/* The node of the path's last d labels, whose hash is given, where zone_expect_nodes has found it. */
static inline struct node find_at(const struct zone_version *v, const struct path *p, unsigned d,
                                  uint64_t hash) {
	const struct sought *s = p->sought;
	unsigned from = path_from(p, d), len = p->apex_from - from;
	if (s->version != v || d > s->placed || v->layer_count > 1)
		return find(v, hash, s->lower + from, len);
	if (!s->nodes[d - 1]) return (struct node){ &v->image, NULL };
	struct node n = image_node(&v->image, s->nodes[d - 1]);
	return same_relative(n, s->lower + from, len) ? n : probe(&v->image, hash, s->lower + from, len);
}

/* "*" below an encloser of `len` octets relative name. */
static struct node find_wildcard(const struct zone_version *v, uint64_t hash, const uint8_t *lower,
                                 unsigned len) {
	uint8_t name[NAME_MAX_LEN + 2] = { 1, '*' };
	if (len + 2 > NAME_MAX_LEN) return (struct node){ &v->image, NULL };
	memcpy(name + 2, lower, len);
	return find(v, digest_label(hash, name), name, len + 2);
}

/* Hash of the path's last d labels; rest: of one label less. */
static inline uint64_t hash_at(const struct zone_version *v, const struct path *p, unsigned d,
                               uint64_t rest) {
	const struct sought *s = p->sought;
	if (s->version == v && d <= s->hashed) return s->hashes[d - 1];
	return digest_label(rest, s->lower + path_from(p, d));
}

static void nothing_at(const struct zone_version *v, const struct path *p, unsigned d, uint64_t rest,
                       struct lookup *out) {
	unsigned parent = d == 1 ? p->apex_from : path_from(p, d - 1);
	out->node = find_wildcard(v, rest, p->sought->lower + parent, p->apex_from - parent);
	out->kind = node_found(out->node) ? LOOKUP_WILDCARD : LOOKUP_NONE;
}

static void lookup_below(const struct zone_version *v, const struct path *p, struct lookup *out) {
	uint64_t hash = v->image.header->seed;
	for (unsigned d = 1; d <= p->depth; d++) {
		uint64_t below = hash_at(v, p, d, hash);
		struct node n = find_at(v, p, d, below);
		if (!node_found(n)) {
			nothing_at(v, p, d, hash, out);
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

void zone_lookup_sought(const struct zone_version *v, const struct sought *s, struct lookup *out_lookup) {
	struct path p = path_of(v, s);
	struct node apex = zone_apex(v);
	uint8_t labels = (uint8_t)(s->labels - p.depth);
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

void zone_lookup(const struct zone_version *v, const uint8_t *qname, struct lookup *out_lookup) {
	struct sought s;
	sought_init(&s, qname);
	zone_lookup_sought(v, &s, out_lookup);
}

struct node zone_find(const struct zone_version *v, const uint8_t *name) {
	struct sought s;
	sought_init(&s, name);
	struct path p = path_of(v, &s);
	if (p.depth == 0) return zone_apex(v);
	uint64_t hash = v->image.header->seed;
	for (unsigned d = 1; d <= p.depth; d++)
		hash = digest_label(hash, s.lower + path_from(&p, d));
	return find(v, hash, s.lower, p.apex_from);
}

/* -- ahead of a lookup ------------------------------------------------------------------------------------------- */

void zone_expect_hashes(const struct zone_version *v, struct sought *s) {
	struct path p = path_of(v, s);
	uint64_t hash = v->image.header->seed;
	s->version = v;
	s->hashed = (uint8_t)(p.depth < SOUGHT_HASHES ? p.depth : SOUGHT_HASHES);
	for (unsigned d = 1; d <= s->hashed; d++)
		s->hashes[d - 1] = hash = digest_label(hash, s->lower + path_from(&p, d));
}

/* A step of its own, and a short one: the pages of many names are looked for at once. */
void zone_expect_slots(const struct sought *s) {
	if (!s->version) return;
	const struct image *base = layers_image(s->version, 0);
	for (unsigned d = 0; d < s->hashed; d++)
		__builtin_prefetch(&base->slots[first_slot(base->header, s->hashes[d])]);
}

/* A node may begin at the end of a cache line. */
static void expect_octets(const uint8_t *at, size_t count) {
	__builtin_prefetch(at);
	__builtin_prefetch(at + count - 1);
}

/* Where one is missing nothing can be below it. */
void zone_expect_nodes(struct sought *s) {
	uint32_t offset = 1;
	if (!s->version) return;
	const struct image *base = layers_image(s->version, 0);
	for (s->placed = 0; s->placed < s->hashed && offset; s->placed++) {
		struct search search = search_of(base, s->hashes[s->placed]);
		s->nodes[s->placed] = offset = search_next(&search);
		if (offset) expect_octets(image_node(base, offset).at, NODE_USUAL_OCTETS);
	}
}

void zone_expect_sets(const struct sought *s) {
	if (!s->version) return;
	const struct image *base = layers_image(s->version, 0);
	for (unsigned d = 0; d < s->placed && s->nodes[d]; d++)
		node_expect(image_node(base, s->nodes[d]));
}

/* Merging layers: the newest few while they are small, at once; more of them, or all, by whoever has the time.
 *
 * Layers grow from the newest down by a factor, so a record that comes in is copied a logarithmic number of times before
 * it reaches the base. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/random.h"
#include "zone/delta.h"
#include "zone/image_write.h"

#define UNIT 4
#define NODE_FIXED 4
#define RRSET_FIXED 8
/* A layer that is no larger than this many times what lies over it is merged with it. */
#define GROWTH 2
/* More nodes than this are not merged while a version is on its way into service. */
#define MERGE_AT_ONCE_NODES 16384
/* From this many layers on, deltas should become one. */
#define LAYERS_WANTED 8
/* Of the base's octets, and of the version's names that have tombstones; with more a new base is due. */
#define DELTAS_SHARE 8
#define DELTAS_FEW_OCTETS 65536
#define GONE_SHARE 32
#define GONE_FEW 4096

/* -- copying nodes -------------------------------------------------------------------------------------------- */

static const uint8_t *rdatas_end(const uint8_t *at, unsigned count) {
	uint16_t len;
	while (count-- > 0)
		(void)rrset_next(&at, &len); /* only the end is wanted */
	return at;
}

static size_t rrset_octets(const uint8_t *at) {
	uint16_t counts[2];
	memcpy(counts, at + 4, 4);
	const uint8_t *end = rdatas_end(at + RRSET_FIXED, counts[0]);
	if (counts[1]) end = rdatas_end(end + 4, counts[1]);
	return ((size_t)(end - at) + UNIT - 1) & ~(size_t)(UNIT - 1);
}

static enum err copy_sets(struct image_block *k, struct node n, size_t node_pos) {
	for (unsigned i = 0; i < node_rrset_count(n); i++) {
		uint32_t offset;
		memcpy(&offset, n.at + NODE_FIXED + (size_t)4 * i, 4);
		const uint8_t *set = n.image->heap + UNIT * (size_t)offset;
		enum err e = block_rrset_copy(k, set, rrset_octets(set), &offset);
		if (e != OK) return e;
		memcpy(k->data + node_pos + NODE_FIXED + (size_t)4 * i, &offset, 4);
	}
	return OK;
}

static enum err copy_node(struct image_writer *w, struct node n, struct image_places *list) {
	struct image_block *k = &w->block;
	uint8_t name_octets;
	const uint8_t *name = node_relative(n, &name_octets);
	size_t used = (size_t)(name - n.at) + name_octets + 1;
	size_t size = (used + UNIT - 1) & ~(size_t)(UNIT - 1), pos;
	enum err e = block_room(k, size);
	if (e == OK) e = image_writer_list(list, block_offset(k));
	if (e != OK) return e;
	pos = k->len;
	memcpy(k->data + pos, n.at, used);
	memset(k->data + pos + used, 0, size - used);
	k->len += size;
	image_writer_flags(w, n.at[2]);
	w->header.gone_count += node_is_gone(n);
	return copy_sets(k, n, pos);
}

/* -- several layers as one ------------------------------------------------------------------------------------ */

/* Nothing below the merged layers has the name. */
static bool is_needless(const struct zone_version *below, struct node n, bool in_nsec3) {
	if (!below) return true;
	struct name lower;
	uint8_t len;
	const uint8_t *relative = node_relative(n, &len);
	name_lower_to(lower.wire, relative, len + 1U);
	struct node old = in_nsec3 ? layers_nsec3(below, relative)
	                           : layers_probe(below, layers_hash(below->image.header->seed, lower.wire),
	                                          lower.wire, len);
	return !node_found(old) || node_is_gone(old);
}

static enum err copy_all(struct image_writer *w, const struct zone_version *above,
                         const struct zone_version *below) {
	struct zone_walk walk = { 0 };
	struct node n;
	enum err e = OK;
	while (e == OK && layers_walk_next(above, &walk, &n)) {
		if (node_is_gone(n) && is_needless(below, n, walk.in_nsec3)) continue;
		e = fault_fires("merge-node") ? ERR_NOMEM
		                              : copy_node(w, n, walk.in_nsec3 ? &w->nsec3 : &w->order);
	}
	return e;
}

static void begin(struct image_writer *w, const struct image_header *newest, bool whole) {
	w->block.seed = random_seed();
	w->header = *newest;
	w->header.collected = image_collected(newest);
	w->header.zero = w->header.gone_count = 0;
	w->apex = image_apex(newest);
	memcpy(w->salt, image_salt(newest), newest->nsec3_salt_len);
	w->header.flags &= ~(uint32_t)(IMAGE_HAS_CUTS | IMAGE_HAS_DNAMES);
	if (!whole) return;
	w->header.version_nodes = w->header.version_nsec3 = 0;
	w->header.flags &= ~(uint32_t)IMAGE_DELTA;
}

enum err layers_merge(const struct zone_version *v, unsigned from, struct layer **out_layer,
                      struct why *why) {
	struct zone_version *above = version_stack(v->layers + from, v->layer_count - from, NULL);
	struct zone_version *below = from ? version_stack(v->layers, from, NULL) : NULL;
	struct image_writer w = { .why = why };
	struct layer *layer;
	enum err e = block_init(&w.block, v->image.header->apex_len, version_bytes(above));
	begin(&w, v->image.header, from == 0);
	if (e == OK) e = copy_all(&w, above, below);
	/* what lies below may have them still: in a delta these flags are of the whole version */
	if (from) w.header.flags |= v->image.header->flags;
	if (e == OK) e = image_writer_end(&w, &layer);
	if (e == OK) *out_layer = layer;
	if (e != OK) why_set(why, REASON_TOO_LARGE, "%s while layers are merged", err_text(e));
	image_writer_done(&w);
	version_unref(above);
	version_unref(below);
	return e;
}

/* The version with its layers from `from` on as one. */
static enum err merge_from(const struct zone_version *v, unsigned from, struct zone_version **out_version,
                           struct why *why) {
	struct layer *merged;
	enum err e = layers_merge(v, from, &merged, why);
	if (e != OK) return e;
	*out_version = version_stack(v->layers, from, merged);
	layer_unref(merged);
	version_set_changes(*out_version, v->changes);
	return OK;
}

/* -- at once -------------------------------------------------------------------------------------------------- */

static uint32_t layer_nodes(const struct layer *l) {
	return l->image.header->node_count + l->image.header->nsec3_count;
}

/* The lowest of the newest layers that should become one; the top itself if none. */
static unsigned merge_begin(const struct zone_version *v) {
	unsigned from = v->layer_count - 1;
	uint32_t nodes = layer_nodes(v->layers[from]);
	while (from > 1 && !atomic_load_explicit(&v->layers[from - 1]->keep, memory_order_relaxed)) {
		uint32_t lower = layer_nodes(v->layers[from - 1]);
		if (lower > GROWTH * (uint64_t)nodes || nodes + lower > MERGE_AT_ONCE_NODES) break;
		nodes += lower;
		from--;
	}
	/* nobody has merged what should have been: the stack is bounded all the same */
	if (from + 1 > VERSION_LAYERS_MAX - 1) from = VERSION_LAYERS_MAX / 2;
	return from;
}

enum err version_merge_newest(struct zone_version *v, struct zone_version **out_version, struct why *why) {
	unsigned from = merge_begin(v);
	enum err e = OK;
	if (from == v->layer_count - 1) {
		*out_version = v;
		return OK;
	}
	struct zone_version *merged;
	e = merge_from(v, from, &merged, why);
	version_unref(v);
	if (e == OK) *out_version = merged;
	return e;
}

/* -- in the background ---------------------------------------------------------------------------------------- */

enum merge_need version_merge_need(const struct zone_version *v) {
	uint64_t octets = 0, gone = 0;
	for (unsigned i = 1; i < v->layer_count; i++) {
		octets += layer_size(v->layers[i]);
		gone += v->layers[i]->image.header->gone_count;
	}
	uint64_t gone_most = GONE_FEW + version_nodes(v) / GONE_SHARE;
	uint64_t octets_most = DELTAS_FEW_OCTETS + layer_size(v->layers[0]) / DELTAS_SHARE;
	if (octets > octets_most || gone > gone_most) return MERGE_ALL;
	return v->layer_count > LAYERS_WANTED ? MERGE_DELTAS : MERGE_NOT;
}

void version_merge_keep(struct zone_version *v) {
	atomic_store_explicit(&v->layers[v->layer_count - 1]->keep, true, memory_order_relaxed);
}

enum err version_merge(struct zone_version *v, enum merge_need how, struct zone_version **out_version,
                       struct why *why) {
	unsigned from = how == MERGE_DELTAS && v->layer_count > 1 ? 1 : 0;
	if (how != MERGE_NOT && from + 1 < v->layer_count) return merge_from(v, from, out_version, why);
	version_ref(v); /* nothing to merge */
	*out_version = v;
	return OK;
}

bool version_stands_on(const struct zone_version *now, const struct zone_version *from) {
	if (now->layer_count < from->layer_count) return false;
	for (unsigned i = 0; i < from->layer_count; i++)
		if (now->layers[i] != from->layers[i]) return false;
	return true;
}

struct zone_version *version_rebase(const struct zone_version *merged, const struct zone_version *from,
                                    struct zone_version *now) {
	if (!version_stands_on(now, from)) return NULL;
	unsigned more = now->layer_count - from->layer_count;
	struct layer *layers[2 * VERSION_LAYERS_MAX];
	if (merged->layer_count + more > VERSION_LAYERS_MAX) return NULL;
	memcpy(layers, merged->layers, merged->layer_count * sizeof(layers[0]));
	memcpy(layers + merged->layer_count, now->layers + from->layer_count, more * sizeof(layers[0]));
	struct zone_version *v = version_stack(layers, merged->layer_count + more, NULL);
	version_set_changes(v, now->changes);
	return v;
}

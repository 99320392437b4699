/* Inside of src/zone/: the layers of a version, told apart.  Readers outside see one zone (zone/lookup.h); who makes
 * deltas, merges and checks needs what each layer says, tombstones included. */
#ifndef UNDERSTUDY_ZONE_LAYERS_H
#define UNDERSTUDY_ZONE_LAYERS_H

#include "zone/lookup.h"

/* A version without layers is an image on its own, as checks make one. */
static inline unsigned layers_count(const struct zone_version *v) {
	return v->layer_count ? v->layer_count : 1;
}
/* 0 is the base. */
static inline const struct image *layers_image(const struct zone_version *v, unsigned i) {
	return v->layer_count > 1 ? &v->layers[i]->image : &v->image;
}

/* Hash of a name relative to the apex, in lower case, as images have it. */
uint64_t layers_hash(uint64_t seed, const uint8_t *lower);
/* What the newest layer that knows the name says, which may be a tombstone.  lower: relative to the apex, of len octets,
 * its root label not counted.  The apex is not found this way. */
struct node layers_probe(const struct zone_version *v, uint64_t hash, const uint8_t *lower, unsigned len);
/* The node, which may be a tombstone, of an owner of the NSEC3 chain in use; relative to the apex. */
struct node layers_nsec3(const struct zone_version *v, const uint8_t *owner);

/* False: no name is below the relative one, whose layers_hash is `hash`.  True: one may be, which takes a search to tell. */
bool layers_may_be_above(const struct zone_version *v, uint64_t hash, const uint8_t *relative);
/* The base's node of the name; arguments as those of layers_probe. */
struct node layers_probe_base(const struct zone_version *v, uint64_t hash, const uint8_t *lower,
                              unsigned len);

/* As zone_walk_next, tombstones included. */
bool layers_walk_next(const struct zone_version *v, struct zone_walk *walk, struct node *out_node);
/* Sets a walk before the first name behind the relative one. */
void layers_walk_behind(const struct zone_version *v, const uint8_t *relative, struct zone_walk *out_walk);

/* Backwards through the names, or the NSEC3 owners, from the last one that is not behind the relative name. */
struct layers_back {
	bool in_nsec3;
	uint32_t base_from; /* the base's nodes from this place on come behind any of a delta */
	uint32_t left[VERSION_LAYERS_MAX]; /* nodes not yet given, of each layer */
};
void layers_back_from(const struct zone_version *v, const uint8_t *relative, bool in_nsec3,
                      struct layers_back *out_back);
/* From the last one of all. */
void layers_back_from_end(const struct zone_version *v, bool in_nsec3, struct layers_back *out_back);
bool layers_back_next(const struct zone_version *v, struct layers_back *back, struct node *out_node);

#endif

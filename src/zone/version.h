/* A zone version: a stack of layers with a reference count.  The lowest layer is a whole image (the base); above it
 * delta images (zone/delta.h), each with the nodes that it changes, whole, and tombstones for those that are gone.
 * Lookups ask the newest layer first.  Never changed after it was published.
 *
 * Readers that answer questions borrow it under an epoch (zone/table.h); whoever needs it longer (a transfer out, the
 * store) takes a reference.  A layer is shared by all versions that stand on it. */
#ifndef UNDERSTUDY_ZONE_VERSION_H
#define UNDERSTUDY_ZONE_VERSION_H

#include <stdatomic.h>

#include "base/packed.h"
#include "zone/change.h"
#include "zone/image.h"

enum version_memory {
	VERSION_MALLOC, /* free() */
	VERSION_PAGES,  /* base/growing.h: growing_release() */
	VERSION_MAPPED, /* a file: munmap() */
	VERSION_PACKED  /* version_keep's: image, layer and its first version in one */
};

/* An image and what holds its memory. */
struct layer {
	struct image image; /* its header begins the memory, and tells the size */
	_Atomic unsigned references;
	uint32_t place; /* of VERSION_PACKED: base/packed.h */
	uint8_t memory; /* enum version_memory */
	_Atomic bool
		keep; /* it, and what lies below, is being merged: not to be merged with newer ones meanwhile */
};
static inline const uint8_t *layer_octets(const struct layer *l) {
	return (const uint8_t *)l->image.header;
}
static inline size_t layer_size(const struct layer *l) {
	return (size_t)l->image.header->size;
}
/* Take over the image's memory.  One reference, the caller's. */
struct layer *layer_new(enum version_memory memory, const struct image *image);
void layer_ref(struct layer *l);
void layer_unref(struct layer *l);

#define VERSION_LAYERS_MAX 12

struct zone_version {
	struct image
		image; /* the newest layer's: its header tells SOA, flags, NSEC3 parameters and totals of the whole */
	struct changes *
		changes; /* a reference: the steps that led here, as far as they are kept in memory; NULL: none */
	_Atomic unsigned references;
	unsigned layer_count;
	struct layer *layers[]; /* [0] is the base; a reference each */
};

/* A version of one layer.  Take over the image's memory.  One reference, the caller's. */
struct zone_version *version_new(enum version_memory memory, const struct image *image);
/* A version that stays: of a whole small image that stands by itself in memory a copy in p, which costs its octets and little
 * more; of any other itself.  Takes the reference and gives one. */
struct zone_version *version_keep(struct packed *p, struct zone_version *v);
/* The layers below, and `top` (NULL: none) over them; takes references of its own.  changes is NULL. */
struct zone_version *version_stack(struct layer *const *layers, unsigned count, struct layer *top);
void version_ref(struct zone_version *v);
/* NULL is allowed. */
void version_unref(struct zone_version *v);
/* Before it is published: the steps that led to it; takes a reference of its own. */
void version_set_changes(struct zone_version *v, struct changes *changes);

static inline uint32_t version_serial(const struct zone_version *v) {
	return v->image.header->soa.serial;
}
static inline const struct soa *version_soa(const struct zone_version *v) {
	return &v->image.header->soa;
}
static inline const uint8_t *version_apex(const struct zone_version *v) {
	return image_apex(v->image.header);
}
/* Records of the whole version, as an AXFR sends them, the closing SOA not counted. */
static inline uint64_t version_records(const struct zone_version *v) {
	return v->image.header->record_count;
}
/* Names of the whole version that have records or names below them, NSEC3 owners apart. */
static inline uint32_t version_nodes(const struct zone_version *v) {
	const struct image_header *h = v->image.header;
	return h->flags & IMAGE_DELTA ? h->version_nodes : h->node_count;
}
/* Owners of the NSEC3 chain in use. */
static inline uint32_t version_nsec3(const struct zone_version *v) {
	const struct image_header *h = v->image.header;
	return h->flags & IMAGE_DELTA ? h->version_nsec3 : h->nsec3_count;
}
/* Octets of the images of all layers. */
uint64_t version_bytes(const struct zone_version *v);

#endif

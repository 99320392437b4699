/* A zone version: layers and the memory below them. */
#include "zone/version.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/growing.h"

/* A small version that stays, its image behind it. */
struct kept {
	struct layer layer;
	_Alignas(struct zone_version) uint8_t version[sizeof(struct zone_version) + sizeof(struct layer *)];
	_Alignas(8) uint8_t image[];
};

static size_t kept_size(size_t image_size) {
	return offsetof(struct kept, image) + image_size;
}

static void layer_begin(struct layer *l, enum version_memory memory, const struct image *image) {
	l->image = *image;
	l->memory = (uint8_t)memory;
	l->place = 0;
	atomic_init(&l->references, 1);
	atomic_init(&l->keep, false);
}

struct layer *layer_new(enum version_memory memory, const struct image *image) {
	struct layer *l = xmalloc(sizeof(*l));
	layer_begin(l, memory, image);
	return l;
}

void layer_ref(struct layer *l) {
	atomic_fetch_add_explicit(&l->references, 1, memory_order_relaxed);
}

void layer_unref(struct layer *l) {
	if (atomic_fetch_sub_explicit(&l->references, 1, memory_order_acq_rel) != 1) return;
	void *octets = (void *)(uintptr_t)layer_octets(l); /* written to by nobody, but given back */
	size_t size = layer_size(l);
	if (l->memory == VERSION_PACKED) {
		packed_give(l, kept_size(size), l->place);
		return;
	}
	if (l->memory == VERSION_MAPPED)
		(void)munmap(octets, size); /* can fail only for a range that is not ours */
	else
		growing_release(octets, size, l->memory == VERSION_PAGES);
	free(l);
}

static void version_begin(struct zone_version *v, unsigned count) {
	v->changes = NULL;
	v->layer_count = count;
	atomic_init(&v->references, 1);
}

static struct zone_version *version_of(unsigned count) {
	struct zone_version *v = xmalloc(sizeof(*v) + count * sizeof(v->layers[0]));
	version_begin(v, count);
	return v;
}

struct zone_version *version_new(enum version_memory memory, const struct image *image) {
	struct zone_version *v = version_of(1);
	v->layers[0] = layer_new(memory, image);
	v->image = *image;
	return v;
}

static bool may_be_packed(const struct zone_version *v) {
	const struct layer *l = v->layers[0];
	return v->layer_count == 1 && l->memory == VERSION_MALLOC &&
	       !(l->image.header->flags & IMAGE_DELTA) && kept_size(layer_size(l)) <= PACKED_MAX;
}

struct zone_version *version_keep(struct packed *p, struct zone_version *v) {
	uint32_t place;
	if (!may_be_packed(v)) return v;
	const struct layer *former = v->layers[0];
	size_t size = layer_size(former);
	struct kept *k = packed_take(p, kept_size(size), &place);
	memcpy(k->image, layer_octets(former), size);
	struct image image = image_view(k->image);
	layer_begin(&k->layer, VERSION_PACKED, &image);
	k->layer.place = place;
	struct zone_version *copy = (struct zone_version *)(void *)k->version;
	version_begin(copy, 1);
	copy->image = image;
	copy->layers[0] = &k->layer;
	version_set_changes(copy, v->changes);
	version_unref(v);
	return copy;
}

/* It goes with its layer. */
static bool is_kept(const struct zone_version *v) {
	const struct layer *l = v->layers[0];
	return l->memory == VERSION_PACKED &&
	       (const uint8_t *)v == (const uint8_t *)l + offsetof(struct kept, version);
}

struct zone_version *version_stack(struct layer *const *layers, unsigned count, struct layer *top) {
	struct zone_version *v = version_of(count + (top != NULL));
	if (count) memcpy(v->layers, layers, count * sizeof(layers[0]));
	if (top) v->layers[count] = top;
	for (unsigned i = 0; i < v->layer_count; i++)
		layer_ref(v->layers[i]);
	v->image = v->layers[v->layer_count - 1]->image;
	return v;
}

void version_ref(struct zone_version *v) {
	atomic_fetch_add_explicit(&v->references, 1, memory_order_relaxed);
}

void version_unref(struct zone_version *v) {
	if (!v || atomic_fetch_sub_explicit(&v->references, 1, memory_order_acq_rel) != 1) return;
	bool goes_with_layer = v->layer_count > 0 && is_kept(v);
	changes_unref(v->changes);
	for (unsigned i = v->layer_count; i-- > 0;)
		layer_unref(v->layers[i]);
	if (!goes_with_layer) free(v);
}

void version_set_changes(struct zone_version *v, struct changes *changes) {
	if (changes) changes_ref(changes);
	changes_unref(v->changes);
	v->changes = changes;
}

uint64_t version_bytes(const struct zone_version *v) {
	uint64_t bytes = 0;
	for (unsigned i = 0; i < v->layer_count; i++)
		bytes += layer_size(v->layers[i]);
	return bytes;
}

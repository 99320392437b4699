/* A zone version: layers and the memory below them. */
#include "zone/version.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/growing.h"

struct layer *layer_new(void *block, size_t size, enum version_memory memory, const struct image *image) {
	struct layer *l = xmalloc(sizeof(*l));
	*l = (struct layer){ .image = *image, .block = block, .block_size = size, .memory = memory };
	atomic_init(&l->references, 1);
	atomic_init(&l->keep, false);
	return l;
}

void layer_ref(struct layer *l) {
	atomic_fetch_add_explicit(&l->references, 1, memory_order_relaxed);
}

void layer_unref(struct layer *l) {
	if (atomic_fetch_sub_explicit(&l->references, 1, memory_order_acq_rel) != 1) return;
	if (l->memory == VERSION_MAPPED)
		(void)munmap(l->block, l->block_size); /* can fail only for a range that is not ours */
	else
		growing_release(l->block, l->block_size, l->memory == VERSION_PAGES);
	free(l);
}

static struct zone_version *version_of(unsigned count) {
	struct zone_version *v = xmalloc(sizeof(*v) + count * sizeof(v->layers[0]));
	v->changes = NULL;
	v->layer_count = count;
	atomic_init(&v->references, 1);
	return v;
}

struct zone_version *version_new(void *block, size_t size, enum version_memory memory,
                                 const struct image *image) {
	struct zone_version *v = version_of(1);
	v->layers[0] = layer_new(block, size, memory, image);
	v->image = *image;
	return v;
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
	for (unsigned i = 0; i < v->layer_count; i++)
		layer_unref(v->layers[i]);
	changes_unref(v->changes);
	free(v);
}

void version_set_changes(struct zone_version *v, struct changes *changes) {
	if (changes) changes_ref(changes);
	changes_unref(v->changes);
	v->changes = changes;
}

uint64_t version_bytes(const struct zone_version *v) {
	uint64_t bytes = 0;
	for (unsigned i = 0; i < v->layer_count; i++)
		bytes += v->layers[i]->block_size;
	return bytes;
}

/* A zone version: an image and the memory below it. */
#include "zone/version.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/alloc.h"

struct zone_version *version_new(void *block, size_t size, enum version_memory memory,
                                 const struct image *image) {
	struct zone_version *v = xmalloc(sizeof(*v));
	*v = (struct zone_version){ .image = *image, .block = block, .block_size = size, .memory = memory };
	atomic_init(&v->references, 1);
	return v;
}

void version_ref(struct zone_version *v) {
	atomic_fetch_add_explicit(&v->references, 1, memory_order_relaxed);
}

void version_unref(struct zone_version *v) {
	if (!v || atomic_fetch_sub_explicit(&v->references, 1, memory_order_acq_rel) != 1) return;
	if (v->memory == VERSION_MAPPED)
		(void)munmap(v->block, v->block_size); /* can fail only for a range that is not ours */
	else
		free(v->block);
	free(v);
}

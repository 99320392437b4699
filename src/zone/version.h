/* A zone version: an image and what holds its memory, with a reference count.  Never changed after it was made.
 * Readers that answer questions borrow it under an epoch (zone/table.h); whoever needs it longer (a transfer
 * out, the store) takes a reference. */
#ifndef UNDERSTUDY_ZONE_VERSION_H
#define UNDERSTUDY_ZONE_VERSION_H

#include <stdatomic.h>

#include "zone/image.h"

enum version_memory {
	VERSION_MALLOC, /* free() */
	VERSION_MAPPED  /* munmap() */
};

struct zone_version {
	struct image image;
	void *block;
	size_t block_size;
	enum version_memory memory;
	_Atomic unsigned references;
};

/* Take over block.  One reference, the caller's. */
struct zone_version *version_new(void *block, size_t size, enum version_memory memory,
                                 const struct image *image);
void version_ref(struct zone_version *v);
/* NULL is allowed. */
void version_unref(struct zone_version *v);

static inline uint32_t version_serial(const struct zone_version *v) {
	return v->image.header->soa.serial;
}
static inline const struct soa *version_soa(const struct zone_version *v) {
	return &v->image.header->soa;
}
static inline const uint8_t *version_apex(const struct zone_version *v) {
	return v->image.header->apex;
}

#endif

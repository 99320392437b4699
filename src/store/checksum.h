/* XXH3-64, the checksum of everything the store keeps. */
#ifndef UNDERSTUDY_STORE_CHECKSUM_H
#define UNDERSTUDY_STORE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Of a record and the key it stands under: a record moved to another key does not match. */
uint64_t checksum_of(const void *data, size_t len, const void *key, size_t key_len);

/* Of an image that is read piece by piece: image_header.checksum counts as 0, as zone/image.h says. */
struct checksum;
struct checksum *checksum_new(void);
void checksum_reset(struct checksum *c);
/* The first piece holds the whole image header. */
void checksum_add(struct checksum *c, const uint8_t *data, size_t len);
uint64_t checksum_get(const struct checksum *c);
void checksum_free(struct checksum *c);

#endif

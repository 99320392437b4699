/* Inside of the builder: the growing block that becomes an image. */
#ifndef UNDERSTUDY_ZONE_IMAGE_WRITE_H
#define UNDERSTUDY_ZONE_IMAGE_WRITE_H

#include "zone/collect.h"

/* RRsets already written, by content: open addressing, offset 0 is empty. */
struct shared_slot {
	uint32_t hash;
	uint32_t offset;
};

struct image_block {
	uint8_t *data; /* malloc'd; header, then the heap, then the arrays */
	size_t len, cap;
	size_t max_len; /* 0: none */
	struct shared_slot *shared;
	uint32_t shared_cap, shared_used; /* cap is a power of two */
	uint32_t rrset_count;
	uint64_t seed; /* of the hash of contents: a primary can't foresee it */
};

/* RRs of one owner that make one RRset: records[0 … count) and signatures[0 … sig_count), sorted by rdata. */
struct set_source {
	uint16_t type;
	const struct collected *records;
	size_t count;
	const struct collected *sigs;
	size_t sig_count;
};

MUST_CHECK enum err block_init(struct image_block *k, size_t expected_len);
void block_done(struct image_block *k);
/* Make room for `more` octets behind len; the octets are not counted. */
MUST_CHECK enum err block_room(struct image_block *k, size_t more);
/* Offset in units of the heap at len. */
uint32_t block_offset(const struct image_block *k);

/* Write an RRset, or find the equal one that is there already.  Duplicates are dropped, the TTL is the smallest.
 * out_records: records that stand in it.  ERR_LIMIT: more than 65,535 of them. */
MUST_CHECK enum err block_rrset(struct image_block *k, const struct set_source *source, uint32_t *out_offset,
                                size_t *out_records);

#endif

/* Inside of src/zone/: the growing block that becomes an image, whole or a delta: nodes and RRsets are written one by one,
 * then the arrays of their places. */
#ifndef UNDERSTUDY_ZONE_IMAGE_WRITE_H
#define UNDERSTUDY_ZONE_IMAGE_WRITE_H

#include "base/growing.h"
#include "zone/collect.h"

/* RRsets already written, by content: open addressing, offset 0 is empty. */
struct shared_slot {
	uint32_t hash;
	uint32_t offset;
};

/* The table of a large zone lies in no cache, and most RRsets stand once: that one is new is told by a filter, an eighth of
 * the table, and its slot is filled later, when it has been fetched. */
#define SHARED_WAITING_MAX 16

struct shared {
	struct growing memory, filter_memory;
	struct shared_slot *slots; /* memory.at */
	uint8_t *filter;           /* filter_memory.at: 8 bits a slot, one by the hash of each RRset */
	uint32_t cap, used;        /* cap is a power of two; used counts those that wait too */
	struct shared_slot waiting[SHARED_WAITING_MAX]; /* the newest, at used % SHARED_WAITING_MAX in turn */
};

struct image_block {
	struct growing memory;
	uint8_t *data; /* memory.at: header, then the heap, then the arrays */
	size_t len;
	size_t heap_at; /* where the heap begins */
	size_t max_len; /* 0: none */
	struct shared shared;
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
	/* What block_rrset would write, written ahead; NULL: it was not. */
	const uint8_t *octets;
	uint32_t size, hash;
	size_t octets_records;
};

MUST_CHECK enum err block_init(struct image_block *k, uint8_t apex_len, size_t expected_len);
void block_done(struct image_block *k);
/* Make room for `more` octets behind len; the octets are not counted. */
MUST_CHECK enum err block_room(struct image_block *k, size_t more);
/* No further RRset is looked for: what that took is given back. */
void block_end_sharing(struct image_block *k);
/* Octets of memory that it takes. */
size_t block_memory(const struct image_block *k);
/* Offset in units of the heap at len. */
uint32_t block_offset(const struct image_block *k);

/* Write an RRset, or find the equal one that is there already.  Duplicates are dropped, the TTL is the smallest.
 * out_records: records that stand in it.  ERR_LIMIT: more than 65,535 of them. */
MUST_CHECK enum err block_rrset(struct image_block *k, const struct set_source *source, uint32_t *out_offset,
                                size_t *out_records);

/* Is the table so large that it is worth while to look ahead? */
bool block_looks_ahead(const struct image_block *k);
/* Write the octets of an RRset at `at`, ask for the filter's octet and say so in the source: when its turn comes some hundred
 * nanoseconds later that is there.  Returns how many octets were taken; 0: the RRset stays as it is, as it is too large for
 * the room or signed (such are not looked for). */
size_t block_ahead(const struct image_block *k, struct set_source *source, uint8_t *at, size_t room);

/* The same for the octets of one, padding included, as they stand in another image. */
MUST_CHECK enum err block_rrset_copy(struct image_block *k, const uint8_t *rrset, size_t size,
                                     uint32_t *out_offset);

/* -- writing an image -- */

struct image_places {
	struct growing memory;
	uint32_t *at; /* memory.at */
	size_t count;
};

/* The records of one owner, and the RRsets that they make. */
struct owner_work {
	struct collected *records;
	size_t record_count, record_cap;
	struct set_source *sets; /* made from them */
	size_t set_count, set_cap;
	uint8_t *octets; /* of RRsets written ahead; NULL: of none yet */
};

/* Room for more records. */
MUST_CHECK enum err owner_work_room(struct owner_work *o, size_t more);
/* Sort the records and make sets of them. */
MUST_CHECK enum err owner_work_group(struct owner_work *o);
/* block_ahead for the sets, as far as there is room. */
void owner_work_ahead(struct owner_work *o, const struct image_block *k);
void owner_work_done(struct owner_work *o);

struct image_writer {
	struct image_block block;
	struct image_places order, nsec3; /* heap offsets, as the arrays will have them */
	struct owner_work owner;          /* the one at work */
	struct image_header header;       /* seed, apex_len and IMAGE_DELTA are set by whom it concerns */
	const uint8_t *apex;              /* borrowed, likewise */
	uint8_t salt[255];                /* header.nsec3_salt_len octets */
	struct why *why;
};

/* The set of the type that has records; NULL: none. */
const struct set_source *image_writer_set(const struct image_writer *w, uint16_t type);
/* The sets are those of the apex: SOA, NSEC, parameters of NSEC3 go into the header.  ERR_BADZONE with why. */
MUST_CHECK enum err image_writer_apex(struct image_writer *w);
/* Is there one set, and is it of the NSEC3 chain in use? */
bool image_writer_is_apart(const struct image_writer *w, const uint8_t *owner);
/* Write what belongs to the NSEC3 chain in use and take it out of the sets.  *out_offset: its node, 0 for none. */
MUST_CHECK enum err image_writer_nsec3(struct image_writer *w, const uint8_t *owner, uint32_t *out_offset);
/* Write a node, its sets behind it; flags are those that don't follow from the sets. */
MUST_CHECK enum err image_writer_node(struct image_writer *w, const uint8_t *relative,
                                      const struct set_source *sets, size_t count, uint8_t flags,
                                      uint32_t *out_offset);
/* What a node's flags mean for the header's. */
static inline void image_writer_flags(struct image_writer *w, uint8_t node_flags) {
	if (node_flags & NODE_CUT) w->header.flags |= IMAGE_HAS_CUTS;
	if (node_flags & NODE_DNAME) w->header.flags |= IMAGE_HAS_DNAMES;
}
MUST_CHECK enum err image_writer_list(struct image_places *places, uint32_t offset);
/* Write the arrays and the header.  The layer has one reference, the caller's. */
MUST_CHECK enum err image_writer_end(struct image_writer *w, struct layer **out_layer);
void image_writer_done(struct image_writer *w);

#endif

/* Zone image: one whole version of a zone in one contiguous, position-independent block.
 *
 *   +--------+------+-------------------------+-------+-------------+------------+------+
 *   | header | apex | heap: nodes and RRsets  | order | nsec3 order | hash slots | salt |
 *   +--------+------+-------------------------+-------+-------------+------------+------+
 *
 * header      struct image_header, and the apex in wire form, padded to 8 octets
 * hash slots  u32 each: tag (upper bits) and heap offset of a node (lower `slot_offset_bits` bits); 0: empty.
 *             Slot of a name: (hash >> 32) * slot_count >> 32, then linear probing; tag: the low 32 bits of the
 *             hash >> slot_offset_bits.  The apex is not hashed.  The hash is zone/digest.h's, label by label.
 * order       u32 heap offset of every node in canonical order (RFC 4034 section 6.1); [0] is the apex
 * nsec3 order u32 heap offset of the NSEC3 owners of the chain in use, by owner label
 * heap        nodes and RRsets, each on a 4-byte boundary; heap offsets count 4-byte units from the heap's
 *             start, so an image's heap may reach 16 GiB.  Offset 0 holds nothing.
 *
 * Node:   u16 rrset_count | u8 flags | u8 name_len | u32 rrset_offset[rrset_count] | u16 type[rrset_count] |
 *         owner relative to the apex: a wire name of name_len octets and the root label, case as received
 * RRset:  u32 ttl_s | u16 count | u16 sig_count | count times (u16 len, rdata) |
 *         if sig_count: u32 sig_ttl_s, sig_count times (u16 len, RRSIG rdata covering the type)
 * RRsets that are equal octet for octet are stored once.  count may be 0 with sig_count > 0: orphan signatures
 * are kept for transfers out but answer no question.
 *
 * A delta image (flag IMAGE_DELTA) lies over other layers of a version and lives in memory only.  It has the same
 * layout and the hash seed of the layers below, and holds the apex, the nodes that differ, whole, and a tombstone (flag
 * NODE_GONE, no RRsets) for each that is gone, in `order` and in `nsec3 order` alike.
 *
 * Images of format 1, which are read too, have a header of 768 octets with room for the longest apex and salt.
 *
 * Numbers are in host order; header.byte_order tells.  Nothing inside is an address.  Never changed after it was
 * built.  docs/formats/image.md has every byte and when an image is valid. */
#ifndef UNDERSTUDY_ZONE_IMAGE_H
#define UNDERSTUDY_ZONE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "dns/name.h"
#include "dns/rdata.h"

#define IMAGE_FORMAT_VERSION 2
#define IMAGE_FORMAT_WIDE 1 /* read too */
#define IMAGE_WIDE_HEADER_LEN 768
#define NSEC3_HASH_LEN 20
#define NSEC3_ITERATIONS_MAX 2500 /* RFC 5155 section 10.3; chains with more are not used for proofs */

enum image_flag {
	IMAGE_HAS_NSEC = 1,   /* apex has NSEC */
	IMAGE_HAS_NSEC3 = 2,  /* NSEC3PARAM at the apex names a usable chain */
	IMAGE_HAS_CUTS = 4,   /* maybe: in a delta also when the last one has gone */
	IMAGE_HAS_DNAMES = 8, /* maybe, likewise */
	IMAGE_DELTA = 16,     /* lies over other layers; never saved */
	IMAGE_HAS_PARENTS =
		32 /* nodes tell by NODE_PARENT whether names are below them; of whole images only */
};

struct image_header {
	uint8_t magic[8];    /* "UNDSTUDY" */
	uint32_t byte_order; /* 0x01020304 as written by this machine */
	uint32_t format_version;
	uint64_t checksum; /* XXH3-64 over the whole image with this field 0 */
	uint64_t size;     /* octets of the whole image */
	uint64_t hash_pos, order_pos, nsec3_pos, heap_pos; /* octets from the image's start */
	uint64_t heap_len;                                 /* octets */
	uint64_t record_count;                             /* as an AXFR sends it, closing SOA not counted */
	uint64_t seed;                                     /* of the name hash */
	uint32_t slot_count, slot_offset_bits;
	uint32_t node_count, nsec3_count, rrset_count;
	uint32_t flags;
	struct soa soa;
	uint8_t nsec3_salt_len;
	uint8_t apex_len;
	uint16_t nsec3_iterations;
	/* Not there in format 1: image_collected() tells; the others are of deltas only, which are never saved. */
	uint64_t
		collected; /* octets of the whole version's records as builder_bytes counts them; 0: not known */
	/* of a delta; 0 in a whole image */
	uint32_t version_nodes; /* of the whole version, NSEC3 owners apart */
	uint32_t version_nsec3;
	uint32_t gone_count; /* tombstones in this image */
	uint32_t zero;
};
_Static_assert(sizeof(struct image_header) == 160, "as docs/formats/image.md says, without padding");

/* Octets before the heap, for an image that is written. */
static inline size_t image_header_len(uint8_t apex_len) {
	return (sizeof(struct image_header) + apex_len + 7) & ~(size_t)7;
}
/* Wire form, case as received; apex_len octets. */
static inline const uint8_t *image_apex(const struct image_header *h) {
	const uint8_t *octets = (const uint8_t *)h;
	return octets + (h->format_version == IMAGE_FORMAT_WIDE ? 391 : sizeof(*h));
}
/* nsec3_salt_len octets. */
static inline const uint8_t *image_salt(const struct image_header *h) {
	const uint8_t *octets = (const uint8_t *)h;
	return octets + (h->format_version == IMAGE_FORMAT_WIDE ? 136 : h->size - h->nsec3_salt_len);
}
static inline uint64_t image_collected(const struct image_header *h) {
	uint64_t collected = h->collected;
	if (h->format_version == IMAGE_FORMAT_WIDE)
		memcpy(&collected, (const uint8_t *)h + 648, sizeof(collected));
	return collected;
}

/* A readable image: pointers into one block that stays where it is. Plain value; borrows the block. */
struct image {
	const struct image_header *header;
	const uint32_t *slots;
	const uint8_t *heap;
};
/* node_count and nsec3_count heap offsets. */
static inline const uint32_t *image_order(const struct image *image) {
	return (const uint32_t *)(const void *)((const uint8_t *)image->header + image->header->order_pos);
}
static inline const uint32_t *image_nsec3(const struct image *image) {
	return (const uint32_t *)(const void *)((const uint8_t *)image->header + image->header->nsec3_pos);
}

/* Check header, bounds and checksum, and fill out_image.  base is 8-byte aligned.
 * ERR_CORRUPT, ERR_VERSION.  Cost: one read of the whole image. */
MUST_CHECK enum err image_open(const void *base, size_t size, struct image *out_image);
/* The same without the checksum, for a block whose checksum was verified while it was read. */
MUST_CHECK enum err image_open_verified(const void *base, size_t size, struct image *out_image);
/* A block that we have just written, looked at as it is. */
struct image image_view(const void *base);
/* Checksum of a block that is at least a header long, as header.checksum should be. */
uint64_t image_checksum(const void *base, size_t size);
/* Walk every node and RRset and check that all offsets, lengths and orders hold.  ERR_CORRUPT.  Used by the
 * tests and by `fsck`-like checks: image_open's checksum is what guards against damage in service. */
MUST_CHECK enum err image_check_deep(const struct image *image);

/* A node of an image: at == NULL is "no node". */
struct node {
	const struct image *image;
	const uint8_t *at;
};
/* Heap offsets count units of 4 octets. */
static inline struct node image_node(const struct image *image, uint32_t offset) {
	return (struct node){ image, image->heap + 4 * (size_t)offset };
}

enum node_flag {
	NODE_CUT = 1,   /* has NS and is not the apex */
	NODE_DNAME = 2, /* has DNAME */
	NODE_CNAME = 4, /* has CNAME */
	NODE_APEX = 8,
	NODE_GONE = 16,  /* a tombstone: what lower layers have of this name is not there */
	NODE_PARENT = 32 /* this image has names below it; with IMAGE_HAS_PARENTS, of any but the apex */
};

struct rrset {
	uint16_t type;
	uint16_t count;
	uint16_t sig_count;
	uint32_t ttl_s;
	uint32_t sig_ttl_s;
	const uint8_t *rdatas; /* count times (u16 host order len, octets); unaligned */
	const uint8_t *sigs;
};

static inline bool node_found(struct node n) {
	return n.at != NULL;
}
static inline unsigned node_rrset_count(struct node n) {
	uint16_t count;
	memcpy(&count, n.at, sizeof(count));
	return count;
}
static inline uint8_t node_flags(struct node n) {
	return n.at[2];
}
/* RRset by place 0 … count-1, or by type.  False: none (orphan signatures are given by place only). */
void node_rrset_at(struct node n, unsigned place, struct rrset *out_rrset);
bool node_rrset(struct node n, uint16_t type, struct rrset *out_rrset);
bool node_has(struct node n, uint16_t type);
static inline bool node_is_gone(struct node n) {
	return n.at[2] & NODE_GONE;
}
/* Owner relative to the apex: borrowed wire name of len octets and a root label behind them; the apex has 0. */
static inline const uint8_t *node_relative(struct node n, uint8_t *out_len) {
	*out_len = n.at[3];
	return n.at + 4 + (size_t)6 * node_rrset_count(n);
}
/* The first RRsets of a node come nearer, which is there already. */
void node_expect(struct node n);
/* Whole owner name. */
void node_owner(struct node n, struct name *out_name);

/* Step through rdatas or sigs: start with p = set->rdatas; returns the octets and moves p on. */
static inline const uint8_t *rrset_next(const uint8_t **p, uint16_t *out_len) {
	uint16_t len;
	memcpy(&len, *p, 2);
	const uint8_t *data = *p + 2;
	*p = data + len;
	*out_len = len;
	return data;
}

#endif

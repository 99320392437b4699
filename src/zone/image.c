/* Opening zone images and reading their nodes; the layout is drawn in image.h. */
#include "zone/image.h"

#include <assert.h>
#include <string.h>

#include "zone/digest.h"

#define NODE_FIXED 4

static uint16_t load_host_u16(const uint8_t *p) {
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t load_host_u32(const uint8_t *p) {
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static size_t header_len(const struct image_header *h) {
	return h->format_version == IMAGE_FORMAT_WIDE ? IMAGE_WIDE_HEADER_LEN : image_header_len(h->apex_len);
}

/* [pos, pos + count * width) lies inside the image, behind the header, on a 4-octet boundary. */
static bool range_fits(const struct image_header *h, uint64_t pos, uint64_t count, uint64_t width) {
	if (pos < header_len(h) || pos > h->size || pos % 4) return false;
	return count <= (h->size - pos) / width;
}

static bool header_is_sound(const struct image_header *h) {
	if (!range_fits(h, h->heap_pos, h->heap_len, 1)) return false;
	if (!range_fits(h, h->order_pos, h->node_count, 4)) return false;
	if (!range_fits(h, h->nsec3_pos, h->nsec3_count, 4)) return false;
	if (!range_fits(h, h->hash_pos, h->slot_count, 4)) return false;
	if (h->node_count == 0 || h->slot_count == 0 || h->slot_offset_bits == 0 || h->slot_offset_bits > 32)
		return false;
	if (h->size - header_len(h) < h->nsec3_salt_len) return false;
	if (name_check(image_apex(h), h->apex_len) != h->apex_len || h->apex_len == 0) return false;
	if (h->flags & IMAGE_DELTA) return false; /* no delta was ever saved */
	return !(h->flags & IMAGE_HAS_NSEC3) || h->nsec3_iterations <= NSEC3_ITERATIONS_MAX;
}

static enum err header_check(const struct image_header *h, size_t size) {
	if (size < sizeof(*h) || memcmp(h->magic, "UNDSTUDY", 8) != 0) return ERR_CORRUPT;
	if (h->byte_order != 0x01020304) return ERR_VERSION;
	if (h->format_version != IMAGE_FORMAT_VERSION && h->format_version != IMAGE_FORMAT_WIDE)
		return ERR_VERSION;
	if (h->size != size || size < header_len(h) || !header_is_sound(h)) return ERR_CORRUPT;
	return OK;
}

struct image image_view(const void *base) {
	const struct image_header *h = base;
	const uint8_t *octets = base;
	return (struct image){ .header = h,
		               .slots = (const uint32_t *)(const void *)(octets + h->hash_pos),
		               .heap = octets + h->heap_pos };
}

enum err image_open_verified(const void *base, size_t size, struct image *out_image) {
	enum err e = header_check(base, size);
	if (e != OK) return e;
	*out_image = image_view(base);
	return OK;
}

uint64_t image_checksum(const void *base, size_t size) {
	XXH3_state_t state;
	struct image_header header;
	memcpy(&header, base, sizeof(header));
	header.checksum = 0;
	XXH3_64bits_reset(&state);
	XXH3_64bits_update(&state, &header, sizeof(header));
	XXH3_64bits_update(&state, (const uint8_t *)base + sizeof(header), size - sizeof(header));
	return XXH3_64bits_digest(&state);
}

enum err image_open(const void *base, size_t size, struct image *out_image) {
	struct image image;
	enum err e = image_open_verified(base, size, &image);
	if (e != OK) return e;
	if (image_checksum(base, size) != image.header->checksum) return ERR_CORRUPT;
	*out_image = image;
	return OK;
}

static uint16_t type_at(struct node n, unsigned place) {
	return load_host_u16(n.at + NODE_FIXED + (size_t)4 * node_rrset_count(n) + (size_t)2 * place);
}

void node_rrset_at(struct node n, unsigned place, struct rrset *out_rrset) {
	const uint8_t *p = n.image->heap + 4 * (size_t)load_host_u32(n.at + NODE_FIXED + (size_t)4 * place);
	struct rrset set = { .type = type_at(n, place),
		             .ttl_s = load_host_u32(p),
		             .count = load_host_u16(p + 4),
		             .sig_count = load_host_u16(p + 6),
		             .rdatas = p + 8 };
	if (set.sig_count) {
		uint16_t len;
		const uint8_t *after = set.rdatas;
		for (unsigned i = 0; i < set.count; i++)
			(void)rrset_next(&after, &len);
		set.sig_ttl_s = load_host_u32(after);
		set.sigs = after + 4;
	}
	*out_rrset = set;
}

/* Place of a type; the types stand in ascending order.  -1: none. */
static int place_of(struct node n, uint16_t type) {
	unsigned count = node_rrset_count(n);
	unsigned low = 0;
	while (count - low > 8) { /* few nodes have so many types */
		unsigned mid = low + (count - low) / 2;
		if (type_at(n, mid) <= type)
			low = mid;
		else
			count = mid;
	}
	for (unsigned i = low; i < count; i++)
		if (type_at(n, i) == type) return (int)i;
	return -1;
}

bool node_rrset(struct node n, uint16_t type, struct rrset *out_rrset) {
	int place = place_of(n, type);
	if (place < 0) return false;
	struct rrset set;
	node_rrset_at(n, (unsigned)place, &set);
	if (set.count == 0) return false;
	*out_rrset = set;
	return true;
}

#define EXPECTED_SETS 2
#define USUAL_OCTETS 64 /* of the two names of an NS RRset */

void node_expect(struct node n) {
	unsigned count = node_rrset_count(n);
	for (unsigned i = 0; i < count && i < EXPECTED_SETS; i++) {
		const uint8_t *set = n.image->heap +
		                     4 * (size_t)load_host_u32(n.at + NODE_FIXED + (size_t)4 * i);
		__builtin_prefetch(set);
		if (node_flags(n) & NODE_CUT) __builtin_prefetch(set + USUAL_OCTETS - 1);
	}
}

bool node_has(struct node n, uint16_t type) {
	struct rrset set;
	return node_rrset(n, type, &set);
}

void node_owner(struct node n, struct name *out_name) {
	uint8_t len;
	const uint8_t *relative = node_relative(n, &len);
	const struct image_header *h = n.image->header;
	assert((size_t)len + h->apex_len <= NAME_MAX_LEN);
	memcpy(out_name->wire, relative, len);
	memcpy(out_name->wire + len, image_apex(h), h->apex_len);
	out_name->len = (uint8_t)(len + h->apex_len);
}

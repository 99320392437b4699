/* The whole structure of an image, walked: every offset, length and order that the reading code relies on.
 * Used where an image is not trusted: tests, fuzzing, checks by hand. */
#include <string.h>

#include "zone/image.h"
#include "zone/lookup.h"
#include "zone/nsec3.h"

#define UNIT 4
#define NODE_FIXED 4
#define RRSET_FIXED 8

struct check {
	const struct image *image;
	uint64_t heap_len;
	uint64_t records;
};

static uint16_t u16_at(const uint8_t *p) {
	uint16_t v;
	memcpy(&v, p, 2);
	return v;
}

/* Length of `count` rdatas at pos, checked by type; 0 with *ok false if they do not fit. */
static uint64_t rdatas_check(const struct check *c, uint64_t pos, unsigned count, uint16_t type, bool *ok) {
	uint64_t at = pos;
	for (unsigned i = 0; i < count && *ok; i++) {
		*ok = c->heap_len - at >= 2;
		if (!*ok) break;
		uint16_t len = u16_at(c->image->heap + at);
		*ok = c->heap_len - at - 2 >= len && rdata_check(type, c->image->heap + at + 2, len) == OK;
		at += 2U + len;
	}
	return *ok ? at - pos : 0;
}

static bool rrset_is_sound(struct check *c, uint32_t offset, uint16_t type) {
	uint64_t pos = UNIT * (uint64_t)offset;
	if (offset == 0 || pos + RRSET_FIXED > c->heap_len) return false;
	unsigned count = u16_at(c->image->heap + pos + 4), sigs = u16_at(c->image->heap + pos + 6);
	bool ok = count + sigs > 0;
	uint64_t at = pos + RRSET_FIXED;
	at += rdatas_check(c, at, count, type, &ok);
	if (ok && sigs) {
		ok = c->heap_len - at >= 4;
		at += 4;
		if (ok) (void)rdatas_check(c, at, sigs, RR_RRSIG, &ok); /* only ok matters at the end */
	}
	c->records += count + sigs;
	return ok;
}

static bool node_is_sound(struct check *c, uint32_t offset, bool is_apex) {
	uint64_t pos = UNIT * (uint64_t)offset;
	if (offset == 0 || pos + NODE_FIXED > c->heap_len) return false;
	const uint8_t *at = c->image->heap + pos;
	unsigned count = u16_at(at), len = at[3];
	uint64_t size = NODE_FIXED + 6ULL * count + len + 1;
	if (size > c->heap_len - pos || len + (unsigned)c->image->header->apex_len > NAME_MAX_LEN)
		return false;
	const uint8_t *name = at + NODE_FIXED + (size_t)6 * count;
	if ((at[2] & NODE_GONE) && (count || is_apex || !(c->image->header->flags & IMAGE_DELTA)))
		return false;
	if (name_check(name, len + 1U) != len + 1U || (len == 0) != is_apex) return false;
	for (unsigned i = 0; i < count; i++) {
		uint32_t set;
		memcpy(&set, at + NODE_FIXED + (size_t)4 * i, 4);
		uint16_t type = u16_at(at + NODE_FIXED + (size_t)4 * count + (size_t)2 * i);
		if (i && type <= u16_at(at + NODE_FIXED + (size_t)4 * count + (size_t)2 * (i - 1)))
			return false;
		if (!rrset_is_sound(c, set, type)) return false;
	}
	return true;
}

static const uint8_t *relative_at(const struct image *image, uint32_t offset) {
	uint8_t len;
	return node_relative((struct node){ image, image->heap + UNIT * (size_t)offset }, &len);
}

static bool parent_is_sound(const struct image *image, uint32_t i) {
	struct node n = { image, image->heap + UNIT * (size_t)image_order(image)[i] };
	bool says = node_flags(n) & NODE_PARENT, is = false;
	if (i + 1 < image->header->node_count)
		is = name_is_within(relative_at(image, image_order(image)[i + 1]),
		                    relative_at(image, image_order(image)[i]));
	return i == 0 || !(image->header->flags & IMAGE_HAS_PARENTS) || says == is;
}

static bool order_is_sound(struct check *c) {
	const struct image *image = c->image;
	for (uint32_t i = 0; i < image->header->node_count; i++) {
		if (!node_is_sound(c, image_order(image)[i], i == 0)) return false;
		if (i && name_compare(relative_at(image, image_order(image)[i - 1]),
		                      relative_at(image, image_order(image)[i])) >= 0)
			return false;
	}
	return true;
}

static bool nsec3_is_sound(struct check *c) {
	const struct image *image = c->image;
	for (uint32_t i = 0; i < image->header->nsec3_count; i++) {
		if (!node_is_sound(c, image_nsec3(image)[i], false)) return false;
		const uint8_t *owner = relative_at(image, image_nsec3(image)[i]);
		if (!nsec3_owner_is_sound(owner)) return false;
		if (i && name_compare(relative_at(image, image_nsec3(image)[i - 1]), owner) >= 0)
			return false;
	}
	return true;
}

/* Every slot points at a node of the order, and every node is found through the slots. */
static bool slots_are_sound(const struct check *c) {
	const struct image_header *h = c->image->header;
	uint64_t mask = (1ULL << h->slot_offset_bits) - 1;
	uint32_t used = 0;
	for (uint32_t i = 0; i < h->slot_count; i++) {
		if (!c->image->slots[i]) continue;
		struct check ignored = *c;
		if (!node_is_sound(&ignored, (uint32_t)(c->image->slots[i] & mask), false)) return false;
		used++;
	}
	return used == h->node_count - 1 && used < h->slot_count;
}

static bool names_are_found(const struct image *image) {
	struct zone_version v = { .image = *image };
	for (uint32_t i = 0; i < image->header->node_count; i++) {
		struct name owner;
		struct node n = { image, image->heap + UNIT * (size_t)image_order(image)[i] };
		node_owner(n, &owner);
		if (zone_find(&v, owner.wire).at != n.at) return false;
	}
	return true;
}

enum err image_check_deep(const struct image *image) {
	struct check c = { .image = image, .heap_len = image->header->heap_len };
	if (!order_is_sound(&c) || !nsec3_is_sound(&c) || !slots_are_sound(&c)) return ERR_CORRUPT;
	bool is_whole = !(image->header->flags & IMAGE_DELTA);
	if (is_whole && c.records != image->header->record_count) return ERR_CORRUPT;
	for (uint32_t i = 0; i < image->header->node_count; i++)
		if (!parent_is_sound(image, i)) return ERR_CORRUPT;
	return names_are_found(image) ? OK : ERR_CORRUPT;
}

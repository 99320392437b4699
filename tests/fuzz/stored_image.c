/* Stored images: whatever the octets are, opening them ends in a code; and an image that passes the deep
 * check is safe to read from, end to end.
 *
 * The input is tried as it is, and again with its size and checksum made right, so that mutations get past
 * the two and reach the structure behind them. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "store/store.h"
#include "zone/lookup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static volatile uint8_t sink; /* reads must not be optimised away */

static void read_sets(struct node node) {
	for (unsigned i = 0; i < node_rrset_count(node); i++) {
		struct rrset set;
		uint16_t len;
		node_rrset_at(node, i, &set);
		const uint8_t *p = set.rdatas, *q = set.sigs;
		for (unsigned at = 0; at < set.count; at++) {
			const uint8_t *rdata = rrset_next(&p, &len);
			if (len) sink = (uint8_t)(sink + rdata[len - 1]);
		}
		for (unsigned at = 0; at < set.sig_count; at++) {
			const uint8_t *rdata = rrset_next(&q, &len);
			if (len) sink = (uint8_t)(sink + rdata[len - 1]);
		}
		(void)node_has(node, set.type); /* only that it ends */
	}
}

static void look_around(const struct zone_version *v, const uint8_t *name) {
	struct lookup found;
	bool match;
	uint8_t hash[NSEC3_HASH_LEN];
	zone_lookup(v, name, &found);
	if (node_found(found.node)) read_sets(found.node);
	struct node node = zone_nsec(v, name);
	if (node_found(node)) read_sets(node);
	if (!(v->image.header->flags & IMAGE_HAS_NSEC3)) return;
	zone_nsec3_hash(v, name, hash);
	node = zone_nsec3(v, hash, &match);
	if (node_found(node)) read_sets(node);
}

/* Ask for every name, for one below it, and for the wildcard beside it. */
static void look_everywhere(const struct zone_version *v) {
	struct zone_walk walk = { 0 };
	struct node node;
	while (zone_walk_next(v, &walk, &node)) {
		struct name owner;
		uint8_t below[NAME_MAX_LEN + 2] = { 1, 'q' };
		read_sets(node);
		node_owner(node, &owner);
		look_around(v, owner.wire);
		if (owner.len + 2 > NAME_MAX_LEN) continue;
		memcpy(below + 2, owner.wire, owner.len);
		look_around(v, below);
	}
}

static void export_all(const struct zone_version *v) {
	static uint8_t slice[1 << 20];
	struct export_cursor cursor = { 0 };
	bool more = true;
	while (more) {
		struct writer w = writer_init(slice, sizeof(slice));
		more = export_next(v, &cursor, &w);
	}
}

static void use(const struct image *image) {
	struct zone_version v = { .image = *image };
	if (image_check_deep(image) != OK) return;
	look_everywhere(&v);
	export_all(&v);
}

static uint64_t checksum_of(const uint8_t *base, size_t len) {
	XXH3_state_t *state = XXH3_createState();
	static const uint8_t zero[8];
	size_t at = offsetof(struct image_header, checksum);
	assert(state);
	(void)XXH3_64bits_reset(state); /* fails on NULL only */
	(void)XXH3_64bits_update(state, base, at);
	(void)XXH3_64bits_update(state, zero, sizeof(zero));
	(void)XXH3_64bits_update(state, base + at + 8, len - at - 8);
	uint64_t sum = XXH3_64bits_digest(state);
	(void)XXH3_freeState(state); /* always XXH_OK */
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	struct image image;
	uint8_t *base = malloc(len ? len : 1); /* aligned, and of exactly this length */
	if (!base) return 0;
	memcpy(base, data, len);
	if (image_open(base, len, &image) == OK) use(&image);
	if (len >= sizeof(struct image_header)) {
		struct image_header *h = (struct image_header *)(void *)base;
		h->size = len;
		h->checksum = checksum_of(base, len);
		if (image_open(base, len, &image) == OK) use(&image);
	}
	free(base);
	return 0;
}

/* NSEC3: hashing of names (RFC 5155 section 5) and finding the record that matches or covers a hash. */
#include <string.h>

#include "base/crypto.h"
#include "zone/layers.h"
#include "zone/nsec3.h"

void nsec3_hash(const uint8_t *name, const uint8_t *salt, uint8_t salt_len, unsigned iterations,
                uint8_t out_hash[static NSEC3_HASH_LEN]) {
	uint8_t buf[NAME_MAX_LEN + 255];
	size_t len = name_len(name);
	for (size_t i = 0; i < len; i++)
		buf[i] = name_lower(name[i]);
	memcpy(buf + len, salt, salt_len);
	uint8_t digest[NSEC3_HASH_LEN];
	digest_of(DIGEST_SHA1, buf, len + salt_len, digest);
	memcpy(buf + NSEC3_HASH_LEN, salt, salt_len);
	for (unsigned i = 0; i < iterations; i++) {
		memcpy(buf, digest, NSEC3_HASH_LEN);
		digest_of(DIGEST_SHA1, buf, NSEC3_HASH_LEN + (size_t)salt_len, digest);
	}
	memcpy(out_hash, digest, NSEC3_HASH_LEN);
}

void zone_nsec3_hash(const struct zone_version *v, const uint8_t *name,
                     uint8_t out_hash[static NSEC3_HASH_LEN]) {
	const struct image_header *h = v->image.header;
	nsec3_hash(name, image_salt(h), h->nsec3_salt_len, h->nsec3_iterations, out_hash);
}

void nsec3_label(const uint8_t hash[static NSEC3_HASH_LEN], uint8_t out_label[static NSEC3_LABEL_LEN]) {
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	for (unsigned block = 0; block < NSEC3_HASH_LEN / 5; block++) {
		uint64_t bits = 0;
		for (unsigned i = 0; i < 5; i++)
			bits = bits << 8 | hash[block * 5 + i];
		for (unsigned i = 0; i < 8; i++)
			out_label[block * 8 + i] = (uint8_t)digits[bits >> (35 - 5 * i) & 31];
	}
}

static bool is_base32hex(uint8_t c) {
	return (c >= '0' && c <= '9') || (name_lower(c) >= 'a' && name_lower(c) <= 'v');
}

bool nsec3_owner_is_sound(const uint8_t *relative) {
	if (relative[0] != NSEC3_LABEL_LEN || relative[NSEC3_LABEL_LEN + 1] != 0) return false;
	for (unsigned i = 1; i <= NSEC3_LABEL_LEN; i++)
		if (!is_base32hex(relative[i])) return false;
	return true;
}

struct node zone_nsec3(const struct zone_version *v, const uint8_t hash[static NSEC3_HASH_LEN],
                       bool *out_match) {
	uint8_t owner[1 + NSEC3_LABEL_LEN + 1] = { NSEC3_LABEL_LEN }, len;
	nsec3_label(hash, owner + 1);
	struct layers_back back;
	struct node n;
	layers_back_from(v, owner, true, &back);
	/* before the first owner it is the last one that covers: the chain is a ring */
	for (bool again = true;; again = false) {
		while (layers_back_next(v, &back, &n)) {
			if (node_is_gone(n)) continue;
			*out_match = again && name_equal(node_relative(n, &len), owner);
			return n;
		}
		if (!again) return (struct node){ &v->image, NULL };
		layers_back_from_end(v, true, &back);
	}
}

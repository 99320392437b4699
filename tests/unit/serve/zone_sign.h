/* Gives a test zone the shape of a signed one: RRSIGs (of no value to a validator), and an NSEC or NSEC3 chain. */
#ifndef TESTS_SERVE_ZONE_SIGN_H
#define TESTS_SERVE_ZONE_SIGN_H

#include "zone/nsec3.h"
#include "zone_text.h"

enum signing { SIGN_NONE, SIGN_NSEC, SIGN_NSEC3, SIGN_NSEC3_OPTOUT };

static inline bool sign_has(const struct text_zone *z, const uint8_t *name, uint16_t type) {
	for (unsigned i = 0; i < z->count; i++)
		if (z->records[i].type == type && name_equal(z->records[i].owner.wire, name)) return true;
	return false;
}

static inline bool sign_is_cut(const struct text_zone *z, const uint8_t *name) {
	return !name_equal(name, z->apex.wire) && sign_has(z, name, RR_NS);
}

/* Strictly below a cut or a DNAME. */
static inline bool sign_is_occluded(const struct text_zone *z, const uint8_t *name) {
	unsigned below = name_labels(name) - name_labels(z->apex.wire);
	for (unsigned skip = 1; skip <= below; skip++) {
		const uint8_t *up = name_skip(name, skip);
		if (sign_is_cut(z, up) || sign_has(z, up, RR_DNAME)) return true;
	}
	return false;
}

static inline void sign_rrsig(struct text_zone *z, const uint8_t *owner, uint16_t type, uint32_t ttl_s) {
	struct text_record *r = text_zone_append(z);
	struct writer w = writer_init(r->rdata, sizeof(r->rdata));
	unsigned labels = name_labels(owner);
	if (owner[0] == 1 && owner[1] == '*') labels--;
	name_copy(&r->owner, owner);
	r->type = RR_RRSIG;
	r->ttl_s = ttl_s;
	write_u16(&w, type);
	write_u8(&w, 13);
	write_u8(&w, (uint8_t)labels);
	write_u32(&w, ttl_s);
	write_u32(&w, 2000000000);
	write_u32(&w, 1000000000);
	write_u16(&w, 4711);
	write_bytes(&w, z->apex.wire, z->apex.len);
	for (unsigned i = 0; i < 64; i++)
		write_u8(&w, (uint8_t)(i + type));
	r->len = (uint16_t)w.len;
}

/* Sign every authoritative RRset once. */
static inline void sign_sets(struct text_zone *z) {
	unsigned count = z->count;
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *owner = z->records[i].owner.wire;
		uint16_t type = z->records[i].type;
		bool done = type == RR_RRSIG || sign_is_occluded(z, owner);
		if (sign_is_cut(z, owner) && type != RR_DS && type != RR_NSEC) done = true;
		for (unsigned k = 0; k < i && !done; k++)
			done = z->records[k].type == type && name_equal(z->records[k].owner.wire, owner);
		if (done) continue;
		struct name copy;
		name_copy(&copy, owner);
		sign_rrsig(z, copy.wire, type, z->records[i].ttl_s);
	}
}

static inline void sign_bits(const struct text_zone *z, const uint8_t *name, uint8_t bits[static 8192]) {
	bool cut = sign_is_cut(z, name), any = false;
	for (unsigned i = 0; i < z->count; i++) {
		const struct text_record *r = &z->records[i];
		if (!name_equal(r->owner.wire, name) || (cut && r->type != RR_NS && r->type != RR_DS))
			continue;
		text_bitmap_set(bits, r->type);
		any |= !cut || r->type == RR_DS;
	}
	if (any) text_bitmap_set(bits, RR_RRSIG);
}

static inline int sign_order(const void *a, const void *b) {
	const struct name *x = a, *y = b;
	return name_compare(x->wire, y->wire);
}

/* All names that have a place in the chain, in canonical order; with ENTs and without unsigned delegations as
 * asked.  *out_names is malloc'ed. */
static inline unsigned sign_names(const struct text_zone *z, bool ents, bool optout,
                                  struct name **out_names) {
	struct name *names = malloc((z->count + 1) * 130 * sizeof(*names));
	unsigned count = 0, unique = 0;
	for (unsigned i = 0; i < z->count; i++) {
		const uint8_t *owner = z->records[i].owner.wire;
		if (sign_is_occluded(z, owner)) continue;
		if (optout && sign_is_cut(z, owner) && !sign_has(z, owner, RR_DS)) continue;
		unsigned above = ents ? name_labels(owner) - name_labels(z->apex.wire) : 0;
		for (unsigned skip = 0; skip <= above; skip++)
			name_copy(&names[count++], name_skip(owner, skip));
	}
	qsort(names, count, sizeof(*names), sign_order);
	for (unsigned i = 0; i < count; i++)
		if (unique == 0 || !name_equal(names[unique - 1].wire, names[i].wire))
			names[unique++] = names[i];
	*out_names = names;
	return unique;
}

static inline void sign_nsec(struct text_zone *z) {
	struct name *names;
	unsigned count = sign_names(z, false, false, &names);
	for (unsigned i = 0; i < count; i++) {
		uint8_t bits[8192] = { 0 };
		sign_bits(z, names[i].wire, bits);
		text_bitmap_set(bits, RR_NSEC);
		text_bitmap_set(bits, RR_RRSIG);
		struct text_record *r = text_zone_append(z);
		struct writer w = writer_init(r->rdata, sizeof(r->rdata));
		r->owner = names[i];
		r->type = RR_NSEC;
		r->ttl_s = 300;
		const struct name *next = &names[(i + 1) % count];
		write_bytes(&w, next->wire, next->len);
		text_bitmap(&w, bits);
		r->len = (uint16_t)w.len;
	}
	free(names);
}

struct sign_hashed {
	uint8_t hash[NSEC3_HASH_LEN];
	struct name name;
};
static inline int sign_hash_order(const void *a, const void *b) {
	return memcmp(a, b, NSEC3_HASH_LEN);
}

#define SIGN_SALT ((const uint8_t *)"\xaa\xbb\xcc\xdd")
#define SIGN_SALT_LEN 4
#define SIGN_ITERATIONS 3

static inline void sign_nsec3_record(struct text_zone *z, const struct sign_hashed *at,
                                     const struct sign_hashed *next, bool optout) {
	uint8_t bits[8192] = { 0 };
	sign_bits(z, at->name.wire, bits);
	struct text_record *r = text_zone_append(z);
	struct writer owner = writer_init(r->owner.wire, sizeof(r->owner.wire));
	uint8_t label[NSEC3_LABEL_LEN];
	nsec3_label(at->hash, label);
	write_u8(&owner, NSEC3_LABEL_LEN);
	write_bytes(&owner, label, NSEC3_LABEL_LEN);
	write_bytes(&owner, z->apex.wire, z->apex.len);
	r->owner.len = (uint8_t)owner.len;
	r->type = RR_NSEC3;
	r->ttl_s = 300;
	struct writer w = writer_init(r->rdata, sizeof(r->rdata));
	write_u8(&w, 1);
	write_u8(&w, optout);
	write_u16(&w, SIGN_ITERATIONS);
	write_u8(&w, SIGN_SALT_LEN);
	write_bytes(&w, SIGN_SALT, SIGN_SALT_LEN);
	write_u8(&w, NSEC3_HASH_LEN);
	write_bytes(&w, next->hash, NSEC3_HASH_LEN);
	text_bitmap(&w, bits);
	r->len = (uint16_t)w.len;
}

static inline void sign_nsec3(struct text_zone *z, bool optout) {
	struct text_record *r = text_zone_append(z);
	r->owner = z->apex;
	r->type = RR_NSEC3PARAM;
	r->ttl_s = 0;
	struct writer w = writer_init(r->rdata, sizeof(r->rdata));
	write_u8(&w, 1);
	write_u8(&w, 0);
	write_u16(&w, SIGN_ITERATIONS);
	write_u8(&w, SIGN_SALT_LEN);
	write_bytes(&w, SIGN_SALT, SIGN_SALT_LEN);
	r->len = (uint16_t)w.len;
	struct name *names;
	unsigned count = sign_names(z, true, optout, &names);
	struct sign_hashed *hashed = calloc(count, sizeof(*hashed));
	for (unsigned i = 0; i < count; i++) {
		hashed[i].name = names[i];
		nsec3_hash(names[i].wire, SIGN_SALT, SIGN_SALT_LEN, SIGN_ITERATIONS, hashed[i].hash);
	}
	qsort(hashed, count, sizeof(*hashed), sign_hash_order);
	for (unsigned i = 0; i < count; i++)
		sign_nsec3_record(z, &hashed[i], &hashed[(i + 1) % count], optout);
	free(hashed);
	free(names);
}

static inline void text_zone_sign(struct text_zone *z, enum signing signing) {
	if (signing == SIGN_NSEC) sign_nsec(z);
	if (signing >= SIGN_NSEC3) sign_nsec3(z, signing == SIGN_NSEC3_OPTOUT);
	if (signing != SIGN_NONE) sign_sets(z);
}

static inline struct zone_version *zone_from_text(const char *apex, const char *text, enum signing signing) {
	struct text_zone z = text_zone_parse(apex, text);
	text_zone_sign(&z, signing);
	struct zone_version *v = text_zone_build(&z);
	text_zone_done(&z);
	return v;
}

#endif

/* The heap of a growing image: space, and RRsets that are stored once. */
#include <string.h>

#include "zone/digest.h"
#include "zone/image_write.h"

#define UNIT 4
#define SHARED_FIRST_CAP 64U
#define RRSET_FIXED 8
#define LINE_SLOTS (64U / (unsigned)sizeof(struct shared_slot))
#define AHEAD_FROM (32U << 10) /* slots: a smaller table's filter is in the first cache */

/* -- RRsets that are there already -- */

static enum err shared_init(struct shared *s, uint32_t cap) {
	*s = (struct shared){ .cap = cap };
	enum err e = growing_zeroed(&s->memory, cap * sizeof(*s->slots));
	if (e == OK) e = growing_zeroed(&s->filter_memory, cap);
	s->slots = s->memory.at;
	s->filter = s->filter_memory.at;
	return e;
}

static void shared_done(struct shared *s) {
	growing_free(&s->memory);
	growing_free(&s->filter_memory);
	*s = (struct shared){ 0 };
}

static uint8_t *filter_octet(const struct shared *s, uint32_t hash) {
	return &s->filter[(hash / 8) & (s->cap - 1)];
}

/* Where a slot is looked for first.  The table of a large zone begins with a line of the cache, being pages of its own: eight
 * slots are one line then, and there is seldom a second one. */
static uint32_t first_place(const struct shared *s, uint32_t hash) {
	return hash & (s->cap - 1) & ~(LINE_SLOTS - 1);
}

static void shared_put(struct shared *s, struct shared_slot slot) {
	uint32_t at = first_place(s, slot.hash);
	while (s->slots[at].offset)
		at = (at + 1) & (s->cap - 1);
	s->slots[at] = slot;
}

/* Into the table goes the oldest of those that wait, whose slot has been fetched by now. */
static void shared_add(struct shared *s, struct shared_slot slot) {
	struct shared_slot *waiting = &s->waiting[s->used++ % SHARED_WAITING_MAX];
	if (waiting->offset) shared_put(s, *waiting);
	*waiting = slot;
	*filter_octet(s, slot.hash) |= (uint8_t)(1U << slot.hash % 8);
	__builtin_prefetch(&s->slots[first_place(s, slot.hash)], 1);
}

static enum err shared_grow(struct shared *s) {
	if (s->used < s->cap / 4 * 3) return OK;
	if (s->cap > UINT32_MAX / 2) return ERR_LIMIT;
	struct shared grown;
	enum err e = shared_init(&grown, s->cap * 2);
	if (e != OK) {
		shared_done(&grown);
		return e;
	}
	for (uint32_t i = 0; i < s->cap; i++)
		if (s->slots[i].offset) shared_add(&grown, s->slots[i]);
	for (unsigned i = 0; i < SHARED_WAITING_MAX; i++)
		if (s->waiting[i].offset) shared_add(&grown, s->waiting[i]);
	shared_done(s);
	*s = grown;
	return OK;
}

/* -- the block -- */

enum err block_init(struct image_block *k, uint8_t apex_len, size_t expected_len) {
	size_t heap_at = image_header_len(apex_len);
	*k = (struct image_block){ .heap_at = heap_at };
	enum err e = growing_room(&k->memory, 0, heap_at + UNIT + expected_len);
	if (e == OK) e = shared_init(&k->shared, SHARED_FIRST_CAP);
	if (e != OK) return e;
	k->data = k->memory.at;
	memset(k->data, 0, k->heap_at + UNIT);
	k->len = k->heap_at + UNIT; /* heap offset 0 holds nothing */
	return OK;
}

void block_end_sharing(struct image_block *k) {
	shared_done(&k->shared);
}

void block_done(struct image_block *k) {
	growing_free(&k->memory);
	shared_done(&k->shared);
	*k = (struct image_block){ 0 };
}

size_t block_memory(const struct image_block *k) {
	return k->len + k->shared.cap * (sizeof(*k->shared.slots) + 1);
}

enum err block_room(struct image_block *k, size_t more) {
	if (k->max_len && k->len + more > k->max_len) return ERR_LIMIT;
	if (k->memory.cap - k->len >= more) return OK;
	size_t cap = k->len + k->len / 4 + more;
	if ((cap - k->heap_at) / UNIT >= UINT32_MAX) return ERR_LIMIT;
	enum err e = growing_room(&k->memory, k->len, cap);
	k->data = k->memory.at;
	return e;
}

uint32_t block_offset(const struct image_block *k) {
	return (uint32_t)((k->len - k->heap_at) / UNIT);
}

/* Is the RRset in the slot equal to the `size` octets at the block's end, which have that hash? */
static bool is_equal(const struct image_block *k, struct shared_slot slot, uint32_t hash, size_t size) {
	if (slot.hash != hash) return false;
	const uint8_t *fresh = k->data + k->len;
	const uint8_t *stored = k->data + k->heap_at + UNIT * (size_t)slot.offset;
	return (size_t)(fresh - stored) >= size && memcmp(stored, fresh, size) == 0;
}

static uint32_t shared_look(const struct image_block *k, uint32_t hash, size_t size) {
	const struct shared *s = &k->shared;
	for (uint32_t at = first_place(s, hash); s->slots[at].offset; at = (at + 1) & (s->cap - 1))
		if (is_equal(k, s->slots[at], hash, size)) return s->slots[at].offset;
	for (unsigned i = 0; i < SHARED_WAITING_MAX; i++)
		if (s->waiting[i].offset && is_equal(k, s->waiting[i], hash, size))
			return s->waiting[i].offset;
	return 0;
}

static uint32_t content_hash(const struct image_block *k, const uint8_t *octets, size_t size) {
	return (uint32_t)digest_bytes(octets, size, k->seed);
}

/* Offset of an RRset equal to the `size` octets at the block's end, which have that hash, or 0 after it was entered as a
 * new one. */
static uint32_t shared_find(struct image_block *k, uint32_t hash, size_t size) {
	struct shared *s = &k->shared;
	uint32_t found = 0;
	if (*filter_octet(s, hash) & 1U << hash % 8) found = shared_look(k, hash, size);
	if (!found) shared_add(s, (struct shared_slot){ hash, block_offset(k) });
	return found;
}

static size_t rdatas_len(const struct collected *records, size_t count) {
	size_t len = 0;
	for (size_t i = 0; i < count; i++)
		len += 2 + (size_t)records[i].rdlength;
	return len;
}

/* Write rdatas without duplicates; returns how many. */
static size_t write_rdatas(uint8_t **at, uint16_t type, const struct collected *records, size_t count,
                           uint32_t *out_ttl_s) {
	size_t written = 0;
	uint32_t ttl_s = count ? records[0].ttl_s : 0;
	for (size_t i = 0; i < count; i++) {
		const struct collected *r = &records[i];
		if (r->ttl_s < ttl_s) ttl_s = r->ttl_s;
		if (i && rdata_compare(type, r[-1].rdata, r[-1].rdlength, r->rdata, r->rdlength) == 0)
			continue;
		memcpy(*at, &r->rdlength, 2);
		memcpy(*at + 2, r->rdata, r->rdlength);
		*at += 2 + r->rdlength;
		written++;
	}
	*out_ttl_s = ttl_s;
	return written;
}

/* Octets that an RRset takes at most. */
static size_t rrset_room(const struct set_source *source) {
	return RRSET_FIXED + rdatas_len(source->records, source->count) +
	       rdatas_len(source->sigs, source->sig_count) + 4 + UNIT;
}

/* Its octets, padding included; where there is room for them. */
static enum err write_rrset(uint8_t *start, const struct set_source *source, size_t *out_size,
                            size_t *out_records) {
	uint8_t *at = start + RRSET_FIXED;
	uint32_t ttl_s, sig_ttl_s;
	size_t count = write_rdatas(&at, source->type, source->records, source->count, &ttl_s);
	uint8_t *sig_ttl_at = at;
	if (source->sig_count) at += 4;
	size_t sig_count = write_rdatas(&at, RR_RRSIG, source->sigs, source->sig_count, &sig_ttl_s);
	if (count > UINT16_MAX || sig_count > UINT16_MAX) return ERR_LIMIT;
	if (source->sig_count) memcpy(sig_ttl_at, &sig_ttl_s, 4);
	uint16_t counts[2] = { (uint16_t)count, (uint16_t)sig_count };
	memcpy(start, &ttl_s, 4);
	memcpy(start + 4, counts, 4);
	while ((size_t)(at - start) % UNIT)
		*at++ = 0;
	*out_size = (size_t)(at - start);
	*out_records = count + sig_count;
	return OK;
}

bool block_looks_ahead(const struct image_block *k) {
	return k->shared.cap >= AHEAD_FROM;
}

size_t block_ahead(const struct image_block *k, struct set_source *source, uint8_t *at, size_t room) {
	size_t size;
	if (source->sig_count || rrset_room(source) > room) return 0;
	if (write_rrset(at, source, &size, &source->octets_records) != OK) return 0;
	source->octets = at;
	source->size = (uint32_t)size;
	source->hash = content_hash(k, at, size);
	__builtin_prefetch(filter_octet(&k->shared, source->hash), 1);
	return size;
}

/* The RRset of `size` octets at the block's end stays, as one that nobody looks for or that was not found. */
static uint32_t keep_rrset(struct image_block *k, size_t size) {
	uint32_t offset = block_offset(k);
	k->len += size;
	k->rrset_count++;
	return offset;
}

/* It stays, unless an equal one, which then has that hash, stands in the block already. */
static uint32_t share_rrset(struct image_block *k, uint32_t hash, size_t size) {
	uint32_t found = shared_find(k, hash, size);
	return found ? found : keep_rrset(k, size);
}

/* Signatures are never equal to others, so only unsigned RRsets are looked for. */
static uint32_t take_rrset(struct image_block *k, size_t size, bool has_signatures) {
	if (has_signatures) return keep_rrset(k, size);
	return share_rrset(k, content_hash(k, k->data + k->len, size), size);
}

enum err block_rrset(struct image_block *k, const struct set_source *source, uint32_t *out_offset,
                     size_t *out_records) {
	enum err e = block_room(k, source->octets ? source->size : rrset_room(source));
	if (e == OK) e = shared_grow(&k->shared);
	if (e != OK) return e;
	if (source->octets) {
		memcpy(k->data + k->len, source->octets, source->size);
		*out_records = source->octets_records;
		*out_offset = share_rrset(k, source->hash, source->size);
		return OK;
	}
	size_t size;
	e = write_rrset(k->data + k->len, source, &size, out_records);
	if (e == OK) *out_offset = take_rrset(k, size, source->sig_count > 0);
	return e;
}

enum err block_rrset_copy(struct image_block *k, const uint8_t *rrset, size_t size, uint32_t *out_offset) {
	uint16_t sig_count;
	enum err e = block_room(k, size);
	if (e == OK) e = shared_grow(&k->shared);
	if (e != OK) return e;
	memcpy(k->data + k->len, rrset, size);
	memcpy(&sig_count, rrset + 6, 2);
	*out_offset = take_rrset(k, size, sig_count > 0);
	return OK;
}

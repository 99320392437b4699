/* The end of an image: its arrays of places, the hash slots and the header. */
#include <stdlib.h>
#include <string.h>

#include "zone/image_write.h"
#include "zone/layers.h"

#define UNIT 4
#define NODE_FIXED 4
#define PLACES_FIRST 16
#define SLOTS_AHEAD 16

enum err image_writer_list(struct image_places *o, uint32_t offset) {
	size_t used = o->count * sizeof(*o->at);
	if (o->memory.cap - used < sizeof(*o->at)) {
		enum err e = growing_room(&o->memory, used, used ? 2 * used : PLACES_FIRST * sizeof(*o->at));
		if (e != OK) return e;
		o->at = o->memory.at;
	}
	o->at[o->count++] = offset;
	return OK;
}

static uint64_t hash_of(const struct image_writer *w, const uint8_t *relative) {
	uint8_t lower[NAME_MAX_LEN + 1];
	name_lower_to(lower, relative, name_len(relative));
	return layers_hash(w->header.seed, lower);
}

static uint8_t *node_at(const struct image_writer *w, size_t place) {
	return w->block.data + w->block.heap_at + UNIT * (size_t)w->order.at[place];
}

static const uint8_t *relative_of(const uint8_t *node) {
	uint16_t count;
	memcpy(&count, node, 2);
	return node + NODE_FIXED + (size_t)6 * count;
}

static uint64_t hash_at(const struct image_writer *w, size_t place) {
	return hash_of(w, relative_of(node_at(w, place)));
}

/* Whether `node` stands right below `former` in canonical order and is within it.  Most end with the first octet. */
static bool is_below(const uint8_t *node, const uint8_t *former) {
	unsigned len = node[3], above = former[3];
	if (len < above + 2) return false;
	const uint8_t *name = relative_of(node), *tail = name + (len - above), *other = relative_of(former);
	for (unsigned i = 0; i < above; i++)
		if (name_lower(tail[i]) != name_lower(other[i])) return false;
	return name_is_within(name, other);
}

/* Names below a name come directly behind it. */
static void mark_parent(const struct image_writer *w, size_t place) {
	uint8_t *node = node_at(w, place), *former = node_at(w, place - 1);
	node[2] &= (uint8_t)~NODE_PARENT;
	if (is_below(node, former)) former[2] |= NODE_PARENT;
}

static uint32_t first_slot(const struct image_header *h, uint64_t hash) {
	return (uint32_t)(((hash >> 32) * h->slot_count) >> 32);
}

static void fill_slot(const struct image_header *h, uint32_t *slots, uint64_t hash, uint32_t offset) {
	uint32_t at = first_slot(h, hash);
	while (slots[at])
		if (++at == h->slot_count) at = 0;
	uint32_t tag = h->slot_offset_bits < 32 ? (uint32_t)hash >> h->slot_offset_bits << h->slot_offset_bits
	                                        : 0;
	slots[at] = tag | offset;
}

/* Slots lie anywhere: each is fetched while those of the names before it are filled. */
static void fill_slots(const struct image_writer *w, uint32_t *slots) {
	const struct image_header *h = &w->header;
	uint64_t hashes[SLOTS_AHEAD];
	for (size_t i = 1; i < w->order.count + SLOTS_AHEAD; i++) { /* [0] is the apex, which is not hashed */
		uint64_t *hash = &hashes[i % SLOTS_AHEAD];
		if (i > SLOTS_AHEAD) fill_slot(h, slots, *hash, w->order.at[i - SLOTS_AHEAD]);
		if (i >= w->order.count) continue;
		*hash = hash_at(w, i);
		if (!(h->flags & IMAGE_DELTA)) mark_parent(w, i);
		__builtin_prefetch(&slots[first_slot(h, *hash)], 1);
	}
}

static void append_offsets(struct image_block *k, const struct image_places *o) {
	if (o->count) memcpy(k->data + k->len, o->at, o->count * sizeof(*o->at));
	k->len += o->count * sizeof(*o->at);
}

/* Order, NSEC3 order, hash slots and salt behind the heap; then the header. */
static enum err write_arrays(struct image_writer *w) {
	struct image_block *k = &w->block;
	struct image_header *h = &w->header;
	if (w->order.count > UINT32_MAX / 2) return ERR_LIMIT;
	block_end_sharing(k);
	h->heap_pos = k->heap_at;
	h->heap_len = k->len - k->heap_at;
	h->node_count = (uint32_t)w->order.count;
	h->nsec3_count = (uint32_t)w->nsec3.count;
	/* Parameters of a chain that is not there must not hide a chain of NSEC records that is. */
	if (h->nsec3_count == 0 && !(h->flags & IMAGE_DELTA)) h->flags &= ~(uint32_t)IMAGE_HAS_NSEC3;
	h->flags &= ~(uint32_t)IMAGE_HAS_PARENTS;
	if (!(h->flags & IMAGE_DELTA)) h->flags |= IMAGE_HAS_PARENTS;
	h->rrset_count = k->rrset_count;
	h->slot_count = (uint32_t)(w->order.count + w->order.count / 3 + 1);
	uint64_t units = h->heap_len / UNIT;
	h->slot_offset_bits = 64U - (unsigned)__builtin_clzll(units | 1);
	size_t slots_size = (size_t)h->slot_count * 4;
	enum err e = block_room(k, (w->order.count + w->nsec3.count) * 4 + slots_size + h->nsec3_salt_len);
	if (e != OK) return e;
	h->order_pos = k->len;
	append_offsets(k, &w->order);
	h->nsec3_pos = k->len;
	append_offsets(k, &w->nsec3);
	h->hash_pos = k->len;
	memset(k->data + k->len, 0, slots_size);
	fill_slots(w, (uint32_t *)(void *)(k->data + k->len));
	k->len += slots_size;
	memcpy(k->data + k->len, w->salt, h->nsec3_salt_len);
	k->len += h->nsec3_salt_len;
	h->size = k->len;
	return OK;
}

/* A delta needs no checksum: it never leaves this memory. */
static void write_header(struct image_writer *w) {
	struct image_header *h = &w->header;
	memcpy(h->magic, "UNDSTUDY", sizeof(h->magic));
	h->byte_order = 0x01020304;
	h->format_version = IMAGE_FORMAT_VERSION;
	h->checksum = 0;
	memcpy(w->block.data, h, sizeof(*h));
	memcpy(w->block.data + sizeof(*h), w->apex, h->apex_len);
	if (h->flags & IMAGE_DELTA) return;
	h->checksum = image_checksum(w->block.data, w->block.len);
	memcpy(w->block.data, h, sizeof(*h));
}

enum err image_writer_end(struct image_writer *w, struct layer **out_layer) {
	enum err e = write_arrays(w);
	if (e != OK) return e;
	write_header(w);
	struct growing *memory = &w->block.memory;
	growing_fit(memory, w->block.len);
	struct image image = image_view(memory->at);
	*out_layer = layer_new(memory->is_pages ? VERSION_PAGES : VERSION_MALLOC, &image);
	*memory = (struct growing){ 0 }; /* the layer's now */
	return OK;
}

void image_writer_done(struct image_writer *w) {
	block_done(&w->block);
	growing_free(&w->order.memory);
	growing_free(&w->nsec3.memory);
	owner_work_done(&w->owner);
}

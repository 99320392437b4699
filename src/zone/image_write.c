/* From sorted runs to an image: owner by owner, each with its RRsets behind it, empty non-terminals put in
 * where a name's parent has no records of its own. */
#include "zone/image_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "zone/digest.h"
#include "zone/nsec3.h"

#define UNIT 4
#define NODE_FIXED 4
#define SETS_FIRST_CAP 16
/* An image may take this many times the octets that a zone's limit allows to be collected. */
#define IMAGE_GROWTH_MAX 4
#define IMAGE_SLACK 65536

struct offsets {
	uint32_t *at;
	size_t count, cap;
};

struct image_writer {
	struct builder *b;
	struct image_block block;
	struct offsets order, nsec3;
	struct collected *records; /* of the owner at work, sorted */
	size_t record_count, record_cap;
	struct set_source *sets;
	size_t set_count, set_cap;
	const uint8_t *former_owner; /* the newest node's relative name; NULL before the apex */
	struct image_header header;
	struct why *why;
};

static enum err offsets_add(struct offsets *o, uint32_t offset) {
	if (o->count == o->cap) {
		size_t cap = o->cap ? o->cap * 2 : 16;
		uint32_t *grown = try_realloc(o->at, cap * sizeof(*grown));
		if (!grown) return ERR_NOMEM;
		o->at = grown;
		o->cap = cap;
	}
	o->at[o->count++] = offset;
	return OK;
}

static uint16_t covered_type(const struct collected *r) {
	return r->type == RR_RRSIG ? load_u16(r->rdata) : r->type;
}

/* Signatures stand behind the records that they cover. */
static int collected_compare(const void *va, const void *vb) {
	const struct collected *a = va, *b = vb;
	int order = covered_type(a) - covered_type(b);
	if (order) return order;
	order = (a->type == RR_RRSIG) - (b->type == RR_RRSIG);
	if (order) return order;
	return rdata_compare(a->type, a->rdata, a->rdlength, b->rdata, b->rdlength);
}

static void sort_records(struct collected *records, size_t count) {
	if (count > 8) {
		qsort(records, count, sizeof(*records), collected_compare);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		struct collected moving = records[i];
		size_t at = i;
		for (; at && collected_compare(&records[at - 1], &moving) > 0; at--)
			records[at] = records[at - 1];
		records[at] = moving;
	}
}

static enum err gather_run(struct image_writer *w, const struct run *run) {
	if (w->record_cap - w->record_count < run->count) {
		size_t cap = w->record_cap * 2 + run->count;
		struct collected *grown = try_realloc(w->records, cap * sizeof(*grown));
		if (!grown) return ERR_NOMEM;
		w->records = grown;
		w->record_cap = cap;
	}
	const uint8_t *at = collected_first(run_owner(w->b, run));
	for (uint32_t i = 0; i < run->count; i++)
		collected_next(&at, &w->records[w->record_count++]);
	return OK;
}

/* Split the sorted records into RRsets. */
static enum err make_sets(struct image_writer *w) {
	w->set_count = 0;
	for (size_t i = 0; i < w->record_count;) {
		if (w->set_count == w->set_cap) {
			size_t cap = w->set_cap ? w->set_cap * 2 : SETS_FIRST_CAP;
			struct set_source *grown = try_realloc(w->sets, cap * sizeof(*grown));
			if (!grown) return ERR_NOMEM;
			w->sets = grown;
			w->set_cap = cap;
		}
		struct set_source set = { .type = covered_type(&w->records[i]), .records = &w->records[i] };
		for (; i < w->record_count && w->records[i].type == set.type && set.type != RR_RRSIG; i++)
			set.count++;
		set.sigs = &w->records[i];
		for (; i < w->record_count && w->records[i].type == RR_RRSIG &&
		       covered_type(&w->records[i]) == set.type;
		     i++)
			set.sig_count++;
		w->sets[w->set_count++] = set;
	}
	return OK;
}

static uint8_t flags_of(const struct set_source *sets, size_t count, bool is_apex) {
	uint8_t flags = is_apex ? NODE_APEX : 0;
	for (size_t i = 0; i < count; i++) {
		if (!sets[i].count) continue;
		if (sets[i].type == RR_NS && !is_apex) flags |= NODE_CUT;
		if (sets[i].type == RR_DNAME) flags |= NODE_DNAME;
		if (sets[i].type == RR_CNAME) flags |= NODE_CNAME;
	}
	return flags;
}

/* A node with the given sets, and the sets behind it. */
static enum err write_node(struct image_writer *w, const uint8_t *relative, const struct set_source *sets,
                           size_t count, struct offsets *list) {
	struct image_block *k = &w->block;
	size_t name_octets = name_len(relative);
	size_t size = (NODE_FIXED + 6 * count + name_octets + UNIT - 1) & ~(size_t)(UNIT - 1);
	enum err e = block_room(k, size);
	if (e == OK) e = offsets_add(list, block_offset(k));
	if (e != OK) return e;
	size_t node_pos = k->len;
	uint8_t *node = k->data + node_pos;
	memset(node, 0, size);
	uint16_t set_count = (uint16_t)count;
	memcpy(node, &set_count, 2);
	node[2] = flags_of(sets, count, name_octets == 1 && list == &w->order);
	node[3] = (uint8_t)(name_octets - 1);
	memcpy(node + NODE_FIXED + 6 * count, relative, name_octets);
	if (node[2] & NODE_CUT) w->header.flags |= IMAGE_HAS_CUTS;
	if (node[2] & NODE_DNAME) w->header.flags |= IMAGE_HAS_DNAMES;
	k->len += size;
	for (size_t i = 0; i < count; i++) {
		uint32_t offset;
		size_t records;
		e = block_rrset(k, &sets[i], &offset, &records);
		if (e != OK) return e;
		node = k->data + node_pos; /* the block may have moved */
		memcpy(node + NODE_FIXED + 4 * i, &offset, 4);
		memcpy(node + NODE_FIXED + 4 * count + 2 * i, &sets[i].type, 2);
		w->header.record_count += records;
	}
	return OK;
}

/* Ancestors of owner, below what it shares with the node before, that have no records. */
static enum err write_empty_non_terminals(struct image_writer *w, const uint8_t *owner) {
	if (!w->former_owner) return OK;
	unsigned labels = name_labels(owner);
	unsigned depth = name_common_labels(w->former_owner, owner) + 1;
	for (; depth < labels; depth++) {
		enum err e = write_node(w, name_skip(owner, labels - depth), NULL, 0, &w->order);
		if (e != OK) return e;
	}
	return OK;
}

static const struct set_source *find_set(const struct image_writer *w, uint16_t type) {
	for (size_t i = 0; i < w->set_count; i++)
		if (w->sets[i].type == type && w->sets[i].count) return &w->sets[i];
	return NULL;
}

/* Choose the NSEC3 chain: the first NSEC3PARAM with SHA-1, no flags and a sane count of iterations. */
static void choose_nsec3(struct image_writer *w) {
	const struct set_source *set = find_set(w, RR_NSEC3PARAM);
	for (size_t i = 0; set && i < set->count; i++) {
		const uint8_t *p = set->records[i]
		                           .rdata; /* algorithm, flags, iterations, salt length, salt */
		if (p[0] != 1 || p[1] != 0 || load_u16(p + 2) > NSEC3_ITERATIONS_MAX) continue;
		w->header.nsec3_iterations = load_u16(p + 2);
		w->header.nsec3_salt_len = p[4];
		memcpy(w->header.nsec3_salt, p + 5, p[4]);
		w->header.flags |= IMAGE_HAS_NSEC3;
		return;
	}
}

static enum err read_apex(struct image_writer *w) {
	const struct set_source *soa = find_set(w, RR_SOA);
	if (!soa || !find_set(w, RR_NS)) {
		why_set(w->why, REASON_BAD_ZONE, "the apex has no %s", soa ? "NS" : "SOA");
		return ERR_BADZONE;
	}
	for (size_t i = 1; i < soa->count; i++) {
		const struct collected *r = &soa->records[i];
		if (rdata_compare(RR_SOA, r[-1].rdata, r[-1].rdlength, r->rdata, r->rdlength) == 0) continue;
		why_set(w->why, REASON_BAD_ZONE, "the apex has more than one SOA");
		return ERR_BADZONE;
	}
	if (find_set(w, RR_NSEC)) w->header.flags |= IMAGE_HAS_NSEC;
	choose_nsec3(w);
	return soa_parse(soa->records[0].rdata, soa->records[0].rdlength, &w->header.soa);
}

static bool is_of_chain(const struct image_writer *w, const uint8_t *owner, const struct set_source *set) {
	if (set->type != RR_NSEC3 || !set->count || !nsec3_owner_is_sound(owner)) return false;
	const uint8_t *p = set->records[0].rdata;
	const struct image_header *h = &w->header;
	return p[0] == 1 && load_u16(p + 2) == h->nsec3_iterations && p[4] == h->nsec3_salt_len &&
	       memcmp(p + 5, h->nsec3_salt, p[4]) == 0;
}

/* NSEC3 records of the chain in use live apart from the names of the zone (RFC 5155 section 7.2.8). */
static enum err write_nsec3_apart(struct image_writer *w, const uint8_t *owner) {
	if (!(w->header.flags & IMAGE_HAS_NSEC3)) return OK;
	for (size_t i = 0; i < w->set_count; i++) {
		if (!is_of_chain(w, owner, &w->sets[i])) continue;
		enum err e = write_node(w, owner, &w->sets[i], 1, &w->nsec3);
		if (e != OK) return e;
		memmove(&w->sets[i], &w->sets[i + 1], (w->set_count - i - 1) * sizeof(*w->sets));
		w->set_count--;
		return OK;
	}
	return OK;
}

static enum err write_owner(struct image_writer *w, const uint8_t *owner) {
	sort_records(w->records, w->record_count);
	enum err e = make_sets(w);
	if (e == OK && !w->former_owner) {
		if (owner[0] != 0) w->set_count = 0; /* nothing stands at the apex */
		e = read_apex(w);
	}
	if (e == OK) e = write_nsec3_apart(w, owner);
	if (e != OK || w->set_count == 0) return e;
	e = write_empty_non_terminals(w, owner);
	if (e == OK) e = write_node(w, owner, w->sets, w->set_count, &w->order);
	w->former_owner = owner;
	return e;
}

static enum err write_owners(struct image_writer *w) {
	const struct builder *b = w->b;
	for (size_t i = 0; i < b->run_count;) {
		const uint8_t *owner = run_owner(b, &b->runs[i]);
		w->record_count = 0;
		do {
			enum err e = gather_run(w, &b->runs[i]);
			if (e != OK) return e;
			i++;
		} while (i < b->run_count && !b->in_order && name_equal(owner, run_owner(b, &b->runs[i])));
		enum err e = write_owner(w, owner);
		if (e != OK) return e;
	}
	return OK;
}

static uint64_t hash_of(const struct image_writer *w, const uint8_t *relative) {
	uint8_t lower[NAME_MAX_LEN + 1], offsets[NAME_MAX_LABELS + 1];
	unsigned labels = name_offsets(relative, offsets);
	size_t len = name_len(relative);
	for (size_t i = 0; i < len; i++)
		lower[i] = name_lower(relative[i]);
	uint64_t hash = w->header.seed;
	while (labels > 0)
		hash = digest_label(hash, lower + offsets[--labels]);
	return hash;
}

static void fill_slots(const struct image_writer *w, uint32_t *slots) {
	const struct image_header *h = &w->header;
	const uint8_t *heap = w->block.data + IMAGE_HEADER_LEN;
	for (size_t i = 1; i < w->order.count; i++) { /* [0] is the apex, which is not hashed */
		uint16_t count;
		const uint8_t *node = heap + UNIT * (size_t)w->order.at[i];
		memcpy(&count, node, 2);
		uint64_t hash = hash_of(w, node + NODE_FIXED + (size_t)6 * count);
		uint32_t at = (uint32_t)(((hash >> 32) * h->slot_count) >> 32);
		while (slots[at])
			if (++at == h->slot_count) at = 0;
		uint32_t tag = h->slot_offset_bits < 32
		                       ? (uint32_t)hash >> h->slot_offset_bits << h->slot_offset_bits
		                       : 0;
		slots[at] = tag | w->order.at[i];
	}
}

static void append_offsets(struct image_block *k, const struct offsets *o) {
	if (o->count) memcpy(k->data + k->len, o->at, o->count * sizeof(*o->at));
	k->len += o->count * sizeof(*o->at);
}

/* Order, NSEC3 order and hash slots behind the heap; then the header. */
static enum err write_arrays(struct image_writer *w) {
	struct image_block *k = &w->block;
	struct image_header *h = &w->header;
	if (w->order.count > UINT32_MAX / 2) return ERR_LIMIT;
	h->heap_pos = IMAGE_HEADER_LEN;
	h->heap_len = k->len - IMAGE_HEADER_LEN;
	h->node_count = (uint32_t)w->order.count;
	h->nsec3_count = (uint32_t)w->nsec3.count;
	/* Parameters of a chain that is not there must not hide a chain of NSEC records that is. */
	if (h->nsec3_count == 0) h->flags &= ~(uint32_t)IMAGE_HAS_NSEC3;
	h->rrset_count = k->rrset_count;
	h->slot_count = (uint32_t)(w->order.count + w->order.count / 3 + 1);
	uint64_t units = h->heap_len / UNIT;
	h->slot_offset_bits = 64U - (unsigned)__builtin_clzll(units | 1);
	size_t slots_size = (size_t)h->slot_count * 4;
	enum err e = block_room(k, (w->order.count + w->nsec3.count) * 4 + slots_size);
	if (e != OK) return e;
	h->order_pos = k->len;
	append_offsets(k, &w->order);
	h->nsec3_pos = k->len;
	append_offsets(k, &w->nsec3);
	h->hash_pos = k->len;
	memset(k->data + k->len, 0, slots_size);
	fill_slots(w, (uint32_t *)(void *)(k->data + k->len));
	k->len += slots_size;
	h->size = k->len;
	return OK;
}

static void write_header(struct image_writer *w) {
	struct image_header *h = &w->header;
	memcpy(h->magic, "UNDSTUDY", sizeof(h->magic));
	h->byte_order = 0x01020304;
	h->format_version = IMAGE_FORMAT_VERSION;
	h->apex_len = w->b->apex.len;
	memcpy(h->apex, w->b->apex.wire, h->apex_len);
	memcpy(w->block.data, h, sizeof(*h));
	h->checksum = image_checksum(w->block.data, w->block.len);
	memcpy(w->block.data, h, sizeof(*h));
}

static enum err write_all(struct image_writer *w) {
	struct random random = random_secure();
	w->header.seed = random_u64(&random);
	w->block.seed = random_u64(&random);
	if (w->b->limits.max_bytes)
		w->block.max_len = IMAGE_SLACK + w->b->limits.max_bytes * IMAGE_GROWTH_MAX;
	enum err e = write_owners(w);
	if (e == OK && !w->former_owner) e = ERR_BADZONE;
	if (e == OK) e = write_arrays(w);
	if (e == OK) write_header(w);
	return e;
}

enum err image_write(struct builder *b, struct zone_version **out_version, struct why *why) {
	struct image_writer w = { .b = b, .why = why };
	enum err e = block_init(&w.block, b->len + b->run_count * 16 + IMAGE_HEADER_LEN);
	why_set(why, REASON_BAD_ZONE, "the apex has no SOA");
	if (e == OK) e = write_all(&w);
	if (e == OK) {
		struct image image;
		void *fitted = realloc(w.block.data, w.block.len);
		if (fitted) w.block.data = fitted; /* shrinking may fail; the block is good as it is */
		e = image_open_verified(w.block.data, w.block.len, &image);
		if (e == OK) *out_version = version_new(w.block.data, w.block.len, VERSION_MALLOC, &image);
		if (e == OK) w.block.data = NULL;
	}
	if (e == ERR_LIMIT || e == ERR_NOMEM)
		why_set(why, REASON_TOO_LARGE, "%s while the image is built", err_text(e));
	if (e == OK) why_set(why, REASON_NONE, "%s", "");
	block_done(&w.block);
	free(w.order.at);
	free(w.nsec3.at);
	free(w.records);
	free(w.sets);
	return e;
}

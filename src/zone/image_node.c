/* From the records of one owner to a node: RRsets with the signatures that cover them, NSEC3 records of the chain in
 * use apart, and what the apex says about the zone. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "zone/image_write.h"
#include "zone/nsec3.h"

#define UNIT 4
#define NODE_FIXED 4
#define SETS_FIRST_CAP 16
#define AHEAD_MAX 2048 /* octets of one owner's RRsets that are written ahead */

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

enum err owner_work_room(struct owner_work *o, size_t more) {
	if (o->record_cap - o->record_count >= more) return OK;
	size_t cap = o->record_cap * 2 + more;
	struct collected *grown = try_realloc(o->records, cap * sizeof(*grown));
	if (!grown) return ERR_NOMEM;
	o->records = grown;
	o->record_cap = cap;
	return OK;
}

enum err owner_work_group(struct owner_work *o) {
	sort_records(o->records, o->record_count);
	o->set_count = 0;
	for (size_t i = 0; i < o->record_count;) {
		if (o->set_count == o->set_cap) {
			size_t cap = o->set_cap ? o->set_cap * 2 : SETS_FIRST_CAP;
			struct set_source *grown = try_realloc(o->sets, cap * sizeof(*grown));
			if (!grown) return ERR_NOMEM;
			o->sets = grown;
			o->set_cap = cap;
		}
		struct set_source set = { .type = covered_type(&o->records[i]), .records = &o->records[i] };
		for (; i < o->record_count && o->records[i].type == set.type && set.type != RR_RRSIG; i++)
			set.count++;
		set.sigs = &o->records[i];
		for (; i < o->record_count && o->records[i].type == RR_RRSIG &&
		       covered_type(&o->records[i]) == set.type;
		     i++)
			set.sig_count++;
		o->sets[o->set_count++] = set;
	}
	return OK;
}

void owner_work_ahead(struct owner_work *o, const struct image_block *k) {
	if (!block_looks_ahead(k)) return;
	if (!o->octets) o->octets = try_malloc(AHEAD_MAX);
	size_t used = 0;
	for (size_t i = 0; i < o->set_count && o->octets; i++)
		used += block_ahead(k, &o->sets[i], o->octets + used, AHEAD_MAX - used);
}

void owner_work_done(struct owner_work *o) {
	free(o->records);
	free(o->sets);
	free(o->octets);
	*o = (struct owner_work){ 0 };
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

enum err image_writer_node(struct image_writer *w, const uint8_t *relative, const struct set_source *sets,
                           size_t count, uint8_t flags, uint32_t *out_offset) {
	struct image_block *k = &w->block;
	size_t name_octets = name_len(relative);
	size_t size = (NODE_FIXED + 6 * count + name_octets + UNIT - 1) & ~(size_t)(UNIT - 1);
	enum err e = block_room(k, size);
	if (e != OK) return e;
	uint32_t offset = block_offset(k);
	size_t node_pos = k->len;
	uint8_t *node = k->data + node_pos;
	memset(node, 0, size);
	uint16_t set_count = (uint16_t)count;
	memcpy(node, &set_count, 2);
	node[2] = flags | flags_of(sets, count, name_octets == 1);
	node[3] = (uint8_t)(name_octets - 1);
	memcpy(node + NODE_FIXED + 6 * count, relative, name_octets);
	image_writer_flags(w, node[2]);
	k->len += size;
	for (size_t i = 0; i < count; i++) {
		uint32_t set_offset;
		size_t records;
		e = block_rrset(k, &sets[i], &set_offset, &records);
		if (e != OK) return e;
		node = k->data + node_pos; /* the block may have moved */
		memcpy(node + NODE_FIXED + 4 * i, &set_offset, 4);
		memcpy(node + NODE_FIXED + 4 * count + 2 * i, &sets[i].type, 2);
		w->header.record_count += records;
	}
	*out_offset = offset;
	return OK;
}

const struct set_source *image_writer_set(const struct image_writer *w, uint16_t type) {
	for (size_t i = 0; i < w->owner.set_count; i++)
		if (w->owner.sets[i].type == type && w->owner.sets[i].count) return &w->owner.sets[i];
	return NULL;
}

/* Choose the NSEC3 chain: the first NSEC3PARAM with SHA-1, no flags and a sane count of iterations. */
static void choose_nsec3(struct image_writer *w) {
	const struct set_source *set = image_writer_set(w, RR_NSEC3PARAM);
	for (size_t i = 0; set && i < set->count; i++) {
		const uint8_t *p = set->records[i]
		                           .rdata; /* algorithm, flags, iterations, salt length, salt */
		if (p[0] != 1 || p[1] != 0 || load_u16(p + 2) > NSEC3_ITERATIONS_MAX) continue;
		w->header.nsec3_iterations = load_u16(p + 2);
		w->header.nsec3_salt_len = p[4];
		memcpy(w->salt, p + 5, p[4]);
		w->header.flags |= IMAGE_HAS_NSEC3;
		return;
	}
}

enum err image_writer_apex(struct image_writer *w) {
	const struct set_source *soa = image_writer_set(w, RR_SOA);
	if (!soa || !image_writer_set(w, RR_NS)) {
		why_set(w->why, REASON_BAD_ZONE, "the apex has no %s", soa ? "NS" : "SOA");
		return ERR_BADZONE;
	}
	for (size_t i = 1; i < soa->count; i++) {
		const struct collected *r = &soa->records[i];
		if (rdata_compare(RR_SOA, r[-1].rdata, r[-1].rdlength, r->rdata, r->rdlength) == 0) continue;
		why_set(w->why, REASON_BAD_ZONE, "the apex has more than one SOA");
		return ERR_BADZONE;
	}
	if (image_writer_set(w, RR_NSEC)) w->header.flags |= IMAGE_HAS_NSEC;
	choose_nsec3(w);
	return soa_parse(soa->records[0].rdata, soa->records[0].rdlength, &w->header.soa);
}

static bool is_of_chain(const struct image_writer *w, const uint8_t *owner, const struct set_source *set) {
	if (set->type != RR_NSEC3 || !set->count || !nsec3_owner_is_sound(owner)) return false;
	const uint8_t *p = set->records[0].rdata;
	const struct image_header *h = &w->header;
	return p[0] == 1 && load_u16(p + 2) == h->nsec3_iterations && p[4] == h->nsec3_salt_len &&
	       memcmp(p + 5, w->salt, p[4]) == 0;
}

bool image_writer_is_apart(const struct image_writer *w, const uint8_t *owner) {
	return w->owner.set_count == 1 && is_of_chain(w, owner, &w->owner.sets[0]);
}

/* NSEC3 records of the chain in use live apart from the names of the zone (RFC 5155 section 7.2.8). */
enum err image_writer_nsec3(struct image_writer *w, const uint8_t *owner, uint32_t *out_offset) {
	*out_offset = 0;
	if (!(w->header.flags & IMAGE_HAS_NSEC3)) return OK;
	for (size_t i = 0; i < w->owner.set_count; i++) {
		if (!is_of_chain(w, owner, &w->owner.sets[i])) continue;
		enum err e = image_writer_node(w, owner, &w->owner.sets[i], 1, 0, out_offset);
		if (e != OK) return e;
		memmove(&w->owner.sets[i], &w->owner.sets[i + 1],
		        (w->owner.set_count - i - 1) * sizeof(*w->owner.sets));
		w->owner.set_count--;
		return OK;
	}
	return OK;
}

/* Writing messages.  Names are compressed by a table of the suffixes written so far: slots are found by the
 * suffix's hash, computed label by label from the right, and checked against the message's own octets. */
#include <assert.h>
#include <string.h>

#include "dns/message.h"
#include "dns/rdata.h"

#define POINTER_MAX 0x3fff
#define SUFFIXES_MAX                                                                                         \
	40 /* of one name that are remembered, ip6.arpa whole: 127 labels must not fill the table */
#define HASH_FACTOR 0x9e3779b97f4a7c15U

_Static_assert(COMPRESS_SLOTS == 256, "first_slot gives eight bits");

void message_begin(struct encoder *e, uint8_t *buf, size_t cap, size_t limit) {
	e->w = writer_init(buf, limit < cap ? limit : cap);
	e->header = (struct header){ 0 };
	e->limit = (uint16_t)(e->w.cap > MESSAGE_MAX_LEN ? MESSAGE_MAX_LEN : e->w.cap);
	e->w.cap = e->limit;
	e->reserved = 0;
	e->names_used = 0;
	e->question_waits = false;
	if (++e->generation == 0) {
		memset(e->slots, 0, sizeof(e->slots));
		e->generation = 1;
	}
	(void)write_reserve(&e->w, MESSAGE_HEADER_LEN); /* too small a buffer fails the first record */
}

void encoder_reserve(struct encoder *e, uint16_t octets) {
	if (octets > e->w.cap - e->w.len) octets = (uint16_t)(e->w.cap - e->w.len);
	e->reserved = (uint16_t)(e->reserved + octets);
	e->w.cap -= octets;
}

void encoder_unreserve(struct encoder *e, uint16_t octets) {
	if (octets > e->reserved) octets = e->reserved;
	e->reserved = (uint16_t)(e->reserved - octets);
	e->w.cap += octets;
}

/* Of a label in front of `rest`, the hash of what follows it.  Letters of both cases give the same: they differ in
 * one bit, which is set for all octets. */
static uint64_t label_hash(uint64_t rest, const uint8_t *label) {
	const uint8_t *p = label + 1, *end = p + label[0];
	uint64_t h = rest ^ label[0];
	for (; end - p >= 4; p += 4)
		h = (h ^ (load_u32(p) | 0x20202020U)) * HASH_FACTOR;
	for (; p < end; p++)
		h = (h ^ (*p | 0x20U)) * HASH_FACTOR;
	return h * HASH_FACTOR;
}

/* Where the search for a name begins: the upper bits depend on all octets. */
static uint8_t first_slot(uint64_t hash) {
	return (uint8_t)(hash >> 56);
}

/* A suffix to look for: the name, and where the message is known to have it without its first label (0: not known). */
struct suffix {
	const uint8_t *name;
	unsigned rest;
};

/* The name at `offset` of the message, which may go on by a pointer, is that of the suffix. */
static bool matches(const struct encoder *e, unsigned offset, struct suffix s) {
	const uint8_t *base = e->w.data, *at = base + offset, *rest = base + s.rest, *name = s.name;
	for (;;) {
		while (*at >= 0xc0)
			at = base + (load_u16(at) & POINTER_MAX);
		if (at == rest) return name == s.name + 1 + *s.name;
		if (*at != *name) return false;
		if (*at == 0) return true;
		for (unsigned i = 1; i <= *name; i++)
			if (at[i] != name[i] && (e->exact_case || name_lower(at[i]) != name_lower(name[i])))
				return false;
		at += 1 + *at;
		name += 1 + *name;
	}
}

/* Slot that holds the suffix, or the empty one where it belongs; the table is never full. */
static unsigned find_slot(const struct encoder *e, unsigned slot, struct suffix s) {
	while (e->slots[slot].generation == e->generation && !matches(e, e->slots[slot].offset, s))
		slot = (slot + 1) & (COMPRESS_SLOTS - 1);
	return slot;
}

/* A name taken apart: where its labels start, and in which slot the search for each suffix begins. */
struct taken {
	unsigned labels;
	uint8_t offsets[NAME_MAX_LABELS + 1];
	uint8_t firsts[NAME_MAX_LABELS + 1];
};

/* Remember the suffixes of a name that stands from `pos` on: labels 0 … count - 1 are new. */
static void remember(struct encoder *e, const uint8_t *name, const struct taken *t, unsigned count,
                     size_t pos) {
	for (unsigned i = t->labels > SUFFIXES_MAX ? t->labels - SUFFIXES_MAX : 0; i < count; i++) {
		size_t offset = pos + t->offsets[i];
		if (offset > POINTER_MAX || e->names_used >= COMPRESS_SLOTS / 2) return;
		unsigned slot = find_slot(e, t->firsts[i], (struct suffix){ name + t->offsets[i], 0 });
		if (e->slots[slot].generation == e->generation) continue;
		e->slots[slot].generation = e->generation;
		e->slots[slot].offset = (uint16_t)offset;
		e->used[e->names_used++] = (uint8_t)slot;
	}
}

static void remember_question(struct encoder *e) {
	struct taken t;
	uint64_t hash = 0;
	const uint8_t *name = e->w.data + MESSAGE_HEADER_LEN;
	e->question_waits = false;
	t.labels = name_offsets(name, t.offsets);
	for (unsigned i = t.labels; i-- > 0;) {
		hash = label_hash(hash, name + t.offsets[i]);
		t.firsts[i] = first_slot(hash);
	}
	remember(e, name, &t, t.labels, MESSAGE_HEADER_LEN);
}

static void write_name(struct encoder *e, const uint8_t *name) {
	struct taken t;
	uint64_t hash = 0;
	unsigned pointer = 0; /* to the suffix from label `known` on; labels before that are new */
	if (e->question_waits) remember_question(e);
	t.labels = name_offsets(name, t.offsets);
	unsigned known = t.labels;
	for (unsigned i = t.labels; i-- > 0;) {
		const uint8_t *label = name + t.offsets[i];
		hash = label_hash(hash, label);
		t.firsts[i] = first_slot(hash);
		if (known != i + 1) continue; /* a longer suffix can't be there without the shorter one */
		unsigned slot = find_slot(e, t.firsts[i], (struct suffix){ label, pointer });
		if (e->slots[slot].generation != e->generation) continue;
		known = i;
		pointer = e->slots[slot].offset;
	}
	size_t pos = e->w.len;
	name_write(&e->w, name, t.offsets[known]);
	if (known < t.labels)
		write_u16(&e->w, (uint16_t)(0xc000U | pointer));
	else
		write_u8(&e->w, 0);
	if (!e->w.failed) remember(e, name, &t, known, pos);
}

void message_question(struct encoder *e, const struct question *q) {
	name_write(&e->w, q->name.wire, q->name.len);
	write_u16(&e->w, q->type);
	write_u16(&e->w, q->class);
	e->question_waits = !e->w.failed && e->header.qdcount == 0;
	e->header.qdcount++;
}

struct encoder_mark encoder_mark(const struct encoder *e) {
	return (struct encoder_mark){ e->w.len,          e->header.ancount, e->header.nscount,
		                      e->header.arcount, e->names_used,     e->question_waits };
}

/* The newest entries are taken out in reverse order, which leaves every probe sequence as it was before them. */
void encoder_rewind(struct encoder *e, struct encoder_mark mark) {
	while (e->names_used > mark.names_used)
		e->slots[e->used[--e->names_used]].generation = 0;
	e->question_waits = mark.question_waits;
	e->w.len = mark.len;
	e->w.failed = false;
	e->header.ancount = mark.ancount;
	e->header.nscount = mark.nscount;
	e->header.arcount = mark.arcount;
}

static void write_rdata(struct encoder *e, const struct rr *rr) {
	if (!rrtype_has(rrtype_info(rr->type), RRF_COMPRESS)) {
		write_bytes(&e->w, rr->rdata, rr->rdlength);
		return;
	}
	struct rdata_part parts[RDATA_PARTS_MAX];
	unsigned count = rdata_split(rr->type, rr->rdata, rr->rdlength, parts);
	for (unsigned i = 0; i < count; i++) {
		if (parts[i].is_compressible_name)
			write_name(e, parts[i].data);
		else
			write_bytes(&e->w, parts[i].data, parts[i].len);
	}
}

static void count_record(struct header *h, enum section section) {
	switch (section) {
	case SECTION_ANSWER: h->ancount++; break;
	case SECTION_AUTHORITY: h->nscount++; break;
	case SECTION_ADDITIONAL: h->arcount++; break;
	}
}

/* What follows the owner.  On failure the message is as it was at the mark. */
static enum err write_rr(struct encoder *e, struct encoder_mark mark, enum section section,
                         const struct rr *rr) {
	uint8_t *fixed = write_reserve(&e->w, 10);
	size_t rdata_pos = e->w.len;
	write_rdata(e, rr);
	if (e->w.failed) {
		encoder_rewind(e, mark);
		return ERR_SPACE;
	}
	store_u16(fixed, rr->type);
	store_u16(fixed + 2, rr->class);
	store_u32(fixed + 4, rr->ttl_s);
	store_u16(fixed + 8, (uint16_t)(e->w.len - rdata_pos));
	count_record(&e->header, section);
	return OK;
}

enum err message_record(struct encoder *e, enum section section, const uint8_t *owner, const struct rr *rr) {
	struct encoder_mark mark = encoder_mark(e);
	write_name(e, owner);
	return write_rr(e, mark, section, rr);
}

enum err message_record_at(struct encoder *e, enum section section, uint16_t owner_offset,
                           const struct rr *rr) {
	struct encoder_mark mark = encoder_mark(e);
	write_u16(&e->w, (uint16_t)(0xc000U | owner_offset));
	return write_rr(e, mark, section, rr);
}

enum err message_opt(struct encoder *e, const struct edns *edns) {
	uint8_t *p = write_reserve(&e->w, 11U + edns->options_len);
	if (!p) {
		e->w.failed = false;
		return ERR_SPACE;
	}
	p[0] = 0;
	store_u16(p + 1, RR_OPT);
	store_u16(p + 3, edns->udp_size);
	p[5] = edns->rcode_high;
	p[6] = edns->version;
	store_u16(p + 7, edns->dnssec_ok ? 0x8000 : 0);
	store_u16(p + 9, edns->options_len);
	if (edns->options_len) memcpy(p + 11, edns->options, edns->options_len);
	e->header.arcount++;
	return OK;
}

size_t message_end(struct encoder *e) {
	const struct header *h = &e->header;
	uint8_t *p = e->w.data;
	store_u16(p, h->id);
	store_u16(p + 2, h->flags);
	store_u16(p + 4, h->qdcount);
	store_u16(p + 6, h->ancount);
	store_u16(p + 8, h->nscount);
	store_u16(p + 10, h->arcount);
	return e->w.len;
}

size_t message_query(uint8_t *buf, size_t cap, uint16_t id, uint16_t flags, const struct question *q,
                     uint16_t udp_size, bool dnssec_ok) {
	struct writer w = writer_init(buf, cap);
	struct header h = { .id = id, .flags = flags, .qdcount = 1, .arcount = udp_size ? 1 : 0 };
	header_write(&w, &h);
	write_bytes(&w, q->name.wire, q->name.len);
	write_u16(&w, q->type);
	write_u16(&w, q->class);
	if (udp_size) {
		write_u8(&w, 0);
		write_u16(&w, RR_OPT);
		write_u16(&w, udp_size);
		write_u32(&w, dnssec_ok ? 0x8000 : 0);
		write_u16(&w, 0);
	}
	return w.failed ? 0 : w.len;
}

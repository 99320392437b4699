/* Writing messages; how names become short is compress.c's. */
#include <string.h>

#include "dns/message.h"
#include "dns/rdata.h"

void message_begin(struct encoder *e, uint8_t *buf, size_t cap, size_t limit) {
	e->w = writer_init(buf, limit < cap ? limit : cap);
	e->header = (struct header){ 0 };
	e->limit = (uint16_t)(e->w.cap > MESSAGE_MAX_LEN ? MESSAGE_MAX_LEN : e->w.cap);
	e->w.cap = e->limit;
	e->reserved = 0;
	compress_begin(&e->names);
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

void message_question(struct encoder *e, const struct question *q) {
	name_write(&e->w, q->name.wire, q->name.len);
	write_u16(&e->w, q->type);
	write_u16(&e->w, q->class);
	if (!e->w.failed && e->header.qdcount == 0) compress_question(&e->names);
	e->header.qdcount++;
}

struct encoder_mark encoder_mark(const struct encoder *e) {
	return (struct encoder_mark){ e->w.len, e->header.ancount, e->header.nscount, e->header.arcount,
		                      compress_mark(&e->names) };
}

void encoder_rewind(struct encoder *e, struct encoder_mark mark) {
	compress_rewind(&e->names, mark.names);
	e->w.len = mark.len;
	e->w.failed = false;
	e->header.ancount = mark.ancount;
	e->header.nscount = mark.nscount;
	e->header.arcount = mark.arcount;
}

/* Fields up to the last name: names, and numbers before them. */
static void write_compressed(struct encoder *e, const char *layout, const uint8_t *rdata, size_t len) {
	const uint8_t *at = rdata, *end = rdata + len;
	for (; *layout == 'n' || *layout == '2'; layout++) {
		if (*layout == 'n') {
			at += compress_write(&e->names, &e->w, at);
		} else {
			write_bytes(&e->w, at, 2);
			at += 2;
		}
	}
	if (at < end) write_bytes(&e->w, at, (size_t)(end - at));
}

static void write_rdata(struct encoder *e, const struct rr *rr) {
	const struct rrtype_info *info = rrtype_info(rr->type);
	if (rrtype_has(info, RRF_COMPRESS) && rr->rdlength > 0)
		write_compressed(e, info->layout, rr->rdata, rr->rdlength);
	else
		write_bytes(&e->w, rr->rdata, rr->rdlength);
}

static void count_record(struct header *h, enum section section) {
	switch (section) {
	case SECTION_ANSWER: h->ancount++; break;
	case SECTION_AUTHORITY: h->nscount++; break;
	case SECTION_ADDITIONAL: h->arcount++; break;
	}
}

/* What a record that does not fit leaves behind. */
struct place {
	size_t len;
	struct compress_mark names;
};

static struct place place_of(const struct encoder *e) {
	return (struct place){ e->w.len, compress_mark(&e->names) };
}

/* What follows the owner; its fixed part has room at `fixed`, if anything has.  On failure the message is as it was at
 * the place. */
static enum err write_rr(struct encoder *e, const struct place *from, uint8_t *fixed, enum section section,
                         const struct rr *rr) {
	size_t rdata_pos = e->w.len;
	write_rdata(e, rr);
	if (e->w.failed) {
		compress_rewind(&e->names, from->names);
		e->w.len = from->len;
		e->w.failed = false;
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
	struct place from = place_of(e);
	(void)compress_write(&e->names, &e->w, owner); /* its length is of no interest */
	uint8_t *fixed = write_reserve(&e->w, 10);
	return write_rr(e, &from, fixed, section, rr);
}

enum err message_record_at(struct encoder *e, enum section section, uint16_t owner_offset,
                           const struct rr *rr) {
	struct place from = place_of(e);
	uint8_t *at = write_reserve(&e->w, 12);
	if (at) store_u16(at, (uint16_t)(0xc000U | owner_offset));
	return write_rr(e, &from, at ? at + 2 : NULL, section, rr);
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

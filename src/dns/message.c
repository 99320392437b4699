/* Taking messages apart (RFC 1035 section 4, RFC 6891 section 6). */
#include "dns/message.h"

#include <string.h>

#include "dns/rdata.h"

#define EXTRAS_MAX 32 /* no request has use for more; reading them all would cost milliseconds */
#define READ_MAX (MESSAGE_MAX_LEN + 8 * NAME_MAX_LEN) /* record data with its names written out */

enum err header_read(struct reader *r, struct header *out_header) {
	const uint8_t *p = read_bytes(r, MESSAGE_HEADER_LEN);
	if (!p) return ERR_SHORT;
	*out_header = (struct header){ load_u16(p),     load_u16(p + 2), load_u16(p + 4),
		                       load_u16(p + 6), load_u16(p + 8), load_u16(p + 10) };
	return OK;
}

void header_write(struct writer *w, const struct header *h) {
	write_u16(w, h->id);
	write_u16(w, h->flags);
	write_u16(w, h->qdcount);
	write_u16(w, h->ancount);
	write_u16(w, h->nscount);
	write_u16(w, h->arcount);
}

/* A question whose name is not compressed, as nearly all are.  False: it's something else, and nothing was done. */
static bool read_plain_question(struct reader *r, struct question *out) {
	size_t left = reader_left(r);
	const uint8_t *at = r->data + r->pos;
	size_t len = name_check(at, left);
	if (len == 0 || left - len < 4) return false;
	out->name.len = (uint8_t)len;
	name_move(out->name.wire, at, len);
	out->type = load_u16(at + len);
	out->class = load_u16(at + len + 2);
	r->pos += len + 4;
	return true;
}

enum err question_read(struct reader *r, struct question *out_question) {
	if (read_plain_question(r, out_question)) return OK;
	struct question q;
	enum err e = name_read(r, &q.name);
	if (e != OK) return e;
	q.type = read_u16(r);
	q.class = read_u16(r);
	if (r->failed) return ERR_SHORT;
	out_question->type = q.type;
	out_question->class = q.class;
	out_question->name.len = q.name.len;
	name_move(out_question->name.wire, q.name.wire, q.name.len);
	return OK;
}

enum err record_read(struct reader *r, struct record *out_record) {
	struct name owner;
	enum err e = name_read(r, &owner);
	if (e != OK) return e;
	const uint8_t *p = read_bytes(r, 10);
	if (!p || !read_bytes(r, load_u16(p + 8))) return ERR_SHORT;
	uint32_t ttl_s = load_u32(p + 4);
	name_move(out_record->owner.wire, owner.wire, owner.len); /* not all of its 255 octets */
	out_record->owner.len = owner.len;
	out_record->type = load_u16(p);
	out_record->class = load_u16(p + 2);
	out_record->ttl_s = ttl_s > INT32_MAX ? 0 : ttl_s;
	out_record->rdlength = load_u16(p + 8);
	out_record->rdata_pos = r->pos - out_record->rdlength;
	return OK;
}

bool edns_option_next(const struct edns *e, unsigned *pos, uint16_t *out_code, const uint8_t **out_data,
                      uint16_t *out_len) {
	if (*pos + 4U > e->options_len) return false;
	const uint8_t *p = e->options + *pos;
	uint16_t len = load_u16(p + 2);
	if (len > e->options_len - *pos - 4U) return false;
	*out_code = load_u16(p);
	*out_data = p + 4;
	*out_len = len;
	*pos += 4U + len;
	return true;
}

static bool options_are_sound(const struct edns *e) {
	unsigned pos = 0;
	uint16_t code, len;
	const uint8_t *data;
	while (edns_option_next(e, &pos, &code, &data, &len))
		continue;
	return pos == e->options_len;
}

/* Step over a name without putting it together; pointers are followed only by those who need the name. */
static enum err name_step(struct reader *r) {
	size_t start = r->pos;
	for (;;) {
		uint8_t len = read_u8(r);
		if (r->failed) return ERR_SHORT;
		if (len == 0) break;
		if (len >= 0xc0) {
			(void)read_u8(r); /* failed tells */
			break;
		}
		if (len > LABEL_MAX_LEN) return ERR_NAME;
		if (!read_bytes(r, len)) return ERR_SHORT;
	}
	return r->failed ? ERR_SHORT : r->pos - start > NAME_MAX_LEN ? ERR_NAME : OK;
}

static enum err step_question(struct reader *r) {
	enum err e = name_step(r);
	return e != OK || read_bytes(r, 4) ? e : ERR_SHORT;
}

/* RFC 6891 section 6.1.2. */
static enum err take_opt(struct message *m, bool owner_is_root, const uint8_t *fixed) {
	bool is_first = !m->edns.present;
	struct edns e = { .present = true,
		          .udp_size = load_u16(fixed + 2),
		          .rcode_high = fixed[4],
		          .version = fixed[5],
		          .dnssec_ok = fixed[6] & 0x80,
		          .options = fixed + 10,
		          .options_len = load_u16(fixed + 8) };
	if (e.udp_size < 512) e.udp_size = 512;
	bool is_sound = is_first && owner_is_root && options_are_sound(&e);
	if (!is_sound) e.options_len = 0; /* FORMERR then has an OPT (section 7) */
	e.faulty = !is_sound;
	m->edns = e;
	return is_sound ? OK : ERR_MALFORMED;
}

static enum err step_record(struct message *m, struct reader *r, bool in_additional, bool is_last) {
	size_t start = r->pos;
	enum err e = name_step(r);
	if (e != OK) return e;
	bool owner_is_root = r->pos - start == 1;
	const uint8_t *fixed = read_bytes(r, 10);
	if (!fixed) return ERR_SHORT;
	uint16_t type = load_u16(fixed), rdlength = load_u16(fixed + 8);
	if (!read_bytes(r, rdlength)) return ERR_SHORT;
	if (type == RR_OPT) return in_additional ? take_opt(m, owner_is_root, fixed) : ERR_MALFORMED;
	if (type != RR_TSIG) return OK;
	if (!in_additional || !is_last) return ERR_MALFORMED; /* RFC 8945 section 5.1 */
	m->tsig_pos = start;
	m->tsig_arcount = (uint16_t)(m->header.arcount - 1);
	return OK;
}

static enum err step_records(struct message *m, struct reader *r) {
	const struct header *h = &m->header;
	unsigned before = (unsigned)h->ancount + h->nscount, total = before + h->arcount;
	for (unsigned i = 0; i < total; i++) {
		enum err e = step_record(m, r, i >= before, i + 1 == total);
		if (e != OK) return e;
	}
	return r->pos == r->len ? OK : ERR_MALFORMED;
}

enum err message_parse(const uint8_t *data, size_t len, struct message *out_message) {
	struct message *m = out_message;
	struct reader r = reader_init(data, len);
	m->data = data;
	m->len = len;
	m->edns = (struct edns){ .present = false };
	m->tsig_pos = 0;
	m->tsig_arcount = 0;
	m->question.name.len = 0;
	enum err e = header_read(&r, &m->header);
	if (e != OK) return e;
	if (m->header.qdcount > 0) e = question_read(&r, &m->question);
	for (unsigned i = 1; i < m->header.qdcount && e == OK; i++)
		e = step_question(&r);
	if (e != OK) return e;
	m->answer_pos = r.pos;
	return step_records(m, &r);
}

static bool extra_is_sound(struct reader *r) {
	uint8_t octets[READ_MAX];
	struct writer w = writer_init(octets, sizeof(octets));
	struct record record;
	if (record_read(r, &record) != OK) return false;
	if (record.type == RR_OPT || record.type == RR_TSIG) return true; /* message_parse looked at them */
	/* NXNAME is none either, but servers that do not know it step over it. */
	bool is_meta = rrtype_has(rrtype_info(record.type), RRF_META) && record.type != RR_NXNAME;
	if (record.type == 0 || is_meta) return false;
	struct reader data = *r;
	data.pos = record.rdata_pos;
	return rdata_read(&data, record.type, record.rdlength, &w) == OK;
}

bool message_extras_sound(const struct message *m) {
	const struct header *h = &m->header;
	unsigned count = (unsigned)h->ancount + h->nscount + h->arcount;
	unsigned known = (m->edns.present ? 1U : 0U) + (m->tsig_pos ? 1U : 0U);
	struct reader r = reader_init(m->data, m->len);
	if (count <= known) return true;
	if (count > known + EXTRAS_MAX) return false;
	r.pos = m->answer_pos;
	for (unsigned i = 0; i < count; i++)
		if (!extra_is_sound(&r)) return false;
	return true;
}

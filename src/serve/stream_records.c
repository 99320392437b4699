/* The records of a transfer: which is next, and how it gets into the message.
 *
 * Records of a zone are written straight from the image to the message where it has room for the record at its longest
 * and the type is one of the many that are copied, or of the few whose name is compressed here; all else goes through
 * the encoder. */
#include "serve/stream.h"

#include "serve/encode.h"

#define RECORD_FIXED_LEN 10 /* type, class, TTL, length of the data */

/* -- which record is next ------------------------------------------------------------------------------------ */

static enum stream_form form_of(uint16_t type) {
	switch (type) {
	case RR_NS:
	case RR_CNAME:
	case RR_PTR: return STREAM_NAME;
	case RR_MX: return STREAM_NUMBER_NAME;
	default: return rrtype_has(rrtype_info(type), RRF_COMPRESS) ? STREAM_ELSE : STREAM_COPY;
	}
}

static void load_set(struct serve_stream *s, const struct rrset *set) {
	s->set = *set;
	s->next = set->rdatas;
	s->left = set->count;
	s->in_signatures = false;
	s->form = form_of(set->type);
}

static void load_node(struct serve_stream *s, struct node node) {
	s->node = node;
	s->place = 0;
	s->left = 0;
	s->in_signatures = true; /* nothing is loaded yet */
	s->relative = node_relative(node, &s->relative_len);
	s->owner_offset = 0;
}

/* The SOA opens and closes the stream; only its signatures stand in between (RFC 5936 section 2.2). */
static void load_place(struct serve_stream *s) {
	struct rrset set;
	node_rrset_at(s->node, s->place++, &set);
	load_set(s, &set);
	if (set.type == RR_SOA) s->left = 0;
}

static void load_soa(struct serve_stream *s) {
	struct rrset set;
	load_node(s, zone_apex(s->version));
	if (!node_rrset(s->node, RR_SOA, &set)) return; /* no image is without one */
	set.sig_count = 0;
	load_set(s, &set);
}

/* The next record of the steps.  False: there is none. */
static bool load_step_record(struct serve_stream *s) {
	struct stream_steps *t = &s->steps;
	struct change_record r;
	while (!change_next(t->changes->steps[t->step], t->side, &t->walk, &r)) {
		t->walk = (struct change_walk){ 0 };
		if (t->side == CHANGE_ADDED && ++t->step == t->changes->count) return false;
		t->side = t->side == CHANGE_REMOVED ? CHANGE_ADDED : CHANGE_REMOVED;
	}
	uint8_t len = (uint8_t)(name_len(r.owner) - 1);
	if (!s->relative || s->relative_len != len || memcmp(s->relative, r.owner, len) != 0)
		s->owner_offset = 0;
	s->relative = r.owner;
	s->relative_len = len;
	t->rr = (struct rr){ r.type, CLASS_IN, r.ttl_s, r.rdata, r.rdlength };
	s->left = 1;
	return true;
}

void stream_begin_phase(struct serve_stream *s, enum stream_phase phase) {
	s->phase = phase;
	s->left = 0;
	if (phase == STREAM_OPEN || phase == STREAM_CLOSE) load_soa(s);
	if (phase == STREAM_STEPS) s->relative = NULL;
	if (phase == STREAM_ZONE) {
		s->walk = (struct zone_walk){ 0 };
		s->node.at = NULL;
		s->in_signatures = true;
	}
}

/* Within the zone: to the signatures of the RRset, the next RRset, the next node.  False: all were sent. */
static bool advance_in_zone(struct serve_stream *s) {
	struct node node;
	if (!s->in_signatures) {
		s->in_signatures = true;
		s->next = s->set.sigs;
		s->left = s->set.sig_count;
		s->form = STREAM_COPY;
		return true;
	}
	if (node_found(s->node) && s->place < node_rrset_count(s->node)) {
		load_place(s);
		return true;
	}
	if (!zone_walk_next(s->version, &s->walk, &node)) return false;
	load_node(s, node);
	return true;
}

bool stream_advance(struct serve_stream *s) {
	while (s->left == 0) {
		switch (s->phase) {
		case STREAM_OPEN: stream_begin_phase(s, s->steps.changes ? STREAM_STEPS : STREAM_ZONE); break;
		case STREAM_STEPS:
			if (!load_step_record(s)) stream_begin_phase(s, STREAM_CLOSE);
			break;
		case STREAM_ZONE:
			if (!advance_in_zone(s)) stream_begin_phase(s, STREAM_CLOSE);
			break;
		case STREAM_CLOSE: s->phase = STREAM_END; return false;
		case STREAM_END: return false;
		}
	}
	return true;
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

/* The owner is written once and then pointed to, as long as it stays the same. */
static enum err write_record(struct serve_stream *s, const struct rr *rr) {
	struct encoder *e = &s->encoder;
	struct name owner;
	size_t pos = e->w.len;
	if (s->relative_len == 0 && s->owner_offset == 0) s->owner_offset = s->names.apex_at;
	if (s->owner_offset) return message_record_at(e, SECTION_ANSWER, s->owner_offset, rr);
	const uint8_t *apex = version_apex(s->version);
	size_t apex_len = name_len(apex);
	if (s->relative_len + apex_len > NAME_MAX_LEN) return ERR_NAME; /* no zone that we serve has such */
	memcpy(owner.wire, s->relative, s->relative_len);
	memcpy(owner.wire + s->relative_len, apex, apex_len);
	enum err err = message_record(e, SECTION_ANSWER, owner.wire, rr);
	if (err == OK) s->owner_offset = encode_owner_offset(e, pos);
	return err;
}

static struct rr zone_record(const struct serve_stream *s, const uint8_t **next) {
	struct rr rr = { .type = s->in_signatures ? RR_RRSIG : s->set.type,
		         .class = CLASS_IN,
		         .ttl_s = s->in_signatures ? s->set.sig_ttl_s : s->set.ttl_s };
	rr.rdata = rrset_next(next, &rr.rdlength);
	return rr;
}

/* One record, with whatever care it needs. */
static enum err put_record(struct serve_stream *s) {
	const uint8_t *next = s->next;
	struct rr rr = s->phase == STREAM_STEPS ? s->steps.rr : zone_record(s, &next);
	enum err err = write_record(s, &rr);
	if (err != OK) return err;
	s->next = next;
	s->left--;
	s->records++;
	return OK;
}

static uint8_t *put_owner(struct serve_stream *s, uint8_t *p) {
	const uint8_t *base = s->encoder.w.data;
	if (s->owner_offset) {
		store_u16(p, (uint16_t)(0xc000U | s->owner_offset));
		return p + 2;
	}
	uint8_t *end = stream_names_owner(&s->names, base, p, s->relative, s->relative_len);
	s->owner_offset = encode_owner_offset(&s->encoder, (size_t)(p - base));
	return end;
}

static uint8_t *put_data(struct serve_stream *s, uint8_t *p, const uint8_t *data, uint16_t len) {
	const uint8_t *base = s->encoder.w.data;
	switch (s->form) {
	case STREAM_NAME: return stream_names_data(&s->names, base, p, data, len);
	case STREAM_NUMBER_NAME:
		memcpy(p, data, 2);
		return stream_names_data(&s->names, base, p + 2, data + 2, len - 2U);
	case STREAM_COPY:
	case STREAM_ELSE: break;
	}
	if (len == 4) /* addresses are most of what there is, and known lengths cost next to nothing */
		memcpy(p, data, 4);
	else if (len == 16)
		memcpy(p, data, 16);
	else
		name_move(p, data, len);
	return p + len;
}

/* Records of the RRset in work, while each has room at its longest.  Returns how many. */
static unsigned put_records(struct serve_stream *s, size_t goal) {
	struct writer *w = &s->encoder.w;
	uint8_t fixed[8];
	unsigned count = 0;
	store_u16(fixed, s->in_signatures ? RR_RRSIG : s->set.type);
	store_u16(fixed + 2, CLASS_IN);
	store_u32(fixed + 4, s->in_signatures ? s->set.sig_ttl_s : s->set.ttl_s);
	for (; s->left > 0 && w->len < goal; count++, s->left--) {
		uint16_t len;
		const uint8_t *next = s->next, *data = rrset_next(&next, &len);
		if (w->cap - w->len < (size_t)NAME_MAX_LEN + RECORD_FIXED_LEN + len) break;
		uint8_t *p = put_owner(s, w->data + w->len);
		memcpy(p, fixed, sizeof(fixed));
		uint8_t *end = put_data(s, p + RECORD_FIXED_LEN, data, len);
		store_u16(p + sizeof(fixed), (uint16_t)(end - p - RECORD_FIXED_LEN));
		w->len = (size_t)(end - w->data);
		s->next = next;
	}
	s->encoder.header.ancount = (uint16_t)(s->encoder.header.ancount + count);
	s->records += count;
	return count;
}

enum err stream_put(struct serve_stream *s, size_t goal) {
	enum err err = OK;
	while (err == OK && s->encoder.w.len < goal && stream_advance(s)) {
		bool is_plain = s->phase == STREAM_ZONE && s->form != STREAM_ELSE;
		if (!is_plain || put_records(s, goal) == 0) err = put_record(s);
	}
	return err;
}

#include "serve/encode.h"

#define POINTER_REACH 0x3fffU /* RFC 1035 section 4.1.4 */

uint16_t encode_owner_offset(const struct encoder *e, size_t pos) {
	const uint8_t *at = e->w.data + pos;
	if (*at >= 0xc0)
		return load_u16(at) & POINTER_REACH; /* the name itself is a pointer: point where it does */
	return pos <= POINTER_REACH ? (uint16_t)pos : 0;
}

/* An owner on its way into the message: written out once, pointed to afterwards. */
struct owner {
	const uint8_t *name;
	uint16_t offset;
};

static enum err put(struct encoder *e, enum section section, struct owner *o, uint16_t type, uint32_t ttl_s,
                    const uint8_t *rdata, uint16_t len) {
	const struct rr rr = { type, CLASS_IN, ttl_s, rdata, len };
	if (o->offset) return message_record_at(e, section, o->offset, &rr);
	size_t pos = e->w.len;
	enum err err = message_record(e, section, o->name, &rr);
	if (err == OK) o->offset = encode_owner_offset(e, pos);
	return err;
}

static enum err put_records(struct encoder *e, const struct plan_item *item, struct owner *o, bool dnssec) {
	enum section section = (enum section)item->section;
	const struct rrset *set = &item->set;
	enum err err = OK;
	uint16_t len;
	const uint8_t *next = set->rdatas;
	for (unsigned i = 0; i < set->count && err == OK; i++) {
		const uint8_t *rdata = rrset_next(&next, &len);
		err = put(e, section, o, set->type, set->ttl_s, rdata, len);
	}
	if (!dnssec) return err;
	next = set->sigs;
	/* The TTL of signatures is that of what they cover (RFC 4034 section 3), lowered with it too. */
	for (unsigned i = 0; i < set->sig_count && err == OK; i++) {
		const uint8_t *rdata = rrset_next(&next, &len);
		err = put(e, section, o, RR_RRSIG, set->ttl_s, rdata, len);
	}
	return err;
}

static bool put_item(struct encoder *e, const struct plan_item *item, bool dnssec) {
	struct encoder_mark mark = encoder_mark(e);
	struct owner o = { item->owner.name, item->owner.offset };
	struct name own;
	if (!o.offset && !o.name) {
		node_owner(item->node, &own);
		o.name = own.wire;
	}
	if (put_records(e, item, &o, dnssec) == OK) return true;
	encoder_rewind(e, mark);
	return false;
}

/* The additional section.  A referral to name servers beside it that leaves room for none of their addresses would lead
 * nowhere: as for glue that is always needed, the client is sent to TCP. */
static bool put_additional(struct encoder *e, const struct plan *p, bool dnssec) {
	bool has_address = false, lacks_glue = false;
	for (unsigned i = 0; i < p->count; i++) {
		const struct plan_item *item = &p->items[i];
		if (item->section != SECTION_ADDITIONAL) continue;
		bool fits = put_item(e, item, dnssec);
		if (!fits && item->need == NEED_ALWAYS) return false;
		has_address |= fits;
		lacks_glue |= !fits && item->need == NEED_SIBLING;
	}
	return has_address || !lacks_glue || !p->cut;
}

bool encode_plan(struct encoder *e, const struct plan *p, bool dnssec) {
	for (unsigned section = SECTION_ANSWER; section <= SECTION_AUTHORITY; section++) {
		for (unsigned i = 0; i < p->count; i++)
			if (p->items[i].section == section && !put_item(e, &p->items[i], dnssec))
				return false;
	}
	return put_additional(e, p, dnssec) && !p->overflow;
}

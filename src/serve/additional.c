/* What an answer's names are good for (RFC 1034 section 4.3.2 step 6), in the order of need: glue that a referral
 * can't do without (RFC 9471 section 3.1), then everything else, which may be left out: addresses, and for
 * SVCB and HTTPS the records of the same type at their targets (RFC 9460 section 4.1). */
#include "serve/answer.h"

/* Names that are looked up as a courtesy for one answer.  Messages of 65,535 octets hold more, but nobody needs them:
 * the bound keeps an answer's cost from growing with an RRset's size.  A referral may need its siblings: as many as there
 * may be addresses. */
#define COURTESY_NAMES_MAX 64
#define SIBLING_NAMES_MAX PLAN_ITEMS_MAX

static bool wants_addresses(uint16_t type) {
	/* The types that most answers consist of are decided without a look into the table. */
	if (type == RR_A || type == RR_AAAA || type == RR_SOA || type == RR_TXT || type == RR_DS)
		return false;
	return rrtype_has(rrtype_info(type), RRF_ADDITIONAL);
}

static bool is_service(uint16_t type) {
	return type == RR_SVCB || type == RR_HTTPS;
}

/* Of a referral only its NS RRset names anything, and no name twice: what is added for it is not there yet. */
static void add_to_referral(struct plan *p, struct node n, struct plan_owner owner, enum plan_need need) {
	const uint16_t types[] = { RR_A, RR_AAAA };
	struct rrset set;
	if (!node_found(n)) return;
	for (unsigned i = 0; i < 2; i++)
		if (node_rrset(n, types[i], &set)) plan_append_additional(p, &set, n, owner, need);
}

/* wanted_by: the type of the record that names n. */
static void add_addresses(struct plan *p, struct node n, struct plan_owner owner, uint16_t wanted_by,
                          enum plan_need need) {
	const uint16_t types[] = { RR_A, RR_AAAA, wanted_by };
	struct rrset set;
	if (p->cut) {
		add_to_referral(p, n, owner, need);
		return;
	}
	if (!node_found(n)) return;
	for (unsigned i = 0; i < (is_service(wanted_by) ? 3 : 2); i++)
		/* Looked for first: to find an RRset's signatures takes a walk over its records. */
		if (!plan_has(p, n, types[i]) && node_rrset(n, types[i], &set))
			(void)plan_add_additional(p, &set, n, owner, need); /* overflow is noted there */
}

/* The addresses of a name of the zone; those below a cut only for name servers. */
static void add_addresses_of(struct plan *p, const struct zone_version *v, const uint8_t *name,
                             uint16_t type) {
	struct lookup l;
	struct plan_owner owner = { name, 0 };
	zone_lookup(v, name, &l);
	switch (l.kind) {
	case LOOKUP_EXACT:
	case LOOKUP_WILDCARD: add_addresses(p, l.node, owner, type, NEED_COURTESY); break;
	case LOOKUP_CUT:
		if (type == RR_NS) add_addresses(p, zone_find(v, name), owner, type, NEED_SIBLING);
		break;
	case LOOKUP_DNAME:
	case LOOKUP_NONE: break;
	}
}

/* "." as the target in ServiceMode is the owner itself (RFC 9460 section 2.5.2). */
static bool names_itself(uint16_t type, const uint8_t *rdata, const uint8_t *name) {
	return is_service(type) && *name == 0 && load_u16(rdata) > 0;
}

/* Most name servers are not in the zone that names them: then there is nothing to find, and this is all that is read. */
static bool names_none_here(const struct plan_item *item) {
	const uint8_t *apex = version_apex(item->version), *next = item->set.rdatas;
	uint8_t apex_len = item->version->image.header->apex_len;
	uint16_t len;
	if (item->set.type != RR_NS) return false;
	for (unsigned i = 0; i < item->set.count; i++) {
		const uint8_t *name = rrset_next(&next, &len); /* it is all of the record's data */
		if (name_ends_with(name, len, apex, apex_len)) return false;
	}
	return true;
}

/* Glue below the cut of a referral. */
static void add_glue(struct plan *p, const struct plan_item *item) {
	const uint8_t *next = item->set.rdatas;
	for (unsigned i = 0; i < item->set.count && !p->overflow; i++) {
		uint16_t len;
		const uint8_t *name = rrset_next(&next, &len);
		if (name_is_within(name, p->cut))
			add_addresses(p, zone_find(item->version, name), (struct plan_owner){ name, 0 },
			              RR_NS, NEED_ALWAYS);
	}
}

/* Everything else that item names.  Returns how many names were looked up, at most max. */
static unsigned add_courtesy(struct plan *p, const struct plan_item *item, unsigned max) {
	unsigned done = 0;
	uint16_t len, type = item->set.type;
	const struct zone_version *v = item->version;
	const uint8_t *next = item->set.rdatas;
	for (unsigned i = 0; i < item->set.count && done < max; i++) {
		const uint8_t *rdata = rrset_next(&next, &len);
		const uint8_t *name = rdata_additional_name(type, rdata, len);
		if (!name || (p->cut && name_is_within(name, p->cut))) continue;
		done++;
		if (names_itself(type, rdata, name))
			add_addresses(p, item->node, item->owner, type, NEED_COURTESY);
		else if (name_is_within(name, version_apex(v)))
			add_addresses_of(p, v, name, type);
	}
	return done;
}

void additional_plan(struct plan *p) {
	unsigned count = p->count, courtesies = 0; /* what is added here asks for nothing */
	unsigned most = p->cut ? SIBLING_NAMES_MAX : COURTESY_NAMES_MAX;
	for (unsigned i = 0; i < count; i++) {
		if (!wants_addresses(p->items[i].set.type)) continue;
		struct plan_item item = p->items[i]; /* a copy: more are added behind it */
		unsigned left = most - courtesies;
		if (names_none_here(&item)) {
			courtesies += item.set.count < left ? item.set.count : left;
			continue;
		}
		if (p->cut && item.set.type == RR_NS) add_glue(p, &item);
		courtesies += add_courtesy(p, &item, left);
	}
}
